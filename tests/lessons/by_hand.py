#!/usr/bin/env python3
"""Types the lab's commands "by hand" into bash, dash and zsh.

    by_hand.py LAB BUILD

Each snippet is pasted into an interactive shell on a terminal of its own, as a
reader does it. It must print what the row of ROWS says, and no complaint of a
shell, and give the prompt back by itself. Prints TAP; skips a shell that is not
installed.
"""

import concurrent.futures
import json
import os
import pathlib
import pty
import re
import select
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import termios
import threading
import time

sys.dont_write_bytecode = True  # no caches in the source tree
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

# pylint: disable=wrong-import-position
from lessons.running import BUILD, LAB, lab

STAGES = ["", "stage1_blocking", "stage2_async", "stage3_parse", "stage4_slow",
          "stage5_queue", "stage6_pool"]

# Without the shells' own editors, whose escapes would be in the output.
SHELLS = {
    "bash": ["bash", "--norc", "--noediting", "-i"],
    "dash": ["dash", "-i"],
    "zsh": ["zsh", "-f", "-i", "+Z", "-o", "nopromptsp"],
}

# A reader's shell ignores none of these; Python ignores SIGPIPE, and nohup
# SIGHUP.
HANDLED = [signal.SIGPIPE, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT,
           signal.SIGTERM]

COMPLAINTS = re.compile(
    r"not found|[Ss]yntax error|parse error|no matches|bad |no such (job|proc)"
    r"|[Nn]o such file|[Ii]llegal|[Uu]sage|Traceback|unterminated|unmatched"
    r"|badly used|invalid option|ambiguous")

COLUMNS = 70  # of a line; judge prints blanks before it, and it can be copied
SECONDS_MAX = 60  # for one snippet; none takes half as long
TRIES = 3
LATE_SECONDS = 0.1  # the times that are expected have some 0.4 s to spare
ALONE = ["throughput"]  # counts what is done in three seconds
AT_ONCE = r"^200 in 0\.[0-4]"

# Experiment: the stage, its options, and what the snippet must print.
ROWS = {
    "silent-clients": (1, [], [r"^000 in (2|1\.9)"]),
    "half-request": (1, [], [r"^000 in (2|1\.9)"]),
    "one-byte-at-a-time": (1, [], [r"^200 in [2-5]\."]),
    "slow-reader": (1, ["--body-max-bytes", "9000000"], [r"^000 in (2|1\.9)"]),
    "time-out": (1, ["--timeout-ms", "300"], [r"^200 in (0\.[6-9]|1\.)"]),
    "lower-case-headers": (4, [], [r'^HTTP/1.1 200.*\{"status":"ok"']),
    "not-json": (3, [], [r"^{.*invalid_json.*byte 5"]),
    "not-an-event": (3, [],
                     [r"^{.*invalid_event.*amount: expected an integer"]),
    "not-http": (2, [], [r"^HTTP/1.1 400.*bad_request"]),
    "ten-at-once": (4, [], [r"^200 after 0\.[5-9].*^200 after [4-6]\."]),
    "slow-work-in-loop": (4, ["--work-in-loop", "--work-ms", "5000"],
                          [r"^000 in (2|1\.9)"]),
    "burst": (5, ["--work-ms", "600000"], [r"^ *101 202", r"^ *199 503"]),
    "throughput": (6, [], [r"^thaw_events_done_total (2[0-4]|1[6-9])"]),
    "hot-user": (5, ["--work-ms", "600000"], [r"^ *8 503"]),
    "sustained-overload": (5, ["--capacity", "20", "--work-ms", "600000"],
                           [r"^202 after.*^503 after"]),
    "idle-crowd": (2, [], [AT_ONCE]),
    "order": (5, [], [r"^ *24 accepted"]),
    "audit": (6, ["--work-ms", "10"], [r'^{"alice":64}']),
    "shutdown": (5, [], []),
    "crash": (6, [], [r"^ *10 202"]),
    "exit": (5, [], []),
    "reset-idle": (2, [], [AT_ONCE]),
    "reset-in-header": (3, [], [AT_ONCE]),
    "reset-in-body": (4, [], [AT_ONCE]),
    "reset-after-request": (1, [], [AT_ONCE]),
    "reset-in-response": (2, ["--body-max-bytes", "9000000"], [AT_ONCE]),
    "half-close": (5, [], [r"^HTTP/1.1 200"]),
    "connect-and-close": (2, [], [AT_ONCE]),
    "drip": (2, [], [r"^HTTP/1.1 200"]),
    "never-reads": (2, ["--body-max-bytes", "9000000"], [AT_ONCE]),
    "large-response": (2, [], [r"^100\d\d\d\d bytes"]),
    "short-body": (3, [], [r"^HTTP/1.1 400"]),
    "long-body": (2, [], [r"^HTTP/1.1 200.*HTTP/1.1 400"]),
    "endless-header": (2, [], [r"^HTTP/1.1 431"]),
    "many-fields": (2, [], [r"^HTTP/1.1 431"]),
    "huge-body": (2, [], [r"^HTTP/1.1 413"]),
    "odd-bytes": (3, [], [r"^HTTP/1.1 400.*HTTP/1.1 400"]),
    "long-noise": (2, [], [r"^HTTP/1.1 400"]),
    "tls-hello": (2, [], [r"^curl: .*" + AT_ONCE]),
    "http2-preface": (2, [], [r"^curl: .*" + AT_ONCE]),
    "pipeline": (2, [], [r"^ *100 HTTP/1.1 200"]),
    "pipeline-cut": (2, [], [r"^ *2 HTTP/1.1 200"]),
    "in-a-row": (2, [], [r"responses +2000\b", r"opened +2000\b"]),
    "out-of-descriptors": (2, [], [r"^000 in (2|1\.9).*" + AT_ONCE]),
    "sigpipe": (2, [], [AT_ONCE]),
    "stop-and-continue": (2, [], [r"^200 in [12]\."]),
    "full-disk": (2, ["--trace", "/dev/full"], [AT_ONCE]),
    "reader-leaves": (3, [], [r"^202.*" + AT_ONCE]),
    "million": (2, [], [r"responses +20000\b", r"RSS\s+\d+.*RSS\s+\d+"]),
    "slow-crowd": (2, [], [r"p99"]),
}

