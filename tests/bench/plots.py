"""Two pictures, in SVG: what a request costs beside idle connections, and jobs
per second over workers."""

import math

import results

# In pixels. People who can't tell red from green can tell these colours apart
# (Okabe and Ito, "Color Universal Design").
WIDTH, HEIGHT = 860, 480
LEFT, RIGHT, TOP, BOTTOM = 92, 190, 58, 66
COLOURS = ["#d55e00", "#0072b2", "#009e73", "#e69f00", "#56b4e9", "#cc79a7",
           "#222222"]
TEXT, GRID = "#222222", "#d8dee3"
LABEL_HEIGHT = 19  # labels of lines that end close together move apart


class Axis:
    """From values to pixels. A logarithmic one begins above 0."""

    def __init__(self, low, high, start, end, logarithmic):
        self.scale = math.log10 if logarithmic else float
        self.low, self.high = self.scale(low), self.scale(high)
        self.start, self.end = start, end

    def place(self, value):
        part = (self.scale(value) - self.low) / (self.high - self.low)
        return self.start + part * (self.end - self.start)


class Line:
    def __init__(self, name, points, dashed=False, colour=None):
        self.name = name
        self.points = points
        self.dashed = dashed
        self.colour = colour


def text(x, y, anchor, size, words, extra=""):
    words = words.replace("&", "&amp;").replace("<", "&lt;")
    return (f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" '
            f'font-size="{size}"{extra}>{words}</text>')


def short(value):
    return f"{value:,.0f}" if value >= 1 else f"{value:g}"


def decades(low, high):
    """1, 2, 5, 10, 20, ...: all of them, or the powers of ten alone."""
    steps = [step * 10 ** power for power in range(-2, 7) for step in (1, 2, 5)]
    found = [step for step in steps if low <= step <= high]
    return found if len(found) <= 7 else [
        step for step in found if math.log10(step).is_integer()]


def draw_axes(title, x_label, y_label, x, y, x_marks, y_marks):
    bottom = HEIGHT - BOTTOM
    middle = (TOP + bottom) / 2
    parts = [text(LEFT, 32, "start", 20, title),
             text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 16, "middle", 15, x_label),
             text(24, middle, "middle", 15, y_label,
                  f' transform="rotate(-90 24 {middle:.1f})"')]
    for mark in y_marks:
        at = y.place(mark)
        parts.append(f'<path d="M{LEFT} {at:.1f} H{WIDTH - RIGHT}" '
                     f'stroke="{GRID}"/>')
        parts.append(text(LEFT - 8, at + 5, "end", 14, short(mark)))
    for mark in x_marks:
        at = x.place(mark)
        parts.append(f'<path d="M{at:.1f} {bottom} v6" stroke="{TEXT}"/>')
        parts.append(text(at, bottom + 23, "middle", 14, short(mark)))
    parts.append(f'<path d="M{LEFT} {bottom} H{WIDTH - RIGHT}" '
                 f'stroke="{TEXT}"/>')
    return parts


def draw_line(line, x, y):
    places = [(x.place(a), y.place(b)) for a, b in line.points]
    path = " L".join(f"{a:.1f} {b:.1f}" for a, b in places)
    style = ' stroke-dasharray="3 6" stroke-width="1.5"' if line.dashed \
        else ' stroke-width="3"'
    parts = [f'<path d="M{path}" fill="none" stroke="{line.colour}"{style}/>']
    if not line.dashed:
        parts += [f'<circle cx="{a:.1f}" cy="{b:.1f}" r="4.5" '
                  f'fill="{line.colour}"/>' for a, b in places]
    return parts


def spread_out(wanted):
    """Where labels go so that none covers another: each below the one before.
    All move up again when the last is below the picture."""
    places = []
    for at in wanted:
        places.append(max(at, places[-1] + LABEL_HEIGHT) if places else at)
    below = max(0, places[-1] - (HEIGHT - BOTTOM)) if places else 0
    for i in range(len(places) - 1, -1, -1):
        limit = places[i + 1] - LABEL_HEIGHT if i + 1 < len(places) \
            else places[i] - below
        places[i] = min(places[i], limit)
    return places


def draw_labels(lines, x, y):
    named = sorted((y.place(line.points[-1][1]), x.place(line.points[-1][0]),
                    line) for line in lines if line.name)
    places = spread_out([at for at, _, _ in named])
    return [text(WIDTH - RIGHT + 16, place + 5, "start", 15, line.name,
                 f' fill="{line.colour}"')
            for place, (_, _, line) in zip(places, named)]


def picture(parts):
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" '
        f'height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'font-family="Helvetica, Arial, sans-serif" fill="{TEXT}">',
        '<rect width="100%" height="100%" fill="white"/>', *parts, "</svg>\n"])


def plot(title, x_label, y_label, lines, logarithmic_x, x_marks):
    xs = [a for line in lines for a, _ in line.points]
    ys = [b for line in lines for _, b in line.points]
    x = Axis(min(xs), max(xs) if max(xs) > min(xs) else min(xs) + 1, LEFT + 14,
             WIDTH - RIGHT, logarithmic_x)
    y = Axis(min(ys) * 0.7, max(ys) * 1.4, HEIGHT - BOTTOM, TOP, True)
    y_marks = decades(min(ys) * 0.7, max(ys) * 1.4)
    parts = draw_axes(title, x_label, y_label, x, y, x_marks, y_marks)
    for line in lines:
        parts += draw_line(line, x, y)
    return picture(parts + draw_labels(lines, x, y))


def idle(found):
    counts = found.distinct("idle", experiment="idle")
    lines = []
    for name, colour in zip(found.distinct("server", experiment="idle"),
                            COLOURS):
        points = [(count, found.figure(results.cpu_us, experiment="idle",
                                       server=name, idle=count).median)
                  for count in counts]
        lines.append(Line(name, points, colour=colour))
    return plot("What a request costs beside idle connections",
                "idle connections, beside 16 busy ones",
                "µs of CPU time for a request", lines, False, counts)


def jobs(found):
    workers = sorted(found.distinct("workers", experiment="jobs",
                                    server="stage 6"))
    times = found.distinct("work_ms", experiment="jobs", server="stage 6")
    lines = []
    for work_ms, colour in zip(times, COLOURS):
        cells = [(count, found.figure(
            results.jobs_rate, experiment="jobs", server="stage 6",
            work_ms=work_ms, workers=count)) for count in workers]
        lines.append(Line("", [(count, count * 1000 / work_ms)
                               for count in workers], True, colour))
        lines.append(Line(f"work of {work_ms} ms",
                          [(count, figure.median) for count, figure in cells
                           if figure], colour=colour))
    return plot("Jobs per second of stage 6 (dotted: workers / work time)",
                "workers", "jobs per second", lines, True, workers)


def draw(found, directory):
    """Writes what there are records for."""
    directory.mkdir(parents=True, exist_ok=True)
    for name, make in (("idle", idle), ("jobs", jobs)):
        if found.of(experiment=name):
            (directory / f"{name}.svg").write_text(make(found),
                                                   encoding="utf-8")
