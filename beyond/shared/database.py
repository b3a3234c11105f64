"""A PostgreSQL of its own for a process, in a temporary folder.

    with Postgres() as database:
        database.start()
        ...                     database.environment(), for a client of libpq
        database.kill()         SIGKILL for the postmaster; stop() is gentle
        database.start()

It listens on a unix socket only. However the process ends that made it, nothing
is left: guard.py, which made the folder, ends the server and removes it.
"""

import glob
import os
import pathlib
import pwd
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

PLACES = ["/usr/lib/postgresql/*/bin", "/usr/libexec/postgresql*",
          "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql*/bin",
          "/usr/local/opt/postgresql*/bin"]
USERS = ["postgres", "nobody"]  # PostgreSQL does not run as root
PORT = "5432"  # of the socket's name
SOCKET_PATH_MAX = 103  # bytes; Linux has 107, macOS 103
SECONDS_MAX = 120  # for a start or a stop; a busy machine is slow
SETTINGS = {
    "listen_addresses": "",
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "idle_in_transaction_session_timeout": "30s",
    "shared_buffers": "16MB",
    "max_connections": "60",
    "dynamic_shared_memory_type": "mmap",  # files in the folder
    "tcp_keepalives_idle": "5",
    "tcp_keepalives_interval": "2",
    "tcp_keepalives_count": "3",
}
STATES = {"ready", "standby"}  # in the last line of postmaster.pid


class Fault(Exception):
    """Our own trouble, for a person to read."""


class NoPostgres(Fault):
    """There is none, or none that this user can run."""


def check_user():
    try:
        pwd.getpwuid(os.geteuid())
    except KeyError:
        raise NoPostgres(
            "PostgreSQL runs only for a user that has a name, and the number "
            f"{os.geteuid()} has none in the system's list (/etc/passwd)"
        ) from None


def programs():
    """The folder that has initdb and postgres: the newest."""
    check_user()
    found = []
    if shutil.which("pg_config"):
        found.append(subprocess.run(["pg_config", "--bindir"], text=True,
                                    capture_output=True,
                                    check=False).stdout.strip())
    found += sorted((path for place in PLACES for path in glob.glob(place)),
                    key=lambda path: [int(number) for number in
                                      re.findall(r"\d+", path)], reverse=True)
    found.append(os.path.dirname(shutil.which("initdb") or ""))
    for path in filter(None, found):
        if all(shutil.which(name, path=path) for name in
               ("initdb", "postgres")):
            return pathlib.Path(path)
    raise NoPostgres(
        "found no PostgreSQL: looked for initdb beside pg_config, in\n"
        "/usr/lib/postgresql/*/bin and in PATH; to install it: "
        "./workshop setup beyond")


def clean_environment():
    """Without what would lead libpq or the server elsewhere."""
    return {name: value for name, value in os.environ.items()
            if not name.startswith("PG")}


def other_user():
    """Who PostgreSQL runs as, if this is root; None: as this user."""
    if os.geteuid() != 0:
        return None
    for name in USERS:
        try:
            return pwd.getpwnam(name)
        except KeyError:
            pass
    raise Fault("PostgreSQL does not run as root, and there is no user "
                f"{' or '.join(USERS)}; run this as another user")


def end_of(path, since=0):
    """What a program wrote, from that byte on; of much, only the end."""
    try:
        return path.read_bytes()[since:].decode(errors="replace")[-4000:]
    except OSError:
        return ""


