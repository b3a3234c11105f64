"""The tables: in a terminal of 80 columns, or as Markdown."""

import results

RATIO = "Median, and the quartiles, of the ratios within the rounds."


class Table:
    def __init__(self, title, header, rows, note=""):
        self.title = title
        self.header = header
        self.rows = rows
        self.note = note

    def text(self):
        widths = [max(len(row[i]) for row in [self.header, *self.rows])
                  for i in range(len(self.header))]
        lines = [self.title, ""]
        for row in [self.header, *self.rows]:
            first = row[0].ljust(widths[0])
            others = [cell.rjust(width)
                      for cell, width in zip(row[1:], widths[1:])]
            lines.append("  ".join([first, *others]).rstrip())
        return "\n".join(lines + ([self.note] if self.note else [])) + "\n"

    def markdown(self):
        lines = [f"**{self.title}**", "", "| " + " | ".join(self.header) + " |",
                 "|" + "---|" + "---:|" * (len(self.header) - 1)]
        lines += ["| " + " | ".join(row) + " |" for row in self.rows]
        return "\n".join(lines + (["", self.note] if self.note else [])) + "\n"


def spread(figure):
    if figure is None:
        return ""
    return f"{figure.median:.2f} {figure.low:.2f}-{figure.high:.2f}"


def median(figure, form="{:.2f}"):
    return "" if figure is None else form.format(figure.median)


def thousands(figure):
    return "" if figure is None else f"{figure.median / 1000:.1f}k"


def keep_alive(found, experiment, base="bare epoll"):
    """Two tables: the ratios, and the figures from which they come."""
    names = found.distinct("server", experiment=experiment)
    counts = found.distinct("connections", experiment=experiment)
    header = ["connections", *map(str, counts)]
    ratios, figures = [], []
    for name in names:
        ratios.append([name])
        figures.append([name])
        for count in counts:
            where = {"experiment": experiment, "connections": count}
            ratios[-1].append(spread(found.ratio(
                results.thrift, {"server": name}, {"server": base},
                **where)))
            figures[-1].append(
                median(found.figure(results.cpu_us, server=name, **where)) +
                " " +
                thousands(found.figure(results.rate, server=name, **where)))
    return [
        Table(f"{experiment}: requests for a second of CPU time, {base} = 1",
              header, ratios, RATIO),
        Table(f"{experiment}: µs of CPU time for a request, and requests per "
              "second", header, figures)]


def one_load(found, experiment, title):
    rows = []
    for name in found.distinct("server", experiment=experiment):
        where = {"experiment": experiment}
        rows.append([name] + [
            spread(found.ratio(results.thrift, {"server": name},
                               {"server": other}, **where))
            for other in ("bare epoll", "nginx")] + [
            median(found.figure(results.cpu_us, server=name, **where)),
            thousands(found.figure(results.rate, server=name, **where))])
    return [Table(title, ["16 connections", "of bare epoll", "of nginx",
                          "µs of CPU", "per second"], rows, RATIO)]


def idle(found):
    names = found.distinct("server", experiment="idle")
    counts = found.distinct("idle", experiment="idle")
    header = ["idle connections", *map(str, counts)]
    ratios, figures = [], []
    for name in names:
        ratios.append([name] + [
            spread(found.ratio(results.thrift, {"idle": count}, {"idle": 0},
                               experiment="idle", server=name))
            for count in counts])
        figures.append([name] + [
            median(found.figure(results.cpu_us, experiment="idle", server=name,
                                idle=count)) for count in counts])
    return [Table("16 busy connections beside idle ones: requests for a second "
                  "of CPU time,\nwithout idle ones = 1", header, ratios, RATIO),
            Table("The same: µs of CPU time for a request", header, figures)]


def memory(found):
    rows = []
    for name in found.distinct("server", experiment="memory"):
        where = {"experiment": "memory", "server": name}
        rows.append([name, str(found.of(**where)[0]["idle"]),
                     median(found.figure(results.idle_bytes, **where),
                            "{:.0f}")])
    return [Table("Resident memory of an idle connection that carried a "
                  "request, in bytes", ["", "connections", "bytes each"], rows)]


def syscalls(found):
    rows = [[record["server"], f"{results.calls(record):.3f}",
             record["counted_by"]]
            for record in found.of(experiment="syscalls")]
    return [Table("System calls for a request, 16 connections",
                  ["", "calls", "counted by"], rows)]


def jobs(found):
    times = sorted(found.distinct("work_ms", experiment="jobs"))
    rows = []
    for name in found.distinct("server", experiment="jobs"):
        for workers in found.distinct("workers", experiment="jobs",
                                      server=name):
            where = {"experiment": "jobs", "server": name, "workers": workers}
            rows.append([f"{name}, {workers}"] + [
                jobs_cell(found, work_ms=work_ms, **where)
                for work_ms in times])
    return [Table("Jobs per second, and their share of workers / work time",
                  ["stage, workers", *(f"{work_ms} ms" for work_ms in times)],
                  rows)]


