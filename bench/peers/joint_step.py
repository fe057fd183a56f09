#!/usr/bin/python3
"""A full-batch step of encoder and decoder in PyTorch: peer of bench/ops/joint_step_bench.cpp.

    joint_step.py SAMPLES DIMENSION NEURONS

By hand, in place, into buffers made once, the fastest form found of
    Z = X W^T, H = relu(Z), E = X - s H A, G = (E A^T) * [Z > 0]
    A <- A + eta s H^T E, W <- W + eta s G^T X      from the same A, E and H
where the steps are folded into the two products that update the weights, so that no gradient is
stored; and by autograd with torch.optim.SGD.
"""
import math
import sys

import torch

from timing import THREADS, report

ETA = 1e-3


class Problem:
    def __init__(self, samples, dimension, neurons):
        torch.manual_seed(1)
        self.scale = 1 / math.sqrt(neurons * dimension)
        self.X = torch.randn(samples, dimension) / math.sqrt(dimension)
        self.W = torch.randn(neurons, dimension)
        self.A = torch.randn(neurons, dimension)


def by_hand(problem):
    X, W, A, scale = problem.X, problem.W, problem.A, problem.scale
    Z = torch.empty(len(X), len(W))
    H, G, mask = torch.empty_like(Z), torch.empty_like(Z), torch.empty_like(Z)
    E = torch.empty_like(X)

    @torch.no_grad()
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

    return step


def autograd(problem):
    X, W, A = problem.X, *(w.clone().requires_grad_() for w in (problem.W, problem.A))
    optimizer = torch.optim.SGD([W, A], lr=ETA)

    def step():
        optimizer.zero_grad(set_to_none=False)
        E = X - problem.scale * torch.relu(X @ W.t()) @ A
        loss = 0.5 * E.square().sum()
        loss.backward()
        optimizer.step()
        return loss

    return step


def main():
    torch.set_num_threads(THREADS)
    problem = Problem(*(int(argument) for argument in sys.argv[1:4]))
    report(f"PyTorch {torch.__version__}",
           {"by hand": by_hand(problem), "autograd": autograd(problem)})


if __name__ == "__main__":
    main()
