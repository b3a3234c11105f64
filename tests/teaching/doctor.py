#!/usr/bin/env python3
"""Asks ./workshop doctor about machines where one thing is wrong.

    doctor.py SOURCE

Each row of ROWS takes one thing away, or makes it wrong, in a small world of
its own: a copy of what the doctor reads, and a directory of tools that is the
whole PATH. It must name that thing and no other, say what to type, and leave
nothing behind. Prints TAP.
"""

import concurrent.futures
import contextlib
import fcntl
import os
import pathlib
import pty
import re
import resource
import shutil
import subprocess
import sys
import time

sys.dont_write_bytecode = True  # no caches in the source tree
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

# pylint: disable=wrong-import-position
import usage
from teaching.world import NEEDED, VERSIONS, World

OTHER_USER = 61341  # has no name, and no process


class Skip(Exception):
    """Says why this is impossible here."""


def block_of(name, text):
    """The lines about a thing, as one line."""
    found = re.search(rf"^\[..\] {re.escape(name)} +(.*(?:\n {{18}}.*)*)", text,
                      re.M)
    return " ".join(found[1].split()) if found else ""


def wrong_in(text):
    return sorted(name.strip()
                  for name in re.findall(r"^\[no\] (.{12})", text, re.M))


# --- What makes one thing wrong ---------------------------------------------

def hidden(name):
    return lambda world: world.hide(name)


def without_library(name):
    return lambda world: (world.libraries / f"{name}.pc").unlink()


def old_library(name, version):
    return lambda world: world.library(name, version)


def no_root(world):
    """And no patch, which root would have to install."""
    world.hide("patch")
    world.hide("sudo")
    user = os.getuid() or OTHER_USER
    world.script("id", f"echo {user}")


def no_linker(world):
    world.script("cc", "[ \"$1\" = --version ] && echo 'cc 1.0' || exit 1")


def old_python(world):
    world.script("python3", "[ \"$1\" = --version ] && "
                            "echo 'Python 3.7.3' || exit 1")


def old_meson(world):
    world.script("meson", "echo 0.56.2")


def variable(name, value):
    return lambda world: world.environment.update({name: value})


def no_proxy(**variables):
    return lambda world: world.environment.update(variables)


def curlrc(world):
    (world.home / ".curlrc").write_text("silent\nproxy = 127.0.0.1:9\n")


def taken_port(world):
    world.socket.listen()


def few_descriptors(world):
    world.preexec = lambda: resource.setrlimit(resource.RLIMIT_NOFILE,
                                               (256, 256))


def few_processes(world):
    """A user's: root has no such limit. As root, that user is new, and has no
    other process. As a user, find counts some that are not there, since other
    tests start and end real ones."""
    if not os.path.isdir("/proc/self/task"):
        raise Skip("no /proc")
    most = 250
    if os.getuid() != 0:
        most = resource.getrlimit(resource.RLIMIT_NPROC)[1]
        most = 100000 if most == resource.RLIM_INFINITY else most
        world.script("find", f"""
case $1 in
/proc/*) awk 'BEGIN {{ for (i = 0; i < {most - 250}; i++) print }}' ;;
*) exec {shutil.which('find')} "$@" ;;
esac""")

    def enter():
        resource.setrlimit(resource.RLIMIT_NPROC, (most, most))
        if os.getuid() == 0:
            os.setgroups([])
            os.setgid(OTHER_USER)
            os.setuid(OTHER_USER)
    world.preexec = enter


def in_namespaces(world, *kinds, command=""):
    """Mounts and the network are the namespace's own, and end with it."""
    unshare = shutil.which("unshare")
    if unshare is None:
        raise Skip("no unshare")
    words = [unshare, *kinds, *([] if os.getuid() == 0
                                else ["--user", "--map-root-user"])]
    script = f"{command}\nexec \"$@\""
    tried = subprocess.run([*words, "/bin/sh", "-ec", f"{command}\ntrue"],
                           capture_output=True, text=True)
    if tried.returncode != 0:
        raise Skip(tried.stderr.strip())
    world.before = [*words, "/bin/sh", "-ec", script, "sh"]


