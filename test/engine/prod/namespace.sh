#!/bin/sh
# namespace.sh FOLDER COMMAND...: runs it with an /etc and a /dev/disk of its own, to be started by `unshare --mount`.
# What a step writes there, to /etc/fstab for instance, never reaches this computer's.
set -eu
folder=$1
shift
mkdir -p "$folder/etc" "$folder/dev"
cp -a /etc/. "$folder/etc/"
cp "$folder/hosts" "$folder/etc/hosts"
mount --make-rprivate /
mount --bind "$folder/etc" /etc
mount --rbind /dev "$folder/dev"
# A disk can't be made below the real /dev: devices of the real one are seen through the one in the folder.
mount -t tmpfs -o mode=0755 tmpfs /dev
for device in null zero full random urandom; do
  : >"/dev/$device"
  mount --bind "$folder/dev/$device" "/dev/$device"
done
ln -s /proc/self/fd /dev/fd
mkdir -p /dev/disk /dev/shm
mount --bind "$folder/disk" /dev/disk
exec "$@"
