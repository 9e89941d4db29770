# Settings: install_dir, data_dir. Never `down`: containers, networks, volumes and everything in them stay.

up() {
  [ -f "$install_dir/docker-compose.yml" ] || fail "Harbor is not installed in $install_dir on this machine: there is nothing to stop"
  cd "$install_dir"
  mkdir -p log
  logged "$install_dir/log/stop.log" docker compose stop --timeout 60
  printf 'Harbor is stopped. Its data and certificates stay in %s\n' "$data_dir"
}
