#!/usr/bin/env python3
"""twofold learn --model topk: what it learns, reports, writes and resumes."""

import json
import math
import random
import signal
import struct
import time
import unittest

import sample_files
from command_line import BAD_DATA, INTERRUPTED, OK, PREEMPTED, USAGE, CommandLineTest, main
from learn_test import atoms, read_csr, read_rows

ROWS, DIMENSION, ATOMS, SPARSITY = 3000, 32, 48, 2
WEIGHTS = "sae_weights.safetensors"


def positive_rows(dictionary, count=ROWS, seed=2):
    """Rows of two atoms, each with a positive amount, a little noise and an offset."""
    generator = random.Random(seed)
    rows = []
    for _ in range(count):
        row = [generator.gauss(0.5, 0.02) for _ in dictionary[0]]
        for atom in generator.sample(dictionary, SPARSITY):
            amount = generator.uniform(0.2, 2.0)
            row = [a + amount * b for a, b in zip(row, atom)]
        rows.append(row)
    return rows


def read_safetensors(path):
    """Tensors as (shape, numbers), and the metadata: by the description of the format."""
    content = path.read_bytes()
    length = struct.unpack("<Q", content[:8])[0]
    header, body = json.loads(content[8:8 + length]), content[8 + length:]
    metadata = header.pop("__metadata__")
    tensors = {}
    for name, entry in header.items():
        assert entry["dtype"] == "F32"
        first, last = entry["data_offsets"]
        tensors[name] = entry["shape"], struct.unpack(f"<{(last - first) // 4}f", body[first:last])
    return tensors, metadata


