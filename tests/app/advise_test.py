#!/usr/bin/env python3
"""`advise` from end to end: numbers of closed forms, damaged rows by name, limits, files."""

import json
import math
import struct

from command_line import BAD_DATA, INTERRUPTED, OK, USAGE, CommandLineTest, main
from sample_files import npy, rows


class Advise(CommandLineTest):
    def advise(self, *arguments):
        done = self.twofold("advise", "--json", *arguments)
        self.assertExit(done, OK)
        return json.loads(done.stdout)

    def test_two_rows_at_a_right_angle(self):
        self.write("x.npy", npy([[3.0, 0.0], [0.0, 3.0]]))
        modes = self.advise("x.npy")["tangent_kernel"]["modes"]
        # theta = pi/2: K = diag(9/2), Gamma = 9/2 on and 9/(2 pi) off the diagonal; over d = 2.
        off = 1 / (2 * math.pi)
        for name, low, high in (("weak", 0.5, 0.5), ("decoder", 0.5 - off, 0.5 + off),
                                ("joint", 1 - off, 1 + off)):
            # Rounding.
            self.assertAlmostEqual(modes[name]["lambda_min"], 4.5 * low, delta=1e-13)
            self.assertAlmostEqual(modes[name]["lambda_max"], 4.5 * high, delta=1e-13)
            self.assertAlmostEqual(modes[name]["stable_step"], 2 / (4.5 * high), delta=1e-13)
        # Both modes of K are alike: at eta = 1.8/lambda the loss falls by 0.8^2 a step.
        wanted = math.ceil(math.log(1e-3) / math.log(0.8 ** 2))
        self.assertEqual(round(modes["weak"]["steps_to_target"]), wanted)
        # One neuron's part in the kernel is diag(D) a a^T, D a coin for each row and a of signs, with
        # a variance of 3/2 for rows of energy 2. After t steps it has acted t 0.8^(t - 1) times,
        # most of the powers of 2 at t = 4; eta = 1.8/lambda, lambda = 1/4 for rows of norm 1.
        miss = 7.2 * 4 * 0.8 ** 3 * math.sqrt(1.5 / 2) / 2
        # The mean is over 32 neurons: 9 % of the miss, 18 % of the width; 3 standard errors.
        self.assertAlmostEqual(modes["weak"]["neurons"] / (miss / 0.05) ** 2, 1, delta=0.54)
        self.assertLess(modes["joint"]["neurons"], modes["weak"]["neurons"])

    def test_copies_opposites_and_zeros_are_named(self):
        values = rows(30)
        values[12], values[20], values[25] = values[3], [-x for x in values[8]], [0.0] * 4
        values[27] = [2 * x for x in values[5]]
        self.write("x.npy", npy(values))
        samples = self.advise("x.npy")["tangent_kernel"]["samples"]
        self.assertEqual(samples["zero_row_numbers"], [25])
        found = {entry["kind"]: entry["rows"] for entry in samples["coincident"]}
        self.assertEqual(found, {"copy": [3, 12], "opposite": [8, 20], "multiple": [5, 27]})
        text = self.twofold("advise", "x.npy").stdout
        for words in ("copies        1 pair: rows 3 and 12", "opposites     1 pair: rows 8 and 20",
                      "multiples     1 pair: rows 5 and 27", "zeros         1 row: 25",
                      "eigenvalues are 0"):
            self.assertIn(words, text)

    def test_rows_and_what_is_said_about_them(self):
        self.write("x.npy", npy(rows(2100)))
        done = self.twofold("advise", "x.npy", "--rows", "40")
        self.assertExit(done, OK, "the first 40 of 2100 rows", "--rows all")
        self.assertIn("40 of 2100 rows", done.stdout)
        self.assertRefused(self.twofold("advise", "x.npy", "--rows", "2101"), USAGE, "has 2100 rows")
        self.assertRefused(self.twofold("advise", "x.npy", "--rows", "-1"), USAGE, "--rows")
        done = self.twofold("advise", "x.npy", "--rows", "40", "--quiet")
        self.assertEqual(done.stderr, "")

    def test_the_kernel_in_a_file(self):
        self.write("x.npy", npy(rows(60)))
        whole = self.advise("x.npy")["tangent_kernel"]
        self.assertEqual(whole, self.advise("x.npy", "--gram", "k.npy")["tangent_kernel"])
        content = (self.folder / "k.npy").read_bytes()
        self.assertEqual(len(content) % 64, 60 * 60 * 4 % 64)
        # The diagonal of K + Gamma is the squared norm of the row.
        kernel = struct.unpack("<3600f", content[-14400:])
        squares = [sum(x * x for x in row) for row in rows(60)]
        for i, square in enumerate(squares):
            self.assertAlmostEqual(kernel[61 * i] / square, 1, delta=1e-5)
        self.assertRefused(self.twofold("advise", "x.npy", "--gram", "k.npy"), USAGE, "exists", "--force")
        self.assertRefused(self.twofold("advise", "x.npy", "--gram", "k.bin"), USAGE, ".npy")
        self.assertRefused(self.twofold("advise", "x.npy", "--gram", "no/k.npy"), BAD_DATA, "no/k.npy")
        self.assertExit(self.twofold("advise", "x.npy", "--rows", "20", "--gram", "k.npy", "--force"), OK)
        self.assertEqual((self.folder / "k.npy").read_bytes()[-1600:-1596], struct.pack("<f", kernel[0]))
        self.assertEqual(sorted(p.name for p in self.folder.glob("k*")), ["k.npy"])

    def test_the_spec_it_prints_predicts_and_trains_as_said(self):
        self.write("x.npy", npy(rows(40)))
        arguments = ("x.npy", "--rows", "12", "--transform", "center", "--transform", "unit_norm")
        modes = self.advise(*arguments)["tangent_kernel"]["modes"]
        text = self.twofold("advise", *arguments).stdout
        spec = text[text.index('system = "tangent_kernel"'):]
        name = spec[spec.index("mode = ") + 8:].split('"')[0]
        self.write("advised.toml", spec)
        prediction = self.predict("advised.toml")
        for key in ("lambda_max", "lambda_min", "stable_step"):
            # The same rows; a spec may read them in single precision.
            self.assertAlmostEqual(prediction["summary"][key] / modes[name][key], 1, delta=1e-5)
        self.assertEqual(round(prediction["summary"]["steps_to_target"]), round(modes[name]["steps_to_target"]))
        self.assertExit(self.twofold("run", "advised.toml", "--out", "advised"), OK)
        record = self.record("advised")
        taken = record["summary"]["run"]["measured"]["steps"]["mean"]
        # The step is that of the finite network; the trajectory within 5 % of the prediction or
        # so: the loss falls by a factor of e in about a seventh of the steps.
        self.assertAlmostEqual(taken / modes[name]["steps_to_target"], 1, delta=0.15)

    def test_the_kernel_in_split_products(self):
        self.write("x.npy", npy(rows(60)))
        strict = self.advise("x.npy", "--gram", "a.npy")["tangent_kernel"]
        split = self.advise("x.npy", "--gram", "b.npy", "--precision", "split_bf16")["tangent_kernel"]
        self.assertEqual((strict["precision"], split["precision"]), ("float", "split_bf16"))
        # All eigenvalues of so few rows are computed in double.
        self.assertEqual(strict["modes"], split["modes"])
        a, b = (struct.unpack("<3600f", (self.folder / name).read_bytes()[-14400:])
                for name in ("a.npy", "b.npy"))
        self.assertNotEqual(a, b)
        norms = [math.sqrt(sum(x * x for x in row)) for row in rows(60)]
        for i in range(60):
            for j in range(60):
                # 2.2 split errors of three times 2^-16.
                self.assertAlmostEqual(a[60 * i + j], b[60 * i + j], delta=1.2e-4 * norms[i] * norms[j])
        self.assertRefused(self.twofold("advise", "x.npy", "--precision", "half"), USAGE, "--precision")

    def test_too_little_memory_says_what_would_do(self):
        self.write("x.npy", npy(rows(60)))
        done = self.twofold("advise", "x.npy", "--memory-limit", "20kB")
        self.assertRefused(done, USAGE, "60 rows need", "--memory-limit", "--rows")
        self.assertRefused(self.twofold("advise", "x.npy", "--memory-limit", "lots"), USAGE)
        done = self.twofold("advise", "x.npy", "--memory-limit", "1MB", "--gram", "k.npy")
        self.assertRefused(done, USAGE, "to be written", "--gram")
        self.assertEqual(list(self.folder.glob("k*")), [])

    def test_bad_data_and_options(self):
        self.write("zero.npy", npy([[0.0, 0.0]] * 3))
        self.assertRefused(self.twofold("advise", "zero.npy"), BAD_DATA, "all 3 rows are 0")
        self.write("nan.npy", npy([[1.0, math.nan]]))
        self.assertRefused(self.twofold("advise", "nan.npy"), BAD_DATA, "nan.npy")
        self.assertRefused(self.twofold("advise", "none.npy"), BAD_DATA, "none.npy")
        self.write("x.npy", npy(rows(9)))
        for option, value in (("--target", "1"), ("--tolerance", "0"), ("--transform", "random_signs"),
                              ("--transform", "whitten")):
            done = self.twofold("advise", "x.npy", option, value)
            self.assertRefused(done, USAGE, value if value != "1" else "target")

    def test_the_same_for_any_number_of_threads(self):
        self.write("x.npy", npy(rows(300)))
        one = self.advise("x.npy", "--threads", "1")
        self.assertEqual(one, self.advise("x.npy", "--threads", "3"))
        self.assertEqual(self.advise("x.npy", "--threads", "1", "--gram", "a.npy"),
                         self.advise("x.npy", "--threads", "3", "--gram", "b.npy"))
        self.assertEqual((self.folder / "a.npy").read_bytes(), (self.folder / "b.npy").read_bytes())

    def test_a_column_that_dominates_is_said(self):
        self.write("x.npy", npy([[a, b, 1000.0] for a, b, *_ in rows(40)]))
        self.assertIn("--transform center", self.twofold("advise", "x.npy").stdout)
        self.assertNotIn("the mean row", self.twofold("advise", "x.npy", "--transform", "center").stdout)

    def test_single_rows_and_single_columns(self):
        self.write("row.npy", npy([[1.0, 2.0]]))
        self.assertEqual(self.advise("row.npy")["tangent_kernel"]["stopping"], [])
        self.write("column.npy", npy([[1.0], [2.0], [-1.5]]))
        # One dimension: positive rows are multiples, the others opposites; rank 2.
        document = self.advise("column.npy")["tangent_kernel"]
        self.assertEqual(document["modes"]["weak"]["rank"], 2)
        self.assertEqual(document["samples"]["multiples"], 1)
        self.assertEqual(document["samples"]["opposites"], 2)

    def test_no_room_on_the_disk_is_seen_first(self):
        # 1e6 rows of one number: a kernel of 4 TB. Refused at once, before rows are compared.
        self.write("x.npy", npy([[1.0]] * 1_000_000))
        done = self.twofold("advise", "x.npy", "--rows", "all", "--gram", "k.npy", "--memory-limit", "100GB")
        self.assertRefused(done, BAD_DATA, "needs 4000 GB", "left")
        self.assertEqual(list(self.folder.glob("k*")), [])

    def test_an_interrupt_leaves_no_file(self):
        self.write("x.npy", npy(rows(6000)))
        for stage in ("comparing", "computing"):
            process = self.start("advise", "x.npy", "--rows", "all", "--gram", "k.npy", "--progress", "json")
            for line in process.stderr:
                if stage in line:
                    break
            process.send_signal(2)
            self.assertEqual(process.wait(timeout=120), INTERRUPTED)
            self.assertEqual(list(self.folder.glob("k*")), [], stage)


if __name__ == "__main__":
    main()
