#!/usr/bin/env python3
"""one_bit from end to end: predictions, a run and what it leaves, refusals, stop and resume."""

import math
import re
import signal
import struct
import time
import zlib
from pathlib import Path

import sample_files
from command_line import BAD_DATA, INTERRUPTED, OK, PREEMPTED, USAGE, CommandLineTest, main

SPEC = """
system = "one_bit"
seed = 1
[data]
source = "sparse_gaussian"
sparsity = 0.1
dimension = 1024
[model]
rate = 1.0
encoder = "hadamard"
store_norm = true
[decode]
layers = [1, 2, 3, 10]
samples = 200
"""

CLAIMS = """
[[claim]]
quantity = "linear"
tolerance = 0.02
relative = true
reason = "finite dimension"
[[claim]]
quantity = "layer"
tolerance = 0.05
relative = true
reason = "some 100 non-zeros a vector"
[[figure]]
kind = "errors"
"""

# About half a second of training, with a checkpoint every 20 ms.
LEARNED = """
system = "one_bit"
experiment = "learned"
seed = 3
repeats = 2
[data]
source = "sparse_rademacher"
sparsity = 0.8
dimension = 24
[model]
encoder = "learned"
store_norm = false
[decode]
samples = 1000
fit_samples = 3000
[train]
steps = 1500
batch = 400
records = 11
checkpoint_seconds = 0.02
[[claim]]
quantity = "trained"
tolerance = 1.0
reason = "so short a training promises nothing; the exit code shall be 0"
[[figure]]
kind = "training"
[[figure]]
kind = "encoder"
"""

CHECKPOINT = "checkpoint/case1-{}/checkpoint.safetensors"


class OneBitTest(CommandLineTest):
    def setUp(self):
        super().setUp()
        self.spec = self.write("one_bit.toml", SPEC)


class Predict(OneBitTest):
    def test_the_table(self):
        summary = self.predict(self.spec)["summary"]
        self.assertEqual(summary["decoder_layers"], [1, 2, 3, 10])
        # Published with five decimals; the computation is good to 2e-5.
        for value, right in zip(summary["layers"], (.11749, .07933, .06806)):
            self.assertAlmostEqual(value, right, delta=2e-5)
        self.assertAlmostEqual(summary["fixed_point"], .06082, delta=2e-5)
        self.assertAlmostEqual(summary["bayes"], .06082, delta=2e-5)
        self.assertTrue(summary["fixed_point"] < summary["layers"][3] < summary["layers"][2])
        # Closed forms: a few roundings.
        for key, right in (("gaussian_limit", 1 - 2 / math.pi), ("linear", 1 - 2 / math.pi),
                           ("identity", 1 - .2 / math.pi), ("critical_sparsity", 1), ("stability_sparsity", 1)):
            self.assertAlmostEqual(summary[key], right, delta=1e-12, msg=key)

    def test_text_shows_the_same_numbers(self):
        done = self.twofold("predict", self.spec)
        self.assertExit(done, OK)
        for shown in ("1024 coordinates, 1024 bits", "0.36338", "0.11749", "0.068065", "0.060819", "0.93634",
                      "10 decoder layer(s)", "p = 1"):
            self.assertIn(shown, done.stdout)

    def test_what_is_not_defined_is_null(self):
        above = self.predict(self.spec, "--set", "model.rate=1.5")["summary"]
        self.assertIsNone(above["identity"])
        self.assertAlmostEqual(above["layers"][0], .07624, delta=2e-5)
        rows = self.predict(self.spec, "--set", "model.encoder=gaussian")["summary"]
        self.assertIsNone(rows["bayes"])
        text = self.twofold("predict", self.spec, "--set", "model.rate=1.5").stdout
        self.assertRegex(text, r"identity encoder, linear decoder +-\n")

    def test_the_hard_phase(self):
        keys = self.sets(data__source="sparse_rademacher", data__sparsity=.3, model__rate=1.5, data__dimension=4096)
        summary = self.predict(self.spec, *keys)["summary"]
        self.assertAlmostEqual(summary["fixed_point"], .13369, delta=2e-5)
        self.assertAlmostEqual(summary["bayes"], 0, delta=1e-9)
        self.assertAlmostEqual(summary["stability_sparsity"], 1 / 3, delta=1e-12)
        self.assertAlmostEqual(summary["critical_sparsity"], 2 / math.pi, delta=1e-12)

    def test_rows_of_a_file(self):
        self.write("x.npy", sample_files.npy(sample_files.rows(900, 20)))
        spec = self.write("file.toml", 'system = "one_bit"\n[data]\nsource = "npy"\npath = "x.npy"\n')
        prediction = self.predict(spec)
        self.assertEqual(prediction["summary"]["dimension"], 20)
        self.assertIsNone(prediction["summary"]["critical_sparsity"])  # of a family, not of a file
        self.assertTrue({"energy_spread", "effective_share"} <= {t["name"] for t in prediction["trust"]})

    def test_sweeps_predict_every_case(self):
        spec = self.write("sweep.toml", SPEC + '[sweep]\nkey = "model.rate"\nvalues = [0.5, 2.0]\n')
        cases = self.predict(spec)["cases"]
        self.assertEqual([case["case"] for case in cases], ["0.5", "2"])
        self.assertEqual([case["summary"]["bits"] for case in cases], [512, 2048])


