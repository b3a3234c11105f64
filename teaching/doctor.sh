# doctor.sh - is this machine ready? A part of ./workshop, which reads it
#
# One line for each thing: [ok]; [no] and what to type; [--] is not needed, or
# cannot be known here. It changes nothing, and needs a shell and the tools that
# every system has. What it looks for is what "./workshop setup" installs.

# The variables that are not set here are those of ./workshop; every shell has
# "ulimit -H"; and what is to be typed has a $.
# shellcheck shell=sh disable=SC2154,SC3045,SC2016

# What the experiments need: the idle crowd by hand, and stage 4's threads.
descriptors_needed=1100
threads_needed=300
build_needed=300 # megabytes, with all tests
temporary_needed=20

# line MARK NAME TEXT...: at most 80 columns; what does not fit goes below.
line() {
    mark=$1 name=$2
    shift 2
    printf '%s\n' "$*" | mark=$mark name=$name color=$color awk '
        function put(text) {
            if (first) printf "%18s%s\n", "", text
            else printf "%s %-12s %s\n", mark, ENVIRON["name"], text
            first = 1
        }
        BEGIN {
            RS = "" # a line break is a space
            mark = ENVIRON["mark"]
            if (ENVIRON["color"] != "")
                mark = ENVIRON["color"] mark "\033[0m"
        }
        {
            row = $1
            for (i = 2; i <= NF; i++)
                if (length(row) + 1 + length($i) <= 62)
                    row = row " " $i
                else { put(row); row = $i }
            put(row)
        }'
}

# colored NUMBER: as a terminal wants it, or nothing.
colored() {
    color=
    if [ -t 1 ] && [ "${TERM:-dumb}" != dumb ] && [ -z "${NO_COLOR:-}" ]; then
        color=$(printf '\033[%sm' "$1")
    fi
}

ok() {
    colored 32
    line '[ok]' "$@"
}

note() {
    colored 33
    line '[--]' "$@"
}

# no NAME WHAT TYPE: TYPE is a command, so it has a line of its own.
no() {
    colored 31
    line '[no]' "$1" "$2"
    [ -z "${3:-}" ] || printf '%18stype: %s\n' '' "$3"
    wrong="$wrong, $1"
}

first_line() {
    "$@" 2>&1 </dev/null | sed -n '/./{p;q;}'
}

# --- What setup installs ----------------------------------------------------

name_of() {
    case $1 in
    cc) echo compiler ;;
    libc) echo "C library" ;;
    check) echo Check ;;
    *) echo "$1" ;;
    esac
}

# What must be there before this can be looked for.
depends_of() {
    case $1 in
    libc) echo cc ;;
    jansson | check) echo pkg-config ;;
    meson) echo python3 ;;
    esac
}

# shellcheck disable=SC2086
version_of() {
    case $1 in
    cc) first_line $compiler --version ;;
    libc) echo "links a program with threads" ;;
    jansson | check) pkg-config --modversion "$1" ;;
    nc) kind_of_nc ;;
    curl | python3 | patch | git)
        first_line "$1" --version | awk '{
            for (i = 1; i <= NF; i++) if ($i ~ /^[0-9]+\./) { print $i; exit }
        }'
        ;;
    *) first_line "$1" --version ;;
    esac
}

# Each of those that have a name was tried with the READMEs' commands.
kind_of_nc() {
    case $(nc -h 2>&1 </dev/null) in
    *OpenBSD*) echo "OpenBSD's: it ends when its input and the server end" ;;
    *[Nn]cat*nmap.org*)
        echo "nmap's ncat: it tells the server when its input ends" ;;
    *BusyBox*)
        echo "BusyBox's: it ends with the server, and tells it when its" \
            "input ends"
        ;;
    *'[v1.'*) echo "the traditional one: it ends when the server ends" ;;
    *) echo "of a kind with which the READMEs were not tried" ;;
    esac
}

