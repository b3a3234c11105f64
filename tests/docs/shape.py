#!/usr/bin/env python3
"""Checks what the READMEs promise about the tree itself.

    shape.py SOURCE

Every link leads somewhere, a main.c is read in one sitting, a diff from one
stage to the next is short, and the patch that brings a bug back still applies.
Prints TAP.
"""

import difflib
import pathlib
import re
import shutil
import subprocess
import sys

LINES_MAX = 120  # of a main.c
DIFF_MAX = 110  # changed lines, from stage 2 on

results = []


def check(name, fault):
    results.append((name, fault))


def links(readme):
    text = readme.read_text(encoding="utf-8")
    targets = re.findall(r"\]\(([^)#]+)[^)]*\)", text)
    broken = [target for target in targets if "://" not in target
              and not (readme.parent / target).exists()]
    check(f"all links of {readme.parent.name}/{readme.name}", ", ".join(broken))


def main_lines(stage):
    count = len((stage / "main.c").read_text().splitlines())
    check(f"{stage.name}/main.c has at most {LINES_MAX} lines",
          f"{count} lines" if count > LINES_MAX else "")


def changed_lines(one, two):
    lines = [(stage / "main.c").read_text().splitlines() for stage in (one, two)]
    changed = [line for line in difflib.unified_diff(*lines, n=0)
               if re.match(r"[-+](?![-+]{2})", line)]
    check(f"at most {DIFF_MAX} lines change from {one.name} to {two.name}",
          f"{len(changed)} lines" if len(changed) > DIFF_MAX else "")


def patch_applies(source, patch):
    if shutil.which("git") is None:
        return
    result = subprocess.run(["git", "apply", "--check", patch], cwd=source,
                            capture_output=True, text=True)
    check(f"{patch.name} applies", result.stderr.strip())


def main():
    source = pathlib.Path(sys.argv[1])
    stages = sorted(source.glob("stage[1-6]_*"))
    for readme in sorted(source.glob("**/README.md")):
        links(readme)
    for stage in stages:
        main_lines(stage)
    for one, two in zip(stages[1:], stages[2:]):
        changed_lines(one, two)
    patch_applies(source, source / "stage6_pool/header-case.patch")
    print(f"1..{len(results)}")
    for number, (name, fault) in enumerate(results, start=1):
        print(f"{'not ok' if fault else 'ok'} {number} - {name}")
        if fault:
            print(f"# {fault}")


if __name__ == "__main__":
    main()
