#!/usr/bin/env python3
"""Front ends, workers and their database: each may die.

    test_shared.py SHARED SHARED_WORKER

Prints TAP. Skipped if they are not built, or without PostgreSQL.
"""

import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import threading
import time

sys.dont_write_bytecode = True  # no caches in the source tree
ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))
sys.path.insert(0, str(ROOT / "beyond/shared"))

# pylint: disable=wrong-import-position
import database as own
import tap
import usage
from shared_server import (PROGRAMS, Client, Database, Program, Story, expect,
                           fifo, in_parallel, new_schema, reason, wait_until)

DB = None  # a Database, while the tests run
ACCEPTED = (202, None)
BUSY = (503, "server_busy")
UNAVAILABLE = (503, "database_unavailable")
UNKNOWN = (504, "outcome_unknown")


def front_end(schema, *arguments, **environment):
    return Program(DB, "shared", "--port", "0", "--quiet", "--schema", schema,
                   *arguments, **environment)


def worker(schema, *arguments):
    return Program(DB, "shared_worker", "--quiet", "--schema", schema,
                   *arguments)


def wait_for_balances(schema, wanted):
    wait_until(lambda: DB.balances(schema) == wanted,
               f"balances {wanted}; they are {DB.balances(schema)}")


def crowd(program, clients, each):
    """Many clients post at the same time. How many got each status."""
    def post(i):
        client = Client(program)
        return [client.post(f"user{i}")[0] for _ in range(each)]
    statuses = sum(in_parallel(clients, post), [])
    return {status: statuses.count(status) for status in set(statuses)}


# --- The capacity ------------------------------------------------------------

def a_crowd_finds_exactly_as_many_slots_as_there_are():
    for _ in range(5):
        schema = new_schema()
        with front_end(schema, "--workers", "0") as program:
            expect({202: 100, 503: 700}, crowd(program, 16, 50), "statuses")
            expect(100, DB.waiting(schema), "slots in use")


def two_front_ends_share_the_capacity():
    schema = new_schema()
    with front_end(schema, "--workers", "0", "--capacity", "20") as one, \
            front_end(schema, "--workers", "0") as two:
        counts = in_parallel(2, lambda i: crowd([one, two][i], 8, 10))
        expect(20, sum(count.get(202, 0) for count in counts), "accepted")
        expect(20, Client(two).metric("thaw_channel_capacity_jobs"))
        wait_until(lambda: Client(two).metric("thaw_channel_jobs") == 20,
                   "both see what waits in the table")


SLOW_UPDATE = """
    create function {0}.slow() returns trigger language plpgsql as
        'begin perform pg_sleep(0.1); return new; end';
    create trigger slow before update on {0}.slot
        for each row execute function {0}.slow()"""


def accepted_with(admission):
    """A transaction takes 0.1 s between its decision and its commit."""
    schema = new_schema()
    with front_end(schema, "--workers", "0", "--capacity", "5", "--connections",
                   "8", "--admission", admission) as program:
        DB.ask(SLOW_UPDATE.format(schema))
        return crowd(program, 16, 2)[202]


def a_count_without_a_lock_accepts_too_many():
    came = accepted_with("count")
    if came <= 5:
        raise Story(f"accepted {came} of a capacity of 5, expected more")


def slots_accept_no_more_than_there_are():
    expect(5, accepted_with("slots"), "accepted")


# --- Keys --------------------------------------------------------------------

def a_repeated_key_is_accepted_and_adds_nothing():
    schema = new_schema()
    with front_end(schema, "--work-ms", "0") as program:
        client = Client(program)
        for _ in range(3):
            expect(ACCEPTED, reason(client.post("alice", 5, "k1")))
        expect(ACCEPTED, reason(client.post("alice", 5, "k2")))
        wait_for_balances(schema, {"alice": 10})
        expect(2, client.metric("thaw_events_accepted_total"))


def a_repeated_key_is_accepted_although_the_queue_is_full():
    schema = new_schema()
    with front_end(schema, "--workers", "0", "--capacity", "1") as program:
        client = Client(program)
        expect(ACCEPTED, reason(client.post("alice", 5, "k1")))
        expect(BUSY, reason(client.post("alice", 5, "k2")))
        expect(ACCEPTED, reason(client.post("alice", 5, "k1")))
        expect(1, DB.waiting(schema))


