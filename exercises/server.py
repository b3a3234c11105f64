"""server.py - what the checks of whole servers share

    with Server(command, "--capacity", "10", gate=True) as server:
        doing("an event")
        status, body = server.post({"user": "alice", ...})
        that(status == 202, f"status {status}", "202", "the likely cause")

It prints the lines of check.h. A server that does not respond is explained, and
nothing is left of one that ends, crashes or never ends.
"""

import ctypes
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

SECONDS = float(os.environ.get("THAW_CHECK_SECONDS", 5))  # for the whole step
PATIENCE = SECONDS * 0.6  # for a response
READERS_PORT = os.environ.get("PORT") or "8080"  # of a server by hand
LIBC = ctypes.CDLL(None)
PR_SET_PDEATHSIG = 1


def doing(text):
    print(f"doing: {text}", flush=True)


def fail(came, wanted, likely):
    print(f"came: {came}\nwanted: {wanted}\nlikely: {likely}", flush=True)
    sys.exit(1)


def that(is_right, came, wanted, likely):
    if not is_right:
        fail(came, wanted, likely)


def until(is_true, seconds=PATIENCE):
    """Waits until it is true. Returns whether it is. The longer it takes, the
    longer are the pauses: a look may cost much, such as a program's start."""
    start = time.monotonic()
    while not is_true():
        waited = time.monotonic() - start
        if waited > seconds:
            return False
        time.sleep(min(max(0.005, waited / 8), seconds / 20))
    return True


def request_of(method, path, body=b"", *fields):
    return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: 127.0.0.1",
                        *fields, f"Content-Length: {len(body)}", "", ""]
                       ).encode() + body


class Client:
    """One connection. What is not read yet is in `pending`."""

    def __init__(self, server):
        self.server = server
        self.pending = b""
        self.socket = socket.create_connection(("127.0.0.1", server.port),
                                               PATIENCE)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, some):
        try:
            self.socket.sendall(some)
        except OSError:
            pass  # it is missed when the response is read

    def read_until(self, is_enough, what):
        while not is_enough():
            try:
                some = self.socket.recv(1 << 16)
            except socket.timeout:
                fail(f"no {what} within {PATIENCE:.0f} s",
                     f"a {what}", self.server.why_silent())
            except OSError as fault:
                fail(f"no {what}: {fault}", f"a {what}",
                     self.server.why_silent())
            if not some:
                fail(f"the connection was closed, without a {what}",
                     f"a {what}", self.server.why_silent())
            self.pending += some

    def response(self):
        """(status, body)"""
        self.read_until(lambda: b"\r\n\r\n" in self.pending, "response")
        section, _, self.pending = self.pending.partition(b"\r\n\r\n")
        length = 0
        for line in section.lower().split(b"\r\n"):
            if line.startswith(b"content-length:"):
                length = int(line.partition(b":")[2])
        self.read_until(lambda: len(self.pending) >= length, "body")
        body, self.pending = self.pending[:length], self.pending[length:]
        try:
            return int(section.split()[1]), body.decode("utf-8", "replace")
        except (IndexError, ValueError):
            return fail(f"a response that begins with {section[:40]!r}",
                        "HTTP/1.1 and a status", "is the response complete?")

    def ask(self, method, path, body=b""):
        self.send(request_of(method, path, body))
        return self.response()


class Server:
    """A server on any free port; with `gate`, finish(n) ends n jobs. `fault`: a
    call that fails once (faults.h)."""

    def __init__(self, command, *options, gate=False, quiet=True, fault=""):
        self.command = command
        self.directory = tempfile.mkdtemp(prefix="thaw-check-")
        self.gate = None
        self.last = []  # lines that it printed
        words = [*command, "--port", "0", *options]
        words += ["--quiet"] if quiet else []
        if gate:
            path = f"{self.directory}/gate"
            os.mkfifo(path)
            self.gate = os.open(path, os.O_RDWR)  # neither side waits
            words += ["--work-gate", path]
        self.output = open(f"{self.directory}/output", "w+b")
        self.process = subprocess.Popen(
            words, stdin=subprocess.DEVNULL, stdout=self.output,
            stderr=subprocess.STDOUT, env={**os.environ, "THAW_FAULT": fault},
            preexec_fn=lambda: LIBC.prctl(
                PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
            if sys.platform.startswith("linux") else None)

    def __enter__(self):
        doing("the server starts")
        if not until(lambda: "listening on" in self.printed()
                     or self.process.poll() is not None):
            fail(f"no line \"... listening on ...\" within {PATIENCE:.0f} s",
                 "that line", "does main wait before it calls accept or poll?")
        if "listening on" not in self.printed():
            fail(f"{self.ending()}: {self.printed().strip()[-300:]}",
                 "a server that listens", "see what it printed")
        line = self.printed().partition("listening on")[2].split()[0]
        self.port = int(line.rpartition(":")[2])
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.output.close()
        if self.gate is not None:
            os.close(self.gate)
        shutil.rmtree(self.directory, ignore_errors=True)

    def printed(self):
        return pathlib.Path(self.output.name).read_text("utf-8", "replace")

    def ending(self):
        status = self.process.returncode
        return (f"the server ended with signal {-status}, "
                f"{signal.Signals(-status).name}" if status < 0 else
                f"the server ended with status {status}")

    def why_silent(self):
        if until(lambda: self.process.poll() is not None, 0.2):
            return f"{self.ending()}: {self.printed().strip()[-300:]}"
        return "the loop waits, for a mutex or for a job; it must never wait"

    def connect(self):
        try:
            return Client(self)
        except OSError as fault:
            return fail(f"no connection: {fault}", "a connection",
                        self.why_silent())

    def ask(self, method, path, body=b""):
        """On a connection of its own."""
        with self.connect() as client:
            return client.ask(method, path, body)

    def metric(self, name):
        for line in self.ask("GET", "/metrics")[1].splitlines():
            if line.startswith(f"{name} "):
                return int(float(line.split()[1]))
        return None

    def balances(self):
        """{user: balance}; the body as it is, when it is no JSON."""
        body = self.ask("GET", "/balances")[1]
        try:
            return json.loads(body)
        except ValueError:
            return body

    def finish(self, jobs):
        os.write(self.gate, b"x" * jobs)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)

    def expect_end(self, likely):
        """Waits until it ends, and returns what it printed."""
        if not until(lambda: self.process.poll() is not None):
            fail(f"the server has not ended {PATIENCE:.0f} s later", "its end",
                 likely)
        that(self.process.returncode == 0, self.ending(), "status 0", likely)
        return self.printed()


def event(user="alice", amount=1):
    return json.dumps({"user": user, "action": "buy",
                       "amount": amount}).encode()
