"""What is in the way of a new result is kept, whatever happens."""

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import parametra as pm
from parametra.report._earlier import make_room
from parametra.report.files import write_figures, write_result

X = np.linspace(0.1, 4.0, 12)
DATA = pm.Data({"x": X, "y": 3 * np.exp(-0.8 * X) + 0.05 * np.cos(9 * X)}, inputs="x", output="y")


def fitted(formula="a * exp(-k * x)", derived=None, noise=None):
    problem = pm.Problem(formula, DATA, {"a": 1.0, "k": 1.0}, derived=derived, noise=noise)
    return pm.fit(problem, starts=2, seed=1)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_the_name_of_a_kept_comparison_is_short(tmp_path):
    models = {f"m{i}": pm.Problem(f"a * exp(-k * x) + {i} * 0", DATA, {"a": 1.0, "k": 1.0}) for i in range(2)}
    found = pm.compare(models, cross_validation=False)
    path = tmp_path / "compare.json"
    hashes = "+".join(f"{i:016x}" for i in range(40))
    object.__setattr__(found.receipt, "problem_hash", hashes)
    found.save(path)
    other = SimpleNamespace(receipt=SimpleNamespace(problem_hash="x"), title="")
    assert make_room(path, other) == path
    (kept,) = names(tmp_path)
    assert len(kept) == len("compare-12345678.json")
    assert pm.load(tmp_path / kept).receipt.problem_hash == hashes


def test_a_result_that_cannot_be_renamed_stays_and_the_new_one_goes_beside_it(tmp_path, monkeypatch, capsys):
    write_result(fitted(), tmp_path)
    replace = Path.replace

    def refuse(self, target):
        if self.name == "fit.json":
            raise OSError(36, "File name too long")
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", refuse)
    assert write_result(fitted("a / (1 + k * x)"), tmp_path) == tmp_path / "fit-new.json"
    assert write_result(fitted("a + k * x"), tmp_path) == tmp_path / "fit-new-2.json"
    assert write_result(fitted("a + k * x"), tmp_path) == tmp_path / "fit-new-2.json"
    assert names(tmp_path) == ["fit-new-2.json", "fit-new.json", "fit.json"]
    formulas = [pm.load(tmp_path / name).equations[0].right for name in names(tmp_path)]
    assert formulas == ["a + k * x", "a / (1 + k * x)", "a * exp(-k * x)"]
    assert "(File name too long); it stays, and the new result is fit-new.json" in capsys.readouterr().err


@pytest.mark.parametrize("text", ['["mine"]', "no JSON at all", json.dumps({"result": {"receipt": {}}})])
def test_what_is_no_result_is_kept(tmp_path, capsys, text):
    (tmp_path / "fit.json").write_text(text, encoding="utf-8")
    write_result(fitted(), tmp_path)
    (kept,) = tmp_path.glob("fit-*.json")
    assert kept.read_text(encoding="utf-8") == text
    assert f"held something that is no result, or one that this version cannot read; it is kept as {kept.name}" in (
        capsys.readouterr().err
    )


@pytest.mark.parametrize(
    "changed",
    [
        {"derived": {"q": "log(2) / k"}},
        {"derived": {"q": {"formula": "a / k", "unit": "m"}}},
        {"derived": {"q": "a / k", "r": "a"}},
        {"derived": {"q": "a / k"}, "noise": pm.Normal(0.1)},
    ],
)
def test_a_problem_with_other_derived_quantities_or_noise_is_another(tmp_path, changed):
    first, second = fitted(derived={"q": "a / k"}), fitted(**changed)
    assert first.receipt.problem_hash == second.receipt.problem_hash
    write_result(first, tmp_path)
    write_result(first, tmp_path)
    assert names(tmp_path) == ["fit.json"]
    write_result(second, tmp_path)
    (kept,) = tmp_path.glob("fit-*.json")
    assert pm.load(kept).rows == first.rows
    assert pm.load(tmp_path / "fit.json").rows == second.rows


def test_pictures_are_kept_with_their_result_and_problems_by_turns_do_not_pile_up(tmp_path):
    one, two = fitted(), fitted("a / (1 + k * x)")
    for found in (one, two, one, two):
        write_result(found, tmp_path)
        write_figures(found, tmp_path)
    hashes = [found.receipt.problem_hash[:8] for found in (one, two)]
    stems = ["fit", "waterfall"]
    wanted = {f"{stem}.png" for stem in stems} | {f"{stem}-{each}.png" for stem in stems for each in hashes}
    assert set(names(tmp_path)) == wanted | {"fit.json"} | {f"fit-{each}.json" for each in hashes}