def a_key_with_another_event_is_rejected():
    schema = new_schema()
    with front_end(schema, "--workers", "0") as program:
        client = Client(program)
        expect(ACCEPTED, reason(client.post("alice", 5, "k1")))
        for other in (("bob", 5), ("alice", 6)):
            expect((422, "idempotency_key_reused"),
                   reason(client.post(*other, "k1")))
        expect((422, "idempotency_key_reused"),
               reason(client.post("alice", 5, "k1", "sell")))
        expect(1, DB.waiting(schema))


def the_same_key_at_the_same_time_takes_one_slot():
    schema = new_schema()
    with front_end(schema, "--workers", "0", "--connections", "8") as program:
        for key in range(20):
            came = in_parallel(8, lambda _, key=key: reason(
                Client(program).post("alice", 1, f"k{key}")))
            expect([ACCEPTED] * 8, came)
        expect(20, DB.waiting(schema))


def old_keys_are_deleted():
    schema = new_schema()
    with front_end(schema, "--workers", "0"):
        DB.ask(f"insert into {schema}.accepted select i, 'a', 'b', 1, now() - "
               "interval '25 hours' from generate_series(1, 2500) i; "
               f"insert into {schema}.accepted values ('new', 'a', 'b', 1)")
    with front_end(schema, "--workers", "0"):
        wait_until(lambda: DB.ask(f"select id from {schema}.accepted") == "new",
                   "only the new key is left")


# --- Events and balances -----------------------------------------------------

def several_front_ends_and_workers_apply_each_event_once():
    schema = new_schema()
    with front_end(schema, "--workers", "2", "--work-ms", "1") as one, \
            front_end(schema, "--workers", "0") as two, \
            worker(schema, "--workers", "2", "--work-ms", "0"):
        counts = in_parallel(2, lambda i: crowd([one, two][i], 8, 40))
        total = sum(count.get(202, 0) for count in counts)
        wait_until(lambda: DB.waiting(schema) == 0, "an empty queue")
        wait_until(lambda: sum(DB.balances(schema).values()) == total,
                   "the sum of the balances is what was accepted")


def one_event_too_many_fails_alone():
    schema = new_schema()
    most = 2 ** 63 - 1
    with front_end(schema, "--workers", "0") as program:
        client = Client(program)
        for user, amount in (("alice", most), ("alice", 1), ("bob", 2),
                             ("carol", -most), ("carol", -most), ("bob", 3)):
            expect(ACCEPTED, reason(client.post(user, amount)))
        with worker(schema, "--work-ms", "0", "--workers", "1") as program2:
            wait_for_balances(schema, {"alice": most, "bob": 5,
                                       "carol": -most})
            expect(0, program2.stop())
        expect("shared_worker stopped: events: 4 done, 2 failed",
               program2.lines[-1])


def slow_work_fails_alone_too():
    schema = new_schema()
    with front_end(schema, "--workers", "1", "--work-ms", "1") as program:
        client = Client(program)
        for amount in (2 ** 63 - 1, 1, -1):
            expect(ACCEPTED, reason(client.post("alice", amount)))
        wait_for_balances(schema, {"alice": 2 ** 63 - 2})
        expect(1, client.metric("thaw_events_failed_total"))


def balances_are_listed_by_name_whatever_the_names_are():
    schema = new_schema()
    names = ["a\"b", "a\\b", "Zoë", "日本", "a'; drop table slot; --",
             "z" * 127, "\t", "{}"]
    with front_end(schema, "--work-ms", "0") as program:
        client = Client(program)
        expect((200, "{}\n"), client.get("/balances"))
        for name in names:
            expect(ACCEPTED, reason(client.post(name, 7)))
        wait_for_sum = f"select sum(amount) from {schema}.balance"
        wait_until(lambda: DB.number(wait_for_sum) == 7 * len(names), "the sum")
        listed = json.loads(client.get("/balances")[1])
        expect(sorted(names, key=str.encode), list(listed))
        expect({7}, set(listed.values()))
        expect({"user": "Zoë", "balance": 7},
               json.loads(client.get("/balances/Zo%C3%AB")[1]))
        expect(404, client.get("/balances/bob")[0])


