# Settings: those of guards.sh, await-health.sh and work-folder.sh, and restart.

refuse_unless_fit() {
  found=$(problems)
  [ -z "$found" ] || fail "Harbor is not started, and nothing was changed:" "$found"
}

# It starts what is stopped and makes what is missing, but makes nothing anew: new settings are for pulumi up.
start_containers() {
  log=$install_dir/log/start.log
  docker compose up --detach --no-recreate --quiet-pull >"$log" 2>&1 && {
    log=
    return 0
  }
  ! grep -Eq 'declared as external|external volume|network [^ ]+ not found' "$log" ||
    fail "a network or volume that Pulumi made for Harbor is missing on the machine: run pulumi up --refresh. Docker says:" \
      "$(tail -n 5 "$log" | cut -c1-400)"
  fail "docker compose up failed." "$(last_words)"
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
