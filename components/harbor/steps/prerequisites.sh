# Settings: data_dir, data_device (may be empty), data_fs_type, min_cpus, min_memory_gib, min_disk_gib, openssl, cosign,
# docker_user (may be empty), install_docker, os_release, http_proxy_url, https_proxy_url, no_proxy_list.

problems=

problem() {
  problems="$problems
  - $1"
}

compose_version() {
  docker compose version --short 2>/dev/null || :
}

# The distribution's own packages of what is missing; what they can't give is reported by the checks afterwards.
install_missing() {
  missing=
  have curl || missing="$missing curl"
  [ "$openssl" = false ] || have openssl || missing="$missing openssl"
  if have apt-get; then
    have docker || missing="$missing docker.io"
    compose_packages='docker-compose-plugin docker-compose-v2 docker-compose'
  elif have dnf; then
    have docker || missing="$missing $(first_of_version 0 moby-engine docker docker-ce)"
    compose_packages='docker-compose-plugin docker-compose'
  else
    return 0
  fi
  if have apt-get && { [ -n "$missing" ] || ! at_least 2.24 "$(compose_version)"; }; then
    DEBIAN_FRONTEND=noninteractive logged "$work/packages.log" apt-get -q -o DPkg::Lock::Timeout=120 update
    # Debian 13 has the client in a package of its own, which docker.io only recommends.
    have docker || missing="$missing $(first_of_version 0 docker-cli)"
  fi
  repository=
  if ! at_least 2.24 "$(compose_version)"; then
    compose=$(first_of_version 2.24 $compose_packages)
    # Amazon Linux has Docker, but no compose for it: Docker's own package, signed by Docker, fits it.
    if [ -z "$compose" ] && grep -Eqs '^ID="?amzn"?$' "$os_release"; then
      compose=docker-compose-plugin
      repository='--repofrompath=docker-ce,https://download.docker.com/linux/centos/9/x86_64/stable
        --setopt=docker-ce.gpgcheck=1 --setopt=docker-ce.gpgkey=https://download.docker.com/linux/centos/gpg'
    fi
    missing="$missing $compose"
  fi
  [ -n "$(printf '%s' "$missing" | tr -d ' ')" ] || return 0
  if have apt-get; then
    DEBIAN_FRONTEND=noninteractive logged "$work/packages.log" \
      apt-get -q -y -o DPkg::Lock::Timeout=120 --no-install-recommends install $missing
  else
    logged "$work/packages.log" dnf -q -y $repository install $missing
  fi
  if have systemctl; then logged "$work/packages.log" systemctl enable --now docker; fi
}

# first_of_version WANTED PACKAGE...: the first package that the distribution has in that version or a newer one.
first_of_version() {
  wanted=$1
  shift
  for package in "$@"; do
    if have apt-get; then
      version=$(apt-cache show "$package" 2>/dev/null | sed -n 's/^Version: *\([0-9]*:\)\{0,1\}//p' | head -n 1)
    else
      version=$(dnf -q repoquery --latest-limit 1 --queryformat '%{version}\n' "$package" 2>/dev/null | head -n 1)
    fi
    if [ -n "$version" ] && at_least "$wanted" "$version"; then
      printf '%s\n' "$package"
      return 0
    fi
  done
}

check_hardware() {
  [ "$(uname -m)" = x86_64 ] || problem "the processor is $(uname -m): Harbor's images need x86_64"
  cpus=$(getconf _NPROCESSORS_ONLN 2>/dev/null || nproc)
  [ "$cpus" -ge "$min_cpus" ] || problem "$cpus CPUs, $min_cpus are needed (harbor.requirements.cpus)"
  # A tenth less is let pass: kernel and file system take their part of what a machine is sold with.
  memory_kib=$(awk '$1 == "MemTotal:" { print $2 }' /proc/meminfo)
  enough "$memory_kib" "$min_memory_gib" ||
    problem "$(gib "$memory_kib") GiB memory, $min_memory_gib GiB are needed (harbor.requirements.memoryGiB)"
  check_disk
}

