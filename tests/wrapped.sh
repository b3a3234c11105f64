#!/bin/sh
# wrapped.sh BUILD DIRECTORY COMMAND - servers that run under a tool
#
# For each stage in BUILD, writes a script in DIRECTORY that runs it under
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
for path in "$build"/stage*_*/; do
    name=$(basename "$path")
    mkdir -p "$2/$name"
    printf '#!/bin/sh\nexec %s "%s" "$@"\n' "$3" "$build/$name/$name" \
        >"$2/$name/$name"
    chmod +x "$2/$name/$name"
done
