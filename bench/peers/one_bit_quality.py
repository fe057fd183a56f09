#!/usr/bin/python3
"""Codes of one bit per dimension by faiss and numpy: the peers of `twofold codec`.

    bench/peers/one_bit_quality.py TRAIN.npy TEST.npy

Fits each method on the rows of TRAIN, encodes and decodes those of TEST, and prints as JSON, for
each, the relative error (sum of |x - decoded|^2 over sum of |x - mean|^2, with the mean of TRAIN),
bits per vector, and seconds of training and of encoding TEST. Each peer gets the best decoder that
its bits allow:

    lsh     faiss IndexLSH with rotation, of centred vectors; one scale, fitted on TRAIN
    itq     faiss ITQ (learned rotation of unit vectors), signs; least-squares decoder of TRAIN
    rabitq  code of RaBitQ: signs of the centred, rotated vector; the scale that is best for each
            vector, kept in single precision beside its norm, as RaBitQ does (64 bits more).
            In numpy: faiss has it from 1.11 on, and its own decoder, made for inner products, has
            a larger error
    pq      faiss product quantizer, d/8 parts of 8 bits

OPQ is left out: its training takes a minute at d = 256 on two cores.
"""
import argparse
import json
import time

import faiss
import numpy as np

THREADS = 2
ITQ_ITERATIONS = 20  # of faiss's 50, which change the error by about 1 % and take half a minute more


class Lsh:
    def __init__(self, train):
        dimension = train.shape[1]
        self.mean = train.mean(axis=0)
        self.index = faiss.IndexLSH(dimension, dimension, True, False)
        self.index.train(train - self.mean)
        decoded = self.index.sa_decode(self.encode(train))
        self.scale = np.vdot(decoded, train - self.mean) / np.vdot(decoded, decoded)
        self.bits = 8 * self.index.sa_code_size()

    def encode(self, rows):
        return self.index.sa_encode(rows - self.mean)

    def decode(self, codes):
        return self.mean + self.scale * self.index.sa_decode(codes)


class Itq:
    def __init__(self, train):
        self.bits = dimension = train.shape[1]
        self.rotation = faiss.ITQTransform(dimension, dimension, False)
        self.rotation.itq.max_iter = ITQ_ITERATIONS
        self.rotation.train(train)
        seen = self.inputs(self.encode(train))
        ridge = 1e-6 * len(seen) * np.eye(dimension + 1)
        self.weights = np.linalg.solve(seen.T @ seen + ridge, seen.T @ train).astype(np.float32)

    def encode(self, rows):
        return np.packbits(self.rotation.apply(rows) >= 0, axis=1)

    def inputs(self, codes):
        ones = np.unpackbits(codes, axis=1, count=self.bits).astype(np.float32)
        return np.hstack([2 * ones - 1, np.ones((len(codes), 1), np.float32)])

    def decode(self, codes):
        return self.inputs(codes) @ self.weights


class RaBitQ:
    def __init__(self, train):
        dimension = train.shape[1]
        self.mean = train.mean(axis=0)
        self.rotation = faiss.RandomRotationMatrix(dimension, dimension)
        self.rotation.init(1)
        self.bits = dimension + 64

    def encode(self, rows):
        rotated = self.rotation.apply(rows - self.mean)
        scale = np.abs(rotated).mean(axis=1, keepdims=True)  # <z, sign z> / |sign z|^2
        return np.packbits(rotated >= 0, axis=1), scale

    def decode(self, codes):
        packed, scale = codes
        ones = np.unpackbits(packed, axis=1, count=self.bits - 64).astype(np.float32)
        return self.mean + self.rotation.reverse_transform((2 * ones - 1) * scale)


class Pq:
    def __init__(self, train):
        self.bits = dimension = train.shape[1]
        self.quantizer = faiss.ProductQuantizer(dimension, dimension // 8, 8)
        self.quantizer.train(train)

    def encode(self, rows):
        return self.quantizer.compute_codes(rows)

    def decode(self, codes):
        return self.quantizer.decode(codes)


def measure(method, train, test):
    start = time.perf_counter()
    fitted = method(train)
    trained = time.perf_counter()
    codes = fitted.encode(test)
    encoded = time.perf_counter()
    error = np.square(test - fitted.decode(codes), dtype=np.float64).sum()
    varies = np.square(test - train.mean(axis=0), dtype=np.float64).sum()
    return {"relative_mse": error / varies, "bits_per_vector": fitted.bits,
            "train_s": trained - start, "encode_s": encoded - trained}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("train")
    parser.add_argument("test")
    options = parser.parse_args()
    faiss.omp_set_num_threads(THREADS)
    train, test = (np.ascontiguousarray(np.load(path), dtype=np.float32)
                   for path in (options.train, options.test))
    methods = {"lsh": Lsh, "itq": Itq, "rabitq": RaBitQ, "pq": Pq}
    print(json.dumps({
        "peer": f"faiss {faiss.__version__}, numpy {np.__version__}", "threads": THREADS,
        "methods": {name: measure(method, train, test) for name, method in methods.items()},
    }))


if __name__ == "__main__":
    main()
