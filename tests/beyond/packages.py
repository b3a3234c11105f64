"""What the tests of `shared` need, and whether it is there."""

import pathlib

import database


def missing(build):
    """The package that is not there; "": none."""
    try:
        database.programs()
    except database.NoPostgres:
        return "PostgreSQL"
    is_built = pathlib.Path(build, "beyond/shared/shared").exists()
    return "" if is_built else "libpq"