class Refusals(OneBitTest):
    def test_specs_that_cannot_be_meant(self):
        for assignment, words in (
                ("decode.layrs=[1]", ("unknown key 'decode.layrs'", "did you mean 'decode.layers'?")),
                ("model.encoder=hadamrd", ("hadamrd", "did you mean 'hadamard'?")),
                ("decode.layers=[]", ("decode.layers", "at least one")),
                ("data.sparsity=1.5", ("(0, 1]", "1.5")),
                ("data.dimension=0", ("dimension >= 1",)),
                ("model.rate=0", ("model.rate = 0", "> 0")),
                ("train.last_step=1", ("train.last_step = 1", "train.first_step"))):
            with self.subTest(assignment):
                self.assertRefused(self.twofold("predict", self.spec, "--set", assignment), USAGE, *words)

    def test_combinations(self):
        for keys, words in (
                (dict(model__encoder="identity", model__rate=2), ("identity", "rate <= 1")),
                (dict(model__encoder="learned", train__method="population", data__source="sparse_rademacher"),
                 ("population", "surrogate")),
                (dict(model__encoder="learned", decode__ri_gamp="true"), ("decode.ri_gamp",))):
            with self.subTest(words[0]):
                done = self.twofold("run", self.spec, "--out", "never", *self.sets(**keys))
                self.assertRefused(done, USAGE, *words)
                self.assertFalse((self.folder / "never").exists())

    def test_claims_and_figures_are_checked_before_anything_is_encoded(self):
        for text, words in (('[[claim]]\nquantity = "laier"\nreason = "r"\n', ("'laier'", "did you mean 'layer'?")),
                            ('[[figure]]\nkind = "errrors"\n', ("'errrors'", "kinds are errors"))):
            with self.subTest(words[0]):
                spec = self.write("bad.toml", SPEC + text)
                self.assertRefused(self.twofold("run", spec, "--out", "never"), USAGE, *words)
                self.assertFalse((self.folder / "never").exists())

    def test_claims_about_what_is_not_measured(self):
        spec = self.write("bad.toml", SPEC + '[[claim]]\nquantity = "denoised"\nreason = "r"\n')
        done = self.twofold("run", spec, "--out", "never", *self.sets(model__encoder="identity", data__dimension=16))
        self.assertExit(done, USAGE, "'layer 1' was not measured")
        self.assertFalse((self.folder / "never/record.json").exists())

    def test_a_file_that_is_missing(self):
        done = self.twofold("predict", self.spec, *self.sets(data__source="npy", data__path="none.npy"))
        self.assertRefused(done, BAD_DATA, "none.npy")


