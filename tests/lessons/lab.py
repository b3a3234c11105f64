#!/usr/bin/env python3
"""Tests the lab as its users see it.

    lab.py LAB BUILD

Prints TAP.
"""

import json
import os
import pathlib
import re
import resource
import signal
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree

sys.dont_write_bytecode = True  # no caches in the source tree
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

# pylint: disable=wrong-import-position
from lessons.running import (BUILD, LAB, Server, Skip, lab, main, test,
                             write_program)
from processes import children_of, is_running, wait_until

ROOT = pathlib.Path(__file__).resolve().parents[2]


@test
def a_wrong_command_says_what_to_type():
    assert "usage: lab" in lab(status=2).stderr
    assert "see lab --help" in lab("nonsense", status=2).stderr
    assert "see lab list" in lab("try", "nonsense", status=2).stderr
    assert "or shared, got '7'" in lab("diff", 7, 1, status=2).stderr
    assert "or shared, got '0'" in lab("try", "burst", 0, status=2).stderr
    assert "--work-ms: expected" in lab("--work-ms", "x", status=2).stderr
    assert "a value after it" in lab("matrix", "--svg", status=2).stderr
    assert "unknown option '--no'" in lab("matrix", "--no", status=2).stderr
    assert "usage: lab" in lab("--help").stdout


@test
def an_incomplete_command_says_what_is_missing():
    missing = {
        ("try",): "lab try: expected an experiment: see lab list",
        ("diff", "4"): "lab diff: expected two stages: lab diff 4 5",
        ("timeline",): "lab timeline: expected a stage from 1 to 6",
        ("timeline", "silent-clients"):
            "lab timeline: expected a stage from 1 to 6",
        ("load", "1", "2"):
            "lab load: expected one port, of a server that runs",
        ("tour", "5"): "lab tour: expected nothing after it",
        ("judge", 4, 5, "--", "x"):
            "lab judge: expected one stage: lab judge 5 -- ./mine",
    }
    for words, expected in missing.items():
        result = lab(*words, status=2)
        assert result.stderr == f"{expected}\n", result


@test
def a_misspelled_name_is_told_the_nearest():
    for words, meant in ((("tyr",), "try"), (("timline", 1), "timeline"),
                         (("try", "brust"), "burst"),
                         (("try", "silent-client"), "silent-clients"),
                         (("try", "half-hedder"), None), (("x",), None),
                         (("try", "y" * 200), None)):
        lines = lab(*words, status=2).stderr.splitlines()
        assert lines[1:] == ([f"lab: did you mean '{meant}'?"]
                             if meant else []), lines


@test
def each_command_has_a_help_of_its_own():
    whole = lab("--help").stdout
    names = set(re.findall(r"^  ([a-z]+)", whole, re.M))
    options = set(re.findall(r"^  (--[a-z-]+)", whole, re.M))
    assert {"try", "timeline", "load"} <= names, names
    explained = set()
    for name in sorted(names):
        own = lab(name, "--help").stdout
        assert own == lab("--help", name).stdout
        assert re.findall(r"^  ([a-z]+)", own, re.M)[0] == name, own
        lines = [line for line in own.splitlines() if line[:2] == "  "]
        assert set(lines) <= set(whole.splitlines()), own
        explained |= set(re.findall(r"^  (--[a-z-]+)", own, re.M))
    assert explained == options, options - explained
    assert "--svg" in lab("timeline", "--help").stdout
    assert "--svg" not in lab("load", "--help").stdout
    assert "sketch" in lab("try", "--help").stdout
    assert "sketch" not in lab("diff", "--help").stdout


@test
def a_command_rejects_the_options_that_its_help_lacks():
    whole = lab("--help").stdout
    commands = set(re.findall(r"^  ([a-z]+)", whole, re.M))
    options = dict(re.findall(r"^  (--[a-z-]+)( [A-Z])?", whole, re.M))
    for command in sorted(commands):
        own = re.findall(r"^  (--[a-z-]+)", lab(command, "--help").stdout, re.M)
        for option in sorted(set(options) - set(own)):
            value = {"--get": "/", "--retry": "none"}.get(option, 5)
            words = [option, value] if options[option] else [option]
            for line in ([command, *words], [*words, command]):
                said = lab(*line, status=2).stderr
                assert said.startswith(
                    f"lab {command}: {option} is an option of "), said
                assert said.endswith(f": see lab {command} --help\n"), said
                assert f" {command}," not in said, said
        if command not in ("judge", "overload"):
            said = lab(command, "--", "x", status=2).stderr
            assert "expected no command after --" in said, said


