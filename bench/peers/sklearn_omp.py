#!/usr/bin/python3
"""orthogonal_mp_gram of scikit-learn: the peer of bench/ops/pursuit_bench.cpp.

4096 random samples of dimension 64 on 256 random unit atoms, k = 10, double. One call codes all
samples; as in ours, the products with the atoms are part of the time.
"""
import warnings

import numpy
import sklearn
from sklearn.linear_model import orthogonal_mp_gram

from timing import report

SAMPLES, DIMENSION, ATOMS, SPARSITY = 4096, 64, 256, 10


def main():
    rng = numpy.random.default_rng(1)
    X = rng.standard_normal((SAMPLES, DIMENSION))
    W = rng.standard_normal((ATOMS, DIMENSION))
    W /= numpy.linalg.norm(W, axis=1, keepdims=True)
    warnings.simplefilter("ignore")

    def code():
        return orthogonal_mp_gram(W @ W.T, W @ X.T, n_nonzero_coefs=SPARSITY)

    report(f"scikit-learn {sklearn.__version__}", {"orthogonal_mp_gram": code}, seconds=0.5,
           warm_up=1)


if __name__ == "__main__":
    main()