# What brings a thing that is missing.
cure_of() {
    if [ "$1" = cc ] && [ -n "${CC:-}" ]; then
        echo "unset CC"
    elif ! find_manager; then
        echo
    elif [ -n "$(packages_of "$1")" ]; then
        if can_install; then
            echo "./workshop setup"
        else
            echo "su -c './workshop setup'"
        fi
    elif [ "$manager" = brew ] && [ "$(uname)" = Darwin ]; then
        echo "xcode-select --install"
    fi
}

tool() {
    name=$(name_of "$1")
    before=$(depends_of "$1")
    if has "$1"; then
        old=$(too_old "$1")
        if [ -z "$old" ]; then
            ok "$name" "$(version_of "$1")"
            return
        fi
        missing_tool "$1" "$old" ""
        return
    fi
    missing_tool "$1" "$(missing_how "$1")" "$(cure_of "$1")"
}

# missing_tool THING WHAT TYPE
missing_tool() {
    if [ -n "$before" ] && ! has "$before"; then
        note "$name" "not known without $(name_of "$before")"
    else
        no "$name" "$2" "$3"
    fi
}

missing_how() {
    case $1 in
    cc) echo "not found: ${CC:+CC is }$compiler" ;;
    libc) echo "$compiler cannot link a program with threads" ;;
    jansson | check)
        if found=$(pkg-config --modversion "$1" 2>/dev/null); then
            echo "$found is too old; expected $(enough "$1")"
        else
            echo "not found by pkg-config"
        fi
        ;;
    *) echo "not found" ;;
    esac
}

# What the servers in beyond/ need, together: the course does without them.
beyond() {
    # shellcheck disable=SC2046,SC2086
    set -- $(missing $needed_beyond)
    if [ $# -gt 0 ]; then
        note beyond "not found: $*; durable and shared are left out. For" \
            "them, type: ./workshop setup beyond"
    else
        ok beyond "SQLite $(pkg-config --modversion sqlite3), libpq" \
            "$(pkg-config --modversion libpq), PostgreSQL"
    fi
}

# Those are needed here and there, and nothing fails without them.
optional_tools() {
    if has git; then
        ok git "$(version_of git)"
    else
        note git "not found; only ./workshop lint needs it"
    fi
    beyond
    has cc && has libc || return 0
    for kind in thread address,undefined; do
        if ! can_link "-fsanitize=$kind" >/dev/null 2>&1; then
            note sanitizers "the compiler cannot link -fsanitize=$kind: the" \
                "checks of exercises 4 to 6 leave out what needs it"
            return
        fi
    done
    ok sanitizers "thread, address, undefined"
}

# --- The machine ------------------------------------------------------------

system() {
    pretty=$(uname -s)
    [ ! -r /etc/os-release ] ||
        pretty=$(sed -n 's/^PRETTY_NAME="*\([^"]*\).*/\1/p' /etc/os-release)
    count=$(getconf _NPROCESSORS_ONLN 2>/dev/null) || count="?"
    pretty="$pretty, $(uname -m), $count processors"
    case $(uname -s) in
    Linux)
        ! grep -qi microsoft /proc/version 2>/dev/null ||
            pretty="$pretty, in Windows (WSL)"
        ok system "$pretty"
        ;;
    Darwin) note system "$pretty: Thaw is written for it, but was not run" \
        "on it" ;;
    *) note system "$pretty: Thaw is written for Linux and macOS" ;;
    esac
}

# The servers listen on 127.0.0.1, and so do the commands of the READMEs.
loopback() {
    if [ -r /proc/net/fib_trie ] && ! grep -q 127.0.0.1 /proc/net/fib_trie; then
        no loopback "lo is down, so no client reaches 127.0.0.1" \
            "su -c 'ip link set lo up'"
        return
    fi
    six=$(awk '$1 !~ /^#/ { for (i = 2; i <= NF; i++)
        if ($i == "localhost") print $1 }' /etc/hosts 2>/dev/null | tr '\n' ' ')
    case $six in
    *127.0.0.1*::1* | *::1*127.0.0.1*)
        ok loopback "localhost is 127.0.0.1 and ::1; the servers listen on" \
            "127.0.0.1" ;;
    *::1*)
        note loopback "localhost is ::1 alone, and the servers listen on" \
            "127.0.0.1: type the number" ;;
    *) ok loopback "127.0.0.1" ;;
    esac
}

