#!/usr/bin/env python3
"""Says which lines the fuzzers have reached.

    coverage.py BUILD

Builds the tree once more, in BUILD/coverage, so that it counts lines; runs the
seeds and the inputs in BUILD/corpus/; and prints a table of lib/ and
stage2_async/. Needs clang, llvm-profdata and llvm-cov.
"""

import json
import os
import pathlib
import subprocess
import sys

sys.dont_write_bytecode = True  # no caches in the source tree
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

# pylint: disable=wrong-import-position
import usage

from run import FUZZERS, directories

SOURCE = pathlib.Path(__file__).resolve().parents[2]
OPTIONS = "-fprofile-instr-generate -fcoverage-mapping"


def run(*command, **environment):
    return subprocess.run([str(word) for word in command], check=True,
                          stdout=subprocess.PIPE, text=True,
                          env=dict(os.environ, **environment)).stdout


def tool(name):
    """The path of the tool that belongs to this clang."""
    return run("clang", f"-print-prog-name={name}").strip()


def build_in(directory):
    if not (directory / "build.ninja").exists():
        run("meson", "setup", directory, SOURCE, "-Dlab=false",
            f"-Dc_args={OPTIONS}", f"-Dc_link_args={OPTIONS}", CC="clang",
            LLVM_PROFILE_FILE="/dev/null")  # meson runs a test program
    run("meson", "compile", "-C", directory,
        *(f"fuzz_{name}_replay" for name in FUZZERS))


def lines_of(build, names):
    """For each file that these fuzzers link: (lines, lines reached)."""
    programs = [build / f"coverage/tests/fuzz/fuzz_{name}_replay"
                for name in names]
    profile = build / "coverage/all.profdata"
    for name, program in zip(names, programs):
        run(program, 0, *directories(build, name),
            LLVM_PROFILE_FILE=f"{program}.profraw")
    run(tool("llvm-profdata"), "merge", "-o", profile,
        *(f"{program}.profraw" for program in programs))
    objects = [f"-object={program}" for program in programs]
    exported = run(tool("llvm-cov"), "export", "-summary-only",
                   f"-instr-profile={profile}", *objects)
    return {pathlib.Path(file["filename"]).resolve().relative_to(SOURCE):
            file["summary"]["lines"]
            for file in json.loads(exported)["data"][0]["files"]}


def main():
    usage.show_if_asked(__doc__, 1)
    build = pathlib.Path(sys.argv[1]).resolve()
    build_in(build / "coverage")
    for path, lines in sorted(lines_of(build, FUZZERS).items()):
        if path.parts[0] in ("lib", "stage2_async") and lines["covered"] > 0:
            print(f"{str(path):32}{lines['covered']:>5} of {lines['count']:>4} "
                  f"lines{lines['percent']:>7.1f} %")


if __name__ == "__main__":
    main()
