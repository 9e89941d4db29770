# Settings: those of guards.sh, await-health.sh and work-folder.sh, and restart.

refuse_unless_fit() {
  found=$(problems)
  [ -z "$found" ] || fail "Harbor is not started, and nothing was changed:" "$found"
}

# It starts what is stopped and makes what is missing, but makes nothing anew: new settings are for pulumi up.
start_containers() {
  log=$install_dir/log/start.log
  # A container knows its networks by number: to one that was pruned and made again, only a new container finds.
  if compose_up --no-recreate || { grep -Eq 'network [0-9a-f]{64} not found' "$log" && compose_up --force-recreate; }; then
    log=
    return 0
  fi
  ! grep -Eq 'declared as external|external volume' "$log" ||
    fail "a network or volume that Pulumi made for Harbor is missing on the machine: run pulumi up --refresh, then" \
      "make start. Docker says:" "$(tail -n 5 "$log" | cut -c1-400)"
  fail "docker compose up failed." "$(last_words)"
}

compose_up() {
  docker compose up --detach "$1" --quiet-pull >"$log" 2>&1
}

up() {
  make_work_folder
  refuse_unless_fit
  cd "$install_dir"
  mkdir -p log
  logged "$install_dir/log/config.log" docker compose config --quiet
  [ "$restart" = false ] || logged "$install_dir/log/stop.log" docker compose stop --timeout 60
  start_containers
  await_health
  printf 'Harbor runs and is healthy\n'
}
