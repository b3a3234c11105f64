#!/usr/bin/env python3
"""Tests the lab's live picture: its numbers, its drawing, and its end.

    watch.py LAB BUILD [--sanitized]

Prints TAP.
"""

import contextlib
import os
import pathlib
import re
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import threading

sys.dont_write_bytecode = True  # no caches in the source tree
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

# pylint: disable=wrong-import-position
import ports
from lessons.running import (BUILD, LAB, Server, Skip, lab, main, metrics_of,
                             test)
from lessons.terminal import Terminal
from processes import wait_until

IS_SANITIZED = "--sanitized" in sys.argv
EVENT = b'{"user": "alice", "action": "buy", "amount": 1}'
POST = (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%s"
        % (len(EVENT), EVENT))
HAS_PROC = os.path.exists("/proc/net/tcp")


def wait_metric(port, name, value):
    wait_until(lambda: metrics_of(port).get(name) == value)


@contextlib.contextmanager
def clients(port, count, request=b""):
    """Connections that send this, and wait."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(
            socket.create_connection(("127.0.0.1", int(port)), timeout=60))
            for _ in range(count)]
        for client in sockets:
            client.sendall(request)
        yield sockets


class Gated(Server):
    """A server whose events are not done before the test's end."""

    def __init__(self, name):
        self.directory = tempfile.TemporaryDirectory(prefix="thaw-watch-")
        gate = f"{self.directory.name}/gate"
        os.mkfifo(gate)
        self.gate = os.open(gate, os.O_RDWR)
        super().__init__(name, "--work-gate", gate)

    def __exit__(self, *_):
        os.write(self.gate, b"x" * 200)
        super().__exit__()
        os.close(self.gate)
        self.directory.cleanup()


def frame(*ports, status=0, **environment):
    """One frame, in ASCII, as lines."""
    text = lab("watch", "--once", *ports, status=status,
               env=dict(os.environ, LC_ALL="C", **environment)).stdout
    assert re.fullmatch(r"[ -~\n]*", text), repr(text)
    assert all(len(line) <= 80 for line in text.splitlines()), text
    return text


def counts_of(text):
    """What the boxes of one server say, in the order of the picture."""
    line = text.splitlines()[3]
    return re.findall(r"\d+ of \d+|\d+|\?|\.", line)


def needs_proc():
    if not HAS_PROC:
        raise Skip("there is no /proc/net/tcp")


@test
def a_frozen_stage_1_has_its_clients_in_the_backlog():
    needs_proc()
    with Server("stage1_blocking") as server, clients(server.port, 6):
        text = frame(server.port)
    assert counts_of(text) == ["5", "1", ".", ".", "."], text
    assert "ooooo  " in text and "reads from" in text, text
    assert re.search(r"no metrics; backlog for [1-9]", text), text


@test
def stage_1_and_2_get_no_connection():
    needs_proc()
    for stage in ("stage1_blocking", "stage2_async"):
        with tempfile.TemporaryDirectory() as directory:
            trace = f"{directory}/trace"
            with Server(stage, "--trace", trace) as server:
                text = frame(server.port)
            printed = pathlib.Path(trace).read_text()
        assert stage in text and " no metrics" in text, text
        assert '"accept"' not in printed, printed


@test
def stage_2_has_them_in_the_poll_set():
    needs_proc()
    with tempfile.TemporaryDirectory() as directory:
        trace = f"{directory}/trace"
        with Server("stage2_async", "--trace", trace) as server:
            with clients(server.port, 7):
                wait_until(lambda: counts_of(frame(server.port))[0] == "0")
                text = frame(server.port)
        accepted = pathlib.Path(trace).read_text().count('"accept"')
    assert counts_of(text) == ["0", str(accepted), ".", ".", "."], text
    assert accepted == 7 and "ooooooo" in text and "poll set" in text, text


@test
def stage_4_has_them_at_the_mutex():
    with Gated("stage4_slow") as server:
        if "thaw_mutex_waiting_threads" not in metrics_of(server.port):
            raise Skip("this stage 4 does not count them")
        with clients(server.port, 31, POST):
            wait_metric(server.port, "thaw_mutex_waiting_threads", 30)
            text = frame(server.port)
    assert counts_of(text)[1:] == ["31", "30", ".", "."], text


@test
def stage_5_has_them_in_the_channel():
    with Gated("stage5_queue") as server, clients(server.port, 1, POST):
        wait_metric(server.port, "thaw_busy_workers", 1)
        with clients(server.port, 104, POST) as opened:
            statuses = [client.recv(12)[9:] for client in opened]
            text = frame(server.port)
            found = metrics_of(server.port)
    assert statuses.count(b"202") == 100 == found["thaw_channel_jobs"], found
    assert statuses.count(b"503") == 4 == found["thaw_events_rejected_total"]
    assert counts_of(text)[1:] == ["105", "100 of 100", "1 of 1"], text
    assert "##############" in text and "oooooo+" in text, text