class Postgres:
    """`settings` are those of postgresql.conf. `primary` is another one, which
    runs: this one becomes its standby."""

    def __init__(self, settings=None, primary=None):
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # else no exit status
        self.programs = programs()
        self.user = other_user()
        self.settings = {**SETTINGS, **(settings or {})}
        self.server = None
        self.folder, self.guard = None, None
        try:
            self._make_folder()
            if primary:
                self._copy(primary)
            else:
                self._init()
        except BaseException:
            self.remove()
            raise

    @property
    def data(self):
        return self.folder / "data"

    @property
    def variables(self):
        return {"PGHOST": str(self.folder), "PGPORT": PORT,
                "PGUSER": "thaw", "PGDATABASE": "postgres"}

    def environment(self):
        """For a program that is to find this server."""
        return {**clean_environment(), **self.variables}

    def _become_user(self):
        if self.user:
            os.initgroups(self.user.pw_name, self.user.pw_gid)
            os.setgid(self.user.pw_gid)
            os.setuid(self.user.pw_uid)

    def _can_use(self, base):
        path = os.path.join(base, f"thaw-pg-12345678/.s.PGSQL.{PORT}")
        return (len(os.fsencode(path)) <= SOCKET_PATH_MAX and
                os.access(base, os.W_OK | os.X_OK) and
                self._run("test", "-x", base).returncode == 0)

    def _make_folder(self):
        bases = [base for base in (tempfile.gettempdir(), "/tmp", "/var/tmp")
                 if self._can_use(base)]
        if not bases:
            raise Fault("found no folder for temporary files that is writable "
                        "and has a short path: set TMPDIR")
        # pylint: disable=consider-using-with
        self.guard = subprocess.Popen(
            [sys.executable, "-B", pathlib.Path(__file__).with_name("guard.py"),
             bases[0]], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            start_new_session=True, cwd="/")
        path = self.guard.stdout.readline().strip()
        if not path:
            raise Fault("could not make a temporary folder in " + bases[0])
        self.folder = pathlib.Path(os.fsdecode(path))
        if self.user:
            self.folder.chmod(0o770)
            os.chown(self.folder, self.user.pw_uid, os.getegid())

    def _child(self):
        """In a process that is about to become one of PostgreSQL's."""
        self._become_user()
        signal.pthread_sigmask(signal.SIG_SETMASK, [])
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)

    def _options(self, **more):
        return {"env": {**clean_environment(), "LC_ALL": "C", "TZ": "UTC"},
                "cwd": str(self.folder or "/"), "preexec_fn": self._child,
                "stdin": subprocess.DEVNULL, **more}

    def _run(self, *command):
        try:
            return subprocess.run(command, text=True, errors="replace",
                                  check=False, timeout=SECONDS_MAX,
                                  **self._options(stdout=subprocess.PIPE,
                                                  stderr=subprocess.STDOUT))
        except subprocess.SubprocessError as fault:
            name = self.user.pw_name if self.user else "this user"
            raise Fault(f"could not run {command[0]} as {name}: "
                        f"{fault}") from fault

    def tool(self, name, *words):
        """Runs one of PostgreSQL's programs, as its user; its output."""
        done = self._run(str(self.programs / name), *words)
        if done.returncode != 0:
            raise Fault(f"{name} failed; it said:\n{done.stdout.rstrip()}")
        return done.stdout

    def _init(self):
        # What it writes need not survive a loss of power, so no sync.
        self.tool("initdb", "--pgdata", str(self.data), "--auth", "trust",
                  "--username", self.variables["PGUSER"], "--encoding", "UTF8",
                  "--locale", "C", "--no-sync")

    def _copy(self, primary):
        self.tool("pg_basebackup", "--pgdata", str(self.data), "--host",
                  str(primary.folder), "--port", PORT, "--username",
                  self.variables["PGUSER"], "--write-recovery-conf",
                  "--checkpoint", "fast", "--no-sync")

    def start(self):
        """Returns when it takes connections. After a SIGKILL of the postmaster,
        a new one does not start until the old one's processes are gone."""
        end = time.monotonic() + SECONDS_MAX
        while not self._has_started(end):
            time.sleep(0.05)

    def _has_started(self, end):
        """False: try again."""
        log = self.folder / "log"
        words = [f"--{name}={value}" for name, value in {
            **self.settings, "port": PORT, "cluster_name": self.folder.name,
            "unix_socket_directories": self.folder}.items()]
        # Processes of the one before may write to it, too.
        with open(log, "ab") as output:
            since = output.tell()
            # pylint: disable=consider-using-with
            self.server = subprocess.Popen(
                [self.programs / "postgres", "-D", self.data, *words],
                start_new_session=True,
                **self._options(stdout=output, stderr=output))
        while time.monotonic() < end and self.server.poll() is None:
            if self._state() in STATES:
                return True
            time.sleep(0.01)
        said = end_of(log, since)
        has_ended = self.server.poll() is not None
        if has_ended and "still in use" in said and time.monotonic() < end:
            return False
        raise Fault("PostgreSQL did not start"
                    f"{'' if has_ended else f' within {SECONDS_MAX} s'}; it "
                    f"said:\n{said.strip()}")

    def _state(self):
        lines = end_of(self.data / "postmaster.pid").splitlines()
        return (lines[7].strip() if len(lines) > 7 and
                lines[0] == str(self.server.pid) else "")

    def stop(self, mode="fast"):
        """As pg_ctl stop -m does it: smart, fast or immediate."""
        self._end({"smart": signal.SIGTERM, "fast": signal.SIGINT,
                   "immediate": signal.SIGQUIT}[mode])

    def kill(self):
        self._end(signal.SIGKILL)

    def _end(self, number):
        if self.server:
            self.server.send_signal(number)
            self.server.wait(SECONDS_MAX)
            self.server = None

    def remove(self):
        """The guard does the work, as it does when this process is killed."""
        if self.server:
            self._end(signal.SIGQUIT)
        if self.guard:
            self.guard.stdin.close()
            self.guard.wait(SECONDS_MAX)
            self.guard = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.remove()
