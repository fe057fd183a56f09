"""What the predictions of experiments/tangent_kernel must say, computed in plain Python.

Closed forms for starts, steps, widths and two samples; for data on the sphere the kernel predictor
is written out again with lists, own random numbers and Gaussian elimination, so that means over
data sets are compared with the spread of one data set as the tolerance. Nothing of the library is
used. tools/expected_values.py writes the files.
"""

import math
import random
import statistics

DIMENSION = 10


def sphere(rng, count, d):
    rows = []
    for _ in range(count):
        x = [rng.gauss(0, 1) for _ in range(d)]
        norm = math.sqrt(sum(c * c for c in x))
        rows.append([c / norm for c in x])
    return rows


def kernel(x, y, mode):
    """K, or K + Gamma, of two unit vectors."""
    t = max(-1.0, min(1.0, sum(a * b for a, b in zip(x, y))))
    theta = math.acos(t)
    value = t * (math.pi - theta)
    if mode == "joint":
        value += math.sin(theta) + (math.pi - theta) * t
    return value / (2 * math.pi)


def gram(rows, mode):
    # acos loses the zero angle of a vector with itself.
    diagonal = 1.0 if mode == "joint" else 0.5
    return [[diagonal if i == j else kernel(x, y, mode) for j, y in enumerate(rows)]
            for i, x in enumerate(rows)]


def cholesky(a):
    n = len(a)
    low = [[0.0] * n for _ in range(n)]
    for i in range(n):
        for j in range(i + 1):
            s = a[i][j] - sum(low[i][k] * low[j][k] for k in range(j))
            low[i][j] = math.sqrt(s) if i == j else s / low[j][j]
    return low


def solve(low, b):
    n = len(low)
    y = []
    for i in range(n):
        y.append((b[i] - sum(low[i][k] * y[k] for k in range(i))) / low[i][i])
    for i in reversed(range(n)):
        y[i] = (y[i] - sum(low[k][i] * y[k] for k in range(i + 1, n))) / low[i][i]
    return y


def limit_error(rng, n, mode, queries):
    """Mean of |x - X Km^-1 k(x)|^2 over new samples, one data set."""
    rows = sphere(rng, n, DIMENSION)
    low = cholesky(gram(rows, mode))
    targets = [solve(low, [row[c] for row in rows]) for c in range(DIMENSION)]
    total = 0.0
    for x in sphere(rng, queries, DIMENSION):
        k = [kernel(x, row, mode) for row in rows]
        total += sum((x[c] - sum(a * b for a, b in zip(k, targets[c]))) ** 2
                     for c in range(DIMENSION))
    return total / queries


def one_sample_error(mode):
    """E over the sphere of |x - a(theta) x_1|^2 by the midpoint rule."""
    weight = total = 0.0
    for i in range(20000):
        theta = math.pi * (i + 0.5) / 20000
        w = math.sin(theta) ** (DIMENSION - 2)
        c = math.cos(theta)
        a = c * (math.pi - theta) / math.pi
        if mode == "joint":
            a = (2 * (math.pi - theta) * c + math.sin(theta)) / (2 * math.pi)
        weight += w
        total += w * (1 - 2 * a * c + a * a)
    return total / weight


def number(case, quantity, value, tolerance, reason, index=""):
    return [case, quantity, index, repr(float(value)), repr(float(tolerance)), reason]


def closed(case, quantity, value, relative=1e-9, reason="closed form"):
    return number(case, quantity, value, max(1e-12, relative * abs(value)), reason)


def verdict(case, quantity, expected, reason):
    return [case, "verdict:" + quantity, "", expected, "", reason]


def loss_curves():
    rows = []
    unit = "norms are 1 to the rounding of a dozen operations"
    for mode in ("weak", "joint", "decoder"):
        for neurons in (256, 1024, 4096, 16384):
            case = f"{mode}, N = {neurons}"
            rows += [closed(case, "initial_loss", 0.75 * 20, reason="3/4 of the squares; " + unit),
                     closed(case, "least_neurons", 10 if mode == "joint" else 20)]
            rows.append(verdict(case, "trajectory_constant", "holds", "the measured range of C"))
    # lambda_max of Gamma: its constant mode n/(2 pi), plus at most what the linear one adds.
    rows.append(number("decoder, N = 256", "lambda_max", (20 / (2 * math.pi) + 0.75) / 10, 0.075,
                       "constant mode n/2pi, and up to 1.5 of the others in it"))
    for case in ("weak, N = 16384", "joint, N = 16384"):
        for quantity in ("slope", "encoder_movement", "flips"):
            rows.append(verdict(case, quantity, "holds", "within the stated tolerance"))
    for case in ("joint, N = 16384", "joint, n = 50"):
        rows.append(verdict(case, "decoder_movement", "holds", "within the stated tolerance"))
    return rows


