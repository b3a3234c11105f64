"""bounded.py - runs a program that may do anything

It may never end, print without end, take all memory, crash, or leave processes.
Whatever it does, it is over after some seconds, and no process is left. (Only a
fork bomb can be faster.)
"""

import ctypes
import os
import pathlib
import resource
import selectors
import signal
import subprocess
import sys
import time

OUTPUT_MAX = 256 << 10  # in bytes; more is an endless loop
STORED = 1 << 16  # in bytes, of the first and of the last output
MEMORY_MAX = 512 << 20  # in bytes, resident, of all its processes
FILE_MAX = 64 << 20  # in bytes, of a file that it writes
LOOK = 0.02  # seconds between two looks at its memory
LIBC = ctypes.CDLL(None)  # now: the child must not load anything
IS_LINUX = sys.platform.startswith("linux")
STOPS = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36


class CannotRun(Exception):
    """The system could not start it: no fault of the program."""


class Result:
    """How it ended. Exactly one of these is set: status, number or reason."""

    def __init__(self):
        self.status = None  # its exit status
        self.number = None  # of the signal that it ended with
        self.reason = None  # why it was ended: "time", "output", "memory"
        self.output = ""
        self.seconds = 0.0
        self.cpu_seconds = 0.0


def limit_of(seconds):
    """More on a machine that has more to do than it has processors."""
    load = os.getloadavg()[0] / (os.cpu_count() or 1)
    return seconds * min(max(load, 1), 6)


def prctl(option, value):
    if IS_LINUX:
        LIBC.prctl(option, value, 0, 0, 0)


def prepare():
    """In the child, before it becomes the program."""
    prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for name, value in ((resource.RLIMIT_FSIZE, FILE_MAX),
                        (resource.RLIMIT_CPU, 120)):
        hard = resource.getrlimit(name)[1]
        if hard == resource.RLIM_INFINITY or value < hard:
            resource.setrlimit(name, (value, hard))
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP,
                   signal.SIGPIPE, signal.SIGCHLD, signal.SIGALRM):
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])


def children_of(pid):
    """Of all its threads. A process that ended has none."""
    found = []
    try:
        for thread in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{thread}/children") as children:
                found += map(int, children.read().split())
    except OSError:
        pass
    return found


def family_of(pid):
    """The process and all that it started, as far as /proc shows them."""
    found = [pid]
    for one in found:
        found += children_of(one)
    return found


def resident(pid):
    try:
        pages = int(pathlib.Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (OSError, IndexError, ValueError):
        return 0
    return pages * resource.getpagesize()


def kill_group(pid):
    try:
        os.killpg(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass


def kill_orphans(before):
    """What left its group is our child now, as we are a subreaper."""
    for _ in range(100):
        orphans = [pid for pid in children_of(os.getpid()) if pid not in before]
        if not orphans:
            return
        for pid in orphans:
            try:
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
            except (ProcessLookupError, ChildProcessError, PermissionError):
                pass


class Reader:
    """Takes all of the output, and keeps the first and the last of it."""

    def __init__(self, stream):
        self.stream = stream
        self.first = bytearray()
        self.last = bytearray()
        self.count = 0
        os.set_blocking(stream.fileno(), False)
        self.selector = selectors.DefaultSelector()
        self.selector.register(stream, selectors.EVENT_READ)

    def read(self, seconds):
        """Returns whether more may come."""
        if not self.selector.select(seconds):
            return True
        try:
            some = os.read(self.stream.fileno(), 1 << 16)
        except BlockingIOError:
            return True
        self.count += len(some)
        room = STORED - len(self.first)
        self.first += some[:room]
        self.last += some[room:]
        del self.last[:-STORED]
        return bool(some)

    def drain(self):
        end = time.monotonic() + 1
        while time.monotonic() < end:
            before = self.count
            if not self.read(0) or self.count == before:
                break

    def text(self):
        middle = b"\n...\n" if self.count > 2 * STORED else b""
        return (bytes(self.first) + middle + bytes(self.last)).decode(
            "utf-8", "replace")


def supervise(process, reader, seconds, memory_max, output_max):
    """Returns why it must be ended, or None when it ended by itself."""
    end = time.monotonic() + seconds
    is_open = True
    while process.poll() is None:
        if time.monotonic() > end:
            return "time"
        if is_open:
            is_open = reader.read(LOOK)
        else:
            time.sleep(LOOK)
        if reader.count > output_max:
            return "output"
        if sum(map(resident, family_of(process.pid))) > memory_max:
            return "memory"
    return None


def run(command, seconds, environment=None, directory=None,
        memory_max=MEMORY_MAX, output_max=OUTPUT_MAX):
    """Runs it for so many seconds at most, and returns the Result."""
    result = Result()
    before = children_of(os.getpid())
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.monotonic()
    prctl(PR_SET_CHILD_SUBREAPER, 1)
    # A signal that comes now waits until the process would be ended, too.
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, STOPS)
    try:
        process = subprocess.Popen(
            [str(word) for word in command], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=directory,
            env=dict(os.environ, **(environment or {})),
            start_new_session=True, preexec_fn=prepare)
    except (OSError, subprocess.SubprocessError) as fault:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        raise CannotRun(f"cannot run {command[0]}: {fault}") from fault
    reader = Reader(process.stdout)
    try:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        result.reason = supervise(process, reader, seconds, memory_max,
                                  output_max)
    finally:
        # The group exists as long as its first process is not waited for, or
        # has children that stayed in it.
        kill_group(process.pid)
        process.wait()
        kill_orphans(before)
        prctl(PR_SET_CHILD_SUBREAPER, 0)
    reader.drain()
    process.stdout.close()
    result.output = reader.text()
    result.seconds = time.monotonic() - start
    now = resource.getrusage(resource.RUSAGE_CHILDREN)
    result.cpu_seconds = (now.ru_utime - used.ru_utime +
                          now.ru_stime - used.ru_stime)
    if result.reason is None:
        if process.returncode < 0:
            result.number = -process.returncode
        else:
            result.status = process.returncode
    return result
