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
import os
import pathlib
import re
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True  # no caches in the source tree
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

# pylint: disable=wrong-import-position
import usage

# What every system has, and a compiler's own.
BASE = """sh awk sed grep cat head tail wc tr ls find df id uname getconf mktemp
    chmod rm mkdir touch date dirname basename ps printf sort su env getent as
    ld""".split()
NEEDED = ["cc", "ninja", "python3", "meson", "pkg-config", "curl", "nc",
          "patch"]
TOOLS = [*NEEDED, "git"]
VERSIONS = {"jansson": "2.14", "check": "0.15.2"}
LIMIT_SECONDS = 60
OTHER_USER = 65534


class Skip(Exception):
    """Says why this is impossible here."""


def real(tool):
    """Not ccache under the name of a compiler: it looks in the PATH for the
    compiler, and would find itself."""
    directories = [directory for directory in os.environ["PATH"].split(":")
                   if "ccache" not in os.path.realpath(f"{directory}/{tool}")]
    path = shutil.which(tool, path=":".join([*directories, "/usr/sbin"]))
    if tool == "python3":  # the system's, which every user may read
        return shutil.which(tool, path="/usr/bin") or sys.executable
    return path


class World:
    """A machine where all is well. What runs the doctor there is `run`."""

    def __init__(self, source, directory):
        self.root = pathlib.Path(directory)
        self.root.chmod(0o755)
        self.tree = self.root / "the tree"
        self.bin = self.root / "bin"
        self.libraries = self.root / "libraries"
        self.temporary = self.root / "temporary"
        self.home = self.root / "home"
        for path in (self.tree, self.bin, self.libraries, self.temporary,
                     self.home):
            path.mkdir()
        shutil.copy(source / "workshop", self.tree)
        shutil.copytree(source / "teaching", self.tree / "teaching")
        (self.tree / "exercises").mkdir()
        for path in (self.tree, self.tree / "exercises", self.temporary):
            path.chmod(0o777)
        for tool in [*BASE, *TOOLS]:
            path = real(tool)
            if path is None and tool in BASE:
                continue
            if path is None:
                raise Skip(f"no {tool}")
            self.script(tool, f'exec "{path}" "$@"')
        # It is asked whether packages can be had, and not for packages.
        curl = real("curl")
        self.script("curl", 'case "$*" in *-sI*) exit 6 ;; esac\n'
                            f'exec "{curl}" "$@"')
        self.script("apt-get", "exit 1")
        for name, version in VERSIONS.items():
            self.library(name, version)
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            port = unused.getsockname()[1]
        self.environment = {
            "PATH": str(self.bin), "HOME": str(self.home), "PORT": str(port),
            "PKG_CONFIG_LIBDIR": str(self.libraries),
            "TMPDIR": str(self.temporary)}
        self.preexec = None
        self.before = []  # words before the command: a program that starts it

    def script(self, name, text):
        path = self.bin / name
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)

    def library(self, name, version):
        (self.libraries / f"{name}.pc").write_text(
            f"Name: {name}\nDescription: {name}\nVersion: {version}\n")

    def hide(self, name):
        (self.bin / name).unlink()

    def files(self):
        return sorted([*self.tree.rglob("*"), *self.temporary.rglob("*"),
                       *self.home.rglob("*")])

    def run(self, *words):
        before = self.files()
        result = subprocess.run(
            [*self.before, "/bin/sh", str(self.tree / "workshop"), "doctor",
             *words], env=self.environment, cwd=self.root, text=True,
            stdin=subprocess.DEVNULL, capture_output=True,
            timeout=LIMIT_SECONDS, preexec_fn=self.preexec)
        assert self.files() == before, "it leaves something behind"
        return result


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


@contextlib.contextmanager
def taken_port(world):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", int(world.environment["PORT"])))
        listener.listen()
        yield


def few_descriptors(world):
    world.preexec = lambda: resource.setrlimit(resource.RLIMIT_NOFILE,
                                               (256, 256))


def threads_of(user):
    count = 0
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if process.stat().st_uid == user:
                count += len(os.listdir(process / "task"))
    return count


