#!/usr/bin/python3
"""Our benchmarks against their peers, run in turn so that both see the same machine.

    bench/compare.py [--build build] [--rounds 5]

Prints one table row a workload and writes bench/results/WORKLOAD.csv: one line a round, with the
machine, the versions and the commit; then our other benchmarks beside their floor or wanted time.
Run it on an idle machine.
"""
import argparse
import csv
import json
import os
import pathlib
import platform
import statistics
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent
THREADS = 2

# Without the malloc settings PyTorch loses up to a third of its time to page faults.
PEER_ENVIRONMENT = {
    "OMP_NUM_THREADS": str(THREADS),
    "MALLOC_MMAP_THRESHOLD_": "4294967296",
    "MALLOC_TRIM_THRESHOLD_": "8589934592",
    "MALLOC_TOP_PAD_": "1073741824",
}

WORKLOADS = [
    {
        "name": "mean_field_sgd_step",
        "title": "mean-field SGD step, batch 100, d 784, N 5000, float",
        "ours": ("bench/twofold_ops_bench", "SgdStep", "FiveProducts"),
        "peer": "peers/mean_field_step.py",
    },
]


# Ours alone: program, benchmark, its floor in the same run or the time wanted in ms.
ALONE = [
    ("second moment of 10 000 x 3072 floats", "bench/twofold_linalg_bench", "SecondMomentOfImages",
     "PlainProduct"),
    ("closed form, d = 3072, 200 times", "bench/twofold_theory_bench", "BM_ClosedForm200Times", 20),
    ("L2, d = 3072, 800 steps, erf", "bench/twofold_theory_bench",
     "norm_concentrated/erf_800_steps", 200),
]


def medians(build, program, pattern):
    """Milliseconds of each benchmark of a program that matches, the median of 5 repetitions."""
    command = [build / program, f"--benchmark_filter={pattern}", "--benchmark_repetitions=5",
               "--benchmark_min_time=0.1", "--benchmark_format=json"]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return {row["run_name"].removesuffix("/real_time"): row["real_time"]
            for row in json.loads(output)["benchmarks"] if row.get("aggregate_name") == "median"}


def run_ours(build, program, benchmark, floor):
    """Milliseconds of the benchmark and of its floor."""
    times = {name.split("/")[0]: value
             for name, value in medians(build, program, f"{benchmark}|{floor}").items()}
    return times[benchmark], times[floor]


def run_peer(script):
    output = subprocess.run(["/usr/bin/python3", ROOT / "bench" / script], check=True,
                            capture_output=True, text=True,
                            env=os.environ | PEER_ENVIRONMENT).stdout
    return json.loads(output)


def first_line(*command):
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    return done.stdout.splitlines()[0] if done.returncode == 0 and done.stdout else "unknown"


def machine():
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return f"{line.split(':')[1].strip()}, {os.cpu_count()} CPUs"
    return platform.processor()


def measure(workload, build, rounds):
    rows = []
    for index in range(rounds):
        ours, floor = run_ours(build, *workload["ours"])
        peer = run_peer(workload["peer"])
        rows.append({
            "workload": workload["name"], "round": index, "ours_ms": round(ours, 3),
            "floor_ms": round(floor, 3), "peer_ms": round(peer["median_ms"], 3),
            "peer_min_ms": round(peer["min_ms"], 3), "peer": peer["peer"], "threads": THREADS,
            "machine": machine(), "compiler": first_line("g++", "--version"),
            "commit": first_line("git", "rev-parse", "--short", "HEAD"),
        })
    return rows


def spread(values):
    return f"{statistics.median(values):.1f} ({min(values):.1f}-{max(values):.1f})"


def print_alone(build):
    print("\n| ours alone | ms | floor or wanted, ms | ratio |\n|---|---|---|---|")
    for title, program, benchmark, floor in ALONE:
        pattern = benchmark if isinstance(floor, int) else f"{benchmark}|{floor}"
        times = medians(build, program, pattern)
        limit = floor if isinstance(floor, int) else times[floor]
        print(f"| {title} | {times[benchmark]:.1f} | {limit:.1f} | {times[benchmark] / limit:.2f} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()

    results = ROOT / "bench" / "results"
    results.mkdir(exist_ok=True)
    print("| workload | peer | peer ms, median (min-max) | ours ms | five plain products ms | ratio |")
    print("|---|---|---|---|---|---|")
    for workload in WORKLOADS:
        rows = measure(workload, options.build.resolve(), options.rounds)
        with open(results / f"{workload['name']}.csv", "w", newline="") as file:
            writer = csv.DictWriter(file, rows[0].keys())
            writer.writeheader()
            writer.writerows(rows)
        peer, ours, floor = ([row[key] for row in rows] for key in ("peer_ms", "ours_ms", "floor_ms"))
        ratio = statistics.median(peer) / statistics.median(ours)
        print(f"| {workload['title']} | {rows[0]['peer']} | {spread(peer)} | {spread(ours)} "
              f"| {spread(floor)} | {ratio:.2f} |")
    print_alone(options.build.resolve())


if __name__ == "__main__":
    main()
