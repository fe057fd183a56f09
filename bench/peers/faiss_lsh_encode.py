#!/usr/bin/python3
"""Sign codes of randomly rotated vectors in faiss: the peer of bench/ops/one_bit_encode_bench.cpp.

    faiss_lsh_encode.py DIMENSION

IndexLSH with a random rotation and one bit per dimension encodes as many vectors, 256 MB, in one
call: parts of 1 to 16 MB took longer. Prints {"median_ms", "min_ms", "max_ms", ...} as JSON.
"""
import json
import os
import sys
import time

import faiss
import numpy as np

NUMBERS = 1 << 26
DISTINCT = 1 << 20


def main():
    d = int(sys.argv[1])
    faiss.omp_set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "2")))
    vectors = np.random.default_rng(1).standard_normal(DISTINCT, dtype=np.float32)
    X = np.tile(vectors, NUMBERS // DISTINCT).reshape(-1, d)
    index = faiss.IndexLSH(d, d, True, False)
    index.sa_encode(X)  # warm-up
    times, end = [], time.perf_counter() + 1.0
    while len(times) < 3 or time.perf_counter() < end:
        start = time.perf_counter()
        index.sa_encode(X)
        times.append(1e3 * (time.perf_counter() - start))
    times.sort()
    print(json.dumps({
        "workload": f"one_bit_encode_{d}",
        "peer": f"faiss {faiss.__version__} IndexLSH",
        "threads": faiss.omp_get_max_threads(),
        "median_ms": times[len(times) // 2],
        "min_ms": times[0],
        "max_ms": times[-1],
    }))


if __name__ == "__main__":
    main()
