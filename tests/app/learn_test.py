#!/usr/bin/env python3
"""twofold learn and transform: what they choose, find, write, and refuse."""

import json
import math
import random
import signal
import struct
import unittest
import zipfile

import sample_files
from command_line import (BAD_DATA, DIVERGED, INTERRUPTED, OK, USAGE, CommandLineTest, main)

ROWS, DIMENSION, ATOMS, SPARSITY = 1500, 32, 16, 2


def atoms(seed=1, count=ATOMS, dimension=DIMENSION):
    """Unit vectors in random directions."""
    generator = random.Random(seed)
    made = []
    for _ in range(count):
        row = [generator.gauss(0, 1) for _ in range(dimension)]
        norm = math.sqrt(sum(a * a for a in row))
        made.append([a / norm for a in row])
    return made


def sparse_rows(dictionary, count=ROWS, sparsity=SPARSITY, noise=0.03, scale=1.0, seed=2):
    """Rows of `sparsity` atoms with random signs."""
    generator = random.Random(seed)
    rows = []
    for _ in range(count):
        row = [generator.gauss(0, noise) for _ in dictionary[0]]
        for atom in generator.sample(dictionary, sparsity):
            sign = generator.choice((-1, 1))
            row = [a + sign * b for a, b in zip(row, atom)]
        rows.append([scale * a for a in row])
    return rows


def read_npy(content):
    """Type, shape and numbers of a little-endian .npy file."""
    length = struct.unpack("<H", content[8:10])[0]
    header = eval(content[10:10 + length].decode(), {})  # noqa: S307: written by the tool
    code = {"<f4": "f", "<f8": "d", "<i4": "i", "<i8": "q"}.get(header["descr"])
    body = content[10 + length:]
    if code is None:
        return header["descr"], header["shape"], body
    count = math.prod(header["shape"])
    return header["descr"], header["shape"], struct.unpack(f"<{count}{code}", body)


def read_rows(path):
    _, (rows, columns), flat = read_npy(path.read_bytes())
    return [flat[i * columns:(i + 1) * columns] for i in range(rows)]


def read_csr(path):
    """Rows as lists of (column, value), and the shape."""
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        arrays = {name[:-4]: read_npy(archive.read(name)) for name in archive.namelist()}
    assert arrays["format"] == ("|S3", (), b"csr")
    ends = arrays["indptr"][2]
    entries = list(zip(arrays["indices"][2], arrays["data"][2]))
    return [entries[a:b] for a, b in zip(ends, ends[1:])], arrays["shape"][2]


