"""What the predictions of experiments/dictionary_recovery must say, computed in plain Python.

Closed forms for steps, floors and consistency, the angle's recursion for mixtures: nothing of the
library is used. Random dictionaries enter by their mean coherence, so that those numbers have the
spread over dictionaries as their tolerance. tools/expected_values.py writes the files.
"""

import math

CLOSED_REASON = "closed form"


def tail(x):
    """P(normal > x)."""
    return 0.5 * math.erfc(x / math.sqrt(2))


def closed(case, quantity, value, relative=1e-9, reason=CLOSED_REASON, index=""):
    tolerance = max(1e-12, relative * abs(value))
    return [case, quantity, index, repr(float(value)), repr(tolerance), reason]


def verdict(case, quantity, expected, reason):
    return [case, "verdict:" + quantity, "", expected, "", reason]


def mixture_noise(p, d, sigma, N):
    """(d-1) s^2 (1+s^2) / (N p_j), summed."""
    return sum((d - 1) * sigma ** 2 * (1 + sigma ** 2) / (N * pj) for pj in p)


def sparse_noise(m, d, k, sigma, N, kappa2=1.0):
    return m * m * (d - 1) * sigma ** 2 * (1 + sigma ** 2 / kappa2) / (N * k * kappa2)


def angles(delta, tau, bias, steps):
    """Distance^2 of one atom of a mixture, step by step on infinite data."""
    theta = math.acos(1 - delta ** 2 / 2)
    path = [2 - 2 * math.cos(theta)]
    for _ in range(steps):
        c = (math.cos(theta) + bias) ** 2
        theta = math.atan(math.tan(theta) * (1 - tau * c) / (1 - tau * c + tau))
        path.append(2 - 2 * math.cos(theta))
    return path


def mixture_floor():
    uniform = [0.1] * 10
    rows = []
    for sigma in (0.05, 0.1, 0.15):
        case = f"σ = {sigma}"
        rows += [closed(case, "noise_term", mixture_noise(uniform, 100, sigma, 5000)),
                 closed(case, "step", 10), closed(case, "floor", 0),
                 closed(case, "label_error", tail(0.5 / sigma))]
        rows += [closed(case, "atom_floors", mixture_noise([0.1], 100, sigma, 5000), index=3)]
    for bias in (-0.3, -0.5, -0.7):
        rows.append(closed(f"σ = 0.08, b = {bias}", "noise_term",
                           mixture_noise(uniform, 100, 0.08, 5000)))
    for case, bias, tau in (("law, b = -0.3, τ = 0.5", -0.3, 0.5), ("law, b = -0.5, τ = 1", -0.5, 1.0)):
        noise = mixture_noise(uniform, 100, 0.02, 40000)
        for t, one in enumerate(angles(0.6, tau, bias, 4)):
            rows.append([case, "series error", t, repr(10 * one), repr(noise + 1e-9 * one),
                         "the recursion on infinite data; noise adds up to its floor"])
        rows.append(verdict(case, "contraction", "holds", "the law is exact for a mixture"))
    rows.append(verdict("σ = 0.1", "error", "holds", "within the stated tolerance"))
    return rows


def unequal_weights():
    p = [0.3, 0.2, 0.1, 0.1, 0.1, 0.1, 0.04, 0.03, 0.02, 0.01]
    rows = [closed("", "atom_floors", mixture_noise([pj], 100, 0.08, 20000), index=j)
            for j, pj in enumerate(p)]
    return rows + [closed("", "noise_term", mixture_noise(p, 100, 0.08, 20000)),
                   closed("", "step", 1 / 0.3),
                   verdict("", "atom_error", "holds", "within the stated tolerance")]


def mixture_starts():
    rows = [closed(f"k-means++, σ = {s}", "noise_term", mixture_noise([0.1] * 10, 100, s, 3000))
            for s in (0.05, 0.1, 0.15)]
    return rows + [verdict("same start, σ = 0.1", "error_above", "holds", "efficient up to 1 + σ²"),
                   verdict("samples, σ = 0.1", "all_recovered", "holds", "m!/m^m = 4e-4")]


def bias_sweep():
    rows = [closed(f"{b:g}", "noise_term", mixture_noise([0.1] * 10, 100, 0.1, 5000))
            for b in (-0.1, -0.2, -0.3, -0.4, -0.5, -0.6, -0.7, -0.8, -0.9)]
    return rows + [verdict("-0.5", "error", "holds", "the bias cancels"),
                   verdict("0", "destroyed", "holds", "half of the units fire on noise")]


def basins():
    return [verdict(c, "kept", "holds", "the basin as measured elsewhere")
            for c in ("mixture, δ = 0.5", "mixture, δ = 1.0", "sparse, δ = 1.0", "sparse, δ = 1.3")]


