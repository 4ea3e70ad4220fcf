# Shared by the programs of script/; sourced, never run.
# shellcheck shell=bash

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export SLUICE_SHARED=${SLUICE_SHARED:-$root/../shared}

# Two checkouts of the same commit share what ccache has compiled.
export CCACHE_BASEDIR=$root CCACHE_NOHASHDIR=1

say() { printf '%s\n' "$*" >&2; }

die() {
  say "${0##*/}: $*"
  exit 1
}

usage_error() {
  say "${0##*/}: $*"
  say "Try: script/${0##*/} --help"
  exit 2
}

jobs_max() { nproc; }

can_be_root() { [ "$(id -u)" -eq 0 ] || command -v sudo >/dev/null; }

# Runs a command as root: directly, or through sudo.
as_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}

# Configures a preset into build/NAME (NAME defaults to the preset); further arguments go to CMake.
# Skips itself when the folder is configured: ninja re-runs CMake when a CMake file changes.
configure() {
  local preset=$1 name=${2:-$1}
  shift $(($# < 2 ? $# : 2))
  if [ -f "$root/build/$name/build.ninja" ] && [ $# -eq 0 ]; then return; fi
  (cd "$root" && cmake --preset "$preset" -B "build/$name" "$@")
}

# Builds targets of build/NAME; no target means everything.
build_targets() {
  local name=$1
  shift
  ninja -C "$root/build/$name" -j "$(jobs_max)" "$@"
}

# Every file of the working tree that git tracks or would track.
# (A checkout may belong to somebody else than who runs this, in a container for one.)
tree_files() { git -c safe.directory="$root" -C "$root" ls-files --cached --others --exclude-standard --deduplicate -- "$@"; }

# Our C++ sources that are on disk, as paths from the root, NUL-separated.
cpp_files() {
  local file
  tree_files 'src/*.[ch]pp' 'tests/*.[ch]pp' 'fuzz/*.[ch]pp' 'bench/*.[ch]pp' |
    while IFS= read -r file; do
      if [ -f "$root/$file" ]; then printf '%s\0' "$file"; fi
    done
}
