"""workplace.py - the learner's files in the tree, and what is remembered

Nothing that a learner wrote is ever lost: before a file is replaced that is
neither ours nor the starter, a copy goes to exercises/copies/.
"""

import hashlib
import json
import os
import pathlib
import tempfile
import time

from catalog import HERE, ROOT

COPIES = HERE / "copies"
NOTES = HERE / "copies" / "progress.json"

OURS, STARTER, CHANGED, MISSING = "ours", "starter", "changed", "missing"


class CannotWrite(Exception):
    pass


def content(path):
    """The bytes of a file in the tree, or None."""
    try:
        return (ROOT / path).read_bytes()
    except FileNotFoundError:
        return None


def state(exercise, path):
    """What the learner's file is. Without a starter, the unchanged is OURS."""
    now = content(path)
    if now is None:
        return MISSING
    if now == exercise.ours(path):
        return OURS
    if exercise.has_starter and now == exercise.starter(path):
        return STARTER
    return CHANGED


def states(exercise):
    return {path: state(exercise, path) for path in exercise.files}


def is_ours(exercise):
    return set(states(exercise).values()) == {OURS}


def is_untouched(exercise):
    """Each file is the starter's. (It may be the same as ours.)"""
    return exercise.has_starter and all(
        content(path) == exercise.starter(path) for path in exercise.files)


def copy(path):
    """Copies the learner's file, and returns where to. Replaces no copy."""
    name = path.replace("/", "-") + time.strftime("-%Y-%m-%d-%H%M%S")
    COPIES.mkdir(exist_ok=True)
    for number in range(1, 1000):
        to = COPIES / (name if number == 1 else f"{name}-{number}")
        try:
            with open(to, "xb") as file:
                file.write((ROOT / path).read_bytes())
                file.flush()
                os.fsync(file.fileno())
            return to.relative_to(ROOT)
        except FileExistsError:
            continue
    raise CannotWrite(f"there are too many copies in {COPIES}")


def write(path, text):
    """Replaces the file as a whole: half of a file is never there."""
    target = (ROOT / path).resolve()
    target.parent.mkdir(parents=True, exist_ok=True)
    mode = target.stat().st_mode & 0o777 if target.exists() else (
        0o666 & ~umask())
    number, name = tempfile.mkstemp(dir=target.parent, prefix=".thaw-")
    try:
        with os.fdopen(number, "wb") as file:
            file.write(text)
        os.chmod(name, mode)
        os.replace(name, target)
    except OSError:
        pathlib.Path(name).unlink()
        raise


def umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask


def put(exercise, wanted):
    """Puts {path: bytes} in place. Returns {path: its copy} of what was kept,
    and the paths that were replaced."""
    copies = {}
    replaced = []
    try:
        for path, text in wanted.items():
            if content(path) == text:
                continue
            if state(exercise, path) == CHANGED:
                copies[path] = copy(path)
            write(path, text)
            replaced.append(path)
    except OSError as fault:
        raise CannotWrite(f"{fault.filename}: {fault.strerror}. Nothing of "
                          "yours was changed that has no copy.") from fault
    return copies, replaced


def fingerprint(exercise):
    """Of the files as they are now."""
    digest = hashlib.sha256()
    for path in exercise.files:
        digest.update((content(path) or b"\0missing") + b"\0")
    return digest.hexdigest()


class Notes:
    """Hints that were shown, and what the last check said."""

    def __init__(self):
        try:
            self.all = json.loads(NOTES.read_text("utf-8"))
        except (OSError, ValueError):
            self.all = {}
        if not isinstance(self.all, dict):
            self.all = {}

    def of(self, exercise):
        said = self.all.get(exercise.name)
        if not isinstance(said, dict):
            said = self.all[exercise.name] = {}
        for key, kind in (("hints", dict), ("passed", list), ("skipped", list)):
            if not isinstance(said.get(key), kind):
                said[key] = kind()
        return said

    def save(self):
        """A tree that cannot be written is checked all the same."""
        try:
            NOTES.parent.mkdir(exist_ok=True)
            write(NOTES.relative_to(ROOT),
                  json.dumps(self.all, indent=2).encode() + b"\n")
        except OSError:
            pass
