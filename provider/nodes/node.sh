# Runs on a node, by `sh -s`, as one transaction over a few files: all of them new and the runtime on them, or all as
# before. What is wanted follows this text (node-program.ts), then one line that calls main: a connection that is cut
# while sending leaves nothing that runs. POSIX sh, for dash and busybox.
#
#   .NAME.harbor-cache-new   a file being written, beside its place; never read by a runtime, for it doesn't end in .conf
#   .NAME.harbor-cache-old   a hard link to what was there
#   .harbor-cache-journal    exists from before the first rename until the runtime runs on the new files: `old PATH` or
#                            `new PATH` a line. A run that finds it first puts back what an interrupted one left.
set -u
LC_ALL=C
export LC_ALL
newline='
'

# Statements for the caller begin with #; what the node's own tools say goes to stderr.
tell() { printf '%s\n' "$*" 2>/dev/null || :; }
complain() { printf '%s\n' "$*" >&2 || :; }

# The last statement but for #end: `#failed PHASE OUTCOME`.
give_up() {
  tell "#failed $1 $2"
  exit 1
}

staged_name() { staged=${1%/*}/.${1##*/}.harbor-cache-new; }
saved_name() { saved=${1%/*}/.${1##*/}.harbor-cache-old; }

# Content and modes of the paths given, for same and ours.
look() {
  sums=$newline$(sha256sum "$@" 2>/dev/null)$newline
  modes=$newline$(stat -c '%a %n' "$@" 2>/dev/null)$newline
}

# NUMBER PATH MODE SUM: is it there already?
same() {
  case $sums in *"$newline$4  $2$newline"*) ;; *) return 1 ;; esac
  case $modes in *"$newline$3 $2$newline"*) ;; *) return 1 ;; esac
}

# PATH SUM...: does the path hold one of these contents?
ours() {
  ours_path=$1
  shift
  for ours_sum; do
    case $sums in *"$newline$ours_sum  $ours_path$newline"*) return 0 ;; esac
  done
  return 1
}

exists() { [ -e "$1" ] || [ -L "$1" ]; }

# PATH: what a run that was interrupted before its journal, or after it, has left.
sweep() {
  staged_name "$1"
  saved_name "$1"
  ! exists "$staged" || rm -f "$staged"
  ! exists "$saved" || rm -f "$saved"
}

note_file() {
  sweep "$2"
  same "$@" || changed=yes
}

note_gone() {
  sweep "$1"
  exists "$1" || return 0
  if ours "$@"; then changed=yes; else tell "#kept $1"; fi
}

make_folder() { [ -d "$1" ] || (umask 022 && mkdir -p "$1"); }

# PATH: an empty folder that only held our file, such as certs.d/HOST.
leave_folder() { [ "${1%/*}" = "$lock_dir" ] || rmdir "${1%/*}" 2>/dev/null || :; }

stage() {
  ! same "$@" || return 0
  if [ -d "$2" ]; then
    complain "$2 is a folder"
    return 1
  fi
  make_folder "${2%/*}" || return 1
  staged_name "$2"
  staged_list=$staged_list$staged$newline
  case $3 in 644) umask 022 ;; *) umask 077 ;; esac
  "content_$1" >"$staged" || return 1
  [ "$3" = 644 ] || chmod "$3" "$staged"
}

# Reads back what was written: a full disk or a cut program shows here, before anything is replaced.
staged_right() {
  ! same "$@" || return 0
  staged_name "$2"
  case $staged_sums in *"$newline$4  $staged$newline"*) return 0 ;; esac
  complain "$staged does not hold what was sent"
  return 1
}

unstage() {
  [ -z "$staged_list" ] || rm -f $staged_list
  for_files unstage_folder
}
unstage_folder() { leave_folder "$2"; }

save_file() {
  same "$@" || save "$2"
}
save_gone() {
  ! ours "$@" || save "$1"
}
save() {
  if exists "$1"; then
    saved_name "$1"
    ln -f "$1" "$saved" || return 1
    saved_list=$saved_list$saved$newline
    plan=${plan}old\ $1$newline
  else
    plan=${plan}new\ $1$newline
  fi
}

write_journal() {
  printf '%s' "$plan" >"$journal.new" && sync $staged_list "$journal.new" && mv -f "$journal.new" "$journal"
}

swap_in() {
  ! same "$@" || return 0
  staged_name "$2"
  mv -f "$staged" "$2"
}

