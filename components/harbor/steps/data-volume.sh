# Settings: data_dir, data_device (may be empty), data_fs_type, data_size_gib (may be empty), fstab, units.

docker_units=$units/docker.service.d

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
  [ -n "$data_size_gib" ] || return 0
  # A grown disk is seen as such a little later.
  wanted=$((data_size_gib * 1073741824))
  until [ "$(device_bytes)" -ge "$wanted" ]; do
    tries=$((tries + 1))
    [ "$tries" -lt 60 ] || fail "$data_device has $(($(device_bytes) / 1073741824)) GiB and not the $data_size_gib GiB that were asked for:" "$(lsblk 2>&1 | tail -n 20)"
    sleep 2
  done
}

device_bytes() {
  lsblk --bytes --nodeps --noheadings --output SIZE "$data_device" | tr -d ' '
}

# A file system is made only where nothing at all is: no signature of any kind, and nothing but zeros at the start.
make_file_system() {
  code=0
  found=$(blkid -p -o export "$data_device" 2>&1) || code=$?
  case "$code" in
    0)
      # A partition table comes last, and counts more than an old file system that shows through it. A partition says
      # where it lies, even if it is blank.
      holds=$(printf '%s\n' "$found" | sed -n -e 's/^TYPE=//p' -e 's/^PTTYPE=.*/a partition table/p' | tail -n 1)
      [ "$holds" != "$data_fs_type" ] || return 0
      [ -z "$holds" ] || fail "$data_device holds $holds and not $data_fs_type: it is left alone." \
        "Name another device in harbor.dataVolume, or set harbor.dataVolume.fsType to what it holds."
      ;;
    2) ;;
    *) fail "blkid can't tell what $data_device holds: $found" ;;
  esac
  # The zeros are counted, as what can't be read is none.
  [ "$(head -c 1048576 "$data_device" | tr -cd '\0' | wc -c)" -eq 1048576 ] ||
    fail "$data_device has no file system but isn't blank either: it is left alone." \
      "If nothing on it is needed, run on the machine: wipefs --all $data_device && dd if=/dev/zero of=$data_device bs=1M count=1"
  words=$("mkfs.$data_fs_type" -q "$data_device" 2>&1) || fail "mkfs.$data_fs_type $data_device failed:" "$words"
}

mount_volume() {
  source=$(mounted_at "$data_dir")
  if [ -n "$source" ]; then
    [ "$(readlink -f "$source")" = "$(readlink -f "$data_device")" ] ||
      fail "$source is mounted at $data_dir, and not $data_device (harbor.dataVolume.device)"
    return 0
  fi
  # In two places it would serve two Harbors.
  elsewhere=$(findmnt --noheadings --output TARGET --source "$(readlink -f "$data_device")" 2>/dev/null | head -n 1) || :
  [ -z "$elsewhere" ] || fail "$data_device is mounted at $elsewhere, and harbor.dataDir is now $data_dir. Nothing was changed." \
    "Set it back; or stop Harbor with 'docker compose down' in its folder, unmount the volume and take its line out of $fstab"
  mkdir -p "$data_dir"
  is_empty "$data_dir" || fail "$data_dir holds files that the mounted $data_device would hide: move them away"
  make_file_system
  uuid=$(blkid -p -o value -s UUID "$data_device")
  entry=$(awk -v dir="$data_dir" '$1 !~ /^#/ && $2 == dir { print $1 }' "$fstab")
  case "$entry" in
    '')
      # nofail: a machine without its volume still boots.
      line="UUID=$uuid $data_dir $data_fs_type defaults,nofail,x-systemd.before=docker.service,x-systemd.device-timeout=5min 0 2"
      cp -p "$fstab" "$fstab.harbor-cache"
      # awk gives an end to a last line that has none.
      { awk 1 "$fstab"; printf '%s\n' "$line"; } >"$fstab.harbor-cache"
      mv -f "$fstab.harbor-cache" "$fstab"
      ;;
    "UUID=$uuid") ;;
    *) fail "$fstab mounts $entry at $data_dir, and not $data_device: remove that line first" ;;
  esac
  mount "$data_dir"
}

# A file system that fills its device already is left as it is.
grow_file_system() {
  case "$data_fs_type" in
    ext4) set -- resize2fs "$data_device" ;;
    xfs) set -- xfs_growfs "$data_dir" ;;
  esac
  words=$("$@" 2>&1) || fail "$* failed:" "$words"
}

# Docker waits for the volume after a boot, and does not start at all without it: Harbor's containers would begin a new,
# empty Harbor in the bare folder.
hold_docker_back() {
  have systemctl || return 0
  rule="[Unit]
RequiresMountsFor=$data_dir"
  [ "$(cat "$docker_units/harbor-cache.conf" 2>/dev/null)" != "$rule" ] || return 0
  mkdir -p "$docker_units"
  chmod 0755 "$docker_units"
  write_file "$docker_units/harbor-cache.conf" 0644 "$rule
"
  systemctl daemon-reload
}

use_data_volume() {
  wait_for_device
  mount_volume
  grow_file_system
  hold_docker_back
}

# The file system stays mounted, and its data where they are.
forget_data_volume() {
  [ -e "$docker_units/harbor-cache.conf" ] || return 0
  rm -f "$docker_units/harbor-cache.conf"
  rmdir "$docker_units" 2>/dev/null || :
  systemctl daemon-reload
}
