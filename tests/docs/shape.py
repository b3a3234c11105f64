#!/usr/bin/env python3
"""Checks what the READMEs promise about the tree itself.

    shape.py SOURCE

Every link leads somewhere, every include points down, files are as short as the
lessons need, a README asks before it tells, and the patch that brings a bug
back still applies. Prints TAP.
"""

import difflib
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True  # no caches in the source tree
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

# pylint: disable=wrong-import-position
import tap
import usage

MAIN_MAX = 120  # lines of a main.c
DIFF_MAX = 110  # changed lines from one main.c to the next, from stage 2 on
LAST_DIFF_MAX = 24  # the same, from stage 5 to 6
ASYNC_MAX = 1250  # lines of stage 2, without the sketch
LINES_MAX = {
    "stage2_async/sketch.c": 110,
    "stage5_queue/channel.c": 90,
    "stage5_queue/channel.h": 50,
}
CONN_BOOLS_MAX = 4

# The sections of a stage's README, in order. Others may be between them.
SECTIONS = ["What broke before", "Where are the waiting clients?", "Predict",
            "Prove it", "Read it", "Build it", "What changed",
            "What you learned", "More exercises", "What it still gets wrong"]
CROWD = "o o o"  # clients or events that wait, in a picture
MINUTES = r"(\d+) to predict and prove, (\d+) to read, (\d+) to build"

# What a directory may include. A stage may include lib/, itself, and the stages
# before it.
INCLUDES = {
    "lib/base": ["lib/base"],
    "lib/http": ["lib/base", "lib/http"],
    "lib/event": ["lib/base", "lib/event"],
    "lib/store": ["lib/base", "lib/store"],
    "lib/service": ["lib"],
    "lab": ["lib", "lab"],
}

results = []


def check(name, fault):
    results.append((name, [fault] if fault else []))


def check_at_most(name, count, count_max):
    check(f"{name}: at most {count_max}",
          f"{count}" if count > count_max else "")


def links(readme):
    text = readme.read_text(encoding="utf-8")
    targets = re.findall(r"\]\(([^)#]+)[^)]*\)", text)
    broken = [target for target in targets if "://" not in target
              and not (readme.parent / target).exists()]
    check(f"all links of {readme.parent.name}/{readme.name}", ", ".join(broken))


def lines_of(path):
    return path.read_text(encoding="utf-8").splitlines()


def includes(source, directory, allowed, name):
    paths = sorted((source / directory).rglob("*.[ch]"))
    roots = tuple(other if other.endswith(".h") else f"{other}/"
                  for other in allowed)
    wrong = [f"{path.relative_to(source)}: {line.split()[1]}"
             for path in paths for line in lines_of(path)
             if line.startswith('#include "')
             and not line.split('"')[1].startswith(roots)]
    check(f"{directory} includes only {name}",
          ", ".join(wrong) if paths else "it has no files")


def all_includes(source, stages):
    for directory, allowed in INCLUDES.items():
        includes(source, directory, allowed, ", ".join(allowed))
    names = [stage.name for stage in stages]
    for number, name in enumerate(names, start=1):
        includes(source, name, ["lib", *names[:number]],
                 "lib and no later stage")
    for path in sorted(source.glob("beyond/*/meson.build")):
        name = str(path.parent.relative_to(source))
        # What several of them share is in beyond/ itself.
        includes(source, name, ["lib", *names, name, *(
            f"beyond/{shared.name}" for shared in source.glob("beyond/*.h"))],
            "lib, stages, and what is beside it in beyond/")
    rooms = {str(path.parent.relative_to(source))
             for path in source.glob("lib/**/*.[ch]")}
    check("all of lib is in a folder that has its rule",
          ", ".join(sorted(rooms - INCLUDES.keys())))


def changed_lines(one, two, count_max):
    changed = [line for line in
               difflib.unified_diff(lines_of(one / "main.c"),
                                    lines_of(two / "main.c"), n=0)
               if re.match(r"[-+](?![-+]{2})", line)]
    check_at_most(f"changed lines from {one.name} to {two.name}", len(changed),
                  count_max)


def lengths(source, stages):
    for stage in stages:
        check_at_most(f"lines of {stage.name}/main.c",
                      len(lines_of(stage / "main.c")), MAIN_MAX)
    for path in sorted(source.glob("beyond/*/main.c")):
        check_at_most(f"lines of {path.relative_to(source)}",
                      len(lines_of(path)), MAIN_MAX)
    for one, two in zip(stages[1:], stages[2:]):
        changed_lines(one, two,
                      LAST_DIFF_MAX if two == stages[-1] else DIFF_MAX)
    check_at_most("lines of stage2_async without sketch.c",
                  sum(len(lines_of(path))
                      for path in (source / "stage2_async").glob("*.[ch]")
                      if path.name != "sketch.c"), ASYNC_MAX)
    for name, count_max in LINES_MAX.items():
        if (source / name).exists():
            check_at_most(f"lines of {name}", len(lines_of(source / name)),
                          count_max)


