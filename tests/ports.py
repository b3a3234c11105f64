"""Ports of 127.0.0.1 for programs that cannot choose one of their own."""

import random
import socket

# Below the ports that a system gives to a program that asks for port 0: a port
# that is free again, it gives to the next program.
FIRST, COUNT = 16384, 16384


def bind(port, kind):
    """A socket that is bound to it, or None: it is taken."""
    one = socket.socket(socket.AF_INET, kind)
    try:
        one.bind(("127.0.0.1", port))
    except OSError:
        one.close()
        return None
    return one


class Reserved:
    """`port`, and the next ones if there are more: no other test and no lab
    takes them until this is closed. As in lab/servers/port.h, the UDP ports of
    these numbers are held."""

    def __init__(self, count=1):
        self.held = []
        while len(self.held) < count:
            self.close()
            self.port = FIRST + random.randrange(COUNT - count)
            for port in range(self.port, self.port + count):
                if not self.hold(port):
                    break

    def hold(self, port):
        held = bind(port, socket.SOCK_DGRAM)
        if held is None:
            return False
        self.held.append(held)
        listener = bind(port, socket.SOCK_STREAM)
        if listener is None:
            self.held.pop().close()
            return False
        listener.close()
        return True

    def close(self):
        while self.held:
            self.held.pop().close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
