#!/usr/bin/env python3
"""Checks beyond/shared/postgres.py: what a command gets, and that nothing of
its PostgreSQL is left, whatever ends it.

    test_postgres.py SOURCE

Prints TAP.
"""

import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True  # no caches in the source tree
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]
                       / "beyond/shared"))

# pylint: disable=wrong-import-position
import database
import guard
import postgres
import processes
import tap
import usage

SCRIPT = postgres.__file__
ASK = ["psql", "-qAtXc"]
NAMELESS = 61338  # a user's number
# Prints where it is, and its number; then waits for the end of its input.
WAIT = ["sh", "-c", "echo $PGHOST; echo $$; exec cat >/dev/null"]


def run(*words, **options):
    options["env"] = {**os.environ, **options.get("env", {})}
    return subprocess.run([sys.executable, "-B", SCRIPT, *words], text=True,
                          capture_output=True, timeout=200, check=False,
                          **options)


def psql(server, text):
    return subprocess.run([server.programs / ASK[0], *ASK[1:], text],
                          env=server.environment(), check=True, text=True,
                          capture_output=True).stdout.strip()


def expect(wanted, came):
    return [] if wanted == came else [f"expected {wanted!r}, got {came!r}"]


def left_of(folder):
    """What is there of a server that must be gone. The guard of one that was
    killed needs a moment."""
    folder = pathlib.Path(folder)
    try:
        processes.wait_until(lambda: not folder.exists() and
                             not [*guard.processes_of(folder)])
    except AssertionError:
        return [f"left: {folder}", *map(str, guard.processes_of(folder))]
    return []


def started(*words, **options):
    """postgres.py while the command runs; the folder; the command's pid."""
    # pylint: disable=consider-using-with
    process = subprocess.Popen([sys.executable, "-B", SCRIPT, *words],
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               text=True, **options)
    folder = process.stdout.readline().strip()
    return process, folder, int(process.stdout.readline())


def ended(process):
    process.stdin.close()
    process.stdout.close()
    return process.wait(60)


# --- What the command gets ---------------------------------------------------

def a_command_finds_it_and_its_exit_status_is_passed_on():
    done = run("sh", "-c", f"{' '.join(ASK)} 'show server_encoding' && "
               "echo $PGHOST && exit 5")
    encoding, folder = done.stdout.split() or ["", "/nothing"]
    return (expect(5, done.returncode) + expect("UTF8", encoding) +
            left_of(folder))


def a_signal_that_ends_the_command_is_in_the_exit_status():
    return expect(128 + signal.SIGTERM,
                  run("sh", "-c", "kill -TERM $$").returncode)


def a_command_that_is_missing_is_named():
    done = run("no-such-command")
    return (expect(1, done.returncode) +
            expect("postgres.py: no-such-command: No such file or directory\n",
                   done.stderr))


def variables_of_the_caller_do_not_lead_elsewhere():
    done = run(*ASK, "select 1", env={
        "PGHOST": "127.0.0.1", "PGPORT": "1", "PGOPTIONS": "-c nonsense=1",
        "PGDATA": "/nowhere", "PGHOSTADDR": "127.0.0.1", "PGSERVICE": "none",
        "LC_ALL": "xx_XX", "PGSSLMODE": "require"})
    return expect(("1\n", ""), (done.stdout, done.stderr))


def a_long_path_for_temporary_files_is_no_trouble():
    with tempfile.TemporaryDirectory() as base:
        deep = pathlib.Path(base) / ("long name " * 11)
        deep.mkdir()
        os.chmod(base, 0o755)
        done = run(*ASK, "select 1", env={"TMPDIR": str(deep)})
    return expect(("1\n", ""), (done.stdout, done.stderr))


def it_listens_on_no_address_and_writes_to_the_disk():
    with database.Postgres() as server:
        server.start()
        return expect("||on|on|on", "|".join(
            psql(server, f"show {name}") for name in (
                "listen_addresses", "external_pid_file", "fsync",
                "synchronous_commit", "full_page_writes")))


def a_user_without_a_name_is_told_why_it_cannot_be():
    if os.geteuid() != 0:
        return []
    with tempfile.TemporaryDirectory() as base:
        for name in ("postgres.py", "database.py", "guard.py"):
            shutil.copy(pathlib.Path(SCRIPT).parent / name, base)
        os.chmod(base, 0o755)
        done = subprocess.run(
            ["python3", "-B", f"{base}/postgres.py", "true"], text=True,
            env={"PATH": os.defpath}, capture_output=True, check=False,
            preexec_fn=lambda: os.setuid(NAMELESS))
    return (expect(77, done.returncode) +
            expect("postgres.py: PostgreSQL runs only for a user that has a "
                   f"name, and the number {NAMELESS} has none in the system's "
                   "list (/etc/passwd)\n", done.stderr))


# --- How it ends -------------------------------------------------------------

def a_signal_is_passed_on_to_the_command():
    process, folder, _ = started(
        "sh", "-c", "trap 'exit 9' USR1 TERM; echo $PGHOST; echo $$;"
        "while read x; do :; done")
    process.send_signal(signal.SIGTERM)
    faults = expect(9, process.wait(60))
    ended(process)
    return faults + left_of(folder)


def a_kill_leaves_no_process_and_no_folder():
    process, folder, pid = started(*WAIT)
    process.kill()
    ended(process)
    faults = left_of(folder)
    processes.wait_until(lambda: not processes.is_running(pid))
    return faults


