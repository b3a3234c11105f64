#!/usr/bin/env python3
"""How many workers are of use, if the work waits, and if it computes?

    exercises/more/6.compute/measure.py [SERVER]

Starts stage 6 with 1, 2, 4 and 8 workers, sends 24 events of 50 ms, and prints
how many were done per second, and how often that is what one worker does.
"""

import contextlib
import io
import pathlib
import sys
import time

sys.dont_write_bytecode = True  # no caches in the source tree
HERE = pathlib.Path(__file__).resolve()
sys.path.insert(0, str(HERE.parents[2]))

# pylint: disable=wrong-import-position
from server import Server, event

EVENTS = 24
WORK_MS = 50
SECONDS = 60  # a busy machine needs longer, and never forever
OPTIONS = {"waiting": "--work-ms", "computing": "--work-cpu"}


def wait_until_done(client):
    end = time.monotonic() + SECONDS
    done = f"\nthaw_events_done_total {EVENTS}\n"
    while done not in client.ask("GET", "/metrics")[1]:
        if time.monotonic() > end:
            sys.exit(f"measure.py: {EVENTS} events of {WORK_MS} ms are not "
                     f"done in {SECONDS} s: is the machine busy?")
        time.sleep(0.005)


def events_per_second(program, workers, kind):
    with Server([program], "--workers", str(workers), OPTIONS[kind],
                str(WORK_MS)) as server, server.connect() as client:
        start = time.monotonic()
        for _ in range(EVENTS):
            client.ask("POST", "/", event())
        wait_until_done(client)
        return EVENTS / (time.monotonic() - start)


def measure(program, workers, kind):
    """What the server's checks say is of interest only when one fails."""
    said = io.StringIO()
    try:
        with contextlib.redirect_stdout(said):
            return events_per_second(program, workers, kind)
    except SystemExit as end:
        sys.exit(said.getvalue() + (end.code if isinstance(end.code, str)
                                    else ""))


def main():
    words = sys.argv[1:]
    if len(words) > 1 or {"-h", "--help"} & set(words):
        print(__doc__.strip())
        sys.exit(0 if {"-h", "--help"} & set(words) else 2)
    program = words[0] if words else HERE.parents[3].joinpath(
        "build/stage6_pool/stage6_pool")
    if not pathlib.Path(program).exists():
        sys.exit(f"measure.py: there is no {program}: "
                 "meson setup build; meson compile -C build")
    print("workers  waiting            computing")
    first = {}
    for workers in (1, 2, 4, 8):
        line = f"{workers:7}"
        for kind in OPTIONS:
            rate = measure(program, workers, kind)
            first.setdefault(kind, rate)
            line += f"  {rate:6.1f} /s {rate / first[kind]:4.1f} x"
        print(line, flush=True)


if __name__ == "__main__":
    main()