def width():
    rows = []
    for mode in ("weak", "joint", "decoder"):
        for neurons in (10, 25, 100):
            rows.append(closed(f"{mode}, N = {neurons}", "least_neurons",
                               10 if mode == "joint" else 20))
    rows += [verdict("weak, N = 25", "reached", "holds", "below twice the structural width"),
             verdict("joint, N = 25", "reached", "holds", "above twice the structural width"),
             verdict("weak, N = 100", "reached", "holds", "five times the structural width"),
             verdict("joint, N = 40", "guaranteed", "holds", "half of the rate of infinite width")]
    return rows


def stable_step():
    rows = [verdict(f"{m}, {r}", "monotone", "holds", "above or below 2/lambda_max")
            for m in ("weak", "joint") for r in ("1", "1.8", "2.5", "6")]
    rows += [verdict(f"{m}, {r}", "reached", "holds", "below 2/lambda_max, 400 steps")
             for m in ("weak", "joint") for r in ("1", "1.8")]
    return rows + [verdict(c, "diverged", "holds", "far above 2/lambda_max")
                   for c in ("weak, 6", "joint, 6")]


def tying():
    rows = []
    d, n = DIMENSION, 20
    for neurons in (256, 1024, 4096, 16384):
        for variance in (1, 2):
            case = f"variance {variance}, N = {neurons}"
            spread = variance ** 2 * (2 * d + 3) / (4 * neurons)
            rows += [closed(case, "start_slope", variance / 2),
                     closed(case, "start_spread", spread),
                     closed(case, "start_loss", n / 2 * ((variance / 2 - 1) ** 2 + spread))]
    for neurons in (16384, 100000):
        case = f"standard, N = {neurons}"
        slope, spread = math.sqrt(neurons / d) / 2, (2 * d + 3) / (4 * d)
        rows += [closed(case, "start_slope", slope), closed(case, "start_spread", spread),
                 closed(case, "start_loss", n / 2 * ((slope - 1) ** 2 + spread))]
    for neurons in (1024, 16384):
        case = f"variance 2, d = 60, N = {neurons}"
        rows += [closed(case, "start_slope", 1.0),
                 closed(case, "start_loss", 40 / 2 * 4 * (2 * 60 + 3) / (4 * neurons)),
                 verdict(case, "initial_loss", "holds", "40 x 60 entries of one random matrix")]
    for neurons in (256, 1024, 4096, 16384):
        rows.append(verdict(f"variance 2, N = {neurons}", "movement_constant", "holds",
                            "beside the linearisation at the same start"))
    rows.append(verdict("standard, N = 16384", "start_gain", "holds", "the output blows up"))
    return rows + [verdict("", "exponent:relative_movement", "holds",
                           "power 0 for variance 1, -1/2 for variance 2")]


def memorise():
    rows = []
    for mode in ("weak", "joint"):
        rows.append(number(f"{mode}, n = 1", "test_error_limit", one_sample_error(mode), 0.02,
                           "exact mean over the sphere; 1000 queries of spread 0.1"))
        rng = random.Random(1911)
        for n, sets in ((5, 24), (10, 24), (20, 16), (40, 6)):
            errors = [limit_error(rng, n, mode, 120) for _ in range(sets)]
            rows.append(number(f"{mode}, n = {n}", "test_error_limit", statistics.mean(errors),
                               4 * statistics.stdev(errors),
                               f"mean of {sets} independent data sets, four times their spread"))
        rows += [verdict(f"{mode}, n = {n}", "test_error", "holds", "within the stated tolerance")
                 for n in (1, 5, 10, 20)]
        rows += [verdict(f"{mode}, n = {n}", "prediction", "holds", "of order 1/sqrt(N)")
                 for n in (5, 10, 20)]
    return rows


def near_duplicates():
    return [verdict(f"noise {s}", q, "holds", "neurons between the two samples, a share angle/pi")
            for s in (0.2, 0.1, 0.05) for q in ("pair_rate", "slope")]


def images():
    rows = [verdict(f"joint, n = {n}", quantity, "holds", "the kernel predicts the blend")
            for quantity in ("test_error", "prediction") for n in (10, 50, 200)]
    return rows + [verdict(f"tied, n = {n}", "start_gain", "holds", "the identity before training")
                   for n in (10, 50, 200)]


EXPERIMENTS = {
    "loss_curves": loss_curves,
    "width": width,
    "stable_step": stable_step,
    "tying": tying,
    "memorise": memorise,
    "near_duplicates": near_duplicates,
    "images_fashion": images,
    "images_mnist": images,
}