@test
def two_options_that_contradict_each_other_are_told():
    for words, pair in ((("matrix", "--json", "--markdown"), "--json or"),
                        (("list", "--markdown", "--json"), "--json or"),
                        (("load", 1, "--get", "/", "--users", 2), "--get or"),
                        (("load", 1, "--requests", 1, "--seconds", 1),
                         "--requests or")):
        said = lab(*words, status=2).stderr
        assert f"expected {pair} " in said and "got both" in said, said


@test
def a_number_has_digits_alone():
    for text in ("", " 5", "+5", "5 ", "5.0", "0x5", "five", "9" * 30):
        for words in (["list", text], ["matrix", "--work-ms", text]):
            assert f"got '{text}'" in lab(*words, status=2).stderr, words


@test
def a_text_that_an_option_cannot_use_is_rejected():
    for path in ("", "health", "*", "/a b", "/a\r\nX: y", "/a\n", "/a#b",
                 "/é", '/"', "http://127.0.0.1/"):
        said = lab("load", 1, "--get", path, status=2).stderr
        assert "--get: expected a path like /balances/alice" in said, said
    for option in ("--svg", "--trace", "--junit", "--rows"):
        said = lab("matrix", option, "", status=2).stderr
        assert f"lab: {option}: expected " in said and "got ''" in said, said
    with Server("stage5_queue") as server:
        for path in ("/balances/al%C3%A9", "/health?a=b&c", "/metrics"):
            lab("load", server.port, "--requests", 1, "--get", path)


@test
def no_line_of_the_help_is_wider_than_a_terminal():
    for text in (lab("--help").stdout, lab("list").stdout,
                 lab("list", "rude").stdout):
        assert max(map(len, text.splitlines())) <= 80


@test
def the_tour_asks_and_tells_no_verdict():
    printed = lab("tour").stdout
    for number, page in enumerate(sorted(ROOT.glob("stage[1-6]_*/README.md")),
                                  start=1):
        assert f"\n{number}. {page.parent.name}\n" in printed, printed
        assert f"-> {page.relative_to(ROOT)}\n" in printed, printed
    assert printed.count(" question ") == 6, printed
    told = [verdict for verdict in ("frozen", "blocked", "one by one", "400",
                                    "503", "100 in", "reordered", "4 at once")
            if re.search(rf"(?<![.\d]){verdict}(?![.\d])", printed)]
    assert not told, f"it tells {told}: {printed}"
    assert max(map(len, printed.splitlines())) <= 80, printed


@test
def the_tour_says_which_stage_is_broken():
    with tempfile.TemporaryDirectory(prefix="thaw-tour-") as directory:
        for path in pathlib.Path(BUILD).glob("stage[1-6]_*"):
            name = "stage1_blocking" if "stage3" in path.name else path.name
            folder = pathlib.Path(directory, path.name)
            folder.mkdir()
            folder.joinpath(path.name).symlink_to(
                pathlib.Path(BUILD, name, name).resolve())
        printed = lab("tour", status=1,
                      env=dict(os.environ, THAW_BUILD=directory)).stdout
    assert printed.count("this should have been") == 1, printed
    assert "this should have been 202" in printed, printed


@test
def a_stage_does_not_differ_from_itself():
    assert lab("diff", 2, 2).stdout == ""


@test
def diff_names_what_changed_for_a_client():
    rows = json.loads(lab("diff", 2, 3, "--json").stdout)
    named = {row["experiment"] for row in rows}
    assert named == {"lower-case-headers", "not-json", "not-an-event"}, named
    assert {row["stage"] for row in rows} == {2, 3}


@test
def try_speaks_json():
    rows = json.loads(lab("try", "not-json", "--json").stdout)
    assert [row["stage"] for row in rows] == [1, 2, 3, 4, 5, 6]
    assert rows[4]["server"] == "stage5_queue"
    assert all(row["verdict"] == row["expected"] for row in rows)


@test
def only_the_named_stages_are_tried():
    rows = json.loads(lab("try", "connect-and-close", 3, "--json").stdout)
    assert [row["stage"] for row in rows] == [3], rows
    assert "or shared, got '7'" in lab("rude", 7, status=2).stderr
    assert "got 'nonsense'" in lab("list", "nonsense", status=2).stderr


@test
def commands_by_hand_are_for_the_readers_port():
    for port, expected in (("9123", "9123"), ("", "8080"), ("x", "8080")):
        text = lab("try", "not-json", 3,
                   env=dict(os.environ, PORT=port)).stdout
        assert f"curl -w '\\n' http://127.0.0.1:{expected}/ " in text, text
        assert f"a server on port {expected}, which" in text, text


