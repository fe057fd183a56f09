#!/usr/bin/env python3
"""What comes out and where: stdout for data, stderr for people, exit codes, run folders."""

import json
import os
import resource
import shutil
import signal
import subprocess
from unittest import mock

import command_line
from command_line import (BAD_DATA, CLAIM_FAILED, DIVERGED, INTERRUPTED, OK, SPEC, USAGE, CommandLineTest, main)

SUBCOMMANDS = ("run", "predict", "reproduce", "report", "list")
WRONG_CLAIM = '\n[[claim]]\nquantity = "end_loss"\ntolerance = 0.0\nreason = "none can be that close"\n'


class Help(CommandLineTest):
    def test_help_starts_with_an_example(self):
        for command in ([], *([name] for name in SUBCOMMANDS)):
            with self.subTest(command):
                done = self.twofold(*command, "--help")
                self.assertExit(done, OK)
                self.assertEqual(done.stderr, "")
                lines = done.stdout.splitlines()
                self.assertTrue(lines[0].startswith("Example"), lines[0])
                self.assertIn("twofold " + "".join(command), lines[1])

    def test_without_arguments_it_says_where_help_is(self):
        self.assertRefused(self.twofold(), USAGE, "--help")

    def test_wrong_usage(self):
        for arguments in (["walk"], ["run"], ["report"], ["list"], ["list", "colours"],
                          ["run", self.spec, "--walk"], ["run", self.spec, "--threads", "0"],
                          ["run", self.spec, "--seed", "-1"], ["run", self.spec, "--seed", "two"],
                          ["run", self.spec, "--progress", "dance"],
                          ["run", self.spec, "--resume", "--force"],
                          ["reproduce", "--quick", "--full"]):
            with self.subTest(arguments):
                self.assertRefused(self.twofold(*arguments), USAGE, "--help")
        self.assertRefused(self.twofold("reproduce", "mean_feild"), USAGE, "did you mean 'mean_field'?")
        self.assertRefused(self.twofold("reproduce", "--only", "none"), USAGE, "'none'", "list experiments")

    def test_wrong_usage_says_what_would_be_right(self):
        self.assertRefused(self.twofold("runn", self.spec), USAGE, "'runn' is none", "did you mean 'run'?")
        self.assertRefused(self.twofold("codec", "shrink"), USAGE, "fit, encode, decode, info", "codec --help")
        self.assertRefused(self.twofold("run", self.spec, "--seed", "-1"), USAGE, "a number >= 0", "run --help")

    def test_version(self):
        done = self.twofold("--version")
        self.assertExit(done, OK)
        self.assertRegex(done.stdout, r"^\d+\.\d+\.\d+\n$")

    def test_lists(self):
        expected = {"systems": "mean_field", "data": "fashion-mnist", "activations": "relu",
                    "decoders": "gvamp", "experiments": "mean_field/phases", "quantities": "mean_field: loss",
                    "instructions": "avx512_bf16"}
        for kind, name in expected.items():
            with self.subTest(kind):
                text = self.twofold("list", kind)
                self.assertExit(text, OK)
                self.assertEqual(text.stderr, "")
                entries = json.loads(self.twofold("list", kind, "--json").stdout)
                self.assertIn(name, [entry["name"] for entry in entries])
                self.assertEqual(len(text.stdout.splitlines()), len(entries))
                for entry in entries:
                    self.assertIn(entry["name"], text.stdout)


