# Settings: those of await-health.sh, data_dir, admin_password, database_password, url for people, and started, which makes
# this step run again whenever Harbor was started.

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
        "or sign in at $url with it, change it to the configured one, and run pulumi up again."
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
