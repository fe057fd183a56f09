#!/usr/bin/env python3
"""`predict` against published numbers, and where its numbers come from: file, --set, --seed."""

import math
import struct

from command_line import BAD_DATA, OK, USAGE, CommandLineTest, main

SPEC = """
system = "mean_field"
seed = 1
[data]
source = "gaussian"
spectrum = [1.0, 0.4, 0.1, 0.03]
[model]
activation = "relu"
neurons = 1600
init = "iid"            # iid | paired | balanced
init_scale = 0.2        # r0
[train]
penalty = 0.05          # lambda
step = 0.1              # eta
batch = 4
time = 100.0            # t = eta * steps
[record]
times = [1.0, 10.0, 100.0]
predictor = "flow"      # flow | recursion | L2 | L2+ | matrix
"""

# Second moments u of this setting: closed form, finite step (100 steps), and the moment
# hierarchy with erf; docs/theory/mean_field.md. For relu the gain is a = u / 2.
FLOW = {1.0: (.238845272295, .07872591159, .044021644851, .038386422971),
        10.0: (1.899999504993, 1.684339471804, .101738646441, .026550209684),
        100.0: (1.9, 1.75, .9989115876180, 7.116665965059e-4)}
RECURSION_AT_10 = (1.899999882433, 1.687464133243, .101556251815, .026538564151)
ERF_AT_10 = (2.1053336, 1.6797033, .0832849, .0249375)
HALF_TIMES = (2.020764375049, 5.364813136261, 31.780538303479)


