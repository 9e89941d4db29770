# Settings: install_dir.
# A start that failed halfway is recorded nowhere, and yet has containers: this step, made before it, stops them.

up() {
  printf 'Harbor will be stopped before anything of it is removed\n'
}

# Without -v, which would delete volumes. The project's name finds the containers also where files are missing.
down() {
  [ -f "$install_dir/docker-compose.yml" ] && have docker || return 0
  cd "$install_dir"
  mkdir -p log
  docker compose down --remove-orphans --timeout 60 >"$install_dir/log/down.log" 2>&1 && return 0
  project=$(basename "$install_dir" | tr 'A-Z' 'a-z' | sed 's/[^a-z0-9_-]//g; s/^[_-]*//')
  logged "$install_dir/log/down.log" docker compose --project-name "$project" down --remove-orphans --timeout 60
}