@test
def the_sketch_is_tried_only_by_name():
    assert "stage2_sketch" not in lab("try", "not-http").stdout
    text = lab("try", "not-http", "sketch").stdout
    assert "stage2_sketch    400 HTTP" in text, text
    assert "this started:\nbuild/stage2_async/stage2_sketch\n" in text, text
    assert "lab try EXPERIMENT sketch" in lab("list").stdout
    assert "makes no sense" in lab("try", "order", "sketch").stdout


@test
def a_list_has_a_column_for_each_server_that_is_named():
    heading = lab("list", 2, "sketch", "--markdown").stdout.splitlines()[0]
    assert heading == "| | 2 async | sketch |", heading
    assert "order" not in lab("list", 2, "sketch").stdout


def beyond(directory, **scripts):
    """A build directory with these programs in beyond/, which end as stage 6;
    for the environment."""
    for name, script in scripts.items():
        program = pathlib.Path(directory, "beyond", name, name)
        program.parent.mkdir(parents=True)
        write_program(program, f"#!/bin/sh\n{script}\nexec "
                      f"'{BUILD}/stage6_pool/stage6_pool'\n")
    return dict(os.environ, THAW_BUILD=directory, PGHOST="/nonexistent")


@test
def a_server_beyond_the_stages_is_tried_only_by_name():
    assert "lanes" not in lab("try", "not-http", "--json").stdout
    with tempfile.TemporaryDirectory() as directory:
        environment = beyond(directory, lanes="")
        found = lab("try", "not-json", "lanes", env=environment).stdout
        assert "\nlanes            400 JSON " in found, found
        said = lab("try", "order", "lanes", env=environment, status=1).stderr
        assert "expected: in order" in said and "try order lanes" in said, said
    heading = lab("list", 6, "lanes", "durable", "--markdown").stdout
    assert heading.startswith("| | 6 pool | lanes | durable |\n"), heading
    assert "slow-work-in-loop" not in lab("list", "shared").stdout
    assert "got 'sketch'" in lab("diff", 6, "sketch", status=2).stderr


@test
def a_server_that_cannot_start_here_is_skipped_by_name():
    with tempfile.TemporaryDirectory() as directory:
        environment = beyond(directory, lanes="", shared="")
        del environment["PGHOST"]
        for words in (["try", "not-json"], ["matrix"], ["rude"],
                      ["diff", "lanes"], ["timeline"]):
            said = lab(*words, "durable", env=environment, status=77)
            assert said.stdout == "", said
            assert said.stderr == ("lab: skipped: durable: not built: "
                                   "./workshop setup beyond\n"), said
            said = lab(*words, "shared", env=environment, status=77).stderr
            assert said.endswith("beyond/shared/postgres.py build/lab/lab "
                                 f"{' '.join(words)} shared\n"), said
        said = lab("try", "not-json", "durable", "lanes", env=environment)
        assert "skipped: durable" in said.stderr, said
        assert "\nlanes            400 JSON " in said.stdout, said


@test
def each_start_of_a_server_has_a_database_of_its_own():
    with tempfile.TemporaryDirectory() as directory:
        pathlib.Path(directory, "temporary").mkdir()
        environment = dict(
            beyond(directory, durable='[ "$1" = --database ] && '
                   '[ "$2" = "$DATABASE" ] && [ ! -e "$2" ] || exit 4\n'
                   'touch "$2" "$2-wal"', shared='[ "$1" = --schema ] || exit 4'
                   f'\necho "$2" >>"{directory}/schemas"'),
            TMPDIR=f"{directory}/temporary", DATABASE="of a person")
        for experiment in ("not-json", "exit", "audit"):
            lab("try", experiment, "durable", "shared", env=environment)
        assert not list(pathlib.Path(directory, "temporary").iterdir())
        schemas = pathlib.Path(directory, "schemas").read_text().split()
        assert len(set(schemas)) == len(schemas) == 3, schemas


@test
def a_pool_in_order_is_tried_again():
    with tempfile.TemporaryDirectory() as directory:
        starts = pathlib.Path(directory, "starts")
        note = f'echo start >>"{starts}"\n'
        environment = beyond(
            directory, lanes=note + "export WORKERS=1",
            durable=note + f'[ $(wc -l <"{starts}") -ge 3 ] ||'
                           ' export WORKERS=1')
        lab("try", "order", "durable", env=environment)
        assert starts.read_text().count("start") >= 3
        starts.unlink()
        lab("try", "order", "lanes", env=environment)
        assert starts.read_text().count("start") == 8


