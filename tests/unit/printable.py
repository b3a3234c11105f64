#!/usr/bin/env python3
"""Compares the tables of what is not printed with Unicode, and with each other.

    printable.py SOURCE

lib/base/printable.c, exercises/printable.py and Unicode's own files, if they
are here (Debian's unicode-data); else Python's. Prints TAP.
"""

import pathlib
import re
import sys
import unicodedata

sys.dont_write_bytecode = True  # no caches in the source tree
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

# pylint: disable=wrong-import-position
import usage

usage.show_if_asked(__doc__, 1)
SOURCE = pathlib.Path(sys.argv[1])
sys.path.insert(0, str(SOURCE / "exercises"))
from printable import printable

UNICODE = pathlib.Path("/usr/share/unicode")
SURROGATES = set(range(0xD800, 0xE000))  # not in UTF-8
ALLOWED_IN_PYTHON = set(map(ord, "\t\n"))
BRAILLE_BLANK = 0x2800
VERSION = "15.0.0"


def table_of_c():
    text = (SOURCE / "lib/base/printable.c").read_text("utf-8")
    return {code for first, last in re.findall(
        r"\{0x([0-9a-f]+), 0x([0-9a-f]+)\}", text)
        for code in range(int(first, 16), int(last, 16) + 1)}


def table_of_python():
    return {code for code in range(0x110000) if printable(chr(code)) == "?"
            and code != ord("?")}


def of_unicode():
    """Those of Python, or of the files if they are of our version."""
    found = {code for code in range(0x110000) if unicodedata.category(
        chr(code)) in ("Cc", "Cf", "Zl", "Zp")}
    path = UNICODE / "DerivedCoreProperties.txt"
    if not path.exists() or VERSION not in path.read_text("utf-8")[:80]:
        return found, False
    for line in path.read_text("utf-8").splitlines():
        match = re.match(r"([0-9A-F]+)(?:\.\.([0-9A-F]+))? *; "
                         "Default_Ignorable_Code_Point", line)
        if match:
            found |= set(range(int(match[1], 16),
                               int(match[2] or match[1], 16) + 1))
    for line in (UNICODE / "UnicodeData.txt").read_text("utf-8").splitlines():
        fields = line.split(";")
        if fields[2] == "Cf":
            found.add(int(fields[0], 16))
    return found | {BRAILLE_BLANK}, True


def main():
    ours = table_of_c()
    unicode, is_whole = of_unicode()
    missing = {code for code in unicode - ours
               if is_whole or unicodedata.unidata_version <= VERSION}
    differ = (table_of_python() - SURROGATES) ^ (ours - ALLOWED_IN_PYTHON)
    faults = {
        "the table in C has all that Unicode hides": missing,
        "the table in C has nothing else": ours - unicode if is_whole else (),
        "the table in Python is the same": differ,
    }
    print(f"1..{len(faults)}")
    for number, (name, codes) in enumerate(faults.items(), start=1):
        print(f"{'not ok' if codes else 'ok'} {number} - {name}")
        for code in sorted(codes):
            print(f"# U+{code:04X}")


if __name__ == "__main__":
    main()