# What takes long, and needs no more to be shown.
SHORTER = [("--requests 1000000", "--requests 20000"),
           ("  sleep 0.25\n", "  sleep 0.1\n"),
           ("--clients 1 \\\n  --requests 20000",
            "--clients 1 --requests 2000"),
           ("--clients 1\n", "--clients 1 --seconds 1\n")]


class Server:
    """A server as the reader has it in another terminal."""

    def __init__(self, start, stage, options, directory):
        command = [f"{BUILD}/{STAGES[stage]}/{STAGES[stage]}", "--port", "0"]
        limit = re.search(r"ulimit -\w+ \d+", start)
        if limit:
            command = ["sh", "-c", f'{limit[0]}; exec "$@"', "sh", *command]
        self.process = subprocess.Popen(
            [*command, *options], stdout=subprocess.PIPE, text=True,
            stderr=subprocess.DEVNULL)
        line = self.process.stdout.readline()
        self.port = line.strip().rpartition(":")[2]
        self.pid_file = f"{directory}/pid"
        pathlib.Path(self.pid_file).write_text(str(self.process.pid))

    def end(self):
        self.process.kill()
        self.process.communicate()


class Terminal:
    """An interactive shell on a pseudo-terminal."""

    def __init__(self, shell):
        environment = {name: value for name, value in os.environ.items()
                       if not name.lower().endswith("_proxy")}
        environment.update(TERM="dumb", PS1="", PS2="", LC_ALL="C", ENV="")
        pid, self.terminal = pty.fork()
        if pid == 0:
            for number in HANDLED:
                signal.signal(number, signal.SIG_DFL)
            os.execvpe(SHELLS[shell][0], SHELLS[shell], environment)
        self.pid = pid
        modes = termios.tcgetattr(self.terminal)
        modes[3] &= ~termios.ECHO
        termios.tcsetattr(self.terminal, termios.TCSANOW, modes)

    def paste(self, text):
        """What it printed until the prompt came back; None: it did not."""
        text += "printf '\\nEN%s\\n' D\n"
        end = time.monotonic() + SECONDS_MAX
        printed = b""
        pending = text.encode()
        while not re.search(rb"END\r?\n", printed):
            left = end - time.monotonic()
            writers = [self.terminal] if pending else []
            readable, writable, _ = select.select([self.terminal], writers, [],
                                                  max(left, 0))
            if left <= 0:
                return None, printed.decode(errors="replace")
            if writable:
                line = pending[:pending.index(b"\n") + 1]
                os.write(self.terminal, line)
                pending = pending[len(line):]
            if readable:
                printed += os.read(self.terminal, 65536)
        return True, printed.decode(errors="replace").replace("\r", "\n")

    def leave(self):
        """The shell ends its jobs, too."""
        end = time.monotonic() + SECONDS_MAX
        os.kill(self.pid, signal.SIGHUP)
        os.close(self.terminal)
        while os.waitpid(self.pid, os.WNOHANG)[0] == 0:
            if time.monotonic() > end:
                os.kill(self.pid, signal.SIGKILL)
            time.sleep(0.01)


