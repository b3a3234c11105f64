"""The servers that are compared: how to start, pin, call and weigh them."""

import collections
import ctypes
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time

START_SECONDS = 60
NGINX = shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin")
IDLE_MS = "3600000"  # no connection times out while it is measured
CAPACITY = "10000"  # of a channel that never gets full under the loads here

# The response of all servers: nginx and bare are told, the stages do it.
Work = collections.namedtuple("Work", "name status type body")
ACCEPTED = Work("event", 202, "application/json", '{"status":"accepted"}\n')


def echo_of(body):
    return Work("echo", 200, "application/octet-stream", body)


def cores():
    """(for the server, for the load); the same where there is only one."""
    allowed = sorted(os.sched_getaffinity(0))
    return allowed[0], allowed[-1]


def bound_to(core):
    """What a child does first: it will end with us, and stay on one core."""
    libc = ctypes.CDLL(None)
    end_with_parent = 1  # PR_SET_PDEATHSIG, see prctl(2)
    parent = os.getpid()

    def prepare():
        libc.prctl(end_with_parent, signal.SIGKILL)
        if os.getppid() != parent:  # the parent ended before the prctl
            os._exit(1)
        if core is not None:
            os.sched_setaffinity(0, {core})
    return prepare


def parse_response(response):
    """(status, body), or None when it is not complete."""
    header, end, body = response.partition(b"\r\n\r\n")
    length = re.search(rb"content-length: *(\d+)", header, re.I)
    if not end or not length or len(body) < int(length[1]):
        return None
    return int(header.split()[1]), body[:int(length[1])].decode()


def read_response(connection):
    """The same; None when the server closed the connection."""
    response = b""
    while parse_response(response) is None:
        received = connection.recv(65536)
        if not received:
            return None
        response += received
    return parse_response(response)


def ask(port, request):
    with socket.create_connection(("127.0.0.1", port),
                                  timeout=60) as connection:
        connection.sendall(request)
        return read_response(connection)


def get(port, path):
    return ask(port, f"GET {path} HTTP/1.1\r\nHost: localhost\r\n"
                     "Connection: close\r\n\r\n".encode())[1]


class Server:
    """One process; without `core`, the system chooses where it runs."""

    def __init__(self, name, command, core, port=None):
        self.name = name
        self.process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL if port else subprocess.PIPE,
            text=True, preexec_fn=bound_to(core))
        self.port = port or self.printed_port()

    def printed_port(self):
        line = self.process.stdout.readline()
        if "listening on" not in line:
            self.process.wait()
            raise RuntimeError(f"{self.name} did not start")
        return int(line.strip().rpartition(":")[2])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def cpu_ns(self):
        """Of all its threads: the first word of schedstat."""
        process = pathlib.Path(f"/proc/{self.process.pid}")
        if (process / "schedstat").exists():
            return sum(int((task / "schedstat").read_text().split()[0])
                       for task in (process / "task").iterdir())
        # A kernel without it counts in ticks: utime and stime, see proc(5).
        fields = (process / "stat").read_text().rpartition(")")[2].split()
        ticks = int(fields[11]) + int(fields[12])
        return ticks * 1000000000 // os.sysconf("SC_CLK_TCK")

    def resident_bytes(self):
        """Counted page by page; the sums in statm come late."""
        pages = pathlib.Path(f"/proc/{self.process.pid}/smaps_rollup")
        return int(re.search(r"Rss: +(\d+) kB", pages.read_text())[1]) * 1024

    def check(self, request, work):
        """A server that responds with something else is not compared."""
        response = ask(self.port, request)
        if response != (work.status, work.body):
            raise RuntimeError(f"{self.name} responded {response}, expected "
                               f"{work.status} {work.body}")


