"""check.py - exercise 6.6: the pool in its server

    check.py SERVER
"""

import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

# pylint: disable=wrong-import-position
from server import Server, doing, event, that, until

WORKERS = 4
EVENTS = 10


def fill(server):
    doing(f"{EVENTS} events to a server with {WORKERS} workers, and no job can "
          "end")
    with server.connect() as client:
        statuses = [client.ask("POST", "/", event())[0] for _ in range(EVENTS)]
    that(statuses == [202] * EVENTS, f"statuses {statuses}",
         f"{EVENTS} times 202", "the channel has room for all of them")
    until(lambda: server.metric("thaw_channel_jobs") == EVENTS - WORKERS and
          server.metric("thaw_busy_workers") == WORKERS)
    jobs = server.metric("thaw_channel_jobs")
    that(jobs == EVENTS - WORKERS, f"{jobs} jobs are still in the channel",
         f"{EVENTS - WORKERS}: each of {WORKERS} workers has taken one",
         "each worker calls channel_receive(&jobs, &job), in `work`")
    busy = server.metric("thaw_busy_workers")
    that(busy == WORKERS, f"GET /metrics: {busy} workers are busy",
         f"{WORKERS}", "metrics_add(METRIC_BUSY_WORKERS, 1) before apply, and "
         "-1 after it")


def finish_four(server):
    doing("four jobs end, and each worker takes the next one")
    server.finish(WORKERS)
    until(lambda: server.balances() == {"alice": WORKERS} and
          server.metric("thaw_channel_jobs") == EVENTS - 2 * WORKERS and
          server.metric("thaw_busy_workers") == WORKERS)
    that(server.balances() == {"alice": WORKERS},
         f"GET /balances: {server.balances()}", f'{{"alice": {WORKERS}}}',
         "`work` calls apply for each event that it receives")
    jobs = server.metric("thaw_channel_jobs")
    that(jobs == EVENTS - 2 * WORKERS, f"{jobs} jobs wait",
         f"{EVENTS - 2 * WORKERS}", "after a job the worker takes the next "
         "one: `work` is a loop, until channel_receive returns false")
    busy = server.metric("thaw_busy_workers")
    that(busy == WORKERS, f"GET /metrics: {busy} workers are busy",
         f"{WORKERS}", "one more before apply, and one less after it")


def stop(server):
    doing(f"SIGTERM, while {EVENTS - WORKERS} jobs are not done; then the "
          "workers may finish them")
    server.stop()
    that(until(lambda: "are not done" in server.printed() or
               server.process.poll() is not None),
         f"it printed {server.printed().strip().splitlines()[-1]!r}",
         "a line that says how many accepted events are not done",
         "SIGTERM ends the loop, and main calls channel_close")
    server.finish(EVENTS)
    last = server.expect_end(
        "`work` returns when channel_receive returns false, and pool_join "
        "waits for that").strip().splitlines()[-1]
    that(f"{EVENTS} accepted" in last and f"{EVENTS} done" in last,
         f"it printed {last!r}", f"{EVENTS} accepted and {EVENTS} done",
         "a job that was accepted is done: pool_join waits for all workers")
    numbers = sorted(set(map(int, re.findall(r"^worker (\d+):",
                                             server.printed(), re.M))))
    that(numbers == list(range(1, WORKERS + 1)),
         f"the lines of the jobs are of the workers {numbers}",
         f"lines of the workers 1 to {WORKERS}, as each of them had a job",
         "apply gets the number that `argument` points to")


def main():
    with Server(sys.argv[1:], "--workers", str(WORKERS), gate=True,
                quiet=False) as server:
        fill(server)
        finish_four(server)
        stop(server)


if __name__ == "__main__":
    main()
