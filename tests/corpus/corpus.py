#!/usr/bin/env python3
"""Requests and bodies that servers like to read in different ways.

    corpus.py expand DIRECTORY
    corpus.py try EXECUTABLE STAGE [NAME...]
    corpus.py peers [node] [nginx] [python]

One case per file; README.md tells the format. `expand` writes the raw bytes, for
fuzzers and unit tests. `try` starts a stage, sends it everything, whole and cut
in two, and prints TAP. `peers` asks servers of another make, and prints a table
of what they answer differently.
"""

import sys

sys.dont_write_bytecode = True  # nothing of ours among the sources

# pylint: disable=wrong-import-position
import cases
import peers
import wire


def main():
    command, *arguments = sys.argv[1:] or ["--help"]
    if command == "expand":
        cases.expand(arguments[0])
    elif command == "try":
        executable, stage, *names = arguments
        sys.exit(1 if wire.try_stage(executable, int(stage), names) else 0)
    elif command == "peers":
        peers.report(arguments)
    else:
        print(__doc__)


if __name__ == "__main__":
    main()
