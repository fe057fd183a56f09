#!/usr/bin/env python3
"""[predict] skip = true: training without theory, in every system."""

import csv
import shutil

from command_line import OK, SPEC, USAGE, CommandLineTest, main

HEAD = '\n[[claim]]\ntolerance = 1e9\nreason = "whatever it is, it is judged"\nquantity = '
SPECS = {
    "mean_field": SPEC,
    "tangent_kernel": """
system = "tangent_kernel"
[data]
dimension = 6
samples = 8
[model]
neurons = 64
[train]
steps = 20
""" + HEAD + '"loss"\n',
    "one_bit": """
system = "one_bit"
[data]
source = "sparse_gaussian"
dimension = 32
sparsity = 0.5
[decode]
layers = [1, 2]
samples = 20
""" + HEAD + '"linear"\n',
    "dictionary_recovery": """
system = "dictionary_recovery"
[data]
source = "sparse_coding"
dimension = 64
atoms = 32
sparsity = 1
samples = 500
[train]
iterations = 5
[compare]
held_out = 50
""" + HEAD + '"error"\n',
}


class TrainingAlone(CommandLineTest):
    def rows(self, folder):
        """What the figures of a run show, by where it comes from."""
        rows = {"measured": [], "predicted": []}
        for file in sorted((self.folder / folder / "series").glob("*.csv")):
            for row in csv.DictReader(file.read_text().splitlines()):
                rows[row["source"]].append((file.name, *row.values()))
        return rows

    def test_every_system_trains_the_same_and_judges_nothing(self):
        for system, text in SPECS.items():
            with self.subTest(system):
                spec = self.write(f"{system}.toml", text)
                self.assertExit(self.twofold("run", spec, "--out", "both"), OK)
                self.assertExit(self.twofold("run", spec, "--out", "alone", *self.sets(predict__skip="true")), OK)
                both, alone = self.rows("both"), self.rows("alone")
                self.assertEqual(alone["measured"], both["measured"])
                self.assertTrue(both["predicted"] and alone["measured"])
                self.assertEqual(alone["predicted"], [])
                record = self.record("alone")
                self.assertEqual([c["verdict"] for c in self.record("both")["claims"]], ["holds"])
                self.assertEqual([c["verdict"] for c in record["claims"]], ["not applicable"])
                self.assertIn("predict.skip", record["claims"][0]["why"])
                self.assertEqual((record["trust"], record["timing"]["predict_s"]), ([], 0.0))
                self.assertTrue((self.folder / "alone/report.html").exists())
                for folder in ("both", "alone"):
                    shutil.rmtree(self.folder / folder)

    def test_without_claims_none_is_made_up(self):
        for system, text in SPECS.items():
            with self.subTest(system):
                spec = self.write(f"{system}.toml", text.split("[[claim]]")[0])
                self.assertExit(self.twofold("run", spec, "--out", system, *self.sets(predict__skip="true")), OK)
                self.assertEqual(self.record(system)["claims"], [])

    def test_cases_with_theory_are_still_judged(self):
        cases = "".join(f'\n[[case]]\nlabel = "{skip}"\nset = ["predict.skip={skip}"]\n' for skip in ("true", "false"))
        claim = HEAD + '"minimum:loss"\n'
        spec = self.write("cases.toml", SPECS["tangent_kernel"] + cases + claim)
        self.assertExit(self.twofold("run", spec, "--out", "out"), OK)
        self.assertEqual([c["verdict"] for c in self.record("out")["claims"]],
                         ["not applicable", "holds", "not applicable"])

    def test_a_prediction_is_refused_with_the_remedy(self):
        for system, text in SPECS.items():
            with self.subTest(system):
                spec = self.write(f"{system}.toml", text)
                self.assertRefused(self.twofold("predict", spec, *self.sets(predict__skip="true")), USAGE,
                                   "training alone", "--set predict.skip=false")

    def test_what_needs_theory_is_refused(self):
        spec = self.write("tangent.toml", SPECS["tangent_kernel"])
        self.assertRefused(self.twofold("run", spec, *self.sets(predict__skip="true", train__step_ratio=1.0)), USAGE,
                           "train.step_ratio", "train.step")

    def test_more_samples_than_theory_can_take(self):
        spec = self.write("tangent.toml", SPECS["tangent_kernel"])
        many = self.sets(data__samples=5001, train__steps=1)
        self.assertRefused(self.twofold("run", spec, *many), USAGE, "5001 samples", "predict.skip = true")
        self.assertExit(self.twofold("run", spec, *many, *self.sets(predict__skip="true")), OK)


if __name__ == "__main__":
    main()
