"""What the figures were measured with, without host names and paths."""

import datetime
import json
import os
import pathlib
import platform
import re
import shutil
import subprocess
import textwrap

import servers


def first(pattern, path, default):
    try:
        found = re.search(pattern, pathlib.Path(path).read_text(), re.M)
    except OSError:
        found = None
    return found[1] if found else default


def version_of(*command):
    """The first version number that the program prints."""
    if command[0] is None:
        return None
    printed = subprocess.run(command, capture_output=True, text=True)
    found = re.search(r"\d+(\.\d+)+", printed.stdout + printed.stderr)
    return found[0] if found else None


def describe(build):
    processor = first(r"^model name\s*: (.*)", "/proc/cpuinfo",
                      platform.machine())
    if re.search(r"\bhypervisor\b", pathlib.Path("/proc/cpuinfo").read_text()):
        processor += " (a virtual machine)"
    return {
        "processor": processor,
        "cores": len(os.sched_getaffinity(0)),
        "server_core": servers.cores()[0],
        "load_core": servers.cores()[1],
        "kernel": platform.system() + " " + platform.release(),
        "distribution": first(r'^PRETTY_NAME="?([^"\n]*)', "/etc/os-release",
                              "unknown"),
        **json.loads((pathlib.Path(build) /
                      "tests/bench/build.json").read_text()),
        "nginx": version_of(servers.NGINX, "-v"),
        "wrk": version_of(shutil.which("wrk"), "-v"),
        "date": datetime.date.today().isoformat(),
    }


def lines(machine, found):
    """The description as text, with the settings of the run."""
    load = ", ".join(found.distinct("tool")) or "none"
    peers = [f"{name} {machine[name]}" for name in ("nginx", "wrk")
             if machine[name]]
    text = ", ".join([
        f"{machine['processor']}, {machine['cores']} cores",
        machine["distribution"], machine["kernel"], machine["compiler"],
        f"buildtype {machine['buildtype']}",
        "LTO" if machine.get("lto") else "no LTO",
        f"sanitizers {machine['sanitize']}", *peers,
        f"server on core {machine['server_core']}",
        f"load ({load}) on core {machine['load_core']}",
        f"{machine['rounds']} rounds of {machine['seconds']:g} s",
        machine["date"]])
    return textwrap.wrap(text, 79)