def read_only(world):
    mount = shutil.which("mount", path="/bin:/usr/bin")
    in_namespaces(world, "--mount", command=(
        f"{mount} --bind '{world.tree}' '{world.tree}'; "
        f"{mount} -o remount,ro,bind '{world.tree}'"))


def no_programs_in_tmp(world):
    mount = shutil.which("mount", path="/bin:/usr/bin")
    in_namespaces(world, "--mount", command=(
        f"{mount} -t tmpfs -o noexec,mode=777 tmpfs '{world.temporary}'"))


def no_loopback(world):
    in_namespaces(world, "--net")


def with_databases(world):
    world.library("sqlite3", "3.40.1")
    world.library("libpq", "15.5")
    world.script("initdb", "exit 1")


def without_postgresql(world):
    """Even if this machine has one."""
    with_databases(world)
    world.hide("initdb")
    world.script("ls", "exit 1")


def full_disk(world):
    world.script("df", "echo Filesystem; echo disk 9000 8000 1000 88% /")


def file_from_the_future(world):
    future = time.time() + 3600
    os.utime(world.tree / "teaching/doctor.sh", (future, future))


def odd_path(world):
    world.tree = world.tree.rename(world.root / "a|b")


# What is done to the world, the one line that must be [no], a part of it, and
# what is typed then.
SETUP = "type: ./workshop setup"
ROWS = [
    (hidden("cc"), "compiler", "not found: cc", SETUP),
    (no_linker, "C library", "cannot link a program with threads", SETUP),
    (variable("CC", "no-cc -g"), "compiler", "CC is no-cc", "type: unset CC"),
    (hidden("ninja"), "ninja", "not found", SETUP),
    (hidden("python3"), "python3", "not found", SETUP),
    (old_python, "python3", "Python 3.7.3 is too old", "3.8"),
    (hidden("meson"), "meson", "not found", SETUP),
    (old_meson, "meson", "meson 0.56.2 is too old", "pip install meson"),
    (hidden("pkg-config"), "pkg-config", "not found", SETUP),
    (without_library("jansson"), "jansson", "not found by pkg-config",
     SETUP),
    (old_library("jansson", "2.10"), "jansson", "2.10 is too old",
     SETUP),
    (without_library("check"), "Check", "not found", SETUP),
    (old_library("check", "0.14.0"), "Check", "0.14.0", SETUP),
    (hidden("curl"), "curl", "not found", SETUP),
    (hidden("nc"), "nc", "not found", SETUP),
    (hidden("patch"), "patch", "not found", SETUP),
    (no_root, "patch", "not found", "type: su -c './workshop setup'"),
    (taken_port, "port", f"process {os.getpid()} (", "type: export PORT="),
    (variable("PORT", "http"), "port", "PORT is 'http'", "type: export PORT="),
    (variable("PORT", "65536"), "port", "from 1 to 65535", "export PORT=8080"),
    (no_proxy(http_proxy="http://127.0.0.1:9"), "proxy", "http_proxy",
     "type: export no_proxy=127.0.0.1,localhost"),
    (no_proxy(ALL_PROXY="socks5://127.0.0.1:9", NO_PROXY="10.0.0.1,.test"),
     "proxy", "ALL_PROXY", "no_proxy=127.0.0.1,localhost,10.0.0.1,.test"),
    (curlrc, "proxy", "~/.curlrc", "type: export no_proxy="),
    (no_loopback, "loopback", "lo is down", "ip link set lo up"),
    (few_descriptors, "descriptors", "at most 256", "limits.conf"),
    (few_processes, "processes", "more threads", "ulimit -u"),
    (variable("TMPDIR", "/not/there"), "TMPDIR", "/not/there",
     "export TMPDIR="),
    (no_programs_in_tmp, "TMPDIR", "noexec", "export TMPDIR="),
    (full_disk, "disk", "0 MB are free", "THAW_BUILD="),
    (read_only, "checkout", "cannot be written", "~/thaw"),
    (odd_path, "checkout", "meson cannot build", "~/thaw"),
    (file_from_the_future, "clock", "teaching/doctor.sh is from the future",
     "touch"),
]