def jobs_cell(found, **where):
    rate = found.figure(results.jobs_rate, **where)
    share = found.figure(results.jobs_share, **where)
    form = "{:.0f}" if rate is not None and rate.median > 1000 else "{:.4g}"
    return median(rate, form) + " " + median(share, "{:.3f}")


def wait(found):
    rows = []
    keys = ("capacity", "workers", "work_ms")
    cells = dict.fromkeys(tuple(record[key] for key in keys)
                          for record in found.of(experiment="wait"))
    for cell in cells:
        where = {"experiment": "wait", **dict(zip(keys, cell))}
        rows.append([*map(str, cell), *(
            median(found.figure(value, **where), "{:.0f}")
            for value in (results.wait_formula_ms, results.wait_ms))])
    return [Table("How long the job that takes the last slot waits until it "
                  "begins, in ms",
                  ["slots", "workers", "work, ms", "computed", "measured"],
                  rows, "Computed: slots x work time / workers.")]


def channel_rates(found, pace, title):
    rows = []
    for name in found.distinct("server", experiment="channel"):
        rows.append([name])
        for receivers in (1, 4):
            where = {"experiment": "channel", "receivers": receivers,
                     "pace_ns": pace}
            rows[-1] += [
                median(found.figure(lambda one: results.channel_rate(one) / 1e6,
                                    server=name, **where)),
                spread(found.ratio(results.channel_rate, {"server": "channel"},
                                   {"server": name}, **where))]
    return Table(f"The channel, {title}: million jobs per second, ours / this",
                 ["", "1 to 1", "ratio", "1 to 4", "ratio"], rows, RATIO)


def channel(found):
    alone = [[f"{size} bytes", median(found.figure(
        results.channel_ns, experiment="channel", receivers=0, job_size=size))]
        for size in found.distinct("job_size", experiment="channel",
                                   receivers=0)]
    rates = [channel_rates(found, pace, "mostly full" if pace == 0 else
                           f"{pace / 1000:g} µs between two jobs")
             for pace in found.distinct("pace_ns", experiment="channel")]
    return [*rates,
            Table("The channel, one thread alone: ns to send and receive a job",
                  ["a job of", "ns"], alone)]


def lanes_free(found):
    """On any core: what counts is how many requests there are in a second."""
    rows = []
    for name in found.distinct("server", experiment="lanes free"):
        rows.append([name])
        for count in found.distinct("connections", experiment="lanes free"):
            where = {"experiment": "lanes free", "connections": count}
            rows[-1] += [
                spread(found.ratio(results.rate, {"server": name},
                                   {"server": "lanes 1 free"}, **where)),
                thousands(found.figure(results.rate, server=name, **where))]
    counts = found.distinct("connections", experiment="lanes free")
    return [Table("lanes on any core: requests per second, one lane = 1",
                  ["connections", *(cell for count in counts
                                    for cell in (str(count), ""))],
                  rows, RATIO)]


def drain(found):
    rows = []
    for name in found.distinct("server", experiment="drain"):
        for workers in found.distinct("workers", experiment="drain",
                                      server=name):
            rows.append([f"{name}, {workers}"])
            for whole in (False, True):
                where = {"experiment": "drain", "whole": whole}
                this = {"server": name, "workers": workers}
                rows[-1] += [
                    median(found.figure(
                        lambda one: results.channel_rate(one) / 1e6,
                        **where, **this), "{:.1f}"),
                    spread(found.ratio(results.channel_rate, this,
                                       {"server": "stage 6", "workers": 4},
                                       **where))]
    return [Table("Draining full channels, without HTTP: million events per "
                  "second,\nand of stage 6 with 4 workers",
                  ["server, workers", "balances", "ratio", "all of work()",
                   "ratio"], rows, RATIO)]


def parse(found):
    rows = [[name, median(found.figure(results.parse_ns, experiment="parse",
                                       server=name), "{:.0f}")]
            for name in found.distinct("server", experiment="parse")]
    return [Table("The parser and the decoder alone", ["", "ns each"], rows)]


MAKERS = {
    "echo": lambda found: keep_alive(found, "echo"),
    "event": lambda found: keep_alive(found, "event"),
    "lanes": lambda found: keep_alive(found, "lanes", "stage 3"),
    "lanes free": lanes_free, "drain": drain,
    "pipelined": lambda found: one_load(
        found, "pipelined", "event, 16 requests at a time"),
    "close": lambda found: one_load(
        found, "close", "event, a connection for each request"),
    "idle": idle, "memory": memory, "syscalls": syscalls,
    "jobs": jobs, "wait": wait, "channel": channel, "parse": parse,
}


def all_tables(found):
    return [table for name, make in MAKERS.items() if found.of(experiment=name)
            for table in make(found)]


def warnings(found):
    """A server that rejects requests does less than those beside it."""
    for record in found.records:
        if record.get("rejected") or record.get("errors"):
            yield (f"{record['experiment']}, {record['server']}: "
                   f"{record['rejected']} of {record['requests']} rejected, "
                   f"{record['errors']} errors")
