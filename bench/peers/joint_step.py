#!/usr/bin/python3
"""A full-batch step of encoder and decoder in PyTorch: peer of bench/ops/joint_step_bench.cpp.

    joint_step.py SAMPLES DIMENSION NEURONS

Written by hand, in place, into buffers made once, without autograd: the fastest form found of
    Z = X W^T, H = relu(Z), E = X - s H A, G = (E A^T) * [Z > 0]
    A <- A + eta s H^T E, W <- W + eta s G^T X      from the same A, E and H
The steps are folded into the two products that update the weights, so that no gradient is stored.
Prints {"median_ms", "min_ms", "max_ms", ...} as JSON.
"""
import json
import math
import os
import sys
import time

import torch

ETA = 1e-3
WARM_UP, SECONDS, LEAST = 3, 3.0, 10


def main():
    samples, dimension, neurons = (int(argument) for argument in sys.argv[1:4])
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "2")))
    torch.manual_seed(1)
    scale = 1 / math.sqrt(neurons * dimension)
    X = torch.randn(samples, dimension) / math.sqrt(dimension)
    W = torch.randn(neurons, dimension)
    A = torch.randn(neurons, dimension)
    Z = torch.empty(samples, neurons)
    H, G, mask = torch.empty_like(Z), torch.empty_like(Z), torch.empty_like(Z)
    E = torch.empty_like(X)

    def step():
        torch.mm(X, W.t(), out=Z)
        torch.clamp_min(Z, 0, out=H)
        torch.addmm(X, H, A, alpha=-scale, out=E)
        torch.mm(E, A.t(), out=G)
        torch.gt(Z, 0, out=mask)
        G.mul_(mask)
        A.addmm_(H.t(), E, alpha=ETA * scale)
        W.addmm_(G.t(), X, alpha=ETA * scale)
        return 0.5 * torch.linalg.vector_norm(E) ** 2

    times = []
    with torch.no_grad():
        for _ in range(WARM_UP):
            step()
        end = time.perf_counter() + SECONDS
        while time.perf_counter() < end or len(times) < LEAST:
            start = time.perf_counter()
            step()
            times.append(1e3 * (time.perf_counter() - start))
    times.sort()
    print(json.dumps({
        "workload": f"joint_step_{samples}_{dimension}_{neurons}",
        "peer": f"PyTorch {torch.__version__}",
        "threads": torch.get_num_threads(),
        "median_ms": times[len(times) // 2],
        "min_ms": times[0],
        "max_ms": times[-1],
    }))


if __name__ == "__main__":
    main()
