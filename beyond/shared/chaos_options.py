"""The options of chaos.py."""

import argparse
import pathlib
import random


def number(least):
    def parse(text):
        if not text.isdecimal() or int(text) < least:
            raise argparse.ArgumentTypeError(
                f"expected a number, {least} or more, got '{text}'")
        return int(text)
    return parse


def parse(description):
    parser = argparse.ArgumentParser(
        prog="lab chaos", description=description,
        usage="lab chaos [OPTION...]")
    parser.add_argument("build", help=argparse.SUPPRESS)
    for name, least, default, text in (
            ("seconds", 0, 0, "go on for so long (60, if no other is given)"),
            ("events", 0, 0, "and until so many were sent"),
            ("kills", 0, 0, "and until so many processes were killed"),
            ("seed", 0, None, "for the order of the kills"),
            ("front-ends", 1, 2, "how many"), ("workers", 1, 2, "how many"),
            ("clients", 1, 32, "how many"),
            ("pause-ms", 1, 100, "of a client, between two events"),
            ("calm-ms", 0, 500, "between two kills"),
            ("capacity", 1, 100, "of the queue"),
            ("work-ms", 0, 20, "for one event")):
        parser.add_argument(f"--{name}", type=number(least), default=default,
                            metavar="N", help=text)
    parser.add_argument("--admission", choices=["slots", "count"],
                        default="slots", help="of the front ends")
    parser.add_argument("--front-end", metavar="PROGRAM", help="another one")
    parser.add_argument("--worker", metavar="PROGRAM", help="another one")
    parser.add_argument("--json", action="store_true", help="for programs")
    options = parser.parse_args()
    if not (options.seconds or options.events or options.kills):
        options.seconds = 60
    if options.seed is None:
        options.seed = random.SystemRandom().randrange(10 ** 6)
    directory = pathlib.Path(options.build).resolve() / "beyond/shared"
    options.front_end = options.front_end or str(directory / "shared")
    options.worker = options.worker or str(directory / "shared_worker")
    return options
