#!/usr/bin/env python3
"""set_up.py - makes a build directory ready: runs meson setup where it must

    set_up.py DIRECTORY [OPTION...]    OPTION: of meson setup, the first time

A directory that came from elsewhere with its checkout, that another meson made,
whose compiler is gone, or whose set-up was interrupted is set up again. What is
not meson's own stays, and so do its options. Without that, meson would end with
a traceback, or build another checkout.
"""

import ast
import configparser
import json
import os
import pathlib
import pwd
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

import build_lock

ROOT = pathlib.Path(__file__).resolve().parents[1]
RULES_SIZE = 1 << 16  # in bytes: ninja's rules are in the first lines
STATE = ("build.ninja", ".ninja_deps", ".ninja_log", "meson-info",
         "meson-private")


class Wrong(Exception):
    """Only a person can mend it."""


def owner(path):
    try:
        return pwd.getpwuid(path.stat().st_uid).pw_name
    except (KeyError, OSError):
        return "another user"


def choose_another(why):
    return Wrong(f"{why}. Please build elsewhere: THAW_BUILD=DIRECTORY "
                 "./workshop ...")


def check_is_ours(directory):
    """All that meson and ninja change must be writable."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
        found = [directory, *directory.iterdir(),
                 *directory.glob("meson-*/*")]
    except OSError as fault:
        raise choose_another(f"cannot build in {directory}: "
                             f"{fault.strerror}") from fault
    for path in found:
        if not os.access(path, os.W_OK) and not path.is_symlink():
            raise choose_another(f"cannot write {path}, of {owner(path)}")


def recorded(directory, name):
    """What meson noted there, or {}."""
    try:
        text = (directory / "meson-info" / name).read_text("utf-8")
        return json.loads(text)
    except (OSError, ValueError):
        return {}


def rules_of(directory):
    try:
        with open(directory / "build.ninja", encoding="utf-8",
                  errors="surrogateescape") as file:
            return file.read(RULES_SIZE)
    except OSError:
        return ""


def compiler_of(rules):
    """Its words, as CC has them: ["ccache", "cc"]."""
    found = re.search(r"^rule c_COMPILER\n command = (.*) \$ARGS", rules, re.M)
    if not found:
        return []
    return shlex.split(re.sub(r"\$([ :$])", r"\1", found[1]))


def other_version(directory, rules, version):
    """The version of meson, if it is not the one that made the directory."""
    path = shutil.which("meson")
    if path is None:
        return ""
    # To ask meson takes longer than all else here, and is seldom necessary.
    is_the_same = f" {path} --internal regenerate" in rules
    made = (directory / "build.ninja").stat().st_mtime
    if is_the_same and os.stat(path).st_ctime < made:
        return ""
    found = subprocess.run([path, "--version"], stdout=subprocess.PIPE,
                           text=True, check=False).stdout.strip()
    return found if found and found != version else ""


def is_at(text, path):
    return os.path.realpath(text) == os.path.realpath(path)


def fault_of(directory):
    """Why it must be set up again, or an empty text."""
    rules = rules_of(directory)
    info = recorded(directory, "meson-info.json")
    if not (rules and info and recorded(directory, "intro-targets.json") and
            (directory / "meson-private/coredata.dat").exists()):
        return "was not set up to its end"
    source = info["directories"]["source"]
    build = info["directories"]["build"]
    if not is_at(source, ROOT):
        return f"was set up for {source}"
    if not is_at(build, directory):
        return f"was set up as {build}"
    for word in compiler_of(rules):
        if not word.startswith("-") and shutil.which(word) is None:
            return f"was set up for the compiler {word}, which is gone"
    version = info["meson_version"]["full"]
    other = other_version(directory, rules, version)
    if other:
        return f"was set up by meson {version}, and this is {other}"
    return ""


def check_is_not_anothers(directory):
    """A directory elsewhere may belong to another checkout or project."""
    if ROOT in pathlib.Path(os.path.realpath(directory)).parents:
        return
    info = recorded(directory, "meson-info.json")
    source = info["directories"]["source"] if info else ""
    if source and not is_at(source, ROOT) and os.path.exists(source):
        raise choose_another(f"{directory} is the build directory of {source}")
    if not source and (directory / "build.ninja").exists():
        raise choose_another(f"{directory} has a build.ninja of another "
                             "program than meson")


def options_of(directory):
    """As they were given to meson setup the first time."""
    parser = configparser.ConfigParser(delimiters=["="], interpolation=None)
    parser.optionxform = str
    try:
        parser.read(directory / "meson-private/cmd_line.txt", "utf-8")
    except (configparser.Error, ValueError):
        return []
    options = []
    for name, value in parser.items("options") if "options" in parser else ():
        options.append(f"-D{name}={value}")
    for name in ("cross_file", "native_file"):
        files = parser.get("properties", name, fallback="[]")
        options += [f"--{name.replace('_', '-')}={file}"
                    for file in ast.literal_eval(files)]
    return options


def remove_state(directory):
    """Without ninja's log, all that was built is built again."""
    for name in STATE:
        path = directory / name
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        elif path.exists():
            path.unlink()


def run_meson(directory, options):
    """What it prints is shown only if it fails."""
    with tempfile.TemporaryFile() as log:
        command = ["meson", "setup", str(directory), str(ROOT), *options]
        if build_lock.run(command, stdout=log, stderr=log) != 0:
            log.seek(0)
            sys.stderr.buffer.write(log.read())
            raise Wrong(f"this went wrong: {shlex.join(command)}")


def shown(directory):
    try:
        return f"{directory.relative_to(ROOT)}/"
    except ValueError:
        return f"{directory}/"


def set_up(directory, options):
    check_is_ours(directory)
    with build_lock.held(directory, build_lock.tell_on_3):
        is_new = not any((directory / name).exists() for name in STATE)
        fault = "" if is_new else fault_of(directory)
        if not is_new and not fault:
            return
        if is_new:
            build_lock.tell_on_3(f"building in {shown(directory)}")
        else:
            check_is_not_anothers(directory)
            build_lock.tell_on_3(f"{shown(directory)} {fault}: setting it up "
                                 "again")
            options = options or options_of(directory)
            compiler = compiler_of(rules_of(directory))
            if compiler and all(map(shutil.which, compiler)):
                os.environ.setdefault("CC", shlex.join(compiler))
            remove_state(directory)
        run_meson(directory, options)


def main():
    if len(sys.argv) < 2 or sys.argv[1].startswith("-"):
        sys.exit(__doc__)
    try:
        set_up(pathlib.Path(os.path.abspath(sys.argv[1])), sys.argv[2:])
    except Wrong as fault:
        build_lock.tell_on_3(str(fault))
        return 1
    except OSError as fault:
        build_lock.tell_on_3(f"{fault.filename}: {fault.strerror}")
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
