# Settings: install_dir, data_dir, base_url, connect_to, ca_file (may be empty), health_seconds, admin_password,
# database_password, and started, which makes this step run again whenever Harbor was started.

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
  body=
  until is_healthy "$body"; do
    [ "$(date +%s)" -lt "$end" ] || {
      explain >&2
      exit 1
    }
    [ -z "$body" ] || sleep 1
    body=$(ask "$base_url/api/v2.0/health") || {
      body=
      sleep 1
    }
    body=$(printf '%s' "$body" | tr -d ' \n\r\t' | head -c 20000)
  done
}

# The credentials go in by stdin: arguments can be read by everyone on the machine.
sign_in() {
  quoted=$(printf '%s' "$admin_password" | sed 's/[\\"]/\\&/g')
  printf 'user = "admin:%s"\n' "$quoted" |
    ask --config - --output /dev/null --write-out '%{http_code}' "$base_url/api/v2.0/users/current" || :
}

# Harbor takes the admin's password from harbor.yml when its data is made, and ignores it ever after.
check_admin_password() {
  tries=0
  until code=$(sign_in) && [ "$code" = 200 ]; do
    tries=$((tries + 1))
    # One 401 proves nothing: a wrong try of somebody else locks the name for 1.5 seconds.
    [ "$tries" -lt 3 ] || break
    sleep 2
  done
  case "$code" in
    200) ;;
    401)
      fail "Harbor runs, but refuses the admin password of the configuration (harbor.adminPassword)." \
        "Harbor reads that setting only when its data is made; afterwards the password is changed in Harbor itself." \
        "Either set the password that Harbor has: pulumi config set --secret --path harbor-cache:harbor.adminPassword" \
        "(the last one that worked is on the machine, for root: $data_dir/.harbor-cache/admin-password)," \
        "or sign in at $base_url with it, change it to the configured one, and run pulumi up again."
      ;;
    *) fail "Harbor is healthy, but asking who admin is was answered by status $code: $(curl_error)" ;;
  esac
}

# They belong to the data: whoever puts another Harbor on it needs them. Here they have just proved right.
record_passwords() {
  write_file "$data_dir/.harbor-cache/admin-password" 0600 "$admin_password"
  write_file "$data_dir/.harbor-cache/database-password" 0600 "$database_password"
}

up() {
  errors=$(mktemp)
  trap 'rm -f "$errors"' EXIT
  await_health
  check_admin_password
  record_passwords
  printf 'Harbor is healthy\n'
}
