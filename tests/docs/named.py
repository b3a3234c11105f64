#!/usr/bin/env python3
"""Checks that what the READMEs name is there.

    named.py SOURCE BUILD

The heading that a link leads to, the file of a path in a code span, the command
after ./workshop and after the lab's name; and that the minutes of each plan in
TEACHING.md add up to those in its heading. Prints TAP.
"""

import pathlib
import re
import subprocess
import sys

sys.dont_write_bytecode = True  # no caches in the source tree
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

# pylint: disable=wrong-import-position
import tap
import usage

SPAN = r"`([^`\n]+(?:\n[^`\n]+)?)`"
# A path in a code span: it has a directory of the tree, and is no pattern.
PATH = re.compile(r"(?:lib|lab|tests|exercises|teaching|beyond|stage\d_\w+|"
                  r"\.\w+)"
                  r"(?:/[\w.-]+)+/?")
# What a build or a run makes, and an example of a new name.
NOT_THERE = re.compile(r"exercises/copies/|(stage\d_\w+)/\1$|.*\.input$|"
                       r"tests/unit/test_part\.c$")


def slugs(text):
    """The anchors of a page, as GitHub makes them: a heading in small letters,
    without punctuation, with - for a space."""
    text = re.sub(r"^```.*?^```", "", text, flags=re.M | re.S)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
            for title in re.findall(r"^#+ (.*)$", text, re.M)}


def lost_anchors(page, text):
    for target, anchor in re.findall(r"\]\(([^)#\s]*)#([^)\s]+)\)", text):
        if "://" in target:
            continue
        other = page.parent / target if target else page
        if other.suffix == ".md" and other.exists():
            if anchor not in slugs(other.read_text(encoding="utf-8")):
                yield f"{target}#{anchor}"


def lost_files(source, page, text):
    for span in re.findall(SPAN, text):
        if PATH.fullmatch(span) and not NOT_THERE.match(span):
            if not any((base / span).exists() for base in
                       (source, page.parent)):
                yield span


def lost_commands(text, workshop, lab):
    for word in re.findall(r"(?:`|^ +|^\$ )\./workshop\s+([a-z]+)", text,
                           re.M):
        if word not in workshop:
            yield f"./workshop {word}"
    for word in re.findall(r"(?:lab/lab|\./workshop lab)\s+([a-z]+)", text):
        if word not in lab:
            yield f"lab {word}"


def plans(text):
    """(heading, its minutes, those of its tables)"""
    for part in re.split(r"^#{2,3} ", text, flags=re.M)[1:]:
        heading = part.partition("\n")[0]
        rows = [int(row) for row in re.findall(r"^\| (\d+) \|", part, re.M)]
        found = re.search(r"(two )?\D*\b(\d+) minutes", heading, re.I)
        if rows or found:
            yield (heading, int(found[2]) * (2 if found[1] else 1)
                   if found else None, sum(rows))


def output_of(*command):
    return subprocess.run(command, check=True, capture_output=True,
                          text=True).stdout


def main():
    usage.show_if_asked(__doc__, 2)
    source = pathlib.Path(sys.argv[1]).resolve()
    workshop = set(re.findall(r"^ *\./workshop (\w+)", output_of(
        source / "workshop", "--help"), re.M)) | {"hint", "solution", "reset"}
    # "chaos" is a command of ./workshop lab alone.
    lab = set(re.findall(r"^  (\w+)", output_of(
        f"{sys.argv[2]}/lab/lab", "--help"), re.M)) | {"chaos"}
    results = []
    for page in sorted(source.glob("**/*.md")):
        text = page.read_text(encoding="utf-8")
        results.append((
            f"what {page.relative_to(source)} names is there",
            [*lost_anchors(page, text), *lost_files(source, page, text),
             *lost_commands(text, workshop, lab)]))
    found = list(plans((source / "TEACHING.md").read_text(encoding="utf-8")))
    results.append(("there are three plans",
                    [] if len(found) == 3 else [str(found)]))
    for heading, minutes, total in found:
        results.append((f"the minutes of \"{heading}\" add up",
                        [] if minutes == total else [f"to {total}"]))
    tap.report(results)


if __name__ == "__main__":
    main()