@test
def stage_6_has_four_busy_workers():
    with Gated("stage6_pool") as server:
        with clients(server.port, 1, POST * 7):
            wait_metric(server.port, "thaw_channel_jobs", 3)
            text = frame(server.port)
    assert counts_of(text)[1:] == ["1", "3 of 100", "4 of 4"], text
    assert "| #............. |" in text and "| ####   " in text, text


@test
def a_port_where_nothing_listens_is_said():
    with ports.Reserved() as free:
        text = frame(free.port, status=1)
    assert f"no server  127.0.0.1:{free.port}" in text, text
    assert "nothing listens there" in text, text


class Fake:
    """A server whose metrics are what the test says, one client at a time."""

    def __init__(self, body="", status=200, responds=True):
        self.body, self.status, self.responds = body, status, responds
        self.requests = self.connections = 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self.serve, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.listener.close()

    def serve(self):
        with contextlib.suppress(OSError):
            while True:
                client = self.listener.accept()[0]
                self.connections += 1
                with client, contextlib.suppress(OSError):
                    self.respond_all(client)

    def respond_all(self, client):
        while client.recv(65536):
            self.requests += 1
            if not self.responds:
                continue
            body = self.body.replace("REQUESTS", str(self.requests)).encode()
            client.sendall(b"HTTP/1.1 %d OK\r\nContent-Length: %d\r\n\r\n%s"
                           % (self.status, len(body), body))


@test
def a_server_without_metrics_is_asked_once():
    with Fake("no", status=404) as server, \
            Terminal([LAB, "watch", server.port]) as terminal:
        terminal.wait_text("no metrics")
        terminal.read(2)
        assert server.requests == 1 == server.connections, vars(server)
        assert not terminal.screen.faults, terminal.screen.faults


@test
def a_server_that_gives_no_response_is_asked_once():
    with Fake(responds=False) as server, \
            Terminal([LAB, "watch", server.port]) as terminal:
        terminal.wait_text("no response for 2.")
        assert server.requests == 1 == server.connections, vars(server)


@test
def a_backlog_is_not_made_longer():
    needs_proc()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        with clients(port, 3):
            text = frame(port)
            assert counts_of(text) == ["3", "0", "?", "?", "?"], text
            assert "not asked for metrics; backlog for" in text, text


@test
def a_server_on_ipv6_is_found():
    needs_proc()
    if not socket.has_dualstack_ipv6():
        raise Skip("there is no IPv6")
    with socket.create_server(("", 0), family=socket.AF_INET6,
                              dualstack_ipv6=True) as listener:
        port = listener.getsockname()[1]
        with clients(port, 4), listener.accept()[0]:
            text = frame(port)
    assert counts_of(text) == ["3", "1", "?", "?", "?"], text


ODD = """thaw_build_info{stage="\x1b[2Jstage",version="1"} 1
thaw_open_connections 4
thaw_channel_jobs 1
thaw_channel_capacity_jobs 1000000
thaw_workers 64
thaw_busy_workers 32
thaw_mutex_waiting_threads 12345678
"""


@test
def a_server_cannot_write_to_the_terminal():
    with Fake(ODD) as server:
        text = frame(server.port)
        assert text.startswith("?[2Jstage  127.0.0.1:"), text
        assert "|    3    |-->|   12M   |-->|" in text, text
        assert "| #............." in text and "1 of 1000000" in text, text
        with Terminal([LAB, "watch", server.port], 24, 60) as terminal:
            terminal.wait_text("responds in")
            terminal.read(0.5)
            assert not terminal.screen.faults, terminal.screen.faults
            assert "| 12M  |" in terminal.screen.text(), (
                terminal.screen.text())


HISTOGRAM = """thaw_open_connections 1
thaw_events_accepted_total REQUESTS00
thaw_events_rejected_total 5
thaw_events_done_total REQUESTS0
thaw_request_duration_seconds_bucket{le="0.001"} REQUESTS
thaw_request_duration_seconds_bucket{le="1"} REQUESTS00
thaw_request_duration_seconds_bucket{le="+Inf"} REQUESTS00
thaw_event_total_seconds_bucket{le="1"} 0
thaw_event_total_seconds_bucket{le="60"} 0
thaw_event_total_seconds_bucket{le="+Inf"} REQUESTS0
"""


