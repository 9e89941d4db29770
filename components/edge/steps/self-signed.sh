# Settings: those of certificate-files.sh, ca_dir, validity_days, renew_before_days, and renewal_check, which makes this
# step run again from time to time.
# stdout is the server certificate's fingerprint, and then every CA that clients are to trust.

ca_days=$((3650 + validity_days))

valid_for_days() {
  openssl x509 -in "$1" -noout -checkend $(($2 * 86400)) >/dev/null 2>&1
}

alternative_name() {
  if is_address; then printf 'IP:%s' "$hostname"; else printf 'DNS:%s' "$hostname"; fi
}

make_key() {
  logged "$openssl_log" openssl ecparam -name prime256v1 -genkey -noout -out "$1"
  chmod 0600 "$1"
}

# make_ca NAME
make_ca() {
  make_key "$ca_dir/$1.key.new"
  cat >"$ca_dir/ca.cnf" <<END
[req]
distinguished_name = subject
x509_extensions = extensions
prompt = no
[subject]
O = harbor-cache
CN = harbor-cache CA $(date -u +%Y-%m-%dT%H:%M:%SZ)
[extensions]
basicConstraints = critical, CA:true, pathlen:0
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
END
  logged "$openssl_log" openssl req -new -x509 -sha256 -days "$ca_days" -config "$ca_dir/ca.cnf" \
    -key "$ca_dir/$1.key.new" -out "$ca_dir/$1.crt.new"
  use_ca "$1.key.new" "$1.crt.new" "$1"
}

# use_ca KEY CERTIFICATE NAME: the certificate goes first and comes last, without it the pair counts as not made.
use_ca() {
  rm -f "$ca_dir/$3.crt"
  mv -f "$ca_dir/$1" "$ca_dir/$3.key"
  mv -f "$ca_dir/$2" "$ca_dir/$3.crt"
}

is_made() {
  [ -s "$ca_dir/$1.key" ] && [ -s "$ca_dir/$1.crt" ]
}

# A CA that could not outlive the next server certificate gets a successor, which clients are given a day or more before it
# signs anything: whoever was given both at once trusts the server throughout.
choose_ca() {
  if is_made ca && valid_for_days "$ca_dir/ca.crt" $((validity_days + renew_before_days)); then return 0; fi
  if is_made ca && valid_for_days "$ca_dir/ca.crt" "$renew_before_days"; then
    if ! is_made next-ca; then make_ca next-ca; fi
    [ -n "$(find "$ca_dir/next-ca.crt" -mmin +1440)" ] || return 0
  fi
  if is_made next-ca; then use_ca next-ca.key next-ca.crt ca; else make_ca ca; fi
}

make_server_certificate() {
  [ -s "$edge_dir/server.key" ] && valid_for_days "$edge_dir/server.crt" "$renew_before_days" &&
    [ "$(cat "$ca_dir/server.name" 2>/dev/null)" = "$(alternative_name)" ] &&
    openssl verify -CAfile "$ca_dir/ca.crt" "$edge_dir/server.crt" >/dev/null 2>&1 && return 0
  make_key "$edge_dir/server.key.new"
  cat >"$ca_dir/server.cnf" <<END
[req]
distinguished_name = subject
prompt = no
[subject]
O = harbor-cache
CN = harbor-cache
[extensions]
basicConstraints = critical, CA:false
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectAltName = $(alternative_name)
END
  logged "$openssl_log" openssl req -new -sha256 -config "$ca_dir/server.cnf" \
    -key "$edge_dir/server.key.new" -out "$ca_dir/server.csr"
  logged "$openssl_log" openssl x509 -req -sha256 -days "$validity_days" -in "$ca_dir/server.csr" \
    -CA "$ca_dir/ca.crt" -CAkey "$ca_dir/ca.key" -set_serial "0x$(openssl rand -hex 15)" \
    -extfile "$ca_dir/server.cnf" -extensions extensions -out "$edge_dir/server.crt.new"
  # The name goes first and comes last: without it the pair counts as not made.
  rm -f "$ca_dir/server.name" "$ca_dir/server.csr"
  install_pair
  write_file "$ca_dir/server.name" 0600 "$(alternative_name)"
}

up() {
  mkdir -p "$ca_dir"
  choose_ca
  make_server_certificate
  fingerprint
  openssl x509 -in "$ca_dir/ca.crt"
  if is_made next-ca; then openssl x509 -in "$ca_dir/next-ca.crt"; fi
}
