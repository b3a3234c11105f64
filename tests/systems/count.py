"""count.py LOG: counts the tests in a log of meson, and says what failed."""

import json
import sys

with open(sys.argv[1], encoding="utf-8") as log:
    tests = [json.loads(line) for line in log]
skipped = [test for test in tests if test["result"] == "SKIP"]
failed = [test for test in tests
          if test["result"] not in ("OK", "EXPECTEDFAIL", "SKIP")]
for test in failed:
    said = test.get("stdout", "") + test.get("stderr", "")
    lines = [line for line in said.splitlines() if not line.startswith("ok ")]
    print(test["name"], test["result"], *lines[-12:], sep="\n    ")
print(f"{len(tests) - len(failed) - len(skipped)} passed, {len(failed)} failed,"
      f" {len(skipped)} skipped")
sys.exit(1 if failed else 0)