# A screen is cleared, C1, a text from right to left, what is not seen.
HOSTILE = "a\x1b[2Jb\x9bc\u202ed\ufeffe\U000e0041f"
# It prints and responds with such bytes, and then ends.
HOSTILE_SERVER = """
import os, socket, sys
said = os.fsencode(sys.argv[1])
os.write(1, b"printed " + said + b" and \\xff\\n")
server = socket.create_server(("127.0.0.1", int(os.environ["PORT"])))
while True:
    client = server.accept()[0]
    asked = client.recv(65536)
    if b"POST" in asked:
        server.close()
    client.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Length: %d\\r\\n"
                   b"Connection: close\\r\\n\\r\\n%s" % (len(said), said))
    client.close()
    if b"POST" in asked:
        sys.exit(1)
"""


def expect_printable(said, *parts):
    if isinstance(said, bytes):
        said = said.decode()  # it must be UTF-8
    hidden = [character for character in said
              if not character.isprintable() and character != "\n"]
    assert not hidden, (hidden, said)
    for part in parts:
        assert part in said, (part, said)


@test
def what_a_person_typed_reaches_the_terminal_without_escapes():
    shown = "a?[2Jb??c???d???e????f"
    for words in ((HOSTILE,), ("--" + HOSTILE,), ("try", HOSTILE),
                  ("try", "burst", HOSTILE), ("list", HOSTILE),
                  ("diff", 4, HOSTILE), ("timeline", HOSTILE, 4),
                  ("matrix", "--work-ms", HOSTILE), ("load", HOSTILE),
                  ("load", 1, "--get", "/" + HOSTILE),
                  ("judge", "--rows", HOSTILE, "--", "x"),
                  ("judge", HOSTILE, "--", "x")):
        expect_printable(lab(*words, status=2).stderr, shown)
    expect_printable(lab("judge", "--", "./" + HOSTILE, status=1).stderr, shown)
    with tempfile.TemporaryDirectory() as directory:
        place = f"{directory}/{HOSTILE}/x"
        for option in ("--svg", "--trace"):
            expect_printable(lab("timeline", 3, "--work-ms", 1, option, place,
                                 status=3).stderr, "lab: cannot write ", shown)
        expect_printable(lab("try", "burst", 5, status=3, env=dict(
            os.environ, TMPDIR=place)).stderr)
    server = f"{BUILD}/stage5_queue/stage5_queue"
    for words in (["--bind", HOSTILE], ["--port", HOSTILE], [HOSTILE],
                  ["--trace", f"/nonexistent/{HOSTILE}"], ["--" + HOSTILE]):
        result = subprocess.run([server, *words], stderr=subprocess.PIPE,
                                timeout=60, check=False)
        assert result.returncode == 2, result
        expect_printable(result.stderr, shown)
    result = subprocess.run([server, "--work-gate", f"/nonexistent/{HOSTILE}"],
                            stderr=subprocess.PIPE, timeout=60, check=False)
    expect_printable(result.stderr, shown)
    result = subprocess.run([server], stderr=subprocess.PIPE, timeout=60,
                            env=dict(os.environ, WORK_MS=HOSTILE), check=False)
    expect_printable(result.stderr, "WORK_MS in the environment", shown)


def judge_a_hostile_server(*options):
    said = subprocess.run(
        [LAB, "judge", *options, "--rows", "not-json,not-http,exit", "--",
         sys.executable, "-c", HOSTILE_SERVER, HOSTILE],
        timeout=120, capture_output=True, check=False)
    return said.stdout + said.stderr


@test
def what_a_judged_server_said_reaches_the_terminal_without_escapes():
    expect_printable(judge_a_hostile_server("1"),
                     "printed a?[2Jb??c???d???e????f and ?")


@test
def so_does_what_a_server_said_that_resembles_a_stage():
    expect_printable(judge_a_hostile_server(), "a?[2Jb")


def try_a_hostile_stage(script):
    with tempfile.TemporaryDirectory() as directory:
        program = pathlib.Path(directory, "stage3_parse", "stage3_parse")
        program.parent.mkdir()
        write_program(program, f"#!{sys.executable}\nimport sys\n"
                      f"sys.argv[1:] = [{ascii(HOSTILE)}]\n{script}\n")
        for words in (["try", "not-json", "3"], ["timeline", "3"]):
            said = subprocess.run(
                [LAB, *words], timeout=120, capture_output=True,
                check=False, env=dict(os.environ, THAW_BUILD=directory))
            expect_printable(said.stderr, "a?[2Jb??c???d???e????f")
            expect_printable(said.stdout)