class Run(OneBitTest):
    def test_a_run_leaves_record_and_report(self):
        spec = self.write("claims.toml", SPEC + CLAIMS)
        done = self.twofold("run", spec, "--out", "a")
        self.assertExit(done, OK)
        record = self.record("a")
        self.assertEqual(record["system"], "one_bit")
        self.assertEqual([claim["name"] for claim in record["claims"]],
                         ["linear", "layer[1]", "layer[2]", "layer[3]", "layer[10]"])
        for claim in record["claims"]:
            self.assertEqual(claim["verdict"], "holds", claim)
            self.assertGreater(claim["standard_error"], 0)
            self.assertIn(claim["name"], done.stdout)
        run = record["summary"]["run"]
        self.assertEqual(sorted(run["measured"]), ["layer 1", "layer 10", "layer 2", "layer 3", "linear"])
        self.assertEqual(record["claims"][1]["measured"], run["measured"]["layer 1"]["mean"])
        left = {str(path.relative_to(self.folder / "a")) for path in (self.folder / "a").rglob("*") if path.is_file()}
        self.assertEqual(left, {"record.json", "spec.resolved.toml", "log.jsonl", "report.html",
                                "series/1-errors.csv"})
        self.assertNotIn("nan", (self.folder / "a/series/1-errors.csv").read_text())
        self.assertIn("layer[10]", (self.folder / "a/report.html").read_text())

    def test_a_resolved_spec_is_a_spec(self):
        small = self.sets(data__dimension=64, decode__samples=20)
        self.twofold("run", self.spec, "--out", "a", *small)
        resolved = self.folder / "a/spec.resolved.toml"
        self.assertEqual(self.predict(resolved), self.predict(self.spec, *small))

    def test_threads_do_not_change_a_bit(self):
        for name, text in (("layers", SPEC + CLAIMS), ("learned", LEARNED.replace("steps = 1500", "steps = 40"))):
            spec = self.write(f"{name}.toml", text)
            records = []
            for threads in (1, 3):
                done = self.twofold("run", spec, "--out", f"{name}{threads}", "--threads", threads)
                self.assertExit(done, OK)
                records.append(self.record(f"{name}{threads}"))
            for key in ("claims", "summary", "figures", "trust"):
                self.assertEqual(records[0][key], records[1][key], f"{name}: {key}")

    def test_energies_that_spread_are_warned_of_and_not_judged(self):
        # Rows of one direction law, every second one five times as long.
        rows = [[(5 if i % 2 else 1) * value for value in row] for i, row in enumerate(sample_files.rows(400, 16))]
        self.write("x.npy", sample_files.npy(rows))
        spec = self.write("file.toml", 'system = "one_bit"\n[data]\nsource = "npy"\npath = "x.npy"\n'
                                       '[model]\nstore_norm = false\n')
        done = self.twofold("run", spec, "--out", "a")
        self.assertExit(done, OK, "energy_spread", "store it")
        for claim in self.record("a")["claims"]:
            self.assertEqual(claim["verdict"], "not applicable")
            self.assertIn("model.store_norm = true", claim["why"])


