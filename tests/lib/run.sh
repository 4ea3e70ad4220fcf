# Shared by the run programs of the groups that are written for node; sourced, never run.
# shellcheck shell=bash

tests=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

# Installs what the lock file of a folder names, if it has changed since.
install_locked() {
  local folder=$1 stamp=$1/node_modules/.installed
  if [ -f "$stamp" ] && cmp -s "$stamp" "$folder/package-lock.json"; then return; fi
  (cd "$folder" && npm ci --ignore-scripts --no-audit --no-fund) >&2
  cp "$folder/package-lock.json" "$stamp"
}

# Runs the *.test.js of a folder on the pinned runtime, against the given program; the last line has the totals.
run_node_tests() {
  local folder=$1 program status=0
  program=$(realpath "$2")
  shift 2
  install_locked "$tests"
  local node
  node=$(echo "$tests"/node_modules/node-linux-*/bin/node)
  log=$(mktemp)
  trap 'rm -f "$log"' EXIT  # by then nothing of this function is left but `log`
  local files=("$@")
  if [ ${#files[@]} -eq 0 ]; then files=("$folder"/*.test.js); fi
  SLUICE_PROGRAM=$program "$node" --test --test-reporter=spec --test-force-exit --test-concurrency=2 --test-timeout=120000 \
    "${files[@]}" 2>&1 | tee "$log" || status=$?
  total() { sed -n "s/^ℹ $1 \([0-9]*\)$/\1/p" "$log" | tail -n 1; }
  printf '%s passed, %s failed, %s skipped\n' "$(total pass)" "$(total fail)" "$(total skipped)"
  return $status
}
