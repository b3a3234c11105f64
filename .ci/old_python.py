"""old_python.py FILE... - finds what Python 3.8 does not have

Ubuntu 20.04 has Python 3.8, and the tests must run there. The grammar is
checked, and the names below; a name of another library may be a false alarm.
"""

import ast
import sys

OLDEST = (3, 8)
NEWER = {
    # methods and functions
    "removeprefix", "removesuffix", "is_relative_to", "with_stem", "readlink",
    "hardlink_to", "bit_count", "pairwise", "batched", "cache", "lcm",
    "nextafter", "ulp", "randbytes", "waitstatus_to_exitcode", "to_thread",
    "TaskGroup", "pidfd_open", "add_note", "aclosing",
    # modules
    "zoneinfo", "graphlib", "tomllib",
}
NEWER_ARGUMENTS = {
    "zip": {"strict"},
    "TemporaryDirectory": {"ignore_cleanup_errors", "delete"},
    "Popen": {"user", "group", "extra_groups", "umask", "process_group"},
    "run": {"user", "group", "extra_groups", "umask", "process_group"},
    "dataclass": {"slots", "kw_only"},
    "write_text": {"newline"},
    "rmtree": {"onexc"},
}
GENERIC = {"list", "dict", "set", "frozenset", "tuple", "type"}


def name_of(node):
    return getattr(node, "attr", None) or getattr(node, "id", None)


def faults(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in NEWER:
            yield node, node.attr
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            names = [alias.name for alias in node.names]
            for name in names + [getattr(node, "module", None)]:
                if name in NEWER:
                    yield node, name
        if isinstance(node, ast.Call):
            newer = NEWER_ARGUMENTS.get(name_of(node.func), set())
            for keyword in node.keywords:
                if keyword.arg in newer:
                    yield node, f"{name_of(node.func)}({keyword.arg}=...)"
        if isinstance(node, ast.Subscript) and name_of(node.value) in GENERIC:
            yield node, f"{name_of(node.value)}[...] as a type"
        for annotation in (getattr(node, "annotation", None),
                           getattr(node, "returns", None)):
            if isinstance(annotation, ast.BinOp):
                yield node, "X | Y as a type"


def main():
    found = False
    for path in sys.argv[1:]:
        with open(path, encoding="utf-8") as file:
            text = file.read()
        try:
            tree = ast.parse(text, path, feature_version=OLDEST)
        except SyntaxError as error:
            print(f"{path}:{error.lineno}: {error.msg}")
            found = True
            continue
        for node, what in faults(tree):
            print(f"{path}:{node.lineno}: {what} is newer than Python 3.8")
            found = True
    sys.exit(found)


if __name__ == "__main__":
    main()
