#!/bin/sh
# inside.sh SYSTEM - what run.sh starts in the other system
#
# It owns that system: it empties /root/builds. run.sh has the systems' names.

set -eu
case ${1:-} in
debian13 | debian11 | i386 | s390x | offline) ;;
*)
    sed -n '2,/^$/s/^# \{0,1\}//p' "$0"
    [ "${1:-}" = --help ] || exit 2
    exit
    ;;
esac
cd "$(dirname "$0")/../.."
rm -rf /root/builds
mkdir /root/builds
trap 'rm -rf /root/builds' EXIT

# compile COMPILER [C_STD]: without a warning.
compile() {
    echo "== $("$1" --version | head -n 1), ${2:-c11}"
    CC=$1 meson setup "/root/builds/$1-${2:-c11}" -Dwerror=true \
        -Dc_std="${2:-c11}" >/dev/null
    ninja -k 0 -C "/root/builds/$1-${2:-c11}" >/root/log 2>&1 ||
        { grep -A 3 -E "(error|warning):" /root/log; exit 1; }
}

# tests COMPILER ARGUMENT...
tests() {
    build=/root/builds/$1-c11
    shift
    meson test -C "$build" --num-processes 2 "$@" >/root/log 2>&1 || true
    python3 tests/systems/count.py "$build/meson-logs/testlog.json"
}

case $1 in
debian13)
    for compiler in gcc-13 gcc-14 clang-17 clang-18 clang-19; do
        compile "$compiler"
        compile "$compiler" c2x
    done
    tests gcc-14
    ;;
debian11)
    echo "== meson $(meson --version)"
    for command in "./workshop setup" "meson setup /root/builds/old"; do
        if $command >/root/log 2>&1; then
            exit 1
        fi
        grep -E 'meson .* is too old|Meson version is .* requires' /root/log
    done
    echo "2 passed, 0 failed, 0 skipped"
    ;;
i386)
    compile clang-16
    compile gcc
    tests gcc
    ;;
offline)
    ! ./workshop doctor >/root/log || exit 1
    tail -n 1 /root/log
    ./workshop setup --offline /pack
    ./workshop doctor --build
    compile gcc
    THAW_BUILD=/root/builds/gcc-c11 ./workshop lab matrix
    tests gcc --suite unit --suite stage2 --suite stage6 --suite teaching
    ;;
s390x)
    compile gcc
    # The servers need /proc and time as they are; the emulator has neither.
    tests gcc --timeout-multiplier 10 --suite unit --suite fuzz
    ;;
esac
