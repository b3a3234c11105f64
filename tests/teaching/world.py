"""A machine in a directory, for tests of what ./workshop finds on a machine."""

import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import threading

# What every system has; and pkg-config, which reads the libraries' files.
BASE = """sh awk sed grep cat head tail wc tr ls find df id uname getconf mktemp
    chmod rm mkdir touch date dirname basename ps printf sort env as ld
    sha256sum cut du ln cp mv tar dpkg dpkg-deb pkg-config""".split()
# A shell's script calls these some hundred times.
COPIED = """awk sed grep cat head tail wc tr ls uname getconf mktemp chmod rm
    mkdir date dirname basename printf sort id pkg-config""".split()
# What is needed, as a script that says its version, and does nothing.
NEEDED = {"cc": "echo cc 12.2.0", "ninja": "echo 1.11.1",
          "python3": "echo Python 3.11.2", "meson": "echo 1.0.1",
          "curl": "case $1 in --version) echo curl 7.88.1 ;; *) exit 6 ;; esac",
          "nc": "echo OpenBSD netcat", "patch": "echo GNU patch 2.7.6",
          "git": "echo git version 2.39.5"}
VERSIONS = {"jansson": "2.14", "check": "0.15.2"}
LIMIT_SECONDS = 60
# A script that one thread has open for writing is for a moment open in what
# another thread starts, too, and cannot be run as long (ETXTBSY).
writing_or_starting = threading.Lock()


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
    """A machine where all is well. `run` types ./workshop there."""

    def __init__(self, source):
        self.directory = tempfile.TemporaryDirectory(prefix="thaw-world-")
        self.root = pathlib.Path(self.directory.name)
        self.root.chmod(0o755)
        self.tree = self.root / "the tree"
        self.bin = self.root / "bin"
        self.libraries = self.root / "libraries"
        self.temporary = self.root / "temporary files"
        self.home = self.root / "home"
        for path in (self.tree, self.bin, self.libraries, self.temporary,
                     self.home):
            path.mkdir()
        shutil.copy(source / "workshop", self.tree)
        shutil.copytree(source / "teaching", self.tree / "teaching")
        (self.tree / "exercises").mkdir()
        for path in (self.tree, self.tree / "exercises", self.temporary):
            path.chmod(0o777)
        self.use_real(*BASE)
        for tool, text in NEEDED.items():
            self.script(tool, text)
        self.script("apt-get", "exit 1")
        self.script("sudo", 'exec "$@"')
        for name, version in VERSIONS.items():
            self.library(name, version)
        # Reserved, so that no other program listens there.
        self.socket = socket.socket()
        self.socket.bind(("127.0.0.1", 0))
        self.environment = {
            "PATH": str(self.bin), "HOME": str(self.home),
            "PORT": str(self.socket.getsockname()[1]),
            "PKG_CONFIG_LIBDIR": str(self.libraries),
            "TMPDIR": str(self.temporary)}
        self.preexec = None
        self.before = []  # words before the command: a program that starts it

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()
        self.directory.cleanup()

    def script(self, name, text):
        path = self.bin / name
        with writing_or_starting:
            path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)

    def use_real(self, *tools):
        """Those of this machine, where it has them. A copy starts no shell
        first, and cannot be written through, as a link can. The others would
        look for their libraries beside it."""
        for tool in tools:
            path = real(tool)
            if path and tool in COPIED:
                with writing_or_starting:
                    shutil.copy(path, self.bin / tool)
            elif path:
                self.script(tool, f'exec "{path}" "$@"')

    def library(self, name, version):
        (self.libraries / f"{name}.pc").write_text(
            f"Name: {name}\nDescription: {name}\nVersion: {version}\n")

    def hide(self, name):
        (self.bin / name).unlink()

    def files(self):
        return sorted([*self.tree.rglob("*"), *self.temporary.rglob("*"),
                       *self.home.rglob("*")])

    def start(self, *words, **how):
        command = [*self.before, "/bin/sh", str(self.tree / "workshop"), *words]
        with writing_or_starting:  # returns when the program has begun
            return subprocess.Popen(
                command, env=self.environment, cwd=self.root,
                stdin=subprocess.DEVNULL, preexec_fn=self.preexec, **how)

    def run(self, *words):
        before = self.files()
        with self.start(*words, text=True, stdout=subprocess.PIPE,
                        stderr=subprocess.PIPE) as process:
            try:
                output = process.communicate(timeout=LIMIT_SECONDS)
            finally:
                process.kill()
        result = subprocess.CompletedProcess(words, process.returncode, *output)
        left = set(self.files()) ^ set(before)
        assert not left, f"it leaves {left} behind: {result}"
        return result
