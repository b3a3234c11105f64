#!/usr/bin/env python3
"""Types the commands of a README, and compares what they print.

    commands.py README BUILD [--update]

In a block that begins with ```console, a line after "$ " is a command, and the
lines after it are its output; a command goes on after a backslash at the end of
a line, and in single quotes. "./workshop run N" starts a server as a reader
would in another terminal. It gets a free port, and this is then in $PORT and
$url, if the page has set them. A block that begins with ```server has the next
lines that this server prints. Times, sizes and rates differ from run to run, so
a number with a point, or before a unit, is compared as "some number", and so is
the random Retry-After; of a row of lab overload, only how many events were
sent. A page of beyond/ is skipped, by name, if its server is not built. With a
PostgreSQL around (PGHOST is set), a command is not started in another one.
Prints TAP, a test for each command. With --update, writes what differs into the
README instead.
"""

import os
import pathlib
import queue
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import threading

sys.dont_write_bytecode = True  # no caches in the source tree
ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

# pylint: disable=wrong-import-position
import ports
import usage

OVERLOAD = r"^(\d\.\d\d +\d+) [\d.s? ]*(never[\d.s? ]*)*$"
MEASURED = (r"\d+\.\d+|(?<=threads: )\d+|(?<=Retry-After: )\d|"
            r"\d+(?= (s|ms|milliseconds)\b)")
END = "--end-of-the-output--"
LINE_SECONDS = 10
WORKSHOP = pathlib.Path(__file__).resolve().parents[2] / "workshop"
SERVERS = {"1": "stage1_blocking", "2": "stage2_async", "3": "stage3_parse",
           "4": "stage4_slow", "5": "stage5_queue", "6": "stage6_pool",
           "lanes": "beyond/lanes", "durable": "beyond/durable",
           "shared": "beyond/shared"}
POSTGRES = "beyond/shared/postgres.py "


def length_of_command(text):
    """It goes on after a backslash, and as long as a single quote is open."""
    length = 0
    for line in text.splitlines(keepends=True):
        length += len(line)
        is_open = text[:length].count("'") % 2 == 1
        if not is_open and not line.endswith("\\\n"):
            break
    return length


def commands_of(text):
    """The commands of all console blocks: (command, output, its position). The
    lines of a server have no command."""
    for block in re.finditer(r"^```(?:console|(server))\n(.*?)^```", text,
                             re.M | re.S):
        if block[1]:
            yield None, block[2], block.start(2)
            continue
        for part in re.finditer(r"^\$ (.*\n(?:(?!\$ ).*\n)*)", block[2], re.M):
            length = length_of_command(part[1])
            start = block.start(2) + part.start(1) + length
            yield part[1][:length - 1], part[1][length:], start


def comparable(text):
    text = re.sub(r"127\.0\.0\.1:\d+", "ADDRESS", text.replace("\r", ""))
    text = re.sub(r"\[\d+\][+-]? +(Terminated|Done).*\n?", "", text)
    text = re.sub(OVERLOAD, r"\1", text, flags=re.M)
    text = re.sub(r" {2,}", " ", re.sub(MEASURED, "#", text))
    return "\n".join(line.strip() for line in text.splitlines()).strip()


def keep_lines(stream, lines):
    for line in stream:
        lines.put(line)


