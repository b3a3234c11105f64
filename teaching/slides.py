#!/usr/bin/env python3
"""slides.py - the course for a projector: one HTML file, made by pandoc

    slides.py BUILD FILE [--no-runs]

Of each stage: what broke before, where do clients wait, the questions, a page
for each answer, and what a run on this machine drew. The text is the READMEs',
so the slides say what they say. --no-runs takes the READMEs' pictures and table
instead of new ones, which take two minutes.
"""

import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
TEMPLATE = "dzslides"  # of pandoc's, the one that needs nothing from a network
# More characters than this on a page have a smaller font.
LONG = {"longest": 1300, "longer": 750, "long": 350}
WORK_MS = "500"

# Pictures of runs on one scale: the stages in each, where it stands, and the
# README's picture.
RUNS = {
    2: (["1", "2"], "stage2_async/timeline.svg"),
    3: (["3"], "stage3_parse/timeline.svg"),
    4: (["4"], "stage4_slow/timeline.svg"),
    5: (["4", "5"], "stage5_queue/timeline.svg"),
    6: (["5", "6"], "stage6_pool/timeline.svg"),
}


def read(name):
    return (ROOT / name).read_text(encoding="utf-8")


def section(text, title):
    found = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", text,
                      re.M | re.S)
    if found is None:
        sys.exit(f"slides: a README has no section \"{title}\"")
    return found[1].strip()


def plain(text):
    """A link leads nowhere on a projector."""
    text = re.sub(r": see \[below\]\([^)]*\)", "", text)
    return re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", text)


def pictures(text):
    """The indented blocks that show where clients wait."""
    return [block for block in re.findall(r"(?:^(?: {4}.*)?\n)+", text, re.M)
            if "backlog" in block or "the client  -->" in block]


def shifted(block):
    return "\n".join(line[4:] for line in block.strip("\n").splitlines())


def items(text):
    """{letter: what follows it}, of "**a.** ..."."""
    parts = re.split(r"^(?:- )?\*\*(\w)\.\*\* ", text, flags=re.M)
    return dict(zip(parts[1::2], (part.strip() for part in parts[2::2])))


def slide(title, *parts, kind=""):
    text = "\n\n".join(part for part in parts if part)
    kind = kind or next((name for name, length in LONG.items()
                         if len(text) > length), "")
    return (f"# {title}" + (f" {{.{kind}}}" if kind else "")
            + f"\n\n{text}\n")


def code(text):
    return f"```\n{text}\n```"


def solution_slides(name, questions, solutions):
    for letter, solution in solutions.items():
        # What follows the last answer is about all of them.
        text = re.split(r"\n\n(?=(?: {4}|[^\n]*:\n\n {4}))", solution)[0]
        text = re.sub(r":$", ".", plain(text).strip())  # its picture is apart
        question = " ".join(plain(questions[letter]).split())
        yield slide(f"{name}, {letter}", f"> {question}", text)


def start(number, prove):
    """The commands that start the server, as the README has them."""
    block = next(block for block in re.findall(r"^```console\n(.*?)^```", prove,
                                               re.M | re.S)
                 if f"$ ./workshop run {number}" in block)
    return "\n".join(command for command in
                     re.findall(r"^\$ (.*)", block, re.M)
                     if not command.startswith("export "))


def lessons(text):
    for item in re.findall(r"^- (.*?)(?=^- |\n\n|\Z)", text, re.M | re.S):
        yield "- " + " ".join(plain(item).split())


def stage_slides(number, directory, picture):
    text = read(f"{directory}/README.md")
    name = f"Stage {number}: {directory.split('_')[1]}"
    goal = re.search(r"\*\*Goal:\*\* (.*?)\n\n", text, re.S)[1]
    waiting = section(text, "Where are the waiting clients?")
    predict = section(text, "Predict")
    prove = section(text, "Prove it")
    told = re.search(r"<details>\n<summary>.*?</summary>\n(.*?)</details>",
                     prove, re.S)[1]
    intro = plain(re.split(r"^- \*\*", predict, flags=re.M)[0]).strip()
    questions = items(predict)
    broke = section(text, "What broke before")
    yield slide(name, plain(goal[0].upper() + goal[1:]),
                f"**What broke before:** {plain(broke)}")
    yield slide("Where are the waiting clients?",
                code(shifted(pictures(waiting + "\n")[0])),
                "Draw it, before anything runs.")
    yield slide("Predict", intro, "\n".join(
        f"- **{letter}.** {' '.join(plain(question).split())}"
        for letter, question in questions.items()))
    yield slide("Prove it", code(start(number, prove)),
                f"`{directory}/README.md`, \"Prove it\"")
    yield from solution_slides(name, questions, items(told))
    yield slide("Where they wait", code(shifted(pictures(told)[-1])))
    if picture is not None:
        yield slide("A run", f"![]({picture})")
    yield slide("What you learned",
                "\n".join(lessons(section(text, "What you learned"))))


