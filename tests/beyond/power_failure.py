#!/usr/bin/env python3
"""Starts a server after a power failure, as far as its files show one.

    power_failure.py LIBRARY FILE COMMAND...

FILE is the server's database: `database`, with `database-wal` beside it. The
library (synced.c) keeps of each file what was synced. When this is started
again after SIGKILL, it makes the files what a power failure may leave:

- what was synced is there;
- of what was written since, each sector of 512 bytes is there, or is not;
- a file that was never synced is there, or is not.

Then it becomes COMMAND.
"""

import os
import pathlib
import random
import sys

sys.dont_write_bytecode = True  # no caches in the source tree
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

# pylint: disable=wrong-import-position
import usage

SECTOR = 512  # a disk writes it as a whole, or not at all


def mix(synced, written, choose):
    """Sector by sector, one of the two."""
    length = max(len(synced), len(written))
    if len(written) != len(synced):
        length = choose([len(written), len(synced)])
    mixed = bytearray()
    for at in range(0, length, SECTOR):
        sector = choose([synced, written])[at:at + SECTOR]
        mixed += sector.ljust(min(SECTOR, length - at), b"\0")
    return bytes(mixed[:length])


def fail(path, choose=random.choice):
    """What is left of a file."""
    synced = pathlib.Path(f"{path}.synced")
    if synced.exists():
        left = mix(synced.read_bytes(), path.read_bytes(), choose)
        path.write_bytes(left)
        synced.write_bytes(left)
    elif choose([True, False]):
        path.unlink()


def preload(library, directory):
    """What the environment needs, and the descriptor that it names. (The path
    itself could have a blank, which ends a name in LD_PRELOAD.)"""
    descriptor = os.open(library, os.O_RDONLY)
    os.set_inheritable(descriptor, True)
    return dict(os.environ, LD_PRELOAD=f"/proc/self/fd/{descriptor}",
                SYNCED_DIRECTORY=str(directory)), descriptor


def main():
    usage.show_if_asked(__doc__, 3)
    library, database, *command = sys.argv[1:]
    directory = pathlib.Path(database).parent.resolve()
    for path in sorted(directory.iterdir()):
        if path.suffix == ".copy":
            path.unlink()
        elif path.suffix != ".synced":
            fail(path)
    os.execve(command[0], command, preload(library, directory)[0])


if __name__ == "__main__":
    main()
