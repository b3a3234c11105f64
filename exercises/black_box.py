"""black_box.py - for checks that look at a server's bytes, and at its process

    def whole(server):
        client = server.client()
        client.send(REQUEST)
        expect_echo(client, b"hello", "the likely cause")

    run({"whole": whole}, EXPLANATIONS)

Where server.py speaks HTTP, these clients send any bytes, in pieces, and leave
when they like. A check is `check.py STEP SERVER`. It exits with 0; with 1 and
an explanation, if the server is wrong; with 3 and the reason, if this machine
does not let it look.
"""

import contextlib
import json
import os
import pathlib
import re
import resource
import select
import signal
import socket
import struct
import sys
import time

from server import PATIENCE, READERS_PORT, Server, doing, fail, until

LARGE = 3000  # in bytes, of a body whose memory may leak
GROWTH_MAX = 60 * LARGE  # in bytes, of memory; 100 of them are more
SHOWN_MAX = 60  # bytes of a request or response that a message shows

CRASHES = {
    signal.SIGSEGV: "the server crashed: it used memory that is not its own. "
                    "Is a pointer NULL, or an index or a length wrong? A -1 "
                    "of recv is no length",
    signal.SIGABRT: "the server aborted. What it printed says why: an assert "
                    "names its line; free() and malloc() say that memory was "
                    "freed twice, or is not theirs. Each buffer has one "
                    "owner, and only buffer_add and its sisters set its bytes",
}
CRASHES[signal.SIGBUS] = CRASHES[signal.SIGSEGV]
NO_STATUS = ("a response without a status was written. After REJECTED, "
             "respond_rejected makes the response, and what rejects a request "
             "sets request->status. After MORE, there is none to send")
CLOSED = ("the listening socket was closed. It is no client: the server does "
          "not receive from it, and does not close it")
ENDED = ("main came to its end. Its loop has none: wait, serve what is ready, "
         "and again")
NO_TEXT = ("the parser saw bytes that this client never sent: more bytes were "
           "added to {} than recv returned. What recv wrote has no NUL at its "
           "end, and may fill a part of the array only: strlen, "
           "buffer_add_text and sizeof say nothing about it")
NO_CLOSE = ("the response must say that the connection does not stay open: "
            "false for keep_alive, an argument of http_write_response")


class Trouble(Exception):
    """What this machine does not let the check do: no fault of the learner."""


def fault(sent, came, wanted, likely):
    doing(sent)
    fail(came, wanted, likely)


def shown(data):
    """Bytes as printf takes them, and short."""
    start = data[:SHOWN_MAX]
    if b"\0" in start:
        return f"{len(data):,} bytes that are no text"
    text = "".join(
        {10: r"\n", 13: r"\r", 92: r"\\"}.get(byte, chr(byte))
        if byte in b"\r\n" or 32 <= byte < 127 else rf"\{byte:03o}"
        for byte in start)
    more = f"... ({len(data):,} bytes)" if len(data) > SHOWN_MAX else ""
    return f"'{text}'{more}"


def is_more_than(sent, received):
    """Has the server seen more than this part of a good request? The parser
    finds no fault in that, and its end is the next byte at most."""
    at = re.match(r"byte (\d+): (.*)", received.detail or "")
    return bool(at and (int(at[1]) > len(sent) + 1
                        or at[2] == "a control character")
                or received.status == 200 and received.body not in sent)


def detail_of(body):
    """What a rejection says to people."""
    try:
        return json.loads(body)["detail"]
    except (ValueError, TypeError, KeyError):
        return None


# --- The server -------------------------------------------------------------


