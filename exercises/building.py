"""building.py - compiles what a check needs, and finds the programs"""

import json
import pathlib
import re
import shutil
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
        if result.reason is not None:
            raise Failed("the compiler was stopped: it took too much "
                         f"{result.reason}. What does the file include?")
        said = what_matters(result.output, self.root)
        if result.status != 0:
            raise Failed(said or result.output[-2000:])
        return said

    def compile(self, names):
        """Returns the warnings."""
        return self.run(["meson", "compile", "-C", self.directory, *names])


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
