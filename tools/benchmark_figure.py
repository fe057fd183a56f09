#!/usr/bin/env python3
"""Draws how the time of a step grows with each size: the figure of docs/benchmarks.md.

usage: benchmark_figure.py            writes docs/figures/scaling.svg from bench/results
       benchmark_figure.py --check    exit 1 if that file is not what would be written

Points are measured, with bars from the least to the greatest time; lines are the larger of
flops/peak and bytes/bandwidth, with the ceilings of the same run. Both axes are logarithmic.
"""
import math
import sys

from readme_figure import BOTTOM, ROOT, STYLE, TOP, ground, marker, text

sys.path.insert(0, str(ROOT / "bench"))
from blocks import scaling_rows  # found by the line above
from result_files import Results
from workloads import SCALING_BASE

FIGURE = ROOT / "docs" / "figures" / "scaling.svg"
LEFT, PANEL, GAP = 64, 178, 22
TITLES = {"N": "neurons N", "n": "samples n", "d": "dimension d", "threads": "threads"}


def powers(low, high):
    """Powers of ten that enclose both."""
    return range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)


def short(size):
    """8k for 8192, to fit below the axis."""
    return f"{size // 1024}k" if size % 1024 == 0 else str(size)


class Panel:
    """Time against one size, the others as in SCALING_BASE."""

    def __init__(self, results, axis, left, decades):
        self.axis, self.left, self.decades = axis, left, decades
        self.rows = scaling_rows(results, axis)
        self.floors = [max(results.floors(row, row["threads"])) for row in self.rows]
        self.sizes = [int(row[axis]) for row in self.rows]

    def at(self, size, ms):
        low, high = math.log(self.sizes[0]), math.log(self.sizes[-1])
        across = (math.log(size) - low) / (high - low) if high > low else 0.5
        up = (math.log10(ms) - self.decades[0]) / (self.decades[-1] - self.decades[0])
        return self.left + 8 + (PANEL - 16) * across, BOTTOM - (BOTTOM - TOP) * up

    def axes(self, first):
        right = self.left + PANEL
        yield text(self.left, TOP - 10, TITLES[self.axis], "head")
        for power in self.decades:
            y = self.at(self.sizes[0], 10.0 ** power)[1]
            yield f'<path class="grid" d="M{self.left} {y:.1f}H{right}"/>'
            if first:
                yield text(self.left - 8, y + 4, f"{10.0 ** power:g}", "soft", "end")
        yield f'<path class="axis" d="M{self.left} {BOTTOM}H{right}"/>'
        for size in self.sizes:
            x = self.at(size, 1)[0]
            yield f'<path class="axis" d="M{x:.1f} {BOTTOM}v5"/>'
            yield text(x, BOTTOM + 20, short(size), "soft", "middle")
        fixed = ", ".join(f"{key} {value}" for key, value in SCALING_BASE.items()
                          if key != self.axis)
        yield text((self.left + right) / 2, BOTTOM + 41, fixed, "soft", "middle")

    def curves(self):
        path = " ".join("{:.1f},{:.1f}".format(*self.at(size, ms))
                        for size, ms in zip(self.sizes, self.floors))
        yield f'<polyline class="line a" fill="none" points="{path}"/>'
        for size, row in zip(self.sizes, self.rows):
            x, y = self.at(size, float(row["median_ms"]))
            low, high = (self.at(size, float(row[key]))[1] for key in ("min_ms", "max_ms"))
            yield f'<path class="bar b" d="M{x:.1f} {low:.1f}V{high:.1f}"/>'
            yield marker("circle", x, y, "b")


def draw(results):
    everything = [float(row[key]) for row in results.scaling for key in ("min_ms", "max_ms")]
    everything += [max(results.floors(row, row["threads"])) for row in results.scaling]
    decades = powers(min(everything), max(everything))
    panels = [Panel(results, axis, LEFT + number * (PANEL + GAP), decades)
              for number, axis in enumerate(TITLES)]
    yield from ground("Time of a full-batch step of both layers against each size", STYLE)
    yield '<path class="line a" d="M64 26h30"/>'
    yield text(102, 30, "predicted: the larger of flops/peak and bytes/bandwidth")
    yield '<path class="bar b" d="M500 18v16"/>' + marker("circle", 500, 26, "b", 3)
    yield text(512, 30, "measured, least to greatest; float")
    yield text(64, 50, "milliseconds of a full-batch step of both layers; axes are logarithmic",
               "soft")
    for number, panel in enumerate(panels):
        yield from panel.axes(first=number == 0)
        yield from panel.curves()
    yield "</svg>"


def main(arguments):
    if arguments not in ([], ["--check"]):
        print(__doc__, file=sys.stderr)
        return 2
    drawn = "\n".join(draw(Results(ROOT / "bench" / "results"))) + "\n"
    if not arguments:
        FIGURE.write_text(drawn, encoding="utf-8")
    same = FIGURE.is_file() and FIGURE.read_text(encoding="utf-8") == drawn
    print(f"{FIGURE.relative_to(ROOT)}: {len(drawn)} bytes"
          + ("" if same else ", out of date; run tools/benchmark_figure.py"))
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
