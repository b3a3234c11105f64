"""The environments in which the tests must pass: the table at the end.

`prepare` makes what an environment needs once, or says why this machine cannot.
`enter` changes the process that becomes the test. Where a test could not do its
own work then, `around` is PROGRAMS: only the servers and the lab that the test
starts are changed.
"""

import os
import pathlib
import pwd
import resource
import shutil
import signal
import subprocess
import sys

TEST, PROGRAMS = "the test and all that it starts", "the servers and the lab"
NOWHERE = "http://127.0.0.1:9"  # the port "discard": nothing listens there
USER = 61338  # has no name, no home and no files
LOCALE = "de_DE.UTF-8"
FEW = 256  # descriptors: macOS' default
SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD]


class Room:
    """Directories that end with the run. `build` is where the tests are."""

    def __init__(self, path, build):
        self.path = pathlib.Path(path)
        self.build = pathlib.Path(build)
        self.copy = self.path / "Thäw, the copy"
        self.temporary = self.path / "temporary"
        self.decoy = self.path / "decoy"
        self.home = self.path / "home"
        self.locales = self.path / "locales"
        self.code = self.path / "code"
        # The system's Python, and a copy of this code: every user can read it.
        python = shutil.which("python3", path="/usr/bin") or sys.executable
        self.enter = [python, "-BES", self.code / "enter.py"]


class Environment:
    def __init__(self, name, how, enter, selection, around=TEST,
                 prepare=lambda room: "", is_copy=False):
        self.name = name
        self.how = how
        self.enter = enter
        self.selection = selection
        self.around = around
        self.prepare = prepare
        self.is_copy = is_copy


def use_a_proxy(room):
    del room
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        os.environ[name] = os.environ[name.upper()] = NOWHERE
    for name in ("no_proxy", "NO_PROXY"):
        os.environ.pop(name, None)


def set_cdpath(room):
    os.environ["CDPATH"] = str(room.decoy)


def make_tmp_read_only(room):
    """READ_ONLY in enter.py does the rest, in a mount namespace."""
    os.environ["TMPDIR"] = str(room.temporary)


def set_locale(room):
    os.environ.update(LOCPATH=str(room.locales), LC_ALL=LOCALE, LANG=LOCALE,
                      LANGUAGE="de")


def set_dumb_terminal(room):
    del room
    os.environ["TERM"] = "dumb"


def set_umask(room):
    del room
    os.umask(0o077)


def become_a_user(room):
    os.environ.update(HOME=str(room.home), TMPDIR=str(room.home))
    if os.getuid() == 0:
        os.setgroups([])
        os.setgid(USER)
        os.setuid(USER)


def limit_descriptors(room):
    del room
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (FEW, hard))


def ignore_signals(room):
    del room
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def block_signals(room):
    del room
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)


def close_descriptors(room):
    """Output has the results or the port; enter.py closes the lab's, too."""
    del room
    os.close(0)
    os.close(2)


def nothing(room):
    del room


def try_namespace(room):
    room.temporary.mkdir()
    if shutil.which("unshare") is None:
        return "no unshare"
    result = subprocess.run(
        ["unshare", "--mount", "mount", "--bind", "/tmp", "/tmp"],
        capture_output=True, text=True)
    return result.stderr.strip().splitlines()[-1] if result.returncode else ""


def make_locale(room):
    room.locales.mkdir()
    if shutil.which("localedef") is None:
        return "no localedef"
    result = subprocess.run(
        ["localedef", "-i", "de_DE", "-f", "UTF-8", room.locales / LOCALE],
        capture_output=True, text=True)
    return "localedef cannot make it" if result.returncode else ""


def make_home(room):
    room.home.mkdir()
    if os.getuid() != 0:
        return ""  # the tests run as a user anyway
    try:
        return f"{pwd.getpwuid(USER).pw_name} has the number {USER}"
    except KeyError:
        os.chown(room.home, USER, USER)
        return ""


