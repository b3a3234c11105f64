"""judging.py - runs the steps of an exercise, and explains what went wrong

The programs are given, so the same code judges the learner's files and the
variants of the tests.
"""

import os
import re
import secrets
import shutil
import signal
import sys
import tempfile
import textwrap

import bounded
from catalog import ROOT

TSAN_SECONDS = 10  # the thread sanitizer makes a program slow
LABELS = ("came", "wanted", "likely")
MORE_LABELS = ("read", "by hand", "trouble")  # several lines each, if needed
SANITIZERS = {"tsan": "thread", "asan": "address"}  # of the check's program
PRINTED_MAX = 12  # lines of the learner's own, of a compiler's report ...
PASSED, FAILED, SKIPPED = "passed", "failed", "skipped"
TSAN_OPTIONS = "halt_on_error=1 exitcode=66 history_size=4"
ASAN_OPTIONS = "detect_leaks=0 abort_on_error=0 exitcode=67 color=never"

MEANING = {
    signal.SIGSEGV: "it used memory that is not its own: a pointer that is "
                    "NULL, freed, or beyond the end of an array",
    signal.SIGBUS: "it used memory that is not there",
    signal.SIGABRT: "it aborted itself: an assert, or the C library found "
                    "that memory was overwritten or freed twice",
    signal.SIGFPE: "an integer was divided by zero, or modulo zero",
    signal.SIGILL: "the compiler marked this place as one that is never "
                   "reached: is a return missing?",
    signal.SIGKILL: "it was killed: the system had no memory left?",
    signal.SIGXCPU: "it computed for two minutes",
    signal.SIGXFSZ: "it wrote more than 64 MiB to a file",
}


class Trouble(Exception):
    """The step could not be run: no fault of the learner."""


class Outcome:
    def __init__(self, step, kind, text="", seconds=0.0):
        self.step = step
        self.kind = kind  # PASSED, FAILED or SKIPPED
        self.text = text  # what went wrong, or why it was skipped
        self.seconds = seconds


class Programs:
    """The programs of a tree or of a variant: {"check": path, ...}."""

    def __init__(self, paths, missing=None, prepare=None,
                 content=lambda path: None):
        self.paths = paths
        self.content = content  # of a file that the learner writes, as bytes
        self.missing = missing or {}  # {"tsan": why there is none}
        self.prepare = prepare or (lambda step: None)  # builds what it needs

    def command(self, exercise, step):
        values = {"python": sys.executable, "root": ROOT,
                  "exercise": exercise.directory, **self.paths}
        return [re.sub(r"\{(\w+)\}", lambda word: str(
            values.get(word[1], word[0])), part) for part in step.run]


def by_hand(command):
    """As a person types it: paths from the root, quotes where they are due."""
    words = []
    for word in map(str, command):
        word = word.replace(f"{ROOT}/", "")
        if word == sys.executable:
            word = "python3"
        words.append(f"'{word}'" if re.search(r"[^\w./:=,+{}-]", word)
                     else word)
    return " ".join(words)


def paragraph(label, text):
    """    came:    the text, in lines of at most 80 columns"""
    start = f"    {label + ':':<9}"
    # A command is copied, so it is one line.
    if "\n" in text or (label == "by hand" and len(start + text) > 80):
        return "\n".join([start.rstrip()] + [f"      {line}" for line in
                                             text.splitlines()])
    return textwrap.fill(text, width=80, initial_indent=start,
                         subsequent_indent=" " * len(start),
                         break_long_words=False, break_on_hyphens=False)


class Said:
    """What a check printed: its own lines, and the others."""

    def __init__(self, output, word):
        self.parts = {}
        self.others = []
        lines = output.rstrip("\n").split("\n")
        self.has_word = lines[-1] == word
        for line in lines[:-1] if self.has_word else lines:
            label, colon, text = line.partition(": ")
            if colon and label == "doing":
                self.parts["sent"] = text
            elif colon and label in LABELS:
                self.parts[label] = text
            elif colon and label in MORE_LABELS and not text:
                self.parts.pop(label, None)  # other lines come, instead
            elif colon and label in MORE_LABELS:
                self.parts[label] = "\n".join(
                    [*self.parts.get(label, "").splitlines(), text])
            elif line.strip():
                self.others.append(line)

    def printed(self):
        more = len(self.others) - PRINTED_MAX
        lines = [line[:200] for line in self.others[-PRINTED_MAX:]]
        return "\n".join(([f"({more} lines before these)"] if more > 0 else [])
                         + lines)


def is_sanitizers(line):
    return bool(re.search(r"(Thread|Address|UndefinedBehavior)Sanitizer|"
                          r"runtime error:", line))


def report_of(output):
    """The first lines of a sanitizer's report that name a place."""
    lines = output.splitlines()
    starts = [at for at, line in enumerate(lines) if is_sanitizers(line)]
    if not starts:
        return ""
    found = []
    for line in lines[starts[0]:starts[0] + 60]:
        line = re.sub(r" \(BuildId: .*|0x[0-9a-f]{6,} (?=in )|==\d+==", "",
                      line)
        line = line.replace(f"{ROOT}/", "").replace("../", "")
        line = re.sub(r" \([^ ]*check_\S*\+0x\S*\)", "", line)
        if re.match(r"\s*(#\d+ |WARNING: |ERROR: |(Previous )?(atomic )?"
                    r"(read|write) of |.*runtime error: )", line, re.I):
            found.append(line)
    return "\n".join(found[:PRINTED_MAX])


def is_unusable(output):
    """The sanitizer itself could not start on this machine."""
    return "FATAL: ThreadSanitizer" in output


def run_bounded(command, seconds, environment):
    try:
        return bounded.run(command, seconds, environment=environment,
                           directory=ROOT)
    except bounded.CannotRun as fault:
        raise Trouble(str(fault)) from fault