@test
def so_does_what_a_stage_said():
    try_a_hostile_stage(HOSTILE_SERVER)


@test
def so_does_what_a_stage_said_that_does_not_start():
    try_a_hostile_stage("import os, sys\n"
                        "os.write(2, os.fsencode(sys.argv[1]))\nsys.exit(1)")


@test
def there_are_no_colours_in_a_pipe():
    assert "\033" not in lab("try", "not-http", 1, 2).stdout


def progress_beside(output):
    ours, theirs = os.openpty()
    process = subprocess.Popen(
        [LAB, "try", "throughput", "4", "5", "6", "--work-ms", "500"],
        stdout=output, stderr=theirs, env=dict(os.environ, TERM="xterm"))
    process.communicate(timeout=120)
    os.close(theirs)
    try:
        return os.read(ours, 65536)
    except OSError:  # Linux: nothing was written
        return b""
    finally:
        os.close(ours)


@test
def progress_is_not_mixed_with_what_a_reader_of_the_output_prints():
    assert progress_beside(subprocess.PIPE) == b""


@test
def progress_is_shown_while_the_output_goes_to_a_file():
    with tempfile.TemporaryFile() as file:
        assert b"###" in progress_beside(file)


# A stage 4 that opens two descriptors at its first request, as a slow start
# does, and if it leaks, one at its hundredth connection.
LATE_SERVER = """
import os, socket
leaks = 0
late = None
seen = 0
server = socket.create_server(("127.0.0.1", int(os.environ["PORT"])))
lost = []
while True:
    client = server.accept()[0]
    seen += 1
    while True:
        asked = client.recv(65536)
        late = late or os.pipe()
        if not asked:
            break
        if asked.startswith(b"GET"):
            client.sendall(b"HTTP/1.1 200 OK\\r\\n"
                           b"Content-Length: 0\\r\\n\\r\\n")
            continue
        client.sendall(b"HTTP/1.1 400 Bad Request\\r\\nContent-Length: 0\\r\\n"
                       b"Connection: close\\r\\n\\r\\n")
        break
    if leaks and seen == 100:
        lost.append(os.dup(0))
    client.close()
"""


if pathlib.Path("/proc/self/fd").exists():
    @test
    def a_leak_is_found_and_a_slow_start_is_none():
        with tempfile.TemporaryDirectory() as directory:
            program = pathlib.Path(directory, "stage4_slow", "stage4_slow")
            program.parent.mkdir()
            environment = dict(os.environ, THAW_BUILD=directory)
            for leaks in (0, 1):
                write_program(program, f"#!{sys.executable} -BES\n" +
                              LATE_SERVER.replace("leaks = 0",
                                                  f"leaks = {leaks}"))
                row = json.loads(subprocess.run(
                    [LAB, "try", "tls-hello", "4", "--json"], env=environment,
                    capture_output=True, timeout=120, check=False).stdout)[0]
                expected = "leaks 1 fds" if leaks else "serves"
                assert row["verdict"] == expected, row


@test
def a_timeline_fits_into_a_terminal():
    for line in lab("timeline", 4, 5, 6, "--work-ms", 50).stdout.splitlines():
        assert len(line) <= 80, line


@test
def a_timeline_shows_every_client_and_every_piece_of_work():
    text = lab("timeline", 6, "--work-ms", 100).stdout
    assert text.count(" 202") == 10 and text.count(" 400") == 1, text
    assert text.count("work ") == 4, text


@test
def timelines_that_are_compared_have_the_same_clients_and_scales():
    lines = lab("timeline", 2, 5, "--work-ms", 20).stdout.splitlines()
    titles = [line for line in lines if ": " in line and line[:5] == "stage"]
    assert titles == ["stage2_async: silent-clients",
                      "stage5_queue: silent-clients"], titles
    axes = [line for line in lines if "|0 s" in line]
    assert len(axes) == 2 and axes[0] == axes[1], axes


@test
def a_timeline_ends_with_its_legend():
    lines = lab("timeline", 5, "--work-ms", 20).stdout.splitlines()
    assert lines[-3:] == [
        "", "- waits   o response   x rejected   "
        "#### one piece of work, ==== the next",
        lines[-1]], lines
    assert lines[-1].startswith("channel: how many jobs wait in it"), lines


