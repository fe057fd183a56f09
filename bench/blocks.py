"""The tables of docs/benchmarks.md that make bench prints too, by name: BLOCKS."""
import statistics

from result_files import number, spread, table
from speed_table import DAGGER, OTHERS, SPREAD, Measured, speed_table
from workloads import SCALING_BASE, WORKLOADS


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
        title = row["title"] + (f" {DAGGER}" if float(row["others_cpus"] or 0) > OTHERS else "")
        return [title, spread(row["median_ms"], row["min_ms"], row["max_ms"]),
                f"{number(row['limit_ms'])} {row['limit']}", f"{ratio:.2f}"]

    return table(["ours alone", "ms", "beside, ms", "ratio"], map(row_of, results.alone))


def scaling_rows(results, axis):
    """Rows in which only this size differs from SCALING_BASE, in its order."""
    same = [row for row in results.scaling
            if all(row[key] == str(SCALING_BASE[key]) for key in SCALING_BASE if key != axis)]
    return sorted(same, key=lambda row: int(row[axis]))


def scaling_text(results):
    others = max((float(row["others_cpus"] or 0) for row in results.scaling), default=0.0)
    if others <= OTHERS:
        return "No other process disturbed these times.\n"
    return f"{DAGGER} Other processes used {others:.1f} CPUs while these times were taken.\n"


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
            f"{run['rounds']} rounds; load average before it {run['load']}. "
            f"{run['made_of']}.\n\n{state}\n")


def quality_table(results):
    """Relative errors of sign codes; rows are data sets, columns are methods."""
    names = {"ours": "ours", "lsh": "LSH", "itq": "ITQ", "rabitq": "RaBitQ", "pq": "PQ"}
    data = dict.fromkeys(row["data"] for row in results.quality)
    cells = {(row["data"], row["method"]): row["relative_mse"] for row in results.quality}
    predicted = {row["data"]: row["predicted"] for row in results.quality if row["predicted"]}

    def cell(text):
        return number(text) if text else "not measured"

    rows = [[name, cell(predicted.get(name)), *(cell(cells.get((name, key))) for key in names)]
            for name in data]
    return table(["data", "ours, predicted", *names.values()], rows)


def dictionary_table(results):
    """The middle of the seeds for each method and number of threads."""
    rows = {}
    for row in results.dictionary:
        rows.setdefault((row["method"], row["threads"]), []).append(row)

    def middle(group, key):
        return statistics.median(float(row[key]) for row in group)

    return table(["method", "threads", "ms", "atoms found", "mean cos"],
                 [[method, threads, number(middle(group, "median_ms")),
                   f"{100 * middle(group, 'found'):.1f} %", f"{middle(group, 'mean_cosine'):.4f}"]
                  for (method, threads), group in rows.items()])


BLOCKS = {"run": run_text, "speed": speed_table, "ceilings": ceilings_table, "alone": alone_table,
          "scaling": scaling_text, "quality": quality_table, "dictionary": dictionary_table}
