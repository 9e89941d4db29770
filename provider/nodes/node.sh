# Runs on a node, by `sh -s`, as one transaction over a few files: all of them new and the runtime on them, or all as
# before. It comes in pieces, each in braces so that half of one does nothing, and each answered before the next is sent:
# `look` locks and tells what is there, `change` brings what the other side decided on (node-program.ts), then come
# orders, a line each, until `commit`. An end without it puts everything back. POSIX sh, for dash, bash and busybox.
#
#   .NAME.harbor-cache-new   a file being written, beside its place; never read by a runtime, for it doesn't end in .conf
#   .NAME.harbor-cache-old   a hard link to what was there
#   .harbor-cache-journal    exists from before the first rename until the commit: `old PATH`, `new PATH` and
#                            `folder PATH` say what to put back, `renew WHAT` how the runtime takes it.
#                            A run that finds it first puts back what an interrupted one left.
set -uf
LC_ALL=C
export LC_ALL
newline='
'
IFS=$newline
made= recovered=no

# Statements for the other side begin with #; what the node's own tools say goes to stderr.
tell() { printf '%s\n' "$*" 2>/dev/null || :; }
complain() { printf '%s\n' "$*" >&2 || :; }

# The last statement: `#failed PHASE OUTCOME`.
give_up() {
  tell "#failed $1 $2"
  exit 1
}

exists() { [ -e "$1" ] || [ -L "$1" ]; }
staged_name() { staged=${1%/*}/.${1##*/}.harbor-cache-new; }
saved_name() { saved=${1%/*}/.${1##*/}.harbor-cache-old; }

# Made ones are remembered, the deepest first.
folders=
make_folder() {
  [ ! -d "$1" ] || return 0
  missing= above=$1
  until [ -z "$above" ] || [ -d "$above" ]; do
    missing=$missing$above$newline
    above=${above%/*}
  done
  folders=$missing$folders
  (umask 022 && mkdir -p "$1")
}

# What was made for the lock alone.
leave() { [ -z "$made" ] || rmdir $made 2>/dev/null || :; }

look() {
  # What a login printed before may lack the end of its line.
  tell ""
  # A cut connection doesn't stop a transaction in its middle.
  trap '' HUP PIPE
  trap leave EXIT
  for tool in base64 flock head sha256sum stat sync tail timeout; do
    command -v "$tool" >/dev/null || {
      complain "the program $tool is missing"
      give_up prepare untouched
    }
  done
  journal=$lock_dir/.harbor-cache-journal
  case $action in
    apply) begin ;;
    *) [ ! -f "$journal" ] || tell "#unfinished" ;;
  esac
  if [ -n "$paths" ]; then
    tell "#sums$newline$(sha256sum $paths 2>/dev/null)"
    tell "#modes$newline$(stat -c '%a %n' $paths 2>/dev/null)"
  fi
  show_merged
  show_others
  tell "#end look"
}

begin() {
  make_folder "$lock_dir" || give_up write untouched
  made=$folders folders=
  [ -r "$lock_dir" ] || {
    complain "$lock_dir can't be read"
    give_up write untouched
  }
  exec 9<"$lock_dir"
  waited=0
  until flock -n 9; do
    [ "$waited" -lt "$command_timeout" ] || give_up lock untouched
    waited=$((waited + 1))
    sleep 1
  done
  rm -f "$journal.new" || give_up write untouched
  if [ -f "$journal" ]; then
    put_back || give_up recover stuck
    recovered=yes
    tell "#recovered $renew"
  fi
  for path in $paths; do sweep "$path"; done
}

# PATH: what a run that was interrupted before its journal, or after it, has left.
sweep() {
  sweep_staged "$1"
  saved_name "$1"
  ! exists "$saved" || rm -f "$saved"
}

sweep_staged() {
  staged_name "$1"
  ! exists "$staged" || rm -f "$staged"
}

# STATEMENT BYTES PATH
show() {
  tell "#$1 $3"
  head -c "$2" "$3" | base64 2>/dev/null
}

show_merged() {
  for path in $merged; do
    if [ -L "$path" ]; then
      tell "#link $path"
    elif [ -f "$path" ] && [ -r "$path" ]; then
      # One byte more than is taken, so that a file that is too long shows.
      show merged 1048577 "$path"
    fi
  done
}

show_others() {
  for pattern in $others; do
    case $pattern in "~/"*) pattern=${HOME:-/root}/${pattern#"~/"} ;; esac
    set +f
    for other in $pattern; do
      [ -f "$other" ] && [ -r "$other" ] || continue
      case $newline$paths$newline in *"$newline$other$newline"*) continue ;; esac
      show other 65536 "$other"
    done
    set -f
  done
}

# Both names may be one file still, and mv refuses that, or leaves both.
bring_back() {
  mv -f "$saved" "$path" 2>/dev/null || { rm -f "$path" && mv -f "$saved" "$path"; } || return 1
  rm -f "$saved"
}

# Puts back what the journal names; may itself be interrupted and run again.
put_back() {
  good=yes renew=reload
  while IFS=' ' read -r kind path; do
    # A staged file would keep its folder from going.
    case $kind in old | new) sweep_staged "$path" ;; esac
    saved_name "$path"
    case $kind in
      renew) renew=$path ;;
      old) ! exists "$saved" || bring_back || good=no ;;
      new) rm -f "$path" || good=no ;;
      folder) rmdir "$path" 2>/dev/null || : ;;
    esac
  done <"$journal"
  [ "$good" = yes ]
}
