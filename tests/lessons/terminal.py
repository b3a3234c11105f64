"""A terminal in memory, which notes what a program does wrong to it.

A program that draws with cursor movements must never let a line wrap, scroll
the screen, or send a sequence that is not known here.
"""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time

SEQUENCE = re.compile(r"\x1b\[(\??)([0-9;]*)([A-Za-z])")
LIMIT_SECONDS = 60


class Screen:
    """What is shown, after the bytes so far."""

    def __init__(self, rows, columns):
        self.resize(rows, columns)
        self.alternate = self.is_cursor_hidden = False
        self.style = ""
        self.faults = []
        self.forgiven = 0  # until it is cleared so many times
        self.pending = b""
        self.received = b""

    def resize(self, rows, columns):
        self.rows, self.columns = rows, columns
        self.clear()

    def clear(self):
        self.cells = [[" "] * self.columns for _ in range(self.rows)]
        self.row = self.column = 0

    def text(self):
        return "\n".join("".join(row).rstrip() for row in self.cells)

    def fault(self, what):
        if len(self.faults) == 5 or self.forgiven > 0:
            return
        self.faults.append(f"{what} at row {self.row + 1}, column "
                           f"{self.column + 1}")

    def sequence(self, private, parameters, letter):
        if private + parameters == "?1049" and letter in "hl":
            self.alternate = letter == "h"
        elif private + parameters == "?25" and letter in "hl":
            self.is_cursor_hidden = letter == "l"
        elif letter == "H" and not private:
            row, column = (int(part) - 1 for part in parameters.split(";"))
            if not (0 <= row < self.rows and 0 <= column < self.columns):
                self.fault(f"the cursor moved to {row + 1}, {column + 1}")
                return
            self.row, self.column = row, column
        elif letter == "J" and parameters == "2":
            self.clear()
            self.forgiven = max(0, self.forgiven - 1)
        elif letter == "m" and not private:
            self.style = "" if parameters in ("", "0") else parameters
        else:
            self.fault(f"unknown sequence {private}{parameters}{letter}")

    def character(self, character):
        if character < " " or "\x7f" <= character <= "\x9f":
            if self.alternate:
                self.fault(f"control character {character!r}")
            return
        if not self.alternate:
            return
        if self.column >= self.columns:
            self.fault(f"the line wraps before {character!r}")
            return
        self.cells[self.row][self.column] = character
        self.column += 1

    def feed(self, data):
        """Takes bytes. A character or a sequence may be cut anywhere."""
        self.received += data
        self.pending += data
        try:
            text = self.pending.decode()
        except UnicodeDecodeError as error:
            text = self.pending[:error.start].decode()
            if len(self.pending) - error.start > 3:
                self.fault(f"no UTF-8: {self.pending[error.start:]!r}")
        self.pending = self.pending[len(text.encode()):]
        while text:
            found = SEQUENCE.match(text)
            if found:
                self.sequence(*found.groups())
                text = text[found.end():]
            elif text[0] == "\x1b":
                if len(text) > 16:
                    self.fault(f"unknown sequence {text[:16]!r}")
                    text = text[1:]
                    continue
                break
            else:
                self.character(text[0])
                text = text[1:]
        self.pending = text.encode() + self.pending


class Terminal:
    """A program in a terminal of its own, which a person could look at."""

    def __init__(self, command, rows=24, columns=80, **environment):
        self.master, self.slave = pty.openpty()
        self.screen = Screen(rows, columns)
        self.set_size(rows, columns)
        self.before = termios.tcgetattr(self.slave)
        base = {name: value for name, value in os.environ.items()
                if name not in ("NO_COLOR", "LC_ALL", "LC_CTYPE", "LANG")}
        self.process = subprocess.Popen(
            list(map(str, command)), stdin=self.slave, stdout=self.slave,
            stderr=self.slave, start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
            env={**base, "TERM": "xterm", "LC_ALL": "C", **environment})

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        os.close(self.master)
        os.close(self.slave)

    def set_size(self, rows, columns):
        self.screen.resize(rows, columns)
        fcntl.ioctl(self.master, termios.TIOCSWINSZ,
                    struct.pack("4H", rows, columns, 0, 0))

    def resize(self, rows, columns):
        """Returns when the program has drawn all in the new size. A frame that
        was under way has the old size, so the first one does not count."""
        self.screen.forgiven = 2
        self.set_size(rows, columns)
        self.wait(lambda: self.screen.forgiven < 2, "a frame")
        self.process.send_signal(signal.SIGCONT)
        self.wait(lambda: self.screen.forgiven == 0, "a frame in the new size")
        self.read(0.3)

    def type(self, keys):
        os.write(self.master, keys.encode())

    def read(self, seconds=0.1):
        """Feeds the screen with what comes within that time."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if select.select([self.master], [], [], left)[0]:
                self.screen.feed(os.read(self.master, 65536))

    def wait(self, condition, what):
        """Reads until the screen is as wanted."""
        end = time.monotonic() + LIMIT_SECONDS
        while not condition():
            assert time.monotonic() < end, (
                f"expected {what}, and the screen shows:\n{self.screen.text()}")
            assert self.process.poll() is None or what == "its end", (
                f"it has ended with {self.process.returncode}, before {what}")
            self.read(0.02)

    def wait_text(self, text):
        self.wait(lambda: text in self.screen.text(), repr(text))

    def wait_end(self):
        """Its exit status, after everything was read."""
        self.wait(lambda: self.process.poll() is not None, "its end")
        self.read(0.05)
        return self.process.returncode

    def what_is_left(self):
        """What was done to the terminal and is not undone; empty: nothing."""
        screen = self.screen
        left = {"the alternate screen": screen.alternate,
                "no cursor": screen.is_cursor_hidden,
                "a style": screen.style, "a sequence": screen.pending,
                "settings": termios.tcgetattr(self.slave) != self.before}
        return [name for name, is_left in left.items() if is_left]
