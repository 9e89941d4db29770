# Settings: those of guards.sh, await-health.sh and work-folder.sh, with tls_address (HOST:PORT, empty without TLS) and hostname.
# Prints facts, one a line: its name, a tab, its value. What they mean is decided where they are read.

facts() {
  while IFS= read -r line; do
    printf '%s\t%s\n' "$1" "$(printf '%s' "$line" | tr '\t\r' '  ' | cut -c1-16000)"
  done
}

containers() {
  [ -f "$install_dir/docker-compose.yml" ] || return 0
  cd "$install_dir"
  if docker compose config --services >"$work/services" 2>"$work/words"; then
    facts expected <"$work/services"
  else
    tail -n 1 "$work/words" | facts problem
  fi
  if docker compose ps --all --format json >"$work/ps" 2>"$work/words"; then
    facts service <"$work/ps"
  else
    tail -n 1 "$work/words" | facts problem
  fi
}

health() {
  if body=$(ask "$base_url/api/v2.0/health"); then
    printf '%s' "$body" | tr '\n' ' ' | { cat; echo; } | facts health
  else
    printf '%s does not answer: %s\n' "$base_url" "$(curl_error)" | facts problem
  fi
}

# As clients are given it, and not as it lies in a file.
certificate() {
  [ -n "$tls_address" ] && have openssl || return 0
  timeout 15 openssl s_client -connect "$tls_address" -servername "$hostname" </dev/null 2>/dev/null |
    openssl x509 -noout -startdate -enddate -issuer 2>/dev/null | facts certificate
}

up() {
  make_work_folder
  problems | facts problem
  containers
  health
  certificate
  df -Pk "$data_dir" 2>/dev/null | awk 'NR == 2 { print $2, $3, $4 }' | facts disk
}
