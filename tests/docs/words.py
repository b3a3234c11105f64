#!/usr/bin/env python3
"""Checks that each thing has one name, and that sentences are about things.

    words.py SOURCE

No identifier, option or metric has a word of OLD: each names something that has
a name already, as "response" or "pending". And hardly any sentence has a word
of PEOPLE, because descriptors, threads and clients are things. Prints TAP, and
file:line of each place.
"""

import pathlib
import re
import sys

sys.dont_write_bytecode = True  # no caches in the source tree
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

# pylint: disable=wrong-import-position
import usage

PEOPLE = {"nobody", "somebody", "whoever", "anybody", "whom"}
PEOPLE_LINES_MAX = 9
OLD = PEOPLE | set("""
    answer answers answered answering reply replies refuse refuses refused
    refusal refusals hot rest kept leftover leftovers extras head heads turn
    turns watch watched forget forgets later bring brought orderly readiness
""".split())
# Names of the system and of Python, of the method HEAD, and of the command "lab
# watch". "restart" or "arrest" need no place here: only whole words count.
ALLOWED = re.compile(r"ECONNREFUSED|ConnectionRefusedError|"
                     r"(lab|do)_watch|WATCH_SERVERS|THAW_LAB_WATCH_\w+|"
                     r"is_head|\w*(head_request|to_head)\w*|(\w+_)?HEAD")

# A comment has no group; a string and a name have one each.
STRING = r'"(?:\\.|[^"\\\n])*"' + r"|'(?:\\.|[^'\\\n])*'"
NAME = r"[A-Za-z_]\w*"
TOKEN = {
    "c": re.compile(rf"(?://[^\n]*)|({STRING})|({NAME})"),
    "py": re.compile(rf'(?:#[^\n]*|""".*?""")|({STRING})|({NAME})', re.S),
}
# A string may have options and metrics in it.
IN_STRING = re.compile(r"--[a-z][a-z-]+|\bthaw_\w+")


def files(source, *patterns):
    found = [path for pattern in patterns for path in source.rglob(pattern)
             if not path.relative_to(source).parts[0].startswith(
                 ("build", "."))]
    if not found:
        sys.exit(f"{source}: no {' '.join(patterns)}")
    return sorted(found)


def names(text, language):
    """(position, name) of each identifier, option and metric."""
    for token in TOKEN[language].finditer(text):
        string, name = token.groups()
        if name:
            yield token.start(), name
        for inside in IN_STRING.finditer(string or ""):
            yield token.start() + inside.start(), inside[0]


def is_old(name):
    words = re.findall(r"[A-Z]?[a-z]+|[A-Z]+", name)
    return (not ALLOWED.fullmatch(name) and
            any(word.lower() in OLD for word in words))


def old_names(source):
    for path in files(source, "*.[ch]", "*.py", "meson.build"):
        text = path.read_text(encoding="utf-8")
        for position, name in names(text, "c" if path.suffix in (".c", ".h")
                                    else "py"):
            if is_old(name):
                line = text.count("\n", 0, position) + 1
                yield f"{path.relative_to(source)}:{line}: {name}"


def lines_about_people(source):
    for path in files(source, "*.[ch]", "*.md"):
        if source / "tests/corpus" in path.parents:
            continue
        lines = path.read_text(encoding="utf-8").splitlines()
        for number, line in enumerate(lines, start=1):
            if PEOPLE & set(re.findall(r"[a-z]+", line.lower())):
                yield f"{path.relative_to(source)}:{number}: {line.strip()}"


def main():
    usage.show_if_asked(__doc__, 1)
    source = pathlib.Path(sys.argv[1])
    print("1..2")
    for number, (name, found, count_max) in enumerate((
            ("no name has an old word", old_names, 0),
            (f"at most {PEOPLE_LINES_MAX} lines say nobody, somebody, whoever, "
             "anybody, whom", lines_about_people, PEOPLE_LINES_MAX)), start=1):
        places = list(dict.fromkeys(found(source)))
        print(f"{'ok' if len(places) <= count_max else 'not ok'} {number} - "
              f"{name}")
        for place in places:
            print(f"# {place}")


if __name__ == "__main__":
    main()
