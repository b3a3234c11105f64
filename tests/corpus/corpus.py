#!/usr/bin/env python3
"""Requests and bodies that servers may read in different ways.

    corpus.py expand DIRECTORY
    corpus.py try EXECUTABLE STAGE [NAME...]
    corpus.py peers [node] [nginx] [python]

One case per file; README.md has the format. `expand` writes the raw bytes, for
fuzzers and unit tests. `try` starts a stage, sends it every case, whole and cut
in two, and prints TAP. `peers` sends them to other servers, and prints a table
of the responses that differ from ours.
"""

import pathlib
import sys

sys.dont_write_bytecode = True  # keep the source directory clean
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

# pylint: disable=wrong-import-position
import cases
import peers
import usage
import wire


def main():
    usage.show_if_asked(__doc__, 1)
    command, *arguments = sys.argv[1:]
    if command == "expand":
        cases.expand(arguments[0])
    elif command == "try":
        executable, stage, *names = arguments
        sys.exit(1 if wire.try_stage(executable, int(stage), names) else 0)
    elif command == "peers":
        peers.report(arguments)
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
