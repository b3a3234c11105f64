#!/usr/bin/env python3
"""Cuts the network between a front end and its database, and looks at what
clients see meanwhile, and at what is lost: nothing.

    test_partition.py BUILD

    this process's namespace             the front end's namespace
    PostgreSQL  10.77.1.1 ==[ cut ]===== 10.77.1.2  shared
    clients     10.77.2.1 ============== 10.77.2.2

Both network namespaces are made here, so no address of the machine is used.
Prints TAP.
"""

import http.client
import json
import os
import pathlib
import shutil
import subprocess
import sys
import time

sys.dont_write_bytecode = True  # no caches in the source tree
ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "beyond/shared")]

# pylint: disable=wrong-import-position
import audit
import database
import processes
import storm
import tap
import usage
from members import Member, end_with_parent
from psql import Psql

INSIDE = "--inside"  # this process has a network namespace of its own
SCHEMA = "partition"
OFFER_SECONDS = 1
CUTS = 3


def run(*words):
    subprocess.run(words, check=True, capture_output=True, text=True)


class Network:
    """Ends with the process `holder`, in whose namespace the front end is."""

    def __init__(self):
        parent = os.getpid()
        # pylint: disable=consider-using-with
        self.holder = subprocess.Popen(
            ["unshare", "-n", "sleep", "100000"],
            preexec_fn=lambda: end_with_parent(parent))
        pid = str(self.holder.pid)
        mine = os.stat("/proc/self/ns/net")
        processes.wait_until(
            lambda: os.stat(f"/proc/{pid}/ns/net").st_ino != mine.st_ino)
        self.inside = ["nsenter", "-t", pid, "-n"]
        for number in ("1", "2"):
            here, there = "here" + number, "there" + number
            run("ip", "link", "add", here, "type", "veth", "peer", "name",
                there, "netns", pid)
            for enter, name, host in (([], here, "1"),
                                      (self.inside, there, "2")):
                run(*enter, "ip", "addr", "add", f"10.77.{number}.{host}/24",
                    "dev", name)
                run(*enter, "ip", "link", "set", name, "up")

    @staticmethod
    def cut():
        run("ip", "link", "set", "here1", "down")

    @staticmethod
    def mend():
        run("ip", "link", "set", "here1", "up")

    def end(self):
        self.holder.kill()
        self.holder.wait()


class Client:
    """One request at a time: what came, and after how many seconds."""

    def __init__(self, front_end):
        self.front_end = front_end

    def ask(self, method, path, key=None):
        connection = http.client.HTTPConnection(
            self.front_end.host, self.front_end.port, timeout=60)
        since = time.monotonic()
        connection.request(
            method, path,
            json.dumps({"user": "alice", "action": "add", "amount": 7})
            if key else None,
            {"Idempotency-Key": f'"{key}"'} if key else {})
        response = connection.getresponse()
        said = json.loads(response.read())
        connection.close()
        return (f"{response.status} {said.get('reason') or said['status']}",
                time.monotonic() - since)

    def offer(self, key):
        return self.ask("POST", "/", key)[0]


class World:
    def __enter__(self):
        self.network = Network()
        self.server = database.Postgres(
            {"listen_addresses": "10.77.1.1"})
        with open(self.server.data / "pg_hba.conf", "a",
                  encoding="utf-8") as access:
            access.write("host all all 10.77.1.2/32 trust\n")
        self.server.start()
        directory = pathlib.Path(sys.argv[1]).resolve() / "beyond/shared"
        common = ["--quiet", "--schema", SCHEMA]
        self.front_end = Member(
            "front end", [*self.network.inside, str(directory / "shared"),
                          *common, "--bind", "10.77.2.2", "--port", "0",
                          "--workers", "0", "--offer-timeout-ms",
                          str(1000 * OFFER_SECONDS), "--database",
                          "host=10.77.1.1"],
            self.server.environment(), self.server.folder)
        self.worker = Member(
            "worker", [str(directory / "shared_worker"), *common, "--work-ms",
                       "1"], self.server.environment(), self.server.folder)
        self.front_end.start()
        self.worker.start()
        self.psql = Psql(self.server.programs, self.server.environment(),
                         os.getpid())
        return self

    def __exit__(self, *_):
        self.psql.close()
        self.front_end.remove()
        self.worker.remove()
        self.server.remove()
        self.network.end()

    def wait_until_applied(self):
        processes.wait_until(lambda: self.psql.ask(
            audit.WAITING.format(schema=SCHEMA))[0] == ["0"])