class Observed(Server):
    """A server, and what the system says of its process."""

    def has_ended(self, seconds=0.0):
        return until(lambda: self.process.poll() is not None, seconds)

    def fate(self):
        """How it ended, and what it printed besides its first line."""
        printed = [line for line in self.printed().splitlines()
                   if line and "listening on" not in line]
        return self.ending() + (f'; it printed "{" / ".join(printed[-8:])}"'
                                if printed else "")

    def crash(self):
        """The likely cause, if a signal ended it; otherwise None."""
        if "an enumerator without its row" in self.printed():
            return NO_STATUS
        return CRASHES.get(-(self.process.poll() or 0))

    def client(self, sent="nothing: a client connects", likely=ENDED):
        """`likely`: why a server that was right until now has ended."""
        try:
            return Client(self)
        except OSError as error:
            if self.has_ended(1):
                fault(sent, self.fate(), "a server that accepts clients",
                      self.crash() or likely)
            if isinstance(error, ConnectionError):
                fault(sent, f"{error}, although the server runs",
                      "a server that accepts clients", CLOSED)
            raise Trouble(f"a client cannot connect: {error}") from error

    # What Linux says of a process. Elsewhere, nothing: the checks know less.

    def stat(self):
        try:
            text = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text()
        except OSError:
            return None
        return text.rpartition(")")[2].split()

    def wait_for_state(self, states, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            stat = self.stat()
            if stat is None:
                time.sleep(0.002)
                return False
            if stat[0] in states:
                return True
            time.sleep(0.0001)
        return False

    def settle(self):
        """Until it waits for the next thing to happen. It has received then
        what was sent. Not for ever: a server may be busy for no good reason."""
        return self.wait_for_state("SZ", 0.1)

    @contextlib.contextmanager
    def stopped(self):
        """What clients do meanwhile, the server sees all at once."""
        self.process.send_signal(signal.SIGSTOP)
        self.wait_for_state("TZ", PATIENCE)
        try:
            yield
        finally:
            self.process.send_signal(signal.SIGCONT)
            self.wait_for_state("RSDZ", PATIENCE)

    def is_busy(self):
        """Is it never seen waiting, although there is nothing to do?"""
        return (self.stat() is not None and
                not self.wait_for_state("SZ", PATIENCE / 4))

    def descriptors(self):
        """How many are open."""
        try:
            return len(os.listdir(f"/proc/{self.process.pid}/fd"))
        except OSError:
            return None

    def descriptors_are(self, wanted):
        """How many are open: it has a while to close those that it should."""
        until(lambda: self.descriptors() == wanted, 1)
        return self.descriptors()


    @contextlib.contextmanager
    def without_descriptors(self):
        """accept fails in it meanwhile: no descriptor is free (EMFILE)."""
        pid = self.process.pid
        try:
            before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
            numbers = set(map(int, os.listdir(f"/proc/{pid}/fd")))
            free = next(n for n in range(len(numbers) + 1) if n not in numbers)
            resource.prlimit(pid, resource.RLIMIT_NOFILE, (free, before[1]))
        except (AttributeError, OSError):
            yield  # no Linux: the check knows less
            return
        try:
            yield
        finally:
            with contextlib.suppress(OSError):  # it has ended
                resource.prlimit(pid, resource.RLIMIT_NOFILE, before)

    def resident(self):
        """Its memory in bytes. None: it is not known, or a sanitizer, which has
        terabytes of addresses, keeps what was released."""
        try:
            pages = pathlib.Path(f"/proc/{self.process.pid}/statm").read_text()
        except OSError:
            return None
        size, resident = (int(word) * resource.getpagesize()
                          for word in pages.split()[:2])
        return resident if size < 1 << 40 else None

    def seconds_used(self):
        """Of the processor."""
        stat = self.stat()
        return (0 if stat is None else
                sum(map(int, stat[11:13])) / os.sysconf("SC_CLK_TCK"))


# --- Its clients ------------------------------------------------------------


def is_ready(client, seconds):
    """poll, because select knows only descriptors below 1,024."""
    asked = select.poll()
    asked.register(client, select.POLLIN)
    return bool(asked.poll(seconds * 1000))


def allow_descriptors(wanted):
    """This process, and the servers that it starts, may have so many."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            soft = wanted
    if soft != resource.RLIM_INFINITY and soft < wanted:
        raise Trouble(f"it allows {hard} descriptors, and {wanted} are needed: "
                      "ulimit -Hn")


class Client:
    def __init__(self, server):
        self.server = server
        self.socket = socket.create_connection(("127.0.0.1", server.port),
                                               PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sent = b""
        self.steps = []  # what it did besides sending
        self.was_reset = False

    def send(self, data):
        self.sent += data
        try:
            self.socket.sendall(data)
        except socket.timeout:
            pass  # the server does not read; what it sends says more
        except OSError:
            self.was_reset = True

    def has_some(self):
        """Has something come: bytes, or the end?"""
        return is_ready(self.socket, 0)

    def receive(self, count=None, seconds=PATIENCE):
        """What comes until the end, or until so many bytes are here."""
        data = b""
        end = time.monotonic() + seconds
        how = f"then nothing for {seconds:g} s; the connection is open"
        while count is None or len(data) < count:
            left = end - time.monotonic()
            if not is_ready(self.socket, max(left, 0)):
                break
            try:
                some = self.socket.recv(65536)
            except OSError:
                self.was_reset = True
                some = b""
            if not some:
                how = "reset" if self.was_reset else "closed"
                break
            data += some
        else:
            how = "enough"
        return Received(data, how, self.server)

    def half_close(self):
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_WR)

    def close(self):
        self.socket.close()

    def reset(self):
        """What the other side sees of a client that crashed: ECONNRESET."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                               struct.pack("ii", 1, 0))
        self.socket.close()


class Received:
    """What a client got, and how it ended."""

    def __init__(self, data, how, server):
        self.data = data
        self.how = how
        self.is_closed = how == "closed"
        self.was_reset = how == "reset"
        self.is_waiting = how.startswith("then nothing")
        self.is_silent = self.is_waiting and not data
        self.ended = (server.fate() if (self.is_closed or self.was_reset) and
                      server.has_ended(0 if data else 0.3) else None)
        header, found, self.body = data.partition(b"\r\n\r\n")
        status = re.match(rb"HTTP/1\.[01] (\d{3}) ", header + b" ")
        self.status = int(status[1]) if found and status else None
        self.crash = server.crash() if self.ended else None
        self.says_close = bool(re.search(rb"(?im)^connection:\s*close\s*$",
                                         header))
        self.detail = detail_of(self.body) if self.status != 200 else None
        length = re.search(rb"(?im)^content-length:\s*(\d+)", header)
        self.length = int(length[1]) if length else None

    def __str__(self):
        what = ("no byte" if not self.data else
                f"{shown(self.data)}, which is no HTTP response"
                if self.status is None else
                f"{self.status} with the detail '{self.detail}'" if self.detail
                else f"{self.status} with the body {shown(self.body)}"
                if self.body else f"{self.status} without a body")
        if self.ended:
            return f"{what}; {self.ended}"
        how = {"closed": "then the server closed the connection",
               "reset": "then the connection was reset"}.get(self.how, self.how)
        return f"{what}, {how}" if self.how != "enough" else what


def expect(client, wanted, is_wanted, likely, sent=None, received=None):
    """`likely`, the cause, is a text, or a function of what was received."""
    received = received or client.receive()
    if is_wanted(received):
        if received.is_closed:
            client.close()
        return
    fault(sent or shown(client.sent), str(received), wanted, received.crash or
          (likely(received) if callable(likely) else likely))


def expect_echo(client, body, likely, sent=None, received=None):
    received = received or client.receive()
    wanted = (f"200 with the body {shown(body)}" if body else
              "200 without a body") + ", then the end of the connection"
    expect(client, wanted, lambda it: it.status == 200 and it.body == body
           and it.is_closed, likely, sent, received)
    if not received.says_close:
        fault(sent or shown(client.sent),
              f"{received}; its header section does not say Connection: close",
              f"{wanted}; and Connection: close", NO_CLOSE)


def expect_memory(server, use, sent, likely):
    """A server that has served as many once has the memory to do it again."""
    for _ in range(20):
        use()
    server.settle()
    before = server.resident()
    for _ in range(100):
        use()
    server.settle()
    if before is not None and not server.has_ended():
        more = server.resident() - before
        if more > GROWTH_MAX:
            fault(f"100 times: {sent}",
                  f"the server has {more >> 10} KiB more memory in use",
                  "as much as before", likely)


# --- Running a step ---------------------------------------------------------


def by_hand_instead(lines):
    """From here on, the step is repeated in another way."""
    print("by hand: ")
    print_by_hand(lines)


def print_by_hand(lines):
    for line in lines.strip().replace("{port}", READERS_PORT).splitlines():
        print(f"by hand: {line}")


def run(steps, explanations, descriptors=None):
    """`steps`: name to function; `explanations`: name to (what to read, how to
    repeat it by hand, options of the server). `descriptors`: name to how many
    the step needs."""
    if len(sys.argv) != 3 or sys.argv[1] not in steps:
        sys.exit(f"usage: {sys.argv[0]} {'|'.join(steps)} SERVER")
    name, program = sys.argv[1:]
    read, by_hand, *options = explanations[name]
    print(f"read: {read}")
    print_by_hand(by_hand)
    try:
        allow_descriptors((descriptors or {}).get(name, 0))
        with Observed([program], *options) as server:
            steps[name](server)
    except (Trouble, OSError) as error:
        print(f"trouble: this machine does not let the check look: {error}")
        sys.exit(3)
