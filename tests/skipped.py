#!/usr/bin/env python3
"""Stands for a test that needs a package that is not installed.

    skipped.py PACKAGE

Prints, as TAP, that the test is skipped, and what to type.
"""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import usage  # noqa: E402  pylint: disable=wrong-import-position

if __name__ == "__main__":
    usage.show_if_asked(__doc__, 1)
    print(f"1..0 # SKIP no {sys.argv[1]}: ./workshop setup beyond")
