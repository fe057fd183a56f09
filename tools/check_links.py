#!/usr/bin/env python3
"""Checks that what the Markdown files point to exists: relative links, pages and sections named
in docs, headers, specs and sources (docs/theory/mean_field.md#phases), and [keys] of references.

usage: check_links.py [ROOT]    exit 1 and one line per dead pointer, file:line first
"""
import re
import subprocess
import sys
from pathlib import Path

LINK = re.compile(r"\]\(([^)\s]+)\)|(?:src|href)=\"([^\"]+)\"")
POINTER = re.compile(r"docs/[\w/]+\.(?:md|svg)(?:#[\w-]+)?")
KEY = re.compile(r"\[([a-z]+(?:19|20)\d\d[a-z]*)(?:,[^\]]*)?\]")
HEADING = re.compile(r"^#+ +(.*)$", re.MULTILINE)
ANCHOR = re.compile(r'<a id="([\w-]+)"></a>')
SOURCES = ("include", "src", "app", "tests", "bench", "tools", "experiments", "docs")
ENDINGS = (".md", ".hpp", ".cpp", ".py", ".toml", ".txt")


def slug(heading):
    """The anchor that a Markdown page gives a heading."""
    words = re.sub(r"[^\w\- ]", "", heading.strip().lower())
    return words.replace(" ", "-")


def anchors(path):
    text = path.read_text(encoding="utf-8")
    return set(ANCHOR.findall(text)) | {slug(h) for h in HEADING.findall(text)}


def files(root):
    """What git tracks or would track; without git, what lies in the known folders."""
    git = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=root,
                         capture_output=True, text=True)
    names = git.stdout.splitlines() if git.returncode == 0 else [
        p.relative_to(root).as_posix() for folder in SOURCES for p in (root / folder).rglob("*")]
    names += [p.name for p in root.glob("*.md")]
    for name in sorted(set(names)):
        path = root / name
        if path.suffix in ENDINGS and path.is_file():
            yield path


def complaint(target, base, root):
    """What is wrong with a pointer from a file in folder `base`, or None."""
    name, _, section = target.partition("#")
    path = (base / name).resolve() if name else None
    if path is None:
        return None
    if not path.exists():
        return f"{target} does not exist"
    if section and path.suffix == ".md" and section not in anchors(path):
        return f"{target}: {path.relative_to(root)} has no section '{section}'"
    return None


def pointers(path, line, root):
    """(target, folder it is relative to) of everything one line points to."""
    if path.suffix == ".md":
        for match in LINK.finditer(line):
            target = match[1] or match[2]
            if target.startswith("#"):
                yield path.name + target, path.parent
            elif "://" not in target and not target.startswith("mailto:"):
                yield target, path.parent
    for match in POINTER.finditer(LINK.sub("", line) if path.suffix == ".md" else line):
        yield match[0], root


def check(root):
    keys = set(re.findall(r"^\| `(\w+)` ", (root / "docs/references.md").read_text(encoding="utf-8"),
                          re.MULTILINE))
    found, count = [], 0
    for path in files(root):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            for target, base in pointers(path, line, root):
                count += 1
                if message := complaint(target, base, root):
                    found.append((path, number, message))
            for key in KEY.findall(line):
                count += 1
                if key not in keys:
                    found.append((path, number, f"[{key}] is not in docs/references.md"))
    return found, count


def main(arguments):
    root = Path(arguments[0] if arguments else Path(__file__).parent.parent).resolve()
    found, count = check(root)
    for path, number, message in found:
        print(f"{path.relative_to(root)}:{number}: {message}")
    print(f"links: {count} looked at, {len(found)} dead")
    return 1 if found or count == 0 else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