def run_step(command, seconds, word):
    """What it leaves in its temporary directory goes with that."""
    with tempfile.TemporaryDirectory(prefix="thaw-step-") as directory:
        environment = {"THAW_CHECK_WORD": word, "TMPDIR": directory,
                       "THAW_CHECK_SECONDS": f"{seconds:.1f}",
                       "TSAN_OPTIONS": TSAN_OPTIONS,
                       "ASAN_OPTIONS": ASAN_OPTIONS,
                       "MALLOC_PERTURB_": "165"}  # new memory is not zero
        # The check ends a hang itself, as it knows what it did; this is for
        # one that cannot.
        result = run_bounded(command, seconds + 2, environment)
        if is_unusable(result.output) and shutil.which("setarch"):
            result = run_bounded(["setarch", "-R", *command], seconds + 2,
                                 environment)
        return result


def what_came(step, result, said, sanitized):
    """(came, wanted, likely) of a step that did not pass."""
    report = report_of(result.output)
    if result.reason == "time":
        busy = result.cpu_seconds > result.seconds / 10
        return ("no end: it was stopped after some seconds, in which it "
                + ("computed all the time" if busy else "only waited"),
                "an end", step.hang or
                ("a loop that never ends" if busy else
                 "a thread waits for a mutex, or for a wake-up that never "
                 "comes"))
    if result.reason == "output":
        return ("more than 256 KiB of output",
                "only what helps you", "a loop that prints, and never ends")
    if result.reason == "memory":
        return ("more than 512 MiB of memory in use", "some megabytes",
                "a loop that takes memory, and never ends")
    if result.number is not None:
        number = result.number
        name = signal.Signals(number).name
        return (f"a crash: signal {number}, {name}" +
                (f"\n{sanitized}" if sanitized else ""), "no crash",
                said.parts.get("likely") or
                MEANING.get(number, "a signal ended it"))
    if "ThreadSanitizer: data race" in result.output:
        return (f"a data race\n{report}", "no data race",
                "two threads use the same memory, one of them writes, and one "
                "of them does not have the mutex: see the two places")
    if report:
        return (report, "nothing for a sanitizer to report",
                said.parts.get("likely") or
                "see the first place that is in your file")
    if "came" in said.parts:
        return tuple(said.parts.get(label, "") for label in LABELS)
    return (f"the program ended in the middle of the step, with exit status "
            f"{result.status}", "a function that returns",
            "does your code call exit?")


def explain(exercise, step, result, said, command, sanitized="",
            unwritten=()):
    came, wanted, likely = what_came(step, result, said, sanitized)
    if unwritten:
        likely += (("" if likely.endswith((".", "?")) else ".") +
                   " Still as started: " + ", ".join(unwritten))
    parts = [("sent", said.parts.get("sent", "")), ("came", came),
             ("wanted", wanted), ("likely", likely),
             ("printed", "" if report_of(result.output) else said.printed()),
             ("read", said.parts.get("read", exercise.read)),
             ("again", f"./workshop check {step.name}"),
             ("by hand", said.parts.get("by hand", by_hand(command)).replace(
                 f"{ROOT}/", ""))]
    return "\n".join(paragraph(label, text) for label, text in parts if text)


def runs_learner(step):
    """Is the learner's code in the program itself, and not in a server that
    the program starts?"""
    return any(map(step.runs, ("check", *SANITIZERS)))


def passed(step, result, said):
    """The learner's code cannot know the word; a program in which it is not
    needs none."""
    if result.status != 0 or result.reason is not None:
        return False
    return said.has_word or not runs_learner(step)


def seconds_of(step):
    """Until it is a hang. THAW_CHECK_SECONDS is for a machine that is slow."""
    try:
        return float(os.environ["THAW_CHECK_SECONDS"])
    except (KeyError, ValueError):
        return bounded.limit_of(
            TSAN_SECONDS if any(map(step.runs, SANITIZERS)) else step.seconds)


def judge_step(exercise, step, programs, sanitize=None):
    """Runs a step. `sanitize` says more about a crash, or is None."""
    for name, why in programs.missing.items():
        if step.runs(name):
            return Outcome(step, SKIPPED, why)
    programs.prepare(step)
    command = programs.command(exercise, step)
    word = secrets.token_hex(8)
    result = run_step(command, seconds_of(step), word)
    if is_unusable(result.output):
        return Outcome(step, SKIPPED,
                       "the thread sanitizer does not start on this machine: "
                       + result.output.strip().splitlines()[0])
    said = Said(result.output, word)
    if "trouble" in said.parts:
        raise Trouble(said.parts["trouble"])
    if passed(step, result, said):
        return Outcome(step, PASSED, said.printed(), result.seconds)
    if (not runs_learner(step) and result.status is not None
            and "came" not in said.parts):
        raise Trouble(f"the check of {step.name} itself failed:\n"
                      + result.output.strip()[-1500:])
    report = ""
    if result.number is not None and sanitize is not None:
        report = sanitize(step)
    return Outcome(step, FAILED, explain(
        exercise, step, result, said, command, report,
        [name for path in exercise.files
         for name in exercise.unwritten(path, programs.content(path))]),
        result.seconds)


def judge(exercise, steps, programs, before=lambda step: None,
          after=lambda outcome: None, sanitize=None, to_the_end=False):
    """Runs the steps, up to the first that fails unless to_the_end. Returns
    the outcomes."""
    outcomes = []
    for step in steps:
        before(step)
        outcomes.append(judge_step(exercise, step, programs, sanitize))
        after(outcomes[-1])
        if outcomes[-1].kind == FAILED and not to_the_end:
            break
    return outcomes
