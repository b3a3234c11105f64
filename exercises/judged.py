#!/usr/bin/env python3
"""judged.py - a step that the lab judges: lab judge, in the lines of check.h

    judged.py LAB STAGE ROW,ROW,... SERVER [OPTION...]

The first row that differs is explained; one that cannot be asked counts too,
because a step is about it. A row that measures time may differ on a busy
machine, so it is asked again before it is believed.
"""

import json
import subprocess
import sys

TRIES = 3


def judge(lab, stage, rows, command):
    result = subprocess.run([lab, "judge", stage, "--json", "--rows", rows,
                             "--", *command], capture_output=True, text=True)
    try:
        return json.loads(result.stdout)["rows"]
    except (ValueError, KeyError):
        sys.exit(f"trouble: lab judge: {result.stderr.strip()[-500:]}")


def explain(stage, row):
    seen = row["seen"] or "nothing: " + (row["why"] or "it was not asked")
    print(f"doing: {row['sent'] or row['question']}")
    print(f"came: {seen}" + (f": {row['detail']}" if row["detail"] else ""))
    print(f"wanted: {row['wanted']}")
    print(f"likely: {row['likely'] or row['why']}")
    print(f"read: {row['read']}")
    print(f"by hand: ./workshop lab judge {stage} --rows {row['experiment']} "
          "-- SERVER")
    for line in (row["start"] + "\n" + row["by_hand"]).splitlines():
        print(f"by hand: {line}")


def main():
    if len(sys.argv) < 5:
        sys.exit(__doc__)
    lab, stage, rows, *command = sys.argv[1:]
    wrong = []
    for _ in range(TRIES):
        wrong = [row for row in judge(lab, stage, rows, command)
                 if row["result"] != "ok"]
        rows = ",".join(row["experiment"] for row in wrong)
        if not wrong:
            return
    explain(stage, wrong[0])
    sys.exit(1)


if __name__ == "__main__":
    main()
