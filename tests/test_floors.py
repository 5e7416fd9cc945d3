"""The rules of the house: who may import whom. docs/architecture.md draws the floors."""

from __future__ import annotations

import ast
import graphlib
from pathlib import Path

import pytest

SOURCE = Path(__file__).parent.parent / "src"
STOREYS = ("maths", "nouns", "methods models", "runs catalogue", "verbs formats", "report", "cli testing")
FLOORS = {name: floor for floor, names in enumerate(STOREYS) for name in names.split()}
SHELVES = ("methods", "models")


def modules(source):
    """Every module by its dotted name, without the face of the package and __main__."""
    files = {tuple(path.relative_to(source).with_suffix("").parts): path for path in source.rglob("*.py")}
    named = {".".join(parts).removesuffix(".__init__"): path for parts, path in files.items()}
    return {name: path for name, path in named.items() if name not in ("parametra", "parametra.__main__")}


def imports(path, known):
    """The modules of the package that a file imports anywhere, also inside functions and by importlib with a text."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are written in full, not with dots"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            names = [name if name in known else node.module for name in names]
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
            names = [node.args[0].value] if isinstance(node.args[0], ast.Constant) else []
        yield from (name for name in names if name.partition(".")[0] == "parametra")


# A result finds its figures by name, on a higher floor, as the catalogue finds methods.
UPWARD = {
    "parametra.nouns.fit_result": {"parametra.report.figures"},
    "parametra.nouns.audit_result": {"parametra.report._audit_figure"},
    "parametra.nouns.bench_result": {"parametra.report._bench_figure"},
    "parametra.nouns.identification": {"parametra.report._identify_figure"},
    "parametra.nouns.bootstrap_result": {"parametra.report._bootstrap_figure"},
    "parametra.nouns.coverage_result": {"parametra.report._bootstrap_figure"},
    "parametra.nouns.sample_size_result": {"parametra.report._bootstrap_figure"},
    "parametra.nouns.comparison": {"parametra.report._comparison_figure"},
    "parametra.nouns.design_result": {"parametra.report._design_figure"},
    "parametra.nouns.ready_made": {"parametra.report._model_figure"},
    "parametra.nouns.trust_result": {"parametra.report._trust_figure"},
}


def offences(source):
    """Every breach of the rules, one sentence each."""
    known = modules(source)
    edges = {name: set(imports(path, known)) - UPWARD.get(name, set()) for name, path in known.items()}
    for name, wanted in edges.items():
        place, shelf = name.split(".")[1], name.rpartition(".")[0]
        if place not in FLOORS:
            yield f"{name} stands on no floor"
        if {"utils", "helpers", "common"} & set(name.split(".")):
            yield f"{name} is an attic: a function lives with the noun it is about"
        for other in sorted(wanted):
            theirs = other.split(".")[1] if "." in other else ""
            if FLOORS.get(theirs, 99) > FLOORS.get(place, 99):
                yield f"{name} imports {other}, from a floor above"
            # a shelf's face, its __init__, offers what its engines have
            own = other.startswith((f"{shelf}._", f"{name}._"))
            if place in SHELVES and theirs in SHELVES and not own:
                yield f"{name} imports {other}, which is no engine of its own shelf"
    try:
        graphlib.TopologicalSorter(edges).prepare()
    except graphlib.CycleError as cycle:
        yield "a cycle: " + " -> ".join(cycle.args[1])


def test_the_house_keeps_its_rules():
    assert list(offences(SOURCE)) == []


BREACHES = {
    "from a floor above": {"maths/a": "def f():\n    from parametra.nouns import b", "nouns/b": ""},
    "imports parametra, from a floor above": {"verbs/a": "import parametra"},
    "no engine of its own shelf": {"methods/fit/a": "import parametra.methods.fit.b", "methods/fit/b": ""},
    "parametra.methods.sample._b, which": {
        "methods/fit/a": "from parametra.methods.sample._b import c",
        "methods/sample/_b": "",
    },
    "a cycle: ": {
        "nouns/a": "from parametra.nouns.b import c",
        "nouns/b": "def f():\n    import_module('parametra.nouns.a')",
    },
    "stands on no floor": {"attic": ""},
    "is an attic": {"maths/utils": ""},
}


@pytest.mark.parametrize("message", BREACHES)
def test_a_breach_is_found(message, tmp_path):
    for name, text in BREACHES[message].items():
        path = tmp_path / "parametra" / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    found = list(offences(tmp_path))
    assert len(found) == 1
    assert message in found[0]


def test_an_engine_may_be_shared(tmp_path):
    shelf = tmp_path / "parametra" / "methods" / "fit"
    shelf.mkdir(parents=True)
    (shelf / "a.py").write_text("from parametra.methods.fit._family import b\nfrom parametra.nouns import c")
    (shelf / "_family.py").write_text("import numpy as np")
    assert list(offences(tmp_path)) == []
