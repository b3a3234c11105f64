"""printable.py - the bytes of others, as a terminal may show them

Like lib/base/printable.h, whose table this is: what a terminal obeys, and what
is not seen, becomes '?'. Whatever a person typed, and what a server or a
compiler said, goes through here before it is printed.
"""

import os
import re
import sys

HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u034f\u0600-\u0605\u061c\u06dd\u070f"
    "\u0890\u0891\u08e2\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    "\u2028-\u202e\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0"
    "\ufff0-\ufffb\U000110bd\U000110cd\U00013430-\U0001343f"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
    "\ud800-\udfff]")  # Python has bytes that are not UTF-8 as surrogates


def printable(text):
    """Tabs and the ends of lines stay."""
    return HIDDEN.sub("?", text)


def say(text=""):
    """On standard output, at once. Where that cannot be written, the program
    ends."""
    try:
        print(printable(text), flush=True)
    except BrokenPipeError:
        raise
    except OSError as fault:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # Python writes once more
        sys.exit(f"workshop: standard output: {fault.strerror}")
