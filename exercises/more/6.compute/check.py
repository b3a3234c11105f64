"""check.py - exercise 6.compute: work that computes

    check.py STEP SERVER
"""

import pathlib
import resource
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))

# pylint: disable=wrong-import-position
from server import Server, doing, event, that, until

WORK_MS = 100


def used_seconds():
    """Processor time of the servers that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def run(command, count, workers):
    """Does so many events. Returns the processor time of the server."""
    before = used_seconds()
    with Server(command, "--workers", str(workers), "--work-ms",
                str(WORK_MS)) as server:
        doing(f"{count} events of {WORK_MS} ms, to {workers} worker"
              + ("s" if workers > 1 else ""))
        with server.connect() as client:
            for _ in range(count):
                client.ask("POST", "/", event())
        server.stop()
        server.expect_end("does the work end?")
    return used_seconds() - before


def expect(used, count, likely):
    asked = count * WORK_MS / 1000
    that(used > 0.9 * asked, f"{used:.2f} s of processor time",
         f"{asked:.2f} s, or a little more", likely)
    that(used < 1.5 * asked + 0.3, f"{used:.2f} s of processor time",
         f"about {asked:.2f} s", "is the unit right? 1 ms is 1,000,000 ns")


def one_worker(command):
    expect(run(command, 5, 1), 5, "the work still waits; it must compute until "
           "the thread has used so much processor time")


def four_workers(command):
    expect(run(command, 12, 4), 12, "four threads compute at the same time: "
           "each must count the processor time of this thread alone "
           "(CLOCK_THREAD_CPUTIME_ID)")


def gate(command):
    with Server(command, "--workers", "4", gate=True) as server:
        doing("four events with --work-gate, and a byte for one of them")
        with server.connect() as client:
            for _ in range(4):
                client.ask("POST", "/", event())
        until(lambda: server.metric("thaw_busy_workers") == 4)
        server.finish(1)
        until(lambda: server.metric("thaw_events_done_total") > 0)
        done = server.metric("thaw_events_done_total")
        that(done == 1, f"{done} events are done", "1",
             "with a gate an event is done when a byte comes, as before")
        server.finish(3)


if __name__ == "__main__":
    {"one": one_worker, "four": four_workers, "gate": gate}[sys.argv[1]](
        sys.argv[2:])