def boxes(stages):
    found = [pictures(re.search(r"<details>(.*?)</details>",
                                read(f"{stage}/README.md"), re.S)[1])[-1]
             for stage in stages]
    return slide("Where do they wait?", *(
        code(f"{number} {stage.split('_')[1]}\n{shifted(block)}")
        for number, (stage, block) in enumerate(zip(stages, found), 1)),
        kind="boxes")


def without_questions(table):
    """The lab's table; what each row asks has no room."""
    return re.sub(r"^(\| `[^`]+`)[^|]*", r"\1 ", table, flags=re.M)


class Drawn:
    """The pictures and the table that the READMEs have."""

    def timeline(self, number):
        return ROOT / RUNS[number][1]

    def overload(self):
        return ROOT / "lab/overload.svg"

    def matrix(self):
        return re.search(r"(?:^\|.*\n)+", section(read("lab/README.md"),
                                                  "What differs"), re.M)[0]


class Runs:
    """The same, from runs of the lab."""

    def __init__(self, build, directory):
        self.lab = f"{build}/lab/lab"
        self.directory = directory

    def draw(self, name, *words):
        print(f"slides: running lab {' '.join(words)}", flush=True)
        path = f"{self.directory}/{name}.svg"
        subprocess.run([self.lab, *words, "--svg", path], check=True,
                       stdout=subprocess.DEVNULL)
        return path

    def timeline(self, number):
        return self.draw(f"timeline{number}", "timeline", *RUNS[number][0],
                         "--work-ms", WORK_MS)

    def overload(self):
        return self.draw("overload", "overload", "4", "5", "6")

    def matrix(self):
        print("slides: running lab matrix", flush=True)
        return subprocess.run([self.lab, "matrix", "--markdown"], check=True,
                              stdout=subprocess.PIPE, text=True).stdout


def deck(runs):
    stages = sorted(path.name for path in ROOT.glob("stage[1-6]_*"))
    first = read("README.md")
    yield "% Thaw\n"
    yield slide("Six servers, each wrong in one way",
                plain(first.split("\n\n")[1]))
    rows = re.findall(r"^\| \[(\d [^]]+)\]\([^|]*\| ([^|]*) \|", first, re.M)
    yield slide("Six questions", "| | |\n|---|------|\n" + "".join(
        f"| {name} | {question} |\n" for name, question in rows),
        kind="questions")
    for number, directory in enumerate(stages, 1):
        picture = runs.timeline(number) if number in RUNS else None
        yield from stage_slides(number, directory, picture)
    yield slide("Overload", f"![]({runs.overload()})")
    yield boxes(stages)
    yield slide("The same experiments, six servers",
                without_questions(runs.matrix()), kind="table")
    yield slide("And your server?", "- Where do its clients wait?\n"
                "- What bounds their number?\n- What is the next one told?")


def main():
    words = [word for word in sys.argv[1:] if word != "--no-runs"]
    if len(words) != 2 or "--help" in words:
        print(__doc__.strip())
        sys.exit(0 if "--help" in words else 2)
    build, file = words
    try:  # before the runs, which take two minutes
        with open(file, "ab"):
            pass
    except OSError as fault:
        sys.exit(f"slides: cannot write {file}: {fault.strerror}")
    with tempfile.TemporaryDirectory(prefix="thaw-slides-") as directory:
        runs = Drawn() if "--no-runs" in sys.argv else Runs(build, directory)
        text = "\n".join(deck(runs))
        subprocess.run(
            ["pandoc", "--from", "markdown-smart-implicit_figures", "--to",
             TEMPLATE, "--standalone", "--self-contained", "--wrap", "none",
             "--css", ROOT / "teaching/slides.css", "--output", file],
            input=text, text=True, check=True)
    print(f"slides: wrote {file}: open it in a browser; arrow keys, f for "
          "the\nfull screen, o for all pages at once")


if __name__ == "__main__":
    try:
        main()
    except (subprocess.CalledProcessError, OSError) as fault:
        sys.exit(f"slides: {fault}\nslides: has an exercise holes? "
                 "./workshop progress")