def sparse_floor():
    rows = []
    for tau in ("1", "0.5", "0.25"):
        case = f"orthonormal, τ = {tau}"
        rows += [closed(case, "floor", 0), closed(case, "floor_decoder_only", 0),
                 closed(case, "step", float(tau) * 128 / 3), closed(case, "noise_term", 0),
                 # A step of the recursion has the edge 2/(1 + 3q), q = (k-1)/(m-1).
                 closed(case, "step_edge", 2 / (1 + 3 * 2 / 127) * 128 / 3)]
        rows.append(verdict(case, "error", "holds", "within the stated tolerances"))
    for case in ("random, N = 3000, both terms", "random, N = 12000, decoder's term"):
        for quantity, share in (("floor", 4.0), ("floor_decoder_only", 1.0)):
            law = share * 2 ** 2 / 256
            rows.append([case, quantity, "", repr(0.875 * law), repr(0.125 * law),
                         "between 0.75 and 1 of the leading order (k-1)^2/d, four times that for both terms"])
    for case in ("both terms", "decoder's term"):
        rows.append(closed(f"random, σ = 0.05, {case}", "noise_term",
                           sparse_noise(128, 256, 3, 0.05, 3000)))
    return rows + [verdict("random, polished", "error", "holds", "the truth is a fixed point")]


def noise_and_samples():
    rows = []
    for sigma in (0.02, 0.05, 0.1, 0.15):
        rows.append(closed(f"σ = {sigma}", "noise_term", sparse_noise(128, 128, 3, sigma, 5000)))
    for N in (1000, 2000, 10000):
        rows.append(closed(f"N = {N}", "noise_term", sparse_noise(128, 128, 3, 0.05, N)))
    for tau in (0.5, 1):
        rows.append(closed(f"fresh, τ = {tau}", "noise_term",
                           tau / (2 - tau) * sparse_noise(128, 128, 3, 0.05, 5000)))
    return rows + [verdict("σ = 0.05", "error", "holds", "within the stated tolerance")]


def nonnegative():
    k1, k2, k = 1.5, 7 / 3, 3
    unit = (64 / k) / (k2 + (k - 1) * k1 ** 2)
    rows = [closed(f"τ = {t}", "step", t * unit) for t in (0.5, 1, 1.5, 2.2)]
    return rows + [verdict("τ = 2.2", "stable", "holds", "above the edge"),
                   verdict("random, jump, both terms", "error", "holds", "no bias, no drift"),
                   verdict("random, b to -0.02", "destroyed", "holds", "below the cross-talk")]


def bias_drift():
    k1, k2, k, q = 1.5, 7 / 3, 3, 2 / 63
    rows = []
    for b in (0.05, 0.1, 0.25):
        v = q * (2 * b * k1 - b * b) / ((1 - q) * (k2 + (k - 1) * k1 ** 2)
                                        + 4 * q * (k2 + (k - 2) * k1 ** 2))
        rows.append(closed(f"b = -{b}", "off_diagonal", v))
    return rows + [verdict("b = -0.1", "off_diagonal", "holds", "first order in b")]


def from_samples():
    rows = [closed("d = 128, m = 48, k = 3, σ = 0.05", "noise_term",
                   sparse_noise(48, 128, 3, 0.05, 6000)),
            closed("planted, d = 64, m = 128, k = 4", "noise_term",
                   sparse_noise(128, 64, 4, 0.02, 50000)),
            closed("planted, d = 64, m = 128, k = 4", "step", 0.5 * 32)]
    return rows + [verdict("planted, d = 64, m = 128, k = 4", q, "holds", "found from samples")
                   for q in ("recovered", "recovered_below")]


def collapse():
    return [verdict("τ = 1", "destroyed", "holds", "the loss rises a hundredfold"),
            verdict("backtracking", "recovered", "holds", "no step raises the loss"),
            verdict("τ = 0.5", "error", "not applicable", "threshold below 4 times the cross-talk")]


def consistency():
    rows = []
    for d, m, k, sigma, delta in ((128, 128, 2, 0, 0), (128, 128, 3, 0, 0), (128, 192, 3, 0, 0),
                                  (128, 128, 3, 0.05, 0.3), (256, 256, 4, 0.1, 0.3),
                                  (512, 512, 5, 0, 0.5)):
        s0 = math.sqrt(k / d + sigma ** 2)
        s1 = math.sqrt((k - 1) / d + sigma ** 2)
        level = 1 - delta ** 2 / 2
        value = math.exp(-((m - k) * 2 * tail(0.5 / s0) + k * tail((level - 0.5) / s1)))
        case = f"d = {d}, m = {m}, k = {k}, σ = {sigma}, δ = {delta}"
        rows += [[case, "start_consistency", "", repr(value), "0.02",
                  "mean coherence 1/d; that of one dictionary differs by some per cent"],
                 verdict(case, "consistency", "holds", "within the stated tolerance")]
    return rows


def patches():
    return [verdict("", q, "holds", "within the stated tolerance") for q in ("distinct", "pursuit_below")]


def digits():
    return [verdict("mixture", "explained_below", "holds", "within the stated tolerance"),
            verdict("parts, ReLU", "explained_above", "holds", "NMF explains more"),
            verdict("centred, 10 of 40", "explained_below", "holds", "PCA explains less")]


EXPERIMENTS = {
    "mixture_floor": mixture_floor,
    "unequal_weights": unequal_weights,
    "mixture_starts": mixture_starts,
    "bias_sweep": bias_sweep,
    "basins": basins,
    "sparse_floor": sparse_floor,
    "noise_and_samples": noise_and_samples,
    "bias_drift": bias_drift,
    "nonnegative": nonnegative,
    "from_samples": from_samples,
    "collapse": collapse,
    "consistency": consistency,
    "patches_cifar10": patches,
    "patches_fashion": patches,
    "digits_mnist": digits,
}
