#!/usr/bin/env python3
"""Types the Python session of a page, and compares what it prints.

    session.py PAGE

A person types a line in a second or more, so what one line sends has arrived
before the next one. Here it is a pause. Exits with 1 if a line prints something
else than the page says.
"""

import doctest
import pathlib
import sys

sys.dont_write_bytecode = True  # no caches in the source tree
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

# pylint: disable=wrong-import-position
import usage

PAUSE = doctest.Example("import time; time.sleep(0.1)\n", "")


def main():
    usage.show_if_asked(__doc__, 1)
    page = pathlib.Path(sys.argv[1])
    test = doctest.DocTestParser().get_doctest(
        page.read_text(encoding="utf-8"), {}, page.name, str(page), 0)
    if not test.examples:
        sys.exit(f"{page}: no line begins with >>>")
    test.examples = [typed for example in test.examples
                     for typed in (PAUSE, example)]
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    sys.exit(runner.run(test).failed > 0)


if __name__ == "__main__":
    main()
