#!/usr/bin/env python3
"""Packs what Debian needs, and installs from there without a network.

    pack.py SOURCE

The packages are small ones with the names of the real ones, made here, in a
repository that is a directory: apt is real, and finds them, what they need, and
what is damaged. Only what would change this machine is simulated. Prints TAP.
"""

import hashlib
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True  # no caches in the source tree
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

# pylint: disable=wrong-import-position
import usage
from teaching.world import World

LIMIT_SECONDS = 60
# "curl" needs this one, which needs another.
NEEDED_BY_CURL = {"curl": "libthaw1", "libthaw1": "libthaw-base (>= 1:2)"}

tests = []


def test(function):
    tests.append(function)
    return function


def asked(source, variable="needed"):
    """The packages that setup installs with apt-get."""
    text = (source / "workshop").read_text()
    needed = re.search(rf'^{variable}="(.*)"$', text, re.M)[1].split()
    function = re.search(r"^packages\(\) \{.*?^\}", text, re.M | re.S)[0]
    lines = subprocess.run(
        ["sh", "-c", f"{function}\npackages apt-get"], text=True,
        capture_output=True, check=True).stdout.split()
    packages = dict(line.split("=") for line in lines)
    return sorted(packages[thing] for thing in needed)


def make_deb(directory, name, version="1.0"):
    """Version 1:2.0 is 1%3a2.0 in the file's name."""
    tree = directory / "tree" / name
    (tree / "DEBIAN").mkdir(parents=True)
    needs = NEEDED_BY_CURL.get(name)
    (tree / "DEBIAN/control").write_text(
        f"Package: {name}\nVersion: {version}\nArchitecture: all\n"
        "Maintainer: Thaw <thaw@invalid>\nDescription: of a test\n" +
        (f"Depends: {needs}\n" if needs else ""))
    file = version.replace(":", "%3a")
    subprocess.run(
        ["dpkg-deb", "--root-owner-group", "-Znone", "--build", tree,
         directory / f"repository/{name}_{file}_all.deb"], check=True,
        capture_output=True)


def make_repository(directory, source):
    (directory / "repository").mkdir()
    for name in [*asked(source), *asked(source, "needed_beyond"), "libthaw1",
                 "not-asked-for"]:
        make_deb(directory, name)
    make_deb(directory, "libthaw-base", "1:2.0")
    index = []
    for path in sorted((directory / "repository").glob("*.deb")):
        control = subprocess.run(["dpkg-deb", "--field", path], text=True,
                                 capture_output=True, check=True).stdout
        content = path.read_bytes()
        index.append(f"{control}Filename: ./{path.name}\n"
                     f"Size: {len(content)}\n"
                     f"SHA256: {hashlib.sha256(content).hexdigest()}\n")
    (directory / "repository/Packages").write_text("\n".join(index))
    return directory / "repository"


