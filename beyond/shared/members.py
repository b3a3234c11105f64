"""Front ends and workers as processes, which may be killed and started again.

On Linux they end when the process that started them ends; so start them in a
thread that lives as long as it does. Elsewhere, a SIGKILL of it leaves them.
"""

import ctypes
import os
import pathlib
import re
import signal
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

# pylint: disable=wrong-import-position
from database import Fault, NoPostgres, SECONDS_MAX, end_of

LINE = re.compile(r"listening on http://(.*):(\d+)$")
PR_SET_PDEATHSIG = 1


def must_be_built(program):
    """libpq is as optional as PostgreSQL is."""
    if not os.path.exists(program):
        raise NoPostgres(f"found no {program}:\nit is built if libpq is there; "
                         "to install it: ./workshop setup beyond")


def end_with_parent(parent):
    """In the child, before it becomes another program."""
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


class Member:
    """`words` is its command. A front end prints where it listens: the current
    `host` and `port`. `folder` is for its messages; without one they are seen.
    """

    def __init__(self, name, words, environment, folder=None):
        self.name, self.words, self.environment = name, words, environment
        self.process, self.host, self.port = None, None, None
        self.said = ""  # on standard output, when it has ended
        self.path = folder / f"{name}.log" if folder else None

    @property
    def pid(self):
        return self.process.pid

    def start(self):
        """Returns when it listens; a worker prints a line, too."""
        parent = os.getpid()
        log = open(self.path, "wb") if self.path else None
        # pylint: disable=consider-using-with
        self.process = subprocess.Popen(
            self.words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=log, env=self.environment, text=True, errors="replace",
            preexec_fn=lambda: end_with_parent(parent))
        if log:
            log.close()
        line = self.process.stdout.readline()
        found = LINE.search(line.strip())
        if not line:
            self.kill()
            raise Fault(f"{self.name} did not start: {' '.join(self.words)}\n"
                        f"{self.messages()}")
        if found:
            self.host, self.port = found[1], int(found[2])

    def kill(self):
        self.end(signal.SIGKILL)

    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def end(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        return self.wait()

    def wait(self):
        """Its exit status."""
        try:
            self.said, _ = self.process.communicate(timeout=SECONDS_MAX)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.said, _ = self.process.communicate()
        return self.process.returncode

    def ended(self):
        """Says how, if it has ended by itself."""
        return (f"{self.name} ended by itself, exit status "
                f"{self.process.returncode}; {self.messages()}")

    def messages(self):
        return f"it said:\n{end_of(self.path)}" if self.path else "see above"

    def remove(self):
        if self.is_running():
            self.kill()
