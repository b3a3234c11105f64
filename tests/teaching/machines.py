#!/usr/bin/env python3
"""Checks the files for machines that are not here, and the page about them.

    machines.py SOURCE

The container's file and the CI's have the right form, and call commands that
./workshop has. The page shows the lines that doctor prints. Prints TAP.
"""

import json
import pathlib
import re
import shutil
import subprocess
import sys

sys.dont_write_bytecode = True  # no caches in the source tree
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

# pylint: disable=wrong-import-position
import usage
from teaching.world import World

RUBY = "puts JSON.dump(YAML.load_file(ARGV[0]))"
PAGE = "teaching/README.md"
WORKFLOW = ".github/workflows/test.yml"

tests = []


def test(function):
    tests.append(function)
    return function


class Skip(Exception):
    """Says why this is impossible here."""


def parse_yaml(path):
    try:
        import yaml  # pylint: disable=import-outside-toplevel
        return yaml.safe_load(path.read_text())
    except ImportError:
        pass
    if shutil.which("ruby") is None:
        raise Skip("neither PyYAML nor ruby is here")
    result = subprocess.run(["ruby", "-ryaml", "-rjson", "-e", RUBY, path],
                            text=True, capture_output=True)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def commands_of(source):
    text = (source / "workshop").read_text()
    return set(re.findall(r"^#   \./workshop (\w+)", text, re.M))


def check_command(source, line):
    words = line.split()
    assert words[0] == "./workshop" and words[1] in commands_of(source), (
        f"{line!r}: expected one of {sorted(commands_of(source))}")


@test
def the_container_is_debian_12_and_types_setup(source):
    path = source / ".devcontainer/devcontainer.json"
    content = json.loads(path.read_text())
    assert content["image"] == "debian:12", content
    assert content["postCreateCommand"] == "./workshop setup beyond", content
    check_command(source, content["postCreateCommand"])


@test
def the_workflow_types_commands_on_linux_and_macos(source):
    job = parse_yaml(source / WORKFLOW)["jobs"]["test"]
    systems = job["strategy"]["matrix"]["os"]
    assert sorted(systems) == ["macos-latest", "ubuntu-latest"], systems
    assert job["runs-on"] == "${{ matrix.os }}", job
    typed = [step["run"] for step in job["steps"] if "run" in step]
    assert typed[:2] == ["./workshop setup", "./workshop setup beyond"], typed
    assert typed[-1] == "./workshop test", typed
    for line in typed:
        check_command(source, line)


@test
def the_workflow_has_no_command_that_workshop_has_not(source):
    """Even where YAML cannot be read."""
    typed = re.findall(r"- run: (.*)", (source / WORKFLOW).read_text())
    assert typed, "it types nothing"
    for line in typed:
        check_command(source, line)


@test
def the_page_shows_the_lines_that_doctor_prints(source):
    block = re.search(r"```text\n(.*?)```",
                      (source / PAGE).read_text(), re.S)[1]
    names = re.compile(r"^\[..\] (.{12})", re.M)
    shown = names.findall(block)
    with World(source) as world:
        world.use_real("cc")  # without one there are fewer lines
        printed = names.findall(world.run("doctor").stdout)
    assert shown == printed, f"{PAGE} shows {shown}, and it prints {printed}"
    wrong = re.findall(r"^\[no\] (\S+)", block, re.M)
    assert block.endswith(f"\ndoctor: not ready: {', '.join(wrong)}\n"), block


@test
def the_page_says_what_has_not_been_run(source):
    rows = re.findall(r"^\| (.*) \| (.*) \|$",
                      (source / PAGE).read_text(), re.M)
    for what in ("devcontainer.json", "test.yml", "macOS", "WSL"):
        told = [status for name, status in rows if what in name]
        assert told and told[0].startswith("no"), f"{what}: {told}"


def main():
    usage.show_if_asked(__doc__, 1)
    source = pathlib.Path(sys.argv[1]).resolve()
    print(f"1..{len(tests)}")
    for number, function in enumerate(tests, start=1):
        name = function.__name__
        try:
            function(source)
            print(f"ok {number} - {name}")
        except Skip as why:
            print(f"ok {number} - {name} # SKIP {why}")
        except Exception as fault:
            print(f"not ok {number} - {name}")
            for line in f"{type(fault).__name__}: {fault}".splitlines():
                print(f"# {line}")


if __name__ == "__main__":
    main()
