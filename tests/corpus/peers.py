"""How other servers respond to the same requests.

Called by `corpus.py peers`. Each server runs with its defaults, gets every
request whole, and is compared with what is expected of us. It may stay silent,
so a silence of some seconds ends its responses.
"""

import collections
import contextlib
import multiprocessing.dummy
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time

import cases
import stage

SILENCES = 5.0, 1.0  # in seconds, before the first byte and after others
PARALLEL = 16  # connections at a time
STATUS = re.compile(rb"^HTTP/1\.[01] ([2-5]\d\d)\b", re.M)

# nginx reads the whole request before it passes it on, here to itself.
NGINX = """
daemon off;
master_process off;
pid {directory}/pid;
error_log {directory}/error.log;
events {{ worker_connections 1000; }}
http {{
    access_log off;
    client_body_temp_path {directory}/body;
    proxy_temp_path {directory}/proxy;
    fastcgi_temp_path {directory}/fastcgi;
    uwsgi_temp_path {directory}/uwsgi;
    scgi_temp_path {directory}/scgi;
    server {{
        listen unix:{directory}/front;
        location / {{ proxy_pass http://unix:{directory}/back; }}
    }}
    server {{
        listen unix:{directory}/back;
        location / {{ return 200 "ok\\n"; }}
    }}
}}
"""

# How to start one: the program, the command that prints its version, and a
# function that starts it and returns (process, address).
Peer = collections.namedtuple("Peer", "program version start")


def start_with_port(*command):
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    return process, ("127.0.0.1", int(process.stdout.readline()))


def start_node(_):
    return start_with_port("node", str(cases.HERE / "peer_node.js"))


def start_python(_):
    return start_with_port(sys.executable, str(cases.HERE / "peer_python.py"))


def start_nginx(directory):
    front = pathlib.Path(directory) / "front"
    configuration = pathlib.Path(directory) / "nginx.conf"
    configuration.write_text(NGINX.format(directory=directory), encoding="ascii")
    process = subprocess.Popen(["nginx", "-c", configuration, "-p", directory,
                                "-e", f"{directory}/error.log"])
    while process.poll() is None and not front.exists():
        time.sleep(0.01)
    return process, str(front)


PEERS = {
    "nginx": Peer("nginx", ["nginx", "-v"], start_nginx),
    "node": Peer("node", ["node", "--version"], start_node),
    "python": Peer(sys.executable, [sys.executable, "--version"], start_python),
}


def version_of(peer):
    shown = subprocess.run(peer.version, capture_output=True, text=True,
                           check=True)
    return re.search(r"[\d.]+\d", shown.stdout + shown.stderr)[0]


@contextlib.contextmanager
def running(peer):
    with tempfile.TemporaryDirectory(prefix="thaw-peers-") as directory:
        process, address = peer.start(directory)
        try:
            yield address
        finally:
            process.terminate()
            process.wait()


def connect(address):
    family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
    client = socket.socket(family, socket.SOCK_STREAM)
    client.settimeout(stage.PATIENCE)
    client.connect(address)
    return client


def statuses_of(address, data):
    received = b""
    with connect(address) as client:
        # It may reject the request and close before it has read everything.
        with contextlib.suppress(OSError):
            client.sendall(data)
        client.settimeout(SILENCES[0])
        with contextlib.suppress(OSError):
            while (piece := client.recv(65536)):
                received += piece
                client.settimeout(SILENCES[1])
    return " ".join(status.decode() for status in STATUS.findall(received))


def send_all(peer, requests):
    with running(peer) as address:
        with multiprocessing.dummy.Pool(PARALLEL) as pool:
            return pool.map(lambda case: statuses_of(address, case.data),
                            requests)


def our_responses(case):
    statuses, _ = cases.expected_of(case.expected, 2)
    return " ".join(str(status) for status, _ in statuses)


def kind_of(ours, theirs):
    """How they differ, by the first response that differs."""
    for our, their in zip(ours.split() + ["none"], theirs.split() + ["none"]):
        if our == their:
            continue
        if their == "200":
            return "accepts what we reject"
        if our == "200":
            return "rejects what we accept"
        return "rejects with another status, or not at all"
    return "sends more responses, or fewer"


def print_summary(names, ours, responses):
    print(f"Of {len(ours)} requests:\n")
    for name in names:
        kinds = collections.Counter(
            kind_of(our, their)
            for our, their in zip(ours, responses[name]) if our != their)
        same = len(ours) - sum(kinds.values())
        print(f"- {name}: {same} as we do")
        for kind, count in kinds.most_common():
            print(f"  - {count}: it {kind}")


def print_table(names, requests, ours, responses):
    print(f"\n| request | we | {' | '.join(names)} | why we do |")
    print("|---" * (len(names) + 3) + "|")
    for i, (case, our) in enumerate(zip(requests, ours)):
        theirs = [responses[name][i] for name in names]
        if all(their == our for their in theirs):
            continue
        cells = ["=" if their == our else their or "nothing" for their in theirs]
        why = case.why.replace("|", "\\|")
        print(f"| {case.name} | {our or 'nothing'} | {' | '.join(cells)} | {why} |")


def report(chosen):
    """Prints the differences as Markdown."""
    requests = cases.read_cases("requests")
    ours = [our_responses(case) for case in requests]
    responses = {}
    for name in chosen or PEERS:
        peer = PEERS[name]
        if shutil.which(peer.program):
            responses[f"{name} {version_of(peer)}"] = send_all(peer, requests)
    names = list(responses)
    print("# How other servers respond\n")
    print(f"`corpus.py peers {' '.join(chosen)}` wrote this. A = is the same "
          "response as\nours; an interim response, as 100, does not count.\n")
    print_summary(names, ours, responses)
    print_table(names, requests, ours, responses)
