#!/usr/bin/python3
"""Our benchmarks against their peers, run in turn so that both see the same machine: `make bench`.

    bench/compare.py [--build build] [--rounds 3] [--only PATTERN] [--out FOLDER]

A run of ours and one of the peer do the same work, one step or as many vectors, on the same number
of threads. One run also measures what the machine can do (the ceilings), the error of our gradients
against double, their work space, how the time of a step grows with each size, and what
one_bit_quality.py and planted_dictionary.py measure. It takes about ten minutes, prints one table,
and writes bench/results/*.csv, from which tools/update_docs.py makes docs/benchmarks.md and
tools/benchmark_figure.py its figure. With --only a table of the workloads whose name this regular
expression finds, and no files but into --out. Run it on an idle machine; a row that was disturbed is marked.
"""
import argparse
import csv
import datetime
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import time

from blocks import BLOCKS
from harness import (PYTHON, RESULTS, ROOT, THREADS, Busy, NotMeasured, benchmarks, commit, label,
                     machine, processor_has, run_peer)
from result_files import Results
from speed_table import DAGGER, OTHERS, speed_table
from workloads import ALONE, PRECISIONS, SCALING_BASE, WORKLOADS

CEILINGS = "bench/twofold_linalg_bench"


def progress(words):
    print(words, file=sys.stderr, flush=True)


def rounded(value):
    return f"{value:.6g}"


def times(ms):
    return {"median_ms": rounded(statistics.median(ms)), "min_ms": rounded(min(ms)),
            "max_ms": rounded(max(ms))}


def run_facts(rounds, build):
    return {
        "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        "commit": commit(), "machine": machine(), "threads": THREADS, "rounds": rounds,
        "load": f"{os.getloadavg()[0]:.2f}",
        "made_of": label(build / CEILINGS, "Product/float/1"),
        "amx": "yes" if processor_has("amx_bf16", "amx_tile") else "no",
    }


def measure_ceilings(build, place):
    names = [f"{name}/{threads}" for name in ("Product/float", "Product/double", "ReadMemory")
             for threads in thread_counts(build)]
    with Busy() as busy:
        found = benchmarks(build / CEILINGS, *names, repetitions=1)
    return [{"place": place, "name": name.rpartition("/")[0], "threads": name.rpartition("/")[2],
             **times(timed["ms"]), "flops": timed["flops"], "bytes": timed["bytes"],
             "others_cpus": shown(busy)} for name, timed in found.items()]


def shown(busy):
    return "" if busy.cpus is None else f"{busy.cpus:.2f}"


def listed(build, program, prefix):
    """Names of the benchmarks that begin so, without what follows their arguments."""
    lines = subprocess.run([build / program, "--benchmark_list_tests"], check=True,
                           capture_output=True, text=True).stdout.splitlines()
    return [line.split("/min_warmup_time")[0].split("/real_time")[0] for line in lines
            if line.startswith(prefix + "/")]


def thread_counts(build):
    return [name.rpartition("/")[2] for name in listed(build, CEILINGS, "ReadMemory")]


def measure_ours(workload, build, precisions):
    names = workload.names(precisions)
    with Busy() as busy:
        found = benchmarks(build / workload.program, *names.values())
    for precision, name in names.items():
        if name in found:
            timed = found[name]
            yield {"who": "ours", "variant": precision, **times(timed["ms"]),
                   "flops": timed.get("flops", ""), "bytes": timed.get("bytes", ""),
                   "others_cpus": shown(busy)}


def measure_peer(workload):
    try:
        with Busy() as busy:
            result = run_peer(*workload.peer)
    except NotMeasured as reason:
        yield {"who": "peer", "note": str(reason)}
        return
    for form, timed in result.get("forms", {"by hand": result}).items():
        yield {"who": "peer", "variant": form, "version": result["peer"],
               "others_cpus": shown(busy),
               **{key: rounded(timed[key]) for key in ("median_ms", "min_ms", "max_ms")}}


def measure(workload, build, rounds):
    """Precisions that no goal is about are measured in the first round only, to save time."""
    for index in range(rounds):
        progress(f"{workload.name}, round {index + 1} of {rounds}")
        precisions = PRECISIONS if index == 0 else workload.goal_precisions()
        ours = list(measure_ours(workload, build, precisions))
        if not ours:
            progress(f"{workload.name}: not built")
            return
        for row in (*ours, *measure_peer(workload)):
            yield {"workload": workload.name, "round": index} | row