def make_decoy(room):
    """Where a careless "cd" would go."""
    source = pathlib.Path(__file__).parents[2]
    for name in (".ci", "tests", "build", "lab", source.name,
                 *(stage.name for stage in source.glob("stage[1-6]_*"))):
        (room.decoy / name).mkdir(parents=True)
    return ""


# The selections are what .ci/run runs. Each has the tests that failed there
# once, and a few more, and takes some 15 seconds.
ENVIRONMENTS = [
    Environment("proxy", f"http_proxy, HTTP_PROXY ... = {NOWHERE}",
                use_a_proxy, [
                    "real_clients 1", "real_clients 3", "not-json 3", "lab",
                    "order lanes",
                    "README of stage1_blocking", "README of stage3_parse"]),
    Environment("cdpath", "CDPATH leads to directories of the same names",
                set_cdpath, [
                    "lab", "workshop", "table", "README of stage3_parse",
                    "README of stage5_queue", "shape"],
                prepare=make_decoy),
    Environment("tmpdir", "TMPDIR is elsewhere, /tmp is read-only",
                make_tmp_read_only, [
                    "audit 4", "queue 5", "shutdown 6", "ten-at-once 6", "lab",
                    "workshop", "crash durable", "postgres",
                    "README of stage3_parse", "README of stage5_queue"],
                prepare=try_namespace),
    Environment("path", "the path of source and build has a space, an umlaut",
                nothing, [
                    "wire 2", "shutdown 5", "real_clients 3",
                    "silent-clients 1", "silent-clients sketch", "lab", "table",
                    "workshop", "crash durable", "order lanes", "postgres",
                    "README of stage1_blocking", "README of stage3_parse",
                    "README of stage6_pool", "shape", "exercise 6_pool"],
                is_copy=True),
    Environment("user", f"user {USER}, who is not root", become_a_user, [
                    "wire 2", "shutdown 5", "scarce 4", "idle-crowd 2",
                    "audit 5", "lab", "README of stage3_parse", "shape",
                    "crash durable", "postgres", "learner"],
                prepare=make_home, is_copy=True),
    Environment("locale", f"LC_ALL={LOCALE}", set_locale, [
                    "wire 3", "options 3", "options 5", "not-json 3", "lab",
                    "table", "README of stage1_blocking",
                    "README of stage3_parse", "README of stage6_pool"],
                prepare=make_locale),
    Environment("term", "TERM=dumb", set_dumb_terminal, [
                    "ten-at-once 6", "lab", "table",
                    "README of stage3_parse", "README of stage5_queue"]),
    Environment("umask", "umask 077", set_umask, [
                    "queue 5", "shutdown 6", "scarce 4", "audit 4", "lab",
                    "README of stage3_parse", "README of stage5_queue"]),
    Environment("descriptors", f"ulimit -Sn {FEW}", limit_descriptors, [
                    "idle-crowd 2", "idle-crowd 6", "burst 4", "burst 5",
                    "silent-clients 1", "connections 2", "storm 5", "scarce 2",
                    "burst lanes", "audit durable", "lab",
                    "README of stage3_parse"]),
    Environment("ignored", "INT, TERM, HUP and CHLD are ignored",
                ignore_signals, [
                    "blocking 1", "wire 1", "shutdown 2", "shutdown 5",
                    "shutdown 6", "real_clients 1", "audit 5", "lab",
                    "shutdown lanes", "crash durable",
                    "README of stage1_blocking", "README of stage5_queue"],
                around=PROGRAMS),
    Environment("blocked", "INT, TERM, HUP and CHLD are blocked",
                block_signals, [
                    "blocking 1", "wire 1", "shutdown 2", "shutdown 5",
                    "shutdown 6", "real_clients 1", "audit 5", "lab",
                    "shutdown lanes", "crash durable",
                    "README of stage1_blocking", "README of stage5_queue"],
                around=PROGRAMS),
    Environment("closed", "descriptors 0, 2 and the lab's 1 are closed",
                close_descriptors, [
                    "wire 1", "wire 5", "shutdown 5", "options 3",
                    "silent-clients 1", "silent-clients 2", "burst 5",
                    "audit 5", "order 6", "crash durable", "lab",
                    "README of stage3_parse"]),
]
