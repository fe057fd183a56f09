#!/usr/bin/env python3
"""Checks who includes whom: the layers, private headers, cycles.

usage: check_layers.py [ROOT]      exit 1 and one line per violation, file:line first
       check_layers.py --self-test  every rule must catch a made-up violation
"""
import re
import sys
import tempfile
from pathlib import Path

# A layer may include itself and the layers on its line. theory, train and decode never
# meet: if predictor and trainer shared a formula, their agreement would prove nothing.
ALLOWED = {
    "core": "",
    "linalg": "core",
    "numerics": "core linalg",
    "data": "core linalg numerics",
    "model": "core linalg numerics",
    "ops": "core linalg model",
    "train": "core linalg numerics data model ops",
    "theory": "core linalg numerics data model",
    "decode": "core linalg numerics data model ops",
    "estimators": "core linalg numerics data model ops train theory decode",
    "experiment": "core linalg numerics data model ops train theory decode estimators",
    "report": "core",  # reads records as plain JSON; no report runs a solver
    "app": "core linalg numerics data model ops train theory decode estimators experiment report",
}
INCLUDE = re.compile(r'\s*#\s*include\s*([<"])([^>"]+)[>"]')


def layer_of(path, root):
    """Name of the layer a file belongs to: app/, include/twofold/<layer>/, src/<layer>/."""
    parts = path.relative_to(root).parts
    if parts[0] == "app":
        return "app"
    return parts[2] if parts[0] == "include" else parts[1]


def sources(root):
    for folder in ("include/twofold", "src", "app"):
        for path in sorted((root / folder).rglob("*")):
            if path.suffix in (".hpp", ".cpp", ".h", ".cu"):
                yield path


def includes(path):
    """(line, bracket, target) of each #include of a file."""
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if match := INCLUDE.match(line):
            yield number, match[1], match[2]


def resolve(path, bracket, target, root):
    """The file of this repository an #include names, or None."""
    if target.startswith("twofold/"):
        return root / "include" / target
    if bracket == "<":
        return None
    places = ((base / target).resolve() for base in (path.parent, root / "src"))
    return next((place for place in places if place.is_file()), None)


def complaint(path, bracket, target, root):
    """What is wrong with one #include, or None."""
    layer = layer_of(path, root)
    if layer not in ALLOWED:
        return f"layer {layer} is not in the table of tools/check_layers.py"
    found = resolve(path, bracket, target, root)
    if target.startswith("twofold/") and bracket == "<":
        return f"own header <{target}> is included with quotes"
    if found is None:
        if bracket == '"':
            return f'"{target}" not found (headers of other projects take <>)'
        return None
    if not found.is_file():
        return f'"{target}" does not exist'
    public = path.is_relative_to(root / "include")
    if public and not found.is_relative_to(root / "include"):
        return f'public header includes private "{target}"'
    other = layer_of(found, root)
    if other != layer and other not in ALLOWED[layer].split():
        return f"layer {layer} may not include layer {other}"
    if other != layer and not found.is_relative_to(root / "include"):
        return f'"{target}" is private to layer {other}'
    return None


def cycles(graph):
    """One complaint per edge that closes a cycle of includes (depth-first search)."""
    state, found = {}, []

    def visit(node):
        state[node] = "open"
        for line, target in graph.get(node, ()):
            if state.get(target) == "open":
                found.append((node, line, f"cycle: {target.name} includes {node.name} in turn"))
            elif target not in state:
                visit(target)
        state[node] = "done"

    for node in graph:
        if node not in state:
            visit(node)
    return found


def check(root):
    """All violations as (file, line, message), and the number of files looked at."""
    root = root.resolve()
    found, graph = [], {}
    for path in sources(root):
        graph[path] = []
        for line, bracket, target in includes(path):
            if message := complaint(path, bracket, target, root):
                found.append((path, line, message))
            if inner := resolve(path, bracket, target, root):
                graph[path].append((line, inner.resolve()))
    found += cycles(graph)
    return [(p.relative_to(root), line, message) for p, line, message in found], len(graph)


def self_test():
    """A made-up tree with one violation of each kind; each must be found, and nothing else."""
    public = "include/twofold/"
    tree = {
        public + "core/error.hpp": "#include <string>\n",
        public + "theory/law.hpp": '#include "twofold/core/error.hpp"\n',
        public + "train/sgd.hpp": '#include "twofold/theory/law.hpp"\n',
        public + "core/up.hpp": '\n#  include "twofold/train/sgd.hpp"\n',
        public + "data/leak.hpp": '#include "../../../src/data/hidden.hpp"\n',
        public + "model/a.hpp": '#include "twofold/model/b.hpp"\n',
        public + "model/b.hpp": '#include "twofold/model/a.hpp"\n',
        public + "decode/x.hpp": '#include <twofold/core/error.hpp>\n',
        public + "novel/x.hpp": '#include "twofold/core/error.hpp"\n',
        public + "report/page.hpp": '#include "twofold/experiment/record.hpp"\n',
        public + "experiment/record.hpp": '#include "twofold/train/sgd.hpp"\n',
        "src/data/hidden.hpp": '#include "twofold/core/absent.hpp"\n',
        "src/theory/law.cpp": '#include "train/inner.hpp"\n',
        "src/train/inner.hpp": '#include "other_project.h"\n',
        "src/experiment/run.cpp": '#include "train/inner.hpp"\n',
        "app/main.cpp": '#include "twofold/report/page.hpp"\n',
    }
    expected = {
        ("train/sgd.hpp", 1, "layer train may not include layer theory"),
        ("core/up.hpp", 2, "layer core may not include layer train"),
        ("data/leak.hpp", 1, "public header includes private"),
        ("model/b.hpp", 1, "cycle: a.hpp includes b.hpp"),
        ("decode/x.hpp", 1, "is included with quotes"),
        ("novel/x.hpp", 1, "layer novel is not in the table"),
        ("report/page.hpp", 1, "layer report may not include layer experiment"),
        ("data/hidden.hpp", 1, "does not exist"),
        ("theory/law.cpp", 1, "layer theory may not include layer train"),
        ("train/inner.hpp", 1, "not found (headers of other projects take <>)"),
        ("experiment/run.cpp", 1, "is private to layer train"),
    }
    with tempfile.TemporaryDirectory() as folder:
        for name, text in tree.items():
            path = Path(folder) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        found, _ = check(Path(folder))
    matches = lambda f, e: str(f[0]).endswith(e[0]) and f[1] == e[1] and e[2] in f[2]
    missed = [e for e in expected if not any(matches(f, e) for f in found)]
    extra = [f for f in found if not any(matches(f, e) for e in expected)]
    for name, line, message in missed:
        print(f"self-test: not found: {name}:{line}: {message}")
    for name, line, message in extra:
        print(f"self-test: false alarm: {name}:{line}: {message}")
    print(f"self-test: {len(expected) - len(missed)} of {len(expected)} violations found")
    return not missed and not extra


def main(arguments):
    if arguments == ["--self-test"]:
        return 0 if self_test() else 1
    root = Path(arguments[0]) if arguments else Path(__file__).resolve().parent.parent
    found, count = check(root)
    for name, line, message in found:
        print(f"{name}:{line}: {message}")
    print(f"layers: {count} files, {len(found)} violations")
    return 1 if found or count == 0 else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
