"""What the tests of the lab share: they run it, and print TAP."""

import concurrent.futures
import http.client
import os
import re
import subprocess
import sys

import __main__
import usage

usage.show_if_asked(__main__.__doc__ or __doc__, 2)
LAB, BUILD = map(os.path.abspath, sys.argv[1:3])
tests = []


def test(function):
    tests.append(function)
    return function


class Skip(Exception):
    """Says why a test is impossible here."""


def lab(*arguments, status=0, **how):
    result = subprocess.run([LAB, *map(str, arguments)], capture_output=True,
                            text=True, timeout=120, **how)
    assert result.returncode == status, (
        f"lab {arguments}: expected status {status}, got {result.returncode}: "
        f"{result.stdout}{result.stderr}")
    return result


class Server:
    def __init__(self, name, *options):
        self.process = subprocess.Popen(
            [f"{BUILD}/{name}/{name}", "--port", "0", "--quiet", *options],
            stdout=subprocess.PIPE, text=True)
        self.port = self.process.stdout.readline().strip().rpartition(":")[2]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.printed = self.process.communicate(timeout=60)[0]


def metrics_of(port):
    """The metrics without labels that the server gives."""
    connection = http.client.HTTPConnection("127.0.0.1", int(port), timeout=60)
    connection.request("GET", "/metrics")
    text = connection.getresponse().read().decode()
    connection.close()
    return {name: float(value) for name, value in
            re.findall(r"^(thaw_\w+) ([0-9.e+-]+)$", text, re.M)}


def write_program(path, text):
    """By another process. What this one has open for writing is for a moment
    open in each program that another thread starts, too, and a program that is
    open for writing cannot be run (ETXTBSY)."""
    subprocess.run(["sh", "-c", 'cat >"$0" && chmod 755 "$0"', path],
                   input=text, text=True, check=True)


def outcome(function):
    """The line of TAP after its number, and lines that say what is wrong."""
    try:
        function()
        return f"ok {function.__name__}", []
    except Skip as why:
        return f"ok {function.__name__} # SKIP {why}", []
    except Exception as fault:
        return (f"not ok {function.__name__}",
                f"{type(fault).__name__}: {fault}".splitlines())


def main(at_once=1):
    print(f"1..{len(tests)}")
    with concurrent.futures.ThreadPoolExecutor(at_once) as threads:
        outcomes = threads.map(outcome, tests)
        for number, (line, fault) in enumerate(outcomes, start=1):
            result, _, name = line.partition("ok ")
            print(f"{result}ok {number} - {name}")
            for fault_line in fault:
                print(f"# {fault_line}")
            sys.stdout.flush()
