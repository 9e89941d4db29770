# Settings: ca_certificate (may be empty).
# A folder for curl's words and for the CA that it is to trust, gone at the end.

make_work_folder() {
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  errors=$work/errors
  ca_file=
  [ -n "$ca_certificate" ] || return 0
  ca_file=$work/ca.crt
  printf '%s\n' "$ca_certificate" >"$ca_file"
}
