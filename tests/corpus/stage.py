"""Starts a stage, and says how it ended."""

import signal
import socket
import subprocess

PATIENCE = 20  # in seconds, for a response that must come


class Server:
    """A stage on a free port."""

    def __init__(self, executable, stage):
        self.stage = stage
        self.deaths = 0
        self.command = [executable, *self.options_of(stage)]
        self.start()

    @staticmethod
    def options_of(stage):
        options = ["--port", "0", "--quiet"]
        if stage >= 2:
            # A busy machine must not cause time-outs.
            for name in ("header", "body", "send", "idle", "linger"):
                options += [f"--{name}-timeout-ms", "600000"]
        if stage >= 4:
            options += ["--work-ms", "0"]
        if stage >= 5:
            options += ["--capacity", "100000"]
        return options

    def start(self):
        self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE,
                                        text=True)
        line = self.process.stdout.readline()
        self.port = int(line.strip().rpartition(":")[2])

    def revive(self):
        """Called after a failure: a server that died starts again.

        Returns whether it died."""
        try:
            self.process.communicate(timeout=0.2)
        except subprocess.TimeoutExpired:
            return False
        self.deaths += 1
        self.start()
        return True

    def connect(self):
        client = socket.create_connection(("127.0.0.1", self.port), PATIENCE)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return client

    def stop(self):
        """Ends the server. Returns what is wrong with its end, or None."""
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.communicate()
            return "the server did not stop"
        good = -signal.SIGTERM if self.stage == 1 else 0
        status = self.process.returncode
        if self.deaths:
            return f"it died {self.deaths} times"
        return None if status == good else f"the server exited with {status}"
