"""The goals that the servers must reach, and whether they do."""

import results


class Bar:
    """A goal. `figure` is None where it was not measured."""

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
        goal = (f">= {self.at_least:g}" if self.at_least is not None
                else f"<= {self.at_most:g}")
        found = "" if self.figure is None else (
            f"{self.figure.median:.3f} ({self.figure.low:.3f}-"
            f"{self.figure.high:.3f}, {self.figure.count})")
        line = f"{self.verdict():12}  {self.name}\n{'':14}{goal:8}{found}"
        return line.rstrip()


def of_server(found, experiment, name, other, at_least, **load):
    """Requests for a second of CPU time, over those of another server."""
    where = f", {load['connections']} connections" if load else ""
    figure = found.ratio(results.thrift, {"server": name}, {"server": other},
                         experiment=experiment, **load)
    return Bar(f"{experiment}{where}, CPU: {name} / {other}", figure, at_least)


def with_backends(found, experiment, name):
    """A stage, and itself with --backend where that was measured."""
    return [name] + [server for server in
                     found.distinct("server", experiment=experiment)
                     if server.startswith(name + " ")]


def keep_alive(found):
    """A request on a connection that stays: close to the least possible."""
    for experiment, stage, at_least in (("echo", "stage 2", 0.95),
                                        ("event", "stage 3", 0.93)):
        for name in with_backends(found, experiment, stage):
            for count in (16, 64):
                yield of_server(found, experiment, name, "bare epoll",
                                at_least, connections=count)


def a_connection_each(found):
    """A connection for each request: accepting and closing cost little."""
    for name in with_backends(found, "close", "stage 3"):
        yield of_server(found, "close", name, "bare epoll", 0.90)
        yield of_server(found, "close", name, "nginx", 1.15)


def idle(found):
    """Connections that wait cost no time with epoll, and little memory."""
    yield Bar("10,000 idle connections, CPU: stage 3 epoll / without them",
              found.ratio(results.thrift, {"idle": 10000}, {"idle": 0},
                          experiment="idle", server="stage 3 epoll"), 0.95)
    for name in [*with_backends(found, "memory", "stage 2"),
                 *with_backends(found, "memory", "stage 3")]:
        yield Bar(f"bytes of an idle connection: {name}",
                  found.figure(results.idle_bytes, experiment="memory",
                               server=name), at_most=128)


def jobs(found):
    """Capacity is what the arithmetic says, but for the clock at 1 ms."""
    for workers, work_ms, at_least in ((4, 500, 0.99), (16, 10, 0.97),
                                       (64, 1, 0.85)):
        yield Bar(f"jobs per second: stage 6 / ({workers} workers / "
                  f"{work_ms} ms)",
                  found.figure(results.jobs_share, experiment="jobs",
                               server="stage 6", workers=workers,
                               work_ms=work_ms), at_least)


def lanes(found):
    """A job that is handed over costs little, and more lanes not more: two in a
    hundred are noise."""
    for count, at_least in ((16, 0.90), (64, 0.93)):
        yield of_server(found, "lanes", "lanes 4", "stage 3", at_least,
                        connections=count)
    for count in (16, 64):
        figure = found.ratio(results.rate, {"server": "lanes 4 free"},
                             {"server": "lanes 1 free"},
                             experiment="lanes free", connections=count)
        yield Bar(f"lanes on any core, {count} connections, per second: "
                  "lanes 4 / lanes 1", figure, 0.98)
    yield Bar("draining without HTTP: lanes 4 / stage 6 with 4 workers",
              found.ratio(results.channel_rate,
                          {"server": "lanes", "workers": 4},
                          {"server": "stage 6", "workers": 4},
                          experiment="drain", whole=False), 2)


def all_bars(found):
    return [bar for part in (keep_alive, a_connection_each, idle, jobs, lanes)
            for bar in part(found)]
