"""One connection to a PostgreSQL, through a psql that runs all the time."""

import pathlib
import signal
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

# pylint: disable=wrong-import-position
import members

MARK = "this was the last row"
SETTINGS = "-c statement_timeout=60s"


class Lost(Exception):
    """The connection has ended, or the statement failed."""


class Psql:
    """As a front end or worker, it ends with the process that made it."""

    def __init__(self, programs, environment, parent):
        # pylint: disable=consider-using-with
        self.process = subprocess.Popen(
            [programs / "psql", "-qAtXw", "-v", "ON_ERROR_STOP=1"],
            env={**environment, "PGOPTIONS": SETTINGS,
                 "PGCONNECT_TIMEOUT": "10"},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, start_new_session=True,
            preexec_fn=lambda: members.end_with_parent(parent))

    def ask(self, statement):
        """The rows, each a list of texts."""
        rows = []
        try:
            self.process.stdin.write(f"{statement};\n\\echo {MARK}\n")
            self.process.stdin.flush()
        except OSError as fault:
            raise Lost(str(fault)) from fault
        for line in self.process.stdout:
            if line == MARK + "\n":
                return rows
            rows.append(line.rstrip("\n").split("|"))
        raise Lost(self.process.stderr.read().strip())

    def close(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.communicate()
