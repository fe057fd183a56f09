#!/usr/bin/env python3
"""Compiles every public header alone: whoever includes one header needs no other before it.

usage: check_headers.py BUILD_FOLDER [HEADER...]
Compiler and flags are those of the layer's own sources in BUILD_FOLDER/compile_commands.json.
"""
import json
import shlex
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PUBLIC = ROOT / "include"
JOBS = 2


def flags_of_layers(build):
    """Per layer: the compile command of one of its sources, without input and output."""
    flags = {}
    for entry in json.loads((build / "compile_commands.json").read_text()):
        source = Path(entry["file"])
        if not source.is_relative_to(ROOT / "src") or source.suffix != ".cpp":
            continue
        words = shlex.split(entry["command"])
        end = words.index("-o") if "-o" in words else words.index("-c")
        keep = [w for w in words[:end] if not w.startswith(("-O", "-g", "-fsanitize"))]
        flags.setdefault(source.relative_to(ROOT / "src").parts[0], keep)
    return flags


def compile_alone(header, flags):
    """The compiler's complaint, or an empty string."""
    name = header.relative_to(PUBLIC).as_posix()
    result = subprocess.run(
        [*flags, "-fsyntax-only", "-x", "c++", "-"],
        input=f'#include "{name}"\n', capture_output=True, text=True)
    return "" if result.returncode == 0 else f"{name} does not compile alone:\n{result.stderr}"


def main(arguments):
    if not arguments:
        print(__doc__, file=sys.stderr)
        return 2
    flags = flags_of_layers(Path(arguments[0]))
    named = [Path(name).resolve() for name in arguments[1:]]
    headers = named or sorted(PUBLIC.rglob("*.hpp"))
    layers = [header.relative_to(PUBLIC).parts[1] for header in headers]
    if not headers or not set(layers) <= set(flags):
        print("headers: none found" if not headers else
              f"headers: no compile command for {sorted(set(layers) - set(flags))}")
        return 1
    with ThreadPoolExecutor(JOBS) as pool:
        complaints = [c for c in pool.map(compile_alone, headers, (flags[n] for n in layers)) if c]
    print("".join(complaints), end="")
    print(f"headers: {len(headers)} compiled alone, {len(complaints)} failed")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
