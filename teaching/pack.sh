# pack.sh - packages in a folder, for machines without a network. A part of
# ./workshop, which reads it
#
#   SYSTEM      the Debian and the processor that they are for
#   *.deb       what setup installs, and all that this needs on an empty system
#   Packages    their index, for apt
#   SHA256SUMS  written last: a folder without it is not complete
#
# The variables that are not set or not read here are those of ./workshop.
# shellcheck shell=sh disable=SC2154,SC2034

# from_caller PATH: a relative one is the caller's.
from_caller() {
    case $1 in
    /*) echo "$1" ;;
    *) echo "$caller/$1" ;;
    esac
}

# As "debian 12 amd64". Debian's testing has a name only.
this_system() (
    # shellcheck source=/dev/null
    . /etc/os-release
    echo "$ID ${VERSION_ID:-${VERSION_CODENAME:-}} $(dpkg --print-architecture)"
)

# needs_apt: the packages are Debian's.
needs_apt() {
    for tool in apt-get dpkg-deb sha256sum; do
        has "$tool" || fail "$command: the packages are Debian's, and there" \
            "is no $tool here"
    done
    manager="apt-get" # for what ./workshop calls
}

# Of all packages on a system that has none: NAME=VERSION, a line each. What
# this machine has, and what it downloaded before, does not count.
all_packages() {
    # shellcheck disable=SC2046,SC2086
    apt-get --simulate --no-install-recommends \
        -o Dir::State::status=/dev/null install $(packages_of $needed) |
        sed -n 's/^Inst \([^ ]*\) (\([^ ]*\) .*/\1=\2/p'
}

# Another file means that the folder is not ours.
check_pack_folder() {
    for file in "$1"/* "$1"/.[!.]*; do
        case ${file##*/} in
        *.deb | SYSTEM | Packages | SHA256SUMS | '*' | '.[!.]*') ;;
        *)
            fail "pack: $1 has other files, as ${file##*/};" \
                "expected a new folder, or one that pack filled"
            ;;
        esac
    done
}

# Of the packages in this folder, as apt reads it.
index() {
    for file in *.deb; do
        dpkg-deb --field "$file"
        echo "Filename: ./$file"
        echo "Size: $(wc -c <"$file")"
        echo "SHA256: $(sha256sum "$file" | cut -d ' ' -f 1)"
        echo
    done
}

# pack FOLDER
pack() {
    needs_apt
    folder=$(from_caller "$1")
    mkdir -p "$folder" || fail "pack: cannot make $1"
    check_pack_folder "$folder"
    rm -f "$folder/SHA256SUMS"
    log=$(mktemp)
    trap 'rm -f "$log"' EXIT
    trap 'exit 1' INT TERM HUP
    if can_install; then
        as_root apt-get -o APT::Update::Error-Mode=any update \
            >"$log" 2>&1 </dev/null || tell "apt-get update failed"
    fi
    all=$(all_packages 2>"$log")
    if [ -z "$all" ]; then
        tell "apt-get knows no packages for $needed"
        fail "pack: apt-get update, and run this again"
    fi
    say "downloading $(echo "$all" | wc -l) packages into $1"
    cd -- "$folder" || fail "pack: cannot enter $1"
    # What an interrupted download left may be cut.
    rm -f ./*.deb
    # shellcheck disable=SC2086
    apt-get -o APT::Sandbox::User=root download $all >"$log" 2>&1 || {
        tell "apt-get download failed"
        fail "pack: $1 is not complete; run this again"
    }
    index >Packages
    this_system >SYSTEM
    sums=$(sha256sum -- *.deb Packages SYSTEM)
    echo "$sums" >SHA256SUMS
    say "packed $(du -sm . | cut -f 1) MB for $(cat SYSTEM); on such a machine:"
    say "./workshop setup --offline DIR"
}

# check_pack FOLDER AS_TYPED: it must be whole, and for this system.
check_pack() {
    [ -d "$1" ] || fail "setup: there is no folder $2"
    [ -f "$1/SHA256SUMS" ] ||
        fail "setup: $2 is empty or not complete: it has no SHA256SUMS;" \
            "./workshop pack $2 fills it, where there is a network"
    damaged=$(cd "$1" &&
        LC_ALL=C sha256sum --check --quiet SHA256SUMS 2>/dev/null) ||
        fail "setup: $2 is damaged: $(echo "$damaged" | sed -n 1p); copy it" \
            "again, or ./workshop pack $2, where there is a network"
    packed=$(cat "$1/SYSTEM")
    [ "$packed" = "$(this_system)" ] ||
        fail "setup: $2 is for $packed, and this is $(this_system):" \
            "pack it on such a machine"
}

# offline FOLDER: from now on apt-get knows that folder and nothing else. The
# machine's own lists and sources stay as they are.
offline() {
    needs_apt
    folder=$(from_caller "$1")
    check_pack "$folder" "$1"
    apt=$(mktemp -d)
    trap 'rm -rf "$apt"' EXIT
    trap 'exit 1' INT TERM HUP
    mkdir -p "$apt/lists/partial" "$apt/lists/auxfiles" "$apt/sources"
    ln -s "$(cd "$folder" && pwd)" "$apt/packages"
    cat >"$apt/sources/thaw.sources" <<END
Types: deb
URIs: file:$(echo "$apt/packages" | sed 's/%/%25/g; s/ /%20/g')
Suites: ./
Trusted: yes
END
    cat >"$apt/apt.conf" <<END
Dir::Etc::SourceList "/dev/null";
Dir::Etc::SourceParts "$apt/sources";
Dir::State::lists "$apt/lists";
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
APT::Sandbox::User "root";
END
    export APT_CONFIG="$apt/apt.conf"
    packed_in=$1
}
