#!/usr/bin/python3
"""One Adam step of a k-sparse autoencoder in PyTorch: the peer of TopKTraining/adam in
bench/ops/topk_step_bench.cpp.

    bench/peers/topk_step.py [hand|autograd]

x̂ = Dᵀ top_k(E (x - c) + b) + c, E and D not tied, rows of D at norm 1, float, the loss
1/(2N) Σ‖x - x̂‖². `hand`, written without autograd into buffers made once, touches the active rows only
and is the faster one. Prints {"median_ms", "min_ms", "max_ms", ...} as JSON.
"""
import json
import os
import sys
import time

import torch
import torch.nn.functional as F

N, DIMENSION, UNITS, K = 4096, 768, 12288, 32
RATE, BETA1, BETA2, EPSILON = 1e-6, 0.9, 0.999, 1e-8
CHUNK = 512  # samples whose active rows are gathered at a time: 50 MB


class Adam:
    def __init__(self, parameters):
        self.parts = [(w, torch.zeros_like(w), torch.zeros_like(w)) for w in parameters]
        self.steps = 0

    def step(self, gradients):
        self.steps += 1
        rate = RATE / (1 - BETA1**self.steps)
        scale = (1 - BETA2**self.steps) ** -0.5
        for (w, p, q), g in zip(self.parts, gradients):
            p.mul_(BETA1).add_(g, alpha=1 - BETA1)
            q.mul_(BETA2).addcmul_(g, g, value=1 - BETA2)
            w.addcdiv_(p, q.sqrt().mul_(scale).add_(EPSILON), value=-rate)


def normalise(D):
    D.div_(torch.linalg.vector_norm(D, dim=1, keepdim=True))


def hand_step(X, E, b, D, c):
    Z = torch.empty(N, UNITS)
    dE, dD, db = torch.empty_like(E), torch.empty_like(D), torch.empty_like(b)
    adam = Adam([E, b, D, c])

    def step():
        centred = X - c
        torch.addmm(b, centred, E.t(), out=Z)
        value, index = Z.topk(K, dim=1, sorted=False)
        value.relu_()
        R = centred - F.embedding_bag(index, D, per_sample_weights=value, mode="sum")
        for gradient in (dE, dD, db):
            gradient.zero_()
        for begin in range(0, N, CHUNK):
            part = slice(begin, begin + CHUNK)
            units = index[part].flatten()
            rows = D[index[part]]
            back = torch.bmm(rows, R[part].unsqueeze(2)).squeeze(2)
            back.mul_(value[part] > 0)
            torch.mul(value[part].unsqueeze(2), R[part].unsqueeze(1), out=rows)
            dD.index_add_(0, units, rows.view(-1, DIMENSION), alpha=-1 / N)
            torch.mul(back.unsqueeze(2), centred[part].unsqueeze(1), out=rows)
            dE.index_add_(0, units, rows.view(-1, DIMENSION), alpha=-1 / N)
            db.index_add_(0, units, back.flatten(), alpha=-1 / N)
        dc = -R.sum(0) / N - db @ E
        dD.sub_((dD * D).sum(1, keepdim=True) * D)
        adam.step([dE, db, dD, dc])
        normalise(D)
        return 0.5 / N * torch.linalg.vector_norm(R) ** 2

    return step


def autograd_step(X, E, b, D, c):
    parameters = [E, b, D, c]
    for w in parameters:
        w.requires_grad_(True)
    adam = Adam([w.detach() for w in parameters])

    def step():
        centred = X - c
        value, index = torch.addmm(b, centred, E.t()).topk(K, dim=1, sorted=False)
        # embedding_bag has a dense gradient for its weights.
        Xhat = F.embedding_bag(index, D, per_sample_weights=value.relu(), mode="sum")
        loss = 0.5 / N * (centred - Xhat).square().sum()
        dE, db, dD, dc = torch.autograd.grad(loss, parameters)
        with torch.no_grad():
            dD.sub_((dD * D).sum(1, keepdim=True) * D)
            adam.step([dE, db, dD, dc])
            normalise(D.detach())
        return loss.detach()

    return step


def main():
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "2")))
    torch.manual_seed(1)
    form = sys.argv[1] if len(sys.argv) > 1 else "hand"
    X = torch.randn(N, DIMENSION)
    D = torch.randn(UNITS, DIMENSION)
    normalise(D)
    weights = (D.clone(), torch.zeros(UNITS), D, torch.zeros(DIMENSION))
    if form == "autograd":
        step = autograd_step(X, *weights)
    else:
        torch.set_grad_enabled(False)
        step = hand_step(X, *weights)
    step()
    times = []
    for _ in range(5):
        start = time.perf_counter()
        step()
        times.append(1e3 * (time.perf_counter() - start))
    times.sort()
    print(json.dumps({
        "workload": "topk_adam_step",
        "peer": f"PyTorch {torch.__version__}, {form}",
        "threads": torch.get_num_threads(),
        "median_ms": times[len(times) // 2],
        "min_ms": times[0],
        "max_ms": times[-1],
    }))


if __name__ == "__main__":
    main()
