"""check.py - exercise 5.6: the channel in its server

    check.py SERVER
"""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

# pylint: disable=wrong-import-position
from server import Server, doing, event, that, until

CAPACITY = 100
EVENTS = 105  # one is with the worker, and four are too many
ACCEPTED = 1 + CAPACITY


def fill(server, client):
    doing("an event, and the worker is stopped in it")
    status, body = client.ask("POST", "/", event())
    that(status == 202, f"status {status}: {body}", "202, accepted",
         "does channel_try_send return CHANNEL_SENT?")
    that(until(lambda: server.metric("thaw_busy_workers") == 1),
         "no worker took it", "the worker has it",
         "does channel_receive return true, and the job?")
    doing(f"{EVENTS - 1} events more: {CAPACITY} wait, the others get 503")
    statuses = [client.ask("POST", "/", event())[0]
                for _ in range(EVENTS - 1)]
    came = {status: statuses.count(status) for status in set(statuses)}
    that(statuses == [202] * CAPACITY + [503] * (EVENTS - ACCEPTED),
         ", ".join(f"{count} responses {status}"
                   for status, count in sorted(came.items())),
         f"{CAPACITY} responses 202, and then {EVENTS - ACCEPTED} responses "
         "503", "is a channel full when `capacity` jobs wait?")
    jobs = server.metric("thaw_channel_jobs")
    that(jobs == CAPACITY, f"GET /metrics: {jobs} jobs in the channel",
         f"{CAPACITY}", "channel_length gives how many jobs wait")


def finish_three(server):
    doing("the worker finishes three jobs")
    server.finish(3)
    that(until(lambda: server.balances() == {"alice": 3}),
         f"GET /balances: {server.balances()}", '{"alice": 3}',
         "the worker must get the next job after each one, and each job whole")
    that(until(lambda: server.metric("thaw_channel_jobs") == CAPACITY - 3),
         f"{server.metric('thaw_channel_jobs')} jobs wait",
         f"{CAPACITY - 3}", "each received job frees one slot")
    status, body = server.ask("POST", "/", event())
    that(status == 202, f"one event more: status {status}: {body}", "202",
         "three slots are free again")


def stop(server):
    doing("SIGTERM, while 98 jobs wait; then the worker may finish them all")
    server.stop()
    that(until(lambda: "are not done" in server.printed()
               or server.process.poll() is not None),
         f"it printed {server.printed().strip().splitlines()[-1]!r}",
         "a line that says how many accepted events are not done",
         "SIGTERM ends the loop, and main calls channel_close")
    server.finish(EVENTS)
    last = server.expect_end(
        "the worker ends when the channel is closed and empty: then "
        "channel_receive returns false").strip().splitlines()[-1]
    that(f"{ACCEPTED + 1} accepted" in last and f"{ACCEPTED + 1} done" in last,
         f"it printed {last!r}",
         f"{ACCEPTED + 1} accepted and {ACCEPTED + 1} done",
         "a job that was accepted is done, also after channel_close")


def main():
    with Server(sys.argv[1:], "--capacity", str(CAPACITY),
                gate=True) as server:
        with server.connect() as client:
            fill(server, client)
        finish_three(server)
        stop(server)


if __name__ == "__main__":
    main()
