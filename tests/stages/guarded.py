#!/usr/bin/env python3
"""What a server does under its mutex, and what without it.

    guarded.py SERVER STAGE

SERVER is linked with guarded.c, which prints a line for each call that should
be under the mutex and is not, and for each piece of work under it. In stage 4
that is the lesson. Prints TAP.
"""

import http.client
import pathlib
import signal
import subprocess
import sys

sys.dont_write_bytecode = True  # no caches in the source tree
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

# pylint: disable=wrong-import-position
import tap
import usage

UNDER = "the work is done under the mutex"


def request(address, method, path, body=None):
    connection = http.client.HTTPConnection(address, timeout=60)
    connection.request(method, path, body)
    response = connection.getresponse()
    response.read()
    connection.close()
    return response.status


def run(server):
    """Returns the exit status and the lines of guarded.c."""
    with subprocess.Popen([server, "--port", "0", "--quiet", "--work-ms", "1"],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True) as process:
        try:
            address = process.stdout.readline().split("/")[-1].strip()
            for amount in (1, 2, 3):
                request(address, "POST", "/", '{"user": "alice", '
                        f'"action": "buy", "amount": {amount}}}')
            for path in ("/balances", "/balances/alice", "/balances/bob"):
                request(address, "GET", path)
            process.send_signal(signal.SIGTERM)
            errors = process.communicate(timeout=60)[1]
        finally:
            process.kill()
    return process.returncode, [line[len("guarded: "):]
                                for line in errors.splitlines()
                                if line.startswith("guarded: ")]


def main():
    usage.show_if_asked(__doc__, 2)
    server, stage = sys.argv[1:]
    status, seen = run(server)
    without = sorted({line for line in seen if line != UNDER})
    works_under = UNDER in seen
    results = [
        ("balances are read and changed only under the mutex", without),
        ("the server ends with status 0", [status] if status != 0 else []),
        ("the work is done under the mutex in stage 4 alone",
         [] if works_under == (stage == "4") else [f"seen: {set(seen)}"]),
    ]
    tap.report(results)


if __name__ == "__main__":
    main()
