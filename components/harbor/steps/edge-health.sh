# Settings: install_dir, base_url, connect_to, ca_certificate (may be empty), health_seconds, and started, which makes this
# step run again whenever Harbor was started.

answers() {
  code=$(ask --output /dev/null --write-out '%{http_code}' "$base_url/api/v2.0/ping") && [ "$code" = 200 ]
}

# Requests are logged as JSON: everything else is Traefik's own words.
traefik_words() {
  docker compose logs --no-color --no-log-prefix --tail 2000 traefik 2>&1 | grep -v '^{' | cut -c1-600
}

# Traefik orders a certificate when it starts, and once refused, not again. Whoever has mended the cause comes here again.
order_again() {
  traefik_words | grep -q ' ERR .*Unable to obtain ACME certificate' || return 0
  docker compose restart traefik >"$work/restart" 2>&1 || cut -c1-400 "$work/restart" >&2
}

explain_edge() {
  printf '%s does not answer as it should after %s seconds (harbor.timeouts.health): %s\n' \
    "$base_url" "$health_seconds" "$(curl_error | grep . || printf 'status %s' "$code")"
  if [ -z "$ca_file" ] && curl_error | grep -q '^curl: (60)'; then
    printf 'If its CA is not trusted everywhere, clients and this machine have to be given it: tls.caCertificate\n'
  fi
  printf 'containers:\n'
  docker compose ps --all --format '{{.Service}}: {{.Status}}' 2>&1 | head -n 20 | cut -c1-200
  printf 'last words of traefik:\n'
  traefik_words | grep -E ' (WRN|ERR|FTL|PNC) ' | tail -n 10 | grep . || traefik_words | tail -n 10
}

up() {
  make_work_folder
  cd "$install_dir"
  end=$(($(date +%s) + health_seconds))
  tried=
  until answers; do
    [ "$(date +%s)" -lt "$end" ] || {
      explain_edge >&2
      exit 1
    }
    [ -n "$tried" ] || order_again
    tried=yes
    sleep 1
  done
  printf 'Harbor answers at %s, with a certificate that proves it\n' "$base_url"
}