class LearnTopK(CommandLineTest):
    def setUp(self):
        super().setUp()
        self.atoms = atoms(count=ATOMS, dimension=DIMENSION)
        self.rows = positive_rows(self.atoms)
        self.write("x.npy", sample_files.npy(self.rows))
        self.write("a.npy", sample_files.npy(self.atoms))

    def command(self, *arguments, data="x.npy", output="d", steps=300):
        return ["learn", data, "--model", "topk", "--atoms", ATOMS, "--sparsity", SPARSITY, "--steps",
                steps, "--batch", 64, "-o", output, *arguments]

    def learn(self, *arguments, code=OK, **options):
        done = self.twofold(*self.command("--json", *arguments, **options))
        self.assertExit(done, code)
        return json.loads(done.stdout)["summary"]

    def contents(self, folder):
        """All that must be bitwise reproducible."""
        root = self.folder / folder
        files = [root / WEIGHTS, root / "dictionary.json", root / "cfg.json",
                 *sorted(root.glob("series/*.csv"))]
        self.assertGreater(len(files), 5)
        return {file.name: file.read_bytes() for file in files}

    def names(self, folder="."):
        return sorted(path.name for path in (self.folder / folder).iterdir())

    def test_finds_the_atoms_and_reports_the_numbers(self):
        summary = self.learn("--truth", "a.npy", steps=3000)
        # Random starts may leave some units that share an atom.
        self.assertGreaterEqual(summary["truth"]["recovered"], 0.85)
        self.assertLessEqual(summary["dead"], 3)
        self.assertEqual(summary["held_out_rows"], ROWS // 10)
        self.assertLessEqual(summary["l0"], SPARSITY)
        compared = summary["compared"]
        self.assertGreater(summary["explained_variance"], compared["principal_components"] + 0.3)
        self.assertGreaterEqual(compared["least_squares"], compared["encoder"])
        self.assertEqual(summary["training"]["steps"], 3000)

    def test_the_plan_and_its_comparison_come_before_the_result(self):
        done = self.twofold(*self.command())
        self.assertExit(done, OK, "next: twofold transform")
        before, after = done.stdout.split(f"learned {ATOMS} units")
        for words in ("learning rate", "dead", "scale", "nothing has been learned yet",
                      "2 principal components"):
            self.assertIn(words, before)
        for words in ("held-out", "explained variance", "matching pursuit", "principal components",
                      "silent for the last"):
            self.assertIn(words, after)

    def test_the_printed_numbers_are_those_of_the_summary(self):
        few = ("--dead-after", 64)  # one batch: some units are silent as long as that
        text = " ".join(self.twofold(*self.command(*few)).stdout.split())
        summary = self.learn("--force", *few)
        self.assertGreater(summary["dead"], 0)
        self.assertIn(f"dead {summary['dead']} ({100 * summary['dead'] / ATOMS:.2f} %) silent for the last 64 rows",
                      text)
        compared = summary["compared"]
        over = compared["encoder"] - compared["principal_components"]
        self.assertIn(f"{abs(over):.4f} {'more' if over >= 0 else 'less'} than principal components", text)

    def test_progress_carries_the_numbers(self):
        done = self.twofold(*self.command("--progress", "json", steps=20_000))
        self.assertExit(done, OK)
        lines = [json.loads(line) for line in done.stderr.splitlines()]
        lines = [line for line in lines if line.get("stage") == "train"]
        self.assertTrue(lines, "20 000 steps take more than a second")
        for line in lines:
            self.assertGreater(line["loss"], 0)
            self.assertLessEqual(line["explained_variance"], 1)
            self.assertLessEqual(line["l0"], SPARSITY)
            self.assertTrue(0 <= line["dead_fraction"] <= 1)

    def test_the_folder(self):
        self.learn()
        self.assertEqual(self.names("d"), sorted([WEIGHTS, "cfg.json", "dictionary.json",
                                                  "record.json", "report.html", "series"]))
        self.assertEqual({"loss.csv", "explained_variance.csv", "l0.csv", "dead_fraction.csv",
                          "usage.csv"}, set(self.names("d/series")))
        done = self.twofold("report", "d", "-o", "again.html")
        self.assertExit(done, OK)

    def test_the_weights_file_alone_makes_the_codes(self):
        """z = (x - b_dec) W_enc + b_enc, the k largest that are positive, as its metadata say."""
        self.learn()
        self.assertExit(self.twofold("transform", "x.npy", "--dictionary", "d", "-o", "c.npz"), OK)
        self.assertExit(self.twofold("transform", "x.npy", "--dictionary", f"d/{WEIGHTS}", "-o",
                                     "alone.npz"), OK)
        self.assertEqual((self.folder / "c.npz").read_bytes(),
                         (self.folder / "alone.npz").read_bytes())
        tensors, metadata = read_safetensors(self.folder / "d" / WEIGHTS)
        self.assertEqual({name: shape for name, (shape, _) in tensors.items()},
                         {"W_enc": [DIMENSION, ATOMS], "W_dec": [ATOMS, DIMENSION],
                          "b_enc": [ATOMS], "b_dec": [DIMENSION]})
        self.assertEqual((metadata["activation"], metadata["k"]), ("topk", str(SPARSITY)))
        self.assertTrue(metadata["normalization"].startswith("none"))
        W, D, b, c = (tensors[name][1] for name in ("W_enc", "W_dec", "b_enc", "b_dec"))
        codes, shape = read_csr(self.folder / "c.npz")
        self.assertEqual(shape, (ROWS, ATOMS))
        self.assertExit(self.twofold("transform", "x.npy", "--dictionary", "d", "--reconstruct",
                                     "-o", "r.npy"), OK)
        back = read_rows(self.folder / "r.npy")
        for i in range(0, ROWS, 100):
            x = struct.unpack(f"{DIMENSION}f", struct.pack(f"{DIMENSION}f", *self.rows[i]))
            centred = [a - m for a, m in zip(x, c)]
            z = [sum(a * W[j * ATOMS + u] for j, a in enumerate(centred)) + b[u]
                 for u in range(ATOMS)]
            best = sorted(range(ATOMS), key=lambda u: -z[u])
            found = dict(codes[i])
            # Unless two units are equal up to rounding, in single precision of numbers of order 1.
            if z[best[1]] - z[best[2]] > 1e-5:
                self.assertEqual(sorted(found), sorted(u for u in best[:2] if z[u] > 0))
            for u, value in found.items():
                self.assertAlmostEqual(value, z[u], delta=1e-5)
            for j in range(DIMENSION):
                made = c[j] + sum(value * D[u * DIMENSION + j] for u, value in found.items())
                self.assertAlmostEqual(back[i][j], made, delta=1e-5)

    def test_results_are_the_same_on_any_number_of_threads(self):
        self.learn("--threads", 1, output="one")
        self.learn("--threads", 3, output="three")
        self.assertEqual(self.contents("one"), self.contents("three"))

    def stop(self, number, output, *arguments, steps=100_000):
        """Starts or resumes, sends the signal once it trains; exit code and what was said."""
        process = self.start(*map(str, self.command("--progress", "json", "--resume", *arguments,
                                                    output=output, steps=steps)))
        deadline = time.monotonic() + 60
        while '"stage":"train"' not in process.stderr.readline():
            self.assertIsNone(process.poll(), "the run ended before it could be stopped")
            self.assertLess(time.monotonic(), deadline)
        process.send_signal(number)
        said = process.stderr.read()
        return process.wait(timeout=60), said

    def test_stopped_runs_go_on_to_the_same_bits(self):
        steps = 40_000  # some seconds: the first line of progress comes after one
        self.learn("--truth", "a.npy", output="alone", steps=steps)
        for threads, (number, code) in enumerate(((signal.SIGTERM, PREEMPTED),
                                                  (signal.SIGINT, INTERRUPTED))):
            with self.subTest(number.name):
                output = number.name
                ended, said = self.stop(number, output, "--truth", "a.npy", steps=steps)
                self.assertEqual(ended, code, said)
                self.assertIn("--resume", said)
                self.assertEqual(self.names(output), ["checkpoint"])
                done = self.twofold(*self.command(output=output, steps=steps))
                self.assertRefused(done, USAGE, "--resume", "--force")
                done = self.twofold(*self.command("--resume", output=output, steps=steps + 1))
                self.assertExit(done, BAD_DATA, f"steps {steps + 1}")
                self.learn("--resume", "--truth", "a.npy", "--threads", 1 + threads, output=output,
                           steps=steps)
                self.assertEqual(self.contents(output), self.contents("alone"))
                self.assertNotIn("checkpoint", self.names(output))
        done = self.twofold(*self.command("--resume", output="alone", steps=steps))
        self.assertExit(done, OK, "finished already")
        done = self.twofold(*self.command("--resume", output="alone", steps=5))
        self.assertRefused(done, USAGE, "another run")

    def test_existing_folders(self):
        self.learn()
        self.assertRefused(self.twofold(*self.command()), USAGE, "--force")
        before = self.contents("d")
        self.learn("--force", "--seed", 5)
        self.assertNotEqual(self.contents("d"), before)
        self.write("own/notes.txt", "mine")
        for how in ("--force", "--resume"):
            done = self.twofold(*self.command(how, output="own"))
            self.assertEqual(done.returncode, USAGE, done.stderr)
        self.assertEqual(self.names("own"), ["notes.txt"])
        # Other models may replace it, and the other way round.
        self.assertExit(self.twofold("learn", "x.npy", "--atoms", 4, "-o", "d", "--force"), OK)
        self.assertIn("dictionary.npy", self.names("d"))
        self.learn("--force")
        self.assertNotIn("dictionary.npy", self.names("d"))

    def test_options_of_other_models_are_refused(self):
        before = self.names()
        for option, value, words in (("--iterations", 5, "--steps"), ("--step", 0.1, "--learning-rate"),
                                     ("--starts", 1, "seed"), ("--threshold", 1, "k largest"),
                                     ("--time-limit", 1, "--resume")):
            self.assertRefused(self.twofold(*self.command(option, value)), USAGE, option, "topk",
                               words)
        for option in (["--steps", 5], ["--batch", 5], ["--learning-rate", 1], ["--tied", "yes"],
                       ["--dead-after", 5], ["--auxiliary", 0], ["--resume"]):
            done = self.twofold("learn", "x.npy", "--atoms", 4, "-o", "d", *option)
            self.assertRefused(done, USAGE, option[0], "model sparse")
        self.assertEqual(self.names(), before)

    def test_wrong_options_and_rows(self):
        before = self.names()
        refuse = lambda *arguments: self.twofold("learn", "x.npy", "--model", "topk", "-o", "d",
                                                 *arguments)
        self.assertRefused(refuse("--atoms", 8), USAGE, "--sparsity")
        self.assertRefused(refuse("--atoms", 8, "--sparsity", "auto"), USAGE, "--sparsity")
        self.assertRefused(refuse("--atoms", 8, "--sparsity", 9), USAGE, "1 ... 8")
        self.assertExit(refuse("--atoms", 8, "--sparsity", 2, "--steps", 0), USAGE)
        self.assertExit(refuse("--atoms", 8, "--sparsity", 2, "--tied", "maybe"), USAGE)
        self.assertRefused(refuse("--atoms", 8, "--sparsity", 2, "--truth", "none.npy"), BAD_DATA)
        self.assertEqual(self.names(), before)
        bad = [list(row) for row in self.rows]
        bad[700][2] = math.nan
        self.write("nan.npy", sample_files.npy(bad))
        self.write("equal.npy", sample_files.npy([[2.0] * DIMENSION] * 50))
        before = self.names()
        self.assertRefused(self.twofold(*self.command(data="nan.npy")), BAD_DATA, "row 700")
        self.assertRefused(self.twofold(*self.command(data="equal.npy")), BAD_DATA, "equal")
        self.assertEqual(self.names(), before)

    def test_images_and_transforms(self):
        generator = random.Random(7)
        flat = bytes(generator.randrange(256) for _ in range(200 * 64))
        self.write("images.idx", b"\x00\x00\x08\x03" + struct.pack(">III", 200, 8, 8) + flat)
        summary = self.learn("--transform", "patches:4", "--transform", "whiten", data="images.idx")
        self.assertEqual(summary["dimension"], 16)
        self.assertTrue((self.folder / "d/atoms.png").read_bytes().startswith(b"\x89PNG"))
        done = self.twofold("transform", "images.idx", "--dictionary", "d", "-o", "c.npz", "--json")
        self.assertExit(done, OK)
        self.assertEqual(json.loads(done.stdout)["rows"], 800)
        done = self.twofold("transform", "images.idx", "--dictionary", f"d/{WEIGHTS}", "-o", "e.npz")
        self.assertRefused(done, BAD_DATA, "whiten", "folder")

    def test_a_tied_encoder_is_the_decoder(self):
        self.learn("--tied", "yes")
        tensors, metadata = read_safetensors(self.folder / "d" / WEIGHTS)
        self.assertEqual(metadata["tied"], "yes")
        W, D = tensors["W_enc"][1], tensors["W_dec"][1]
        self.assertEqual([W[j * ATOMS + u] for u in range(ATOMS) for j in range(DIMENSION)], list(D))

    def test_a_step_that_is_far_too_large_is_said(self):
        done = self.twofold(*self.command("--learning-rate", 1e30))
        self.assertIn(done.returncode, (4,), done.stderr)
        self.assertIn("--learning-rate", done.stderr)
        self.assertFalse((self.folder / "d").exists())


if __name__ == "__main__":
    main()