class Streams(CommandLineTest):
    def test_instructions_can_be_forbidden(self):
        def with_at_most(name, what):
            with mock.patch.dict(os.environ, TWOFOLD_INSTRUCTIONS=name):
                return self.twofold("list", what, "--json")

        used = [entry["name"] for entry in json.loads(with_at_most("portable", "instructions").stdout)
                if entry["about"] == "used"]
        self.assertEqual(used, ["portable"])
        self.assertRefused(with_at_most("avx1024", "systems"), USAGE, "TWOFOLD_INSTRUCTIONS", "'avx1024'",
                           "avx512_bf16")

    def test_stdout_is_data_and_stderr_narration(self):
        done = self.twofold("run", self.spec, "--out", "a", "--json")
        self.assertExit(done, OK, "report: ", "report.html")
        self.assertEqual(json.loads(done.stdout), self.record("a"))
        self.assertNotIn("report", done.stdout.split('"claims"')[0])

    def test_no_colours_off_a_terminal(self):
        for arguments in (["run", self.spec, "--out", "a"], ["run", self.spec, "--out", "b", "--progress", "plain"],
                          ["predict", self.spec], ["predict", "none.toml"]):
            done = self.twofold(*arguments)
            self.assertNotIn("\x1b", done.stdout + done.stderr)
            self.assertNotIn("\r", done.stdout + done.stderr)

    def test_quiet_says_nothing(self):
        for arguments in (["run", self.spec, "--out", "a"], ["predict", self.spec], ["report", "a"],
                          ["run", self.spec, "--out", "a", "--resume"]):
            with self.subTest(arguments):
                done = self.twofold(*arguments, "--quiet")
                self.assertExit(done, OK)
                self.assertEqual(done.stderr, "")

    def test_progress_as_json_lines(self):
        process = self.start("run", self.spec, "--out", "a", "--progress", "json",
                             *self.sets(train__time=1e9, record__times="[1e9]"))
        reports = []
        while len(reports) < 2:  # one a second
            reports.append(json.loads(process.stderr.readline()))
        process.send_signal(signal.SIGINT)
        last = [json.loads(line) for line in process.stderr]
        self.assertEqual(process.wait(), INTERRUPTED)
        for report in reports:
            self.assertLessEqual({"stage", "done", "total", "rate", "loss", "seconds_left",
                                  "seconds_to_record"}, set(report))
            self.assertEqual(report["total"], 20 * 10**9)
            self.assertGreater(report["rate"], 0)
        self.assertLess(reports[0]["done"], reports[1]["done"])
        self.assertEqual(last[-1]["severity"], "warning")
        self.assertIn("--resume", last[-1]["message"])

    def test_json_of_predict_and_reproduce(self):
        self.assertLessEqual({"series", "summary", "trust"}, set(self.predict(self.spec)))
        self.write("experiments/mean_field/one/spec.toml", SPEC)
        self.write("experiments/mean_field/two/spec.toml", SPEC.replace("seed = 1", "seed = 2"))
        done = self.twofold("reproduce", "--json", "--experiments", "experiments", "--out", "all")
        self.assertExit(done, OK, "mean_field/one", "mean_field/two")
        records = json.loads(done.stdout)["records"]
        self.assertEqual([record["seed"] for record in records], [1, 2])
        self.assertTrue((self.folder / "all/report.html").is_file())
        one = self.twofold("reproduce", "--json", "--experiments", "experiments", "--out", "some", "--only", "two")
        self.assertEqual([record["seed"] for record in json.loads(one.stdout)["records"]], [2])

    def test_missing_experiments(self):
        done = self.twofold("reproduce", "--experiments", "nowhere")
        self.assertRefused(done, BAD_DATA, "nowhere", "spec.toml")

    def test_full_standard_output(self):
        with open("/dev/full", "w") as full:
            done = subprocess.run([command_line.TOOL, "predict", str(self.spec), "--json"], stdout=full,
                                  stderr=subprocess.PIPE, text=True)
        self.assertEqual(done.returncode, BAD_DATA, done.stderr)
        self.assertIn("cannot write", done.stderr)


