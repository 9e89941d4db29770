# Settings: edge_dir, which Traefik's container sees; hostname; openssl_log.

# A pair that Traefik reads: the key first, as the certificate says whether the pair is whole.
install_pair() {
  rm -f "$edge_dir/server.crt"
  mv -f "$edge_dir/server.key.new" "$edge_dir/server.key"
  mv -f "$edge_dir/server.crt.new" "$edge_dir/server.crt"
}

is_address() {
  case "$hostname" in
    *:*) return 0 ;;
    *[!0-9.]*) return 1 ;;
  esac
}

fingerprint() {
  openssl x509 -in "$edge_dir/server.crt" -noout -fingerprint -sha256
}
