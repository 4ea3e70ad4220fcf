#!/usr/bin/env bash
# Becomes a PostgreSQL server for tests, on a Unix socket alone.
#
# Usage: tests/lib/postgres.sh FOLDER
#
# Makes FOLDER and a cluster in it unless it is there, then runs the server in the foreground; FOLDER/data/postmaster.pid says
# "ready" in its last line when it is. User "sluice" with the password below, database "postgres". It ends with SIGINT, and when
# the process that started it ends, however that does. Exit 77: PostgreSQL isn't installed.
set -euo pipefail

folder=$1
password='sl/u:c@e %1'  # a hard one: URLs must encode nearly all of it
parent=$PPID

bin=$(pg_config --bindir 2>/dev/null || true)
if [ ! -x "$bin/initdb" ]; then
  bin=$(find /usr/lib/postgresql -maxdepth 2 -name bin 2>/dev/null | sort -V | tail -n 1)
fi
if [ ! -x "$bin/initdb" ]; then
  echo "PostgreSQL is not installed" >&2
  exit 77
fi

mkdir -p "$folder"
chmod 700 "$folder"
become=(setpriv --pdeathsig QUIT)
if [ "$(id -u)" -eq 0 ]; then
  # The server refuses to run as root.
  user=postgres
  id "$user" >/dev/null 2>&1 || user=nobody
  chown "$user" "$folder"
  become=(setpriv --reuid "$user" --regid "$(id -g "$user")" --clear-groups --pdeathsig QUIT)
fi

cd "$folder"
if [ ! -e data/PG_VERSION ]; then
  printf '%s\n' "$password" >password
  chmod 644 password
  "${become[@]}" "$bin/initdb" --pgdata=data --username=sluice --pwfile=password --auth=scram-sha-256 \
    --encoding=UTF8 --locale=C.UTF-8 --no-sync >initdb.log 2>&1 || { cat initdb.log >&2; exit 1; }
fi
# Whoever asked for it may be gone by now.
kill -0 "$parent" 2>/dev/null || exit 0
exec "${become[@]}" "$bin/postgres" -D data -k "$folder" -c listen_addresses= -c fsync=off -c shared_buffers=16MB \
  -c max_connections=60 -c password_encryption=scram-sha-256 -c log_min_messages=panic