@test
def rates_and_percentiles_are_of_what_came_between_two_frames():
    # Between the two, 100 requests, one of which is the watch's own: that one
    # is not counted. Of the 99 others, between 1 ms and 1 s, 1 % took longer
    # than 990 ms.
    with Fake(HISTOGRAM) as server:
        text = frame(server.port)
    assert "response 990.0 ms   accepted until done over 60 s" in text, text
    rates = re.search(r"accepted ([\d.]+)   rejected ([\d.]+)   done ([\d.]+)",
                      text)
    accepted, rejected, done = map(float, rates.groups())
    assert 20 < accepted <= 100 and rejected == 0, text
    assert abs(done - accepted / 10) < 0.1, text


def varying(text):
    return re.sub(r"responds in +[\d.]+ ms", "responds", re.sub(
        r" +(?=responds in)", " ", text)).strip()


@test
def what_is_drawn_is_the_frame():
    with Gated("stage5_queue") as fifth, Gated("stage6_pool") as sixth, \
            Server("stage3_parse") as third, \
            Terminal([LAB, "watch", fifth.port, sixth.port,
                      third.port]) as terminal:
        terminal.wait_text("0 of 4")
        with clients(fifth.port, 3, POST), clients(sixth.port, 9, POST):
            terminal.wait_text("2 of 100")
            terminal.wait_text("5 of 100")
            terminal.wait(lambda: terminal.screen.text().count("accepted 0.0")
                          == 3, "no more events")
            before = len(terminal.screen.received)
            terminal.read(2)
            drawn = len(terminal.screen.received) - before
            terminal.type("q")
            terminal.wait_end()
            wanted = frame(fifth.port, sixth.port, third.port)
    shown = terminal.screen.text()
    assert varying(shown) == varying(wanted.replace("\n\n", "\n")), (
        f"{shown}\nexpected\n{wanted}")
    # In 20 frames only the times of three responses can change. All of it would
    # be 80 x 24 each time.
    assert drawn <= 21 * 3 * 60, drawn
    assert not terminal.screen.faults, terminal.screen.faults


@test
def any_size_shows_what_it_can():
    with Server("stage5_queue") as fifth, Server("stage6_pool") as sixth:
        with Terminal([LAB, "watch", fifth.port, sixth.port], 24, 80,
                      LC_ALL="C.UTF-8") as terminal:
            screen = terminal.screen
            terminal.wait_text("0 of 4")
            for rows, columns in ((24, 60), (8, 60), (6, 80), (4, 61), (2, 70),
                                  (1, 60), (24, 59), (3, 10), (50, 160),
                                  (24, 132), (200, 400), (24, 80)):
                terminal.resize(rows, columns)
                text = screen.text()
                assert not screen.faults, (rows, columns, screen.faults)
                if columns < 60:
                    assert text.startswith("lab watch: 60 c"[:columns]), text
                    continue
                assert "stage5_queue" in text or rows < 3, text
                hidden = 0 if rows >= 6 else 1 if rows >= 3 else 2
                assert (f"{hidden} more" in text) == (hidden > 0), (rows, text)
                is_beside = re.search("stage5_queue.*stage6_pool", text)
                assert bool(is_beside) == (columns >= 132), text
        assert "\u250c" in text and "\u2502" in text, text


@test
def only_its_locale_and_its_terminal_decide_the_signs():
    with Server("stage5_queue") as server:
        with Terminal([LAB, "watch", server.port], NO_COLOR="1") as terminal:
            terminal.wait_text("0 of 100")
            assert "+-----" in terminal.screen.text(), terminal.screen.text()
        with Terminal([LAB, "watch", server.port], TERM="dumb") as terminal:
            assert terminal.wait_end() == 0
            printed = terminal.screen.received
            assert b"0 of 100" in printed and b"\x1b" not in printed, printed


def ending_of(server, act):
    with Terminal([LAB, "watch", server.port]) as terminal:
        terminal.wait_text("responds in")
        assert terminal.screen.alternate and terminal.screen.is_cursor_hidden
        act(terminal)
        status = terminal.wait_end()
        assert not terminal.what_is_left(), terminal.what_is_left()
        assert not terminal.screen.faults, terminal.screen.faults
    return status


@test
def whatever_ends_it_the_terminal_is_as_before():
    with Server("stage3_parse") as server:
        assert ending_of(server, lambda terminal: terminal.type("xq")) == 0
        for key, number in (("\x03", signal.SIGINT), ("\x1c", signal.SIGQUIT)):
            status = ending_of(server, lambda terminal, k=key: terminal.type(k))
            assert status == -number, (number, status)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP,
                       signal.SIGQUIT, signal.SIGPIPE, signal.SIGABRT,
                       signal.SIGALRM, signal.SIGUSR1, signal.SIGUSR2,
                       signal.SIGSEGV):
            status = ending_of(
                server,
                lambda terminal, n=number: terminal.process.send_signal(n))
            assert status == -number, (number, status)


