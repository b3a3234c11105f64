"""patches.py - applies a unified diff, as patch -p1 does

Without a program, because ours must come back on any machine. A hunk may have
moved: it goes to the nearest place that has the same lines.
"""

import re

HUNK = re.compile(rb"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")


class DoesNotApply(Exception):
    pass


def name_of(line):
    """The path in a line such as "+++ b/stage5_queue/channel.c"."""
    path = line.split(b"\t")[0].split(b" ", 1)[1].strip().decode()
    return path if path == "/dev/null" else path.partition("/")[2]


def parse(text):
    """(path, [(line, old lines, new lines)]) of each file."""
    files = []
    lines = text.splitlines(keepends=True)
    i = 0
    while i < len(lines):
        if lines[i].startswith(b"+++ "):
            files.append((name_of(lines[i]), []))
        hunk = HUNK.match(lines[i])
        i += 1
        if hunk is None:
            continue
        old, new = [], []
        counts = [1 if n is None else int(n) for n in hunk.group(2, 4)]
        while (len(old) < counts[0] or len(new) < counts[1]) and i < len(lines):
            line = lines[i] if lines[i] != b"\n" else b" \n"
            kind, content = line[:1], line[1:]
            if kind in b" -":
                old.append(content)
            if kind in b" +":
                new.append(content)
            i += 1
        files[-1][1].append((int(hunk.group(1)), old, new))
    return files


def place_of(old, lines, expected):
    places = [at for at in range(len(lines) - len(old) + 1)
              if lines[at:at + len(old)] == old]
    return min(places, key=lambda at: abs(at - expected), default=None)


def changed(text, hunks, where):
    lines = text.splitlines(keepends=True)
    moved = 0
    for line, old, new in hunks:
        expected = max(line - 1, 0) + moved
        at = place_of(old, lines, expected)
        if at is None:
            raise DoesNotApply(f"{where}: the hunk of line {line} finds no "
                               "such lines")
        lines[at:at + len(old)] = new
        moved += at - expected + len(new) - len(old)
    return b"".join(lines)


def reversed_hunks(hunks):
    """The same change, taken back."""
    moved = 0
    for line, old, new in hunks:
        yield line + moved, new, old
        moved += len(new) - len(old)


def apply(patch, files, reverse=False):
    """Returns the files, {path: bytes}, as they are after the patch; before it,
    if it is taken back."""
    files = dict(files)
    for path, hunks in parse(patch.read_bytes()):
        hunks = reversed_hunks(hunks) if reverse else hunks
        files[path] = changed(files.get(path, b""), hunks,
                              f"{patch.name}, {path}")
    return files
