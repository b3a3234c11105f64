"""questions.py - exercises whose result is something that you know

There is nothing to judge: you try something, think, and compare with the
solution. Each is a file exercises/more/NAME/question.md; a change.patch beside
it is the change to the code that its question asks for.
"""

from catalog import HERE, ROOT
from pages import hints_of, parts_of, plain, title_of
from printable import say


class Question:
    def __init__(self, page):
        text = page.read_text(encoding="utf-8")
        self.name = page.parent.name
        self.title = title_of(text)
        self.parts = parts_of(text)
        self.hints = hints_of(self.parts["Hints"])
        self.patch = page.with_name("change.patch")


def questions():
    pages = sorted(HERE.glob("more/*/question.md"))
    return {question.name: question for question in map(Question, pages)}


def find(words):
    """The question of this name, or None."""
    return questions().get(words[0]) if len(words) == 1 else None


def start(question, said):
    del said
    name = question.name
    say(f"{name}: {question.title}\n\n{plain(question.parts['Question'])}\n\n"
        f"./workshop hint {name}\n./workshop check {name}\n"
        f"./workshop solution {name}")


def check(question, said):
    del said
    say("There is nothing to judge here. This shows it:\n\n"
        + plain(question.parts["Check"])
        + f"\n\nThen compare: ./workshop solution {question.name}")


def hint(question, said):
    """The next one; after the last one, all of them again."""
    shown = said["hints"].get("", 0)
    is_over = shown >= len(question.hints)
    for number in range(len(question.hints)) if is_over else [shown]:
        say(f"hint {number + 1} of {len(question.hints)}:\n\n"
            + plain(question.hints[number]) + "\n")
    if is_over:
        say("That was all: ./workshop solution " + question.name)
    else:
        said["hints"][""] = shown + 1


def solution(question, said):
    del said
    say(plain(question.parts["Solution"]))
    if question.patch.exists():
        say(f"\n{question.patch.relative_to(ROOT)}:\n")
        say(question.patch.read_text(encoding="utf-8").rstrip("\n"))


def reset(question, said):
    del said
    say("Nothing was put in place, so nothing is taken away. If you changed "
        "the code, undo it"
        + (f":\n  patch -p1 -R <{question.patch.relative_to(ROOT)}"
           if question.patch.exists() else "."))


COMMANDS = {"start": start, "check": check, "hint": hint,
            "solution": solution, "reset": reset}


def more_of(exercise):
    """What the solution of an exercise that is built says besides the code."""
    page = exercise.directory / "solution.md"
    return plain(page.read_text(encoding="utf-8")) if page.exists() else ""
