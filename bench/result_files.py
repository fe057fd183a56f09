"""The CSV files of one run of `make bench`, and how their numbers are written.

Nothing is measured here. A file that is missing or empty gives an empty table.
"""
import csv
import statistics

DASH = "\N{EN DASH}"


class Results:
    """Rows of the CSV files of a folder; numbers as text."""

    def __init__(self, folder):
        self.folder = folder
        self.run = {row["key"]: row["value"] for row in self.read("run")}
        self.speed, self.accuracy = self.read("speed"), self.read("accuracy")
        self.ceilings, self.alone = self.read("ceilings"), self.read("alone")
        self.scaling, self.quality = self.read("scaling"), self.read("one_bit_quality")
        self.dictionary = self.read("planted_dictionary")

    def read(self, name):
        path = self.folder / f"{name}.csv"
        if not path.is_file():
            return []
        with open(path, encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    def ceiling(self, name, threads, unit):
        """flops or bytes in a second, the median of the run; None if it was not measured."""
        values = [float(row[unit]) / float(row["median_ms"]) * 1e3 for row in self.ceilings
                  if (row["name"], row["threads"]) == (name, str(threads))]
        return statistics.median(values) if values else None

    def floors(self, row, threads, product="float"):
        """Milliseconds that the flops and the bytes of a row take at the ceilings."""
        peak = self.ceiling(f"Product/{product}", threads, "flops")
        bandwidth = self.ceiling("ReadMemory", threads, "bytes")
        if peak is None or bandwidth is None or not row["flops"]:
            return None
        return 1e3 * float(row["flops"]) / peak, 1e3 * float(row["bytes"]) / bandwidth


def number(value):
    """Three digits, without an exponent."""
    value = float(value)
    return f"{value:.0f}" if abs(value) >= 99.5 else f"{value:.3g}"


def spread(middle, low, high):
    return f"{number(middle)} ({number(low)}{DASH}{number(high)})"


def table(head, rows):
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)
