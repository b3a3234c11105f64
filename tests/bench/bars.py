"""The bars that the servers must clear, and whether they do."""

import results


class Bar:
    """`figure` is None where it was not measured."""

    def __init__(self, name, figure, at_least=None, at_most=None):
        self.name = name
        self.figure = figure
        self.at_least = at_least
        self.at_most = at_most

    def verdict(self):
        if self.figure is None:
            return "not measured"
        if self.at_least is not None:
            return "met" if self.figure.median >= self.at_least else "not met"
        return "met" if self.figure.median <= self.at_most else "not met"

    def line(self):
        asked = (f">= {self.at_least:g}" if self.at_least is not None
                 else f"<= {self.at_most:g}")
        found = "" if self.figure is None else (
            f"{self.figure.median:.3f} ({self.figure.low:.3f}-"
            f"{self.figure.high:.3f}, {self.figure.count})")
        return f"{self.verdict():12}  {self.name}\n{'':14}{asked:8}{found}".rstrip()


def of_server(found, experiment, name, other, at_least, value=results.thrift,
              **load):
    """Requests for a second of CPU time, over those of another server."""
    kind = "rate" if value is results.rate else "CPU"
    where = f", {load['connections']} connections" if load else ""
    return Bar(f"{experiment}{where}: {name}, of {other}, {kind}",
               found.ratio(value, {"server": name}, {"server": other},
                           experiment=experiment, **load), at_least)


def with_variants(found, experiment, name):
    """A stage, and itself with --backend where that was measured."""
    return [name] + [server for server in
                     found.distinct("server", experiment=experiment)
                     if server.startswith(name + " ")]


def requests(found):
    for experiment, stage, of_bare in (("echo", "stage 2", 0.95),
                                       ("event", "stage 3", 0.90)):
        for name in with_variants(found, experiment, stage):
            for count in (16, 64):
                yield of_server(found, experiment, name, "bare epoll", of_bare,
                                connections=count)
                yield of_server(found, experiment, name, "nginx", 1.15,
                                connections=count)
        for name in with_variants(found, "syscalls", stage):
            yield calls_of(found, name)
    for name in with_variants(found, "pipelined", "stage 3"):
        yield of_server(found, "pipelined", name, "bare epoll", 0.70)
        yield of_server(found, "pipelined", name, "nginx", 10)
    for name in with_variants(found, "close", "stage 3"):
        yield of_server(found, "close", name, "nginx", 1.1)


def calls_of(found, name):
    return Bar(f"system calls for a request: {name}",
               found.figure(results.calls, experiment="syscalls", server=name),
               at_most=2.1)


def idle(found):
    yield Bar("10,000 idle connections: stage 3 epoll, of itself without, CPU",
              found.ratio(results.thrift, {"idle": 10000}, {"idle": 0},
                          experiment="idle", server="stage 3 epoll"), 0.90)
    for name in [*with_variants(found, "memory", "stage 2"),
                 *with_variants(found, "memory", "stage 3")]:
        yield Bar(f"bytes of an idle connection: {name}",
                  found.figure(results.idle_bytes, experiment="memory",
                               server=name), at_most=128)


def stages_5_and_6(found):
    for stage, bars in (("stage 5", {16: 0.85, 64: 0.92}),
                        ("stage 6", {16: 0.80, 64: 0.90})):
        values = [results.thrift] + [results.rate] * (stage == "stage 6")
        for count, at_least in bars.items():
            for value in values:
                yield of_server(found, "event", stage, "stage 3", at_least,
                                value, connections=count)
    for workers, work_ms, at_least in ((4, 500, 0.99), (16, 10, 0.97),
                                       (64, 1, 0.85)):
        yield Bar(f"jobs per second, of {workers} workers / {work_ms} ms",
                  found.figure(results.jobs_share, experiment="jobs",
                               server="stage 6", workers=workers,
                               work_ms=work_ms), at_least)


def channel(found):
    pace = max(found.distinct("pace_ns", experiment="channel"), default=None)
    for other, at_least in (("textbook", 1.6), ("GAsyncQueue", 2)):
        yield Bar(f"the channel, 1 to 4: of {other}", found.ratio(
            results.channel_rate, {"server": "channel"}, {"server": other},
            experiment="channel", receivers=4, pace_ns=pace),
            at_least)
    for size in (8, 264):
        yield Bar(f"ns to send and receive, a job of {size} bytes",
                  found.figure(results.channel_ns, experiment="channel",
                               receivers=0, job_size=size), at_most=40)


def all_bars(found):
    return [bar for part in (requests, idle, stages_5_and_6, channel)
            for bar in part(found)]