def measure_accuracy(workload, build):
    """A process of its own for each: its heap holds nothing of the others."""
    for precision in PRECISIONS if workload.accuracy else ():
        name = workload.accuracy.format(precision)
        found = benchmarks(build / workload.program, name, repetitions=1)
        if name in found:
            yield {"workload": workload.name, "precision": precision,
                   **{key: rounded(found[name][key]) if key in found[name] else ""
                      for key in ("gradient_error", "wrong_sets", "workspace_bytes")}}


def measure_scaling(build):
    progress("scaling")
    program = "bench/twofold_ops_bench"
    with Busy() as busy:
        found = benchmarks(build / program, *listed(build, program, "JointScaling"), seconds=0.05)
    for name, timed in found.items():
        sizes = dict(zip(SCALING_BASE, name.split("/")[1:]))
        yield sizes | times(timed["ms"]) | {"flops": timed["flops"], "bytes": timed["bytes"],
                                            "others_cpus": shown(busy)}


def measure_alone(build):
    for title, program, name, limit in ALONE:
        progress(name)
        with Busy() as busy:
            found = benchmarks(build / program, name, *([limit] if isinstance(limit, str) else []))
        beside = statistics.median(found[limit]["ms"]) if isinstance(limit, str) else limit
        yield {"title": title, **times(found[name]["ms"]), "limit_ms": rounded(beside),
               "limit": limit if isinstance(limit, str) else "wanted", "others_cpus": shown(busy)}


def write(folder, name, rows):
    if not rows:
        return
    keys = list(dict.fromkeys(key for row in rows for key in row))
    with open(folder / f"{name}.csv", "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, keys, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def compare(build, rounds, only, folder):
    """The workloads and their ceilings, which are measured before each of them and at the end."""
    facts = run_facts(rounds, build)
    for key, value in facts.items():
        print(f"{key}: {value}")
    speed, accuracy, ceiling_rows = [], [], []
    for workload in (w for w in WORKLOADS if re.search(only, w.name)):
        ceiling_rows += measure_ceilings(build, workload.name)
        speed += measure(workload, build, rounds)
        accuracy += measure_accuracy(workload, build)
    ceiling_rows += measure_ceilings(build, "end")
    stamp = {"commit": facts["commit"]}
    columns = dict.fromkeys(("workload", "round", "who", "variant", "median_ms", "min_ms", "max_ms",
                             "flops", "bytes", "others_cpus", "version", "note"), "")
    write(folder, "run", [{"key": key, "value": value} for key, value in facts.items()])
    write(folder, "speed", [columns | row | stamp for row in speed])
    write(folder, "accuracy", [row | stamp for row in accuracy])
    write(folder, "ceilings", [row | stamp for row in ceiling_rows])
    if not only:
        write(folder, "scaling", [row | stamp for row in measure_scaling(build)])
        write(folder, "alone", [row | stamp for row in measure_alone(build)])


def run_script(name, build, folder):
    """A comparison that has a program and a table of its own; its peers may be missing."""
    progress(name)
    (folder / name).with_suffix(".csv").unlink(missing_ok=True)  # of another run
    done = subprocess.run([PYTHON, ROOT / "bench" / name, "--build", build, "--out", folder])
    if done.returncode != 0:
        print(f"{name}: not measured, exit code {done.returncode}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default="", help="workloads whose name this finds, and no more")
    parser.add_argument("--out", type=pathlib.Path, help="folder of the CSV files")
    options = parser.parse_args()
    start, build = time.perf_counter(), options.build.resolve()
    with Busy() as busy:
        time.sleep(1)
    if busy.cpus is not None and busy.cpus > OTHERS:
        progress(f"warning: other processes use {busy.cpus:.1f} CPUs; rows that they disturb are "
                 f"marked {DAGGER}")
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.out or (pathlib.Path(scratch) if options.only else RESULTS)
        folder.mkdir(parents=True, exist_ok=True)
        compare(build, options.rounds, options.only, folder)
        if not options.only:
            run_script("one_bit_quality.py", build, folder)
            run_script("planted_dictionary.py", build, folder)
        results = Results(folder)
        for block in ("ceilings", "alone", "run") if not options.only else ("ceilings", "run"):
            print("\n" + BLOCKS[block](results), end="")
        print("\n" + speed_table(results, options.only))
    progress(f"{time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()
