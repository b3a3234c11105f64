"""Reads the cases from their files, and says what they mean."""

import collections
import pathlib
import re

HERE = pathlib.Path(__file__).resolve().parent
EVENT = {1: 200, 2: 200, 3: 202, 4: 200, 5: 202, 6: 202}
NAMED = {"r": b"\r", "n": b"\n", "t": b"\t", "0": b"\0", "\\": b"\\"}
ESCAPE = re.compile(r"\\(?:([rnt0\\])|x([0-9a-fA-F]{2})|\{(\d+)\*(.*?)\})")

Case = collections.namedtuple("Case", "name why expected data")
# The statuses in order, each with whether it responds to a HEAD, which gets no
# body; and what comes after the last: "open", "close", or "more" to be sent.
Expected = collections.namedtuple("Expected", "statuses ending")


def unescape(text):
    parts = []
    at = 0
    for match in ESCAPE.finditer(text):
        named, hexadecimal, count, repeated = match.groups()
        plain = text[at:match.start()]
        assert "\\" not in plain, f"no such escape: {plain}"
        parts.append(plain.encode("ascii"))
        if named:
            parts.append(NAMED[named])
        elif hexadecimal:
            parts.append(bytes.fromhex(hexadecimal))
        else:
            parts.append(int(count) * unescape(repeated))
        at = match.end()
    assert "\\" not in text[at:], f"no such escape: {text[at:]}"
    return b"".join(parts) + text[at:].encode("ascii")


def read_case(path):
    why, expected, *lines = path.read_text(encoding="ascii").splitlines()
    assert why.startswith("# ") and expected.startswith("= "), path
    return Case(path.stem, why[2:], expected[2:], unescape("".join(lines)))


def read_cases(kind):
    return [read_case(path) for path in sorted((HERE / kind).glob("*.txt"))]


def expected_of(text, stage):
    """Of A/B, A is for stages 1 and 2, which echo, and B for the others."""
    statuses = []
    ending = "open"
    for word in text.split():
        if word in ("close", "more"):
            ending = word
            break
        if word == "nothing":
            break
        kind, _, number = word.rpartition(":")
        assert kind in ("", "head"), f"unknown response: {word}"
        echo, _, other = number.partition("/")
        chosen = other if other and stage > 2 else echo
        status = EVENT[stage] if chosen == "event" else int(chosen)
        statuses.append((status, kind == "head"))
        # An echo rejects only what is no request.
        if echo not in ("200", "event"):
            ending = "close"
    if stage == 1 and statuses:
        return Expected(statuses[:1], "close")
    return Expected(statuses, ending)


def expand(directory):
    """Writes the bytes of each case, and lists of the expected results."""
    for kind in ("requests", "bodies"):
        into = pathlib.Path(directory) / kind
        into.mkdir(parents=True, exist_ok=True)
        lines = []
        for case in read_cases(kind):
            (into / case.name).write_bytes(case.data)
            expected = case.expected
            if kind == "requests":
                statuses, ending = expected_of(expected, 2)
                words = [str(status) for status, _ in statuses]
                expected = " ".join(words + [ending])
            lines.append(f"{case.name} {expected}\n")
        into.with_suffix(".list").write_text("".join(lines), encoding="ascii")
