#!/usr/bin/env python3
"""Writes experiments/*/*/expected.csv: what each experiment's prediction must say.

The numbers come from here, not from the library: the neurons' equations of motion are
integrated by Runge-Kutta in plain Python, without the closed form, the recursion or the
frozen-logistic rule that the library uses. For the other systems see expected_one_bit.py and expected_dictionary_recovery.py. Verdicts say which claims must hold and which
must be declared not applicable. tests/reproduction compares.

    tools/expected_values.py            rewrites the files
    tools/expected_values.py --check    exit code 1 if a file is out of date
"""

import argparse
import csv
import io
import math
import pathlib
import sys

import expected_dictionary_recovery
import expected_one_bit
import expected_tangent_kernel

ROOT = pathlib.Path(__file__).resolve().parent.parent / "experiments"
COLUMNS = ["case", "quantity", "index", "expected", "tolerance", "reason"]

# Runge-Kutta with 4000 steps: relative error below 1e-9 at these rates (checked by halving).
STEPS = 4000
NUMERICAL = 1e-6
NUMERICAL_REASON = "Runge-Kutta with 4000 steps, far below this"


def relu_rate(s, penalty):
    """d ln r / dt for ReLU: s (1 - r^2/2) - penalty."""
    return lambda r: [rj * (sj * (1 - rj * rj / 2) - penalty) for rj, sj in zip(r, s)]


def erf_rate(s, multiplicity, penalty):
    """The same for erf(u/sqrt 2) when norms concentrate; s holds one value per group."""
    def rate(r):
        u = [x * x for x in r]
        q = sum(k * uj * sj for k, uj, sj in zip(multiplicity, u, s))
        m = math.sqrt(2 / math.pi) / math.sqrt(1 + q)
        slope = -0.5 * math.sqrt(2 / math.pi) * (1 + q) ** -1.5
        p = sum(k * uj * sj * (1 - m * uj) for k, uj, sj in zip(multiplicity, u, s))
        return [rj * (2 * sj * (m * (1 - m * uj) + slope * p) - penalty)
                for rj, uj, sj in zip(r, u, s)]
    return rate


def runge_kutta(rate, r, time, steps=STEPS):
    """Path of r from 0 to `time`, with every step kept."""
    h = time / steps
    path = [list(r)]
    for _ in range(steps):
        k1 = rate(r)
        k2 = rate([x + h / 2 * k for x, k in zip(r, k1)])
        k3 = rate([x + h / 2 * k for x, k in zip(r, k2)])
        k4 = rate([x + h * k for x, k in zip(r, k3)])
        r = [x + h / 6 * (a + 2 * b + 2 * c + d) for x, a, b, c, d in zip(r, k1, k2, k3, k4)]
        path.append(list(r))
    return path


def geometric(first, last, n):
    return [first * (last / first) ** (i / (n - 1)) for i in range(n)]


def number(case, quantity, index, value, tolerance=NUMERICAL, reason=NUMERICAL_REASON):
    return [case, quantity, index, repr(value), repr(tolerance), reason]


def verdict(case, quantity, expected, reason):
    return [case, "verdict:" + quantity, "", expected, "", reason]


THREE_GROUPS = {0: 1.0, 4: 0.4, 12: 0.1}  # first index of each group: eigenvalue


def three_groups(cases, time):
    """phases and its relatives: gains of the three groups at the end."""
    path = runge_kutta(relu_rate(list(THREE_GROUPS.values()), 0.05), [0.2] * 3, time)
    rows = []
    for case in cases:
        for j, r in zip(THREE_GROUPS, path[-1]):
            rows.append(number(case, "last gain", j, r * r / 2))
        rows.append(number(case, "learned", "", 40, 0, "a count"))
    return rows


def learning_times():
    rows = three_groups([""], 60.0)
    path = runge_kutta(relu_rate(list(THREE_GROUPS.values()), 0.05), [0.2] * 3, 60.0)
    for group, (j, s) in enumerate(THREE_GROUPS.items()):
        half = 1 - 0.05 / s  # half of u at infinity, 2 (1 - penalty/s)
        k = next(i for i, r in enumerate(path) if r[group] ** 2 >= half)
        u0, u1 = path[k - 1][group] ** 2, path[k][group] ** 2
        t = 60.0 / STEPS * (k - 1 + (half - u0) / (u1 - u0))
        rows.append(number("", "half_time", j, t, 1e-4,
                           "linear interpolation between steps of 0.015: error h^2/8 u''/u'"))
    return rows