class Learned(OneBitTest):
    alone = None  # results and claims of the run that was left alone; the same for every test

    def setUp(self):
        super().setUp()
        self.spec = self.write("learned.toml", LEARNED)

    def go(self, folder, *arguments, threads=1):
        self.assertExit(self.twofold("run", self.spec, "--out", folder, "--threads", threads, *arguments), OK)
        record = self.record(folder)
        return self.results(folder), record["claims"], record["summary"], record["trust"]

    def left_alone(self):
        if Learned.alone is None:
            Learned.alone = self.go("alone")
        return Learned.alone

    def stop(self, folder, number, repeat=1):
        """Starts, sends the signal once `repeat` has a checkpoint; exit code and what was said."""
        run, deadline = self.folder / folder, time.monotonic() + 60
        process = self.start("run", self.spec, "--out", folder, "--threads", "1", "--resume")
        while not (run / CHECKPOINT.format(repeat)).exists():
            self.assertIsNone(process.poll(), "the run ended before it could be stopped")
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.002)
        process.send_signal(number)
        said = process.stderr.read()
        return process.wait(), said

    def test_interrupted_and_resumed(self):
        for repeat, number, code in ((1, signal.SIGINT, INTERRUPTED), (2, signal.SIGTERM, PREEMPTED)):
            with self.subTest(number.name):
                ended, said = self.stop(number.name, number, repeat)
                self.assertEqual(ended, code, said)
                self.assertIn("--resume", said)
                self.assertFalse((self.folder / number.name / "record.json").exists())
                self.assertEqual(self.go(number.name, "--resume", threads=repeat), self.left_alone())
                self.assertFalse((self.folder / number.name / "checkpoint").exists())

    def test_killed(self):
        ended, _ = self.stop("killed", signal.SIGKILL)
        self.assertEqual(ended, -signal.SIGKILL)
        self.assertEqual(self.go("killed", "--resume"), self.left_alone())

    def test_a_damaged_repeat_is_refused_with_a_way_out(self):
        self.stop("damaged", signal.SIGTERM, repeat=2)
        finished = self.folder / "damaged/checkpoint/case1-1.json"
        finished.write_text(finished.read_text()[:-20])
        done = self.twofold("run", self.spec, "--out", "damaged", "--resume", "--threads", 1)
        self.assertRefused(done, BAD_DATA, "case1-1.json is damaged", "remove it")
        finished.unlink()
        self.assertEqual(self.go("damaged", "--resume"), self.left_alone())

    def test_the_picture_of_the_encoder(self):
        self.go("a", *self.sets(train__steps=20, repeats=1))
        [picture] = self.record("a")["images"]
        png = (self.folder / "a" / picture["data"]).read_bytes()
        self.assertEqual(png[:8], b"\x89PNG\r\n\x1a\n")
        chunks, at = {}, 8
        while at < len(png):
            size, kind = struct.unpack_from(">I4s", png, at)
            data = png[at + 8:at + 8 + size]
            self.assertEqual(struct.unpack_from(">I", png, at + 8 + size)[0], zlib.crc32(kind + data))
            chunks[kind] = data
            at += 12 + size
        side = 512 // 24 * 24  # squares of whole pixels
        self.assertEqual(struct.unpack(">IIBBBBB", chunks[b"IHDR"]), (side, side, 8, 2, 0, 0, 0))
        self.assertEqual(len(zlib.decompress(chunks[b"IDAT"])), side * (1 + 3 * side))
        self.assertIn("data:image/png", (self.folder / "a/report.html").read_text())


class Reproduce(OneBitTest):
    def test_one_experiment_of_the_collection(self):
        done = self.twofold("reproduce", "one_bit", "--only", "rates", "--quick", "--out", "report")
        self.assertExit(done, OK)
        record = self.record("report/one_bit/rates")
        self.assertEqual(record["status"], "ok")
        # 18 cases, each with a linear claim and three depths.
        self.assertEqual(len(record["claims"]), 72)
        self.assertEqual({claim["verdict"] for claim in record["claims"]}, {"holds"})
        resolved = (self.folder / "report/one_bit/rates/spec.resolved.toml").read_text()
        self.assertTrue(re.search(r"^samples = 60$", resolved, re.M), "the settings of [quick]")
        self.assertTrue((self.folder / "report/report.html").is_file())

    def test_an_unknown_experiment(self):
        self.assertRefused(self.twofold("reproduce", "one_bit", "--only", "rate", "--out", "never"), USAGE, "'rate'")
        self.assertFalse(Path(self.folder / "never").exists())


if __name__ == "__main__":
    main()
