# Settings: install_dir, data_dir, version, prepare_options, harbor_yml, trusted_ca, compose_override, database_password, storage; and the edge's files
# tls_yml, acme_env and acme_ca, empty where there are none.

prepared=$install_dir/.prepared
recreate=$install_dir/.recreate
password_record=$data_dir/.harbor-cache/database-password
storage_record=$data_dir/.harbor-cache/storage

# PostgreSQL takes its password when the data is made, and Harbor never changes it afterwards.
check_database_password() {
  if [ -z "$(ls -A "$data_dir/database" 2>/dev/null)" ]; then
    write_file "$password_record" 0600 "$database_password"
  elif [ -f "$password_record" ] && [ "$(cat "$password_record")" != "$database_password" ]; then
    fail "the data in $data_dir was made with another database password, so Harbor could not read it. Nothing was changed." \
      "Give Harbor the passwords that the data was made with. As root on the machine:" \
      "  cat $password_record" \
      "  cat $data_dir/.harbor-cache/admin-password" \
      "and where you run pulumi, typing them in:" \
      "  pulumi config set --secret --path harbor-cache:harbor.databasePassword" \
      "  pulumi config set --secret --path harbor-cache:harbor.adminPassword"
  fi
}

# Harbor's database names the layers that lie in this storage; in another one it would miss every one of them.
check_storage() {
  if [ -z "$(ls -A "$data_dir/database" 2>/dev/null)" ]; then
    write_file "$storage_record" 0600 "$storage"
    return 0
  fi
  recorded=$(cat "$storage_record" 2>/dev/null || echo dir)
  [ "$recorded" = "$storage" ] ||
    fail "the layers that the data in $data_dir names lie in $recorded, and Harbor would look for them in $storage" \
      "(dir is $data_dir/registry, s3:BUCKET/ROOT is a bucket). Nothing was changed." \
      "Set harbor-cache:harbor.s3 back to what it was. Or stop Harbor, move the layers yourself, and as root on the machine:" \
      "  printf %s '$storage' >$storage_record"
}

# install_file PATH CONTENT [MODE]: mode 0600 where none is given.
install_file() {
  # The x keeps the last line's end, which a command substitution would cut off.
  if [ -f "$1" ] && [ "$(cat "$1" && echo x)" = "$2"x ]; then
    chmod "${3:-0600}" "$1"
  else
    write_file "$1" "${3:-0600}" "$2"
  fi
}

install_optional_file() {
  if [ -n "$2" ]; then install_file "$@"; else rm -f "$1"; fi
}

# Traefik watches tls.yml, which comes last, when everything that it names is there.
install_edge() {
  if [ -z "$tls_yml" ]; then
    rm -rf edge
    return 0
  fi
  mkdir -p edge
  install_optional_file edge/acme.env "$acme_env"
  install_optional_file edge/acme-ca.crt "$acme_ca"
  install_file edge/tls.yml "$tls_yml"
}

# Everything that `prepare` reads.
digest() {
  {
    cat harbor.yml
    [ ! -f trusted-ca.crt ] || cat trusted-ca.crt
    printf '%s\n' "$version $prepare_options"
  } | sha256sum | cut -d ' ' -f 1
}

# It wipes common/config and makes new internal secrets, so every container has to be made anew after it.
prepare() {
  rm -f "$prepared"
  : >"$recreate"
  rm -rf input
  mkdir -p input common/config
  cp harbor.yml input/harbor.yml
  trap 'rm -rf "$install_dir/input"' EXIT
  logged "$install_dir/log/prepare.log" docker run --rm --privileged -v "$install_dir/input:/input" -v "$data_dir:/data" \
    -v "$install_dir:/compose_location" -v "$install_dir/common/config:/config" -v /:/hostfs \
    "goharbor/prepare:v$version" prepare $prepare_options
  rm -rf input
  [ -f docker-compose.yml ] || fail "prepare ended well but made no $install_dir/docker-compose.yml"
  write_file "$prepared" 0600 "$1"
}

up() {
  cd "$install_dir"
  check_database_password
  check_storage
  install_file harbor.yml "$harbor_yml"
  # What runs in the containers reads it, not root.
  install_optional_file trusted-ca.crt "$trusted_ca" 0644
  install_edge
  install_file docker-compose.override.yml "$compose_override"
  wanted=$(digest)
  done_with=
  if [ "$(cat "$prepared" 2>/dev/null)" != "$wanted" ] || [ ! -f docker-compose.yml ]; then
    prepare "$wanted"
    done_with=', with a new configuration'
  fi
  logged "$install_dir/log/config.log" docker compose config --quiet
  if [ -f "$recreate" ]; then
    logged "$install_dir/log/up.log" docker compose up --detach --remove-orphans --quiet-pull --force-recreate
    rm -f "$recreate"
  else
    logged "$install_dir/log/up.log" docker compose up --detach --remove-orphans --quiet-pull
  fi
  printf 'Harbor %s was started%s\n' "$version" "$done_with"
}