class Debian(World):
    """A world with a repository, and an apt that knows only that."""

    def __init__(self, source, repository):
        super().__init__(source)
        self.source = source
        self.apt = self.root / "apt"
        self.pack = self.root / "the pack"
        self.installed = self.root / "installed"
        for name in ("partial", "auxfiles"):
            (self.apt / "lists" / name).mkdir(parents=True)
        shutil.copytree(repository, self.apt / "repository")
        self.make_apt()

    def end_network(self):
        """From now on there is only the pack."""
        shutil.rmtree(self.apt / "repository")
        for path in (self.apt / "lists").iterdir():
            if path.is_file():
                path.unlink()

    def make_apt(self):
        """apt-get install is simulated, and notes what it would install."""
        (self.apt / "sources.list").write_text(
            f"deb [trusted=yes] file:{self.apt}/repository ./\n")
        (self.apt / "apt.conf").write_text(
            f'Dir::Etc::SourceList "{self.apt}/sources.list";\n'
            'Dir::Etc::SourceParts "/dev/null";\n'
            f'Dir::State::lists "{self.apt}/lists";\n'
            'Dir::Cache::pkgcache "";\nDir::Cache::srcpkgcache "";\n'
            'APT::Sandbox::User "root";\n')
        self.environment["APT_CONFIG"] = str(self.apt / "apt.conf")
        real = shutil.which("apt-get")
        self.script("apt-get", f"""
PATH={os.environ['PATH']}
case "$*" in
*--simulate*) exec {real} "$@" ;;
install*)
    {real} -o Dir::State::status=/dev/null --simulate "$@" \
        >"{self.installed}.log" || exit
    sed -n 's/^Inst //p' "{self.installed}.log" >>"{self.installed}"
    echo "$*" >>"{self.installed}.words"
    for package; do :; done
    : >"{self.bin}/$package"
    chmod +x "{self.bin}/$package"
    ;;
*) exec {real} "$@" ;;
esac""")
        subprocess.run([self.bin / "apt-get", "update"], check=True,
                       env=dict(os.environ, **self.environment),
                       capture_output=True)

    def type(self, *words, status=0):
        """No rest of it may stay in the tree or in TMPDIR."""
        result = self.run(*words)
        assert result.returncode == status, (words, result)
        return result.stdout + result.stderr

    def seal(self):
        """Sums that are right for what is there now."""
        sums = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}"
                for path in sorted(self.pack.iterdir())
                if path.name != "SHA256SUMS"]
        (self.pack / "SHA256SUMS").write_text("\n".join(sums) + "\n")

    def install_offline(self, status=0):
        return self.type("setup", "--offline", str(self.pack), status=status)


@test
def a_pack_has_what_setup_installs_and_all_that_this_needs(world):
    said = world.type("pack", str(world.pack))
    assert "./workshop setup --offline DIR" in said, said
    names = sorted(path.name.split("_")[0]
                   for path in world.pack.glob("*.deb"))
    assert names == sorted([*asked(world.source), "libthaw1", "libthaw-base"])
    assert re.fullmatch(r"\S+ \S+ \S+\n", (world.pack / "SYSTEM").read_text())
    subprocess.run(["sha256sum", "--check", "--quiet", "SHA256SUMS"],
                   cwd=world.pack, check=True)


@test
def what_is_missing_is_installed_from_there_alone(world):
    world.type("pack", str(world.pack))
    world.end_network()
    world.hide("curl")
    world.hide("patch")
    said = world.install_offline()
    assert "everything is there" in said, said
    found = world.installed.read_text()
    assert re.findall(r"^\S+", found, re.M) == [
        "libthaw-base", "libthaw1", "curl", "patch"], found
    words = world.installed.with_suffix(".words").read_text().splitlines()
    assert [line.split()[-1] for line in words] == ["curl", "patch"], words


@test
def what_the_servers_beyond_need_is_packed_and_installed_if_asked_for(world):
    world.type("pack", str(world.pack), "beyond")
    names = sorted(path.name.split("_")[0]
                   for path in world.pack.glob("*.deb"))
    beyond = asked(world.source, "needed_beyond")
    assert names == sorted([*asked(world.source), *beyond, "libthaw1",
                            "libthaw-base"]), names
    world.end_network()
    world.script("initdb", "exit 1")
    world.library("sqlite3", "3.40.1")
    words = "setup", "beyond", "--offline", str(world.pack)
    said = world.type(*words, status=1)  # its libpq is no library
    assert "still missing; please install: libpq" in said, said
    found = world.installed.with_suffix(".words").read_text()
    assert [line.split()[-1] for line in found.splitlines()] == [
        "libpq-dev"], found
    world.library("libpq", "15.5")
    assert "everything is there" in world.type(*words)


@test
def a_relative_folder_is_the_callers(world):
    world.type("pack", "the pack")
    assert (world.pack / "SHA256SUMS").exists()
    assert "everything is there" in world.type("setup", "--offline",
                                               "the pack")
    assert not world.installed.exists(), "nothing was missing"


@test
def a_pack_is_made_anew(world):
    world.type("pack", str(world.pack))
    (world.pack / "SHA256SUMS").unlink()
    (world.pack / "curl_1.0_all.deb").write_text("cut")
    (world.pack / "old_1.0_all.deb").write_text("of an older one")
    world.type("pack", str(world.pack))
    assert not (world.pack / "old_1.0_all.deb").exists()
    world.hide("curl")
    world.install_offline()


