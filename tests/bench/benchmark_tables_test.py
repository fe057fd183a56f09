"""Tables, verdicts and marks of `make bench` from made-up results; nothing is timed."""
import csv
import pathlib
import sys
import tempfile
import unittest
from unittest import mock

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "bench"), str(ROOT / "tools")]
import benchmark_figure  # found by the line above, as the following
import compare
import harness
from blocks import BLOCKS
from result_files import Results, number
from speed_table import Measured, speed_table
from workloads import WORKLOADS

JOINT = "joint_step_100_50_20000"  # must reach 4.5 in float, 8 in split_bf16
RUN = {"date": "2026-01-01 00:00 UTC", "commit": "abc", "machine": "one", "threads": "2",
       "rounds": "2", "made_of": "g++", "amx": "no", "load": "0.1"}
# 100 GFlop/s and 10 GB/s on two threads.
CEILINGS = [
    {"name": "Product/float", "threads": 2, "median_ms": 10, "flops": 1e9, "bytes": 0},
    {"name": "ReadMemory", "threads": 2, "median_ms": 10, "flops": 0, "bytes": 1e8},
]


def timed(round_, who, variant, ms, **others):
    row = {"workload": JOINT, "round": round_, "who": who, "variant": variant, "median_ms": ms,
           "min_ms": 0.9 * ms, "max_ms": 1.1 * ms, "flops": "", "bytes": "", "others_cpus": "0.01",
           "version": "Peer 1.0" if who == "peer" else "", "note": ""}
    if who == "ours":
        row |= {"flops": 1e9, "bytes": 5e7}  # 10 ms and 5 ms at the ceilings
    return row | others


def two_rounds(ours=20.0, by_hand=100.0, autograd=150.0, **others):
    rows = []
    for index in range(2):
        rows += [timed(index, "ours", "float", ours, **others),
                 timed(index, "peer", "by hand", by_hand),
                 timed(index, "peer", "autograd", autograd)]
    return rows


