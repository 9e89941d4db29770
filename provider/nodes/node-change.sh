# The second piece of the program on a node, after node.sh: the change, and what follows until it is committed.

change() {
  # Nor does the end of our time: the other side gives up before it, and its silence puts back what was done.
  trap : INT TERM
  staged_list= saved_list= plan=
  remember_log
  for_puts stage && as_expected || abandon
  for_puts save_put && for_drops save || abandon
  if [ -n "$plan" ]; then
    write_journal || abandon
    for_puts swap_in && for_drops take_out || roll_back write
    if ! renew_runtime; then
      [ "$must_reload" = no ] || {
        # What the runtime itself says of it.
        tell_log
        roll_back reload
      }
      tell "#not-reloaded"
    fi
  elif [ "$recovered" = yes ]; then
    # The journal stays where the runtime may run on what is no longer there, so that the next run tries again.
    renew_runtime || give_up reload restored
  fi
  tell_log
  tell "#end change"
}

# NUMBER PATH MODE SUM WAS: of one file to be written. MODE with `=`: the owner that the file has. WAS: the sum that was
# seen, `-` for no file, `?` for one that can't be read.
stage() {
  if [ -d "$2" ]; then
    complain "$2 is a folder"
    return 1
  fi
  make_folder "${2%/*}" || return 1
  staged_name "$2"
  staged_list=$staged_list$staged$newline
  case $3 in 644) umask 022 ;; *) umask 077 ;; esac
  "content_$1" >"$staged" || return 1
  case $3 in
    644) ;;
    =*) chown "$(stat -c %u:%g "$2")" "$staged" && chmod "${3#=}" "$staged" ;;
    *) chmod "$3" "$staged" ;;
  esac
}

# Reads back what was written, for a full disk, and what is to be replaced, before it is.
as_expected() {
  sums=$newline$(sha256sum $staged_list $existing 2>/dev/null)$newline
  for_puts put_expected && for_drops drop_expected
}

put_expected() {
  staged_name "$2"
  case $sums in
    *"$newline$4  $staged$newline"*) drop_expected "$2" "$5" ;;
    *)
      complain "$staged does not hold what was sent"
      return 1
      ;;
  esac
}

# PATH WAS
drop_expected() {
  case $2 in
    -) ! exists "$1" && return ;;
    '?') return ;;
    *) case $sums in *"$newline$2  $1$newline"*) return ;; esac ;;
  esac
  complain "$1 was changed by somebody else at the same time"
  return 1
}

save_put() { save "$2"; }
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
  for folder in $folders; do plan=${plan}folder\ $folder$newline; done
  printf 'renew %s\n%s' "$renew" "$plan" >"$journal.new" &&
    sync $staged_list "$journal.new" && mv -f "$journal.new" "$journal"
}

swap_in() {
  staged_name "$2"
  mv -f "$staged" "$2"
}
take_out() { rm -f "$1"; }

# Nothing was replaced yet.
abandon() {
  rm -f "$journal.new" $staged_list $saved_list
  [ -z "$folders" ] || rmdir $folders 2>/dev/null || :
  give_up write untouched
}

# PHASE
roll_back() {
  [ -f "$journal" ] || give_up "$1" untouched
  put_back || give_up "$1" stuck
  renew_runtime || give_up "$1" restored
  rm -f "$journal"
  give_up "$1" rolled-back
}

# ---- the runtime

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

answers() { [ -z "$check_command" ] || bounded check "$check_command"; }

# The runtime reads its files again, and runs. A restarted one needs a moment to answer, and one that can't live with its
# files may answer for a moment.
renew_runtime() {
  if [ -n "$renew_command" ]; then
    bounded "$renew" "$renew_command" || return 1
    patience=$((command_timeout < 10 ? command_timeout : 10))
    until answers; do
      [ "$patience" -gt 0 ] && [ "$bounded_status" -lt 124 ] || return 1
      patience=$((patience - 1))
      sleep 1
    done
    [ -z "$check_command$log_command" ] || sleep 1
  fi
  answers
}

# SECONDS COMMAND: the end of what it prints in `said`, its status in `status`.
hear() {
  said=$({ timeout -k 5 "$1" sh -c "$2" </dev/null 9<&-; printf '\n%s' "$?"; } | tail -c 262144)
  status=${said##*"$newline"}
  said=${said%"$newline"*}
  said=${said%"$newline"}
}

remember_log() {
  [ -n "$log_command" ] && [ -n "$renew_command" ] || return 0
  hear "$command_timeout" "$log_command"
  log_status=$status log_last=${said##*"$newline"}
}

# The lines after the one that was the last; all of them when it is gone.
tell_log() {
  [ -n "$log_command" ] && [ -n "$renew_command" ] || return 0
  [ "$log_status" != 0 ] || hear "$command_timeout" "$log_command"
  if [ "$log_status$status" != 00 ]; then
    tell "#log-failed $log_status$status"
    return
  fi
  seen=
  [ -z "$log_last" ] || seen=$(printf '%s\n' "$said" | grep -nFx -e "$log_last" | tail -n 1)
  tell "#log"
  printf '%s\n' "$said" | tail -n "+$((${seen%%:*} + 1))" | tail -c 65536 | base64 2>/dev/null
}

# ---- orders

obey() {
  # Who says nothing for so long has gone: a broken connection may take hours to show.
  while order=$(timeout -k 5 "$silence" head -n 1); do
    case $order in
      commit) commit && return ;;
      remove) run_for_proof "$command_timeout" "$remove_command" ;;
      pull) run_for_proof "$pull_timeout" "$pull_command" ;;
      undo) roll_back judged ;;
      *) break ;;
    esac
  done
  complain "the connection ended before the change was found good"
  roll_back left
}

# SECONDS COMMAND
run_for_proof() {
  hear "$1" "exec 2>&1$newline$2"
  tell "#ran $status"
  printf '%s\n' "$said" | tail -c 2048 | base64 2>/dev/null
  tell "#end ran"
}

commit() {
  # The one moment from which on the new state counts; with a journal that stays, the next run would take it back.
  rm -f "$journal" || roll_back write
  rm -f $saved_list
  for_drops leave_folder
  tell "#end commit"
}

# PATH: an empty folder that only held our file, such as certs.d/HOST.
leave_folder() { [ "${1%/*}" = "$lock_dir" ] || rmdir "${1%/*}" 2>/dev/null || :; }