@test
def pictures_that_are_compared_have_one_scale_for_the_channel():
    """With one worker four times as many jobs wait as with four."""
    with tempfile.TemporaryDirectory() as directory:
        path = pathlib.Path(directory) / "timeline.svg"
        lab("timeline", "sustained-overload", 5, 6, "--work-ms", 50,
            "--svg", path)
        root = xml.etree.ElementTree.parse(path).getroot()
    words = [element.text for element in root if element.tag.endswith("text")]
    tops = [words[i + 1] for i, word in enumerate(words) if word == "channel"]
    assert tops == ["4", "4"], tops


@test
def a_picture_is_well_formed():
    with tempfile.TemporaryDirectory() as directory:
        path = pathlib.Path(directory) / "timeline.svg"
        lab("timeline", 1, 5, "--work-ms", 50, "--svg", path)
        root = xml.etree.ElementTree.parse(path).getroot()
        words = " ".join(root.itertext())
        assert "stage1_blocking" in words and "stage5_queue" in words


@test
def the_raw_traces_of_server_and_clients_are_one_file():
    with tempfile.TemporaryDirectory() as directory:
        lab("timeline", 5, "--work-ms", 20, "--trace", directory)
        events = json.loads((pathlib.Path(directory) /
                             "stage5_queue.json").read_text())
        names = [event["name"] for event in events]
        assert names.count("work") == 10 and names.count("event 1") == 1
        assert {event["pid"] for event in events} == {1, 2}
        assert all(event["ts"] > 0 for event in events if event["ph"] != "M")


@test
def a_server_that_a_signal_ends_has_a_trace_too():
    with tempfile.TemporaryDirectory() as directory:
        lab("timeline", 1, "--work-ms", 20, "--trace", directory)
        events = json.loads((pathlib.Path(directory) /
                             "stage1_blocking.json").read_text())
        assert {event["pid"] for event in events} == {1, 2}
        assert any(event["name"] == "response" for event in events)


def not_json_with(prepare):
    """The verdict on stages 1 and 5, by a lab that inherits what it says."""
    # The function runs after the fork: it may close what Python needs.
    # pylint: disable=subprocess-popen-preexec-fn
    result = subprocess.run([LAB, "try", "not-json", "1", "5"],
                            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                            stderr=subprocess.DEVNULL, timeout=120,
                            preexec_fn=prepare, restore_signals=False)
    assert result.returncode == 0, result.returncode


@test
def blocked_and_ignored_signals_change_no_verdict():
    def ignore_and_block():
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP,
                       signal.SIGCHLD, signal.SIGPIPE):
            signal.signal(number, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 32))

    not_json_with(ignore_and_block)


@test
def closed_standard_descriptors_change_no_verdict():
    for closed in ((0,), (1,), (2,), (0, 1), (0, 2), (1, 2), (0, 1, 2)):
        not_json_with(lambda numbers=closed: [os.close(number)
                                              for number in numbers])


@test
def after_nohup_the_lab_goes_on():
    # pylint: disable=subprocess-popen-preexec-fn
    with subprocess.Popen(
            [LAB, "try", "ten-at-once", "4"], stdout=subprocess.DEVNULL,
            preexec_fn=lambda: signal.signal(signal.SIGHUP,
                                             signal.SIG_IGN)) as process:
        wait_until(lambda: children_of(process.pid) or
                   process.poll() is not None)
        process.send_signal(signal.SIGHUP)
        assert process.wait(60) == 0, process.returncode


def descriptors(soft, hard):
    """For preexec_fn: what a shell does with ulimit -n."""
    return lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def memory(kilobytes):
    """The same for ulimit -v."""
    return lambda: resource.setrlimit(resource.RLIMIT_AS,
                                      (kilobytes << 10, kilobytes << 10))


HARD = resource.getrlimit(resource.RLIMIT_NOFILE)[1]


@test
def the_lab_raises_its_soft_limit_of_descriptors():
    for experiment, stage in (("idle-crowd", 2), ("burst", 5)):
        lab("try", experiment, stage, preexec_fn=descriptors(256, HARD))


def needs(experiment, stage):
    """How many descriptors the lab says that it needs. With these it is done,
    and with one less it is not."""
    said = lab("try", experiment, stage, status=3,
               preexec_fn=descriptors(14, 14)).stderr
    number = int(re.search(r"the lab has 14 descriptors and needs (\d+): "
                           "ulimit -n", said)[1])
    few = lab("try", experiment, stage, status=3,
              preexec_fn=descriptors(number - 1, number - 1))
    assert "not done" in few.stdout, few.stdout
    lab("try", experiment, stage, preexec_fn=descriptors(number, number))
    return number