# What changes a line, and is no reason to fail.
FINE = [
    (lambda world: None, "compiler", ""),
    (hidden("git"), "git", "lint needs it"),
    (lambda world: None, "beyond", "not found: sqlite libpq"),
    (lambda world: world.library("sqlite3", "3.23.1"), "beyond",
     "not found: sqlite libpq"),
    (lambda world: world.library("sqlite3", "3.24.0"), "beyond",
     "not found: libpq"),
    (without_postgresql, "beyond", "not found: postgresql;"),
    (with_databases, "beyond", "SQLite 3.40.1, libpq 15.5, PostgreSQL"),
    (hidden("apt-get"), "network", "no package manager"),
    (no_proxy(http_proxy="http://127.0.0.1:9", no_proxy="a, 127.0.0.1"),
     "proxy", "there is one, and curl reaches 127.0.0.1"),
    (no_proxy(all_proxy="http://127.0.0.1:9", no_proxy="*"), "proxy",
     "there is one"),
    (no_proxy(HTTP_PROXY="http://127.0.0.1:9"), "proxy", "curl reaches"),
    (variable("CC", "cc -g"), "compiler", ""),
    (lambda world: world.script("nc", "echo 'OpenBSD netcat (patch 1)' >&2"),
     "nc", "OpenBSD's"),
    (lambda world: world.script("nc", "echo '[v1.10-47]' >&2; exit 1"), "nc",
     "the traditional one"),
    (lambda world: world.script("nc", "echo 'Ncat 7.9 ( https://nmap.org/ncat"
                                      " )'"), "nc", "nmap's ncat"),
    (lambda world: world.script("nc", "echo 'BusyBox v1.35.0' >&2; exit 1"),
     "nc", "BusyBox's"),
    (lambda world: world.script("nc", "exit 1"), "nc", "not tried"),
]


# --- The tests --------------------------------------------------------------

def check_width(text):
    for line in text.splitlines():
        # A command is not cut, and neither is a path.
        assert len(line) <= 80 or re.match(r" {18}type: |.{18}\S+$",
                                           line), line
    assert "\033" not in text, "colours, and no terminal"


def in_a_world(source, change, judge):
    with World(source) as world:
        change(world)
        result = world.run("doctor")
        check_width(result.stdout)
        assert result.stderr == "", result.stderr
        judge(result)


def wrong_row(source, row):
    change, name, what, cure = row

    def judge(result):
        text = result.stdout
        named = wrong_in(text)
        assert named == [name], (
            f"expected [no] for {name}, got {named}:\n{text}")
        told = block_of(name, text)
        assert what in told and cure in told, (
            f"expected {what!r} and {cure!r} in {told!r}")
        last = text.splitlines()[-1]
        assert last == f"doctor: not ready: {name}", last
        assert result.returncode == 1, result
    in_a_world(source, change, judge)


def fine_row(source, row):
    change, name, what = row

    def judge(result):
        text = result.stdout
        assert wrong_in(text) == [], text
        assert what in block_of(name, text), f"expected {what!r}:\n{text}"
        assert text.endswith("\ndoctor: all that is needed is there\n"), text
        assert result.returncode == 0, result
    in_a_world(source, change, judge)


def the_tools_of_this_machine(source, tool):
    """Their versions are found; this test was built with most of them."""
    with World(source) as world:
        world.use_real(*NEEDED)
        world.environment.pop("PKG_CONFIG_LIBDIR")
        text = world.run("doctor").stdout
        check_width(text)
        mark = re.search(rf"^\[(..)\] {tool} .*\d", text, re.M)
        assert mark and mark[1] == "ok", text


