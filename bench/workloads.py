"""What is measured, against whom, and what it must reach: the one list of `make bench`."""
from dataclasses import dataclass

PRECISIONS = ("float", "split_bf16", "double")


@dataclass(frozen=True)
class Goal:
    """A ratio to the peer that must be reached, and one that is hoped for."""
    label: str
    precision: str
    ratio: float
    aim: float


@dataclass(frozen=True)
class Workload:
    """Ours and the peer do the same work on as many threads: one step, or as many vectors.

    `benchmark` and `accuracy` name a benchmark of ours; {} stands for the precision, without it
    there is only the peer's. `warm` is a benchmark of the same step that begins with what the last
    one knew. What is not built is left out.
    """
    name: str
    title: str
    program: str
    benchmark: str
    peer: tuple
    goals: tuple = ()
    accuracy: str = ""
    precision: str = "float"  # that of the peer
    warm: str = ""

    def names(self, precisions):
        """{precision or "warm": name of the benchmark}."""
        found = {precision: self.benchmark.format(precision) for precision in precisions
                 if "{}" in self.benchmark or precision == self.precision}
        return found | ({"warm": self.warm} if self.warm else {})

    def goal_precisions(self):
        """Precisions whose ratio to the peer is shown; the peer's own first."""
        return list(dict.fromkeys([self.precision, *(goal.precision for goal in self.goals)]))


def float_and_split(strict, split):
    return (Goal("float", "float", *strict), Goal("split_bf16", "split_bf16", *split))


def joint(n, d, neurons, strict, split):
    shape = f"{n}/{d}/{neurons}"
    return Workload(
        f"joint_step_{n}_{d}_{neurons}",
        f"full-batch step of both layers, n {n}, d {d}, N {neurons}",
        "bench/twofold_ops_bench", "JointStep/{}/" + shape,
        ("peers/joint_step.py", str(n), str(d), str(neurons)), float_and_split(strict, split),
        "JointAccuracy/{}/" + shape)


def tied(name, title, *goals, warm=""):
    return Workload(f"tied_{name}_step", title, "bench/twofold_ops_bench", f"TiedStep/{name}/{{}}",
                    ("peers/tied_step.py", name), goals, f"TiedAccuracy/{name}/{{}}", warm=warm)


def one_bit(d, ratio, aim):
    return Workload(
        f"one_bit_encode_{d}", f"sign codes of {2**26 // d} vectors, n = d = {d}",
        "bench/twofold_ops_bench", f"OneBitEncode/{{}}/{d}", ("peers/faiss_lsh_encode.py", str(d)),
        (Goal("float", "float", ratio, aim),))


WORKLOADS = (
    joint(100, 50, 20000, (4.5, 6), (8, 12)),
    joint(1000, 784, 4096, (1.1, 1.2), (2.5, 3.5)),
    joint(64, 784, 100000, (1.7, 2.1), (4, 6)),
    tied("threshold", "tied step, hard threshold, batch 1024, d 256, m 512, 19 active",
         Goal("float", "float", 10, 20)),
    tied("top_k", "tied step, top-k 32, batch 4096, d 768, m 12288",
         Goal("cold", "float", 10, 20), Goal("warm", "warm", 15, 20), warm="TopKTraining/sgd"),
    Workload("topk_adam_step", "the same, encoder and decoder apart, biases, Adam",
             "bench/twofold_ops_bench", "TopKTraining/adam", ("peers/topk_step.py",)),
    Workload("mean_field_sgd_step", "mean-field SGD step, batch 100, d 784, N 5000",
             "bench/twofold_ops_bench", "SgdStep/{}", ("peers/mean_field_step.py",),
             float_and_split((1.6, 2.2), (3, 4.5)), "SgdAccuracy/{}"),
    Workload("tangent_gram", "tangent kernel of 10 000 samples, d 784",
             "bench/twofold_theory_bench", "TangentGram/{}", ("peers/numpy_tangent_gram.py",),
             float_and_split((7, 9), (20, 28))),
    one_bit(256, 12, 24),
    one_bit(1024, 25, 45),
    one_bit(4096, 45, 90),
    Workload("orthogonal_matching_pursuit",
             "orthogonal matching pursuit of 4096 vectors, d 64, 256 atoms, k 10",
             "bench/twofold_ops_bench", "Pursuit/{}", ("peers/sklearn_omp.py",),
             precision="double"),
)

# bench/planted_dictionary.py: to a better score than the peer's.
DICTIONARY = Goal("float", "float", 10, 30)

# Ours alone: title, program, benchmark, and the benchmark beside it in the same run or the time
# wanted in ms.
ALONE = (
    ("threshold codes, batch 1024, d 256, m 512, 19 active", "bench/twofold_ops_bench",
     "Codes/threshold", "TiedStep/threshold/float"),
    ("top-k codes, batch 4096, d 768, m 12288, k 32", "bench/twofold_ops_bench", "Codes/top_k",
     "TiedStep/top_k/float"),
    ("second moment of 10 000 x 3072 floats, beside the plain product",
     "bench/twofold_linalg_bench", "SecondMomentOfImages", "PlainProduct"),
    ("one decoded layer beside encoding, 4096 vectors, d 1024", "bench/twofold_decode_bench",
     "Decode/1", "Encode"),
    ("closed form, d 3072, 200 times", "bench/twofold_theory_bench", "BM_ClosedForm200Times", 20),
    ("L2, d 3072, 800 steps, erf", "bench/twofold_theory_bench",
     "norm_concentrated/erf_800_steps", 200),
    ("state evolution of sparse data to its fixed point, 9 pairs of p and rate",
     "bench/twofold_theory_bench", "StateEvolutionFixedPoints", 450),
)

# Steps of JointScaling around these sizes, one size at a time.
SCALING_BASE = {"n": 256, "d": 256, "N": 8192, "threads": 2}
