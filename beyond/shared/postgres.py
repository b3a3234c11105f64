#!/usr/bin/env python3
"""Runs a command with a PostgreSQL of its own, and leaves nothing of it behind.

    postgres.py COMMAND [ARGUMENT...]

PostgreSQL starts in a temporary folder and listens on a unix socket only. The
command finds it by PGHOST, PGPORT, PGUSER and PGDATABASE. The exit status is
the command's, or 128 and the number of the signal that ended it; 77 says that
this machine has no PostgreSQL.
"""

#     postgres.py --+--> postgres, in a temporary folder
#          |        +--> COMMAND
#          |  pipe
#          +----------> guard.py: when the pipe ends, it ends postgres and
#                       removes the folder; so a SIGKILL leaves nothing, either

import ctypes
import os
import pathlib
import signal
import subprocess
import sys

sys.dont_write_bytecode = True  # no caches in the source tree
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

# pylint: disable=wrong-import-position
from database import Fault, NoPostgres, Postgres

NO_POSTGRES = 77  # what meson calls a skipped test
SIGNALS = {signal.SIGHUP, signal.SIGINT, signal.SIGTERM}
PR_SET_PDEATHSIG = 1


def has_terminal():
    """Whether the signals of its keys reach the command, too."""
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(terminal)


class Command:
    """A signal for this process is one for the command while it runs, and ends
    this process before that."""

    def __init__(self, words):
        self.words = words
        self.process = None
        self.pid = os.getpid()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
        self.from_terminal = {signal.SIGINT} if has_terminal() else set()
        for number in SIGNALS:
            if signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, self.on_signal)

    def on_signal(self, number, _):
        if self.process is None:
            sys.exit(128 + number)
        if number not in self.from_terminal:
            self.process.send_signal(number)

    def _prepare(self):
        """In the command's process."""
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
        if sys.platform == "linux":
            ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != self.pid:
            os._exit(1)

    def run(self, environment):
        signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        try:
            # pylint: disable=consider-using-with
            self.process = subprocess.Popen(self.words, env=environment,
                                            preexec_fn=self._prepare)
        except OSError as fault:
            raise Fault(f"{self.words[0]}: {fault.strerror}") from fault
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
        status = self.process.wait()
        return status if status >= 0 else 128 - status


def main():
    words = sys.argv[1:]
    if words[:1] in (["-h"], ["--help"]):
        print(__doc__.strip())
        return 0
    if not words:
        print(__doc__.strip(), file=sys.stderr)
        return 2
    try:
        command = Command(words)
        with Postgres() as database:
            database.start()
            return command.run(database.environment())
    except NoPostgres as fault:
        print(f"postgres.py: {fault}", file=sys.stderr)
        return NO_POSTGRES
    except Fault as fault:
        print(f"postgres.py: {fault}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