def more_users_than_are_listed_is_an_error():
    schema = new_schema()
    with front_end(schema, "--work-ms", "0", "--users-max", "3") as program:
        client = Client(program)
        for i in range(4):
            expect(ACCEPTED, reason(client.post(f"user{i}")))
        wait_until(lambda: len(DB.balances(schema)) == 4, "four balances")
        expect((507, "too_many_users"), reason(client.get("/balances")))
        expect(200, client.get("/balances/user3")[0])


def one_worker_applies_in_order():
    schema = new_schema()
    wanted, total = [], 0
    with front_end(schema, "--workers", "0") as program:
        client = Client(program)
        for i in range(1, 36):
            total += i
            wanted.append(f"worker 1: alice +{i} = {total}")
            expect(ACCEPTED, reason(client.post("alice", i)))
    with Program(DB, "shared_worker", "--schema", schema, "--workers", "1",
                 "--work-ms", "0") as program:
        wait_for_balances(schema, {"alice": total})
        expect(0, program.stop())
    expect(wanted, program.lines[1:-2])


# --- What dies ---------------------------------------------------------------

def post_until_accepted(programs, i, count, seen):
    """Repeats each event with its key until it is accepted."""
    clients = [Client(program) for program in programs]
    for event in range(count):
        for attempt in range(10000):
            client = clients[(i + attempt) % len(clients)]
            status, _ = client.post(f"user{i}", 1, f"k{i}-{event}")
            seen.add(status)
            if status == 202:
                break
            time.sleep(0.005)
        else:
            raise Story("never accepted")


def storm(schema, programs, trouble, clients=8, each=40):
    """The statuses that came while trouble() was called again and again."""
    seen, end = set(), threading.Event()

    def trouble_again():
        while not end.is_set():
            trouble()
            end.wait(0.02)
    thread = threading.Thread(target=trouble_again)
    thread.start()
    try:
        in_parallel(clients, lambda i: post_until_accepted(programs, i, each,
                                                           seen))
    finally:
        end.set()
        thread.join()
    wait_for_balances(schema, {f"user{i}": each for i in range(clients)})
    expect(clients * each,
           DB.number(f"select count(*) from {schema}.accepted"))
    expect(0, DB.waiting(schema))
    return seen


TERMINATE = """select count(pg_terminate_backend(pid)) from pg_stat_activity
               where application_name = 'thaw'"""


def backends_are_terminated_and_nothing_is_lost_or_doubled():
    schema = new_schema()
    with front_end(schema, "--work-ms", "0") as program:
        seen = storm(schema, [program], lambda: DB.ask(TERMINATE))
        if not seen - {202}:
            raise Story("nothing was ever in doubt, or unavailable")
        if not seen <= {202, 503, 504}:
            raise Story(f"statuses {seen}")
        expect(0, program.stop())


def front_ends_are_killed_and_nothing_is_lost_or_doubled():
    schema = new_schema()
    with front_end(schema, "--work-ms", "0") as stays:
        programs = [stays, front_end(schema, "--workers", "0").ready()]
        port = programs[1].lines[0].rpartition(":")[2]

        def kill():
            time.sleep(0.1)
            programs[1].kill()
            programs[1] = Program(DB, "shared", "--port", port, "--quiet",
                                  "--schema", schema, "--workers", "0").ready()
        try:
            seen = storm(schema, list(programs), kill)
        finally:
            programs[1].kill()
        if not seen <= {202, 503, 504, None}:
            raise Story(f"statuses {seen}")


FREE = """select count(*) from
            (select 1 from {0}.slot for update skip locked) free"""


def wait_for_locked(schema, count):
    wait_until(lambda: DB.number(FREE.format(schema)) == 100 - count,
               f"{count} locked rows")


