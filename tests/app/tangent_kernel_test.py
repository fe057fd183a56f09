#!/usr/bin/env python3
"""tangent_kernel from end to end: prediction, run, query audit, bad input."""

import array
import json
import struct

from command_line import BAD_DATA, DIVERGED, OK, USAGE, CommandLineTest, main

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


def npy(rows):
    """Bytes of a .npy file of doubles."""
    header = f"{{'descr': '<f8', 'fortran_order': False, 'shape': ({len(rows)}, {len(rows[0])}), }}"
    header += " " * (63 - (10 + len(header)) % 64) + "\n"
    values = array.array("d", [value for row in rows for value in row]).tobytes()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + values


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
        table = self.twofold("predict", self.spec, "--query", queries)
        self.assertExit(table, OK)
        self.assertIn("training rows (weight)", table.stdout)

    def test_audit_refuses_what_does_not_fit(self):
        short = self.write("short.npy", npy([[1.0, 2.0]]))
        self.assertRefused(self.twofold("predict", self.spec, "--query", short), BAD_DATA,
                           "short.npy", "2 numbers", "10")
        self.assertRefused(self.twofold("predict", self.spec, "--query", "none.npy"), BAD_DATA,
                           "none.npy")
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

    def test_too_few_neurons_and_copies_are_named(self):
        done = self.twofold("run", self.spec, "--out", "out",
                            *self.sets(model__neurons=6, train__steps=5, record__steps="[0,5]"))
        self.assertIn("at least 10 neurons are needed", done.stderr)
        rows = [[1.0, 0.0], [0.0, 1.0], [3.0, 0.0]]
        data = self.write("x.npy", npy(rows))
        copies = self.predict(self.spec, *self.sets(
            data__source="npy", data__path=data, data__dimension=2, data__samples=3,
            data__split="[1,0]"))
        named = [t for t in copies["trust"] if t["name"] == "lambda_min"]
        self.assertIn("rows 0 and 2", named[0]["text"])
        self.assertGreater(copies["summary"]["lambda_min"], 0.0)

    def test_a_kernel_too_large_for_memory_is_refused_with_its_size(self):
        done = self.twofold("predict", self.spec, *self.sets(
            data__dimension=400, model__neurons=50, predict__kernel="empirical"))
        self.assertRefused(done, USAGE, "0.512 GB")

    def test_json_of_a_sweep_holds_its_cases(self):
        spec = self.write("sweep.toml", SPEC + "\n[sweep]\nkey = \"model.neurons\"\nvalues = [64, 256]\n")
        done = self.twofold("predict", spec, "--json")
        self.assertExit(done, OK)
        self.assertEqual([c["case"] for c in json.loads(done.stdout)["cases"]], ["64", "256"])


if __name__ == "__main__":
    main()
