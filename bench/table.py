"""The tables of `make bench` and of docs/benchmarks.md, from the CSV files of one run.

Nothing is measured here. A file that is missing or empty gives an empty table.
"""
import csv
import statistics

from workloads import DICTIONARY, PRECISIONS, SCALING_BASE, WORKLOADS

# A row is disturbed if others used more CPUs than this while it was measured, on the average of
# its rounds, or if the medians of the rounds are further apart than this factor.
OTHERS = 0.1
SPREAD = 1.25
DAGGER = "\N{DAGGER}"
DASH = "\N{EN DASH}"


class Results:
    """Rows of the CSV files of a folder; numbers as text."""

    def __init__(self, folder):
        self.folder = folder
        self.run = {row["key"]: row["value"] for row in self.read("run")}
        self.speed, self.accuracy = self.read("speed"), self.read("accuracy")
        self.ceilings, self.alone = self.read("ceilings"), self.read("alone")
        self.scaling, self.dictionary = self.read("scaling"), self.read("planted_dictionary")

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


class Timed:
    """All rounds of one workload in one variant."""

    def __init__(self, rows):
        self.rows = rows
        self.medians = [float(row["median_ms"]) for row in rows]
        self.ms = statistics.median(self.medians)

    def text(self):
        return spread(self.ms, min(float(row["min_ms"]) for row in self.rows),
                      max(float(row["max_ms"]) for row in self.rows))

    def unsteady(self):
        return max(self.medians) > SPREAD * min(self.medians)


class Measured:
    """One workload of a run."""

    def __init__(self, workload, results):
        self.workload, self.results = workload, results
        self.rows = [row for row in results.speed if row["workload"] == workload.name]
        self.ours = self.variants("ours")
        forms = self.variants("peer")
        self.form = min(forms, key=lambda form: forms[form].ms, default=None)
        self.peer = forms.get(self.form)
        self.accuracy = [row for row in results.accuracy if row["workload"] == workload.name]

    def variants(self, who):
        rows = [row for row in self.rows if row["who"] == who and row["median_ms"]]
        return {name: Timed([row for row in rows if row["variant"] == name])
                for name in dict.fromkeys(row["variant"] for row in rows)}

    def others(self):
        known = [float(row["others_cpus"]) for row in self.rows if row["others_cpus"]]
        return statistics.mean(known) if known else 0.0

    def disturbed(self):
        shown = [self.ours.get(self.workload.precision), self.peer]
        return self.others() > OTHERS or any(timed and timed.unsteady() for timed in shown)

    def peer_name(self):
        if self.peer is None:
            notes = [row["note"] for row in self.rows if row["who"] == "peer"]
            return f"not measured: {notes[0]}" if notes else "not measured"
        return f"{self.peer.rows[0]['version']}, {self.form}"

    def ratios(self, precision):
        """Peer over ours, round by round: the two were measured one after the other."""
        if self.peer is None or precision not in self.ours:
            return []
        ours = {row["round"]: float(row["median_ms"]) for row in self.ours[precision].rows}
        return [float(row["median_ms"]) / ours[row["round"]] for row in self.peer.rows
                if row["round"] in ours]

    def ours_text(self, precision):
        if precision in self.ours:
            return self.ours[precision].text()
        return absent(precision, self.results)

    def ratio_text(self):
        cells = []
        for precision in self.workload.goal_precisions():
            ratios = self.ratios(precision)
            if ratios:
                text = spread(statistics.median(ratios), min(ratios), max(ratios))
                named = precision != self.workload.precision
                cells.append(f"{precision} {text}" if named else text)
        return "; ".join(cells) or DASH

    def verdict(self, goal):
        if goal.precision not in self.ours:
            return absent(goal.precision, self.results)
        ratios = self.ratios(goal.precision)
        if not ratios:
            return "not measured"
        return "reached" if statistics.median(ratios) >= goal.ratio else "**missed**"

    def goals_text(self):
        return "; ".join(goal_text(goal, self.verdict(goal), len(self.workload.goals) > 1)
                         for goal in self.workload.goals) or DASH

    def floor_texts(self):
        timed = self.ours.get(self.workload.precision)
        floors = timed and self.results.floors(timed.rows[0], self.results.run.get("threads", "2"),
                                               self.workload.precision)
        if not floors:
            return DASH, DASH
        return (f"{number(floors[0])}; {number(floors[1])}", f"{100 * max(floors) / timed.ms:.0f} %")

    def accuracy_texts(self):
        rows = {row["precision"]: row for row in self.accuracy}
        errors = [(p, rows[p]) for p in PRECISIONS if p in rows]
        if not errors:
            return DASH, DASH
        cells = []
        for precision, row in errors:
            wrong = f", {float(row['wrong_sets']):.0f} wrong sets" if row["wrong_sets"] else ""
            name = "" if precision == self.workload.precision else f"{precision} "
            cells.append(f"{name}{float(row['gradient_error']):.0e}{wrong}")
        memory = float(errors[0][1]["workspace_bytes"])
        return "; ".join(cells), number(1e-6 * memory)

    def cells(self):
        title = self.workload.title + (f" {DAGGER}" if self.disturbed() else "")
        peer_ms = self.peer.text() if self.peer else DASH
        return [title, self.peer_name(), peer_ms, *(self.ours_text(p) for p in PRECISIONS),
                self.ratio_text(), self.goals_text(), *self.floor_texts(), *self.accuracy_texts()]


