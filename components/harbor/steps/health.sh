# Settings: those of await-health.sh, data_dir, version, bucket (may be empty), admin_password, database_password, url for
# people, and started, which makes this step run again whenever Harbor was started.

# as_admin CURL'S WORDS...: prints the status. The credentials go in by stdin: everyone on the machine can read arguments.
as_admin() {
  quoted=$(printf '%s' "$admin_password" | sed 's/[\\"]/\\&/g')
  printf 'user = "admin:%s"\n' "$quoted" | ask --config - --output /dev/null --write-out '%{http_code}' "$@" || :
}

sign_in() {
  as_admin "$base_url/api/v2.0/users/current"
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

# What S3 itself said, where the registry says it.
bucket_words() {
  docker compose logs --no-color --no-log-prefix --tail 500 registry >"$errors" 2>&1 || :
  { grep s3aws "$errors" || cat "$errors"; } | tail -n 5 | cut -c1-400
}

refuse_bucket() {
  cd "$install_dir"
  fail "Harbor runs, but keeps no layers in the bucket $bucket (harbor.s3): $1." \
    "last words of registry:" "$(bucket_words)" \
    "NoCredentialProviders: the registry of Harbor $version can't ask for the machine's role by IMDSv2, which the machine" \
    "insists on. AccessDenied: the bucket's own policy, or that of its KMS key, doesn't let the role in. Anything else is" \
    "most often harbor.s3.bucket or harbor.s3.region. docs/aws-permissions.md says more of each, under A bucket."
}

# Harbor is healthy whatever its bucket does: a layer that is begun there and given up again shows that it takes layers.
check_bucket() {
  [ -n "$bucket" ] || return 0
  code=$(as_admin --max-time 25 --request POST --dump-header "$headers" "$base_url/v2/library/harbor-cache/blobs/uploads/")
  case "$code" in
    202) ;;
    000) refuse_bucket "to begin one was not answered ($(curl_error))" ;;
    5*) refuse_bucket "to begin one was answered by status $code" ;;
    *)
      # Somebody may have deleted the project library, or given it a quota.
      printf 'whether the bucket %s takes layers is not known: to begin one was answered by status %s\n' "$bucket" "$code"
      return 0
      ;;
  esac
  upload=$(tr -d '\r' <"$headers" | sed -n 's#^[Ll]ocation: *\(https\{0,1\}://[^/]*\)\{0,1\}##p')
  code=$(as_admin --max-time 25 --request DELETE "$base_url$upload")
  [ "$code" = 204 ] || refuse_bucket "to give one up was answered by status $code"
}

up() {
  errors=$(mktemp)
  headers=$(mktemp)
  trap 'rm -f "$errors" "$headers"' EXIT
  await_health
  check_admin_password
  record_passwords
  check_bucket
  printf 'Harbor is healthy\n'
}