# "PORT NUMBER OWNER" of each socket that listens where a server of ours would
# be in the way: on 127.0.0.1, or on all addresses. Fails if that is not known.
listening() {
    if [ -r /proc/net/tcp ]; then
        cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | awk '
            function value(hex, i, sum) {
                for (i = 1; i <= length(hex); i++)
                    sum = sum * 16 + index("0123456789ABCDEF",
                                           substr(hex, i, 1)) - 1
                return sum
            }
            $4 == "0A" && $2 ~ /^(0+|.*0100007F|.*7F000001):/ {
                split($2, address, ":")
                print value(address[2]), $10, $8
            }'
    elif has lsof; then
        PATH=$PATH:/usr/sbin lsof -nP -iTCP -sTCP:LISTEN 2>/dev/null | awk '
            NR > 1 && $9 ~ /^(\*|127\.0\.0\.1|\[::\]):/ {
                sub(/.*:/, "", $9)
                print $9, $2, $3
            }'
    else
        return 1
    fi
}

# owner NUMBER USER: the program of a socket, if this user may see it.
owner() {
    if [ ! -r /proc/net/tcp ]; then
        echo "process $1 ($(ps -o comm= -p "$1"))"
        return
    fi
    # Other users' directories are closed, so ls fails.
    pid=$({ ls -l /proc/[0-9]*/fd 2>/dev/null || true; } | inode=$1 awk '
        /^\/proc\// { split($0, part, "/"); pid = part[3] }
        $NF == "socket:[" ENVIRON["inode"] "]" { print pid; exit }')
    if [ -n "$pid" ]; then
        echo "process $pid ($(cat "/proc/$pid/comm"))"
    else
        echo "a program of the user $(id -un "$2" 2>/dev/null || echo "$2")"
    fi
}

free_port() {
    port=${PORT:-8080}
    case $port in
    '' | *[!0-9]* | ??????*) port=0 ;;
    esac
    if [ "$port" -lt 1 ] || [ "$port" -gt 65535 ]; then
        no port "PORT is '$PORT'; expected a number from 1 to 65535" \
            "export PORT=8080"
        return
    fi
    if ! sockets=$(listening); then
        note port "not known here whether port $port is free"
        return
    fi
    taken=$(echo "$sockets" | port=$port awk '
        $1 == ENVIRON["port"] { print $2, $3; exit }')
    if [ -z "$taken" ]; then
        ok port "$port is free"
        return
    fi
    free=$(echo "$sockets" | port=$port awk '
        { taken[$1] = 1 }
        END {
            for (n = ENVIRON["port"] + 1; n in taken; ) n++
            print n <= 65535 ? n : 8080
        }')
    # shellcheck disable=SC2086 # two words
    no port "$port is taken by $(owner $taken)" "export PORT=$free"
}

proxies() {
    proxy=
    for name in http_proxy all_proxy ALL_PROXY; do
        eval "value=\${$name:-}"
        [ -z "$value" ] || proxy="$proxy $name"
    done
    ! grep -Eqs '^[[:space:]]*(-x|-*proxy)[[:space:]=:]' "${HOME:-}/.curlrc" ||
        proxy="$proxy ~/.curlrc"
    # curl reads the first one if it is there.
    around=${no_proxy-${NO_PROXY-}}
    case ",$(echo "$around" | tr -d ' ')," in
    *,127.0.0.1,* | *,127.0.0.1/*,* | *,127.0.0.0/8,* | ,\*,) ;;
    *)
        if [ -n "$proxy" ]; then
            no proxy "curl asks a proxy for 127.0.0.1 too; set by:$proxy" \
                "export no_proxy=127.0.0.1,localhost${around:+,$around}"
            return
        fi
        ;;
    esac
    ok proxy "${proxy:+there is one, and }curl reaches 127.0.0.1 itself"
}

# at_least NUMBER LIMIT: "unlimited" is enough.
at_least() {
    case $2 in
    *[!0-9]* | '') return 0 ;;
    *) [ "$2" -ge "$1" ] ;;
    esac
}

descriptors() {
    most=$(ulimit -Hn)
    if at_least $descriptors_needed "$most"; then
        ok descriptors "$(ulimit -Sn), and up to $most if a program asks"
    else
        no descriptors "at most $most, and the idle crowd needs
            $descriptors_needed; root raises it: ulimit -Hn, or nofile in
            /etc/security/limits.conf"
    fi
}

# limit_of_processes [-H]: bash has -u, dash and BusyBox have -p, which means
# another thing in bash.
limit_of_processes() {
    (ulimit "${1:--S}" -u) 2>/dev/null || (ulimit "${1:--S}" -p) 2>/dev/null ||
        echo unlimited
}

# How many threads and processes the user has: the limit counts them.
count_processes() {
    { find /proc/[0-9]*/task -mindepth 1 -maxdepth 1 -user "$(id -u)" \
        2>/dev/null || true; } | wc -l
}

# Each limit: that of the user (root has none), and those of the containers
# around this shell.
processes_left() {
    limit=$(limit_of_processes)
    if [ "$(id -u)" -ne 0 ] && [ "$limit" != unlimited ]; then
        echo $((limit - $(count_processes)))
    fi
    group=$(sed -n 's/^0:://p' /proc/self/cgroup 2>/dev/null)
    while [ -n "$group" ]; do
        group=${group%/}
        most=$(cat "/sys/fs/cgroup$group/pids.max" 2>/dev/null) || most=max
        [ "$most" = max ] ||
            echo $((most - $(cat "/sys/fs/cgroup$group/pids.current")))
        group=${group%/*}
    done
}

processes() {
    left=$(processes_left | sort -n | sed -n 1p)
    if at_least $threads_needed "$left"; then
        ok processes "${left:-as many as wanted} may be started"
        return
    fi
    soft=$(limit_of_processes)
    hard=$(limit_of_processes -H)
    cure=
    [ "$soft" = "$hard" ] || cure="ulimit -u $hard"
    no processes "$left more threads are allowed, and stage 4 starts up to
        $threads_needed: ulimit -u, or the limit of this container" "$cure"
}

# A program that the lab or a check starts is often there.
temporary_directory() {
    temporary=$(mktemp -d 2>/dev/null) || temporary=
    if [ -z "$temporary" ]; then
        no TMPDIR "cannot write to ${TMPDIR:-/tmp}" \
            'mkdir -p ~/tmp && export TMPDIR=$HOME/tmp'
        return
    fi
    trap 'rm -rf "$temporary"' EXIT
    trap 'exit 1' INT TERM HUP
    printf '#!/bin/sh\n' >"$temporary/program"
    chmod +x "$temporary/program"
    if ! "$temporary/program" 2>/dev/null; then
        no TMPDIR "no program can start in ${TMPDIR:-/tmp} (noexec)" \
            'mkdir -p ~/tmp && export TMPDIR=$HOME/tmp'
        return
    fi
    ok TMPDIR "${TMPDIR:-/tmp}: can be written, and programs start there"
}

# free_mb DIRECTORY: of it, or of the nearest one that is there.
free_mb() {
    place=$1
    while [ ! -d "$place" ]; do
        place=$(dirname -- "$place")
    done
    df -Pk "$place" 2>/dev/null | awk 'NR == 2 { print int($4 / 1024) }'
}

disk() {
    for_build=$(free_mb "$build")
    for_temporary=$(free_mb "${TMPDIR:-/tmp}")
    if ! at_least $build_needed "$for_build"; then
        no disk "$for_build MB are free for $build; all tests need
            $build_needed" "export THAW_BUILD=/somewhere/else"
    elif ! at_least $temporary_needed "$for_temporary"; then
        no disk "$for_temporary MB are free in ${TMPDIR:-/tmp}; tests need
            $temporary_needed" 'mkdir -p ~/tmp && export TMPDIR=$HOME/tmp'
    else
        ok disk "${for_build:-?} MB are free for the build"
    fi
}

checkout() {
    where=$(pwd)
    case $where in
    *'|'* | *'
'*)
        no checkout "meson cannot build in a path with | or a line break" \
            "cp -R . ~/thaw && cd ~/thaw"
        return
        ;;
    esac
    if ! [ -w . ] || ! [ -w exercises ]; then
        no checkout "cannot be written: no build, and no exercises" \
            "cp -R $(quoted "$where") ~/thaw && cd ~/thaw"
        return
    fi
    case $where in
    /mnt/[a-z]/*)
        if grep -qi microsoft /proc/version 2>/dev/null; then
            note checkout "on a disk of Windows, which is slow: better in ~"
            return
        fi
        ;;
    esac
    ok checkout "$where"
}

quoted() {
    printf '%s\n' "$1" | sed "s/'/'\\\\''/g; 1s/^/'/; \$s/\$/'/"
}

# meson ends with "Clock skew detected", or ninja builds the same for ever.
clock() {
    if [ -z "$temporary" ]; then
        note clock "not known without a TMPDIR"
        return
    fi
    touch "$temporary/now"
    newer=$(find . \( -name .git -o -name 'build*' -o -name copies \) \
        -type d -prune -o -type f -newer "$temporary/now" -print | sed -n 1p)
    if [ -n "$newer" ]; then
        no clock "it is $(date '+%Y-%m-%d %H:%M') here, and ${newer#./} is from
            the future: meson stops. Set the clock, or:" \
            "find . -type f -exec touch {} +"
    else
        ok clock "$(date '+%Y-%m-%d %H:%M'); no file is from the future"
    fi
}

# The first address that the package manager would ask.
package_source() {
    case $manager in
    apt-get) set -- /etc/apt/sources.list /etc/apt/sources.list.d/* ;;
    dnf) set -- /etc/yum.repos.d/*.repo ;;
    apk) set -- /etc/apk/repositories ;;
    pacman) set -- /etc/pacman.d/mirrorlist ;;
    *) return ;;
    esac
    cat "$@" 2>/dev/null |
        sed -n 's|^[^#]*\(https\{0,1\}://[^/ ]*\).*|\1/|p' | sed -n 1p
}

network() {
    if ! find_manager; then
        note network "no package manager that ./workshop setup knows"
        return
    fi
    address=$(package_source)
    if [ -z "$address" ]; then
        note network "not known here whether $manager reaches its packages"
    elif ! has curl; then
        note network "not known without curl"
    elif curl -sI -o /dev/null --max-time 3 "$address"; then
        ok network "$manager reaches its packages"
    else
        note network "$manager reaches no packages; ./workshop setup needs" \
            "them only for what is missing, or --offline DIR"
    fi
}

# --- All --------------------------------------------------------------------

# time_build: the six servers and the lab, as "./workshop tour" builds them.
time_build() {
    if [ -n "$wrong" ]; then
        note build "not tried, as something is missing"
        return
    fi
    begin=$(date +%s)
    if THAW_BUILD=$temporary/build CCACHE_DISABLE=1 "$me" run 1 --version \
        >"$temporary/log" 2>&1; then
        ok build "the six servers and the lab in $(($(date +%s) - begin)) s"
    else
        sed 's/^/    /' "$temporary/log" >&2
        no build "failed; what it said is above"
    fi
}

doctor() {
    case ${1:-}${2:-} in
    '' | --build) ;;
    *) wrong "nothing or --build after it" "$*" ;;
    esac
    wrong=
    # Of the machine's, what the tools print may be in another language.
    export LC_ALL=C
    system
    for thing in $needed; do
        tool "$thing"
    done
    optional_tools
    loopback
    free_port
    proxies
    descriptors
    processes
    temporary_directory
    disk
    checkout
    clock
    network
    case ${1:-} in
    --build) time_build ;;
    *) note build "not timed: ./workshop doctor --build takes a minute" ;;
    esac
    if [ -n "$wrong" ]; then
        echo "doctor: not ready: ${wrong#, }"
        return 1
    fi
    echo "doctor: all that is needed is there"
}
