#!/usr/bin/env python3
"""Asks each script for its help, and calls it without the words that it needs.

    helps.py SOURCE

A script says how it is called, and does nothing else: in an empty directory, it
leaves that empty. Prints TAP.
"""

import os
import pathlib
import re
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True  # no caches in the source tree
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

# pylint: disable=wrong-import-position
import usage

LIMIT_SECONDS = 60


def scripts_of(source):
    """What a person can start: it is executable, and begins with #!"""
    return [path for path in sorted(source.glob("tests/**/*"))
            if path.suffix in (".py", ".sh") and os.access(path, os.X_OK)]


def call(script, *words):
    with tempfile.TemporaryDirectory(prefix="thaw-helps-") as directory:
        result = subprocess.run(
            [script, *words], cwd=directory, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=LIMIT_SECONDS)
        left = os.listdir(directory)
    return result, f"it left {left}" if left else ""


def fault_of(script):
    result, fault = call(script, "--help")
    text = result.stdout
    if result.returncode != 0:
        return f"--help: exit status {result.returncode}: {result.stderr}"
    if script.name not in text:
        return f"--help does not say how it is called: {text}"
    if fault or "Traceback" in result.stderr:
        return fault or result.stderr
    needs_words = re.search(rf"{re.escape(script.name)} [^\[]", text)
    if not needs_words or script.suffix == ".sh":
        return ""  # without words it may begin
    result, fault = call(script)
    if result.returncode == 0 or "Traceback" in result.stderr:
        return f"without words: exit status {result.returncode}, " + (
            result.stderr or result.stdout)
    return fault


def main():
    usage.show_if_asked(__doc__, 1)
    source = pathlib.Path(sys.argv[1]).resolve()
    scripts = scripts_of(source)
    if not scripts:
        sys.exit(f"{source}/tests has no script that can be started")
    print(f"1..{len(scripts)}")
    for number, script in enumerate(scripts, 1):
        try:
            fault = fault_of(script)
        except subprocess.TimeoutExpired as error:
            fault = str(error)
        name = script.relative_to(source)
        print(f"{'not ok' if fault else 'ok'} {number} - {name}")
        for line in fault.splitlines():
            print(f"# {line}")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
