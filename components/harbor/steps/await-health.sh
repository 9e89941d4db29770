# Settings: install_dir, base_url, connect_to, ca_file (may be empty), health_seconds; errors is a file for curl's words.

ask() {
  set -- --silent --show-error --noproxy '*' --connect-timeout 5 --max-time 10 --connect-to "$connect_to" "$@"
  [ -z "$ca_file" ] || set -- --cacert "$ca_file" "$@"
  curl "$@" 2>"$errors"
}

curl_error() {
  grep '^curl:' "$errors" | head -n 1 | cut -c1-300
}

# /health is always 200: only its body tells.
is_healthy() {
  case "$1" in
    *'"unhealthy"'*) return 1 ;;
    *'"status":"healthy"'*) return 0 ;;
    *) return 1 ;;
  esac
}

unhealthy_components() {
  printf '%s' "$1" | tr '{}' '\n\n' | sed -n '/"status":"unhealthy"/ s/.*"name":"\([a-z]*\)".*/\1/p'
}

explain() {
  printf 'Harbor is not healthy after %s seconds (harbor.timeouts.health)\n' "$health_seconds"
  if [ -z "$body" ]; then
    printf '%s does not answer: %s\n' "$base_url" "$(curl_error)"
    services='proxy core'
  else
    services=$(unhealthy_components "$body")
    if [ -n "$services" ]; then
      printf 'unhealthy: %s\n' "$(printf '%s' "$services" | tr '\n' ' ')"
    else
      printf 'its answer: %s\n' "$(printf '%s' "$body" | cut -c1-300)"
      services=core
    fi
  fi
  cd "$install_dir"
  printf 'containers:\n'
  docker compose ps --all --format '{{.Service}}: {{.Status}}' 2>&1 | head -n 20 | cut -c1-200
  for service in $services; do
    # Harbor calls the component by what it is, compose by what it runs.
    [ "$service" != database ] || service=postgresql
    printf 'last words of %s:\n' "$service"
    docker compose logs --no-color --no-log-prefix --tail 10 "$service" 2>&1 | tail -n 10 | cut -c1-300
  done
}

await_health() {
  end=$(($(date +%s) + health_seconds))
  while :; do
    body=$(ask "$base_url/api/v2.0/health") || body=
    body=$(printf '%s' "$body" | tr -d ' \n\r\t' | head -c 20000)
    ! is_healthy "$body" || return 0
    [ "$(date +%s)" -lt "$end" ] || {
      explain >&2
      exit 1
    }
    sleep 1
  done
}
