"""pages.py - the pages of bugs and questions, as a terminal shows them"""

import re

COLUMNS = 80


def parts_of(text):
    """{heading: text} of the sections."""
    return {heading: part.strip() for heading, part in
            re.findall(r"^## (.*)\n((?:(?!## ).*\n)*)", text, re.M)}


def title_of(text):
    """What the first line says after its colon."""
    return text.splitlines()[0].partition(": ")[2]


def hints_of(part):
    """The items of the section "Hints"."""
    return [re.sub(r"\n {3}", "\n", hint.strip()) for hint in
            re.split(r"^\d\. ", part, flags=re.M)[1:]]


def cut(line):
    """A command in lines of 80 columns, which a shell joins again. Blanks in
    quotes stay."""
    lines = [""]
    for part in re.findall(r"""(?:'[^']*'|"[^"]*"|[^\s'"]|['"])+|\s+""", line):
        if part.strip() and lines[-1].strip() and (
                len(lines[-1]) + len(part) + len("     \\") > COLUMNS):
            lines[-1] = lines[-1].rstrip() + " \\"
            lines.append("  ")
        lines[-1] += part
    return lines


def plain(text):
    """For a terminal: code blocks are indented, and have no fences."""
    lines = []
    inside = False
    for line in text.splitlines():
        if line.startswith("```"):
            inside = not inside
            is_shell = line == "```sh"
            block = ""
        elif not inside or not line:
            lines.append(line)
        else:
            # A text in quotes, or a here-document, goes over several lines.
            is_text = block.count('"') % 2 == 1 or "<<" in block
            lines += ["    " + part for part in (
                cut(line) if is_shell and not is_text and
                len(line) + 4 > COLUMNS else [line])]
            block += line
    return "\n".join(lines)
