#!/usr/bin/python3
"""Sign codes of randomly rotated vectors in faiss: the peer of bench/ops/one_bit_encode_bench.cpp.

    faiss_lsh_encode.py DIMENSION

IndexLSH with a random rotation and one bit per dimension encodes as many vectors, 256 MB, in one
call: parts of 1 to 16 MB took longer.
"""
import sys

import faiss
import numpy as np

from timing import THREADS, report

NUMBERS = 1 << 26
DISTINCT = 1 << 20


def main():
    d = int(sys.argv[1])
    faiss.omp_set_num_threads(THREADS)
    vectors = np.random.default_rng(1).standard_normal(DISTINCT, dtype=np.float32)
    X = np.tile(vectors, NUMBERS // DISTINCT).reshape(-1, d)
    index = faiss.IndexLSH(d, d, True, False)
    report(f"faiss {faiss.__version__}", {"IndexLSH": lambda: index.sa_encode(X)}, seconds=0.5,
           least=2, warm_up=1)


if __name__ == "__main__":
    main()