def snippet(name, port):
    """As the lab prints it to a reader whose PORT is this."""
    for rude in ((), ("rude",)):
        rows = json.loads(lab("list", *rude, "--json",
                              env=dict(os.environ, PORT=port)).stdout)
        for row in rows:
            if row["experiment"] == name:
                return row["by_hand"]
    return ""


def type_snippet(row, shell):
    """Returns what is wrong; empty: nothing."""
    name = row["experiment"]
    stage, options, wanted = ROWS[name]
    with tempfile.TemporaryDirectory(prefix="thaw-hand-") as directory:
        server = Server(row["server"], stage, options, directory)
        terminal = Terminal(shell)
        text = snippet(name, server.port)
        for old, new in SHORTER + [
                ("build/pid", shlex.quote(server.pid_file)),
                ("build/lab/lab", shlex.quote(LAB))]:
            text = text.replace(old, new)
        try:
            is_back, printed = terminal.paste(text)
        finally:
            server.end()
            terminal.leave()
    faults = [] if is_back else ["the prompt did not come back"]
    faults += [f"expected {pattern}" for pattern in wanted
               if not re.search(pattern, printed, re.M | re.S)]
    complaint = COMPLAINTS.search(printed)
    if complaint:
        faults.append(f"a complaint: {complaint[0]}")
    return "\n".join(faults + ["it printed:", printed]) if faults else ""


class Lateness(threading.Thread):
    """While it runs, the longest time for which this had no processor."""

    STEP = 0.01

    def __init__(self):
        super().__init__(daemon=True)
        self.seconds = 0.0
        self.is_over = threading.Event()

    def run(self):
        before = time.monotonic()
        while not self.is_over.wait(self.STEP):
            now = time.monotonic()
            self.seconds = max(self.seconds, now - before - self.STEP)
            before = now

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.is_over.set()
        self.join()


def type_unless_late(row, shell):
    """A reader's machine has no tests beside it. Where this one was late, what
    a snippet shows of time is no fault of the snippet, and it is typed again.
    """
    for _ in range(TRIES):
        with Lateness() as late:
            fault = type_snippet(row, shell)
        if not fault or late.seconds < LATE_SECONDS:
            break
        fault += f"\nthis machine was late by {late.seconds:.2f} s"
    return fault


def type_all(cases):
    """{(experiment, shell): what is wrong}. Most snippets wait, so eight at a
    time; what one of ALONE shows would depend on the others."""
    faults = {}
    for at_once in (8, 1):
        some = [case for case in cases
                if (case[0]["experiment"] in ALONE) == (at_once == 1)]
        with concurrent.futures.ThreadPoolExecutor(at_once) as pool:
            for (row, shell), fault in zip(some, pool.map(
                    lambda case: type_unless_late(*case), some)):
                faults[row["experiment"], shell] = fault
    return faults


def is_possible(row, shell):
    name = row["experiment"]
    if name == "full-disk" and not pathlib.Path("/dev/full").exists():
        return False
    if name == "million" and shutil.which("ps") is None:
        return False
    return all(map(shutil.which, (shell, "nc", "curl")))


def has_comment(text):
    return re.search(r"(^|\s)#(\s|$)", text, re.M)


def is_wide(row):
    return (max(map(len, row["by_hand"].splitlines())) > COLUMNS or
            max(map(len, row["shows"].splitlines())) > 80)


def main():
    rows = (json.loads(lab("list", "--json").stdout) +
            json.loads(lab("list", "rude", "--json").stdout))
    # The same row at once in all shells would be the same load three times.
    cases = [(row, shell) for shell in SHELLS for row in rows]
    print(f"1..{len(cases) + 1}")
    strange = [row["experiment"] for row in rows
               if has_comment(row["by_hand"]) or not row["shows"].endswith("\n")
               or row["experiment"] not in ROWS or is_wide(row)]
    print(f"{'not ok' if strange else 'ok'} 1 - a snippet has no comment, is "
          f"at most {COLUMNS} columns wide, says what it shows, and is tested")
    print("".join(f"# {name}\n" for name in strange), end="")
    faults = type_all([case for case in cases if is_possible(*case)])
    for number, (row, shell) in enumerate(cases, start=2):
        name = f"{row['experiment']} in {shell}"
        if (row["experiment"], shell) not in faults:
            print(f"ok {number} - {name} # SKIP a tool is missing")
            continue
        fault = faults[row["experiment"], shell]
        print(f"{'not ok' if fault else 'ok'} {number} - {name}")
        print("".join(f"# {line}\n" for line in fault.splitlines()), end="")


if __name__ == "__main__":
    main()
