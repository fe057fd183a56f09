#!/usr/bin/python3
"""One step of tied mean-field SGD in PyTorch: the peer of bench/ops/sgd_step_bench.cpp.

Written by hand, in place, into buffers made once, without autograd: the fastest form found of
    Z = X W^T, H = relu(Z), E = X - H W / N, D = (E W^T) * [Z > 0]
    W <- W - eta * (lam W - (H^T E + D^T X) / B)
The weight decay and the step are folded into the two products that update W, so that W is read and
written twice and G is never stored. Prints {"median_ms", "min_ms", "max_ms", ...} as JSON.
"""
import json
import os
import time

import torch

BATCH, DIMENSION, NEURONS = 100, 784, 5000
ETA, LAM = 0.01, 0.05
WARM_UP, STEPS = 10, 60


def main():
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "2")))
    torch.manual_seed(1)
    W = torch.randn(NEURONS, DIMENSION) * 0.2
    X = torch.randn(BATCH, DIMENSION) / 28
    Z = torch.empty(BATCH, NEURONS)
    H, D, mask = torch.empty_like(Z), torch.empty_like(Z), torch.empty_like(Z)
    E = torch.empty_like(X)

    def step():
        torch.mm(X, W.t(), out=Z)
        torch.clamp_min(Z, 0, out=H)
        torch.addmm(X, H, W, alpha=-1 / NEURONS, out=E)
        torch.mm(E, W.t(), out=D)
        torch.gt(Z, 0, out=mask)
        D.mul_(mask)
        W.addmm_(H.t(), E, beta=1 - ETA * LAM, alpha=ETA / BATCH)
        W.addmm_(D.t(), X, alpha=ETA / BATCH)
        return 0.5 / BATCH * torch.linalg.vector_norm(E) ** 2

    with torch.no_grad():
        for _ in range(WARM_UP):
            step()
        times = []
        for _ in range(STEPS):
            start = time.perf_counter()
            step()
            times.append(1e3 * (time.perf_counter() - start))
    times.sort()
    print(json.dumps({
        "workload": "mean_field_sgd_step",
        "peer": f"PyTorch {torch.__version__}",
        "threads": torch.get_num_threads(),
        "median_ms": times[len(times) // 2],
        "min_ms": times[0],
        "max_ms": times[-1],
    }))


if __name__ == "__main__":
    main()
