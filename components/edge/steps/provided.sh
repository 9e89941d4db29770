# Settings: those of certificate-files.sh, certificate, private_key.
# stdout is the server certificate's fingerprint.

check_pair() {
  openssl x509 -in "$edge_dir/server.crt.new" -noout -pubkey >"$work/certificate.pub" 2>"$work/words" ||
    fail "openssl can't read the certificate (tls.certificate): $(head -n 1 "$work/words" | cut -c1-300)"
  # openssl's own words may hold parts of what it could not read.
  openssl pkey -in "$edge_dir/server.key.new" -passin pass: -pubout >"$work/key.pub" 2>/dev/null ||
    fail "openssl can't read the private key (tls.privateKey): PEM without a passphrase is wanted"
  [ "$(cat "$work/certificate.pub")" = "$(cat "$work/key.pub")" ] ||
    fail "the private key (tls.privateKey) is not that of the first certificate in tls.certificate"
  openssl x509 -in "$edge_dir/server.crt.new" -noout -checkend 0 >/dev/null ||
    fail "the certificate (tls.certificate) has ended: $(openssl x509 -in "$edge_dir/server.crt.new" -noout -enddate)"
  if is_address; then check=-checkip; else check=-checkhost; fi
  case "$(openssl x509 -in "$edge_dir/server.crt.new" -noout "$check" "$hostname" 2>&1)" in
    *'does match'*) ;;
    *) fail "the certificate (tls.certificate) is not for $hostname (hostname)" ;;
  esac
}

is_same() {
  [ "$(cat "$edge_dir/server.$1.new")" = "$(cat "$edge_dir/server.$1" 2>/dev/null)" ]
}

up() {
  work=$(mktemp -d)
  trap 'rm -rf "$work" "$edge_dir"/server.*.new' EXIT
  printf '%s\n' "$certificate" >"$edge_dir/server.crt.new"
  printf '%s\n' "$private_key" >"$edge_dir/server.key.new"
  check_pair
  if ! is_same crt || ! is_same key; then install_pair; fi
  fingerprint
}
