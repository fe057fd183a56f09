#!/usr/bin/env python3
"""A run that is stopped, or killed, goes on to the very bits of a run that was left alone."""

import shlex
import signal
import time

from command_line import INTERRUPTED, OK, PREEMPTED, SPEC, CommandLineTest, main

# Two repeats of about half a second, with a checkpoint every 40 ms.
SLOW = (SPEC.replace("seed = 1", "seed = 1\nrepeats = 2")
        .replace("neurons = 32", "neurons = 400")
        .replace("batch = 4", "batch = 20")
        .replace("time = 5.0", "time = 600.0\ncheckpoint_seconds = 0.04")
        .replace("[0.5, 1.0, 2.0, 5.0]", "[1.0, 50.0, 300.0, 600.0]"))
CHECKPOINT = "checkpoint/case1-{}/checkpoint.safetensors"


class StopAndResume(CommandLineTest):
    reference = None  # results of the run that was left alone; the same for every test

    def setUp(self):
        super().setUp()
        self.spec = self.write("slow.toml", SLOW)

    def go(self, folder, *arguments, threads=1):
        done = self.twofold("run", self.spec, "--out", folder, "--threads", threads, *arguments)
        self.assertExit(done, OK)
        return self.results(folder)

    def alone(self):
        if StopAndResume.reference is None:
            StopAndResume.reference = self.go("alone")
        return StopAndResume.reference

    def starts(self, run):
        log = run / "log.jsonl"
        return log.read_text().count('"start"') if log.exists() else 0

    def stop(self, folder, number, repeat=1, command=None, inside=""):
        """Starts, sends the signal once `repeat` has a checkpoint; exit code and what was said."""
        run = self.folder / folder / inside
        before, deadline = self.starts(run), time.monotonic() + 60
        process = self.start(*(command or ("run", self.spec)), "--out", folder, "--threads", "1", "--resume")
        while self.starts(run) == before or not (run / CHECKPOINT.format(repeat)).exists():
            self.assertIsNone(process.poll(), "the run ended before it could be stopped")
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.002)
        process.send_signal(number)
        said = process.stderr.read()
        return process.wait(), said

    def test_stop_signals_leave_a_checkpoint(self):
        for repeat, (number, code) in enumerate(((signal.SIGINT, INTERRUPTED), (signal.SIGTERM, PREEMPTED),
                                                 (signal.SIGUSR1, PREEMPTED))):
            with self.subTest(number.name):
                folder = number.name
                ended, said = self.stop(folder, number, repeat=1 + repeat % 2)
                self.assertEqual(ended, code, said)
                self.assertIn("stopped and checkpointed", said)
                self.assertIn("--resume", said)
                self.assertFalse((self.folder / folder / "record.json").exists())
                self.assertFalse((self.folder / folder / "report.html").exists())
                self.assertTrue((self.folder / folder / CHECKPOINT.format(1 + repeat % 2)).exists())
                self.assertEqual(self.go(folder, "--resume"), self.alone())
                self.assertFalse((self.folder / folder / "checkpoint").exists())

    def test_stopped_many_times(self):
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGTERM):
            ended, said = self.stop("often", number)
            self.assertIn(ended, (PREEMPTED, INTERRUPTED), said)
        self.assertEqual(self.go("often", "--resume"), self.alone())

    def test_killed(self):
        for repeat in (1, 2):
            folder = f"killed-{repeat}"
            ended, _ = self.stop(folder, signal.SIGKILL, repeat)
            self.assertEqual(ended, -signal.SIGKILL)
            self.assertEqual(self.go(folder, "--resume"), self.alone())

    def test_the_command_that_is_printed_goes_on(self):
        ended, said = self.stop("printed", signal.SIGTERM, command=(
            "run", self.spec, "--set", 'title="the user\'s run"', "--seed", "9"))
        self.assertEqual(ended, PREEMPTED, said)
        program, *arguments = shlex.split(said.split("go on with: ")[1].splitlines()[0])
        self.assertEqual(program, "twofold")
        self.assertExit(self.twofold(*arguments), OK)

    def test_resumed_with_other_threads(self):
        self.stop("other", signal.SIGTERM)
        self.assertEqual(self.go("other", "--resume", threads=3), self.alone())

    def test_an_unfinished_run_is_not_overwritten_by_accident(self):
        self.stop("unfinished", signal.SIGTERM)
        done = self.twofold("run", self.spec, "--out", "unfinished")
        self.assertRefused(done, 2, "unfinished exists already", "--resume")
        done = self.twofold("report", "unfinished")
        self.assertRefused(done, 3, "unfinished/record.json")
        forced = self.go("unfinished", "--force")
        self.assertEqual(forced, self.alone())

    def test_a_damaged_checkpoint_is_refused_with_a_way_out(self):
        self.stop("damaged", signal.SIGTERM)
        checkpoint = self.folder / "damaged" / CHECKPOINT.format(1)
        checkpoint.write_bytes(checkpoint.read_bytes()[:-40])
        done = self.twofold("run", self.spec, "--out", "damaged", "--resume")
        self.assertRefused(done, 3, "checkpoint.safetensors")

    def test_reproduce(self):
        collection = {"a_small": SPEC, "b_slow": SLOW}
        for name, text in collection.items():
            self.write(f"experiments/mean_field/{name}/spec.toml", text)
        arguments = ("reproduce", "mean_field", "--experiments", "experiments")
        self.assertExit(self.twofold(*arguments, "--out", "alone"), OK)
        ended, said = self.stop("stopped", signal.SIGTERM, command=arguments,
                                inside="mean_field/b_slow")
        self.assertEqual(ended, PREEMPTED, said)
        self.assertIn("--resume", said)
        self.assertFalse((self.folder / "stopped/report.html").exists())
        done = self.twofold(*arguments, "--out", "stopped", "--resume")
        self.assertExit(done, OK, "mean_field/a_small is complete already")
        for name in collection:
            self.assertEqual(self.results(f"stopped/mean_field/{name}"), self.results(f"alone/mean_field/{name}"))
        self.assertTrue((self.folder / "stopped/report.html").exists())

    def test_predict_can_be_stopped_at_once(self):
        # It keeps nothing, so that it needs no checkpoint: a signal ends it as any program.
        process = self.start("predict", self.spec, *self.sets(record__predictor="recursion", train__time=1e10,
                                                             record__times="[1e10]"))
        time.sleep(0.3)
        self.assertIsNone(process.poll(), "the prediction ended before it could be stopped")
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(timeout=5), -signal.SIGTERM)


if __name__ == "__main__":
    main()
