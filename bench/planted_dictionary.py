#!/usr/bin/python3
"""Learning a planted dictionary from samples alone, beside scikit-learn, on the same file.

    bench/planted_dictionary.py [--build build] [--seeds 3] [--out FOLDER]

50 000 samples of dimension 64, each the sum of 4 of 128 random unit atoms with random signs and
noise of standard deviation 0.02. Ours runs on 1 and on 2 threads, scikit-learn on 2. An atom is
found if its partner, by the assignment of largest total |cos|, has |cos| > 0.95. Prints one table
and writes planted_dictionary.csv. Run it on an idle machine.
"""
import argparse
import csv
import json
import pathlib
import statistics
import subprocess
import tempfile

import numpy as np
from scipy.optimize import linear_sum_assignment

from harness import RESULTS, ROOT, THREADS, NotMeasured, commit, first_line, machine, run_peer

SAMPLES, DIMENSION, ATOMS, SPARSITY, NOISE = 50_000, 64, 128, 4, 0.02
REPEATS = 9


def planted(seed):
    rng = np.random.default_rng(seed)
    atoms = rng.standard_normal((ATOMS, DIMENSION))
    atoms /= np.linalg.norm(atoms, axis=1, keepdims=True)
    codes = np.zeros((SAMPLES, ATOMS))
    support = np.argsort(rng.random(codes.shape), axis=1)[:, :SPARSITY]
    np.put_along_axis(codes, support, rng.choice([-1.0, 1.0], support.shape), axis=1)
    noise = NOISE * rng.standard_normal((SAMPLES, DIMENSION))
    return atoms, (codes @ atoms + noise).astype(np.float32)


def score(found, atoms):
    """Share of atoms found and mean |cos|, matched one to one."""
    found = found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-12)
    cosines = np.abs(atoms @ found.T)
    cosines = cosines[linear_sum_assignment(-cosines)]
    return np.mean(cosines > 0.95), np.mean(cosines)


def ours(build, data, seed, threads, out):
    program = build / "bench/twofold_planted_dictionary"
    arguments = [ATOMS, SPARSITY, seed, threads, REPEATS, out]
    done = subprocess.run([program, data, *map(str, arguments)], check=True, capture_output=True,
                          text=True)
    return json.loads(done.stdout)["seconds"]


def measure(build, seed, folder):
    atoms, samples = planted(seed)
    data = folder / "samples.npy"
    np.save(data, samples)

    def row(method, threads, seconds, file):
        found, cosine = score(np.load(file), atoms)
        return {"method": method, "seed": seed, "threads": threads,
                "median_ms": round(1e3 * statistics.median(seconds), 1),
                "min_ms": round(1e3 * min(seconds), 1), "found": round(found, 4),
                "mean_cosine": round(cosine, 5)}

    for threads in (1, THREADS):
        out = folder / "atoms.npy"
        yield row("twofold", threads, ours(build, data, seed, threads, out), out)
    try:
        peer = run_peer("peers/sklearn_dictionary.py", data, str(ATOMS), str(seed),
                        folder / "peer_")
    except NotMeasured as reason:
        print(f"scikit-learn not measured: {reason}")
        return
    for result in peer["runs"]:
        yield row(f"{peer['peer']}, {result['setting']}", THREADS, result["seconds"],
                  result["file"])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--out", type=pathlib.Path, default=RESULTS)
    options = parser.parse_args()
    common = {"machine": machine(), "compiler": first_line("g++", "--version"),
              "commit": commit()}
    rows = []
    print("| method | seed | threads | ms, median (min) | found | mean cos |")
    print("|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(options.seeds):
            for row in measure(options.build.resolve(), seed, pathlib.Path(folder)):
                rows.append(row | common)
                print(f"| {row['method']} | {seed} | {row['threads']} | {row['median_ms']:.1f} "
                      f"({row['min_ms']:.1f}) | {row['found']:.4f} | {row['mean_cosine']:.4f} |",
                      flush=True)
    options.out.mkdir(parents=True, exist_ok=True)
    with open(options.out / "planted_dictionary.csv", "w", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys(), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main()