def shrinkage():
    rows = []
    spectrum = geometric(1, 0.05, 24)
    for penalty in (0, 0.05, 0.1, 0.2, 0.4, 0.8, 1.2):
        end = runge_kutta(relu_rate(spectrum, penalty), [0.3] * 24, 60.0)[-1]
        case = f"{penalty:g}"
        for j in (0, 5, 11, 17, 23):
            rows.append(number(case, "last gain", j, end[j] ** 2 / 2))
            limit = max(0.0, 1 - penalty / spectrum[j])
            rows.append(number(case, "gain_limit", j, limit, 1e-9, "1 - penalty/s; 12 digits of s"))
    return rows


def denoising():
    rows = []
    noise = 0.25
    for penalty in (0.05, 0.125, 0.25, 0.4, 0.6):
        for j, clean in enumerate(geometric(2, 0.02, 40)):
            if j % 8 == 0:
                limit = max(0.0, 1 - penalty / (clean + noise))
                rows.append(number(f"{penalty:g}", "gain_limit", j, limit, 1e-9,
                                   "1 - penalty/(clean + noise); the Wiener gain at penalty 0.25"))
    return rows


def competition():
    s = [x / 20 for x in (1.0, 0.7, 0.4, 0.2, 0.05)]
    rate = erf_rate(s, [20] * 5, 0.3 / 20)
    end = runge_kutta(rate, [0.35] * 5, 25.0 / s[0])[-1]
    q = sum(20 * r * r * sj for r, sj in zip(end, s))
    m = math.sqrt(2 / math.pi) / math.sqrt(1 + q)
    rows = [number("", "last gain", 20 * g, m * r * r, 1e-5,
                   "adaptive steps of the library, about 1e-7 relative, and this integration")
            for g, r in enumerate(end)]
    rows.append(verdict("", "forgotten", "holds", "the third group is learned and given up"))
    return rows


def images():
    symmetric = "random signs make the data symmetric"
    rows = []
    for case in ("centred, random signs", "raw, random signs"):
        for quantity in ("gain_mean", "gain_max", "end_loss", "slope"):
            rows.append(verdict(case, quantity, "holds", symmetric))
    for quantity in ("gain_mean", "gain_max", "end_loss", "slope"):
        rows.append(verdict("raw", quantity, "not applicable", "asymmetry above 0.5"))
    return rows


def photographs():
    """Centred grey photographs are nearly symmetric: those verdicts are left open."""
    return images()


def centred_drawings():
    return images() + [verdict("centred", quantity, "not applicable", "asymmetry above 0.1")
                       for quantity in ("gain_mean", "gain_max", "end_loss")]


MEAN_FIELD = {
    "phases": lambda: three_groups([""], 30.0),
    "learning_times": learning_times,
    "shrinkage": shrinkage,
    "width": lambda: three_groups(["100", "200", "400", "800", "1600"], 30.0)
    + [verdict("", "exponent:excess", "holds", "the excess falls like 1/N")],
    "universality": lambda: three_groups(["relu", "gelu", "silu", "softplus"], 30.0),
    "bounded": lambda: [verdict(f"{a}, {p}", "loss", "holds", "within the stated tolerance")
                        for a in ("erf", "tanh", "sigmoid") for p in ("L2", "L2+")],
    "competition": competition,
    "denoising": lambda: denoising()
    + [verdict("", "minimum:denoising", "holds", "least error at penalty = noise variance")],
    "train_test": lambda: [verdict(f"n = {n}", q, "holds", "within the stated tolerance")
                           for n in (20, 60, 400) for q in ("train_loss", "loss")],
    "images_fashion": centred_drawings,
    "images_mnist": centred_drawings,
    "images_cifar10": photographs,
}


SYSTEMS = {"mean_field": MEAN_FIELD, "one_bit": expected_one_bit.EXPERIMENTS,
           "dictionary_recovery": expected_dictionary_recovery.EXPERIMENTS,
           "tangent_kernel": expected_tangent_kernel.EXPERIMENTS}


def text_of(rows):
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(rows)
    return out.getvalue()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    check = parser.parse_args().check
    stale = []
    experiments = [(system, name, rows) for system, named in SYSTEMS.items()
                   for name, rows in named.items()]
    for system, name, rows in experiments:
        path, text = ROOT / system / name / "expected.csv", text_of(rows())
        if check and (not path.exists() or path.read_text() != text):
            stale.append(str(path))
        elif not check:
            path.write_text(text)
    if stale:
        sys.exit("out of date, run tools/expected_values.py: " + ", ".join(stale))


if __name__ == "__main__":
    main()
