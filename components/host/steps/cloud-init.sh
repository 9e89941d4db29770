# Settings: output, cloud-init's log of what it ran.
# Waits until cloud-init has done everything that an image does at its first boot, package lists and keys among it.

up() {
  have cloud-init || fail "cloud-init is missing: this is no image of those that harbor-cache makes machines of"
  log=$output
  code=0
  words=$(cloud-init status --wait --long 2>&1) || code=$?
  # cloud-init prints a dot for each second that it waited.
  words=$(printf '%s\n' "$words" | sed 's/^\.*//' | tail -n 20 | cut -c1-400)
  case "$code" in
    0) printf 'cloud-init is done\n' ;;
    2) printf 'cloud-init is done, with warnings that stop nothing:\n%s\n' "$words" ;;
    *)
      {
        printf 'cloud-init failed with status %s:\n%s\n' "$code" "$words"
        last_words
      } >&2
      exit 1
      ;;
  esac
}
