#!/usr/bin/env python3
"""twofold codec: what it says before it encodes, what it writes, and what it refuses."""

import json
import math
import random
import signal
import struct
import time
import unittest

import sample_files
from command_line import BAD_DATA, INTERRUPTED, OK, USAGE, CommandLineTest, main

ROWS, COLUMNS = 600, 37


def vectors(count=ROWS, columns=COLUMNS, seed=1):
    """Laplace numbers whose scale falls slowly from column to column."""
    generator = random.Random(seed)
    return [[generator.choice((-1, 1)) * generator.expovariate(1) * (j + 1) ** -0.4
             for j in range(columns)] for _ in range(count)]


def read_npy(path):
    """Rows of a little-endian float32 .npy file."""
    content = path.read_bytes()
    length = struct.unpack("<H", content[8:10])[0]
    header = content[10:10 + length].decode()
    rows, columns = (int(n) for n in header.split("(")[1].split(")")[0].split(","))
    flat = struct.unpack(f"<{rows * columns}f", content[10 + length:])
    return [flat[i * columns:(i + 1) * columns] for i in range(rows)]


class Codec(CommandLineTest):
    def setUp(self):
        super().setUp()
        self.rows = vectors()
        self.write("x.npy", sample_files.npy(self.rows))

    def fit(self, *arguments, data="x.npy", output="c.tf1b"):
        done = self.twofold("codec", "fit", data, "-o", output, "--json", *arguments)
        self.assertExit(done, OK)
        return json.loads(done.stdout)

    def encode(self, *arguments, data="x.npy", output="x.codes"):
        done = self.twofold("codec", "encode", data, "--codec", "c.tf1b", "-o", output, "--json",
                            *arguments)
        self.assertExit(done, OK)
        return json.loads(done.stdout)

    def decode(self, *arguments, output="y.npy"):
        done = self.twofold("codec", "decode", "x.codes", "--codec", "c.tf1b", "-o", output,
                            "--json", *arguments)
        self.assertExit(done, OK)
        return json.loads(done.stdout)

    def names(self):
        return sorted(path.name for path in self.folder.iterdir())

    def test_fit_encode_decode_measure_what_fit_says(self):
        summary = self.fit("--holdout", "0.3", "--rate", "1.5")["summary"]
        self.assertEqual(summary["bytes_per_vector"], 7 + 2)  # round(1.5 · 37) = 56 bits and a norm
        encoded = self.encode()
        self.assertEqual(encoded["vectors"], ROWS)
        self.assertGreater(encoded["timing"]["encode_s"], 0)
        decoded = self.decode()
        self.assertGreater(decoded["timing"]["decode_s"], 0)
        back = read_npy(self.folder / "y.npy")
        error = sum((a - b) ** 2 for x, y in zip(self.rows, back) for a, b in zip(x, y))
        total = sum(a * a for x in self.rows for a in x)  # the mean is 0 up to 1/600
        # All rows here, 90 of the last ones there: the fit's own bias is 37/600 = 6 %, and three
        # standard errors of the held-out value come on top.
        allowed = 0.06 * summary["measured_mse"] + 3 * summary["standard_error"]
        self.assertAlmostEqual(error / total, summary["measured_mse"], delta=allowed)

    def test_the_table_comes_before_the_measurement_on_stdout(self):
        done = self.twofold("codec", "fit", "x.npy", "-o", "c.tf1b", "--layers", "3")
        self.assertExit(done, OK)
        text = done.stdout
        self.assertLess(text.index("nothing has been encoded yet"), text.index("held-out vectors"))
        for word in ("linear", "Gaussian", "fitted", "identity", "bytes per vector", "verdict: "):
            self.assertIn(word, text)
        self.assertIn("next: twofold codec encode", done.stderr)

    def test_the_printed_numbers_are_those_of_the_document(self):
        done = self.twofold("codec", "fit", "x.npy", "-o", "c.tf1b", "--layers", "3")
        text = " ".join(done.stdout.split())
        document = self.fit("--layers", "3")
        size = document["summary"]["bytes_per_vector"]
        self.assertIn(f"= {size} bytes per vector, {4 * COLUMNS / size:.3g} times smaller than float32", text)
        measured = [row for row in document["table"] if "measured_mse" in row]
        self.assertTrue(measured)
        for row in measured:
            change = 100 * (row["measured_mse"] / row["predicted_mse"] - 1)
            self.assertIn(f"fitted {row['layers']} {row['predicted_mse']:.4f} {row['measured_mse']:.4f} "
                          f"{row['standard_error']:.4f} {change:+.1f} %", text)

    def test_without_held_out_rows_nothing_is_measured(self):
        summary = self.fit("--holdout", "0")["summary"]
        self.assertIsNone(summary["measured_mse"])
        self.assertEqual(summary["verdict"], "not applicable")
        self.assertIn("held-out", summary["reason"])

    def test_not_applicable_says_why(self):
        steep = [[a * 2.0 ** -j for j, a in enumerate(row)] for row in self.rows]
        self.write("steep.npy", sample_files.npy(steep))
        summary = self.fit(data="steep.npy")["summary"]
        self.assertEqual(summary["verdict"], "not applicable")
        self.assertIn("effective coordinates", summary["reason"])
        self.assertEqual(self.fit("--transform", "pca")["summary"]["verdict"], "not applicable")

    def test_results_are_the_same_on_any_number_of_threads(self):
        made = []
        for threads in (1, 3):
            self.fit("--threads", threads)
            self.encode("--threads", threads)
            self.decode("--threads", threads)
            made.append([(self.folder / name).read_bytes()
                         for name in ("c.tf1b", "x.codes", "y.npy")])
        self.assertEqual(made[0], made[1])

    def test_fvecs_in_and_out_and_unbiased(self):
        self.write("x.fvecs", sample_files.fvecs(self.rows))
        self.fit(data="x.fvecs")
        self.encode(data="x.fvecs")
        self.decode()
        self.decode(output="y.fvecs")
        content = (self.folder / "y.fvecs").read_bytes()
        row = 4 + 4 * COLUMNS
        self.assertEqual(len(content), ROWS * row)
        back = read_npy(self.folder / "y.npy")
        for i in (0, ROWS - 1):
            self.assertEqual(struct.unpack(f"<i{COLUMNS}f", content[i * row:(i + 1) * row]),
                             (COLUMNS, *back[i]))
        self.decode("--unbiased", output="u.npy")
        square = lambda rows: sum(a * a for row in rows for a in row)
        # Not shrunk, and noisy besides: longer than the vectors, which are longer than the means.
        self.assertGreater(square(read_npy(self.folder / "u.npy")), square(self.rows))
        self.assertLess(square(back), square(self.rows))

    def test_info(self):
        self.fit("--seed", "7")
        self.encode()
        said = {name: json.loads(self.twofold("codec", "info", name, "--json").stdout)
                for name in ("c.tf1b", "x.codes")}
        self.assertEqual(said["c.tf1b"]["seed"], 7)
        self.assertEqual(said["c.tf1b"]["hash"], said["x.codes"]["codec_hash"])
        self.assertEqual(said["x.codes"]["vectors"], ROWS)
        self.assertIn("predicted_mse", self.twofold("codec", "info", "c.tf1b").stdout)
        self.assertRefused(self.twofold("codec", "info", "x.npy"), BAD_DATA, "x.npy", "neither")
        self.assertRefused(self.twofold("codec", "info", "absent"), BAD_DATA, "no such file")

    def test_wrong_options(self):
        for options in (["--rate", "0"], ["--layers", "0"], ["--layers", "two"], ["--prior", "x"],
                        ["--transform", "fft"], ["--norm", "maybe"], ["--holdout", "1"]):
            with self.subTest(options):
                done = self.twofold("codec", "fit", "x.npy", "-o", "c.tf1b", *options)
                self.assertExit(done, USAGE)
        self.assertExit(self.twofold("codec"), USAGE)
        self.assertRefused(self.twofold("codec", "fit", "x.npy", "-o", "x.npy"), USAGE, "is the input")
        self.assertEqual(self.names(), ["spec.toml", "x.npy"])

    def test_rows_that_cannot_be_encoded(self):
        self.fit()
        bad = vectors(50)
        bad[17][2] = math.nan
        self.write("nan.npy", sample_files.npy(bad))
        narrow = [row[:-1] for row in bad[:5]]
        self.write("narrow.npy", sample_files.npy(narrow))
        self.write("few.npy", sample_files.npy([row[:7] for row in self.rows]))
        self.write("flat.npy", sample_files.npy([[1.0] * COLUMNS] * 50))
        before = self.names()
        tool = lambda *a: self.twofold("codec", *a)
        self.assertRefused(tool("encode", "nan.npy", "--codec", "c.tf1b", "-o", "z"), BAD_DATA, "row 17")
        self.assertRefused(tool("fit", "nan.npy", "-o", "z"), BAD_DATA, "row 17")
        self.assertRefused(tool("encode", "narrow.npy", "--codec", "c.tf1b", "-o", "z"), USAGE,
                           "dimension 36", "37")
        self.assertRefused(tool("fit", "few.npy", "-o", "z"), USAGE, "dimension is 7")
        self.assertRefused(tool("fit", "flat.npy", "-o", "z"), BAD_DATA, "all rows are equal")
        self.assertRefused(tool("fit", "absent.npy", "-o", "z"), BAD_DATA, "absent.npy")
        self.assertEqual(self.names(), before)

    def test_one_vector(self):
        self.fit()
        self.write("one.npy", sample_files.npy(self.rows[:1]))
        self.assertEqual(self.encode(data="one.npy")["vectors"], 1)
        self.decode()
        self.assertEqual(len(read_npy(self.folder / "y.npy")), 1)

    def test_damaged_files_are_refused(self):
        self.fit()
        self.write("small.npy", sample_files.npy(self.rows[:3]))
        self.encode(data="small.npy")
        decode = lambda: self.twofold("codec", "decode", "x.codes", "--codec", "c.tf1b", "-o", "y.npy")
        for name in ("x.codes", "c.tf1b"):
            whole = (self.folder / name).read_bytes()
            places = range(0, len(whole), max(1, len(whole) // 12))
            for damaged in [whole[:i] + bytes([whole[i] ^ 4]) + whole[i + 1:] for i in places] + [
                    whole[:i] for i in places] + [whole + b"\0"]:
                self.write(name, damaged)
                self.assertRefused(decode(), BAD_DATA, name)
            self.write(name, whole)
        self.fit("--seed", "2")
        self.assertRefused(decode(), BAD_DATA, "x.codes", "the codec that encoded")
        self.assertNotIn("y.npy", self.names())

    def test_interrupt_leaves_nothing(self):
        self.fit()
        columns = self.write("big.npy", b"").open("wb")
        count = 6_000_000  # of zeros, in a file with a hole: seconds of work, no disk
        with columns as file:
            head = sample_files.npy([], shape=(count, COLUMNS))
            file.write(head)
            file.truncate(len(head) + 4 * COLUMNS * count)
        before = self.names()
        process = self.start("codec", "encode", "big.npy", "--codec", "c.tf1b", "-o", "big.codes",
                             "--progress", "json")
        # The first report of progress shows that blocks are being written.
        self.assertIn('"stage":"encode"', process.stderr.readline())
        process.send_signal(signal.SIGINT)
        said = process.stderr.read()
        self.assertEqual(process.wait(timeout=60), INTERRUPTED, said)
        self.assertIn("nothing was written", said)
        self.assertEqual(self.names(), before)


class FashionMnist(CommandLineTest):
    def test_half_predicts_the_other_half_within_five_percent(self):
        found = {entry["name"]: entry["about"]
                 for entry in json.loads(self.twofold("list", "data", "--json").stdout)}
        if found["fashion-mnist"].startswith("not found"):
            self.skipTest(found["fashion-mnist"])
        for transform in ("dct", "pca"):
            done = self.twofold("codec", "fit", "fashion-mnist", "--holdout", "0.5", "--layers", "1",
                                "--norm", "stored", "--transform", transform, "-o", "f.tf1b", "--json")
            self.assertExit(done, OK)
            summary = json.loads(done.stdout)["summary"]
            self.assertEqual(summary["verdict"], "holds", summary)
            # The bound that the codec promises at one layer.
            self.assertLess(abs(summary["measured_mse"] / summary["predicted_mse"] - 1), 0.05)


if __name__ == "__main__":
    main()