class Reader:
    """A person with two terminals: a server in one, a shell in the other."""

    def __init__(self, build, directory):
        self.build = build
        self.gate = f"{directory}/gate"
        self.database = f"{directory}/durable.db"
        self.reserved = ports.Reserved()
        self.server = None
        self.printed = None  # by the server, after its first line
        (pathlib.Path(directory) / ".curlrc").write_text("no-progress-meter\n")
        environment = dict(os.environ, CURL_HOME=directory, LC_ALL="C",
                           no_proxy="127.0.0.1", PORT="")
        self.shell = subprocess.Popen(
            ["bash", "--norc"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, env=environment, cwd=ROOT,
            start_new_session=True)
        self.type("set -m")

    def adapt(self, command):
        command = command.replace("build/gate", shlex.quote(self.gate))
        command = command.replace("build/durable.db",
                                  shlex.quote(self.database))
        if "PGHOST" in os.environ:
            command = command.replace(POSTGRES, "")
        for lab in ("build/lab/lab", "./workshop lab"):
            command = command.replace(lab,
                                      shlex.quote(f"{self.build}/lab/lab"))
        command = command.replace("PROMETHEUS=9090",
                                  f"PROMETHEUS={self.reserved.port}")
        command = re.sub("^prometheus ",  # ends with its reader
                         "setpriv --pdeathsig KILL prometheus ", command)
        command = command.replace("./workshop ",
                                  f"{shlex.quote(str(WORKSHOP))} ")
        return re.sub(r"(?<!\S)build/",
                      lambda _: f"{shlex.quote(str(self.build))}/", command)

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
        number, *options = shlex.split(self.adapt(command))[2:]
        name = SERVERS[number]
        program = f"{self.build}/{name}/{pathlib.Path(name).name}"
        if number == "durable" and "--database" not in options:
            options += ["--database", self.database]
        self.server = subprocess.Popen(
            [program, "--port", "0", *options],
            stdout=subprocess.PIPE, text=True)
        line = self.server.stdout.readline()
        port = line.strip().rpartition(":")[2]
        self.type(f"PORT=${{PORT:+{port}}}; "
                  "url=${url:+http://127.0.0.1:$PORT}")
        self.printed = queue.Queue()
        threading.Thread(target=keep_lines, daemon=True,
                         args=(self.server.stdout, self.printed)).start()
        return line

    def server_lines(self, count):
        """The next lines that the server prints; further ones are dropped."""
        lines = []
        try:
            while len(lines) < count:
                lines.append(self.printed.get(timeout=LINE_SECONDS))
            while True:
                self.printed.get_nowait()
        except queue.Empty:
            return "".join(lines)

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
        self.reserved.close()


def perform(reader, command, expected):
    if command is None:
        return reader.server_lines(expected.count("\n"))
    if "./workshop run" in command:
        return reader.start(command)
    return reader.type(command)


def by_client(text):
    """A server's lines: of two clients, either may come or go first."""
    lines = text.splitlines()
    clients = [re.match(r"client (\d+)", line) for line in lines]
    if not all(clients):
        return lines
    return sorted(lines, key=lambda line: int(line.split()[1].strip(":")))


def report(number, command, expected, got):
    is_same = (expected == got if command
               else by_client(expected) == by_client(got))
    name = (command or "lines of the server").replace("#", "")
    name = re.sub(r"\s*\\?\n\s*", " ", name)
    print(f"{'ok' if is_same else 'not ok'} {number} - {name}")
    for title, text in (("expected", expected), ("got", got)):
        if not is_same:
            print(f"# {title}:")
            print("\n".join(f"#   {line}" for line in text.splitlines()))
    sys.stdout.flush()


def as_printed(output):
    output = re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:8080", output)
    lines = [line.rstrip() for line in output.strip("\n").splitlines()]
    return "\n".join(lines) + "\n" if lines else ""


def main():
    usage.show_if_asked(__doc__, 2)
    readme = pathlib.Path(sys.argv[1])
    update = "--update" in sys.argv
    text = readme.read_text(encoding="utf-8")
    commands = list(commands_of(text))
    shift = 0
    program = pathlib.Path(sys.argv[2], "beyond", readme.parent.name,
                           readme.parent.name)
    if readme.resolve().parent.parent == ROOT / "beyond" and (
            not program.exists()):
        print(f"1..0 # SKIP {program.name} is not built: "
              "./workshop setup beyond")
        return
    print(f"1..{len(commands)}")
    with tempfile.TemporaryDirectory(prefix="thaw-docs-") as directory:
        reader = Reader(pathlib.Path(sys.argv[2]).resolve(), directory)
        try:
            for number, (command, expected, start) in enumerate(commands, 1):
                got = perform(reader, command, expected)
                if update and comparable(got) != comparable(expected):
                    new = as_printed(got)
                    at = start + shift
                    text = text[:at] + new + text[at + len(expected):]
                    shift += len(new) - len(expected)
                    expected = got
                report(number, command, comparable(expected), comparable(got))
        finally:
            reader.leave()
    if update:
        readme.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