@test
def an_experiment_needs_as_many_descriptors_as_it_has_clients():
    for experiment, stage, number in (
            ("not-json", 3, 22), ("exit", 6, 22), ("drip", 2, 22),
            ("silent-clients", 1, 41), ("half-close", 4, 41),
            ("ten-at-once", 4, 31), ("shutdown", 5, 41), ("audit", 6, 85),
            ("out-of-descriptors", 2, 121), ("burst", 5, 321)):
        assert needs(experiment, stage) == number, experiment


@test
def too_few_descriptors_are_not_the_servers_fault():
    for experiment, stage, number in (("idle-crowd", 2, 1021),
                                      ("slow-crowd", 2, 1021)):
        result = lab("try", experiment, stage, status=3,
                     preexec_fn=descriptors(256, 256))
        said = f"the lab has 256 descriptors and needs {number}: ulimit -n"
        assert said in result.stderr, result.stderr
        assert "not done" in result.stdout, result.stdout
    server = [f"{BUILD}/stage3_parse/stage3_parse"]
    judged = lab("judge", 3, "--rows", "idle-crowd", "--", *server, status=3,
                 preexec_fn=descriptors(256, 256))
    assert "needs 1065: ulimit -n" in " ".join(judged.stdout.split()), judged
    judged = lab("judge", "--json", "--", *server, status=3,
                 preexec_fn=descriptors(60, 60))
    assert "needs 84: ulimit -n" in json.loads(judged.stdout)["fault"], judged


@test
def a_row_without_descriptors_is_not_as_expected():
    result = lab("matrix", 2, status=3, preexec_fn=descriptors(256, 256))
    assert "2 not done" in result.stderr, result.stderr
    assert "as expected" not in result.stderr, result.stderr


@test
def load_says_at_once_how_many_descriptors_it_needs():
    with Server("stage2_async") as server:
        begun = time.monotonic()
        result = lab("load", server.port, "--clients", 200, status=3,
                     preexec_fn=descriptors(64, 64))
    said = "the lab has 64 descriptors and needs 220: ulimit -n"
    assert said in result.stderr, result.stderr
    assert time.monotonic() - begun < 4


@test
def a_directory_that_cannot_be_used_is_not_the_servers_fault():
    environment = dict(os.environ, TMPDIR="/nonexistent")
    result = lab("try", "burst", 5, status=3, env=environment)
    assert "/nonexistent (TMPDIR): No such file" in result.stderr, result.stderr
    result = lab("timeline", 5, status=3, env=environment)
    assert "TMPDIR: No such file" in result.stderr, result.stderr


def be_no_root():
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(65534)
        os.setuid(20000 + os.getpid() % 40000)  # its count is its own


def with_processes(words, count):
    """The lab, whose user may have so many. Root has no such limit, so root
    becomes another user."""
    if subprocess.run(["test", "-w", tempfile.gettempdir()],
                      preexec_fn=be_no_root).returncode != 0:
        raise Skip("another user may not write to TMPDIR")

    def limit():
        be_no_root()
        # After that: a user beyond the limit could not even exec.
        resource.setrlimit(resource.RLIMIT_NPROC, (count, count))
    # LeakSanitizer needs a process of its own.
    environment = dict(os.environ, ASAN_OPTIONS="detect_leaks=0")
    unreadable = Skip("another user may not read the build directory")
    try:
        result = subprocess.run(
            [LAB, *map(str, words)], capture_output=True, text=True,
            timeout=120, preexec_fn=limit, env=environment)
    except PermissionError as error:
        raise unreadable from error
    if "PermissionError" in result.stderr:  # of what wraps the lab
        raise unreadable
    return result


@test
def a_limit_of_processes_is_not_the_servers_fault():
    for count, said in ((1, "fork: Resource"), (50, "300 threads: ulimit -u")):
        result = with_processes(["try", "burst", 4], count)
        assert result.returncode == 3, result
        assert said in result.stderr or "fork: " in result.stderr, result


