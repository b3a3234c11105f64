"""The loads: how many connections, and what each sends.

`lab load` is faster than all servers here: the server is the slower of the two.
It can't pipeline requests; wrk does that, if it is installed.
"""

import collections
import json
import pathlib
import re
import select
import shutil
import socket
import subprocess
import tempfile

import servers

WRK = shutil.which("wrk")
PORT_DIGITS = 5  # of the ports that the system chooses
AT_A_TIME = 200  # idle connections that are opened in parallel

Load = collections.namedtuple("Load", "connections pipelined closes users",
                              defaults=(1, False, 1))
Counted = collections.namedtuple("Counted", "requests seconds rejected errors")


def post(body, host="localhost", closes=False):
    close = "Connection: close\r\n" if closes else ""
    return (f"POST / HTTP/1.1\r\nHost: {host}\r\n{close}"
            f"Content-Length: {len(body)}\r\n\r\n{body}").encode()


class Wrk:
    """https://github.com/wg/wrk, with a script that gives it our bytes."""

    name = "wrk"
    body = '{"user":"alice","action":"buy","amount":100}'

    def request(self, load):
        return post(self.body, closes=load.closes)

    def script(self, load):
        quoted = self.request(load).decode().replace("\r\n", "\\r\\n")
        # wrk calls format() once, and sends the result again and again.
        return (f"local request = '{quoted}'\n"
                "wrk.format = function()\n"
                f"    return string.rep(request, {load.pipelined})\n"
                "end\n")

    def run(self, port, load, seconds, stages):
        del stages
        with tempfile.TemporaryDirectory(prefix="thaw-wrk-") as directory:
            script = pathlib.Path(directory) / "request.lua"
            script.write_text(self.script(load))
            output = run_on_load_core(
                [WRK, "--threads", "1", "--connections", str(load.connections),
                 "--duration", f"{max(1, round(seconds))}s", "--script",
                 str(script), f"http://127.0.0.1:{port}/"])
        return self.read(output)

    @staticmethod
    def read(output):
        total = re.search(r"(\d+) requests in +([\d.]+)(us|ms|s|m)", output)
        if total is None:
            raise RuntimeError(f"wrk printed: {output}")
        scale = {"us": 1e-6, "ms": 1e-3, "s": 1, "m": 60}[total[3]]
        rejected = re.search(r"Non-2xx or 3xx responses: (\d+)", output)
        errors = re.search(r"Socket errors: (.*)", output)
        return Counted(int(total[1]), float(total[2]) * scale,
                       int(rejected[1]) if rejected else 0,
                       sum(map(int, re.findall(r"\d+", errors[1])))
                       if errors else 0)


class LabLoad:
    """The client of the lab."""

    name = "lab load"
    body = '{"user":"user0","action":"buy","amount":100}'

    def request(self, load):
        """As long as a request of lab load, whose Host has the real port."""
        return post(self.body, "127.0.0.1:" + "0" * PORT_DIGITS, load.closes)

    def run(self, port, load, seconds, stages):
        if len(str(port)) != PORT_DIGITS:
            raise RuntimeError(f"expected a port of {PORT_DIGITS} digits")
        amount = (["--seconds", str(round(seconds))] if seconds >= 1
                  else ["--requests", str(round(seconds * 1000))])
        counted = json.loads(run_on_load_core(
            [str(stages.build / "lab/lab"), "load", str(port), "--json",
             "--clients", str(load.connections), *amount,
             "--users", str(load.users),
             *(["--close"] if load.closes else [])]))
        return Counted(counted["responses"], counted["seconds"],
                       counted["rejected"] + counted["other"],
                       counted["errors"])


def run_on_load_core(command):
    result = subprocess.run(command, capture_output=True, text=True,
                            preexec_fn=servers.bound_to(servers.cores()[1]))
    if result.returncode != 0:
        raise RuntimeError(f"{command[0]}: {result.stdout}{result.stderr}")
    return result.stdout


class IdleConnections:
    """Connections that carried one request each, and are idle now."""

    def __init__(self, port, request):
        self.port = port
        self.request = request
        self.sockets = []

    def grow(self, count):
        while len(self.sockets) < count:
            self.open(min(AT_A_TIME, count - len(self.sockets)))

    def open(self, count):
        new = []
        for _ in range(count):
            new.append(socket.create_connection(("127.0.0.1", self.port),
                                                timeout=60))
            self.sockets.append(new[-1])
        for connection in new:
            connection.sendall(self.request)
        for connection in new:
            if servers.read_response(connection) is None:
                raise RuntimeError("an idle connection was closed")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for connection in self.sockets:
            connection.close()


def post_all(port, bodies):
    """Sends all events without waiting, and reads the responses. All must be
    accepted: then all responses have the same length."""
    requests = b"".join(post(body) for body in bodies)
    expected = None
    received = b""
    count = 0
    with socket.create_connection(("127.0.0.1", port),
                                  timeout=60) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.setblocking(False)
        unsent = memoryview(requests)
        while expected is None or count < expected * len(bodies):
            wants_to_send = [connection] if unsent else []
            readable, writable, _ = select.select([connection], wants_to_send,
                                                  [], 60)
            if writable:
                unsent = unsent[connection.send(unsent[:65536]):]
            if readable:
                new = connection.recv(1 << 20)
                count += len(new)
                if expected is None:
                    received += new
                    expected = length_of_first(received)
            if not readable and not writable or readable and not new:
                raise RuntimeError("the server responded only to some events")
    if count != expected * len(bodies):
        raise RuntimeError("not all events were accepted")


def length_of_first(responses):
    header, end, _ = responses.partition(b"\r\n\r\n")
    if not end:
        return None
    if b" 202 " not in header:
        raise RuntimeError(f"expected 202, got {header!r}")
    return len(header) + 4 + len(servers.ACCEPTED.body)