take_out() {
  ! ours "$@" || rm -f "$1"
}

# Puts back what the journal names; may itself be interrupted and run again.
undo() {
  undone=yes
  while IFS=' ' read -r kind path; do
    saved_name "$path"
    case $kind in
      # Both names may be the same file still, and then mv leaves the other one.
      old) ! exists "$saved" || { mv -f "$saved" "$path" && rm -f "$saved"; } || undone=no ;;
      new) rm -f "$path" && leave_folder "$path" || undone=no ;;
    esac
  done <"$journal"
  [ "$undone" = yes ]
}

# WHAT COMMAND, in its own bounds; without the lock, which a service started by it would keep.
bounded() {
  timeout -k 5 "$command_timeout" sh -c "$2" </dev/null >&2 9<&-
  bounded_status=$?
  case $bounded_status in
    0) return 0 ;;
    124 | 137) complain "the $1 command did not end within $command_timeout s: $2" ;;
    *) complain "the $1 command ended with status $bounded_status: $2" ;;
  esac
  return 1
}

reload() {
  bounded reload "$reload_command" || return 1
  [ -z "$check_command" ] || bounded check "$check_command"
}

roll_back() {
  undo || give_up "$1" stuck
  rm -f $staged_list
  # The journal stays where the runtime may still run on the new files, so that the next run reloads.
  reload || give_up "$1" restored
  rm -f "$journal"
  give_up "$1" rolled-back
}

recover() {
  recovered=no
  rm -f "$journal.new"
  [ -f "$journal" ] || return 0
  undo || give_up recover stuck
  recovered=yes
  tell "#recovered"
}

take_lock() {
  exec 9<"$lock_dir"
  waited=0
  until flock -n 9; do
    [ "$waited" -lt "$command_timeout" ] || give_up lock untouched
    waited=$((waited + 1))
    sleep 1
  done
}

apply() {
  made=no
  if ! [ -d "$lock_dir" ]; then
    make_folder "$lock_dir" || give_up write untouched
    made=yes
  fi
  take_lock
  recover
  look $paths
  changed=no
  for_files note_file
  for_gone note_gone
  if [ "$changed" = no ]; then
    if [ "$recovered" = yes ]; then
      reload || give_up reload restored
      rm -f "$journal"
    fi
    did=unchanged
  else
    replace
    did=applied
  fi
  [ "$made" = no ] || rmdir "$lock_dir" 2>/dev/null || :
  tell "#did $did"
}

replace() {
  staged_list= saved_list= plan=
  for_files stage && staged_sums=$newline$(sha256sum $staged_list)$newline && for_files staged_right || {
    unstage
    give_up write untouched
  }
  for_files save_file && for_gone save_gone && write_journal || {
    rm -f "$journal.new" $saved_list
    unstage
    give_up write untouched
  }
  for_files swap_in && for_gone take_out || roll_back write
  if ! reload; then
    [ "$must_reload" = no ] || roll_back reload
    tell "#not-reloaded"
  fi
  # The one moment from which on the new state counts.
  rm -f "$journal"
  [ -z "$saved_list" ] || rm -f $saved_list
  for_gone leave_folder
}

show() {
  look $paths
  [ ! -f "$journal" ] || tell "#unfinished"
  tell "#sums$sums"
  tell "#modes$modes"
}

# The configuration files of others that may shadow ours, each as base64.
show_others() {
  [ -n "$drop_in_dir" ] || return 0
  set +f
  for other in "$drop_in_dir"/*.conf "${HOME:-/root}/.config/containers/registries.conf"; do
    [ -f "$other" ] && [ -r "$other" ] || continue
    case $newline$paths$newline in *"$newline$other$newline"*) continue ;; esac
    tell "#other $other"
    head -c 65536 "$other" | base64 2>/dev/null
  done
  set -f
}

main() {
  # A cut connection, or the end of our time, doesn't stop a transaction in its middle.
  trap '' HUP PIPE
  trap : INT TERM
  IFS=$newline
  set -f
  for tool in base64 flock head sha256sum stat sync timeout; do
    command -v "$tool" >/dev/null || {
      complain "the program $tool is missing"
      give_up prepare untouched
    }
  done
  journal=$lock_dir/.harbor-cache-journal
  if [ "$1" = apply ]; then apply; else show; fi
  show_others
  tell "#end"
}
