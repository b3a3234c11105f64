#!/usr/bin/env python3
"""Runs the fuzzers, and says what they did.

    run.py BUILD MINUTES [FUZZER...]

Each fuzzer runs for MINUTES, as many in parallel as there are processors. New
inputs stay in BUILD/corpus/, the output in BUILD/*.log, and an input that shows
a fault in BUILD/findings/. Exits with 1 after a finding.
"""

import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys

sys.dont_write_bytecode = True  # no caches in the source tree
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

# pylint: disable=wrong-import-position
import usage

FUZZERS = ["request", "chunked", "event", "conn"]
HERE = pathlib.Path(__file__).resolve().parent
DICTIONARIES = {"request": "http", "chunked": "chunked", "event": "json",
                "conn": "conn"}
# The cases of tests/corpus are seeds too.
CASES = {"request": "requests", "event": "bodies", "conn": "requests"}
LENGTH_MAX = 1024  # in bytes: longer inputs are slow, and say little more
MEMORY_MAX = 2048  # in megabytes
INPUT_SECONDS = 20  # for one input


def directories(build, name):
    """Where new inputs go, and then where the seeds are."""
    learned = build / "corpus" / name
    learned.mkdir(parents=True, exist_ok=True)
    found = [learned, HERE / "seeds" / name]
    if name in CASES:
        found.append(build / "cases" / CASES[name])
    return found


def run(build, name, minutes):
    log = build / f"{name}.log"
    with open(log, "w", encoding="utf-8") as output:
        result = subprocess.run(
            [build / f"tests/fuzz/fuzz_{name}",
             f"-dict={HERE / DICTIONARIES[name]}.dict",
             f"-max_total_time={max(1, round(minutes * 60))}",
             f"-max_len={LENGTH_MAX}", f"-rss_limit_mb={MEMORY_MAX}",
             f"-timeout={INPUT_SECONDS}", "-print_final_stats=1", "-reload=0",
             f"-artifact_prefix={build}/findings/{name}-",
             *directories(build, name)],
            stdout=output, stderr=subprocess.STDOUT, check=False)
    return name, result.returncode, log


# What a row shows: a title, its width, and what libFuzzer calls it.
COLUMNS = [
    ("executions", 12, r"number_of_executed_units: *(\d+)"),
    ("per second", 12, r"average_exec_per_sec: *(\d+)"),
    ("edges", 8, r"cov: (\d+)"),
    ("features", 10, r"ft: (\d+)"),
]
FINDING = r"Test unit written to (.*)"
WHAT = r"(.*Assertion .*|SUMMARY: .*|# .*, given .*)"


def last(pattern, text):
    found = re.findall(pattern, text)
    return found[-1] if found else "?"


def header():
    titles = "".join(f"{title:>{width}}" for title, width, _ in COLUMNS)
    return f"{'fuzzer':8}{titles}  findings"


def report(build, name, status, log):
    """Prints a row of the table, and how to repeat each finding."""
    text = log.read_text(encoding="utf-8", errors="replace")
    findings = re.findall(FINDING, text)
    row = "".join(f"{last(pattern, text):>{width}}"
                  for _, width, pattern in COLUMNS)
    print(f"{name:8}{row}{len(findings):>10}", flush=True)
    for path in findings:
        print(f"  {re.search(WHAT, text)[0]}\n"
              f"  again: {build}/tests/fuzz/fuzz_{name} {path}")
    if status != 0 and not findings:
        print(f"  ended with {status}: see {log}")


def main():
    usage.show_if_asked(__doc__, 2)
    build = pathlib.Path(sys.argv[1]).resolve()
    minutes = float(sys.argv[2])
    names = sys.argv[3:] or FUZZERS
    unknown = [name for name in names if name not in FUZZERS]
    if unknown:
        sys.exit(f"no such fuzzer: {unknown[0]!r}; "
                 f"there are {' '.join(FUZZERS)}")
    (build / "findings").mkdir(exist_ok=True)
    corpus = HERE.parent / "corpus/corpus.py"
    subprocess.run([corpus, "expand", build / "cases"], check=True)
    print(header(), flush=True)
    faults = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        runs = [pool.submit(run, build, name, minutes) for name in names]
        for done in concurrent.futures.as_completed(runs):
            name, status, log = done.result()
            report(build, name, status, log)
            faults += status != 0
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
