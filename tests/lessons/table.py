#!/usr/bin/env python3
"""Compares a table of experiments with what is tested, and with the READMEs.

    table.py LAB SOURCE README "NAME ..." "NAME ..." "NAME ..." [rude]

The names are those of the experiments with tests: for the stages, for the
sketch, and for the servers of beyond/. The tables in README, a page in SOURCE,
are what `lab matrix --markdown` or `lab rude --markdown` prints if all servers
show what they must. The page of beyond/ has the lines in which its servers
differ from stage 6. Whether they do, the other tests say. Prints TAP.
"""

import pathlib
import subprocess
import sys

sys.dont_write_bytecode = True  # no caches in the source tree
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

# pylint: disable=wrong-import-position
import tap
import usage


def output(*command):
    return subprocess.run(command, capture_output=True, text=True,
                          check=True).stdout


BEYOND = ("lanes", "durable", "shared")


def differs(line):
    """Whether the last three columns of a line are not as the one before."""
    columns = line.strip("|").split("|")[1:]
    return len(set(columns)) > 1


def main():
    usage.show_if_asked(__doc__, 6)
    lab, source, page, tested, sketch, beyond, *which = sys.argv[1:]
    readme, of_beyond = (
        pathlib.Path(source, name).read_text(encoding="utf-8")
        for name in (page, "beyond/README.md"))

    def untested(names, *servers):
        listed = {line for line in
                  output(lab, "list", *which, *servers).splitlines()
                  if line and not line.startswith(" ")}
        return sorted(listed ^ set(names.split()))

    def table(*servers):
        return output(lab, "list", *which, *servers, "--markdown")

    def missing(*servers):
        lines = table(*servers)
        return [] if lines in readme else lines.splitlines()

    different = [line for line in table("6", *BEYOND).splitlines()
                 if differs(line)]
    faults = [
        ("every experiment is tested", untested(tested)),
        ("every experiment with the sketch is tested",
         untested(sketch, "sketch")),
        *((f"every experiment with {name} is tested", untested(beyond, name))
          for name in BEYOND),
        (f"{page} shows the table of lab list --markdown", missing()),
        (f"{page} shows the table of lab list 2 sketch --markdown",
         missing("2", "sketch")),
        ("beyond/README.md shows where its servers differ from stage 6",
         [line for line in different if line not in of_beyond]),
    ]
    tap.report(faults)


if __name__ == "__main__":
    main()