@test
def too_little_memory_for_threads_is_not_the_servers_fault():
    """300 threads of stage 4 reserve 75 MiB, and a worker of stages 5 and 6
    has a stack of the default size."""
    program = pathlib.Path(LAB).read_bytes()
    if program.startswith(b"#!") or re.search(rb"__[at]san_init", program):
        raise Skip("the lab takes as much memory as it likes")
    least = next(size for size in range(4000, 10**6, 2000) if subprocess.run(
        [LAB, "list"], preexec_fn=memory(size), capture_output=True,
        check=False).returncode == 0)
    for words, sizes in ((["burst", 4], range(10000, 90000, 10000)),
                         (["not-json", 5], range(0, 20000, 3000)),
                         (["not-json", 6], range(0, 50000, 5000))):
        found = [subprocess.run([LAB, "try", *map(str, words)], text=True,
                                preexec_fn=memory(least + size), timeout=120,
                                capture_output=True, check=False)
                 for size in sizes]
        assert {result.returncode for result in found} <= {0, 3}, found
        denied = [result.stderr for result in found if result.returncode == 3]
        assert denied and all("ulimit -v" in said for said in denied), found


@test
def nothing_that_the_lab_says_has_an_empty_reason():
    """Without a process more, the first that it wants to start fails."""
    with tempfile.TemporaryDirectory() as directory:
        picture = f"{directory}/picture.svg"
        for words in (["timeline", 4, "--svg", picture], ["tour"],
                      ["try", "not-json", 2, 3], ["matrix", 3, "--json"],
                      ["judge", "--", f"{BUILD}/stage5_queue/stage5_queue"],
                      ["judge", "--json", "--", "x"]):
            result = with_processes(words, 0)
            said = result.stdout + result.stderr
            assert result.returncode == 3, (words, result)
            assert "own fork: Resource" in said and "ulimit -u" in said, said
            assert not re.search(r": *(\n|$)|, *\n|: , ", result.stderr), said
            assert "did not start" not in said, said


if pathlib.Path("/dev/full").exists():
    @test
    def a_full_disk_is_told():
        with Server("stage2_async") as server, open("/dev/full", "w") as full:
            for command in (["load", server.port, "--seconds", "1", "--json"],
                            ["list"], ["try", "not-http", "1", "--json"],
                            ["--help"], ["timeline", "1"]):
                result = subprocess.run([LAB, *command], stdout=full,
                                        stderr=subprocess.PIPE, text=True,
                                        timeout=120)
                assert result.returncode == 1, (command, result)
                assert "standard output: No space" in result.stderr, result

    @test
    def a_picture_a_trace_or_a_report_on_a_full_disk_is_told():
        with tempfile.TemporaryDirectory() as directory:
            pathlib.Path(directory, "stage3_parse.json").symlink_to("/dev/full")
            server = f"{BUILD}/stage3_parse/stage3_parse"
            timeline = ("timeline", 3, "--work-ms", 1)
            for words in ((*timeline, "--svg", "/dev/full"),
                          (*timeline, "--trace", directory),
                          ("judge", 3, "--rows", "exit", "--junit",
                           "/dev/full", "--", server)):
                said = lab(*words, status=3).stderr
                assert re.match("lab: cannot write .*: No space", said), said

    @test
    def a_servers_help_on_a_full_disk_is_told():
        for option in ("--help", "--version"):
            for name in ("stage1_blocking", "stage5_queue"):
                with open("/dev/full", "w") as full:
                    result = subprocess.run(
                        [f"{BUILD}/{name}/{name}", option], stdout=full,
                        stderr=subprocess.PIPE, text=True, timeout=60)
                said = f"{name}: standard output: No space left on device\n"
                assert (result.returncode, result.stderr) == (1, said), result


def servers_end_with_the_lab(number):
    process = subprocess.Popen([LAB, "try", "silent-clients", "1"],
                               stdout=subprocess.DEVNULL)
    wait_until(lambda: children_of(process.pid))
    servers = children_of(process.pid)
    os.kill(process.pid, number)
    process.wait(timeout=60)
    wait_until(lambda: not any(map(is_running, servers)))


if pathlib.Path("/proc/self/task").exists():
    @test
    def ctrl_c_leaves_no_server_running():
        servers_end_with_the_lab(signal.SIGINT)

    @test
    def sigterm_leaves_no_server_running():
        servers_end_with_the_lab(signal.SIGTERM)

    @test
    def not_even_sigkill_leaves_a_server_running():
        servers_end_with_the_lab(signal.SIGKILL)


@test
def a_server_that_does_not_start_is_reported():
    result = subprocess.run([LAB, "try", "burst", "5"], capture_output=True,
                            text=True, timeout=120,
                            env=dict(os.environ, THAW_BUILD="/nonexistent"))
    assert result.returncode == 1
    assert "did not start" in result.stderr, result.stderr


if __name__ == "__main__":
    main(at_once=6)  # most of the time each waits
