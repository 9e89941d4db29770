# Settings: those of data-volume.sh, install_dir, edge, purge_data.
# Both folders are claimed by a mark, so that nothing of somebody else is ever overwritten or deleted.

install_mark=$install_dir/.harbor-cache
data_mark=$data_dir/.harbor-cache

is_empty() {
  [ -z "$(ls -A "$1" 2>/dev/null | grep -vxe 'lost+found' -e '.harbor-cache.new')" ]
}

# Two Harbors on the same data would destroy it.
refuse_second_install_dir() {
  former=$(cat "$data_mark/install-dir" 2>/dev/null) || return 0
  [ "$former" != "$install_dir" ] && [ "$(cat "$former/.harbor-cache" 2>/dev/null)" = "$data_dir" ] || return 0
  fail "the data in $data_dir belongs to Harbor in $former, and harbor.installDir is now $install_dir. Nothing was changed." \
    "Set it back; or move Harbor first, as root on the machine, and run pulumi up again:" \
    "  cd $former && docker compose down && mkdir -p $(dirname "$install_dir") && mv $former $install_dir"
}

claim_install_dir() {
  if [ -e "$install_mark" ]; then
    made_for=$(cat "$install_mark")
    [ "$made_for" = "$data_dir" ] ||
      fail "Harbor in $install_dir keeps its data in $made_for, and harbor.dataDir is now $data_dir." \
        "Set it back; or move the data yourself: in $install_dir run docker compose down, move the folder, then write the new path into $install_mark"
    return 0
  fi
  mkdir -p "$install_dir"
  is_empty "$install_dir" ||
    fail "$install_dir is not empty and was not made by harbor-cache: choose another harbor.installDir, or move it away"
  chmod 0755 "$install_dir"
  write_file "$install_mark" 0600 "$data_dir"
}

claim_data_dir() {
  if [ ! -e "$data_mark" ]; then
    mkdir -p "$data_dir"
    is_empty "$data_dir" || [ -d "$data_dir/database" ] || [ -d "$data_dir/registry" ] ||
      fail "$data_dir holds something else than Harbor's data: choose another harbor.dataDir, or move it away"
    # Harbor's own users reach their folders through it.
    chmod 0755 "$data_dir"
    mkdir "$data_mark"
  fi
  chmod 0700 "$data_mark"
  # Written only where it changes, so that a full disk stops nothing here.
  [ "$(cat "$data_mark/install-dir" 2>/dev/null)" = "$install_dir" ] ||
    write_file "$data_mark/install-dir" 0600 "$install_dir"
}

up() {
  if [ -n "$data_device" ]; then use_data_volume; fi
  refuse_second_install_dir
  claim_install_dir
  mkdir -p "$install_dir/log"
  claim_data_dir
  # Certificates and keys, shown to Traefik's container.
  if [ "$edge" = true ]; then
    mkdir -p "$data_dir/edge"
    chmod 0700 "$data_dir/edge"
  fi
  printf 'Harbor is in %s, its data in %s\n' "$install_dir" "$data_dir"
}

# empty_claimed DIRECTORY: the mark stays, so that an interrupted removal can be repeated.
empty_claimed() {
  find "$1" -mindepth 1 -maxdepth 1 ! -name .harbor-cache ! -name lost+found -exec rm -rf {} +
}

down() {
  forget_data_volume
  if [ -e "$install_mark" ]; then
    empty_claimed "$install_dir"
    rm -rf "$install_dir"
  fi
  if [ "$purge_data" = true ] && [ -e "$data_mark" ]; then
    empty_claimed "$data_dir"
    rm -rf "$data_mark"
    printf 'Harbor is gone, with its data\n'
  else
    printf 'Harbor is gone, its data stays in %s\n' "$data_dir"
  fi
}
