"""Runs benchmarks and peers as programs, and says on what machine and how busy it was."""
import json
import os
import pathlib
import platform
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
RESULTS = ROOT / "bench" / "results"
# The one that has the peers: Debian's packages belong to /usr/bin/python3.
PYTHON = os.environ.get("TWOFOLD_PEERS_PYTHON", "/usr/bin/python3")
THREADS = 2

# Without the malloc settings PyTorch loses up to a third of its time to page faults.
PEER_ENVIRONMENT = {
    "OMP_NUM_THREADS": str(THREADS),
    "MALLOC_MMAP_THRESHOLD_": "4294967296",
    "MALLOC_TRIM_THRESHOLD_": "8589934592",
    "MALLOC_TOP_PAD_": "1073741824",
}

MILLISECONDS = {"ns": 1e-6, "us": 1e-3, "ms": 1.0, "s": 1e3}


class NotMeasured(Exception):
    """A peer that is not on this machine, or failed."""


class Busy:
    """CPUs that other processes used between the two ends of a `with`; None if unknown."""

    def __enter__(self):
        self.start = time.perf_counter(), self._others()
        return self

    def __exit__(self, *_):
        seconds, others = time.perf_counter() - self.start[0], self._others()
        known = others is not None and self.start[1] is not None
        self.cpus = max(0.0, (others - self.start[1]) / seconds) if known else None

    @staticmethod
    def _others():
        try:
            ticks = pathlib.Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]
        except OSError:
            return None
        user, nice, system, _, _, irq, soft, stolen = (int(tick) for tick in ticks)
        own = os.times()
        return ((user + nice + system + irq + soft + stolen) / os.sysconf("SC_CLK_TCK")
                - sum(own[:4]))


def run_benchmarks(program, names, repetitions, seconds):
    """What the program prints; nothing where it has none of these."""
    command = [program, f"--benchmark_filter=^({'|'.join(names)})(/|$)",
               f"--benchmark_repetitions={repetitions}", f"--benchmark_min_time={seconds}",
               "--benchmark_format=json"]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return json.loads(output) if output.strip() else {"benchmarks": []}


def benchmarks(program, *names, repetitions=3, seconds=0.1):
    """{name: {"ms": [one a repetition, sorted], counter: value, ...}} of those that exist."""
    rows = run_benchmarks(program, names, repetitions, seconds)["benchmarks"]
    return by_name([row for row in rows if row["run_type"] == "iteration"], names)


def label(program, name):
    """What one of its benchmarks says in words."""
    return run_benchmarks(program, [name], 1, 0.001)["benchmarks"][0]["label"]


def by_name(rows, names):
    """What follows the name are settings of the benchmark, as in "SgdStep/float/real_time"."""
    found = {}
    for name in names:
        own = [row for row in rows if (row["run_name"] + "/").startswith(name + "/")]
        if own:
            counters = {key: own[0][key] for key in
                        ("flops", "bytes", "gradient_error", "wrong_sets", "workspace_bytes")
                        if key in own[0]}
            times = (row["real_time"] * MILLISECONDS[row["time_unit"]] for row in own)
            found[name] = {"ms": sorted(times)} | counters
    return found


def run_peer(script, *arguments, environment=PEER_ENVIRONMENT):
    """The JSON that a script of bench/ prints. Raises NotMeasured with the reason."""
    done = subprocess.run([PYTHON, ROOT / "bench" / script, *arguments], capture_output=True,
                          text=True, env=os.environ | environment)
    if done.returncode != 0:
        raise NotMeasured((done.stderr.strip().splitlines() or ["it failed"])[-1])
    return json.loads(done.stdout)


def first_line(*command):
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    return done.stdout.splitlines()[0] if done.returncode == 0 and done.stdout else "unknown"


def commit():
    """A copy without history is told by TWOFOLD_COMMIT."""
    if "TWOFOLD_COMMIT" in os.environ:
        return os.environ["TWOFOLD_COMMIT"]
    name = first_line("git", "rev-parse", "--short", "HEAD")
    changed = first_line("git", "status", "--porcelain", "--untracked-files=no", "include", "src",
                         "bench", ":!bench/results")
    return name if changed == "unknown" else name + " and changes"


def machine():
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return f"{line.split(':')[1].strip()}, {len(os.sched_getaffinity(0))} CPUs"
    return platform.processor()


def processor_has(*flags):
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("flags"):
            return set(flags) <= set(line.split(":")[1].split())
    return False