def a_job_of_a_killed_worker_is_taken_by_another():
    schema = new_schema()
    with tempfile.TemporaryDirectory() as directory, \
            front_end(schema, "--workers", "0") as program:
        gate = fifo(directory)
        expect(ACCEPTED, reason(Client(program).post("alice", 5)))
        with worker(schema, "--workers", "2", "--work-gate",
                    str(gate)) as first:
            wait_for_locked(schema, 1)
            expect({}, DB.balances(schema))
            first.kill()
        wait_for_locked(schema, 0)
        expect(1, DB.waiting(schema))
        with worker(schema, "--work-ms", "1"):
            wait_for_balances(schema, {"alice": 5})
        expect(0, DB.waiting(schema))


def a_worker_whose_connection_ends_in_its_work_does_the_job_again():
    schema = new_schema()
    with tempfile.TemporaryDirectory() as directory, \
            front_end(schema, "--workers", "0") as program:
        gate = fifo(directory)
        expect(ACCEPTED, reason(Client(program).post("alice", 5)))
        with worker(schema, "--workers", "1", "--work-gate", str(gate)):
            query = ("select count(*) from pg_stat_activity "
                     "where state = 'idle in transaction'")
            wait_for_locked(schema, 1)
            wait_until(lambda: DB.number(query) == 1, "a worker in its work")
            DB.ask("select pg_terminate_backend(pid) from pg_stat_activity "
                   "where state = 'idle in transaction'")
            with open(gate, "w", encoding="ascii") as opened:
                opened.write("xx")
            wait_for_balances(schema, {"alice": 5})
        expect(0, DB.waiting(schema))


def postgres_restarts(end_it):
    schema = new_schema()
    with front_end(schema, "--work-ms", "0") as program:
        client = Client(program)
        expect(ACCEPTED, reason(client.post("alice", 1, "k1")))
        wait_for_balances(schema, {"alice": 1})
        end_it()
        try:
            wait_until(lambda: reason(client.post("alice", 2, "k2")) ==
                       UNAVAILABLE, "503 database_unavailable")
            expect(200, client.get("/health")[0])
            expect(1, client.metric("thaw_events_accepted_total"))
            expect(UNAVAILABLE, reason(client.get("/balances")))
            status, fields = retry_after(program)
            expect(503, status)
            if fields not in ("1", "2", "3", "4"):
                raise Story(f"Retry-After: {fields}")
        finally:
            DB.server.start()
        wait_until(lambda: client.post("alice", 2, "k2")[0] == 202, "a 202")
        expect(ACCEPTED, reason(client.post("alice", 1, "k1")))
        wait_for_balances(schema, {"alice": 3})
        expect(0, program.stop())
        expect(["no connection to the database", "connected to the database"],
               [line.split(": ")[1].replace(" again", "")
                for line in program.faults][:2])


def retry_after(program):
    client = Client(program)
    client.post("alice")
    client.connection.request("POST", "/", json.dumps(
        {"user": "alice", "action": "buy", "amount": 1}))
    response = client.connection.getresponse()
    return response.status, response.getheader("Retry-After")


def a_front_end_outlives_a_restart_of_its_database():
    postgres_restarts(DB.server.stop)


def a_front_end_outlives_the_death_of_its_database():
    postgres_restarts(DB.server.kill)


CONNECTED = """select count(*) from pg_stat_activity where state = 'idle'
               and application_name = 'thaw' and query <> ''"""


def what_hangs_is_in_doubt_and_can_be_repeated():
    schema = new_schema()
    with front_end(schema, "--workers", "0", "--offer-timeout-ms",
                   "300") as program:
        client = Client(program)
        # Else a connection would hang before it is one: its setup needs the
        # table, too.
        wait_until(lambda: DB.number(CONNECTED) == 4, "four connections")
        # pylint: disable=consider-using-with
        holder = subprocess.Popen(
            [DB.words("")[0], "-qAtX"], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True, env=DB.server.environment())
        try:
            holder.stdin.write(f"begin; lock {schema}.accepted; select 1;\n")
            holder.stdin.flush()
            expect("1\n", holder.stdout.readline())
            expect(UNKNOWN, reason(client.post("alice", 1, "k1")))
            detail = json.loads(client.post("alice", 1, "k2")[1])["detail"]
            expect("it may be stored: send it again with the same "
                   "Idempotency-Key", detail)
            expect(200, client.get("/health")[0])
        finally:
            holder.stdin.close()
            holder.wait()
            holder.stdout.close()
        wait_until(lambda: client.post("alice", 1, "k1")[0] == 202, "a 202")
        wait_until(lambda: client.post("alice", 1, "k2")[0] == 202, "a 202")
        expect(2, DB.waiting(schema))


