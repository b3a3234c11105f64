#!/usr/bin/env python3
"""Measures the stages beside a bare loop and nginx, round after round.

    bench.py run BUILD [OPTION...]   measure, print the tables
    bench.py report FILE...          the tables again; --markdown for a README
    bench.py bars FILE...            which goals are met; status 1: not all
    bench.py plot FILE... --svg DIR  the pictures again

README.md says what is measured, and how.
"""

import sys

sys.dont_write_bytecode = True  # no caches in the source tree

import argparse
import contextlib
import json
import pathlib
import signal

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] /
                       "exercises"))

import bars
import capacity
import experiments
import machine
import plots
import tables
from printable import printable
from results import Results

EXPERIMENTS = {
    "echo": experiments.echo,
    "event": experiments.event,
    "pipelined": experiments.pipelined,
    "close": experiments.close,
    "idle": experiments.idle,
    "memory": experiments.memory,
    "syscalls": experiments.syscalls,
    "jobs": capacity.jobs,
    "wait": capacity.longest_wait,
    "lanes": experiments.lanes,
    "drain": experiments.micro("drain"),
    "channel": experiments.micro("channel"),
    "parse": experiments.micro("parse"),
}


def at_least(kind, least):
    def read_number(text):
        number = kind(text)
        if number < least:
            raise argparse.ArgumentTypeError(
                f"expected at least {least}, got {text}")
        return number
    read_number.__name__ = kind.__name__  # for the message of argparse
    return read_number


class Parser(argparse.ArgumentParser):
    def error(self, message):
        super().error(printable(message))


def arguments():
    parser = Parser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run")
    run.add_argument("build", type=pathlib.Path)
    run.add_argument("--rounds", type=at_least(int, 1), default=15,
                     help="of each experiment (15)")
    run.add_argument("--seconds", type=at_least(float, 0.1), default=1,
                     help="of load, for each round and server (1)")
    run.add_argument("--only", nargs="+", choices=EXPERIMENTS, metavar="NAME",
                     default=list(EXPERIMENTS),
                     help="of: " + ", ".join(EXPERIMENTS))
    run.add_argument("--quick", action="store_true",
                     help="one short round, to see that it works")
    run.add_argument("--json", type=pathlib.Path, metavar="FILE",
                     default=pathlib.Path("bench.json"),
                     help="where the records go (bench.json)")
    for name in ("report", "bars", "plot"):
        commands.add_parser(name).add_argument("files", nargs="+",
                                               type=pathlib.Path)
    commands.choices["report"].add_argument("--markdown", action="store_true")
    for name in ("run", "plot"):
        commands.choices[name].add_argument(
            "--svg", type=pathlib.Path, metavar="DIR",
            required=name == "plot", help="draw the pictures there")
    return parser.parse_args()


def measure(run, name):
    """The records of one experiment. Shows its progress on the terminal."""
    records = []
    with contextlib.ExitStack() as stack:
        for record in EXPERIMENTS[name](run, stack):
            records.append(record)
            if sys.stderr.isatty():
                print(f"\r{name}: round {record['round'] + 1}, "
                      f"{record['server']:32}", end="\r", file=sys.stderr)
    return records


def write(path, data):
    """One record per line, so that people and diff can read them."""
    lines = [json.dumps(record) for record in data["records"]]
    frame = json.dumps({**data, "records": []}, indent=2, ensure_ascii=False)
    path.write_text(frame.replace('"records": []', '"records": [\n    ' +
                                  ",\n    ".join(lines) + "\n  ]") + "\n",
                    encoding="utf-8")


def read_file(path):
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        return {"machine": data["machine"], "records": data["records"]}
    except (ValueError, KeyError, TypeError):
        raise ValueError(f"{path}: expected what bench.py run writes") from None


def read(paths):
    """(the machine of the first file, the records of all). Round 1 of one file
    is another round than round 1 of the next file."""
    files = [read_file(path) for path in paths]
    records = [{**record, "round": f"{number}, {record['round']}"}
               for number, data in enumerate(files)
               for record in data["records"]]
    return files[0]["machine"], Results(records)


def report(described, found, markdown):
    print("\n".join(machine.lines(described, found)) + "\n")
    for table in tables.all_tables(found):
        print(table.markdown() if markdown else table.text())
    for line in tables.warnings(found):
        print(f"warning: {line}", file=sys.stderr)


def run(options):
    # Before the run, so that it does not end in a file that can't be written.
    options.json.parent.mkdir(parents=True, exist_ok=True)
    settings = experiments.Run(
        options.build, 1 if options.quick else options.rounds,
        0.2 if options.quick else options.seconds, options.quick)
    described = {**machine.describe(options.build),
                 "rounds": settings.rounds, "seconds": settings.seconds}
    records = []
    for name in options.only:
        records += measure(settings, name)
        # After each experiment, so that a later error loses nothing.
        write(options.json, {"machine": described, "records": records})
    found = Results(records)
    report(described, found, markdown=False)
    if options.svg:
        plots.draw(found, options.svg)


def judge(found):
    all_bars = bars.all_bars(found)
    for bar in all_bars:
        print(bar.line())
    return 0 if all(bar.verdict() == "met" for bar in all_bars) else 1


def main():
    options = arguments()
    try:
        return obey(options)
    except (OSError, RuntimeError, ValueError) as fault:
        print(f"bench.py: {fault}", file=sys.stderr)
        return 1


def obey(options):
    # With sys.exit, each "with" ends the server that it started.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: sys.exit(1))
    if options.command == "run":
        run(options)
        return 0
    described, found = read(options.files)
    if options.command == "report":
        report(described, found, options.markdown)
    elif options.command == "plot":
        plots.draw(found, options.svg)
    else:
        return judge(found)
    return 0


if __name__ == "__main__":
    sys.exit(main())
