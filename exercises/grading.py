"""grading.py - what a check found, for a gradebook

A point for each step that passes. As JSON, and in the XML that CI systems show
as tests. A step that this machine could not run is skipped, and counts nowhere.
"""

import json
import re
import xml.etree.ElementTree as ElementTree

import judging
from printable import say

NOT_RUN = "not run"
# All that XML 1.0 has no place for (section 2.2).
NO_XML = re.compile(r"[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def for_xml(text):
    return NO_XML.sub(lambda found: f"\\x{ord(found[0]):02x}", text)


class CannotWrite(Exception):
    """The file that a person named."""


class Grade:
    def __init__(self, exercise, steps, options):
        self.exercise = exercise
        self.steps = steps
        self.json = options["--json"]
        self.junit = options["--junit"]
        self.is_wanted = self.json or self.junit is not None
        if self.junit is not None:
            self.open_junit()

    def open_junit(self):
        """A file that cannot be written is told before the check."""
        try:
            with open(self.junit, "a", encoding="utf-8"):
                pass
        except (OSError, ValueError) as fault:
            why = getattr(fault, "strerror", None) or fault
            raise CannotWrite(f"cannot write {self.junit}: {why}") from fault

    def rows(self, outcomes, why):
        found = {outcome.step.name: outcome for outcome in outcomes}
        for step in self.steps:
            one = found.get(step.name)
            yield {"step": step.name, "title": step.title,
                   "result": one.kind if one else NOT_RUN,
                   "seconds": round(one.seconds, 2) if one else 0.0,
                   "text": one.text if one else why}

    def write(self, outcomes, why):
        if not self.is_wanted:
            return
        rows = list(self.rows(outcomes, why))
        counted = [row for row in rows if row["result"] != judging.SKIPPED]
        points = sum(row["result"] == judging.PASSED for row in rows)
        if self.junit is not None:
            self.write_junit(rows)
        if self.json:
            say(json.dumps({
                "exercise": self.exercise.number,
                "title": self.exercise.title,
                "points": points, "of": len(counted), "steps": rows,
            }, indent=2))

    def write_junit(self, rows):
        suite = ElementTree.Element(
            "testsuite", name=f"exercise {self.exercise.number}",
            tests=str(len(rows)), errors="0",
            failures=str(sum(row["result"] in (judging.FAILED, NOT_RUN)
                             for row in rows)),
            skipped=str(sum(row["result"] == judging.SKIPPED for row in rows)),
            time=str(round(sum(row["seconds"] for row in rows), 2)))
        for row in rows:
            case = ElementTree.SubElement(
                suite, "testcase", classname=f"exercise.{self.exercise.number}",
                name=f"{row['step']} {row['title']}", time=str(row["seconds"]))
            if row["result"] in (judging.FAILED, NOT_RUN):
                failure = ElementTree.SubElement(
                    case, "failure", message=row["result"])
                failure.text = for_xml(row["text"])
            elif row["result"] == judging.SKIPPED:
                ElementTree.SubElement(case, "skipped",
                                       message=for_xml(row["text"]))
        ElementTree.ElementTree(suite).write(self.junit, encoding="utf-8",
                                             xml_declaration=True)