class Nginx(Server):
    """One worker that responds by `return`, on a port that was free before."""

    def __init__(self, work, core):
        self.directory = tempfile.TemporaryDirectory(prefix="thaw-nginx-")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        path = pathlib.Path(self.directory.name) / "nginx.conf"
        path.write_text(nginx_configuration(self.directory.name, port, work))
        super().__init__("nginx", [NGINX, "-c", str(path), "-p",
                                   self.directory.name, "-e", "stderr"],
                         core, port)
        self.wait_until_it_listens()

    def wait_until_it_listens(self):
        end = time.monotonic() + START_SECONDS
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
                return
            except ConnectionRefusedError:
                if self.process.poll() is not None or time.monotonic() > end:
                    self.__exit__()
                    raise RuntimeError("nginx did not start") from None
                time.sleep(0.01)

    def __exit__(self, *_):
        super().__exit__()
        self.directory.cleanup()


def start_nginx(work, core):
    """Tries again when another program took the port meanwhile."""
    for _ in range(5):
        try:
            return Nginx(work, core)
        except RuntimeError as fault:
            reason = fault
    raise reason


def nginx_configuration(directory, port, work):
    temporary = "\n".join(
        f"    {kind}_temp_path '{directory}/{kind}';" for kind in
        ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    return f"""
daemon off;
master_process off;
pid '{directory}/nginx.pid';
events {{ worker_connections 20000; }}
http {{
    access_log off;
    server_tokens off;
    keepalive_requests 1000000000;
    keepalive_timeout {IDLE_MS}ms;
{temporary}
    server {{
        listen 127.0.0.1:{port} backlog=4096;
        default_type {work.type};
        location / {{ return {work.status} '{work.body}'; }}
    }}
}}
"""


class Stages:
    """The programs of a build directory, and the options that they have."""

    def __init__(self, build):
        self.build = pathlib.Path(build)
        self.help = {}
        if not (self.build / "tests/bench/bare").exists():
            raise RuntimeError(f"{build}: expected a directory in which meson "
                               "has built all")

    def program(self, number):
        if number == "lanes":
            return str(self.build / "beyond/lanes/lanes")
        name = next(self.build.glob(f"stage{number}_*")).name
        return str(self.build / name / name)

    def has(self, number, option):
        if number not in self.help:
            self.help[number] = subprocess.run(
                [self.program(number), "--help"], capture_output=True,
                text=True, check=True).stdout
        return option in self.help[number]

    def start(self, number, *options, core=None, name=None):
        command = [self.program(number), "--port", "0", "--quiet",
                   "--idle-timeout-ms", IDLE_MS, *options]
        return Server(name or f"stage {number}", command, core)

    def bare(self, kind, request, work, core, closes=False):
        command = [str(self.build / "tests/bench/bare"), kind, "0",
                   str(len(request)), str(work.status), work.type, work.body,
                   *(["close"] if closes else [])]
        return Server(f"bare {kind}", command, core)


def start_by_name(stages, name, request, work, closes=False):
    """On the server's core: `bare epoll`, `stage 3`, `stage 3 epoll`, `lanes 4`
    or `nginx`; `lanes 4 free`: on any core."""
    kind, *words = name.split()
    core = None if words[-1:] == ["free"] else cores()[0]
    if kind == "nginx":
        return start_nginx(work, core)
    if kind == "bare":
        return stages.bare(words[0], request, work, core, closes)
    quick = ["--work-ms", "0", "--capacity", CAPACITY]
    if kind == "lanes":
        return stages.start(kind, "--lanes", words[0], *quick, core=core,
                            name=name)
    options = ["--backend", words[1]] if words[1:] == ["epoll"] else []
    if words[0] in "56":
        options += quick
    return stages.start(int(words[0]), *options, core=core, name=name)


def existing(stages, names):
    """Leaves out what is not installed, and backends that a stage lacks."""
    def is_there(name):
        kind, *words = name.split()
        if kind == "stage" and words[1:] == ["epoll"]:
            return stages.has(int(words[0]), "--backend")
        return kind != "nginx" or NGINX is not None
    return [name for name in names if is_there(name)]
