#!/usr/bin/python3
"""orthogonal_mp_gram of scikit-learn: the peer of bench/ops/pursuit_bench.cpp.

4096 random samples of dimension 64 on 256 random unit atoms, k = 10, double. One call codes all
samples; as in ours, the products with the atoms are part of the time. Prints {"median_ms", ...}.
"""
import json
import time
import warnings

import numpy
import sklearn
from sklearn.linear_model import orthogonal_mp_gram

SAMPLES, DIMENSION, ATOMS, SPARSITY = 4096, 64, 256, 10
RUNS = 3


def main():
    rng = numpy.random.default_rng(1)
    X = rng.standard_normal((SAMPLES, DIMENSION))
    W = rng.standard_normal((ATOMS, DIMENSION))
    W /= numpy.linalg.norm(W, axis=1, keepdims=True)
    warnings.simplefilter("ignore")

    def code(rows):
        return orthogonal_mp_gram(W @ W.T, W @ rows.T, n_nonzero_coefs=SPARSITY)

    code(X[:256])
    times = []
    for _ in range(RUNS):
        start = time.perf_counter()
        code(X)
        times.append(1e3 * (time.perf_counter() - start))
    times.sort()
    print(json.dumps({
        "workload": "orthogonal_matching_pursuit",
        "peer": f"scikit-learn {sklearn.__version__}",
        "median_ms": times[len(times) // 2],
        "min_ms": times[0],
        "max_ms": times[-1],
    }))


if __name__ == "__main__":
    main()
