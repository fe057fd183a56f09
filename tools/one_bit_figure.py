#!/usr/bin/env python3
"""Draws the figure of sign codes: error against rate for each decoder, predicted and measured.

usage: one_bit_figure.py RUN_FOLDER [FILE.svg]    (default: docs/figures/one_bit_rates.svg)

The figure in the README comes from
  build/twofold run experiments/one_bit/rates/spec.toml --out rates-run
  tools/one_bit_figure.py rates-run
Lines join predicted values, points are measured with bars of +-2 standard errors over the
vectors, mostly smaller than the points. Axes are linear. Nothing is computed here.
"""
import csv
import sys

from readme_figure import BOTTOM, STYLE, TOP, ground, main, marker, text

PANELS = ((48, 298), (324, 574), (600, 850))
RATES = (0.0, 2.0)
# As in the other figure: colours for both grounds, dash and shape repeat the distinction.
LOOKS = {
    "linear": ("d", "circle", "", "linear decoder"),
    "L = 1": ("a", "square", "7 3", "one layer: posterior mean"),
    "L = 3": ("b", "triangle", "2 2.5", "3 layers"),
    "L = 10": ("c", "circle", "10 3 2 3", "10 layers"),
}
MORE_STYLE = """
.d { stroke: #59636e; fill: #59636e; } .line.d { fill: none; }
@media (prefers-color-scheme: dark) { .d { stroke: #a3abb5; fill: #a3abb5; } }
"""


class Panel:
    """One prior; rates from 0 to 2 bits, errors from 0 to 1."""

    def __init__(self, prior, rows, edges):
        self.prior, (self.left, self.right) = prior, edges
        self.rows = [row for row in rows if row["prior"] == prior]

    def at(self, rate, error):
        low, high = RATES
        return (self.left + (self.right - self.left) * (float(rate) - low) / (high - low),
                BOTTOM - (BOTTOM - TOP) * float(error))

    def axes(self, first):
        yield text(self.left, TOP - 10, self.prior, "head")
        for tenth in (0, 2, 4, 6, 8, 10):
            y = self.at(0, tenth / 10)[1]
            yield f'<path class="grid" d="M{self.left} {y:.1f}H{self.right}"/>'
            if first:
                yield text(self.left - 8, y + 4, f"{tenth / 10:g}", "soft", "end")
        yield f'<path class="axis" d="M{self.left} {BOTTOM}H{self.right}"/>'
        for rate in (0, 0.5, 1, 1.5, 2):
            x = self.at(rate, 0)[0]
            yield f'<path class="axis" d="M{x:.1f} {BOTTOM}v5"/>'
            yield text(x, BOTTOM + 20, f"{rate:g}", "soft", "middle")
        yield text((self.left + self.right) / 2, BOTTOM + 41, "bits per coordinate", "soft", "middle")

    def curves(self):
        for name, (kind, shape, dash, _) in LOOKS.items():
            rows = [row for row in self.rows if row["decoder"] == name]
            path = " ".join("{:.1f},{:.1f}".format(*self.at(row["x"], row["value"]))
                            for row in rows if row["source"] == "predicted")
            yield f'<polyline class="line {kind}" stroke-dasharray="{dash}" points="{path}"/>'
            for row in rows:
                if row["source"] != "measured":
                    continue
                x, y = self.at(row["x"], row["value"])
                half = 2 * float(row["standard_error"]) * (BOTTOM - TOP)
                yield f'<path class="bar {kind}" d="M{x:.1f} {y - half:.1f}V{y + half:.1f}"/>'
                yield marker(shape, x, y, kind)


def legend():
    x = PANELS[0][0]
    for kind, shape, dash, words in LOOKS.values():
        yield f'<path class="line {kind}" stroke-dasharray="{dash}" d="M{x} 26h34"/>'
        yield marker(shape, x + 17, 26, kind, 3) + text(x + 42, 30, words)
        x += 70 + 7.2 * len(words)
    yield text(PANELS[0][0], 50, "mean square error; lines predicted, points measured", "soft")


def draw(folder):
    with open(folder / "series/1-errors.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    priors = list(dict.fromkeys(row["prior"] for row in rows))
    yield from ground("Error of sign codes against rate, for three sparsities and four decoders",
                      STYLE + MORE_STYLE)
    yield from legend()
    for number, (prior, edges) in enumerate(zip(priors, PANELS)):
        panel = Panel(prior, rows, edges)
        yield from panel.axes(first=number == 0)
        yield from panel.curves()
    yield "</svg>"


if __name__ == "__main__":
    sys.exit(main(__doc__, draw, "one_bit_rates.svg", sys.argv[1:]))
