"""What the predictions of experiments/one_bit must say, computed in plain Python.

State evolution with trapezoid sums over mixtures, closed forms for the limits, a golden-section
search for the family between rotation and axes, bisection for the best scaling: nothing of the
library is used. tools/expected_values.py writes the files.
"""

import math

SQRT2PI = math.sqrt(2 * math.pi)
C = math.pi / 2 - 1

# The sums below agree with ones of half the step to 1e-8.
QUADRATURE = 1e-6
QUADRATURE_REASON = "trapezoid sums here, 1e-8; panels in the library, 1e-9"
CLOSED = 1e-9
CLOSED_REASON = "closed form"


def phi(x):
    return math.exp(-0.5 * x * x) / SQRT2PI


def cdf(x):
    return 0.5 * math.erfc(-x / math.sqrt(2))


def sign_variance(v):
    """e(v): mean variance of z ~ N(m, v), m ~ N(0, 1 - v), after its sign."""
    if v >= 1 - 1e-14:
        return 1 - 2 / math.pi
    sd = math.sqrt((1 - v) / v)
    steps, reach = 4000, 12 * max(sd, 1)
    h = 2 * reach / steps
    total = 0.0
    for i in range(steps + 1):
        k = -reach + i * h
        if k > -30:
            total += math.exp(-0.5 * (k / sd) ** 2 - k * k) / cdf(k)
    return v - 2 * v * total * h / (sd * SQRT2PI * 2 * math.pi)


def mixture(source, p, s=0.8):
    """Components (weight, mean, variance) of the priors that are mixtures."""
    spike = [(1 - p, 0.0, 0.0)] if p < 1 else []
    if source == "sparse_gaussian":
        return spike + [(p, 0.0, 1 / p)]
    if source == "sparse_rademacher":
        return spike + [(p / 2, m, 0.0) for m in (p ** -0.5, -p ** -0.5)]
    if source == "sparse_mixture":
        return spike + [(p / 2, m, (1 - s) / p) for m in (math.sqrt(s / p), -math.sqrt(s / p))]
    return [(1.0, 0.0, 1.0)]


def mmse(components, t):
    """E Var(x | x + sqrt(t) g), component by component on a grid of its own density."""
    def variance(w):
        logs = [math.log(a) - 0.5 * math.log(v + t) - 0.5 * (w - m) ** 2 / (v + t)
                for a, m, v in components]
        top = max(logs)
        weights = [math.exp(x - top) for x in logs]
        total = sum(weights)
        means = [(v * w + t * m) / (v + t) for _, m, v in components]
        mean = sum(a * m for a, m in zip(weights, means)) / total
        return sum(a * (v * t / (v + t) + (m - mean) ** 2)
                   for a, m, (_, _, v) in zip(weights, means, components)) / total

    # Steps of a tenth of the narrowest width, so that every structure is seen.
    finest = min(math.sqrt(v + t) for _, _, v in components)
    total = 0.0
    for a, m, v in components:
        if m < 0:
            continue  # the law is symmetric: counted with its mirror image
        sd = math.sqrt(v + t)
        steps = max(400, int(20 * sd / (0.1 * finest)))
        h = 20 * sd / steps
        part = sum(phi((i * h - 10 * sd) / sd) * variance(m + i * h - 10 * sd)
                   for i in range(steps + 1))
        total += a * (2 if m > 0 else 1) * part * h / sd
    return total


def state_evolution(components, r, layers):
    """Errors after 1 .. layers."""
    ex, g1, h, errors = 1.0, 0.0, 0.0, []
    for t in range(layers):
        g2 = 1 / ex - g1
        gz = g2 if r <= 1 else 1 / ex - h
        vz = 1.0 if t == 0 else min(1 / gz, 1.0)
        ez = sign_variance(vz)
        h = 1 / ez - 1 / vz
        g1 = g2 * r * h / (g2 + (1 - r) * h) if r <= 1 else r * h
        ex = mmse(components, 1 / g1)
        errors.append(ex)
    return errors


def gaussian_limit(r):
    return 1 - 2 * r / math.pi if r <= 1 else C / (r + C)


def mean_abs(source, p):
    return math.sqrt(2 * p / math.pi) if source == "sparse_gaussian" else math.sqrt(p)


def least_tilted(p):
    """Least R over k = cot(theta) for the sparse Rademacher law, closed a and b."""
    def loss(k):
        u = k / math.sqrt(p)
        a = math.sqrt(p) * (2 * cdf(u) - 1)
        b = 2 * ((1 - p) * phi(0) + p * phi(u))
        return 1 - a * a - b * b
    grid = [0.02 * 1.15 ** i for i in range(60)]
    best = min(range(60), key=lambda i: loss(grid[i]))
    low, high = (grid[best - 1] if best else 0.0), grid[min(best + 1, 59)]
    ratio = (math.sqrt(5) - 1) / 2
    for _ in range(80):
        a, b = high - ratio * (high - low), low + ratio * (high - low)
        low, high = (low, b) if loss(a) < loss(b) else (a, high)
    # k to infinity: nearly the identity.
    return min(loss(low), loss(0.0), 1 - p - 2 / math.pi * (1 - p) ** 2)


def best_scaling_loss(variances, n):
    """Bisection for the common marginal gain."""
    def energies(mu):
        return [max(0.0, math.sqrt(C * s) / mu - C) for s in variances]
    low, high = 1e-9, 1e3
    for _ in range(200):
        mu = math.sqrt(low * high)
        low, high = (mu, high) if sum(energies(mu)) > n else (low, mu)
    return sum(s * C / (C + e) for s, e in zip(variances, energies(low))) / sum(variances)