# Where Harbor runs already, the cache may have filled the disk: then its size counts and not what is free.
check_disk() {
  if [ -n "$data_device" ]; then
    bytes=$(lsblk --bytes --nodeps --noheadings --output SIZE "$data_device" 2>/dev/null | tr -d ' ') || bytes=
    # A device that isn't there yet is waited for by the next step.
    [ -n "$bytes" ] || return 0
    disk_kib=$((bytes / 1024))
    where=$data_device
    what=on
  else
    where=$data_dir
    until [ -e "$where" ]; do where=$(dirname "$where"); done
    if [ -e "$data_dir/.harbor-cache" ]; then column=2 what='in all at'; else column=4 what='free at'; fi
    disk_kib=$(df -Pk "$where" | awk -v column="$column" 'NR == 2 { print $column }')
  fi
  enough "$disk_kib" "$min_disk_gib" ||
    problem "$(gib "$disk_kib") GiB disk $what $where, $min_disk_gib GiB are needed (harbor.requirements.diskGiB)"
}

enough() {
  awk -v kib="$1" -v gib="$2" 'BEGIN { exit !(kib >= gib * 1048576 * 0.9) }'
}

gib() {
  awk -v kib="$1" 'BEGIN { printf "%.1f", kib / 1048576 }'
}

check_docker() {
  hint='install it, or set harbor.installDocker: true'
  if ! have docker; then
    problem "Docker is missing, 20.10 or newer is needed: $hint"
    return 0
  fi
  case "$(readlink -f "$(command -v docker)")" in
    */snap) problem "Docker is a snap, which reaches no folder outside /home: replace it by the distribution's package" ;;
  esac
  if version=$(docker version --format '{{.Server.Version}}' 2>"$work/docker.err"); then
    at_least 20.10 "$version" || problem "Docker is $version, 20.10 or newer is needed"
  else
    problem "Docker's daemon doesn't answer: $(tail -n 1 "$work/docker.err" | cut -c1-300)"
  fi
  # 2.24 is the first that knows the tag !override.
  version=$(compose_version)
  if [ -z "$version" ]; then
    problem "docker compose is missing, 2.24 or newer is needed: $hint"
  else
    at_least 2.24 "$version" || problem "docker compose is $version, 2.24 or newer is needed"
  fi
}

# What Pulumi keeps on the Docker engine it makes as the user that signs in, without sudo.
check_docker_user() {
  [ -n "$docker_user" ] && [ "$(id -un)" != "$docker_user" ] && have docker || return 0
  ! id -nG "$docker_user" 2>/dev/null | tr ' ' '\n' | grep -qx docker || return 0
  if [ "$install_docker" = true ]; then
    logged "$work/groups.log" usermod -aG docker "$docker_user"
  else
    problem "the user $docker_user is not in the group docker: run usermod -aG docker $docker_user, or set harbor.installDocker: true"
  fi
}

check_programs() {
  programs='awk curl cut df grep sed sha256sum tail tar gzip'
  [ "$openssl" = false ] || programs="$programs openssl"
  [ "$cosign" = false ] || programs="$programs cosign"
  [ -z "$data_device" ] || programs="$programs blkid lsblk findmnt mount mkfs.$data_fs_type"
  case "$data_fs_type" in
    ext4) programs="$programs resize2fs" ;;
    xfs) programs="$programs xfs_growfs" ;;
  esac
  for program in $programs; do
    have "$program" || problem "the program $program is missing: install it"
  done
}

up() {
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  use_proxy
  if [ "$install_docker" = true ]; then install_missing; fi
  check_hardware
  check_programs
  check_docker
  check_docker_user
  [ -z "$problems" ] || fail "this machine can't become Harbor yet:$problems"
  printf 'the machine has what Harbor needs\n'
}
