#!/usr/bin/env python3
"""Checks "./workshop cluster": what is killed comes back, and nothing is left.

    test_cluster.py BUILD

Prints TAP.
"""

import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request

sys.dont_write_bytecode = True  # no caches in the source tree
ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "beyond/shared")]

# pylint: disable=wrong-import-position
import guard
import members
import packages
import ports
import processes
import tap
import usage

PROCESS = re.compile(r"^(.+?) +process +(\d+)(?: +(.+))?$")
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Cluster:
    """Reads what it prints; {name: (pid, the word after it)}."""

    def __init__(self, *words, **environment):
        parent = os.getpid()
        # It ends with this test, however that ends.
        # pylint: disable=consider-using-with
        self.process = subprocess.Popen(
            [sys.executable, "-B", ROOT / "beyond/shared/cluster.py",
             sys.argv[1], "--port", "0", "--work-ms", "10", *words],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
            env={**os.environ, **environment},
            preexec_fn=lambda: members.end_with_parent(parent))
        self.parts = {}
        self.lines = []

    def read_until(self, words):
        for line in self.process.stdout:
            self.lines.append(line)
            found = PROCESS.match(line.rstrip())
            if found:
                self.parts[found[1]] = int(found[2]), found[3]
            if line.startswith(words):
                return
        raise AssertionError(f"no line with '{words}': {self.lines}")

    def ask(self, name, path="/", body=None):
        """The response; None: the server has no connection to the database."""
        try:
            with DIRECT.open(self.parts[name][1] + path, body,
                             timeout=60) as response:
                return json.loads(response.read())
        except urllib.error.HTTPError:
            return None

    def end(self, number=signal.SIGINT):
        self.process.send_signal(number)
        self.lines += self.process.stdout.readlines()
        self.process.stdout.close()
        return self.process.wait(60)


def left_of(cluster):
    """Its processes that still run, and its folder."""
    folder = pathlib.Path(cluster.parts["database"][1])
    pids = [pid for pid, _ in cluster.parts.values()]
    try:
        processes.wait_until(
            lambda: not any(map(processes.is_running, pids)) and
            not folder.exists() and not [*guard.processes_of(folder)])
    except AssertionError:
        return [f"left: {folder}, {pids}"]
    return []


def killed_parts_come_back(cluster):
    cluster.read_until("What is killed")
    event = json.dumps({"user": "alice", "action": "buy", "amount": 7})
    said = cluster.ask("front end 1", body=event.encode())
    before = dict(cluster.parts)
    for name in ("worker 1", "front end 1", "database"):
        os.kill(before[name][0], signal.SIGKILL)
        cluster.read_until(name + " has ended, by signal 9")
        cluster.read_until(name + " ")
    balances = []
    for name in ("front end 1", "front end 2"):
        processes.wait_until(lambda: cluster.ask(name, "/balances/alice"))
        balances.append(cluster.ask(name, "/balances/alice"))
    same_port = before["front end 1"][1] == cluster.parts["front end 1"][1]
    status = cluster.end()
    came = said, balances, same_port, status
    wanted = ({"status": "accepted"}, [{"user": "alice", "balance": 7}] * 2,
              True, 0)
    return ([] if came == wanted else [f"expected {wanted}, got {came}"]
            ) + left_of(cluster)


def what_is_killed_comes_back_and_knows_the_events():
    """And at the same port, which is reserved, as no other may take it."""
    with ports.Reserved(2) as reserved:
        return killed_parts_come_back(Cluster("--port", str(reserved.port)))


IN_WORK = """select count(*) from pg_stat_activity
             where state = 'idle in transaction'"""


def count_in_work(cluster):
    """A worker holds the row of its event in an open transaction."""
    done = subprocess.run(
        ["psql", "-h", cluster.parts["database"][1], "-U", "thaw", "-At",
         "-c", IN_WORK, "postgres"], text=True, check=True, capture_output=True)
    return int(done.stdout)


def what_is_in_work_is_finished_at_the_end():
    """Of both workers, whichever is waited for first."""
    cluster = Cluster("--work-ms", "4000")
    cluster.read_until("What is killed")
    for user in ("alice", "bob"):
        event = json.dumps({"user": user, "action": "buy", "amount": 7})
        cluster.ask("front end 1", body=event.encode())
    processes.wait_until(lambda: count_in_work(cluster) == 2)
    status = cluster.end()
    said = "".join(cluster.lines)
    if (status, said.count("1 done, 0 failed")) != (0, 2):
        return [f"exit status {status}", *said.splitlines()]
    return ([] if "What is in work is finished first" in said
            else said.splitlines()) + left_of(cluster)


def a_kill_of_it_leaves_nothing():
    cluster = Cluster("--front-ends", "1", "--workers", "1")
    cluster.read_until("What is killed")
    cluster.end(signal.SIGKILL)
    return left_of(cluster)


def the_commands_that_it_prints_work():
    """Whatever the folder is called."""
    with tempfile.TemporaryDirectory(prefix="it's a ") as folder:
        os.chmod(folder, 0o777)
        cluster = Cluster(TMPDIR=folder)
        cluster.read_until("What is killed")
        commands = [line for line in cluster.lines
                    if line.startswith(("  curl ", "  psql ", "  kill "))]
        came = [subprocess.run(["sh", "-c", command], text=True, check=False,
                               capture_output=True) for command in commands]
        cluster.end()
    return [str(done) for done in came if done.returncode != 0] + (
        [] if len(came) == 4 else [f"expected four commands, got {commands}"])


def a_wrong_option_starts_nothing():
    done = subprocess.run([sys.executable, "-B",
                           ROOT / "beyond/shared/cluster.py", sys.argv[1],
                           "--workers", "many"], text=True, check=False,
                          capture_output=True)
    said = "expected a number from 0 to 100, got 'many'"
    return [] if done.returncode == 2 and said in done.stderr else [str(done)]


def a_build_without_libpq_is_said():
    with tempfile.TemporaryDirectory() as build:
        done = subprocess.run([sys.executable, "-B",
                               ROOT / "beyond/shared/cluster.py", build],
                              text=True, capture_output=True, check=False)
    said = f"found no {build}/beyond/shared/shared:"
    return [] if done.returncode == 77 and said in done.stderr else [str(done)]


TESTS = [
    what_is_killed_comes_back_and_knows_the_events,
    what_is_in_work_is_finished_at_the_end,
    a_kill_of_it_leaves_nothing,
    the_commands_that_it_prints_work,
    a_wrong_option_starts_nothing,
    a_build_without_libpq_is_said,
]


def faults_of(test):
    try:
        return test()
    except Exception as fault:  # pylint: disable=broad-except
        return [repr(fault)]


def main():
    usage.show_if_asked(__doc__, 1)
    missing = packages.missing(sys.argv[1])
    if missing:
        print(f"1..0 # SKIP no {missing}: ./workshop setup beyond")
        return
    tap.report([(test.__name__.replace("_", " "), faults_of(test))
                for test in TESTS])


if __name__ == "__main__":
    main()