def clients_are_told_what_is_in_doubt(world):
    client = Client(world.front_end)
    said = [client.offer("before")]
    world.network.cut()
    said.append(client.offer("during"))
    health, seconds = client.ask("GET", "/health")
    # Each connection notices by itself.
    processes.wait_until(lambda: client.offer("during") ==
                         "503 database_unavailable")
    world.network.mend()
    processes.wait_until(lambda: client.offer("during") == "202 accepted")
    world.wait_until_applied()
    said.append(world.psql.ask(f"select amount from {SCHEMA}.balance "
                               "where who = 'alice'")[0][0])
    wanted = ["202 accepted", "504 outcome_unknown", "14"]
    return ([] if said == wanted else [f"expected {wanted}, got {said}"]) + (
        [] if health == "200 ok" and seconds < OFFER_SECONDS else
        [f"GET /health: {health} after {seconds:.1f} s"])


def nothing_is_lost_in_a_storm_with_partitions(world):
    world.psql.ask(f"delete from {SCHEMA}.balance")
    clients = storm.Storm([world.front_end], 16, 0.02, 1)
    clients.start()
    for _ in range(CUTS):
        if not clients.sees_progress(60):
            return ["no event was accepted for 60 s"]
        world.network.cut()
        seen = clients.outcomes[storm.UNAVAILABLE]
        processes.wait_until(
            lambda: clients.outcomes[storm.UNAVAILABLE] > seen)
        world.network.mend()
    if not clients.sees_progress(60) or not clients.end(60):
        return ["clients are still in doubt"]
    world.wait_until_applied()
    found = audit.audit(clients.events, world.psql, SCHEMA)
    wrong = [name for name in ("lost", "doubled", "applied_without_202",
                               "keys_missing", "balances_wrong") if found[name]]
    if not clients.outcomes[storm.UNKNOWN]:
        wrong.append("no event was in doubt")
    if set(clients.outcomes) - set(storm.OUTCOMES):
        wrong.append("unexpected responses")
    return wrong and [f"{wrong}: {found}, {clients.outcomes}"]


TESTS = [clients_are_told_what_is_in_doubt,
         nothing_is_lost_in_a_storm_with_partitions]


def missing():
    """Why it cannot run here, if that is so."""
    if not os.path.exists(f"{sys.argv[1]}/beyond/shared/shared"):
        return "no libpq: ./workshop setup beyond"
    try:
        database.programs()
    except database.NoPostgres:
        return "no PostgreSQL: ./workshop setup beyond"
    if not all(map(shutil.which, ("unshare", "nsenter", "ip"))):
        return "no unshare, nsenter or ip, which Linux has"
    if os.geteuid() != 0 or subprocess.run(
            ["unshare", "-n", "ip", "link", "add", "here1", "type", "veth",
             "peer", "name", "there1"], check=False,
            capture_output=True).returncode != 0:
        return "this user may not make a network namespace"
    return ""


def main():
    usage.show_if_asked(__doc__, 1)
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    if INSIDE not in sys.argv:
        reason = missing()
        if reason:
            print(f"1..0 # SKIP {reason}")
            return
        sys.stdout.flush()
        os.execvp("unshare", ["unshare", "-n", sys.executable, "-B", *sys.argv,
                              INSIDE])
    run("ip", "link", "set", "lo", "up")
    with World() as world:
        tap.report([(test.__name__.replace("_", " "), test(world))
                    for test in TESTS])


if __name__ == "__main__":
    main()
