# Settings: install_dir, hostname, validity_days, renew_before_days, and renewal_check,
# which makes this step run again from time to time.
# Keys are made here and never leave the machine. stdout is the server certificate's fingerprint and the CA's certificate.

tls=$install_dir/tls
ca_days=$((3650 + validity_days))

valid_for_days() {
  openssl x509 -in "$1" -noout -checkend $(($2 * 86400)) >/dev/null 2>&1
}

alternative_name() {
  case "$hostname" in
    *:*) printf 'IP:%s' "$hostname" ;;
    *[!0-9.]*) printf 'DNS:%s' "$hostname" ;;
    *) printf 'IP:%s' "$hostname" ;;
  esac
}

make_key() {
  logged "$install_dir/log/openssl.log" openssl ecparam -name prime256v1 -genkey -noout -out "$1"
  chmod 0600 "$1"
}

# A server certificate never outlives its CA.
make_ca() {
  [ -s "$tls/ca.key" ] && valid_for_days "$tls/ca.crt" $((validity_days + renew_before_days)) && return 0
  make_key "$tls/ca.key.new"
  cat >"$tls/ca.cnf" <<END
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
  logged "$install_dir/log/openssl.log" openssl req -new -x509 -sha256 -days "$ca_days" -config "$tls/ca.cnf" \
    -key "$tls/ca.key.new" -out "$tls/ca.crt.new"
  # The certificate goes first and comes last: without it the pair counts as not made.
  rm -f "$tls/ca.crt"
  mv -f "$tls/ca.key.new" "$tls/ca.key"
  mv -f "$tls/ca.crt.new" "$tls/ca.crt"
}

make_server_certificate() {
  [ -s "$tls/server.key" ] && valid_for_days "$tls/server.crt" "$renew_before_days" &&
    [ "$(cat "$tls/server.name" 2>/dev/null)" = "$(alternative_name)" ] &&
    openssl verify -CAfile "$tls/ca.crt" "$tls/server.crt" >/dev/null 2>&1 && return 0
  make_key "$tls/server.key.new"
  cat >"$tls/server.cnf" <<END
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
  logged "$install_dir/log/openssl.log" openssl req -new -sha256 -config "$tls/server.cnf" \
    -key "$tls/server.key.new" -out "$tls/server.csr"
  logged "$install_dir/log/openssl.log" openssl x509 -req -sha256 -days "$validity_days" -in "$tls/server.csr" \
    -CA "$tls/ca.crt" -CAkey "$tls/ca.key" -set_serial "0x$(openssl rand -hex 15)" \
    -extfile "$tls/server.cnf" -extensions extensions -out "$tls/server.crt.new"
  # The name goes last: without it the pair counts as not made.
  rm -f "$tls/server.name" "$tls/server.csr"
  mv -f "$tls/server.key.new" "$tls/server.key"
  mv -f "$tls/server.crt.new" "$tls/server.crt"
  write_file "$tls/server.name" 0600 "$(alternative_name)"
}

up() {
  mkdir -p "$tls"
  make_ca
  make_server_certificate
  openssl x509 -in "$tls/server.crt" -noout -fingerprint -sha256
  openssl x509 -in "$tls/ca.crt"
}
