"""The arithmetic of capacity, measured: jobs per second are workers / work
time, and the longest wait is slots x work time / workers."""

import re
import time

import loads
import servers

EVENT = '{"user":"alice","action":"buy","amount":1}'
LAST = '{"user":"last","action":"buy","amount":1}'
JOBS_MAX = 200000  # in a channel; each takes some 300 bytes
CELL_SECONDS = 2  # of work, at least


def metric(port, name):
    return int(re.search(rf"^thaw_{name} (\d+)", servers.get(port, "/metrics"),
                         re.M)[1])


def wait_until(condition, seconds=600):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise RuntimeError("the jobs are not done")
        time.sleep(0.001)


def start(run, stage, workers, work_ms, capacity):
    options = ["--work-ms", str(work_ms), "--capacity", str(capacity)]
    if stage == 6:
        options += ["--workers", str(workers)]
    return run.stages.start(stage, *options)


def cells(run):
    if run.quick:
        return [(5, 1, 1), (6, 4, 10)]
    times = [1, 10, 100, 500]
    return ([(5, 1, work_ms) for work_ms in times] +
            [(6, workers, work_ms) for workers in (1, 2, 4, 8, 16, 64)
             for work_ms in times])


def jobs(run, stack):
    """All jobs are sent at once, and are more than the workers can take."""
    del stack
    for number in range(min(run.rounds, 3)):
        for stage, workers, work_ms in cells(run):
            each = 4 if run.quick else max(4, CELL_SECONDS * 1000 // work_ms)
            count = min(workers * each, JOBS_MAX)
            with start(run, stage, workers, work_ms, count) as server:
                seconds = do_all(server, count, count / workers * work_ms / 1000)
            yield {"experiment": "jobs", "round": number,
                   "server": server.name, "workers": workers,
                   "work_ms": work_ms, "jobs": count, "seconds": seconds}


def do_all(server, count, at_least):
    """The server is not asked before it can be done: asking costs it time."""
    started = time.monotonic()
    loads.post_all(server.port, [EVENT] * count)
    left = started + at_least - time.monotonic()
    if left > 0:
        time.sleep(left)
    wait_until(lambda: metric(server.port, "events_done_total") == count)
    return time.monotonic() - started


def waits(run):
    if run.quick:
        return [(20, 4, 10)]
    return [(100, 1, 10), (100, 4, 10), (100, 4, 100), (1000, 16, 10)]


def longest_wait(run, stack):
    """The wait of the job that takes the last slot of the channel, while all
    workers are busy, until its own work begins."""
    del stack
    for number in range(min(run.rounds, 5)):
        for capacity, workers, work_ms in waits(run):
            with start(run, 6, workers, work_ms, capacity) as server:
                seconds = wait_of_last(server, capacity, workers)
            yield {"experiment": "wait", "round": number,
                   "server": server.name, "capacity": capacity,
                   "workers": workers, "work_ms": work_ms,
                   "seconds": seconds - work_ms / 1000}


def wait_of_last(server, capacity, workers):
    loads.post_all(server.port, [EVENT] * workers)
    wait_until(lambda: metric(server.port, "channel_jobs") == 0)
    started = time.monotonic()
    loads.post_all(server.port, [EVENT] * (capacity - 1) + [LAST])
    wait_until(lambda: '"balance"' in servers.get(server.port,
                                                  "/balances/last"))
    return time.monotonic() - started