class Verdicts(CommandLineTest):
    def test_a_failing_claim_is_an_exit_code(self):
        spec = self.write("wrong.toml", SPEC + WRONG_CLAIM)
        done = self.twofold("run", spec, "--out", "a")
        self.assertExit(done, CLAIM_FAILED)
        self.assertIn("fails", done.stdout)
        self.assertEqual([claim["verdict"] for claim in self.record("a")["claims"]], ["holds", "fails"])
        self.assertEqual(self.record("a")["status"], "ok")
        again = self.twofold("run", spec, "--out", "a", "--resume")
        self.assertExit(again, CLAIM_FAILED, "a is complete already")

    def test_a_step_above_the_limit_warns_diverges_and_is_recorded(self):
        done = self.twofold("run", self.spec, "--out", "a", *self.sets(train__step=30, train__time=30000,
                                                                      record__times="[]"))
        self.assertExit(done, DIVERGED, "step 30 is above the stability limit", "lower train.step",
                        "diverged at step")
        warned, diverged = done.stderr.index("stability limit"), done.stderr.index("diverged at step")
        self.assertLess(warned, diverged)
        record = self.record("a")
        self.assertEqual(record["status"], "diverged")
        self.assertGreaterEqual(record["summary"]["run"]["diverged_at_step"], 0)
        for claim in record["claims"]:
            self.assertEqual(claim["verdict"], "not applicable")
            self.assertIn("diverged", claim["why"])
        self.assertTrue((self.folder / "a/report.html").is_file())
        self.assertEqual([*(self.folder / "a").rglob("*.part*")], [])
        self.assertFalse((self.folder / "a/checkpoint").exists())
        again = self.twofold("run", self.spec, "--out", "a", "--resume",
                             *self.sets(train__step=30, train__time=30000, record__times="[]"))
        self.assertExit(again, DIVERGED, "complete already")

    def test_reproduce_ends_with_the_worst_of_its_experiments(self):
        wild = SPEC.replace("step = 0.05", "step = 30").replace("time = 5.0", "time = 30000")
        collection = {"right": SPEC, "bad_claim": SPEC + WRONG_CLAIM,
                      "wild": wild.replace("times = [0.5, 1.0, 2.0, 5.0]", "times = []"),
                      "images": SPEC.replace('source = "gaussian"\nspectrum = [1.0, 0.4, 0.1, 0.03]', 'source = "mnist"')}
        for code, *names in ((OK, "right"), (OK, "images", "right"), (CLAIM_FAILED, "bad_claim", "right"),
                             (DIVERGED, "bad_claim", "right", "wild"), (BAD_DATA, "images")):
            with self.subTest(names):
                root = "-".join(names)
                for name in names:
                    self.write(f"{root}/mean_field/{name}/spec.toml", collection[name])
                done = self.twofold("reproduce", "--experiments", root, "--out", f"{root}-report")
                self.assertExit(done, code)
                self.assertEqual("mean_field/images skipped: mnist is not on this machine" in done.stderr,
                                 "images" in names)
                self.assertEqual((self.folder / f"{root}-report/report.html").exists(), code != BAD_DATA)

    def test_report_from_records_is_the_report_of_the_run(self):
        self.assertExit(self.twofold("run", self.spec, "--out", "a"), OK)
        of_run = (self.folder / "a/report.html").read_bytes()
        self.assertExit(self.twofold("report", "a", "-o", "again.html"), OK, "again.html")
        self.assertEqual((self.folder / "again.html").read_bytes(), of_run)

    def test_report_without_records(self):
        done = self.twofold("report", "nowhere", "-o", "none.html")
        self.assertRefused(done, BAD_DATA, "nowhere/record.json", "twofold run")
        self.write("broken/record.json", "{")
        self.assertRefused(self.twofold("report", "broken", "-o", "none.html"), BAD_DATA, "broken/record.json")
        self.assertFalse((self.folder / "none.html").exists())


class RunFolders(CommandLineTest):
    def run_into(self, folder, *arguments):
        return self.twofold("run", self.spec, "--out", folder, *arguments)

    def test_what_a_run_leaves(self):
        self.assertExit(self.run_into("a"), OK)
        left = {str(path.relative_to(self.folder / "a")) for path in (self.folder / "a").rglob("*")
                if path.is_file()}
        self.assertEqual(left, {"record.json", "spec.resolved.toml", "log.jsonl", "report.html",
                                "series/1-gain.csv", "series/2-loss.csv", "arrays/weights-case1-1.npy"})
        for table in (self.folder / "a/series").glob("*.csv"):
            self.assertNotIn("nan", table.read_text())
        for line in (self.folder / "a/log.jsonl").read_text().splitlines():
            self.assertIn("event", json.loads(line))

    def test_the_default_folder_is_named_after_the_experiment(self):
        self.assertExit(self.twofold("run", self.spec), OK)
        self.assertTrue((self.folder / "small-run/record.json").is_file())

    def test_an_existing_folder_is_refused(self):
        self.assertExit(self.run_into("a"), OK)
        before = self.record("a")
        self.assertRefused(self.run_into("a"), USAGE, "a exists already", "--resume", "--force", "--out")
        self.assertEqual(self.record("a"), before)

    def test_resuming_a_complete_run_computes_nothing(self):
        self.assertExit(self.run_into("a"), OK)
        watched = [*(self.folder / "a").rglob("*.npy"), *(self.folder / "a").rglob("*.csv"),
                   self.folder / "a/record.json", self.folder / "a/log.jsonl"]
        before = [path.stat().st_mtime_ns for path in watched]
        self.assertExit(self.run_into("a", "--resume"), OK, "a is complete already")
        self.assertEqual([path.stat().st_mtime_ns for path in watched], before)

    def test_resuming_nothing_says_so_and_starts(self):
        (self.folder / "empty").mkdir()
        self.write("notes/todo.txt", "mine")
        for folder in ("absent", "empty", "notes"):
            self.assertExit(self.run_into(folder, "--resume"), OK,
                            f"{folder} holds nothing to resume: starting from the beginning")
            self.assertEqual(self.record(folder)["status"], "ok")
        self.assertEqual((self.folder / "notes/todo.txt").read_text(), "mine")

    def test_resuming_with_another_spec_is_refused(self):
        self.assertExit(self.run_into("a"), OK)
        for other in (["--seed", "2"], self.sets(train__penalty=0.1), self.sets(record__points=3)):
            self.assertRefused(self.run_into("a", "--resume", *other), USAGE, "another spec", "spec.resolved.toml")
        self.assertExit(self.run_into("a", "--resume", "--threads", "2"), OK)  # not part of the spec

    def test_force_starts_over_and_keeps_what_is_not_its_own(self):
        self.assertExit(self.run_into("a"), OK)
        self.write("a/notes.txt", "mine")
        self.write("a/figures/plot.svg", "mine too")
        self.write("a/series/9-old.csv", "of an earlier run")
        self.assertExit(self.run_into("a", "--force", "--seed", "2"), OK)
        self.assertEqual(self.record("a")["seed"], 2)
        self.assertEqual((self.folder / "a/notes.txt").read_text(), "mine")
        self.assertEqual((self.folder / "a/figures/plot.svg").read_text(), "mine too")
        self.assertFalse((self.folder / "a/series/9-old.csv").exists())

    def test_a_folder_that_is_no_run_is_never_cleared(self):
        for policy in ("--force", "--resume"):
            self.write("mine/arrays/years.npy", "of work")
            self.assertRefused(self.run_into("mine", policy), USAGE, "mine is not a run folder", "arrays", "--out")
            self.assertEqual((self.folder / "mine/arrays/years.npy").read_text(), "of work")
            self.assertEqual([*(self.folder / "mine").iterdir()], [self.folder / "mine/arrays"])

    def test_force_with_a_spec_that_is_wrong_keeps_the_old_run(self):
        self.assertExit(self.run_into("a"), OK)
        before = self.record("a")
        self.assertRefused(self.run_into("a", "--force", "--set", "model.activation=rleu"), USAGE, "relu")
        self.assertEqual(self.record("a"), before)