def unknown_word(source, word):
    with World(source) as world:
        result = world.run("doctor", word)
    assert result.returncode == 2 and result.stdout == "", result
    assert "expected nothing or --build" in result.stderr, result


def moved(descriptor):
    """It is not 0 to 2, which may be closed here."""
    other = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, 3)
    os.close(descriptor)
    return other


def a_terminal_gets_colours(source, variable_name):
    """If it can, and nothing says otherwise."""
    for value, expected in {"": b"\033[32m[ok]\033[0m", "1": b"[ok]"}.items():
        with World(source) as world:
            world.environment.update({"TERM": "xterm", variable_name: value})
            ours, theirs = map(moved, pty.openpty())
            with open(ours, "rb", buffering=0) as terminal:
                with open(theirs, "wb") as output:
                    process = world.start("doctor", stdout=output,
                                          stderr=output)
                first = terminal.read(len(expected))
                with contextlib.suppress(OSError):  # EIO is Linux' end
                    while terminal.read(4096):
                        pass
                assert process.wait(timeout=60) == 0
        assert first == expected, (value, first)


def setup_installs_what_it_looks_for(source, manager):
    """And from the same list."""
    text = (source / "workshop").read_text()
    needed = re.search(r'^needed="(.*)"$', text, re.M)[1].split()
    assert {*NEEDED, *VERSIONS, "libc", "pkg-config"} == {*needed, "git"}
    function = re.search(r"^packages\(\) \{.*?^\}", text, re.M | re.S)[0]
    packages = subprocess.run(
        ["sh", "-c", f"{function}\npackages {manager}"], text=True,
        capture_output=True, check=True).stdout
    missing = [thing for thing in needed if f" {thing}=" not in f" {packages}"]
    # macOS brings the others, and its compiler is installed in another way.
    brings = ["cc", "libc", "python3", "curl", "nc", "patch"]
    assert missing == (brings if manager == "brew" else []), missing


def versions_are_mesons(source, library):
    text = (source / "workshop").read_text()
    version = re.search(rf'"{library} >= (.*)"', text)[1]
    for path in ("meson.build", "tests/meson.build"):
        for build in re.findall(rf"'{library}', version: '>=(.*?)'",
                                (source / path).read_text()):
            assert build == version, (path, build, version)
            return
    raise AssertionError(f"no meson.build has a version of {library}")


def name_of(test, row):
    if test is wrong_row:
        _, name, what, _ = row
        return f"{name} is named, and no other: {what}"
    if test is fine_row:
        return f"{row[1]}: {row[2]}".rstrip(": ")
    return f"{test.__name__}: {row}"


def outcome(source, test, row):
    try:
        test(source, row)
        return "ok", ""
    except Skip as why:
        return "ok", f"SKIP {why}"
    except Exception as fault:
        return "not ok", f"{type(fault).__name__}: {fault}"


def main():
    usage.show_if_asked(__doc__, 1)
    source = pathlib.Path(sys.argv[1]).resolve()
    tests = ([(wrong_row, row) for row in ROWS]
             + [(fine_row, row) for row in FINE]
             + [(setup_installs_what_it_looks_for, manager) for manager in
                ("apt-get", "dnf", "apk", "pacman", "brew")]
             + [(versions_are_mesons, library) for library in VERSIONS]
             + [(the_tools_of_this_machine, tool) for tool in
                ("compiler", "ninja", "python3", "meson", "jansson", "Check")]
             + [(a_terminal_gets_colours, "NO_COLOR")]
             + [(unknown_word, word) for word in ("--biuld", "5")])
    print(f"1..{len(tests)}")
    with concurrent.futures.ThreadPoolExecutor(2) as threads:
        outcomes = threads.map(lambda one: outcome(source, *one), tests)
        for number, (one, (result, told)) in enumerate(zip(tests, outcomes),
                                                       start=1):
            skip = f" # {told}" if told.startswith("SKIP") else ""
            print(f"{result} {number} - {name_of(*one)}{skip}")
            for line in [] if skip else told.splitlines():
                print(f"# {line}")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
