# Settings: install_dir, data_dir, data_device (may be empty), tls_mode.
# What must be true before Harbor is started: each guard prints what is wrong and what to do, or nothing.

installation_problem() {
  if [ ! -f "$install_dir/.harbor-cache" ] || [ ! -f "$install_dir/docker-compose.yml" ]; then
    printf 'Harbor is not installed in %s on this machine: run pulumi up\n' "$install_dir"
  elif [ ! -f "$install_dir/.prepared" ] || [ -f "$install_dir/.recreate" ]; then
    printf 'a pulumi up was interrupted between new files and new containers: run pulumi up\n'
  fi
}

# Started without its volume, Harbor would make new data in the bare folder, which the volume would hide later.
volume_problem() {
  if [ -n "$data_device" ]; then
    source=$(findmnt --noheadings --output SOURCE --mountpoint "$data_dir" 2>/dev/null) || source=
    if [ -z "$source" ]; then
      printf 'the data volume %s is not mounted at %s. As root on the machine: lsblk -f; mount %s\n' "$data_device" "$data_dir" "$data_dir"
      return 0
    elif [ "$(readlink -f "$source")" != "$(readlink -f "$data_device")" ]; then
      printf '%s is mounted at %s, and not the data volume %s\n' "$source" "$data_dir" "$data_device"
      return 0
    fi
  fi
  [ -d "$data_dir/.harbor-cache" ] ||
    printf '%s is not what Harbor keeps its data in, as its mark .harbor-cache is missing: is a file system not mounted there?\n' "$data_dir"
}

# Traefik orders a certificate of Let's Encrypt by itself, but only into the folder that was made for it.
certificate_problem() {
  case "$tls_mode" in
    none) wanted= ;;
    letsencrypt-route53) wanted=$data_dir/edge ;;
    *) wanted="$data_dir/edge/server.crt $data_dir/edge/server.key" ;;
  esac
  for path in $wanted; do
    [ -e "$path" ] ||
      printf '%s is missing, so nothing could be served over TLS: see docs/runbooks/certificates.md\n' "$path"
  done
}

# PostgreSQL does not start on a full disk, and may not stop cleanly there.
disk_problem() {
  free=$(df -Pk "$data_dir" | awk 'NR == 2 { print $4 }')
  [ "${free:-0}" -ge 524288 ] ||
    printf 'only %s MiB are free at %s, 512 are needed to start: see docs/runbooks/disk-full.md\n' "$((${free:-0} / 1024))" "$data_dir"
}

problems() {
  installation_problem
  volume_problem
  certificate_problem
  disk_problem
}