class Learn(CommandLineTest):
    def setUp(self):
        super().setUp()
        self.atoms = atoms()
        self.rows = sparse_rows(self.atoms)
        self.write("x.npy", sample_files.npy(self.rows))
        self.write("a.npy", sample_files.npy(self.atoms))

    def learn(self, *arguments, data="x.npy", output="d", count=ATOMS, code=OK):
        done = self.twofold("learn", data, "--atoms", count, "-o", output, "--json", *arguments)
        self.assertExit(done, code)
        return json.loads(done.stdout)

    def names(self):
        return sorted(path.name for path in self.folder.iterdir())

    def test_finds_the_atoms_and_says_so(self):
        for sparsity in ("auto", SPARSITY):
            with self.subTest(sparsity=sparsity):
                record = self.learn("--truth", "a.npy", "--sparsity", sparsity, "--force")
                summary = record["summary"]
                self.assertEqual(summary["sparsity"], SPARSITY)
                self.assertEqual(summary["truth"]["recovered"], 1)
                self.assertEqual(summary["used"], ATOMS)
                self.assertEqual(summary["dead"] + summary["duplicates"], 0)
                self.assertEqual(summary["held_out_rows"], ROWS // 10)
                self.assertEqual(summary["l0"], SPARSITY)
                self.assertEqual({c["name"]: c["verdict"] for c in record["claims"]},
                                 {"explained_variance": "holds", "mean_cosine": "holds"})
                explained = record["claims"][0]  # 15 % of what is not explained, and half a percent
                self.assertAlmostEqual(explained["tolerance"], 0.15 * (1 - explained["predicted"]) + 0.005)

    def test_expectation_comes_before_the_result_on_stdout(self):
        done = self.twofold("learn", "x.npy", "--atoms", ATOMS, "-o", "d", "--truth", "a.npy")
        self.assertExit(done, OK)
        text = done.stdout
        self.assertLess(text.index("nothing has been learned yet"), text.index("learned 16 atoms"))
        for words in ("sparsity", "noise", "scale", "explained variance", "stability", "duplicates",
                      "true atoms found"):
            self.assertIn(words, text)
        self.assertIn("next: twofold transform", done.stderr)

    def test_the_folder_is_a_run_that_report_reads(self):
        self.learn()
        names = {path.name for path in (self.folder / "d").iterdir()}
        self.assertEqual(names, {"dictionary.npy", "mean.npy", "dictionary.json", "record.json",
                                 "report.html", "series"})
        kind, shape, _ = read_npy((self.folder / "d/dictionary.npy").read_bytes())
        self.assertEqual((kind, shape), ("<f8", (ATOMS, DIMENSION)))
        done = self.twofold("report", "d", "-o", "again.html")
        self.assertExit(done, OK)
        self.assertGreater((self.folder / "again.html").stat().st_size, 10_000)

    def test_results_are_the_same_on_any_number_of_threads(self):
        made = []
        for threads in (1, 3):
            self.learn("--threads", threads, "--force")
            self.assertExit(self.twofold("transform", "x.npy", "--dictionary", "d", "-o", "c.npz",
                                         "--threads", threads), OK)
            made.append([(self.folder / name).read_bytes()
                         for name in ("d/dictionary.npy", "d/dictionary.json", "c.npz")])
        self.assertEqual(made[0], made[1])

    def test_codes_times_atoms_are_the_reconstructions(self):
        self.learn()
        said = self.twofold("transform", "x.npy", "--dictionary", "d", "-o", "c.npz", "--json")
        self.assertExit(said, OK)
        self.assertExit(self.twofold("transform", "x.npy", "--dictionary", "d", "--reconstruct",
                                     "-o", "r.npy"), OK)
        codes, shape = read_csr(self.folder / "c.npz")
        self.assertEqual(shape, (ROWS, ATOMS))
        dictionary = read_rows(self.folder / "d/dictionary.npy")
        mean = read_rows(self.folder / "d/mean.npy")[0]
        reconstructed = read_rows(self.folder / "r.npy")
        residual = total = 0.0
        for x, row, back in zip(self.rows, codes, reconstructed):
            self.assertEqual([j for j, _ in row], sorted({j for j, _ in row}))
            made = list(mean)
            for j, value in row:
                made = [a + value * b for a, b in zip(made, dictionary[j])]
            # Codes and reconstructions are written in single precision, numbers of order 1.
            for a, b in zip(made, back):
                self.assertAlmostEqual(a, b, delta=1e-6)
            residual += sum((a - b) ** 2 for a, b in zip(x, back))
            total += sum((a - b) ** 2 for a, b in zip(x, mean))
        document = json.loads(said.stdout)
        self.assertEqual(document["rows"], ROWS)
        self.assertEqual(document["entries"], sum(map(len, codes)))
        # The mean of 1350 training rows is not that of all 1500: 1e-4 of the variance.
        self.assertAlmostEqual(document["explained_variance"], 1 - residual / total, delta=1e-3)

    def test_scipy_reads_the_codes(self):
        try:
            import numpy
            import scipy.sparse
        except ImportError:
            self.skipTest("python3-scipy is not installed; the arrays are checked without it too")
        self.learn()
        self.assertExit(self.twofold("transform", "x.npy", "--dictionary", "d", "-o", "c.npz"), OK)
        codes = scipy.sparse.load_npz(self.folder / "c.npz")
        self.assertEqual(codes.shape, (ROWS, ATOMS))
        rows, _ = read_csr(self.folder / "c.npz")
        self.assertEqual(codes.nnz, sum(map(len, rows)))
        dense = numpy.asarray(codes.todense())
        for i in (0, ROWS - 1):
            for j, value in rows[i]:
                self.assertEqual(dense[i, j], numpy.float32(value))

    def test_other_models(self):
        centres = [[7 * a for a in atom] for atom in self.atoms[:5]]
        generator = random.Random(5)
        clusters = [[a + generator.gauss(0, 0.3) for a in generator.choice(centres)]
                    for _ in range(600)]
        self.write("clusters.npy", sample_files.npy(clusters))
        self.write("centres.npy", sample_files.npy(centres))
        summary = self.learn("--model", "mixture", "--truth", "centres.npy", data="clusters.npy",
                             output="m", count=5)["summary"]
        self.assertEqual(summary["truth"]["recovered"], 1)
        self.assertEqual(summary["l0"], 1)
        summary = self.learn("--model", "subspace", output="s", count=3)["summary"]
        self.assertEqual(summary["l0"], 3)
        summary = self.learn("--model", "nonnegative", output="n")["summary"]
        self.assertIn("z", summary["gate"])

    def test_transforms_are_kept_and_applied_again(self):
        generator = random.Random(7)
        images = [[generator.gauss(0, 1) for _ in range(64)] for _ in range(60)]
        flat = bytes(max(0, min(255, round(128 + 40 * a))) for image in images for a in image)
        self.write("images.idx", b"\x00\x00\x08\x03" + struct.pack(">III", 60, 8, 8) + flat)
        steps = [part for name in ("patches:4", "whiten", "unit_norm")
                 for part in ("--transform", name)]
        summary = self.learn(*steps, data="images.idx", count=8)["summary"]
        self.assertEqual(summary["dimension"], 16)
        self.assertTrue((self.folder / "d/atoms.png").read_bytes().startswith(b"\x89PNG"))
        done = self.twofold("transform", "images.idx", "--dictionary", "d", "--reconstruct", "-o",
                            "r.npy", "--json")
        self.assertExit(done, OK)
        self.assertEqual(json.loads(done.stdout)["rows"], 240)
        # The same rows are explained as well as when they were learned from, up to the tenth that
        # was held out, whose own share differs by chance.
        self.assertAlmostEqual(json.loads(done.stdout)["explained_variance"],
                               summary["explained_variance_training"], delta=0.05)
        for name in ("mask:0.5", "random_signs", "mirrored"):
            done = self.twofold("learn", "x.npy", "--atoms", 4, "--transform", name, "-o", "z")
            self.assertRefused(done, USAGE, "leave")

    def test_bad_rows(self):
        few, constant = self.rows[:10], [[2.0] * DIMENSION] * 50
        bad = [list(row) for row in self.rows[:50]]
        bad[17][2] = math.nan
        for name, rows in (("few.npy", few), ("constant.npy", constant), ("nan.npy", bad),
                           ("zero.npy", [[0.0] * DIMENSION] * 50)):
            self.write(name, sample_files.npy(rows))
        before = self.names()
        refuse = lambda data, code, *words: self.assertRefused(
            self.twofold("learn", data, "--atoms", ATOMS, "-o", "d"), code, *words)
        refuse("few.npy", USAGE, "16 atoms", "there are 9", "fewer atoms")
        refuse("constant.npy", BAD_DATA, "all rows are equal")
        refuse("zero.npy", BAD_DATA, "all rows are equal")
        refuse("nan.npy", BAD_DATA, "row 17")
        refuse("absent.npy", BAD_DATA, "absent.npy")
        self.assertEqual(self.names(), before)

    def test_zero_rows_and_large_units_are_said(self):
        rows = [[1e6 * a for a in row] for row in self.rows]
        rows[5:45] = [[0.0] * DIMENSION] * 40
        self.write("large.npy", sample_files.npy(rows))
        summary = self.learn("--truth", "a.npy", "--sparsity", SPARSITY, data="large.npy")["summary"]
        self.assertTrue(any("40 of 1350 rows are 0" in text for text in summary["warnings"]),
                        summary["warnings"])
        # Two contributions of 1e6 each: √2 million, the 40 rows of 0 take 1.5 % off.
        self.assertAlmostEqual(summary["scale"], math.sqrt(2) * 1e6, delta=0.03e6)
        self.assertEqual(summary["truth"]["recovered"], 1)

    def test_wrong_options(self):
        before = self.names()
        refuse = lambda *arguments: self.twofold("learn", "x.npy", "-o", "d", *arguments)
        self.assertRefused(refuse("--atoms", 8, "--sparsity", 9), USAGE, "sparsity 9", "8 atoms")
        self.assertRefused(refuse("--atoms", 8, "--sparsity", "two"), USAGE, "auto", "two")
        self.assertRefused(refuse("--atoms", 0), USAGE, "atoms")
        # Known only after training, when the expectation stands on stdout already.
        self.assertExit(refuse("--atoms", 8, "--threshold", 1e9), USAGE, "above every activation",
                        "the largest is")
        self.assertRefused(refuse("--atoms", 8, "--model", "mixture", "--sparsity", 2), USAGE,
                           "mixture")
        self.assertRefused(refuse("--atoms", 33, "--model", "subspace"), USAGE, "33", "32")
        self.assertRefused(refuse("--atoms", 8, "--transform", "whitten"), USAGE, "whiten")
        self.assertExit(refuse("--atoms", 8, "--model", "dense"), USAGE)
        self.assertExit(refuse(), USAGE)
        self.write("narrow.npy", sample_files.npy([row[:-1] for row in self.atoms]))
        self.assertRefused(refuse("--atoms", 8, "--truth", "narrow.npy"), BAD_DATA, "31", "32")
        self.assertEqual(self.names(), sorted([*before, "narrow.npy"]))

    def test_more_atoms_than_there_are(self):
        self.write("four.npy", sample_files.npy(sparse_rows(self.atoms[:4], sparsity=1)))
        summary = self.learn("--sparsity", 1, data="four.npy")["summary"]
        # 4 directions, 16 atoms: what is not idle repeats.
        self.assertGreaterEqual(summary["duplicates"] + summary["dead"], 12)
        self.assertTrue(any("fewer" in text for text in summary["warnings"]), summary["warnings"])

    def test_noise_that_is_a_residual_makes_no_prediction(self):
        """As many atoms as dimensions: no direction is left that shows the noise alone."""
        claim = self.learn("--sparsity", SPARSITY, count=DIMENSION)["claims"][0]
        self.assertEqual((claim["name"], claim["verdict"]), ("explained_variance", "not applicable"))
        self.assertIn("a trial left unexplained", claim["why"])

    def test_a_collapse_ends_with_its_code_and_the_state_saved(self):
        generator = random.Random(9)
        rows = [[abs(generator.gauss(1, 0.3)) for _ in range(20)] for _ in range(300)]
        self.write("positive.npy", sample_files.npy(rows))
        record = self.learn("--center", "no", "--step", 1e6, "--sparsity", 20, "--model",
                            "nonnegative", data="positive.npy", count=30, code=DIVERGED)
        self.assertEqual(record["status"], "diverged")
        _, shape, numbers = read_npy((self.folder / "d/dictionary.npy").read_bytes())
        self.assertEqual(shape, (30, 20))
        self.assertTrue(all(map(math.isfinite, numbers)))
        self.assertRefused(self.twofold("transform", "positive.npy", "--dictionary", "d", "-o",
                                        "c.npz"), BAD_DATA, "collapsed")

    def test_existing_folders(self):
        self.learn()
        done = self.twofold("learn", "x.npy", "--atoms", 4, "-o", "d")
        self.assertRefused(done, USAGE, "--force")
        self.write("own/notes.txt", "mine")
        done = self.twofold("learn", "x.npy", "--atoms", 4, "-o", "own", "--force")
        self.assertRefused(done, USAGE, "not a dictionary")
        self.learn("--force", "--seed", 5, count=5)
        self.assertEqual(self.record("d")["summary"]["atoms"], 5)

    def test_dictionaries_that_do_not_fit_are_refused(self):
        self.learn()
        self.write("narrow.npy", sample_files.npy([row[:-1] for row in self.rows[:5]]))
        before = self.names()
        transform = lambda data="x.npy", folder="d", output="c.npz": self.twofold(
            "transform", data, "--dictionary", folder, "-o", output)
        self.assertRefused(transform("narrow.npy"), BAD_DATA, "dimension 31", "32")
        self.assertRefused(transform(folder="absent"), BAD_DATA, "absent")
        self.assertRefused(transform(folder="."), BAD_DATA, "no such file")
        self.assertRefused(transform(output="x.npy"), USAGE, "is the input")
        self.assertRefused(transform(output="c.csv"), USAGE, ".npz")
        whole = (self.folder / "d/dictionary.npy").read_bytes()
        self.write("d/dictionary.npy", whole[:-1] + bytes([whole[-1] ^ 1]))
        self.assertRefused(transform(), BAD_DATA, "dictionary.npy", "not the file")
        self.assertEqual(self.names(), before)

    def test_a_time_limit_is_kept(self):
        record = self.learn("--sparsity", 2, "--iterations", 10_000_000, "--time-limit", 1)
        self.assertLess(record["timing"]["simulate_s"], 10)
        self.assertTrue(any("time limit" in text for text in record["summary"]["warnings"]))

    def test_interrupt_leaves_nothing(self):
        before = self.names()
        process = self.start("learn", "x.npy", "--atoms", ATOMS, "--sparsity", 2, "--iterations",
                             10_000_000, "-o", "d", "--progress", "json")
        while '"start 1 of 2"' not in process.stderr.readline():
            self.assertIsNone(process.poll())
        process.send_signal(signal.SIGINT)
        said = process.stderr.read()
        self.assertEqual(process.wait(timeout=60), INTERRUPTED, said)
        self.assertIn("nothing was written", said)
        self.assertEqual(self.names(), before)


if __name__ == "__main__":
    main()