def the_end_in_the_middle_of_initdb_leaves_nothing():
    faults = []
    for number, wanted in ((signal.SIGKILL, -signal.SIGKILL),
                           (signal.SIGTERM, 128 + signal.SIGTERM)):
        with tempfile.TemporaryDirectory() as base:
            os.chmod(base, 0o755)
            # pylint: disable=consider-using-with
            process = subprocess.Popen([sys.executable, "-B", SCRIPT, "true"],
                                       env={**os.environ, "TMPDIR": base})
            processes.wait_until(
                lambda: [*pathlib.Path(base).glob("*/data/base")])
            process.send_signal(number)
            faults += expect(wanted, process.wait(60))
            for folder in pathlib.Path(base).iterdir():
                faults += left_of(folder)
    return faults


def block_and_ignore():
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)


def signals_that_the_caller_blocks_still_end_it():
    process, folder, _ = started(*WAIT, preexec_fn=block_and_ignore)
    process.terminate()
    faults = expect(128 + signal.SIGTERM, process.wait(60))
    ended(process)
    return faults + left_of(folder)


# --- As a module -------------------------------------------------------------

def what_was_committed_is_there_after_each_kind_of_end():
    with database.Postgres() as server:
        server.start()
        psql(server, "create table t(n int)")
        for number, end in enumerate((
                server.kill, lambda: server.stop("immediate"), server.stop)):
            psql(server, f"insert into t values({number})")
            # A session that has not noticed: a new server must wait for it.
            # pylint: disable=consider-using-with
            busy = subprocess.Popen(
                [server.programs / ASK[0], *ASK[1:],
                 "select count(*) from generate_series(1, 3e6)"],
                env=server.environment(), stderr=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL)
            processes.wait_until(lambda: psql(
                server, "select count(*) from pg_stat_activity where query "
                "like '%generate_series%' and pid <> pg_backend_pid()") == "1")
            end()
            server.start()
            busy.wait()
        return expect("0,1,2", psql(
            server, "select string_agg(n::text, ',' order by n) from t"))


def memory_of_a_killed_server_is_removed():
    server = database.Postgres()
    with server:
        server.start()
        lines = (server.data / "postmaster.pid").read_text().splitlines()
        memory = lines[6].split()[1]
        server.kill()
    return [f"memory {memory} is left" for line in
            pathlib.Path("/proc/sysvipc/shm").read_text().splitlines()
            if memory == line.split()[1]]


# --- Our own trouble ---------------------------------------------------------

def main_says(places, path):
    """postgres.py's exit status, and what it says, if PostgreSQL is there."""
    done = subprocess.run(
        [sys.executable, "-Bc", "import sys; sys.path.insert(0, sys.argv[1])\n"
         "import database, postgres\n"
         "database.PLACES = sys.argv[2:3]\n"
         "sys.argv = ['postgres.py', 'true']\n"
         "sys.exit(postgres.main())", os.path.dirname(SCRIPT), places],
        env={**os.environ, "PATH": path}, text=True, capture_output=True,
        check=False)
    return done.returncode, done.stderr


def a_machine_without_postgresql_is_told_what_to_type():
    status, text = main_says("/nowhere", "/nowhere")
    return expect(77, status) + ([] if "./workshop setup beyond" in text
                                 else [text])


def what_initdb_says_is_shown_when_it_fails():
    with tempfile.TemporaryDirectory() as base:
        os.chmod(base, 0o755)
        for name in ("initdb", "postgres"):
            path = pathlib.Path(base) / name
            path.write_text("#!/bin/sh\necho 'the disk is full'\nexit 1\n")
            path.chmod(0o755)
        # Without pg_config, which leads to a real one.
        tools = pathlib.Path(base) / "tools"
        tools.mkdir()
        for tool in ("sh", "test"):
            (tools / tool).symlink_to(shutil.which(tool))
        status, text = main_says(base, str(tools))
    return (expect(1, status) +
            expect("postgres.py: initdb failed; it said:\nthe disk is full\n",
                   text))


TESTS = [
    a_command_finds_it_and_its_exit_status_is_passed_on,
    a_signal_that_ends_the_command_is_in_the_exit_status,
    a_command_that_is_missing_is_named,
    variables_of_the_caller_do_not_lead_elsewhere,
    a_long_path_for_temporary_files_is_no_trouble,
    it_listens_on_no_address_and_writes_to_the_disk,
    a_user_without_a_name_is_told_why_it_cannot_be,
    a_signal_is_passed_on_to_the_command,
    a_kill_leaves_no_process_and_no_folder,
    the_end_in_the_middle_of_initdb_leaves_nothing,
    signals_that_the_caller_blocks_still_end_it,
    what_was_committed_is_there_after_each_kind_of_end,
    memory_of_a_killed_server_is_removed,
    a_machine_without_postgresql_is_told_what_to_type,
    what_initdb_says_is_shown_when_it_fails,
]


def faults_of(test):
    try:
        return test()
    except Exception as fault:  # pylint: disable=broad-except
        return [repr(fault)]


def main():
    usage.show_if_asked(__doc__, 1)
    try:
        os.environ["PATH"] = f"{database.programs()}:{os.environ['PATH']}"
    except database.NoPostgres:
        print("1..0 # SKIP no PostgreSQL: ./workshop setup beyond")
        return
    tap.report([(test.__name__.replace("_", " "), faults_of(test))
                for test in TESTS])


if __name__ == "__main__":
    main()
