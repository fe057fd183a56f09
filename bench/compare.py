#!/usr/bin/python3
"""Our benchmarks against their peers, run in turn so that both see the same machine.

    bench/compare.py [--build build] [--rounds 5] [--only NAME]

A run of ours and one of the peer do the same work, one step or as many vectors, on the same number
of threads. Prints one table row a workload and writes bench/results/WORKLOAD.csv: one line a round,
with the machine, the versions and the commit; then our other benchmarks beside their floor or
wanted time. Run it on an idle machine.
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

# Ours: program, benchmark and its floor, run together. Peer: script and arguments.
WORKLOADS = [
    {
        "name": "mean_field_sgd_step",
        "title": "mean-field SGD step, batch 100, d 784, N 5000, float",
        "ours": ("bench/twofold_ops_bench", "SgdStep", "FiveProducts"),
        "floor": "five plain products",
        "peer": ("peers/mean_field_step.py",),
    },
    {
        "name": "tangent_gram",
        "title": "tangent kernel of 10 000 samples, d 784, float",
        "ours": ("bench/twofold_theory_bench", "TangentGram", "SymmetricProduct"),
        "floor": "OpenBLAS ssyrk",
        "peer": ("peers/numpy_tangent_gram.py",),
    },
] + [
    {
        "name": f"one_bit_encode_{d}",
        "title": f"sign codes of {2**26 // d} vectors, n = d = {d}, float",
        "ours": ("bench/twofold_ops_bench", f"OneBitEncode/{d}", f"ReadVectors/{d}"),
        "floor": "reading the vectors",
        "peer": ("peers/faiss_lsh_encode.py", str(d)),
    }
    for d in (256, 1024, 4096)
] + [
    {
        "name": f"tied_{name}_step",
        "title": title,
        "ours": ("bench/twofold_ops_bench", f"TiedStep/{name}", f"Product/{name}"),
        "floor": "the product X Wᵀ",
        "peer": ("peers/tied_step.py", name),
    }
    for name, title in (
        ("threshold", "tied step, hard threshold, batch 1024, d 256, m 512, 19 active, float"),
        ("top_k", "tied step, top-k 32, batch 4096, d 768, m 12288, float"),
    )
] + [
    {
        "name": "orthogonal_matching_pursuit",
        "title": "orthogonal matching pursuit of 4096 vectors, d 64, 256 atoms, k 10, double",
        "ours": ("bench/twofold_ops_bench", "PursuitDouble", "CorrelationsDouble"),
        "floor": "products with the atoms",
        "peer": ("peers/sklearn_omp.py",),
    },
] + [
    {
        "name": f"joint_step_{n}_{d}_{neurons}",
        "title": f"full-batch step of both layers, n {n}, d {d}, N {neurons}, float",
        "ours": ("bench/twofold_ops_bench", f"JointStepOf/{n}/{d}/{neurons}",
                 f"JointProducts/{n}/{d}/{neurons}"),
        "floor": "five plain products",
        "peer": ("peers/joint_step.py", str(n), str(d), str(neurons)),
    }
    for n, d, neurons in ((100, 50, 20000), (64, 784, 100000), (1000, 784, 4096))
]


# Ours alone: program, benchmark, its floor in the same run or the time wanted in ms.
ALONE = [
    ("threshold codes, batch 1024, d 256, m 512, 19 active", "bench/twofold_ops_bench",
     "Codes/threshold", "Product/threshold"),
    ("top-k codes, batch 4096, d 768, m 12288, k 32", "bench/twofold_ops_bench", "Codes/top_k",
     "Product/top_k"),
    ("second moment of 10 000 x 3072 floats", "bench/twofold_linalg_bench", "SecondMomentOfImages",
     "PlainProduct"),
    ("closed form, d = 3072, 200 times", "bench/twofold_theory_bench", "BM_ClosedForm200Times", 20),
    ("L2, d = 3072, 800 steps, erf", "bench/twofold_theory_bench",
     "norm_concentrated/erf_800_steps", 200),
    ("one decoded layer beside encoding, 4096 vectors, d = 1024", "bench/twofold_decode_bench",
     "Decode/1", "Encode"),
    ("state evolution of sparse data to its fixed point, 9 pairs of p and rate",
     "bench/twofold_theory_bench", "StateEvolutionFixedPoints", 450),
]


def medians(build, program, *names):
    """Milliseconds of the benchmarks of these names, the median of 5 repetitions each."""
    command = [build / program, f"--benchmark_filter=^({'|'.join(names)})(/|$)",
               "--benchmark_repetitions=5", "--benchmark_min_time=0.1", "--benchmark_format=json"]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    rows = [row for row in json.loads(output)["benchmarks"] if row.get("aggregate_name") == "median"]
    # What follows the name are settings of the benchmark, as in "SgdStep/real_time".
    return [next(row["real_time"] for row in rows if (row["run_name"] + "/").startswith(name + "/"))
            for name in names]


def run_peer(script, *arguments):
    output = subprocess.run(["/usr/bin/python3", ROOT / "bench" / script, *arguments], check=True,
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
        ours, floor = medians(build, *workload["ours"])
        peer = run_peer(*workload["peer"])
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


def print_row(workload, rows):
    peer, ours, floor = ([row[key] for row in rows] for key in ("peer_ms", "ours_ms", "floor_ms"))
    middle = statistics.median(ours)
    print(f"| {workload['title']} | {rows[0]['peer']} | {spread(peer)} | {spread(ours)} "
          f"| {statistics.median(peer) / middle:.2f} | {workload['floor']} | {spread(floor)} "
          f"| {statistics.median(floor) / middle:.2f} |", flush=True)


def print_alone(build):
    print("\n| ours alone | ms | floor or wanted, ms | ratio |\n|---|---|---|---|")
    for title, program, benchmark, floor in ALONE:
        names = [benchmark] if isinstance(floor, int) else [benchmark, floor]
        times = medians(build, program, *names)
        limit = floor if isinstance(floor, int) else times[1]
        print(f"| {title} | {times[0]:.1f} | {limit:.1f} | {times[0] / limit:.2f} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default="", help="workloads with this in their name, and no more")
    options = parser.parse_args()

    results = ROOT / "bench" / "results"
    results.mkdir(exist_ok=True)
    print("| workload | peer | peer ms, median (min-max) | ours ms | peer / ours | floor | floor ms "
          "| floor / ours |")
    print("|---|---|---|---|---|---|---|---|")
    for workload in WORKLOADS:
        if options.only not in workload["name"]:
            continue
        rows = measure(workload, options.build.resolve(), options.rounds)
        with open(results / f"{workload['name']}.csv", "w", newline="") as file:
            writer = csv.DictWriter(file, rows[0].keys())
            writer.writeheader()
            writer.writerows(rows)
        print_row(workload, rows)
    if not options.only:
        print_alone(options.build.resolve())


if __name__ == "__main__":
    main()