def few_processes(world):
    """A user's: root has no such limit."""
    if not os.path.isdir("/proc/self/task"):
        raise Skip("no /proc")
    user = os.getuid() or OTHER_USER
    most = threads_of(user) + 250

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
    (without_library("jansson"), "jansson", "jansson", SETUP),
    (old_library("jansson", "2.10"), "jansson", "2.10", SETUP),
    (without_library("check"), "Check", "check", SETUP),
    (old_library("check", "0.14.0"), "Check", "0.14.0", SETUP),
    (hidden("curl"), "curl", "not found", SETUP),
    (hidden("nc"), "nc", "not found", SETUP),
    (hidden("patch"), "patch", "not found", SETUP),
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
    with tempfile.TemporaryDirectory(prefix="thaw-doctor-") as directory:
        world = World(source, directory)
        around = change(world)
        if not hasattr(around, "__enter__"):
            around = contextlib.nullcontext()
        with around:
            result = world.run()
        check_width(result.stdout)
        assert result.stderr == "", result.stderr
        judge(result)


def wrong_row(source, usual, row):
    change, name, what, cure = row

    def judge(result):
        text = result.stdout
        named = wrong_in(text)
        expected = sorted({*usual, name})
        assert named == expected, (
            f"expected [no] for {expected}, got {named}:\n{text}")
        told = block_of(name, text)
        assert what in told and cure in told, (
            f"expected {what!r} and {cure!r} in {told!r}")
        last = text.splitlines()[-1]
        assert last.startswith("doctor: not ready: ") and name in last, last
        assert result.returncode == 1, result
    in_a_world(source, change, judge)


def fine_row(source, usual, row):
    change, name, what = row

    def judge(result):
        text = result.stdout
        assert wrong_in(text) == usual, text
        assert what in block_of(name, text), f"expected {what!r}:\n{text}"
        assert result.returncode == (1 if usual else 0), result
    in_a_world(source, change, judge)


def usually_wrong(source):
    """What is wrong on this machine, with nothing taken away."""
    with tempfile.TemporaryDirectory(prefix="thaw-doctor-") as directory:
        result = World(source, directory).run()
    assert result.stdout, result
    return wrong_in(result.stdout)


def unknown_word(source, usual, word):
    del usual
    with tempfile.TemporaryDirectory(prefix="thaw-doctor-") as directory:
        result = World(source, directory).run(word)
    assert result.returncode == 2 and result.stdout == "", result
    assert "expected nothing or --build" in result.stderr, result


def setup_installs_what_it_looks_for(source, usual, manager):
    """And from the same list."""
    del usual
    text = (source / "workshop").read_text()
    needed = re.search(r'^needed="(.*)"$', text, re.M)[1].split()
    assert {*NEEDED, *VERSIONS, "libc"} == set(needed), needed
    function = re.search(r"^packages\(\) \{.*?^\}", text, re.M | re.S)[0]
    packages = subprocess.run(
        ["sh", "-c", f"{function}\npackages {manager}"], text=True,
        capture_output=True, check=True).stdout
    missing = [thing for thing in needed if f" {thing}=" not in f" {packages}"]
    # macOS brings the others, and its compiler is installed in another way.
    brings = ["cc", "libc", "python3", "curl", "nc", "patch"]
    assert missing == (brings if manager == "brew" else []), missing


def versions_are_mesons(source, usual, library):
    del usual
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


def outcome(source, usual, test, row):
    try:
        test(source, usual, row)
        return "ok", ""
    except Skip as why:
        return "ok", f"SKIP {why}"
    except Exception as fault:
        return "not ok", f"{type(fault).__name__}: {fault}"


def main():
    usage.show_if_asked(__doc__, 1)
    source = pathlib.Path(sys.argv[1]).resolve()
    try:
        usual = usually_wrong(source)
    except Skip as why:
        print(f"1..0 # SKIP {why}")
        return
    tests = ([(wrong_row, row) for row in ROWS]
             + [(fine_row, row) for row in FINE]
             + [(setup_installs_what_it_looks_for, manager) for manager in
                ("apt-get", "dnf", "apk", "pacman", "brew")]
             + [(versions_are_mesons, library) for library in VERSIONS]
             + [(unknown_word, word) for word in ("--biuld", "5")])
    print(f"1..{len(tests)}")
    with concurrent.futures.ThreadPoolExecutor(2) as threads:
        outcomes = threads.map(lambda one: outcome(source, usual, *one), tests)
        for number, (one, (result, told)) in enumerate(zip(tests, outcomes),
                                                       start=1):
            skip = f" # {told}" if told.startswith("SKIP") else ""
            print(f"{result} {number} - {name_of(*one)}{skip}")
            for line in [] if skip else told.splitlines():
                print(f"# {line}")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