# --- Start and stop ----------------------------------------------------------

def front_ends_that_start_together_make_the_tables_once():
    schema = new_schema()
    programs = [front_end(schema, "--workers", "0", "--capacity", "7")
                for _ in range(4)]
    try:
        for program in programs:
            program.ready()
        expect("7|7", DB.ask(f"select capacity, (select count(*) from "
                             f"{schema}.slot) from {schema}.about"))
        expect({202: 7, 503: 3}, crowd(programs[3], 1, 10))
    finally:
        for program in programs:
            program.kill()


def a_word_of_sql_may_be_a_schema():
    for schema in ("select", "default", "x" * 63):
        with front_end(schema) as program:
            expect(202, Client(program).post("alice")[0])
            wait_for_balances(f'"{schema}"', {"alice": 1})


def jobs_that_are_left_are_said_and_not_lost():
    schema = new_schema()
    with front_end(schema, "--workers", "0") as program:
        for _ in range(3):
            expect(ACCEPTED, reason(Client(program).post("alice")))
        expect(0, program.stop())
    expect(["shared: 3 events wait in the database",
            "shared stopped: 3 requests; events: 3 accepted, 0 rejected, 0 "
            "invalid"], program.lines[1:])
    with front_end(schema, "--work-ms", "0"):
        wait_for_balances(schema, {"alice": 3})


def a_worker_finishes_what_it_has_when_it_is_stopped():
    schema = new_schema()
    with tempfile.TemporaryDirectory() as directory, \
            front_end(schema, "--workers", "0") as front:
        gate = fifo(directory)
        for _ in range(2):
            expect(ACCEPTED, reason(Client(front).post("alice")))
        with worker(schema, "--workers", "1", "--work-gate",
                    str(gate)) as program:
            wait_for_locked(schema, 1)
            program.process.send_signal(signal.SIGTERM)
            wait_until(lambda: program.lines[1:], "that it is stopping")
            with open(gate, "w", encoding="ascii") as opened:
                opened.write("xx")
                opened.flush()
                expect(0, program.end())
        expect(["shared_worker stopping: 1 workers finish what they have",
                "shared_worker: 1 events wait in the database",
                "shared_worker stopped: events: 1 done, 0 failed"],
               program.lines[1:])
        expect({"alice": 1}, DB.balances(schema))


def started(*arguments, program="shared", **environment):
    """(exit status, what it said) of one that cannot start."""
    port = ["--port", "0"] if program == "shared" else []
    process = Program(DB, program, *port, *arguments, **environment)
    status = process.end()
    expect([], process.lines, "lines")
    return status, "\n".join(process.faults)


def expect_fault(status, part, came):
    if came[0] != status or part not in came[1]:
        raise Story(f"expected exit status {status} and '{part}', got {came}")


def what_does_not_fit_is_said_before_the_port_is_open():
    schema = new_schema()
    with front_end(schema, "--workers", "0", "--capacity", "7"):
        pass
    DB.ask("create role stranger login")
    for arguments, part in (
            (["--database", "x"], "expected key=value pairs"),
            (["--database", "nonsense=1"], "expected key=value pairs"),
            (["--schema", "A b"], "--schema: expected"),
            (["--admission", "luck"], "expected slots or count, got 'luck'"),
            (["--database", "dbname=nix"], 'database "nix" does not exist'),
            (["--database", "user=nix"], 'role "nix" does not exist'),
            (["--database", "user=stranger"],
             "permission denied for database"),
            (["--schema", schema, "--database", "user=stranger"],
             f"permission denied for schema {schema}"),
            (["--schema", schema, "--capacity", "8"],
             "has a capacity of 7, and --capacity is 8"),
            (["--schema", schema, "--admission", "count"],
             "has another admission")):
        expect_fault(2, part, started(*arguments))
    DB.ask(f"grant usage on schema {schema} to stranger; "
           f"grant select on all tables in schema {schema} to stranger")
    expect_fault(2, "user stranger may not use its tables",
                 started("--schema", schema, "--database", "user=stranger"))
    DB.ask(f"delete from {schema}.slot where n = 1")
    expect_fault(2, "has 6 slots, expected 7", started("--schema", schema))
    DB.ask(f"update {schema}.about set version = 99")
    for program in ("shared", "shared_worker"):
        expect_fault(2, "has tables of version 99, this program needs version",
                     started("--schema", schema, program=program))


