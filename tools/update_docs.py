#!/usr/bin/env python3
"""Fills the generated blocks of README.md and docs/*.md: files of the repository, what the
tool prints, tables of what it knows, and of the last run of the benchmarks.

usage: update_docs.py TOOL            rewrites the blocks (TOOL is build/twofold)
       update_docs.py --check TOOL    exit 1 and one line per block that is not up to date

A block stands between  <!-- begin KIND ARGUMENTS -->  and  <!-- end -->  with KIND one of
  file PATH         the file, fenced
  output ARGUMENTS  the command line `twofold ARGUMENTS` and its standard output, fenced
  keys              table of every key of a spec
  list WHAT         table of `twofold list WHAT`
  benchmark NAME [FOLDER]   a table of bench/blocks.py, from bench/results/[FOLDER/]*.csv
"""
import json
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "bench"))
from blocks import BLOCKS  # found by the line above
from result_files import Results

BLOCK = re.compile(r"(<!-- begin (\w+)(?: ([^\n]+?))? -->\n)(.*?)(<!-- end -->)", re.DOTALL)
LANGUAGE = {".toml": "toml", ".cpp": "cpp", ".txt": "cmake"}


def tool_output(tool, arguments):
    result = subprocess.run([tool, *arguments.split()], cwd=ROOT, text=True, capture_output=True)
    if result.returncode != 0:
        raise SystemExit(f"twofold {arguments}: exit {result.returncode}\n{result.stderr}")
    return result.stdout


def listing(tool, what):
    return json.loads(tool_output(tool, f"list {what} --json"))


def cell(text):
    return text.replace("|", r"\|")


def code(text):
    return f"`{cell(text)}`" if text not in ("", "''") else ""


def key_rows(tool):
    section = None
    for key in listing(tool, "keys"):
        if (key["system"], key["section"]) != section:
            section = key["system"], key["section"]
            title = f"`{key['section']}`" if key["section"] else "Top of the file"
            title += f", system = \"{key['system']}\"" if key["system"] else ""
            yield f"\n**{title}**\n\n| key | default | allowed | meaning |\n|---|---|---|---|\n"
        yield (f"| `{key['key']}` | {code(key['default'])} | {cell(key['domain'])} "
               f"| {cell(key['help'])} |\n")


def content(kind, arguments, tool):
    if kind == "file":
        path = ROOT / arguments
        text = path.read_text(encoding="utf-8")
        return f"```{LANGUAGE.get(path.suffix, '')}\n{text}```\n"
    if kind == "output":
        return f"```\n$ twofold {arguments}\n{tool_output(tool, arguments)}```\n"
    if kind == "keys":
        return "".join(key_rows(tool)).lstrip("\n") + "\n"
    if kind == "list":
        rows = (f"| `{cell(e['name'])}` | {cell(e.get('about', ''))} |\n" for e in listing(tool, arguments))
        return "| name | meaning |\n|---|---|\n" + "".join(rows)
    if kind == "benchmark":
        name, *folder = arguments.split()
        return BLOCKS[name](Results(ROOT.joinpath("bench", "results", *folder)))
    raise SystemExit(f"unknown block: {kind} {arguments}")


def updated(text, tool, stale):
    def replace(match):
        begin, kind, arguments, old, end = match.groups(default="")
        new = content(kind, arguments, tool)
        if new != old:
            stale.append(f"{kind} {arguments}".strip())
        return begin + new + end

    return BLOCK.sub(replace, text)


def main(arguments):
    check = arguments[:1] == ["--check"]
    rest = arguments[1:] if check else arguments
    if len(rest) != 1:
        print(__doc__, file=sys.stderr)
        return 2
    tool, count, failed = str(Path(rest[0]).resolve()), 0, False
    for path in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]:
        text, stale = path.read_text(encoding="utf-8"), []
        new = updated(text, tool, stale)
        count += len(BLOCK.findall(text))
        for block in stale:
            print(f"{path.relative_to(ROOT)}: block '{block}' {'is out of date' if check else 'updated'}")
        if stale and not check:
            path.write_text(new, encoding="utf-8")
        failed = failed or (check and bool(stale))
    print(f"docs: {count} generated blocks" + ("; run tools/update_docs.py build/twofold" if failed else ""))
    return 1 if failed or count == 0 else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
