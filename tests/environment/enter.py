"""Becomes a command in an environment.

    enter.py NAME ROOM BUILD COMMAND [ARGUMENT...]

meson test starts each test with it, or the scripts of `wrap_programs` each
server and the lab.
"""

import os
import pathlib
import signal
import sys

from environments import ENVIRONMENTS, PROGRAMS, Room

READ_ONLY = """
mount --bind /tmp /tmp && mount -o remount,bind,ro /tmp && exec "$@"
"""


def wrap_programs(environment, room):
    """Another build directory, whose servers and lab start with enter.py."""
    wrapped = room.path / environment.name
    wrapped.mkdir()
    for entry in room.build.iterdir():
        if not has_programs(entry):
            (wrapped / entry.name).symlink_to(entry)
            continue
        for path in [*entry.glob("*"), *entry.glob("*/*")]:
            if is_program(room, path):
                script = wrapped / path.relative_to(room.build)
                script.parent.mkdir(parents=True, exist_ok=True)
                write_script(environment, room, path, script)


def has_programs(directory):
    return (directory.name in ("lab", "beyond") or
            directory.name.startswith("stage"))


def write_script(environment, room, program, script):
    parts = [*room.enter, environment.name, room.path, room.build, program]
    quoted = " ".join("'" + str(part).replace("'", "'\\''") + "'"
                      for part in parts)
    script.write_text(f'#!/bin/sh\nexec {quoted} "$@"\n', encoding="utf-8")
    script.chmod(0o755)


def is_program(room, path):
    """A server or the lab. The other commands of meson test are tests."""
    path = pathlib.Path(path)
    if not (room.build in path.parents and path.is_file() and
            os.access(path, os.X_OK) and path.suffix != ".a"):
        return False
    inside = path.relative_to(room.build).parts
    return (has_programs(room.build / inside[0]) and
            len(inside) == (3 if inside[0] == "beyond" else 2))


def use_wrapped(environment, room, command):
    """Relative paths are relative to the build directory: so meson has it."""
    wrapped = str(room.path / environment.name)
    os.environ["THAW_BUILD"] = wrapped
    os.chdir(wrapped)
    return [command[0], *(argument.replace(str(room.build), wrapped)
                          for argument in command[1:])]


def main():
    name, path, build, *command = sys.argv[1:]
    room = Room(path, build)
    environment = next(one for one in ENVIRONMENTS if one.name == name)
    # Python ignores these two, and what it becomes must not.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    if environment.around == PROGRAMS and not is_program(room, command[0]):
        command = use_wrapped(environment, room, command)
    else:
        environment.enter(room)
        if name == "closed" and is_program(room, command[0]):
            os.close(1)  # only the lab is a test itself: its exit status counts
        if name == "tmpdir":
            command = ["unshare", "--mount", "sh", "-c", READ_ONLY, "sh",
                       *command]
    os.execvp(command[0], command)


if __name__ == "__main__":
    main()
