"""Runs the tool the way a person does: a temporary folder, a spec, a command, what came back."""

import hashlib
import json
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

# Exit codes (docs/command_line.md).
OK, USAGE, BAD_DATA, DIVERGED, CLAIM_FAILED, PREEMPTED, INTERRUPTED = 0, 2, 3, 4, 6, 75, 130

TOOL = os.environ.get("TWOFOLD_TOOL", "")

# Four directions, a few neurons, a fraction of a second.
SPEC = """
system = "mean_field"
experiment = "small"
seed = 1

[data]
source = "gaussian"
spectrum = [1.0, 0.4, 0.1, 0.03]

[model]
activation = "relu"
neurons = 32
init = "iid"
init_scale = 0.2

[train]
penalty = 0.05
step = 0.05
batch = 4
time = 5.0

[record]
times = [0.5, 1.0, 2.0, 5.0]
test_samples = 50

[[claim]]
quantity = "loss"
tolerance = 10.0
reason = "so few neurons promise nothing; the exit code shall be 0"
"""


class CommandLineTest(unittest.TestCase):
    """A test in a folder of its own, with the spec above at hand as spec.toml."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="twofold-cli-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.spec = self.write("spec.toml", SPEC)

    def write(self, name, content):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def environment(self):
        return dict(os.environ, TWOFOLD_DATA=str(self.folder / "data"))

    def twofold(self, *arguments, **options):
        """Runs to the end. A crash by a signal is never right, whatever the test is about."""
        done = subprocess.run(
            [TOOL, *map(str, arguments)], cwd=self.folder, env=self.environment(),
            capture_output=True, text=True, timeout=120, **options)
        self.assertGreaterEqual(done.returncode, 0, f"killed by a signal: {done.stderr}")
        return done

    def start(self, *arguments, **options):
        process = subprocess.Popen(
            [TOOL, *map(str, arguments)], cwd=self.folder, env=self.environment(),
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, **options)
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def assertExit(self, done, code, *words):
        """The exit code, and each of `words` somewhere in what was said on stderr."""
        self.assertEqual(done.returncode, code, done.stderr + done.stdout)
        for word in words:
            self.assertIn(str(word), done.stderr)

    def assertRefused(self, done, code, *words):
        """An error a person can use: one line, no output, no C++ innards."""
        self.assertExit(done, code, *words)
        self.assertEqual(done.stdout, "")
        for innards in ("terminate called", "what():", "std::", "Assertion"):
            self.assertNotIn(innards, done.stderr)

    def predict(self, *arguments):
        done = self.twofold("predict", "--json", *arguments)
        self.assertExit(done, OK)
        return json.loads(done.stdout)

    def sets(self, **keys):
        """sets(train__step=0.1) -> --set train.step=0.1"""
        return [part for key, value in keys.items()
                for part in ("--set", f"{key.replace('__', '.')}={value}")]

    def record(self, folder):
        return json.loads((self.folder / folder / "record.json").read_text())

    def results(self, folder):
        """Names and contents of what must be bitwise reproducible."""
        root = self.folder / folder
        files = sorted([*root.glob("arrays/*.npy"), *root.glob("series/*.csv")])
        self.assertGreaterEqual(len(files), 2, f"no results in {root}")
        return {str(file.relative_to(root)): hashlib.sha256(file.read_bytes()).hexdigest()
                for file in files}


def main():
    """`x_test.py TOOL [test ...]`"""
    global TOOL
    if len(sys.argv) > 1 and Path(sys.argv[1]).is_file():
        TOOL = sys.argv.pop(1)
    if not TOOL:
        sys.exit("usage: x_test.py TOOL, or set TWOFOLD_TOOL")
    TOOL = os.path.abspath(TOOL)
    # Each test file is the main module; the classes live here under another name.
    unittest.main(module="__main__")