def conn_bools(source):
    """A boolean of a connection is a property, and no message."""
    text = "\n".join(path.read_text() for path in
                     (source / "stage2_async").glob("*.[ch]"))
    struct = re.search(r"^struct conn \{\n(.*?)^\}", text, re.M | re.S)
    if struct is None:
        check("booleans of struct conn", "there is no struct conn")
        return
    declared = ",".join(re.findall(r"^ *bool ([^;]*);", struct[1], re.M))
    check_at_most("booleans of struct conn",
                  len(re.findall(r"\w+", re.sub(r":\s*\d+", "", declared))),
                  CONN_BOOLS_MAX)


def comments_after_commands(readme):
    """zsh, as a terminal has it, takes a comment for arguments."""
    blocks = re.findall(r"^```(?:console|sh)\n(.*?)^```|((?:^    .*\n)+)",
                        readme.read_text(encoding="utf-8"), re.M | re.S)
    lines = [line.strip() for block in blocks
             for line in "".join(block).splitlines()]
    command = re.compile(r"(\$ |\./|build|meson |curl |for |tests/).* # ")
    wrong = [line for line in lines if command.match(line)]
    check(f"no comment after a command in {readme.parent.name}/{readme.name}",
          "; ".join(wrong))


def places_that_others_have(readme):
    """Twenty people may share a machine: a command has no port and no file of
    its own, but $PORT, and files in build/."""
    lines = [line.strip() for line in lines_of(readme)
             if re.search(r"(127\.0\.0\.1\W{1,3}|lab load |--port )8080"
                          r"|(^|[ >])/tmp/", line)
             and not re.search("listening on|responds in", line)]
    check(f"{readme.parent.name}/{readme.name} has no fixed port or FIFO",
          "; ".join(lines))


def section(text, title):
    found = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", text,
                      re.M | re.S)
    return found[1] if found else ""


def skeleton(stage, wanted):
    """A README asks before it tells. Returns its text."""
    text = (stage / "README.md").read_text(encoding="utf-8")
    titles = [title for title in re.findall(r"^## (.*)$", text, re.M)
              if title in SECTIONS]
    check(f"the sections of {stage.name}/README.md are in order",
          "" if titles == wanted else f"{titles}")
    asked = re.findall(r"^- \*\*(\w)\.\*\* ", section(text, "Predict"), re.M)
    told = re.findall(r"^\*\*(\w)\.\*\* ",
                      "".join(re.findall(r"<details>(.*?)</details>",
                                         section(text, "Prove it"), re.S)),
                      re.M)
    check(f"each question of {stage.name}/README.md is answered, folded",
          "" if asked == told and asked else f"{asked}, {told}")
    return text


def path_of_a_learner(source, stages):
    """And it says how long it takes."""
    root = (source / "README.md").read_text(encoding="utf-8")
    total = 0
    for page in sorted(source.glob("beyond/*/README.md")):
        skeleton(page.parent, SECTIONS)
    for stage in stages:
        text = skeleton(stage, [title for title in SECTIONS if
                                title != "What changed" or stage != stages[0]])
        check(f"the first page and {stage.name} ask where clients wait",
              "they draw it before \"Prove it\""
              if CROWD in root + text.split("## Prove it")[0] else "")
        minutes = re.search(MINUTES, text.replace("\n ", ""))
        row = re.search(rf"^\| .*\({stage.name}/README.md\).* (\d+) \|$", root,
                        re.M)
        if minutes is None or row is None:
            check(f"minutes of {stage.name}", "none found")
            continue
        count = sum(map(int, minutes.groups()))
        total += count
        check(f"minutes of {stage.name} are those of the first page",
              "" if count == int(row[1]) else f"{count}, not {row[1]}")
    check("the minutes of all stages are those of the core path",
          "" if f"core path: {total} minutes" in root else f"{total}")


def patch_changes(source, patch):
    """Not git apply: inside another repository it ignores the files, says
    nothing, and exits with 0."""
    name = f"{patch.name} changes a file, as the README says"
    command = f"patch -p1 <{patch.relative_to(source)}"
    readme = (patch.parent / "README.md").read_text(encoding="utf-8")
    if shutil.which("patch") is None:
        return
    changed = re.findall(r"^\+\+\+ b/(.*)$", patch.read_text(), re.M)
    with tempfile.TemporaryDirectory(prefix="thaw-patch-") as directory:
        copy = pathlib.Path(directory)
        for path in [*changed, patch.relative_to(source)]:
            (copy / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source / path, copy / path)
        result = subprocess.run(["sh", "-c", command], cwd=copy, text=True,
                                capture_output=True)
        same = [path for path in changed
                if (source / path).read_bytes() == (copy / path).read_bytes()]
    fault = (f"the README does not say: {command}" if command not in readme
             else result.stdout + result.stderr if result.returncode != 0
             else f"not changed: {same}" if same or not changed else "")
    check(name, fault.strip())


def main():
    usage.show_if_asked(__doc__, 1)
    source = pathlib.Path(sys.argv[1])
    stages = sorted(source.glob("stage[1-6]_*"))
    for readme in sorted(source.glob("**/*.md")):
        links(readme)
        comments_after_commands(readme)
        places_that_others_have(readme)
    all_includes(source, stages)
    path_of_a_learner(source, stages)
    lengths(source, stages)
    conn_bools(source)
    patch_changes(source, source / "stage6_pool/header-case.patch")
    tap.report(results)


if __name__ == "__main__":
    main()
