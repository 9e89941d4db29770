# The beginning of every step. The settings stand before it as shell variables; what the step does (`up`, and `down`
# where there is something to undo) follows; its last line calls `main`, so that the shell has read everything by then.
set -eu
umask 077
LC_ALL=C
PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"
export LC_ALL PATH
log=

fail() {
  printf '%s\n' "$@" >&2
  exit 1
}

have() {
  command -v "$1" >/dev/null 2>&1
}

last_words() {
  if [ -n "$log" ] && [ -s "$log" ]; then
    printf 'Its last words, from %s on the machine:\n' "$log"
    tail -n 40 "$log" | cut -c1-400
  fi
}

# logged FILE COMMAND...: runs it with its output in the file, which is shown where it fails.
logged() {
  log=$1
  shift
  "$@" >"$log" 2>&1 && {
    log=
    return 0
  }
  code=$?
  {
    printf 'failed with status %s: %s\n' "$code" "$*"
    last_words
  } >&2
  exit 1
}

# write_file PATH MODE TEXT: never half a file, never readable for others meanwhile.
write_file() {
  rm -f "$1.new"
  printf '%s' "$3" >"$1.new"
  chmod "$2" "$1.new"
  mv -f "$1.new" "$1"
}

# at_least WANTED FOUND: compares versions by major and minor number.
at_least() {
  printf '%s %s\n' "$1" "$2" | awk '{
    split($1, wanted, "."); sub(/^v/, "", $2); split($2, found, ".")
    exit !(found[1] + 0 > wanted[1] + 0 || (found[1] + 0 == wanted[1] + 0 && found[2] + 0 >= wanted[2] + 0))
  }'
}

out_of_time() {
  {
    printf 'not done within %s seconds\n' "$step_seconds"
    last_words
  } >&2
  exit 124
}

# A step outlives an engine that was killed, and the next run must not work beside it. The home folder itself is locked,
# so that no file is left over; what the step starts does not inherit the lock.
main() {
  trap out_of_time TERM
  have flock || fail "flock is missing on the machine: install util-linux"
  exec 9<"${HOME:-/}"
  flock -w "$((step_seconds / 2))" 9 ||
    fail "another step still runs on this machine after $((step_seconds / 2)) seconds. Look for it: pgrep -af 'sh -s'"
  case "$1" in
    up | down) "$1" 9<&- ;;
    *) fail "unknown action: $1" ;;
  esac
}

