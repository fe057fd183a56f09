#!/usr/bin/python3
"""Error of one-bit codes beside faiss at the same number of bits, on the same files.

    bench/one_bit_quality.py [--build build] [--sets sparse_gaussian ...] [--out FOLDER]

For each data set: 20 000 training and 5 000 test vectors as .npy in a temporary folder; `twofold
codec` fit, encode and decode; then bench/peers/one_bit_quality.py. All spend d bits on a vector of
dimension d: where ours stores the norm it has 16 signs less. It is fitted both ways, and its
prediction chooses, before anything is encoded. Errors are relative to the variance of the test
vectors, 1 = nothing kept, and are computed here from the decoded file. Prints one table and, for
all sets, writes one_bit_quality.csv.
"""
import argparse
import csv
import gzip
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

import numpy as np

from harness import (PEER_ENVIRONMENT, RESULTS, ROOT, THREADS, NotMeasured, commit, machine,
                     run_peer)

TRAIN, TEST = 20_000, 5_000
DIMENSION = 256
PATCH = 16
NORM_BITS = 16
# faiss trains a product quantizer three times faster if each small product takes one thread.
FAISS_ENVIRONMENT = PEER_ENVIRONMENT | {"OPENBLAS_NUM_THREADS": "1"}
METHODS = {"lsh": "LSH", "itq": "ITQ", "rabitq": "RaBitQ (64 bits more)", "pq": "PQ"}


def chance(name):
    """Numbers of one data set; the same in every run, and independent of the other sets."""
    return np.random.default_rng([1, *name.encode()])


def sparse(rng, slab, sparsity):
    kept = rng.random((TRAIN + TEST, DIMENSION)) < sparsity
    return kept * slab(size=kept.shape) / np.sqrt(sparsity)


def sparse_gaussian(rng):
    return sparse(rng, rng.standard_normal, 0.1)


def sparse_laplace(rng):
    return sparse(rng, rng.laplace, 0.2)


def student_t(rng):
    return rng.standard_t(4, (TRAIN + TEST, DIMENSION))


def gaussian_spectrum(rng):
    variances = 1.0 / np.arange(1, DIMENSION + 1)
    return rng.standard_normal((TRAIN + TEST, DIMENSION)) * np.sqrt(variances)


def fashion_mnist(_):
    for folder in (pathlib.Path(os.environ.get("TWOFOLD_DATA", "")) / "fashion-mnist",
                   pathlib.Path("/usr/share/datasets/fashion-mnist")):
        path = folder / "train-images-idx3-ubyte.gz"
        if path.is_file():
            pixels = np.frombuffer(gzip.decompress(path.read_bytes()), np.uint8, offset=16)
            return pixels.reshape(-1, 28 * 28)[:TRAIN + TEST]
    return None


def cifar10_patches(_):
    folder = pathlib.Path(os.environ.get("TWOFOLD_DATA", "")) / "cifar10"
    for path in (folder / "data_batch_1.bin", folder / "test_batch.bin"):
        if path.is_file():
            records = np.fromfile(path, np.uint8).reshape(-1, 1 + 3 * 32 * 32)
            gray = records[:, 1:].reshape(-1, 3, 32, 32).mean(axis=1)
            across = 32 // PATCH
            patches = gray.reshape(-1, across, PATCH, across, PATCH).transpose(0, 1, 3, 2, 4)
            return patches.reshape(-1, PATCH * PATCH)[:TRAIN + TEST]
    return None


# Title, how rows are made (None: not found on this machine), transform of our codec.
SETS = {
    "sparse_gaussian": ("sparse Gaussian, p = 0.1, d = 256", sparse_gaussian, "none"),
    "sparse_laplace": ("sparse Laplace, p = 0.2, d = 256", sparse_laplace, "none"),
    "student_t": ("Student t, 4 degrees of freedom, d = 256", student_t, "none"),
    "gaussian_spectrum": ("Gaussian, variances 1/i, d = 256", gaussian_spectrum, "none"),
    "fashion_mnist": ("Fashion-MNIST, d = 784", fashion_mnist, "pca"),
    "cifar10_patches": ("CIFAR-10, gray patches of 16 x 16, d = 256", cifar10_patches, "pca"),
}


def run_json(*command):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}\nfailed with exit code {done.returncode}:\n"
                 f"{done.stderr}")
    return json.loads(done.stdout)


