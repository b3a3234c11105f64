"""What the tests of the lab share: they run it, and print TAP."""

import subprocess
import sys

import __main__
import usage

usage.show_if_asked(__main__.__doc__ or __doc__, 2)
LAB, BUILD = sys.argv[1:3]
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


def main():
    print(f"1..{len(tests)}")
    for number, function in enumerate(tests, start=1):
        try:
            function()
            print(f"ok {number} - {function.__name__}")
        except Skip as why:
            print(f"ok {number} - {function.__name__} # SKIP {why}")
        except Exception as fault:
            print(f"not ok {number} - {function.__name__}")
            for line in f"{type(fault).__name__}: {fault}".splitlines():
                print(f"# {line}")
        sys.stdout.flush()
