#!/usr/bin/env python3
"""Results do not depend on the number of threads, not in a single bit."""

import sample_files
from command_line import OK, SPEC, CommandLineTest, main

GAUSSIAN = 'source = "gaussian"\nspectrum = [1.0, 0.4, 0.1, 0.03]'
FROM_FILE = 'source = "npy"\npath = "x.npy"\ntransforms = ["center", "unit_trace", {}]\nsplit = [0.7, 0.3]'


class Threads(CommandLineTest):
    def same_for_all(self, spec, *arguments):
        results, predictions = [], []
        for threads in (1, 2, 3, 8):
            done = self.twofold("run", spec, "--out", f"t{threads}", "--threads", threads, "--force", *arguments)
            self.assertExit(done, OK)
            self.assertEqual(self.record(f"t{threads}")["machine"]["threads"], threads)
            record = self.record(f"t{threads}")
            results.append((self.results(f"t{threads}"), record["claims"], record["summary"], record["trust"]))
            predictions.append(self.predict(spec, "--threads", threads, *arguments))
        for other in results[1:]:
            self.assertEqual(other, results[0])
        for other in predictions[1:]:
            self.assertEqual(other, predictions[0])

    def test_gaussian_data(self):
        wide = self.sets(model__neurons=301, train__batch=37, repeats=2, record__test_samples=700)
        self.same_for_all(self.spec, *wide)
        self.same_for_all(self.spec, *wide, *self.sets(train__precision="double", record__predictor="matrix",
                                                      train__momentum=0.5))

    def test_rows_of_a_file(self):
        self.write("x.npy", sample_files.npy(sample_files.rows(900, 20)))
        for name, last in (("signs", '"random_signs"'), ("pairs", '"mirrored"')):
            spec = self.write(f"{name}.toml", SPEC.replace(GAUSSIAN, FROM_FILE.format(last)))
            self.same_for_all(spec, *self.sets(model__neurons=160, train__batch=32, model__init="balanced"))
        self.same_for_all(spec, *self.sets(train__batch=0, train__step=0.05))


if __name__ == "__main__":
    main()