@test
def nothing_halts_it_but_the_terminal_is_as_before():
    def halt_and_end(terminal):
        before = len(terminal.screen.received)
        terminal.type("\x13")  # Ctrl-S
        server.process.send_signal(signal.SIGSTOP)
        terminal.wait_text("no response for 1.")
        server.process.send_signal(signal.SIGCONT)
        assert len(terminal.screen.received) > before
        terminal.process.terminate()
    with Server("stage3_parse") as server:
        assert ending_of(server, halt_and_end) == -signal.SIGTERM


JOB = """set -m
"$0" watch "$1"
stty -a | grep -o '.icanon'; echo stopped
read line
fg >/dev/null
echo over
"""


@test
def it_stops_and_goes_on():
    with Server("stage3_parse") as server:
        with Terminal(["sh", "-c", JOB, LAB, server.port]) as terminal:
            terminal.wait_text("responds in")
            terminal.type("\x1a")  # Ctrl-Z
            terminal.wait(lambda: not terminal.screen.alternate, "a stop")
            terminal.read(0.5)
            assert not terminal.what_is_left(), terminal.what_is_left()
            terminal.screen.clear()
            terminal.type("go on\n")
            terminal.wait_text("responds in")
            assert terminal.screen.alternate and not terminal.screen.faults
            terminal.type("q")
            assert terminal.wait_end() == 0
            assert not terminal.what_is_left(), terminal.what_is_left()


@contextlib.contextmanager
def at_port(name, port):
    """A stage at the port that another server had."""
    with subprocess.Popen([f"{BUILD}/{name}/{name}", "--quiet", "--port", port],
                          stdout=subprocess.DEVNULL) as process:
        try:
            yield
        finally:
            process.terminate()


@test
def a_server_may_freeze_and_end_and_start():
    with Server("stage3_parse") as server:
        port = server.port
        with Terminal([LAB, "watch", port]) as terminal:
            terminal.wait_text("responds in")
            server.process.send_signal(signal.SIGSTOP)
            terminal.wait_text("no response for 1.")
            assert "old numbers" in terminal.screen.text()
            server.process.send_signal(signal.SIGCONT)
            terminal.wait_text("responds in")
            server.process.kill()
            server.process.wait()
            terminal.wait_text("nothing listens there")
            for name, text in (("stage5_queue", "0 of 100"),
                               ("stage2_async", " no metrics"),
                               ("stage6_pool", "0 of 4")):
                with at_port(name, port):
                    terminal.wait_text(text)
                terminal.wait_text("nothing listens there")
            assert not terminal.screen.faults, terminal.screen.faults


def processor_seconds(pid):
    """How long it has computed, itself and in the kernel (proc_pid_stat(5))."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2]
    utime, stime = fields.split()[11:13]
    return (int(utime) + int(stime)) / os.sysconf("SC_CLK_TCK")


# Without how it begins: for the servers' names it looks at all descriptors of
# all processes, and the tests beside this one may have many. It does not where
# there is no /proc.
@test
def it_takes_little_time():
    if IS_SANITIZED:
        raise Skip("a sanitizer takes more")
    with Server("stage2_async") as second, Server("stage5_queue") as fifth, \
            Server("stage6_pool") as sixth:
        ports = [second.port, fifth.port, sixth.port]
        with Terminal([LAB, "watch", *ports]) as terminal:
            terminal.wait_text("0 of 4")
            begun = processor_seconds(terminal.process.pid) if HAS_PROC else 0
            terminal.read(10)
            terminal.type("q")
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            assert terminal.wait_end() == 0
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = (after.ru_utime + after.ru_stime
             - before.ru_utime - before.ru_stime - begun)
    assert spent < 0.03 * 10, f"{spent} s in 10 s, and {begun} s at first"


@test
def wrong_words_are_told():
    for words, message in (
            (["x"], "port: expected 1 to 65535"),
            ([0], "port: expected 1"), (range(1, 10), "at most eight"),
            ([8080, 8080], "each port only once"),
            ([8080, "--clients", 1], "--clients is an option of load")):
        result = lab("watch", *words, status=2)
        assert message in result.stderr and not result.stdout, result


@test
def without_a_port_it_is_that_of_the_environment():
    with Server("stage5_queue") as server:
        text = frame(PORT=server.port)
    assert f"127.0.0.1:{server.port} " in text, text


@test
def without_a_terminal_it_is_one_frame():
    with Server("stage5_queue") as server:
        result = lab("watch", server.port)
    assert "stage5_queue" in result.stdout, result.stdout
    assert "standard output is no terminal" in result.stderr, result.stderr


if __name__ == "__main__":
    main()
