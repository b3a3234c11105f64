#!/bin/sh
# wrapped.sh BUILD DIRECTORY COMMAND - servers that run under a tool
#
# For each server in BUILD, writes a script in DIRECTORY that runs it under
# COMMAND. With THAW_BUILD=DIRECTORY the black-box tests and the lab start these
# scripts instead:
#
#     tests/wrapped.sh build /tmp/wrapped 'valgrind --tool=helgrind'
#     THAW_BUILD=/tmp/wrapped meson test -C build 'audit 5'

set -eu
if [ $# -ne 3 ]; then
    sed -n '2,/^$/s/^# \{0,1\}//p' "$0"
    [ "${1:-}" = --help ] || exit 2
    exit
fi
build=$(cd "$1" && pwd)
for path in "$build"/stage*_*/ "$build"/beyond/*/; do
    name=$(basename "$path")
    program=$path$name
    [ -x "$program" ] || continue
    directory=$2/${path#"$build/"}
    mkdir -p "$directory"
    printf '#!/bin/sh\nexec %s "%s" "$@"\n' "$3" "$program" \
        >"$directory/$name"
    chmod +x "$directory/$name"
done
