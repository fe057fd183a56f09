#!/usr/bin/python3
"""One step of tied mean-field SGD in PyTorch: the peer of bench/ops/sgd_step_bench.cpp.

By hand, in place, into buffers made once, the fastest form found of
    Z = X W^T, H = relu(Z), E = X - H W / N, D = (E W^T) * [Z > 0]
    W <- W - eta * (lam W - (H^T E + D^T X) / B)
where weight decay and step are folded into the two products that update W, so that W is read and
written twice and the gradient is never stored; and by autograd with torch.optim.SGD.
"""
import torch

from timing import THREADS, report

BATCH, DIMENSION, NEURONS = 100, 784, 5000
ETA, LAM = 0.01, 0.05


def by_hand(X, W):
    Z = torch.empty(BATCH, NEURONS)
    H, D, mask = torch.empty_like(Z), torch.empty_like(Z), torch.empty_like(Z)
    E = torch.empty_like(X)

    @torch.no_grad()
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

    return step


def autograd(X, W):
    W = W.clone().requires_grad_()
    # N times the gradient, and the penalty undivided.
    optimizer = torch.optim.SGD([W], lr=ETA * NEURONS, weight_decay=LAM / NEURONS)

    def step():
        optimizer.zero_grad(set_to_none=False)
        E = X - torch.relu(X @ W.t()) @ W / NEURONS
        loss = 0.5 / BATCH * E.square().sum()
        loss.backward()
        optimizer.step()
        return loss

    return step


def main():
    torch.set_num_threads(THREADS)
    torch.manual_seed(1)
    W = torch.randn(NEURONS, DIMENSION) * 0.2
    X = torch.randn(BATCH, DIMENSION) / 28
    report(f"PyTorch {torch.__version__}",
           {"by hand": by_hand(X, W), "autograd": autograd(X, W)}, warm_up=5)


if __name__ == "__main__":
    main()