def closed(case, quantity, value):
    return [case, quantity, "", repr(value), repr(CLOSED), CLOSED_REASON]


def layers(case, source, p, r, depths, s=0.8):
    errors = state_evolution(mixture(source, p, s), r, max(depths))
    return [[case, "layers", i, repr(errors[L - 1]), repr(QUADRATURE), QUADRATURE_REASON]
            for i, L in enumerate(depths)]


def verdict(case, quantity, expected, reason):
    return [case, "verdict:" + quantity, "", expected, "", reason]


def rates():
    rows = []
    for p in (0.1, 0.3, 0.6):
        for r in (0.25, 0.5, 0.75, 1.0, 1.5, 2.0):
            case = f"p = {p}, r = {r}"
            rows += [closed(case, "gaussian_limit", gaussian_limit(r)),
                     closed(case, "linear", gaussian_limit(r)),
                     closed(case, "critical_sparsity", 1.0),
                     closed(case, "stability_sparsity", 1.0)]
            if r <= 1:
                rows.append(closed(case, "identity",
                                   1 - r * mean_abs("sparse_gaussian", p) ** 2))
            rows += layers(case, "sparse_gaussian", p, r, (1, 3, 10))
    return rows


def depth():
    depths = (1, 2, 3, 4, 6, 10)
    return (layers("sparse Gaussian, p = 0.3", "sparse_gaussian", 0.3, 1.0, depths)
            + layers("sparse Rademacher, p = 0.8", "sparse_rademacher", 0.8, 1.0, depths)
            + layers("sparse mixture, p = 0.3, s = 0.8", "sparse_mixture", 0.3, 1.0, depths))


def hard_phase():
    rows = layers("r = 1.5", "sparse_rademacher", 0.3, 1.5, (1, 2, 4, 8))
    rows.append(["r = 1.5", "bayes", "", "0.0", "0.0",
                 "H = 1.181 bits: any decoder may recover exactly from 1.4 bits on"])
    return rows + [verdict("r = 1.5", "deepest", "holds", "the decoder stops above the Bayes error"),
                   verdict("r = 1.75", "deepest", "holds", "past the hard phase it recovers")]


def encoders():
    rows = []
    for r in (0.5, 1.0, 2.0):
        errors = layers("", "sparse_gaussian", 0.3, r, (1, 3))
        for name in ("haar", "hadamard", "dct", "one_round"):
            rows += [[f"{name}, r = {r}", *row[1:]] for row in errors]
    return rows


def transition():
    rows = []
    for p in (0.25, 0.4, 0.55, 0.7, 0.9):
        case = f"Rademacher, p = {p}"
        rows += [closed(case, "critical_sparsity", 2 / math.pi),
                 closed(case, "stability_sparsity", 1 / 3),
                 closed(case, "identity", 1 - p),
                 [case, "tilted_rotation", "", repr(least_tilted(p)), "1e-08",
                  "golden-section search here, Brent's method in the library"]]
    return rows + [verdict("Rademacher, p = 0.25", "trained_gaussian", "holds", "below p_s"),
                   verdict("Rademacher, p = 0.7", "above_family", "holds", "above p_s")]


def gaussian_plateau():
    rows = [closed("Gaussian, r = 1", "gaussian_limit", 1 - 2 / math.pi)]
    for r in (1.0, 0.5):
        # 1 - 2r/pi (1 - k4 s/24)^2, k4 = 3/p - 3, s = 1.3/d.
        value = 1 - 2 * r / math.pi * (1 - 7 * 1.3 / 64 / 24) ** 2
        rows.append(closed(f"sparse, r = {r:g}", "trained", value))
    return rows


def anisotropic():
    return [[f"variances i^-{q:g}", "trained", "",
             repr(best_scaling_loss([(i + 1) ** -q for i in range(64)], 64)), "1e-08",
             "bisection here, sorting in the library; 12 digits of the variances"]
            for q in (0.5, 1)]


def images(cases, bare):
    rows = []
    for case in cases:
        rows += [verdict(case, "linear", "holds", "a rotation of any vector looks Gaussian"),
                 verdict(case, "denoised", "holds", "the first layer is a Gaussian channel")]
    return rows + [verdict(bare, "linear", "not applicable", "energies vary, norm not stored")]


DRAWINGS = ["whitened, r = 1", "whitened, r = 0.5", "masked, r = 1", "masked, r = 0.5"]

EXPERIMENTS = {
    "rates": rates,
    "layers": depth,
    "hard_phase": hard_phase,
    "norms": lambda: [verdict("d = 1024, stored", "layer", "holds", "as predicted")],
    "encoders": encoders,
    "ri_gamp": lambda: [verdict(f"rotation, r = {r}", "ri_gamp", "holds", "one decoder")
                        for r in (0.5, 1.0, 1.5, 2.0)],
    "gaussian_plateau": gaussian_plateau,
    "escape": lambda: [verdict("p = 0.3", "axis_rows", "holds", "no row leaves"),
                       verdict("p = 0.8", "axis_rows", "holds", "every row leaves")],
    "transition": transition,
    "anisotropic": anisotropic,
    "unrolled": lambda: [verdict(c, "unrolled", "holds", "training finds the layers")
                         for c in ("from the state evolution", "from nothing")],
    "images_fashion": lambda: images(DRAWINGS, "whitened, no norm"),
    "images_mnist": lambda: images(DRAWINGS, "whitened, no norm"),
    "images_cifar10": lambda: images(["grey, r = 1", "grey, masked", "colour patches, r = 1"],
                                     "grey, no norm"),
}