@test
def a_folder_with_other_files_is_left_alone(world):
    world.pack.mkdir()
    (world.pack / "letter.txt").write_text("mine")
    said = world.type("pack", str(world.pack), status=1)
    assert "has other files, as letter.txt" in said, said
    assert [path.name for path in world.pack.iterdir()] == ["letter.txt"]


@test
def a_download_that_fails_is_said(world):
    (world.apt / "repository/libthaw1_1.0_all.deb").unlink()
    said = world.type("pack", str(world.pack), status=1)
    assert "apt-get download failed" in said and "not complete" in said, said
    said = world.install_offline(status=1)
    assert "not complete: it has no SHA256SUMS" in said, said


def broken(name, change, expected):
    """What is not whole, or not for this system, is said, and not used."""
    def function(world):
        world.type("pack", str(world.pack))
        world.hide("curl")
        change(world)
        said = world.install_offline(status=1)
        assert expected in said, f"expected {expected!r}: {said}"
        assert not world.installed.exists(), world.installed.read_text()
    function.__name__ = f"a_pack_that_{name}_is_not_used"
    tests.append(function)


def empty(world):
    shutil.rmtree(world.pack)
    world.pack.mkdir()


def of_another(system):
    def change(world):
        (world.pack / "SYSTEM").write_text(system + "\n")
        world.seal()
    return change


def cut(world):
    os.truncate(world.pack / "curl_1.0_all.deb", 100)


broken("is_not_there", lambda world: shutil.rmtree(world.pack),
       "there is no folder")
broken("is_empty", empty, "empty or not complete")
broken("lacks_a_package",
       lambda world: (world.pack / "libthaw1_1.0_all.deb").unlink(),
       "damaged: libthaw1_1.0_all.deb: FAILED")
broken("has_a_cut_package", cut, "damaged: curl_1.0_all.deb: FAILED")
broken("lacks_its_index", lambda world: (world.pack / "Packages").unlink(),
       "damaged: Packages: FAILED")
broken("is_of_another_release", of_another("debian 7 amd64"),
       "is for debian 7 amd64, and this is ")
broken("is_of_another_processor", of_another("debian 12 pdp11"),
       "is for debian 12 pdp11, and this is ")


@test
def another_system_has_no_such_packages(world):
    world.hide("apt-get")
    for words in (("pack", "x"), ("setup", "--offline", "x")):
        said = world.type(*words, status=1)
        assert "there is no apt-get here" in said, said


@test
def incomplete_commands_say_what_is_missing(world):
    for words, expected in {
            ("pack",): "expected a folder: ./workshop pack DIR",
            ("pack", ""): "expected a folder: ./workshop pack DIR",
            ("pack", "a", "b"): "expected a folder, got 'b'",
            ("setup", "--offline"): "expected a folder after --offline",
            ("setup", "--offline", ""): "expected a folder after --offline",
            ("setup", "--offline", "a", "b"): "got 'b'",
            ("pack", "a", "beyond", "b"): "expected a folder, got 'beyond'",
            ("setup", "beyond", "a"): "expected nothing after it, got 'a'",
            ("setup", "a"): "expected nothing after it, got 'a'"}.items():
        said = world.type(*words, status=2)
        assert expected in said, (words, said)


def outcome(function, source, repository):
    try:
        with Debian(source, repository) as world:
            function(world)
    except Exception as fault:
        return f"{type(fault).__name__}: {fault}"
    return ""


def main():
    usage.show_if_asked(__doc__, 1)
    source = pathlib.Path(sys.argv[1]).resolve()
    for tool in ("apt-get", "dpkg-deb", "sha256sum"):
        if shutil.which(tool) is None:
            print(f"1..0 # SKIP this is no Debian: no {tool}")
            return
    print(f"1..{len(tests)}")
    with tempfile.TemporaryDirectory(prefix="thaw-pack-") as directory:
        repository = make_repository(pathlib.Path(directory), source)
        for number, function in enumerate(tests, start=1):
            fault = outcome(function, source, repository)
            print(f"{'not ok' if fault else 'ok'} {number} - "
                  f"{function.__name__}")
            for line in fault.splitlines():
                print(f"# {line}")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
