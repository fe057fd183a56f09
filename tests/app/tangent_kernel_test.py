#!/usr/bin/env python3
"""tangent_kernel from end to end: prediction, run, query audit, bad input."""

import array
import json
import math
import signal
import struct
import time

from command_line import BAD_DATA, DIVERGED, OK, PREEMPTED, USAGE, CommandLineTest, main

SPEC = """
system = "tangent_kernel"
seed = 1
[data]
source = "unit_sphere"
dimension = 10
samples = 20
[model]
neurons = 4096
init = "plain"
[train]
mode = "joint"
step = "auto"
steps = 100
[record]
steps = [0, 10, 100]
"""


def npy(rows, shape=None):
    """Bytes of a .npy file of doubles."""
    shape = shape or (len(rows), len(rows[0]))
    header = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}"
    header += " " * (63 - (10 + len(header)) % 64) + "\n"
    values = array.array("d", [value for row in rows for value in row]).tobytes()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + values


def dot(x, y):
    return sum(a * b for a, b in zip(x, y))


def times(A, B):
    return [[dot(row, column) for column in zip(*B)] for row in A]


def kernels(rows):
    """K, Gamma and P of docs/theory/tangent_kernel.md#kernels, written once more."""
    def entry(x, y):
        length = math.sqrt(dot(x, x) * dot(y, y))
        theta = 0.0 if x == y else math.acos(dot(x, y) / length)
        active = (math.pi - theta) / (2 * math.pi)
        gamma = length * (math.sin(theta) + (math.pi - theta) * math.cos(theta)) / (2 * math.pi)
        return dot(x, y) * active, gamma
    pairs = [[entry(x, y) for y in rows] for x in rows]
    return [[k for k, _ in row] for row in pairs], [[g for _, g in row] for row in pairs]


def largest_eigenvalue(A):
    v = [1.0 + 0.1 * i for i in range(len(A))]
    for _ in range(5000):
        w = [dot(row, v) for row in A]
        size = math.sqrt(dot(w, w))
        v = [value / size for value in w]
    return size


