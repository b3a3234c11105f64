#!/bin/sh
# run.sh SYSTEM [DIRECTORY] - builds and tests Thaw in another Debian
#
#   debian13   amd64: gcc 13 and 14, clang 17 to 19, also as C23; all tests
#   debian11   amd64: its meson is too old, and this must be said
#   i386       Debian 12 with 32 bits: gcc 12, clang 16; all tests
#   s390x      Debian 12, big-endian, emulated: units, corpus, replays
#   offline    Debian 12, amd64, with its base system alone and no network:
#              "./workshop setup --offline", the lab, and some tests; it is
#              packed on this machine, which must be a Debian 12, too
#
# It needs root, debootstrap, some 2 GB in DIRECTORY (/var/tmp/thaw-systems),
# and for s390x qemu-user-static. What it installs there stays for the next
# run. Its mounts and processes end with it. The last line counts the tests.

set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
source=$(CDPATH='' cd -- "$here/../.." && pwd)
system=${1:-}
directory=${2:-/var/tmp/thaw-systems}
packages="gcc libc6-dev meson ninja-build pkg-config python3 libjansson-dev
    check curl netcat-openbsd git procps"

case $system in
debian13)
    suite=trixie arch=amd64
    packages="$packages gcc-13 gcc-14 clang-17 clang-18 clang-19"
    ;;
debian11) suite=bullseye arch=amd64 ;;
i386)
    suite=bookworm arch=i386
    packages="$packages clang-16"
    ;;
s390x) suite=bookworm arch=s390x ;;
offline) suite=bookworm arch=amd64 packages= ;;
-h | --help)
    sed -n '2,/^$/s/^# \{0,1\}//p' "$0"
    exit
    ;;
*)
    sed -n '2,/^$/s/^# \{0,1\}//p' "$0" >&2
    exit 2
    ;;
esac
[ "$(id -u)" -eq 0 ] || { echo "run.sh: this needs root" >&2; exit 1; }

# Once more, in namespaces of its own: mounts and processes end with it.
if [ -z "${THAW_SYSTEMS:-}" ]; then
    THAW_SYSTEMS=yes exec unshare --mount --pid --fork --kill-child \
        "$here/run.sh" "$system" "$directory"
fi
unset THAW_SYSTEMS

# The kernel starts programs of another processor with an emulator, and keeps it
# open for the new root, which has none. This ends with the mount.
if [ "$arch" = s390x ]; then
    formats=/proc/sys/fs/binfmt_misc
    [ -e "$formats/register" ] || mount -t binfmt_misc none "$formats"
    [ -e "$formats/qemu-s390x" ] ||
        cat /usr/lib/binfmt.d/qemu-s390x.conf >"$formats/register"
fi

root=$directory/$system
if [ ! -e "$root/installed" ]; then
    mkdir -p "$directory"
    debootstrap --variant=minbase --arch="$arch" \
        --include=ca-certificates "$suite" "$root"
    cp /etc/resolv.conf "$root/etc/"
    # shellcheck disable=SC2086
    [ -z "$packages" ] || DEBIAN_FRONTEND=noninteractive chroot "$root" sh -c \
        'apt-get update && apt-get install -y --no-install-recommends "$@"' \
        sh $packages
    touch "$root/installed"
fi

# Each time on a new machine. The loopback is all of its network.
if [ "$system" = offline ]; then
    "$source/workshop" pack "$directory/pack"
    rm -rf "$root-new"
    cp -a "$root" "$root-new"
    root=$root-new
    cp -r "$directory/pack" "$root/pack"
    set -- unshare --net sh -c 'ip link set lo up && exec "$@"' sh
else
    set --
fi

rm -rf "$root/thaw"
mkdir "$root/thaw"
(cd "$source" && git ls-files -z --cached --others --exclude-standard |
    tar --create --null --files-from=-) | tar --extract -C "$root/thaw"

mount -t proc none "$root/proc"
mount --rbind /dev "$root/dev"
exec "$@" chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root \
    LC_ALL=C.UTF-8 /thaw/tests/systems/inside.sh "$system"
