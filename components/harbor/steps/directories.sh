# Settings: install_dir, data_dir, data_device (may be empty), data_fs_type, fstab, purge_data.
# Both folders are claimed by a mark, so that nothing of somebody else is ever overwritten or deleted.

install_mark=$install_dir/.harbor-cache
data_mark=$data_dir/.harbor-cache

is_empty() {
  [ -z "$(ls -A "$1" 2>/dev/null | grep -vxe 'lost+found' -e '.harbor-cache.new')" ]
}

mounted_at() {
  findmnt --noheadings --output SOURCE --mountpoint "$1" 2>/dev/null || :
}

wait_for_device() {
  tries=0
  until lsblk --nodeps --noheadings --output NAME "$data_device" >/dev/null 2>&1; do
    tries=$((tries + 1))
    [ "$tries" -lt 60 ] || fail "no block device $data_device after two minutes (harbor.dataVolume.device); there are:" "$(lsblk 2>&1 | tail -n 20)"
    sleep 2
  done
}

# A file system is made only where nothing at all is: no signature of any kind, and nothing but zeros at the start.
make_file_system() {
  code=0
  found=$(blkid -p -o export "$data_device" 2>&1) || code=$?
  case "$code" in
    0)
      type=$(printf '%s\n' "$found" | sed -n 's/^TYPE=//p')
      [ "$type" = "$data_fs_type" ] && return 0
      fail "$data_device holds ${type:-a partition table} and not $data_fs_type: it is left alone." \
        "Name another device in harbor.dataVolume, or set harbor.dataVolume.fsType to what it holds."
      ;;
    2) ;;
    *) fail "blkid can't tell what $data_device holds: $found" ;;
  esac
  [ "$(head -c 1048576 "$data_device" | tr -d '\0' | wc -c)" -eq 0 ] ||
    fail "$data_device has no file system but isn't blank either: it is left alone." \
      "If nothing on it is needed, run on the machine: wipefs --all $data_device && dd if=/dev/zero of=$data_device bs=1M count=1"
  words=$("mkfs.$data_fs_type" -q "$data_device" 2>&1) || fail "mkfs.$data_fs_type $data_device failed:" "$words"
}

mount_volume() {
  wait_for_device
  source=$(mounted_at "$data_dir")
  if [ -n "$source" ]; then
    [ "$(readlink -f "$source")" = "$(readlink -f "$data_device")" ] ||
      fail "$source is mounted at $data_dir, and not $data_device (harbor.dataVolume.device)"
    return 0
  fi
  mkdir -p "$data_dir"
  is_empty "$data_dir" || fail "$data_dir holds files that the mounted $data_device would hide: move them away"
  make_file_system
  uuid=$(blkid -p -o value -s UUID "$data_device")
  entry=$(awk -v dir="$data_dir" '$1 !~ /^#/ && $2 == dir { print $1 }' "$fstab")
  case "$entry" in
    '')
      # nofail: a machine without its volume still boots; the order keeps Docker from filling the bare folder.
      line="UUID=$uuid $data_dir $data_fs_type defaults,nofail,x-systemd.before=docker.service 0 2"
      cp -p "$fstab" "$fstab.harbor-cache"
      printf '%s\n' "$line" >>"$fstab.harbor-cache"
      mv -f "$fstab.harbor-cache" "$fstab"
      ;;
    "UUID=$uuid") ;;
    *) fail "$fstab mounts $entry at $data_dir, and not $data_device: remove that line first" ;;
  esac
  mount "$data_dir"
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
}

up() {
  [ -z "$data_device" ] || mount_volume
  claim_install_dir
  mkdir -p "$install_dir/log"
  claim_data_dir
  printf 'Harbor is in %s, its data in %s\n' "$install_dir" "$data_dir"
}

# Without -v, which would delete volumes. The project's name finds the containers also where files are missing.
stop_harbor() {
  [ -f "$install_dir/docker-compose.yml" ] && have docker || return 0
  cd "$install_dir"
  mkdir -p log
  docker compose down --remove-orphans --timeout 60 >"$install_dir/log/down.log" 2>&1 && return 0
  project=$(basename "$install_dir" | tr 'A-Z' 'a-z' | sed 's/[^a-z0-9_-]//g; s/^[_-]*//')
  logged "$install_dir/log/down.log" docker compose --project-name "$project" down --remove-orphans --timeout 60
}

# empty_claimed DIRECTORY: the mark stays, so that an interrupted removal can be repeated.
empty_claimed() {
  find "$1" -mindepth 1 -maxdepth 1 ! -name .harbor-cache ! -name lost+found -exec rm -rf {} +
}

down() {
  if [ -e "$install_mark" ]; then
    stop_harbor
    cd /
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