class Tables(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def write(self, name, rows):
        with open(self.folder / f"{name}.csv", "w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(dict.fromkeys(k for r in rows for k in r)))
            writer.writeheader()
            writer.writerows(rows)

    def results(self, speed, **run):
        self.write("run", [{"key": k, "value": v} for k, v in (RUN | run).items()])
        self.write("ceilings", CEILINGS)
        self.write("speed", speed)
        return Results(self.folder)

    def measured(self, speed, **run):
        workload = next(w for w in WORKLOADS if w.name == JOINT)
        return Measured(workload, self.results(speed, **run))

    def test_the_fastest_form_of_the_peer_counts(self):
        self.assertEqual(self.measured(two_rounds(by_hand=100, autograd=150)).peer_name(),
                         "Peer 1.0, by hand")
        self.assertEqual(self.measured(two_rounds(by_hand=100, autograd=90)).peer_name(),
                         "Peer 1.0, autograd")

    def test_ratios_are_taken_round_by_round(self):
        rows = two_rounds()
        rows[3]["median_ms"] = 25  # ours, second round
        self.assertEqual(self.measured(rows).ratios("float"), [5.0, 4.0])

    def test_verdict_on_either_side_of_the_goal(self):
        float_goal = self.measured(two_rounds()).workload.goals[0]
        self.assertEqual(float_goal.ratio, 4.5)
        self.assertEqual(self.measured(two_rounds(ours=100 / 4.51)).verdict(float_goal), "reached")
        # 100 ms of the peer over a floor of 10 ms.
        self.assertEqual(self.measured(two_rounds(ours=100 / 4.49)).verdict(float_goal),
                         "**missed**, 10 at the floor")

    def test_a_precision_that_is_not_here_says_why(self):
        split = self.measured(two_rounds()).workload.goals[1]
        self.assertEqual(self.measured(two_rounds()).verdict(split), "needs AMX")
        self.assertEqual(self.measured(two_rounds(), amx="yes").verdict(split), "not built")
        rows = two_rounds() + [timed(i, "ours", "split_bf16", 10.0) for i in range(2)]
        self.assertEqual(self.measured(rows, amx="yes").verdict(split), "reached")

    def test_a_warm_step_stands_beside_the_cold_one(self):
        workload = next(w for w in WORKLOADS if w.warm)
        rows = two_rounds() + [timed(i, "ours", "warm", 5.0) for i in range(2)]
        for row in rows:
            row["workload"] = workload.name
        measured = Measured(workload, self.results(rows))
        self.assertEqual(measured.ours_text("float"),
                         "20 (18\N{EN DASH}22); warm 5 (4.5\N{EN DASH}5.5)")
        self.assertEqual([measured.verdict(goal) for goal in workload.goals],
                         ["**missed**, 10 at the floor", "reached"])
        measured = Measured(workload, self.results([r for r in rows if r["variant"] != "warm"]))
        self.assertEqual(measured.verdict(workload.goals[1]), "not built")

    def test_floor_is_the_larger_of_flops_and_bytes(self):
        self.assertEqual(self.measured(two_rounds(ours=20)).floor_texts(), ("10; 5", "50 %"))

    def test_a_missing_peer_leaves_the_row(self):
        rows = [timed(0, "ours", "float", 20.0),
                {"workload": JOINT, "round": 0, "who": "peer", "variant": "", "median_ms": "",
                 "others_cpus": "", "note": "No module named 'torch'"}]
        measured = self.measured(rows)
        self.assertEqual(measured.peer_name(), "not measured: No module named 'torch'")
        self.assertIn("20 (18", measured.ours_text("float"))
        self.assertEqual(measured.verdict(measured.workload.goals[0]), "not measured")
        self.assertEqual(speed_table(self.results(rows)).count("\n"), 3)

    def test_others_and_spread_mark_a_row(self):
        self.assertFalse(self.measured(two_rounds()).disturbed())
        self.assertTrue(self.measured(two_rounds(others_cpus="0.5")).disturbed())
        rows = two_rounds()
        rows[3]["median_ms"] = 1.3 * rows[0]["median_ms"]
        self.assertTrue(self.measured(rows).disturbed())
        table = speed_table(self.results(rows))
        self.assertIn("N 20000 \N{DAGGER} |", table)
        self.assertIn("1 of 1 rows are disturbed", BLOCKS["run"](self.results(rows)))

    def test_errors_and_memory(self):
        self.write("accuracy", [{"workload": JOINT, "precision": "float", "gradient_error": 2.1e-7,
                                 "wrong_sets": "3", "workspace_bytes": 2.5e6}])
        self.assertEqual(self.measured(two_rounds()).accuracy_texts(),
                         ("2e-07, 3 wrong sets", "2.5"))

    def test_every_line_of_a_table_has_the_same_cells(self):
        self.write("planted_dictionary", self.dictionary(found=1.0))
        lines = speed_table(self.results(two_rounds())).splitlines()
        self.assertEqual(len(lines), 4)
        self.assertEqual({line.count("|") for line in lines}, {13})

    @staticmethod
    def dictionary(found):
        return [{"method": "twofold", "seed": 0, "threads": 2, "median_ms": 30, "found": found,
                 "mean_cosine": 0.99},
                {"method": "Peer 1.0, fast", "seed": 0, "threads": 2, "median_ms": 900,
                 "found": 0.9, "mean_cosine": 0.95},
                {"method": "Peer 1.0, slow", "seed": 0, "threads": 2, "median_ms": 5000,
                 "found": 0.95, "mean_cosine": 0.97}]

    def test_a_dictionary_must_score_above_every_setting_of_the_peer(self):
        self.write("planted_dictionary", self.dictionary(found=1.0))
        last = speed_table(self.results(two_rounds())).splitlines()[-1]
        self.assertIn("Peer 1.0, fast | 900", last)
        self.assertIn("10 (30): reached", last)
        self.write("planted_dictionary", self.dictionary(found=0.93))  # below the slow setting
        last = speed_table(self.results(two_rounds())).splitlines()[-1]
        self.assertIn("10 (30): **missed**", last)

    def test_an_empty_folder_gives_empty_tables(self):
        for name, block in BLOCKS.items():
            with self.subTest(name):
                text = block(Results(self.folder))
                if name not in ("run", "scaling"):
                    self.assertEqual(text.count("\n"), 2)  # head and rule
        self.assertEqual(BLOCKS["run"](Results(self.folder)), "No run yet.\n")

    def test_the_figure_has_a_point_for_each_size(self):
        self.write("scaling", [
            {"n": n, "d": 256, "N": 8192, "threads": 2, "median_ms": 10.0 * n, "min_ms": 9.0 * n,
             "max_ms": 11.0 * n, "flops": 1e9 * n, "bytes": 1e6} for n in (16, 256, 1024)])
        svg = "\n".join(benchmark_figure.draw(self.results(two_rounds())))
        # Three sizes of n, and the one that all panels share in each of the three others; 1 in the
        # legend.
        self.assertEqual(svg.count("<circle"), 3 + 3 + 1)

    def test_numbers_have_three_digits(self):
        self.assertEqual([number(x) for x in (0.01234, 9.999, 99.6, 1234.5)],
                         ["0.0123", "10", "100", "1234"])


# Stands for every program of benchmarks: 5 ms and an error for each name but split_bf16.
PROGRAM = """#!/bin/sh
case "$1" in
--benchmark_list_tests) printf 'ReadMemory/1/real_time\\nReadMemory/2/real_time\\n' ;;
*)
  names=$(echo "$1" | sed 's/.*=^(//; s/)(.*//; s/|/ /g')
  printf '{"benchmarks": ['
  comma=
  for name in $names; do
    case "$name" in *split_bf16*) continue ;; esac
    printf '%s{"run_name": "%s/real_time", "run_type": "iteration",' "$comma" "$name"
    printf '"real_time": 5, "time_unit": "ms", "flops": 1e9, "bytes": 1e7, "gradient_error": 1e-7,'
    printf '"workspace_bytes": 1e6, "label": "a compiler"}'
    comma=,
  done
  printf ']}' ;;
esac
"""


class Programs(unittest.TestCase):
    def script(self, text):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        path = pathlib.Path(folder.name) / "program"
        path.write_text(text, encoding="utf-8")
        path.chmod(0o755)
        return path

    def test_a_benchmark_that_does_not_exist_is_left_out(self):
        rows = ('{"benchmarks": [{"run_name": "Step/float/10/real_time", "run_type": "iteration",'
                ' "real_time": 2e6, "time_unit": "ns", "flops": 7.0},'
                ' {"run_name": "Step/float/100", "run_type": "iteration", "real_time": 5,'
                ' "time_unit": "ms"}]}')
        program = self.script(f"#!/bin/sh\ncat <<'END'\n{rows}\nEND\n")
        found = harness.benchmarks(program, "Step/float/10", "Step/split_bf16/10")
        self.assertEqual(found, {"Step/float/10": {"ms": [2.0], "flops": 7.0}})
        self.assertEqual(harness.benchmarks(self.script("#!/bin/sh\n"), "Step/float/10"), {})

    def test_a_run_writes_what_the_table_reads(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        build, out = pathlib.Path(folder.name) / "build", pathlib.Path(folder.name)
        (build / "bench").mkdir(parents=True)
        for name in ("linalg", "ops"):
            self.script(PROGRAM).rename(build / "bench" / f"twofold_{name}_bench")
        peer = {"peer": "Peer 1.0", "forms": {"by hand": {"median_ms": 50.0, "min_ms": 40.0,
                                                          "max_ms": 60.0}}}
        with mock.patch("compare.run_peer", return_value=peer), mock.patch("builtins.print"):
            compare.compare(build, 2, "mean_field", out)
        results = Results(out)
        workload = next(w for w in WORKLOADS if w.name == "mean_field_sgd_step")
        measured = Measured(workload, results)
        self.assertEqual(measured.ratios("float"), [10.0, 10.0])
        self.assertEqual(measured.accuracy_texts(), ("1e-07; double 1e-07", "1"))
        # The product took as long as the step, for as many flops.
        self.assertEqual(measured.floor_texts(), ("5; 5", "100 %"))
        self.assertEqual(measured.rows[0]["commit"], results.run["commit"])
        self.assertEqual(speed_table(results).count("\n"), 3)

    def test_a_peer_that_cannot_be_imported_says_so(self):
        script = self.script("import a_module_that_nobody_has\n")
        python, harness.PYTHON = harness.PYTHON, sys.executable
        try:
            with self.assertRaisesRegex(harness.NotMeasured, "a_module_that_nobody_has"):
                harness.run_peer(script)
        finally:
            harness.PYTHON = python


if __name__ == "__main__":
    unittest.main()