class TangentKernel(CommandLineTest):
    def setUp(self):
        super().setUp()
        self.spec = self.write("tangent.toml", SPEC)

    def test_prediction_is_consistent_with_itself(self):
        prediction = self.predict(self.spec)
        summary, series = prediction["summary"], prediction["series"]
        self.assertEqual(series["steps"], [0, 10, 100])
        self.assertAlmostEqual(summary["stable_step"] * summary["lambda_max"], 2.0, places=12)
        # 3/4 of the squares of 20 unit vectors.
        self.assertAlmostEqual(series["loss"][0], 15.0, places=9)
        self.assertEqual(sorted(series["loss"], reverse=True), series["loss"])
        self.assertGreater(summary["weight_movement"]["encoder"], 0.0)
        self.assertGreater(summary["weight_movement"]["decoder"], 0.0)
        self.assertGreater(summary["flip_fraction"], 0.0)
        # A silent start has E_0 = X.
        silent = self.predict(self.spec, *self.sets(model__init="antisymmetric"))
        self.assertAlmostEqual(silent["series"]["loss"][0], 10.0, places=9)

    def own_data(self, rows, **keys):
        """Settings for these rows as the only samples."""
        data = self.write("x.npy", npy(rows))
        return self.sets(data__source="npy", data__path=data, data__dimension=len(rows[0]),
                         data__samples=len(rows), data__split="[1,0]", **keys)

    def test_prediction_is_what_the_page_says(self):
        rows = [[1.0, 0.2, 0.0], [0.1, 0.9, -0.3], [-0.5, 0.4, 0.8], [0.3, -0.7, 0.6]]
        n, d, steps = 4, 3, 30
        K, G = kernels(rows)
        gram = times(rows, [list(column) for column in zip(*rows)])
        for mode, (encoder, decoder) in {"weak": (1, 0), "joint": (1, 1), "decoder": (0, 1)}.items():
            with self.subTest(mode):
                out = self.predict(self.spec, *self.own_data(
                    rows, train__mode=mode, train__step=0.5, train__steps=steps,
                    record__steps=f"[0,{steps}]", model__init="antisymmetric"))
                summary = out["summary"]
                theta = [[(encoder * K[i][j] + decoder * G[i][j]) / d for j in range(n)] for i in range(n)]
                top = largest_eigenvalue(theta)
                low = top - largest_eigenvalue([[top * (i == j) - theta[i][j] for j in range(n)] for i in range(n)])
                # Power iteration of four well separated eigenvalues ends at rounding.
                self.assertAlmostEqual(summary["lambda_max"], top, delta=1e-12)
                self.assertAlmostEqual(summary["lambda_min"], low, delta=1e-12)
                # E_t, and the sum M of all of them, step by step from E_0 = X.
                E, M, loss = rows, [[0.0] * d for _ in range(n)], []
                for _ in range(steps):
                    M = [[m + 0.5 * e for m, e in zip(*pair)] for pair in zip(M, E)]
                    E = [[e - 0.5 * c for e, c in zip(*pair)] for pair in zip(E, times(theta, E))]
                self.assertAlmostEqual(out["series"]["loss"][1], sum(dot(e, e) for e in E) / 2, delta=1e-12)
                inner = [[dot(a, b) for b in M] for a in M]
                moved = [math.sqrt(sum(k * m for ks, ms in zip(kernel, inner) for k, m in zip(ks, ms)) / d)
                         for kernel in (K, G)]
                self.assertAlmostEqual(summary["weight_movement"]["encoder"], encoder * moved[0], delta=1e-11)
                self.assertAlmostEqual(summary["weight_movement"]["decoder"], decoder * moved[1], delta=1e-11)
                # The simpler of the page's two laws of flips; they differ by a few per cent.
                flips = 0.0
                for i in range(n):
                    shift = sum(inner[j][l] * gram[i][j] * gram[i][l] * (K[j][l] / gram[j][l])
                                for j in range(n) for l in range(n))
                    flips += encoder * math.sqrt(shift / (4096 * d)) / (math.pi * math.sqrt(gram[i][i])) / n
                self.assertAlmostEqual(summary["flip_fraction"], flips, delta=0.1 * flips)

    def test_empirical_kernel_is_another_one_but_close(self):
        infinite = self.predict(self.spec)["summary"]["lambda_max"]
        finite = self.predict(self.spec, *self.sets(predict__kernel="empirical"))
        finite = finite["summary"]["lambda_max"]
        self.assertNotEqual(finite, infinite)
        self.assertLess(abs(finite / infinite - 1.0), 6.0 / 4096 ** 0.5)

    def test_run_is_judged_and_leaves_a_record(self):
        self.assertExit(self.twofold("run", self.spec, "--out", "out"), OK)
        record = self.record("out")
        self.assertEqual([c["verdict"] for c in record["claims"]], ["holds"])
        self.assertTrue((self.folder / "out" / "arrays" / "outputs-case1-1.npy").exists())

    def test_audit_says_what_a_query_is_answered_with(self):
        queries = self.write("q.npy", npy([[1.0] + [0.0] * 9, [0.5] * 10]))
        audit = self.predict(self.spec, "--query", queries)
        self.assertEqual(len(audit["queries"]), 2)
        for row in audit["queries"]:
            self.assertEqual(len(row["weights"]), 20)
            self.assertEqual(len(row["output"]), 10)
            # 20 samples span ten dimensions.
            self.assertLess(row["off_span"], 1e-6)
            self.assertGreater(row["start_noise_sd"], 0.0)
            self.assertIn(row["verdict"], ("reproduced", "blended", "lost"))
        nothing = self.write("zero.npy", npy([[0.0] * 10]))
        row = self.predict(self.spec, "--query", nothing)["queries"][0]
        self.assertEqual((row["distance"], row["training"]), (0.0, []))
        table = self.twofold("predict", self.spec, "--query", queries)
        self.assertExit(table, OK)
        self.assertIn("training rows (weight)", table.stdout)

    def test_audit_refuses_what_does_not_fit(self):
        short = self.write("short.npy", npy([[1.0, 2.0]]))
        self.assertRefused(self.twofold("predict", self.spec, "--query", short), BAD_DATA,
                           "short.npy", "2 numbers", "10")
        self.assertRefused(self.twofold("predict", self.spec, "--query", "none.npy"), BAD_DATA,
                           "none.npy")
        broken = self.write("broken.npy", npy([[1.0] * 10, [2.0] * 9 + [math.nan]]))
        self.assertRefused(self.twofold("predict", self.spec, "--query", broken), BAD_DATA,
                           "broken.npy", "row 1, column 9", "nan")
        empty = self.write("empty.npy", npy([[]], shape=(0, 10)))
        self.assertRefused(self.twofold("predict", self.spec, "--query", empty), BAD_DATA,
                           "empty.npy", "0 rows")
        flat = self.write("flat.npy", npy([[1.0] * 10], shape=(10,)))
        self.assertRefused(self.twofold("predict", self.spec, "--query", flat), BAD_DATA,
                           "flat.npy", "two axes", "reshape")
        large = self.sets(train__step_ratio=2.5)
        good = self.write("good.npy", npy([[1.0] * 10]))
        self.assertRefused(self.twofold("predict", self.spec, "--query", good, *large), USAGE,
                           "2/λ_max", "train.step")
        tied = self.sets(train__mode="tied")
        self.assertRefused(self.twofold("predict", self.spec, "--query", short, *tied), USAGE,
                           "tied")

    def test_warnings_before_and_exit_code_after_a_step_that_is_too_large(self):
        done = self.twofold("run", self.spec, "--out", "out", *self.sets(train__mode="decoder", train__step_ratio=4.0))
        self.assertExit(done, DIVERGED, "above 2/λ_max", "diverged at step")
        # A little too large is warned of; it need not diverge.
        done = self.twofold("run", self.spec, "--out", "some", *self.sets(train__step_ratio=2.2))
        self.assertIn("above 2/λ_max", done.stderr)
        self.assertIn(done.returncode, (OK, DIVERGED))

    def test_rises_of_the_loss_are_told(self):
        done = self.twofold("run", self.spec, "--out", "out", *self.sets(train__step_ratio=2.5))
        self.assertExit(done, OK, "above 2/λ_max", "catapult: the loss rose from")

    def test_too_few_neurons_and_copies_are_named(self):
        done = self.twofold("run", self.spec, "--out", "out",
                            *self.sets(model__neurons=6, train__steps=5, record__steps="[0,5]"))
        self.assertIn("at least 10 neurons are needed", done.stderr)
        copies = self.predict(self.spec, *self.own_data([[1.0, 0.0], [0.0, 1.0], [3.0, 0.0]]))
        named = [t for t in copies["trust"] if t["name"] == "lambda_min"]
        self.assertIn("rows 0 and 2", named[0]["text"])
        self.assertIn("pseudo-inverse", named[0]["text"])
        self.assertGreater(copies["summary"]["lambda_min"], 0.0)

    def test_norms_that_differ_are_warned_of(self):
        rows = [[1e3, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.3, 1e-3]]
        done = self.twofold("run", self.spec, "--out", "out", *self.own_data(rows))
        self.assertIn("norm_ratio = 3.33e+03", done.stderr)
        self.assertIn("unit_norm", done.stderr)

    def test_samples_that_cannot_be_used_are_refused(self):
        bad = [[1.0, 2.0], [3.0, math.nan], [4.0, 5.0]]
        for command in ("predict", "run"):
            self.assertRefused(self.twofold(command, self.spec, *self.own_data(bad)), BAD_DATA,
                               "x.npy", "row 1, column 1", "nan")
            same = self.own_data([[1.0, 2.0]] * 3, data__transforms='["center","unit_norm"]')
            self.assertRefused(self.twofold(command, self.spec, *same), BAD_DATA,
                               "all samples are 0", "data.transforms")
        self.assertRefused(self.twofold("predict", self.spec, *self.sets(data__samples=6000)), USAGE,
                           "6000 samples", "data.samples", "twofold advise")

    def test_mistakes_in_a_spec_are_named_with_the_remedy(self):
        for words, keys in {
                ("train.mode", "weak, joint, decoder, tied"): {"train__mode": "strong"},
                ("train.mdoe", "did you mean 'train.mode'"): {"train__mdoe": "weak"},
                ("record.steps must increase", "train.steps = 100"): {"record__steps": "[10,5]"},
                ("record.steps must increase", "[5, 5]"): {"record__steps": "[5,5]"},
                ("record.steps must increase", "[0, 101]"): {"record__steps": "[0,101]"},
                ("record.steps = -1", ">= 0"): {"record__steps": "[-1,5]"},
                ("record.window", "high > low"): {"record__window": "[1e-7,1e-3]"},
                ("antisymmetric", "model.neurons = 15 is odd"):
                    {"model__neurons": 15, "model__init": "antisymmetric"},
                ("train.step and train.step_ratio", "leave one out"):
                    {"train__step": 1.0, "train__step_ratio": 1.0},
                ("train.step", "> 0"): {"train__step": -1.0},
                ("data.samples", "never ends"): {"data__samples": 0},
                ("predict.kernel", "infinite, empirical"): {"predict__kernel": "exact"},
                ("train.decoder_step", "joint"): {"train__mode": "weak", "train__decoder_step": 0.1}}.items():
            with self.subTest(keys=keys):
                self.assertRefused(self.twofold("predict", self.spec, *self.sets(**keys)), USAGE, *words)

    def test_claims_that_cannot_be_judged_do_not_cost_the_run(self):
        claim = '\n[[claim]]\nquantity = "slope"\ntolerance = 0.1\nreason = "none"\n'
        spec = self.write("slope.toml", SPEC + claim)
        done = self.twofold("run", spec, "--out", "out", *self.sets(train__steps=3, record__steps="[0,3]"))
        self.assertExit(done, OK)
        judged = self.record("out")["claims"][0]
        self.assertEqual(judged["verdict"], "not applicable")
        self.assertIn("record.window", judged["why"])
        claim = claim.replace("slope", "loss") + "time = 7\n"
        self.assertRefused(self.twofold("run", self.write("loss.toml", SPEC + claim)), USAGE,
                           "time = 7", "record.steps")

    def test_threads_do_not_change_a_bit(self):
        for mode in ("joint", "tied"):
            done = {}
            for threads in (1, 2):
                out = f"{mode}-{threads}"
                self.twofold("run", self.spec, "--out", out, "--threads", threads, *self.sets(train__mode=mode))
                done[threads] = self.results(out), self.predict(
                    self.spec, "--threads", threads, *self.sets(train__mode=mode))
            self.assertEqual(done[1], done[2])

    def test_a_stopped_run_goes_on_to_the_same_bits(self):
        self.stop_and_go_on()

    def test_a_stopped_run_without_theory_goes_on_to_the_same_bits(self):
        # Its checkpoint holds records without a deviation from theory.
        self.stop_and_go_on(predict__skip="true")

    def stop_and_go_on(self, **keys):
        slow = self.sets(model__neurons=20000, train__steps=600, record__steps="[0,10,300,600]",
                         train__checkpoint_seconds=0.05, **keys)
        self.assertExit(self.twofold("run", self.spec, "--out", "alone", *slow), OK)
        process = self.start("run", self.spec, "--out", "stopped", *slow)
        checkpoint, deadline = self.folder / "stopped" / "checkpoint" / "case1-1", time.monotonic() + 60
        while not checkpoint.exists() or not any(checkpoint.iterdir()):
            self.assertIsNone(process.poll(), "the run ended before it could be stopped")
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.002)
        process.send_signal(signal.SIGTERM)
        self.assertIn("stopped and checkpointed", process.stderr.read())
        self.assertEqual(process.wait(), PREEMPTED)
        done = self.twofold("run", self.spec, "--out", "stopped", "--resume", "--threads", 2, *slow)
        self.assertExit(done, OK, "going on from step")
        self.assertEqual(self.results("stopped"), self.results("alone"))
        self.assertEqual(self.record("stopped")["summary"], self.record("alone")["summary"])

    def test_a_file_of_few_rows_is_enough(self):
        rows = [[math.sin(1.0 + 3 * i + j) for j in range(4)] for i in range(30)]
        data = self.write("few.npy", npy(rows))
        summary = self.predict("--data", data, "--system", "tangent_kernel")["summary"]
        self.assertEqual(summary["samples"], 24)
        self.assertGreater(summary["test_error"], 0.0)

    def test_a_kernel_too_large_for_memory_is_refused_with_its_size(self):
        done = self.twofold("predict", self.spec, *self.sets(
            data__dimension=400, model__neurons=50, predict__kernel="empirical"))
        self.assertRefused(done, USAGE, "0.512 GB", "predict.memory", "infinite")

    def test_json_of_a_sweep_holds_its_cases(self):
        spec = self.write("sweep.toml", SPEC + "\n[sweep]\nkey = \"model.neurons\"\nvalues = [64, 256]\n")
        done = self.twofold("predict", spec, "--json")
        self.assertExit(done, OK)
        self.assertEqual([c["case"] for c in json.loads(done.stdout)["cases"]], ["64", "256"])


if __name__ == "__main__":
    main()
