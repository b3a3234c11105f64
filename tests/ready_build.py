"""A build directory in which there is nothing to set up."""

import json
import os
import shutil


def make_ready(build, source):
    """Writes what meson notes of itself; it is the one in the path. Nothing can
    be built there."""
    files = {
        "build.ninja": f"# {shutil.which('meson')} --internal regenerate\n",
        "meson-private/coredata.dat": "",
        "meson-info/intro-targets.json": "[{}]",
        "meson-info/meson-info.json": json.dumps({
            "meson_version": {"full": "1.0.1"},
            "directories": {"source": os.path.realpath(source),
                            "build": os.path.realpath(build)}}),
    }
    for name, text in files.items():
        (build / name).parent.mkdir(parents=True, exist_ok=True)
        (build / name).write_text(text, encoding="utf-8")
