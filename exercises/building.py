"""building.py - compiles what a check needs, and finds the programs"""

import json
import pathlib
import re
import shutil
import signal
import sys

import bounded
import build_lock
from printable import printable

SECONDS = 900
MEMORY_MAX = 16 << 30  # in bytes; a machine with many processors needs some
OUTPUT_MAX = 16 << 20  # in bytes
LINES_MAX = 40  # of what the compiler says

# What ninja prints besides what the compiler says.
CHATTER = re.compile(r"\[\d+/\d+\] |ninja: |INFO: |WARNING: |FAILED: |"
                     r"Found |Cleaning|The Meson build system|"
                     r"\d+ (warning|error)s? .*generated|"
                     r"(.* )?(ACTIVATING|Activating) ")


class Failed(Exception):
    """It does not compile; the text is what the compiler says."""


class CannotBuild(Exception):
    """meson or the build directory is not as it must be."""


class Stopped(CannotBuild):
    """It was ended from outside. Whose fault that is, is not known."""


# What gcc, clang and the linkers say when the system stopped them. A line of
# the file, which they quote, begins with a space or with its place.
ENDED = re.compile(
    r"^(?!\S+:\d)\w[^\n:]*: .*(signal terminated program|terminated with signal"
    r"|unable to execute command|out of memory|memory exhausted"
    r"|[Cc]annot allocate memory|Resource temporarily unavailable"
    r"|Too many open files).*", re.M)
NO_ROOM = re.compile(r"^\S.*(No space left on device|Disk quota exceeded).*",
                     re.M)


def tell(text):
    print(f"workshop: {printable(text)}", file=sys.stderr, flush=True)


class Build:
    def __init__(self, directory, root):
        self.directory = pathlib.Path(directory)
        self.root = root

    def targets(self):
        """{name: path} of all programs that meson knows."""
        try:
            with build_lock.held(self.directory, tell):
                text = (self.directory / "meson-info/intro-targets.json"
                        ).read_text("utf-8")
        except OSError as fault:
            raise CannotBuild(f"{fault.filename}: {fault.strerror}. Does "
                              "meson setup succeed?") from fault
        return {target["name"]: pathlib.Path(target["filename"][0])
                for target in json.loads(text)
                if target["type"] == "executable"}

    def find(self, name):
        """The program's path, or None: the compiler here cannot build it."""
        if name not in self.targets():  # it was configured before there was one
            try:
                self.run(["meson", "setup", "--reconfigure", self.directory])
            except Failed as fault:
                raise CannotBuild(f"meson setup failed:\n{fault}") from fault
        return self.targets().get(name)

    def run(self, command):
        if shutil.which(command[0]) is None:
            raise CannotBuild(f"there is no {command[0]}: ./workshop setup "
                              "installs it")
        try:
            with build_lock.held(self.directory, tell):
                result = bounded.run(command, SECONDS, directory=self.root,
                                     memory_max=MEMORY_MAX,
                                     output_max=OUTPUT_MAX)
        except OSError as fault:
            raise CannotBuild(f"{fault.filename}: {fault.strerror}") from fault
        except bounded.CannotRun as fault:
            raise CannotBuild(str(fault)) from fault
        check_end(result)
        said = what_matters(result.output, self.root)
        if result.status != 0:
            raise Failed(said or result.output[-2000:])
        return said

    def compile(self, names):
        """Returns the warnings."""
        return self.run(["meson", "compile", "-C", self.directory, *names])


def limits():
    """Why bounded.py ends a build."""
    return {"time": f"took more than {SECONDS} s",
            "memory": f"took more than {MEMORY_MAX >> 20} MiB of memory",
            "output": f"printed more than {OUTPUT_MAX >> 10} KiB"}


def check_end(result):
    """Raises what tells how the build was ended, if it did not end itself."""
    ended = ENDED.search(result.output)
    no_room = NO_ROOM.search(result.output)
    if result.status == 0:
        return
    if no_room:
        raise CannotBuild(f"the disk is full: {no_room[0].strip()}")
    if result.reason is not None:
        fault = f"the build {limits()[result.reason]}, and was stopped"
    elif result.number is not None:
        name = signal.strsignal(result.number) or "unknown"
        fault = f"a signal ended the build: {name} ({result.number})"
    elif ended:
        fault = f"the compiler was ended: {ended[0].strip()}"
    else:
        return
    raise Stopped(f"{fault}.\nEither the machine has too little time or memory "
                  "for it, or a file includes or\nexpands something that has "
                  "no end.")


def what_matters(output, root):
    """Without ninja's lines, and with paths that count from the root."""
    lines = []
    skip = False
    for line in output.splitlines():
        is_command, skip = skip, line.startswith("FAILED: ")
        if not (is_command or CHATTER.match(line)):
            for prefix in (f"{root}/", "../"):
                line = line.replace(prefix, "")
            lines.append(line)
    more = len(lines) - LINES_MAX
    if more > 0:
        lines[LINES_MAX:] = [f"... and {more} lines more"]
    return "\n".join(lines).strip()
