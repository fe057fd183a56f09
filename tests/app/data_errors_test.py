#!/usr/bin/env python3
"""Damaged files of samples: exit code 3 with the file's name and a remedy, nothing half done."""

import gzip
import struct

import sample_files
from command_line import BAD_DATA, OK, SPEC, USAGE, CommandLineTest, main

AGAIN = "again"  # what every message about a damaged file ends with, in some form


class DataErrors(CommandLineTest):
    def spec_for(self, name, **keys):
        """The usual spec with its samples from a file."""
        text = SPEC.replace('source = "gaussian"\nspectrum = [1.0, 0.4, 0.1, 0.03]',
                            f'source = "file"\npath = "{name}"\nsplit = [0.5, 0.5]')
        return self.write("from_file.toml", text)

    def unreadable(self, name, content, *words):
        """Refused as `predict --data`, as a spec's file by `predict`, and by `run`."""
        if content is not None:
            self.write(name, content)
        for command in (["predict", "--data", name], ["predict", self.spec_for(name)],
                        ["run", self.spec_for(name), "--out", "never"]):
            with self.subTest(name=name, command=command[:2]):
                self.assertRefused(self.twofold(*command), BAD_DATA, name, *words)
                self.assertFalse((self.folder / "never").exists())

    def readable(self, name, content):
        self.write(name, content)
        return self.predict("--data", name)

    def test_every_format_is_read(self):
        values = sample_files.rows()
        spectra = {name: self.readable(name, write(values))["summary"]["spectrum"]
                   for name, write in sample_files.WRITERS.items()}
        # The csv holds 9 digits of what the others hold as 32-bit floats: 6e-8 apart.
        for name in ("x.npy", "x.fvecs"):
            for ours, exact in zip(spectra[name], spectra["x.csv"]):
                self.assertAlmostEqual(ours, exact, delta=1e-6)
        self.assertEqual(spectra["x.idx"], spectra["x.idx.gz"])

    def test_big_endian_npy_is_read(self):
        values = sample_files.rows()
        little = self.readable("x.npy", sample_files.npy(values, "<"))
        big = self.readable("x.npy", sample_files.npy(values, ">"))
        self.assertEqual(little, big)

    def test_missing(self):
        for name in sample_files.WRITERS:
            self.unreadable(name, None, "No such file" if name.endswith(".npy") else "o such file")

    def test_unknown_ending_and_no_file_at_all(self):
        self.write("x.dat", b"1 2 3\n")
        self.assertRefused(self.twofold("predict", "--data", "x.dat"), USAGE, "x.dat", "known formats: npy")
        self.assertRefused(self.twofold("predict"), USAGE, "either a spec or --data")
        self.assertRefused(self.twofold("predict", self.spec, "--data", "x.npy"), USAGE, "either a spec or --data")
        self.assertRefused(self.twofold("predict", "--data", "y/.npy"), BAD_DATA, "y/.npy")

    def test_empty(self):
        for name in sample_files.WRITERS:
            self.unreadable(name, b"")

    def test_empty_arrays(self):
        self.unreadable("x.npy", sample_files.npy([], shape=(0, 4)), "0 rows", "at least one row")
        self.unreadable("x.npy", sample_files.npy([], shape=(4, 0)), "0 columns", "at least one row")
        self.unreadable("x.csv", b"a,b,c\n", "holds no numbers")
        self.unreadable("x.idx", b"\x00\x00\x08\x02" + struct.pack(">II", 0, 4), "0 rows")

    def test_truncated(self):
        for name, write in sample_files.WRITERS.items():
            whole = write(sample_files.rows())
            if name != "x.csv":
                self.unreadable(name, whole[:-7], AGAIN)
                self.unreadable(name, whole[:7])
        self.unreadable("x.csv", sample_files.csv(sample_files.rows())[:-12], "line 60", "not a finite number")

    def test_wrong_magic(self):
        values = sample_files.rows()
        self.unreadable("x.npy", b"NUMPY" + sample_files.npy(values), "magic", "numpy.save")
        self.unreadable("x.npy", sample_files.csv(values), "magic", "numpy.save")
        self.unreadable("x.idx", b"\x01" + sample_files.idx(values), "magic 00 00 TYPE AXES", AGAIN)
        self.unreadable("x.idx", sample_files.npy(values), "magic 00 00 TYPE AXES", AGAIN)
        self.unreadable("x.idx.gz", gzip.compress(b"not an idx file"), "magic 00 00 TYPE AXES", AGAIN)
        self.unreadable("x.csv", sample_files.npy(values), "column 1", "not a finite number", "?")

    def test_damaged_compression(self):
        packed = bytearray(sample_files.idx_gz(sample_files.rows()))
        packed[len(packed) // 2] ^= 0x55
        self.unreadable("x.idx.gz", bytes(packed), "damaged or truncated", AGAIN)

    def test_wrong_endian(self):
        values = sample_files.rows()
        self.unreadable("x.idx", sample_files.idx(values, "<"), "more than the file can hold", AGAIN)
        self.unreadable("x.fvecs", sample_files.fvecs(values, ">"), AGAIN)

    def test_headers_that_claim_the_absurd(self):
        values = sample_files.rows()
        for shape in ((2**60, 4), (4, 2**60), (2**63, 2**63), (2**32, 2**32), (10**30, 1)):
            self.unreadable("x.npy", sample_files.npy(values, shape=shape))
        self.unreadable("x.npy", b"\x93NUMPY\x02\x00" + struct.pack("<I", 2**31) + b"{}", "claims a header")
        self.unreadable("x.idx", sample_files.idx(values, count=2**32 - 1), "more than the file can hold")
        self.unreadable("x.fvecs", struct.pack("<i", 2**31 - 1) + bytes(64), AGAIN)
        self.unreadable("x.fvecs", struct.pack("<i", -4) + bytes(64), "dimension -4", "not a little-endian")

    def test_rows_of_different_length(self):
        values = sample_files.rows()
        mixed = sample_files.fvecs(values[:1]) + struct.pack("<i", 3) + bytes(16) + sample_files.fvecs(values[:4])
        self.unreadable("x.fvecs", mixed, "row 1", "dimension 3")
        self.unreadable("x.csv", b"1,2\n3,4,5\n", "line 2 has 3 cells", "same number of cells")

    def test_nan_and_infinity_name_their_place(self):
        for bad in (float("nan"), float("inf"), float("-inf")):
            values = sample_files.rows()
            values[17][2] = bad
            for name in ("x.npy", "x.fvecs"):
                self.unreadable(name, sample_files.WRITERS[name](values), "row 17, column 2",
                                "remove the row or replace the value")
            self.unreadable("x.csv", sample_files.csv(values), "line 18, column 3", "not a finite number")

    def test_text_among_the_numbers(self):
        self.unreadable("x.csv", b"1,2\n3,four\n", "line 2, column 2", "'four'")

    def test_one_constant_column_is_a_direction_without_variance(self):
        values = [[*row[:3], 2.5] for row in sample_files.rows()]
        for name, write in sample_files.WRITERS.items():
            with self.subTest(name):
                summary = self.readable(name, write(values))["summary"]
                # Centred, it is 0 up to the rounding of 32-bit numbers near 2.5.
                self.assertLess(summary["spectrum"][3], 1e-10)
                self.assertEqual(summary["gain_limit"][3], 0)
                self.assertIsNone(summary["half_time"][3])

    def test_only_constant_columns_hold_nothing_to_learn(self):
        for name, write in sample_files.WRITERS.items():
            self.write(name, write([[1.0, 2.0]] * 20))
            with self.subTest(name):
                done = self.twofold("predict", "--data", name)
                self.assertIn(done.returncode, (USAGE, BAD_DATA))
                self.assertRefused(done, done.returncode, name, "all numbers are 0")

    def test_pickles_are_not_opened(self):
        header = "{'descr': '|O', 'fortran_order': False, 'shape': (1, 1), }".ljust(117) + "\n"
        self.unreadable("x.npy", b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode()
                        + b"\x80\x04N.", "pickled", "numpy.save")

    def test_splits_that_do_not_fit(self):
        self.write("x.csv", sample_files.csv(sample_files.rows()))
        spec = self.spec_for("x.csv")
        done = self.twofold("predict", spec, "--set", "data.split=[50, 20]")
        self.assertRefused(done, USAGE, "50 + 20 rows", "there are 60")
        done = self.twofold("run", spec, "--set", "data.split=[60, 0]", "--out", "never")
        self.assertRefused(done, USAGE, "no test rows")
        self.assertFalse((self.folder / "never").exists())

    def test_names_that_need_quoting(self):
        name = 'a "b" \\ c.npy'
        self.assertIn("series", self.readable(name, sample_files.npy(sample_files.rows())))

    def test_missing_image_set_says_how_to_get_it(self):
        done = self.twofold("predict", self.spec, *self.sets(data__source="cifar10", data__spectrum="[]"))
        self.assertRefused(done, BAD_DATA, "cifar10", "TWOFOLD_DATA")


if __name__ == "__main__":
    main()