def absent(precision, results):
    """Why there is no time of ours."""
    if precision != "split_bf16":
        return DASH
    return "not built" if results.run.get("amx") == "yes" else "not on this processor"


def goal_text(goal, verdict, labelled):
    label = f"{goal.label} " if labelled else ""
    return f"{label}{goal.ratio:g} ({goal.aim:g}): {verdict}"


def dictionary_cells(rows):
    """Ours beside the setting of scikit-learn that takes least time, if ours scores above all."""
    def median_of(kind):
        return statistics.median(float(row["median_ms"]) for row in kind)

    ours = [row for row in rows if row["method"] == "twofold" and row["threads"] == "2"]
    peers = {}
    for row in rows:
        if row["method"] != "twofold":
            peers.setdefault(row["method"], []).append(row)
    if not ours:
        return None
    title = "dictionary learning, 50 000 samples, d 64, 128 atoms, k 4"
    tail = [DASH, DASH, DASH, DASH]
    own = spread(median_of(ours), *(f([float(r["median_ms"]) for r in ours]) for f in (min, max)))
    if not peers:
        return [title, "not measured", DASH, own, DASH, DASH, DASH,
                goal_text(DICTIONARY, "not measured", False), *tail]
    best = min(peers, key=lambda name: median_of(peers[name]))
    by_seed = {row["seed"]: float(row["median_ms"]) for row in ours}
    ratios = [float(row["median_ms"]) / by_seed[row["seed"]] for row in peers[best]]
    better = (min(float(row["found"]) for row in ours)
              > max(float(row["found"]) for kind in peers.values() for row in kind))
    reached = better and statistics.median(ratios) >= DICTIONARY.ratio
    times = [float(row["median_ms"]) for row in peers[best]]
    return [title, best, spread(statistics.median(times), min(times), max(times)), own, DASH, DASH,
            spread(statistics.median(ratios), min(ratios), max(ratios)),
            goal_text(DICTIONARY, "reached" if reached else "**missed**", False), *tail]


def speed_table(results, only=""):
    head = ["workload", "peer", "peer ms", *(f"{precision} ms" for precision in PRECISIONS),
            "ratio", "must reach (aim): verdict", "floor ms: flop; bytes", "of the floor",
            "gradient error", "work space, MB"]
    rows = [Measured(workload, results).cells() for workload in WORKLOADS
            if only in workload.name and any(row["workload"] == workload.name
                                             for row in results.speed)]
    if dictionary := dictionary_cells(results.dictionary):
        rows.append(dictionary)
    return table(head, rows)


def ceilings_table(results):
    titles = {"Product/float": ("sgemm of 2048 x 2048", "flops", "GFlop/s"),
              "Product/double": ("dgemm of 2048 x 2048", "flops", "GFlop/s"),
              "ReadMemory": ("reading 256 MB", "bytes", "GB/s")}
    rows = []
    for name, (title, unit, shown) in titles.items():
        threads = dict.fromkeys(row["threads"] for row in results.ceilings if row["name"] == name)
        for count in threads:
            rates = [1e-6 * float(row[unit]) / float(row["median_ms"]) for row in results.ceilings
                     if (row["name"], row["threads"]) == (name, count)]
            rows.append([title, count,
                         f"{spread(statistics.median(rates), min(rates), max(rates))} {shown}"])
    return table(["what", "threads", "median (min\N{EN DASH}max)"], rows)


def alone_table(results):
    def row_of(row):
        ratio = float(row["median_ms"]) / float(row["limit_ms"])
        limit = f"{number(row['limit_ms'])} {'wanted' if row['limit'] == 'wanted' else row['limit']}"
        return [row["title"], spread(row["median_ms"], row["min_ms"], row["max_ms"]), limit,
                f"{ratio:.2f}"]

    return table(["ours alone", "ms", "beside, ms", "ratio"], map(row_of, results.alone))


def scaling_rows(results, axis):
    """Rows in which only this size differs from SCALING_BASE, in its order."""
    same = [row for row in results.scaling
            if all(row[key] == str(SCALING_BASE[key]) for key in SCALING_BASE if key != axis)]
    return sorted(same, key=lambda row: int(row[axis]))


def run_text(results):
    """Where and when, and how many rows were disturbed."""
    run = results.run
    if not run:
        return "No run yet.\n"
    rows = [Measured(workload, results) for workload in WORKLOADS]
    count = sum(measured.disturbed() for measured in rows if measured.rows)
    total = sum(bool(measured.rows) for measured in rows)
    state = (f"{count} of {total} rows are disturbed ({DAGGER}): other processes used more than "
             f"{OTHERS:g} CPUs, or the medians of the rounds differ by more than "
             f"{100 * (SPREAD - 1):.0f} %." if count else
             f"No row was disturbed by other processes; the medians of the rounds agree within "
             f"{100 * (SPREAD - 1):.0f} %.")
    return (f"{run['date']}, commit {run['commit']}, {run['machine']}, {run['threads']} threads, "
            f"{run['rounds']} rounds. {run['compiler']}; OpenBLAS {run['openblas']}.\n\n{state}\n")


BLOCKS = {"run": run_text, "speed": speed_table, "ceilings": ceilings_table, "alone": alone_table}