def a_database_in_another_encoding_is_rejected():
    DB.ask("create database latin encoding 'LATIN1' template template0")
    expect_fault(2, "encoding is LATIN1, expected UTF8",
                 started("--database", "dbname=latin"))


def settings_that_lose_commits_are_rejected():
    unsafe = {"PGOPTIONS": "-c synchronous_commit=off"}
    expect_fault(2, "synchronous_commit = off: a 202 may be lost",
                 started(**unsafe))
    with front_end(new_schema(), "--unsafe-settings", **unsafe) as program:
        expect(ACCEPTED, reason(Client(program).post("alice")))


def a_database_that_is_down_is_waited_for():
    schema = new_schema()
    DB.server.stop()
    try:
        expect_fault(1, "the database does not respond",
                     started("--start-timeout-ms", "0"))
        program = front_end(schema, "--start-timeout-ms", "60000")
        time.sleep(0.3)
        expect(None, program.process.poll())
    finally:
        DB.server.start()
    with program:
        expect(ACCEPTED, reason(Client(program).post("alice")))


# ---------------------------------------------------------------------------

TESTS = [
    a_crowd_finds_exactly_as_many_slots_as_there_are,
    two_front_ends_share_the_capacity,
    a_count_without_a_lock_accepts_too_many,
    slots_accept_no_more_than_there_are,
    a_repeated_key_is_accepted_and_adds_nothing,
    a_repeated_key_is_accepted_although_the_queue_is_full,
    a_key_with_another_event_is_rejected,
    the_same_key_at_the_same_time_takes_one_slot,
    old_keys_are_deleted,
    several_front_ends_and_workers_apply_each_event_once,
    one_event_too_many_fails_alone,
    slow_work_fails_alone_too,
    balances_are_listed_by_name_whatever_the_names_are,
    more_users_than_are_listed_is_an_error,
    one_worker_applies_in_order,
    backends_are_terminated_and_nothing_is_lost_or_doubled,
    front_ends_are_killed_and_nothing_is_lost_or_doubled,
    a_job_of_a_killed_worker_is_taken_by_another,
    a_worker_whose_connection_ends_in_its_work_does_the_job_again,
    a_front_end_outlives_a_restart_of_its_database,
    a_front_end_outlives_the_death_of_its_database,
    what_hangs_is_in_doubt_and_can_be_repeated,
    front_ends_that_start_together_make_the_tables_once,
    a_word_of_sql_may_be_a_schema,
    jobs_that_are_left_are_said_and_not_lost,
    a_worker_finishes_what_it_has_when_it_is_stopped,
    what_does_not_fit_is_said_before_the_port_is_open,
    a_database_in_another_encoding_is_rejected,
    settings_that_lose_commits_are_rejected,
    a_database_that_is_down_is_waited_for,
]


def result_of(test):
    try:
        test()
        return []
    except Story as story:
        return [str(story)]
    except Exception as fault:  # pylint: disable=broad-except
        return [f"{type(fault).__name__}: {fault}"]


def main():
    global DB  # pylint: disable=global-statement
    usage.show_if_asked(__doc__, 2)
    PROGRAMS["shared"], PROGRAMS["shared_worker"] = sys.argv[1:3]
    if not os.path.exists(PROGRAMS["shared"]):
        print("1..0 # SKIP no libpq: ./workshop setup beyond")
        return
    wanted = sys.argv[3:]
    try:
        with own.Postgres() as server:
            server.start()
            DB = Database(server)
            tap.report([(test.__name__, result_of(test)) for test in TESTS
                        if not wanted or test.__name__ in wanted])
    except own.NoPostgres:
        print("1..0 # SKIP no PostgreSQL: ./workshop setup beyond")


if __name__ == "__main__":
    main()