def fit_codec(tool, folder, transform, norm, rate):
    """The codec's file, and what it says about itself."""
    codec = folder / f"{norm}.tf1b"
    record = run_json(tool, "codec", "fit", folder / "train.npy", "--rate", rate, "--norm", norm,
                      "--transform", transform, "--threads", THREADS, "-o", codec, "--json")
    return codec, record["summary"]


def run_ours(tool, folder, transform, dimension):
    """Our codec at d bits per vector: d signs, or d - 16 and the norm, whichever predicts less."""
    start = time.perf_counter()
    fitted = [fit_codec(tool, folder, transform, "none", 1.0),
              fit_codec(tool, folder, transform, "stored", 1.0 - NORM_BITS / dimension)]
    seconds = time.perf_counter() - start
    codec, summary = min(fitted, key=lambda fit: fit[1]["predicted_mse"])
    options = ("--codec", codec, "--threads", THREADS, "--json")
    codes = folder / "codes.tf1b"
    encoded = run_json(tool, "codec", "encode", folder / "test.npy", "-o", codes, *options)
    run_json(tool, "codec", "decode", codes, "-o", folder / "decoded.npy", *options)
    train, test, decoded = (np.load(folder / f"{name}.npy").astype(np.float64)
                            for name in ("train", "test", "decoded"))
    error = np.square(test - decoded).sum() / np.square(test - train.mean(axis=0)).sum()
    return {"bits_per_vector": 8 * summary["bytes_per_vector"], "relative_mse": error,
            "predicted": summary["predicted_mse"], "train_s": seconds,
            "encode_s": encoded["timing"]["encode_s"]}


def measure(tool, name):
    """The methods' results on one data set; None if it is not on this machine."""
    _, make, transform = SETS[name]
    rows = make(chance(name))
    if rows is None:
        return None
    rows = rows.astype(np.float32)
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        np.save(folder / "train.npy", rows[:TRAIN])
        np.save(folder / "test.npy", rows[TRAIN:])
        ours = run_ours(tool, folder, transform, rows.shape[1])
        try:
            peers = run_peer("peers/one_bit_quality.py", folder / "train.npy", folder / "test.npy",
                             environment=FAISS_ENVIRONMENT)
        except NotMeasured as reason:
            peers = {"peer": f"not measured: {reason}", "methods": {}}
    return peers["peer"], {"ours": ours, **peers["methods"]}


def print_row(title, methods):
    errors = " | ".join(f"{methods[name]['relative_mse']:.4f}" if name in methods else
                        "not measured" for name in METHODS)
    train = " / ".join(f"{result['train_s']:.1f}" for result in methods.values())
    encode = " / ".join(f"{1e3 * result['encode_s']:.0f}" for result in methods.values())
    ours = methods["ours"]
    print(f"| {title} | {ours['bits_per_vector']:.0f} | {ours['predicted']:.4f} "
          f"| {ours['relative_mse']:.4f} | {errors} | {train} | {encode} |", flush=True)


def csv_rows(name, peer, methods):
    for method, result in methods.items():
        yield {"data": name, "method": method, "bits_per_vector": result["bits_per_vector"],
               "relative_mse": f"{result['relative_mse']:.6f}",
               "predicted": f"{result['predicted']:.6f}" if "predicted" in result else "",
               "train_s": f"{result['train_s']:.2f}", "encode_s": f"{result['encode_s']:.4f}",
               "peer": peer, "threads": THREADS, "machine": machine(),
               "commit": commit()}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build")
    parser.add_argument("--sets", nargs="+", choices=SETS, default=list(SETS))
    parser.add_argument("--out", type=pathlib.Path, default=RESULTS)
    options = parser.parse_args()

    print(f"\n{TRAIN} training and {TEST} test vectors, {THREADS} threads. Error relative to the "
          "variance; times in the order ours, " + ", ".join(name.upper() for name in METHODS) + ".")
    print("\n| data | bits | ours, predicted | ours, measured | " + " | ".join(METHODS.values())
          + " | training, s | encoding, ms |\n" + "|---" * (6 + len(METHODS)) + "|")
    rows = []
    for name in options.sets:
        result = measure(options.build.resolve() / "twofold", name)
        if result is None:
            print(f"| {SETS[name][0]} | not found, see docs/data.md |")
            continue
        print_row(SETS[name][0], result[1])
        rows += csv_rows(name, *result)
    if rows and options.sets == list(SETS):
        options.out.mkdir(parents=True, exist_ok=True)
        with open(options.out / "one_bit_quality.csv", "w", newline="") as file:
            writer = csv.DictWriter(file, rows[0].keys(), lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)


if __name__ == "__main__":
    main()
