#!/usr/bin/env python3
"""Types the commands of a README, and compares what they print.

    commands.py README BUILD

In a block that begins with ```console, a line after "$ " is a command, and what
follows is its output. "./workshop run N" starts a server as a reader would in
another terminal; it gets a free port, in place of 8080. Times, sizes and rates
differ from run to run, so a number before a unit is compared as "some number".
Prints TAP, a test for each command.
"""

import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile

UNITS = r"\d+(\.\d+)?(?= (s|ms|MB|milliseconds|jobs per second)\b)"
END = "--end-of-the-output--"


def blocks(text):
    """The console blocks, each a list of (command, output)."""
    for block in re.findall(r"^```console\n(.*?)^```", text, re.M | re.S):
        parts = re.split(r"^\$ ", block, flags=re.M)[1:]
        yield [part.partition("\n")[::2] for part in parts]


def comparable(text):
    text = re.sub(r"127\.0\.0\.1:\d+", "ADDRESS", text.replace("\r", ""))
    text = re.sub(r"\[\d+\][+-]? +(Terminated|Done).*\n?", "", text)
    lines = [re.sub(UNITS, "#", line.rstrip()) for line in text.splitlines()]
    return "\n".join(lines).strip("\n")


class Reader:
    """Somebody with two terminals: a server in one, a shell in the other."""

    def __init__(self, build, directory):
        self.build = build
        self.gate = f"{directory}/gate"
        self.port = "8080"
        self.server = None
        (pathlib.Path(directory) / ".curlrc").write_text("no-progress-meter\n")
        environment = dict(os.environ, CURL_HOME=directory, LC_ALL="C")
        self.shell = subprocess.Popen(
            ["bash", "--norc"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, env=environment,
            start_new_session=True)
        self.type("set -m")

    def adapt(self, command):
        command = command.replace("127.0.0.1:8080", f"127.0.0.1:{self.port}")
        command = command.replace("127.0.0.1 8080", f"127.0.0.1 {self.port}")
        command = command.replace("/tmp/gate", self.gate)
        return command.replace("build/lab/lab", f"{self.build}/lab/lab")

    def type(self, command):
        self.shell.stdin.write(f"{self.adapt(command)}\necho; echo {END}\n")
        self.shell.stdin.flush()
        lines = []
        for line in self.shell.stdout:
            if line.strip() == END:
                break
            lines.append(line)
        return "".join(lines)

    def start(self, command):
        self.stop()
        number, *options = self.adapt(command).split()[2:]
        program = next(pathlib.Path(self.build).glob(f"stage{number}_*/stage*_[a-z]*"))
        name = program.parent.name
        self.server = subprocess.Popen(
            [f"{self.build}/{name}/{name}", "--port", "0", *options],
            stdout=subprocess.PIPE, text=True)
        line = self.server.stdout.readline()
        self.port = line.strip().rpartition(":")[2]
        return line

    def stop(self):
        if self.server is None:
            return
        self.server.send_signal(signal.SIGTERM)
        try:
            self.server.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.server.kill()
            self.server.wait()
        self.server = None

    def leave(self):
        self.stop()
        self.shell.stdin.close()
        self.shell.terminate()
        self.shell.wait()


def check(number, reader, command, expected):
    run = reader.start if "./workshop run" in command else reader.type
    got = comparable(run(command))
    expected = comparable(expected)
    is_same = got == expected
    print(f"{'ok' if is_same else 'not ok'} {number} - {command.replace('#', '')}")
    if not is_same:
        for title, text in (("expected", expected), ("got", got)):
            print(f"# {title}:")
            print("\n".join(f"#   {line}" for line in text.splitlines()))
    sys.stdout.flush()


def main():
    readme, build = sys.argv[1:]
    text = pathlib.Path(readme).read_text(encoding="utf-8")
    commands = [pair for block in blocks(text) for pair in block]
    print(f"1..{len(commands)}")
    with tempfile.TemporaryDirectory(prefix="thaw-docs-") as directory:
        reader = Reader(build, directory)
        try:
            for number, (command, expected) in enumerate(commands, start=1):
                check(number, reader, command, expected)
        finally:
            reader.leave()


if __name__ == "__main__":
    main()
