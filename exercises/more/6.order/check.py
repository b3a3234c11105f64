"""check.py - exercise 6.order: four workers, and each user's events in order

    check.py STEP SERVER
"""

import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))

# pylint: disable=wrong-import-position
from server import Server, doing, event, that, until

WORKERS = 4
EVENTS = 200  # of one user; with 1 ms of work each
USERS = 40  # so many that each worker gets some of them


def post_all(server, events):
    """All on one connection, so they are accepted in this order."""
    with server.connect() as client:
        return [client.ask("POST", "/", event(user, amount))[0]
                for user, amount in events]


def amounts_of(server, user):
    """In the order in which they were done."""
    return [int(amount) for amount in re.findall(
        rf"^worker \d+: {user} ([+-]\d+) = ", server.printed(), re.M)]


def wait_until_done(server, count):
    until(lambda: server.metric("thaw_events_done_total") == count)
    done = server.metric("thaw_events_done_total")
    that(done == count, f"{done} of {count} events are done", f"{count}",
         "is there a worker that receives from each channel?")


def expect_in_order(server, user, amounts):
    done = amounts_of(server, user)
    first = next((at for at, pair in enumerate(zip(done, amounts))
                  if pair[0] != pair[1]), None)
    that(first is None and len(done) == len(amounts),
         f"{user}'s events were done in another order: "
         + ", ".join(map(str, done[max(0, (first or 0) - 2):][:8])) + " ...",
         ", ".join(map(str, amounts[max(0, (first or 0) - 2):][:8])) + " ...",
         "two workers have events of the same user: the bytes of the name, and "
         "nothing else, decide which channel an event goes to")


def one_user(command):
    with Server(command, "--workers", str(WORKERS), "--work-ms", "1",
                "--capacity", "2000", quiet=False) as server:
        doing(f"{EVENTS} events of alice on one connection: +1, +2, +3 ...")
        amounts = list(range(1, EVENTS + 1))
        statuses = post_all(server, [("alice", amount) for amount in amounts])
        that(statuses == [202] * EVENTS,
             f"{statuses.count(202)} of {EVENTS} events were accepted",
             "all of them: the capacity is 2000",
             "how many slots has the channel that alice's events go to?")
        wait_until_done(server, EVENTS)
        expect_in_order(server, "alice", amounts)


def many_users(command):
    with Server(command, "--workers", str(WORKERS), "--work-ms", "1",
                "--capacity", "2000", quiet=False) as server:
        doing(f"events of {USERS} users by turns, five of each")
        events = [(f"user{i}", amount) for amount in range(1, 6)
                  for i in range(USERS)]
        post_all(server, events)
        wait_until_done(server, len(events))
        for i in range(USERS):
            expect_in_order(server, f"user{i}", [1, 2, 3, 4, 5])


def in_parallel(command):
    with Server(command, "--workers", str(WORKERS), "--capacity", "2000",
                gate=True) as server:
        doing(f"an event of each of {USERS} users, and no job can end")
        post_all(server, [(f"user{i}", 1) for i in range(USERS)])
        until(lambda: server.metric("thaw_busy_workers") == WORKERS)
        busy = server.metric("thaw_busy_workers")
        that(busy == WORKERS, f"{busy} workers are busy", f"{WORKERS}",
             "do the events of different users go to different channels?")
        server.finish(USERS)


def full_and_end(command):
    with Server(command, "--workers", str(WORKERS), "--capacity", "20",
                gate=True) as server:
        doing("100 events of many users to a server with a capacity of 20, and "
              "no job can end")
        statuses = post_all(server, [(f"user{i % USERS}", 1)
                                     for i in range(100)])
        accepted = statuses.count(202)
        that(statuses.count(503) + accepted == 100, f"statuses {set(statuses)}",
             "202 or 503", "what does submit do when channel_try_send does "
             "not return CHANNEL_SENT?")
        most = WORKERS * 20 + WORKERS
        that(0 < accepted <= most, f"{accepted} events were accepted",
             f"at most {most}: each channel is bounded",
             "what capacity does each channel have?")
        doing(f"SIGTERM, while {accepted} accepted events are not done")
        server.stop()
        server.finish(100)
        last = server.expect_end(
            "close every channel: each worker waits for its own"
        ).strip().splitlines()[-1]
        that(f"{accepted} accepted" in last and f"{accepted} done" in last,
             f"it printed {last!r}", f"{accepted} accepted, {accepted} done",
             "close every channel, then join, then destroy them")


if __name__ == "__main__":
    {"one_user": one_user, "many_users": many_users,
     "in_parallel": in_parallel, "full_and_end": full_and_end
     }[sys.argv[1]](sys.argv[2:])