class UnwritablePlaces(CommandLineTest):
    def assertNothingLeft(self, folder):
        self.assertFalse((self.folder / folder / "record.json").exists())
        self.assertEqual([*self.folder.rglob("*.part*")], [])

    def test_a_file_in_the_place_of_the_folder(self):
        self.write("taken", "mine")
        for policy in ([], ["--resume"], ["--force"]):
            done = self.twofold("run", self.spec, "--out", "taken", *policy)
            self.assertRefused(done, USAGE, "taken is a file", "--out")
        done = self.twofold("run", self.spec, "--out", "taken/inside")
        self.assertRefused(done, BAD_DATA, "cannot create the folder taken/inside")
        self.assertEqual((self.folder / "taken").read_text(), "mine")

    def test_places_that_cannot_be_written(self):
        done = self.twofold("run", self.spec, "--out", "/proc/twofold")
        self.assertRefused(done, BAD_DATA, "cannot create the folder /proc/twofold")
        done = self.twofold("run", self.spec, "--out", "a" * 300)
        self.assertRefused(done, BAD_DATA, "File name too long")
        done = self.twofold("report", "nowhere", "-o", "/proc/report.html")
        self.assertRefused(done, BAD_DATA)
        self.assertExit(self.twofold("run", self.spec, "--out", "a"), OK)
        done = self.twofold("report", "a", "-o", "/proc/report.html")
        self.assertRefused(done, BAD_DATA, "cannot write /proc/report.html")

    def test_a_read_only_folder(self):
        if os.geteuid() == 0:
            self.skipTest("root may write to read-only folders")
        (self.folder / "locked").mkdir(mode=0o500)
        done = self.twofold("run", self.spec, "--out", "locked/a")
        self.assertRefused(done, BAD_DATA, "cannot create the folder locked/a")

    def test_a_disk_that_fills(self):
        # No file may grow beyond 16 KiB: the weights (N d 4 bytes = 32 KiB) do not fit.
        def small_files():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (16384, 16384))

        done = self.twofold("run", self.spec, "--out", "a", *self.sets(model__neurons=2048),
                            preexec_fn=small_files)
        self.assertExit(done, BAD_DATA, "cannot write", "File too large", "free space")
        self.assertNothingLeft("a")
        after = self.twofold("run", self.spec, "--out", "a", "--resume", *self.sets(model__neurons=2048))
        self.assertExit(after, OK)
        self.assertEqual(self.record("a")["status"], "ok")

    def test_a_full_disk(self):
        disk = self.folder / "disk"
        disk.mkdir()
        mount = shutil.which("mount")
        if os.geteuid() != 0 or not mount or subprocess.run(
                [mount, "-t", "tmpfs", "-o", "size=64k", "tmpfs", disk], capture_output=True).returncode:
            self.skipTest("a small disk needs root and the right to mount")
        self.addCleanup(subprocess.run, ["umount", disk], check=True)
        done = self.twofold("run", self.spec, "--out", "disk/a", *self.sets(model__neurons=8192))
        self.assertExit(done, BAD_DATA, "cannot write", "No space left on device")
        self.assertNothingLeft("disk/a")


if __name__ == "__main__":
    main()
