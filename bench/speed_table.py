"""The table of speed: ours beside the peers, goals and verdicts, floors, errors, memory."""
import re
import statistics

from result_files import DASH, number, spread, table
from workloads import DICTIONARY, PRECISIONS, WORKLOADS

# A row is disturbed if others used more CPUs than this while it was measured, on the average of
# its rounds, or if the medians of the rounds are further apart than this factor.
OTHERS = 0.1
SPREAD = 1.25
DAGGER = "\N{DAGGER}"


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
        if precision not in self.ours:
            return absent(precision)
        warm = self.ours.get("warm") if precision == self.workload.precision else None
        return self.ours[precision].text() + (f"; warm {warm.text()}" if warm else "")

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
        if goal.precision == "split_bf16" and self.results.run.get("amx") != "yes":
            return "needs AMX"
        if goal.precision not in self.ours:
            return absent(goal.precision)
        ratios = self.ratios(goal.precision)
        if not ratios:
            return "not measured"
        if statistics.median(ratios) >= goal.ratio:
            return "reached"
        limit = self.ratio_at_floor() if goal.precision != "split_bf16" else None
        return "**missed**" + (f", {limit:.2g} at the floor" if limit else "")

    def ratio_at_floor(self):
        """What the ratio would be at the floor; None where ours has passed it."""
        floors = self.floors()
        if not floors or max(floors) >= self.ours[self.workload.precision].ms:
            return None
        return self.peer.ms / max(floors)

    def floors(self):
        timed = self.ours.get(self.workload.precision)
        return timed and self.results.floors(timed.rows[0], self.results.run.get("threads", "2"),
                                             self.workload.precision)

    def goals_text(self):
        return "; ".join(goal_text(goal, self.verdict(goal), len(self.workload.goals) > 1)
                         for goal in self.workload.goals) or DASH

    def floor_texts(self):
        floors = self.floors()
        if not floors:
            return DASH, DASH
        share = max(floors) / self.ours[self.workload.precision].ms
        return f"{number(floors[0])}; {number(floors[1])}", f"{100 * share:.0f} %"

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


def absent(precision):
    """Why there is no time of ours."""
    return "not built" if precision in ("split_bf16", "warm") else DASH


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
            if re.search(only, workload.name) and any(row["workload"] == workload.name
                                             for row in results.speed)]
    if dictionary := dictionary_cells(results.dictionary):
        rows.append(dictionary)
    return table(head, rows)