class Predict(CommandLineTest):
    def setUp(self):
        super().setUp()
        self.spec = self.write("spec.toml", SPEC)

    def assertClose(self, values, expected, relative):
        self.assertEqual(len(values), len(expected))
        for value, right in zip(values, expected):
            self.assertAlmostEqual(value, right, delta=relative * abs(right))

    def test_flow(self):
        series = self.predict(self.spec)["series"]
        self.assertEqual(series["time"], [1.0, 10.0, 100.0])
        for gains, (time, u) in zip(series["gain"], FLOW.items()):
            # The golden values have 10 to 13 digits.
            self.assertClose(gains, [value / 2 for value in u], 1e-9)
        spectrum = (1.0, 0.4, 0.1, 0.03)
        for loss, gains in zip(series["loss"], series["gain"]):
            self.assertAlmostEqual(loss, sum(s * (1 - a) ** 2 for s, a in zip(spectrum, gains)) / 2, delta=1e-12)

    def test_summary(self):
        summary = self.predict(self.spec)["summary"]
        # a = 1 - penalty / s where that is positive.
        for gain, right in zip(summary["gain_limit"], (0.95, 0.875, 0.5, 0.0)):
            self.assertAlmostEqual(gain, right, delta=1e-12)
        self.assertClose(summary["half_time"][:3], HALF_TIMES, 1e-9)
        self.assertIsNone(summary["half_time"][3])
        self.assertEqual(summary["learned"], 3)

    def test_recursion(self):
        series = self.predict(self.spec, "--set", "record.predictor=recursion")["series"]
        self.assertClose(series["gain"][1], [u / 2 for u in RECURSION_AT_10], 1e-9)

    def test_erf(self):
        done = self.predict(self.spec, *self.sets(record__predictor="L2", model__activation="erf"))
        gain = done["series"]["gain"][1]
        # The gain is m(q) u with q = sum u s; for erf(z / sqrt 2), m(q) = sqrt(2 / (pi (1 + q))).
        q = sum(s * u for s, u in zip((1.0, 0.4, 0.1, 0.03), ERF_AT_10))
        slope = (2 / (math.pi * (1 + q))) ** 0.5
        # 7 digits, and an integrator of order 2 with its own step control.
        self.assertClose(gain, [slope * u for u in ERF_AT_10], 1e-5)

    def test_matrix_starts_from_the_seed(self):
        matrix = self.sets(record__predictor="matrix", model__neurons=200)
        gain = self.predict(self.spec, *matrix)["series"]["gain"]
        self.assertNotEqual(gain, self.predict(self.spec, *matrix, "--seed", "2")["series"]["gain"])
        # 200 random neurons start within sqrt(2 / 200) = 10 % of r0^2, five times that at most;
        # what is learned does not remember it.
        self.assertClose(gain[2][:2], (0.95, 0.875), 1e-6)

    def test_a_penalty_above_everything_learns_nothing(self):
        summary = self.predict(self.spec, "--set", "train.penalty=2")["summary"]
        self.assertEqual(summary["gain_limit"], [0, 0, 0, 0])
        self.assertEqual(summary["half_time"], [None] * 4)
        self.assertEqual(summary["learned"], 0)

    def test_precedence(self):
        self.write("data.csv", "".join(f"{i % 7},{i % 5},{i % 3}\n" for i in range(90)))
        penalty = lambda *arguments: self.predict(*arguments)["summary"]["penalty"]
        bare = self.write("bare.toml", 'system = "mean_field"\n[data]\nspectrum = [1.0]\n')
        self.assertEqual(penalty(bare), 0)
        self.assertEqual(penalty(self.spec), 0.05)
        self.assertEqual(penalty(self.spec, "--set", "train.penalty=0.1"), 0.1)
        self.assertEqual(penalty(self.spec, "--set", "train.penalty=0.1", "--set", "train.penalty=0.2"), 0.2)

        seeded = lambda *arguments: self.predict(
            *arguments, *self.sets(record__predictor="matrix", model__neurons=20))["series"]["gain"]
        by_flag = seeded(self.spec, "--seed", "7")
        self.assertEqual(seeded(self.spec, "--set", "seed=5", "--seed", "7"), by_flag)
        self.assertEqual(seeded(self.spec, "--set", "seed=7"), by_flag)
        self.assertNotEqual(seeded(self.spec, "--set", "seed=5"), by_flag)
        self.assertEqual(seeded("--data", "data.csv", "--set", "seed=5", "--seed", "7"),
                         seeded("--data", "data.csv", "--seed", "7"))

    def test_quick_lies_between_the_file_and_set(self):
        spec = self.write("quick.toml", SPEC.replace("time = 100.0", "time = 1.0")
                          .replace("[1.0, 10.0, 100.0]", "[1.0]").replace("= 1600", "= 32")
                          + '[quick]\n"train.penalty" = 0.1\n"model.init_scale" = 0.3\n')
        self.twofold("run", spec, "--out", "a", "--quick", "--set", "train.penalty=0.2")
        resolved = (self.folder / "a/spec.resolved.toml").read_text()
        self.assertIn("penalty = 0.2", resolved)
        self.assertIn("init_scale = 0.3", resolved)
        self.assertEqual(self.predict(spec)["summary"]["penalty"], 0.05)

    def test_a_resolved_spec_is_a_spec(self):
        small = self.sets(model__neurons=32, train__time=10, record__times="[1.0, 10.0]")
        for extra in ("", '[sweep]\nkey = "train.penalty"\nlabel = "λ"\nvalues = [0.05, 0.1]\n'):
            spec = self.write("some.toml", SPEC + extra)
            self.assertExit(self.twofold("run", spec, "--out", "a", "--force", *small), OK)
            resolved = self.folder / "a/spec.resolved.toml"
            self.assertEqual(self.predict(resolved), self.predict(spec, *small))
            # Run again, it resolves to itself.
            self.assertExit(self.twofold("run", resolved, "--out", "b", "--force"), OK)
            self.assertEqual((self.folder / "b/spec.resolved.toml").read_bytes(), resolved.read_bytes())
            self.assertEqual(self.results("b"), self.results("a"))

    def test_text_shows_every_component_and_time(self):
        done = self.twofold("predict", self.spec)
        self.assertExit(done, OK)
        for shown in ("half time", "31.78", "suppressed", "100"):
            self.assertIn(shown, done.stdout)

    def test_sweeps_predict_every_case(self):
        spec = self.write("sweep.toml", SPEC + '[sweep]\nkey = "train.penalty"\nvalues = [0.05, 0.5]\n')
        cases = self.predict(spec)["cases"]
        self.assertEqual([case["case"] for case in cases], ["0.05", "0.5"])
        self.assertEqual([case["summary"]["learned"] for case in cases], [3, 1])

    def test_data_may_be_an_image_set(self):
        for system in ("mean_field", "one_bit", "tangent_kernel"):
            done = self.twofold("predict", "--data", "mnist", "--system", system)
            self.assertRefused(done, BAD_DATA, "mnist", "image set is not there")
        folder = self.folder / "data" / "mnist"
        folder.mkdir(parents=True)
        pixels = bytes(7 * i * i % 251 for i in range(40 * 16))
        (folder / "t10k-images-idx3-ubyte").write_bytes(struct.pack(">4I", 0x803, 40, 4, 4) + pixels)
        for system in ("mean_field", "one_bit", "tangent_kernel"):
            self.assertExit(self.twofold("predict", "--data", "mnist", "--system", system), OK)

    def test_a_file_is_no_known_dictionary(self):
        self.write("data.csv", "1,2\n3,4\n")
        done = self.twofold("predict", "--data", "data.csv", "--system", "dictionary_recovery")
        self.assertExit(done, USAGE)
        self.assertIn("twofold learn", done.stderr)


if __name__ == "__main__":
    main()
