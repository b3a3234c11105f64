#!/usr/bin/env python3
"""build_lock.py - one build at a time in a build directory

    build_lock.py DIRECTORY COMMAND...    runs it when no other build runs there

Two of them at once would write the same files. The lock is a file in the build
directory, and the kernel releases it when the process ends, whatever ended it.
A message on descriptor 3, if it is open, says that it waits.
"""

import contextlib
import ctypes
import fcntl
import os
import pathlib
import signal
import subprocess
import sys

from printable import printable

NAME = ".one-build"
STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextlib.contextmanager
def held(directory, tell):
    """Waits for the lock, and has it inside. `tell` is called if it waits."""
    directory = pathlib.Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    # Not inherited: a compiler may leave a process that outlives the build.
    with open(directory / NAME, "a", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            tell(f"waiting for the other build in {directory}")
            fcntl.flock(file, fcntl.LOCK_EX)
        except OSError:
            pass  # a file system without locks: then as well as it goes
        yield


def tell_on_3(text):
    try:
        os.write(3, f"workshop: {printable(text)}\n".encode("utf-8"))
    except OSError:
        pass


def with_parent():
    """In the new process, on Linux: it ends when this program ends."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG


def run(command, **how):
    """Its exit status; `how` is subprocess.Popen's. What would end this program
    ends the command and all that it started, so that nothing builds without the
    lock."""
    with subprocess.Popen(command, preexec_fn=with_parent,
                          start_new_session=True, **how) as process:
        def stop(number, _):
            if process.returncode is None:
                os.killpg(process.pid, number)
        for number in STOPS:
            signal.signal(number, stop)
        status = process.wait()
    return status if status >= 0 else 128 - status


def main():
    if len(sys.argv) < 3 or sys.argv[1].startswith("-"):
        sys.exit(__doc__)
    try:
        with held(sys.argv[1], tell_on_3):
            return run(sys.argv[2:])
    except OSError as fault:
        print(printable(f"{fault.filename}: {fault.strerror}"), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
