#!/usr/bin/env python3
"""Draws the figure of the README: the gains and the loss of a run, predicted and measured.

usage: readme_figure.py RUN_FOLDER [FILE.svg]    (default: docs/figures/phases.svg)

The figure in the README comes from
  build/twofold run experiments/mean_field/phases/spec.toml --out phases-run
  tools/readme_figure.py phases-run
Lines are predicted, points measured with bars of +-2 standard errors over the repeats. Axes
are linear. Nothing is computed here.
"""
import csv
import json
import sys
from html import escape
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WIDTH, HEIGHT, TOP, BOTTOM = 860, 390, 84, 336
PANELS = ((64, 424), (496, 840))  # left and right edge of each

# Okabe and Ito's colours for both grounds; shape and dash repeat the distinction.
# Last: how far below its line a label stands.
LOOKS = (("a", "circle", "", -18), ("b", "square", "7 3", 22), ("c", "triangle", "2 2.5", -26))
STYLE = """
text { font: 13px system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', sans-serif; fill: #1f2328; }
.ground { fill: #fff; stroke: #d8dde3; } .soft { fill: #59636e; font-size: 12px; } .head { font-weight: 600; }
.grid { stroke: #e7e9ec; } .axis { stroke: #aeb5bd; } .line { fill: none; stroke-width: 2; }
.bar { stroke-width: 1.2; } .key { stroke: #59636e; fill: #59636e; }
.a { stroke: #0072b2; fill: #0072b2; } .b { stroke: #d55e00; fill: #d55e00; } .c { stroke: #009e73; fill: #009e73; }
@media (prefers-color-scheme: dark) {
  text { fill: #e6e8eb; } .ground { fill: #15181d; stroke: #343b44; } .soft { fill: #a3abb5; }
  .grid { stroke: #2a3038; } .axis { stroke: #59636e; } .key { stroke: #a3abb5; fill: #a3abb5; }
  .a { stroke: #56b4e9; fill: #56b4e9; } .b { stroke: #ff8a4c; fill: #ff8a4c; } .c { stroke: #2cc79a; fill: #2cc79a; }
}
.line.a, .line.b, .line.c { fill: none; } text.label { stroke: #fff; stroke-width: 4; paint-order: stroke; }
@media (prefers-color-scheme: dark) { text.label { stroke: #15181d; } }
"""


def ground(title, style):
    yield (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
           f'width="{WIDTH}" height="{HEIGHT}" role="img">')
    yield f"<title>{escape(title)}</title><style>{style}</style>"
    yield f'<rect class="ground" x=".5" y=".5" width="{WIDTH - 1}" height="{HEIGHT - 1}" rx="6"/>'


def text(x, y, words, kind="", anchor="start"):
    return f'<text x="{x:.1f}" y="{y:.1f}" class="{kind}" text-anchor="{anchor}">{escape(words)}</text>'


def marker(shape, x, y, kind, r=2.5):
    if shape == "circle":
        return f'<circle class="{kind}" cx="{x:.1f}" cy="{y:.1f}" r="{r}"/>'
    if shape == "square":
        return f'<rect class="{kind}" x="{x - r:.1f}" y="{y - r:.1f}" width="{2 * r}" height="{2 * r}"/>'
    return f'<path class="{kind}" d="M{x - r:.1f} {y + r:.1f}h{2 * r}l{-r} {-2 * r}z"/>'


class Panel:
    """One pair of linear axes; values run from 0 to 1, times from 0 to the last record."""

    def __init__(self, figure, folder, edges):
        self.figure, self.left, self.right = figure, *edges
        with open(folder / figure["data"], encoding="utf-8", newline="") as file:
            self.rows = list(csv.DictReader(file))
        self.end = max(float(row[figure["x"]["column"]]) for row in self.rows)
        names = [row.get(figure["series"], "") for row in self.rows]
        self.series = list(dict.fromkeys(names))

    def at(self, time, value):
        return (self.left + (self.right - self.left) * float(time) / self.end,
                BOTTOM - (BOTTOM - TOP) * float(value))

    def points(self, name, source):
        x, series = self.figure["x"]["column"], self.figure["series"]
        return [(*self.at(row[x], row["value"]), row) for row in self.rows
                if row["source"] == source and row.get(series, "") == name]

    def axes(self):
        yield text(self.left, TOP - 22, self.figure["y"]["label"], "head")
        for tenth in (0, 2, 4, 6, 8, 10):
            y = self.at(0, tenth / 10)[1]
            yield f'<path class="grid" d="M{self.left} {y:.1f}H{self.right}"/>'
            yield text(self.left - 8, y + 4, f"{tenth / 10:g}", "soft", "end")
        yield f'<path class="axis" d="M{self.left} {BOTTOM}H{self.right}"/>'
        for time in range(0, int(self.end + 0.5) + 1, 5):
            x = self.at(min(time, self.end), 0)[0]
            yield f'<path class="axis" d="M{x:.1f} {BOTTOM}v5"/>'
            yield text(x, BOTTOM + 20, str(time), "soft", "middle")
        yield text((self.left + self.right) / 2, BOTTOM + 41, self.figure["x"]["label"], "soft", "middle")

    def curves(self):
        for name, (kind, shape, dash, below) in zip(self.series, LOOKS):
            line = self.points(name, "predicted")
            path = " ".join(f"{x:.1f},{y:.1f}" for x, y, _ in line)
            yield f'<polyline class="line {kind}" stroke-dasharray="{dash}" points="{path}"/>'
            for x, y, row in self.points(name, "measured"):
                half = 2 * float(row["standard_error"]) * (BOTTOM - TOP)
                yield f'<path class="bar {kind}" d="M{x:.1f} {y - half:.1f}V{y + half:.1f}"/>'
                yield marker(shape, x, y, kind)
            if name:
                label = "directions " + name.replace("-", "\N{EN DASH}").replace(":", ",")
                yield text(line[-1][0], line[-1][1] + below, label, f"label {kind}", "end")


def legend():
    yield '<path class="line key" d="M64 26h30"/>' + text(102, 30, "predicted, without training")
    yield '<path class="bar key" d="M320 18v16"/>' + marker("circle", 320, 26, "key", 3)
    yield text(332, 30, "measured by training, \N{PLUS-MINUS SIGN} 2 standard errors over repeats")


def draw(folder):
    record = json.loads((folder / "record.json").read_text(encoding="utf-8"))
    panels = [Panel(f, folder, edges) for f, edges in zip(record["figures"], PANELS)]
    yield from ground(f'{record["title"]}: {record["description"]}', STYLE)
    yield from legend()
    for panel in panels:
        yield from panel.axes()
        yield from panel.curves()
    yield "</svg>"


def main(usage, draw, name, arguments):
    """Writes what draw(run folder) yields, to docs/figures/`name` unless the arguments say where."""
    if not 1 <= len(arguments) <= 2 or arguments[0].startswith("-"):
        print(usage, file=sys.stderr)
        return 2
    out = Path(arguments[1]) if len(arguments) == 2 else ROOT / "docs/figures" / name
    out.write_text("\n".join(draw(Path(arguments[0]))) + "\n", encoding="utf-8")
    print(f"{out}: {out.stat().st_size} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main(__doc__, draw, "phases.svg", sys.argv[1:]))
