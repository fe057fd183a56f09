#!/usr/bin/env python3
"""Training in float, split_bf16 and double: who may, what is said of it, and how close they are."""

import csv
import math

from command_line import OK, SPEC, USAGE, CommandLineTest, main

TANGENT = """
system = "tangent_kernel"
[data]
dimension = 10
samples = 20
[model]
neurons = 4096
[train]
mode = "joint"
steps = 30
"""

# Wide enough for the theory to hold.
MEAN_FIELD = SPEC.split("[[claim]]")[0].replace("neurons = 32", "neurons = 2000").replace(
    'init = "iid"', 'init = "paired"').replace("batch = 4", "batch = 64")


class Precision(CommandLineTest):
    def setUp(self):
        super().setUp()
        self.tangent = self.write("tangent.toml", TANGENT)
        self.mean_field = self.write("mean.toml", MEAN_FIELD)

    def run_in(self, precision, spec, *more):
        done = self.twofold("run", spec, "--out", precision, "--precision", precision, *more)
        self.assertExit(done, OK, f"computed in {precision}")
        return self.record(precision)

    def losses(self, folder):
        file, = (self.folder / folder / "series").glob("*-loss.csv")
        return [float(row["value"]) for row in csv.DictReader(file.read_text().splitlines())
                if row["source"] == "measured"]

    def test_split_products_follow_the_loss_of_float_and_keep_the_claims(self):
        for spec in (self.tangent, self.mean_field):
            with self.subTest(spec.name):
                records = [self.run_in(precision, spec, "--force") for precision in ("float", "split_bf16", "double")]
                for record in records:
                    self.assertTrue(record["claims"])
                    self.assertEqual({c["verdict"] for c in record["claims"]}, {"holds"})
                self.assertEqual(*([c["name"] for c in record["claims"]] for record in records[:2]))
                float_loss, split_loss = self.losses("float"), self.losses("split_bf16")
                self.assertNotEqual(float_loss, split_loss)
                self.assertLess(min(float_loss), 0.5 * max(float_loss))
                self.assertEqual(len(float_loss), len(split_loss))
                for a, b in zip(float_loss, split_loss):
                    # The bound that docs/command_line.md#precision states.
                    self.assertTrue(math.isclose(a, b, rel_tol=1e-4), (a, b))

    def test_record_and_report_say_what_computed(self):
        for precision in ("float", "split_bf16", "double"):
            train = self.run_in(precision, self.tangent)["train"]
            self.assertEqual(train["precision"], precision)
            self.assertTrue(train["arithmetic"].startswith(precision))
            self.assertIn(train["arithmetic"], (self.folder / precision / "report.html").read_text())

    def test_of_two_precisions_both_are_named_once(self):
        cases = "".join(f'\n[[case]]\nlabel = "{label}"\nset = ["train.precision={precision}"]\n'
                        for label, precision in (("a", "double"), ("b", "float"), ("c", "double")))
        self.twofold("run", self.write("cases.toml", TANGENT + cases), "--out", "out")
        self.assertEqual(self.record("out")["train"]["precision"], "double; float")

    def test_the_flag_wins(self):
        self.run_in("float", self.tangent, *self.sets(train__precision="double"))

    def test_systems_without_split_products_say_what_they_have(self):
        for system, words in {"one_bit": ("double", "float"),
                              "dictionary_recovery": ("split_bf16", "double and float", "sparse")}.items():
            spec = self.write(f"{system}.toml", f'system = "{system}"\n')
            for keys in (["--precision", "split_bf16"], self.sets(train__precision="split_bf16")):
                self.assertRefused(self.twofold("run", spec, *keys), USAGE, "train.precision", *words)
        self.assertRefused(self.twofold("run", self.tangent, "--precision", "bf16"), USAGE, "split_bf16")
        self.assertRefused(self.twofold("run", self.tangent, *self.sets(train__precision="bf16")), USAGE,
                           "double, float, split_bf16")

    def test_a_run_goes_on_in_its_precision_only(self):
        self.run_in("float", self.mean_field)
        done = self.twofold("run", self.mean_field, "--out", "float", "--resume", "--precision", "split_bf16")
        self.assertRefused(done, USAGE, "another spec")

    def test_threads_do_not_change_a_bit(self):
        for spec in (self.tangent, self.mean_field):
            results = []
            for threads in (1, 2):
                self.run_in("split_bf16", spec, "--threads", threads, "--force")
                results.append(self.results("split_bf16"))
            self.assertEqual(*results)


if __name__ == "__main__":
    main()
