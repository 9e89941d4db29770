# Settings: install_dir, version, url, sha256 (may be empty), cosign, http_proxy_url, https_proxy_url, no_proxy_list.

package=$install_dir/package
new=$install_dir/package.new
download=$install_dir/package.part
stamp="$version ${sha256:-$url}"

# fetch ADDRESS FILE OPTION...: the address goes in by stdin, as it may hold a password.
fetch() {
  address=$(printf '%s' "$1" | sed 's/[\\"]/\\&/g')
  file=$2
  shift 2
  printf 'url = "%s"\n' "$address" | curl --config - --fail --silent --show-error --location \
    --proto '=http,https,file' --connect-timeout 15 --speed-limit 1024 --speed-time 30 --retry 3 --retry-delay 2 \
    --output "$file" "$@" 2>"$install_dir/log/download.log"
}

# A download that broke off goes on where it ended.
bring() {
  tries=0
  while :; do
    if [ ! -s "$download" ]; then
      resume=
    elif [ -n "$sha256" ] && [ "$(sum)" = "$sha256" ]; then
      return 0
    else
      resume='--continue-at -'
    fi
    fetch "$url" "$download" $resume && return 0
    code=$?
    tries=$((tries + 1))
    # 22, 33 and 36: this part can't be gone on with. Without one, 22 is the server's no and 37 a missing file.
    case "$code" in
      22 | 33 | 36 | 37)
        rm -f "$download"
        [ -n "$resume" ] || tries=5
        ;;
    esac
    [ "$tries" -lt 5 ] || fail "can't download $shown (harbor.installer.url):" \
      "$(grep '^curl:' "$install_dir/log/download.log" | head -n 5 | cut -c1-400)"
    sleep 1
  done
}

sum() {
  sha256sum "$download" | cut -d ' ' -f 1
}

# Nothing of a package is unpacked before it is known to be the right one.
verify() {
  if [ -n "$sha256" ]; then
    found=$(sum)
    if [ "$found" != "$sha256" ]; then
      rm -f "$download"
      fail "the package from $shown is not the one that was pinned:" \
        "  sha256 $found" "  wanted $sha256 (harbor.installer.sha256)" "It was thrown away."
    fi
  fi
  if [ "$cosign" = true ]; then
    fetch "$url.sigstore.json" "$download.sigstore.json" ||
      fail "can't download $shown.sigstore.json:" "$(grep '^curl:' "$install_dir/log/download.log" | head -n 5)"
    cosign verify-blob --bundle "$download.sigstore.json" \
      --certificate-oidc-issuer https://token.actions.githubusercontent.com \
      --certificate-identity-regexp '^https://github.com/goharbor/harbor/.github/workflows/publish_release.yml@refs/tags/v.*$' \
      "$download" >"$install_dir/log/cosign.log" 2>&1 || {
      rm -f "$download" "$download.sigstore.json"
      fail "cosign does not accept the package from $shown as a release of Harbor:" \
        "$(tail -n 5 "$install_dir/log/cosign.log" | cut -c1-400)" \
        "It was thrown away. Pin a sha256 that you compared yourself (harbor.installer.sha256) where it is right all the same."
    }
  fi
}

unpack() {
  rm -rf "$new"
  mkdir "$new"
  logged "$install_dir/log/unpack.log" tar -xzf "$download" -C "$new" --no-same-owner
  [ -f "$new/harbor/harbor.yml.tmpl" ] ||
    fail "the package from $shown is not Harbor's installer: it holds no harbor/harbor.yml.tmpl"
  made_for=$(sed -n 's/.*goharbor\/prepare:v\([0-9][0-9A-Za-z.-]*\).*/\1/p' "$new/harbor/prepare" 2>/dev/null | head -n 1)
  [ -z "$made_for" ] || [ "$made_for" = "$version" ] ||
    fail "the package from $shown is Harbor $made_for, and harbor.version is $version"
}

# The offline installer brings the images.
load_images() {
  for images in "$new"/harbor/harbor.v*.tar.gz; do
    [ -f "$images" ] || continue
    logged "$install_dir/log/load.log" docker load -i "$images"
    rm -f "$images"
  done
}

up() {
  if [ "$(cat "$package/.stamp" 2>/dev/null)" = "$stamp" ]; then
    printf 'the package of Harbor %s is there\n' "$version"
    return 0
  fi
  use_proxy
  # The address as it may be shown: without a user and password in it, and without a query, which may be a signature.
  shown=$(printf '%s' "${url%%\?*}" | sed 's,//[^/@]*@,//,')
  # A part of another package is no beginning of this one.
  [ "$(cat "$download.of" 2>/dev/null)" = "$stamp" ] || rm -f "$download"
  write_file "$download.of" 0600 "$stamp"
  bring
  verify
  unpack
  load_images
  write_file "$new/.stamp" 0600 "$stamp"
  rm -rf "$package"
  mv "$new" "$package"
  rm -f "$download" "$download.of" "$download.sigstore.json"
  printf 'the package of Harbor %s was brought and verified\n' "$version"
}
