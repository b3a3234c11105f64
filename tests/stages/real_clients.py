#!/usr/bin/env python3
"""Posts an event with clients that other people wrote.

    real_clients.py SERVER STATUS

Each client writes requests in its own way: node sends field names in small
letters, curl does not, Python sends header section and body in two pieces. One
client alone proves little. Prints TAP; skips clients that are not installed.
"""

import http.client
import os
import pathlib
import shutil
import subprocess
import sys

sys.dont_write_bytecode = True  # no caches in the source tree
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

# pylint: disable=wrong-import-position
import usage

EVENT = '{"user": "alice", "action": "buy", "amount": 100}'

NODE = """
fetch(process.argv[1], {method: "POST", body: process.argv[2]})
    .then(response => console.log(response.status));
"""


def curl(url):
    command = ["curl", "--silent", "--output", "/dev/null", "--data", EVENT]
    return output(command + ["--write-out", "%{http_code}", url])


def curl_chunked(url):
    command = ["curl", "--silent", "--output", "/dev/null", "--data", EVENT]
    command += ["--header", "Transfer-Encoding: chunked"]
    return output(command + ["--write-out", "%{http_code}", url])


def wget(url):
    command = ["wget", "--quiet", "--server-response", "--output-document=-"]
    result = subprocess.run(command + ["--post-data", EVENT, url],
                            capture_output=True, text=True, timeout=60)
    return result.stderr.split()[1] if result.stderr else ""


def node(url):
    return output(["node", "--eval", NODE, url, EVENT])


def python(url):
    connection = http.client.HTTPConnection(url.split("/")[2], timeout=60)
    connection.request("POST", "/", EVENT)
    return str(connection.getresponse().status)


def output(command):
    return subprocess.run(command, capture_output=True, text=True,
                          timeout=60).stdout.strip()


CLIENTS = [
    ("curl", "curl", curl),
    ("curl, chunked", "curl", curl_chunked),
    ("wget", "wget", wget),
    ("node fetch", "node", node),
    ("Python http.client", "python3", python),
]


def has_fetch():
    return output(["node", "--eval", "console.log(typeof fetch)"]) == "function"


def check(number, name, tool, post, url, status):
    if shutil.which(tool) is None or (tool == "node" and not has_fetch()):
        print(f"ok {number} - {name} # SKIP not installed")
        return
    got = post(url)
    print(f"{'ok' if got == status else 'not ok'} {number} - {name}")
    if got != status:
        print(f"# {name} posted {EVENT} to {url}")
        print(f"# expected status {status}, got '{got}'")


def main():
    usage.show_if_asked(__doc__, 2)
    server, status = sys.argv[1:]
    os.environ["no_proxy"] = "127.0.0.1"  # for curl and wget
    process = subprocess.Popen([server, "--port", "0", "--quiet"],
                               stdout=subprocess.PIPE, text=True)
    try:
        url = process.stdout.readline().split()[-1] + "/"
        print(f"1..{len(CLIENTS)}")
        for number, (name, tool, post) in enumerate(CLIENTS, start=1):
            check(number, name, tool, post, url, status)
    finally:
        process.terminate()
        process.wait(timeout=60)


if __name__ == "__main__":
    main()
