#!/usr/bin/env python3
"""Makes the slides, and looks at them in a browser, without a network.

    slides.py SOURCE BUILD

Each page fits a projector of 1920 x 1080, no text is smaller than 18 pixels, no
picture is missing, nothing is taken from elsewhere, and the arrow keys turn the
pages. Needs pandoc and Chromium; each is skipped by name. Prints TAP.
"""

import base64
import html
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True  # no caches in the source tree
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

# pylint: disable=wrong-import-position
import tap
import usage

PIXELS_MIN = 18
SECONDS = 120

# Asks the browser where everything is, on each page in turn. Sizes are those of
# the page, which the browser scales to its window.
LOOK = """
<script>
window.addEventListener("load", () => {
  const key = code => document.dispatchEvent(
      Object.assign(new Event("keydown", {bubbles: true}), {keyCode: code}));
  const page = () => window.location.hash;
  const found = {pages: [], keys: [], width: document.body.offsetWidth,
                 height: document.body.offsetHeight};
  const tell = () => {
    const result = document.createElement("pre");
    result.id = "result";
    result.textContent = JSON.stringify(found);
    document.body.append(result);
  };
  const wait = next => setTimeout(next, 20);
  const measure = section => {
    const frame = document.body.getBoundingClientRect();
    const scale = document.body.offsetWidth / frame.width;
    const one = {title: section.innerText.split("\\n")[0], fonts: [],
                 outside: [], images: []};
    section.style.left = "0";
    for (const element of section.querySelectorAll("*")) {
      const box = element.getBoundingClientRect();
      const edge = [box.left - frame.left, frame.right - box.right,
                    box.top - frame.top, frame.bottom - box.bottom];
      if (box.width > 0 && Math.min(...edge) < 0)
        one.outside.push(element.tagName + " " + edge.map(Math.round));
      if (element.scrollWidth > element.clientWidth + 1 &&
          element.tagName === "PRE")
        one.outside.push("PRE is too wide");
      const text = [...element.childNodes].some(
          node => node.nodeType === 3 && node.data.trim() !== "");
      if (text)
        one.fonts.push(parseFloat(getComputedStyle(element).fontSize));
      if (element.tagName === "IMG")
        one.images.push({natural: element.naturalWidth,
            scale: scale * Math.min(box.width / element.naturalWidth,
                                    box.height / element.naturalHeight)});
    }
    section.style.left = "";
    found.pages.push(one);
  };
  document.querySelectorAll("body > section").forEach(measure);
  key(36);
  wait(() => { found.keys.push(page()); key(39);
    wait(() => { found.keys.push(page()); key(39);
      wait(() => { found.keys.push(page()); key(37);
        wait(() => { found.keys.push(page()); tell(); }); }); }); });
});
</script>
"""

results = []


def check(name, faults):
    results.append((name, faults))


def chromium():
    return shutil.which("chromium") or shutil.which("chromium-browser")


def look_at(page, directory):
    """What the script above found."""
    copy = pathlib.Path(directory) / "slides.html"
    copy.write_text(page + LOOK, encoding="utf-8")
    result = subprocess.run(
        [chromium(), "--headless", "--no-sandbox", "--disable-gpu",
         "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync",
         "--host-resolver-rules=MAP * ~NOTFOUND", "--hide-scrollbars",
         f"--user-data-dir={directory}/profile", "--window-size=1920,1080",
         "--virtual-time-budget=5000", "--dump-dom", copy.as_uri()],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        timeout=SECONDS)
    found = re.search(r'<pre id="result">(.*?)</pre>', result.stdout, re.S)
    assert found, result.stderr[-2000:]
    return json.loads(html.unescape(found[1]))


def smallest_in(page):
    """The smallest font of each picture, in its own units."""
    for data in re.findall(r"data:image/svg\+xml;base64,([^\"]*)", page):
        picture = base64.b64decode(data).decode()
        yield min(float(size) for size in
                  re.findall(r'font-size="([\d.]+)', picture))


def look(page, directory):
    seen = look_at(page, directory)
    pages = seen["pages"]
    check("a page is that of a projector",
          [] if (seen["width"], seen["height"]) == (1920, 1080)
          else [f"{seen['width']} x {seen['height']}"])
    check("every page fits", [
        f"{one['title']}: {', '.join(one['outside'][:3])}"
        for one in pages if one["outside"]])
    check(f"no text is smaller than {PIXELS_MIN} pixels", [
        f"{one['title']}: {min(one['fonts'])}" for one in pages
        if one["fonts"] and min(one["fonts"]) < PIXELS_MIN])
    images = [(one["title"], image) for one in pages
              for image in one["images"]]
    sizes = list(smallest_in(page))
    check("every picture is there, and its text can be read",
          [f"{title}: {image}, {size}" for (title, image), size in
           zip(images, sizes) if image["natural"] == 0
           or size * image["scale"] < PIXELS_MIN]
          + ([] if len(images) == len(sizes) > 0 else [f"{len(images)}"]))
    check("the arrow keys turn the pages",
          [] if seen["keys"] == ["#1.0", "#2.0", "#3.0", "#2.0"]
          else seen["keys"])


def main():
    usage.show_if_asked(__doc__, 2)
    source, build = map(pathlib.Path, sys.argv[1:3])
    if shutil.which("pandoc") is None:
        print("1..0 # SKIP there is no pandoc")
        return
    with tempfile.TemporaryDirectory(prefix="thaw-slides-") as directory:
        said = subprocess.run(
            [sys.executable, "-B", source / "teaching/slides.py", build,
             f"{directory}/none/a.html"], stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, timeout=60, check=False).stdout
        check("a file that cannot be written is told before the runs",
              [] if said.startswith("slides: cannot write") else [said])
        file = pathlib.Path(directory) / "a page.html"
        subprocess.run([sys.executable, "-B", source / "teaching/slides.py",
                        build, file, "--no-runs"], check=True,
                       stdout=subprocess.DEVNULL)
        page = file.read_text(encoding="utf-8")
        check("nothing is taken from elsewhere", re.findall(
            r'(?:src|href)="(?!data:|#)[^"]*|url\((?!["\']?data:)[^)]*|@import',
            page))
        asked = sum(len(re.findall(r"^- \*\*\w\.\*\*", part, re.M))
                    for path in source.glob("stage*/README.md")
                    for part in re.findall(r"^## Predict\n(.*?)^## ",
                                           path.read_text(encoding="utf-8"),
                                           re.M | re.S))
        solutions = re.findall(r"<h1[^>]*>Stage \d: \w+, \w</h1>", page)
        check("there is a page for each question",
              [] if len(solutions) == asked > 0
              else [f"{len(solutions)}, not {asked}"])
        if chromium() is None:
            check("in a browser # SKIP there is no Chromium", [])
        else:
            look(page, directory)
    tap.report(results)


if __name__ == "__main__":
    main()
