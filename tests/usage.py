"""A script's own description: for --help, and when words are missing."""

import os
import sys


def show_if_asked(description, words_min=0):
    """Ends the program: with 0 after --help, with 2 if it got fewer words."""
    words = sys.argv[1:]
    if {"-h", "--help"} & set(words):
        try:
            print(description.strip(), flush=True)
        except OSError as fault:
            # Python would write once more at its end.
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            sys.exit(f"standard output: {fault.strerror}")
        sys.exit(0)
    if len(words) < words_min:
        print(description.strip(), file=sys.stderr)
        sys.exit(2)
