"""Ports of 127.0.0.1 for programs that cannot choose one of their own."""

import random
import socket

# Below the ports that systems give to whoever asks for any (port 0): those are
# given to the next one at once.
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


def reserve():
    """(port, reservation): no other test and no lab takes this port as long as
    the reservation is open. As in lab/servers/port.h, it is the UDP port of
    this number."""
    while True:
        port = FIRST + random.randrange(COUNT)
        reservation = bind(port, socket.SOCK_DGRAM)
        if reservation is None:
            continue
        listener = bind(port, socket.SOCK_STREAM)
        if listener is not None:
            listener.close()
            return port, reservation
        reservation.close()
