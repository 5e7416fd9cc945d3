"""A table for a survival model: the status is read as one, the other columns are covariates by their own names."""

import numpy as np
import pytest

import parametra as pm
from parametra.formats.new_model import model_text
from parametra.formats.problem_file import read_problem_file
from parametra.nouns.errors import FileError

MODELS = ("flexible", "accelerated_failure_time", "mixture_cure_additive_hazards")


def table_of(path, head, codes=("0", "1")):
    """A table of 80 rows whose columns are by their names: times, codes, and covariates."""
    generator = np.random.default_rng(3)
    names = head.split(",")
    rows = []
    for i in range(80):
        lived, end = 10 * generator.weibull(1.4), generator.uniform(5, 25)
        cells = {"id": str(i + 1), "sex": str(i % 2), "age": f"{generator.normal(60, 9):.1f}"}
        cells |= {"group": "ab"[i % 2]}
        row = []
        for name in names:
            bare = name.partition(" ")[0]
            usual = f"{min(lived, end):.4f}" if bare in ("time", "survival_days") else codes[int(lived <= end)]
            row.append(cells.get(bare, usual))
        rows.append(",".join(row))
    path.write_text("\n".join([head, *rows]) + "\n")
    return path


def written(tmp_path, model, table):
    path = tmp_path / "problem.toml"
    text, words, _ = model_text(path, pm.model(f"survival.{model}"), table)
    path.write_text(text)
    return read_problem_file(path).problem, words, text


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize(
    ("head", "codes", "event"),
    [
        ("time [month],status,sex,age [year]", ("0", "1"), 1),
        ("id,time,event,age,sex", ("0", "1"), 1),
        ("age,sex,time,dead", ("0", "1"), 1),
        ("time,status,age,sex", ("1", "2"), 2),
        ("survival_days,censored,sex,age", ("1", "0"), 0),
        ("time,vital status,sex,age", ("alive", "dead"), "dead"),
        ("time,died,sex,age", ("no", "yes"), "yes"),
        ("time,delta,sex,age,group", ("0", "1"), 1),
    ],
)
def test_the_status_is_told_from_the_covariates(tmp_path, model, head, codes, event):
    table = table_of(tmp_path / "table.csv", head, codes)
    problem, words, text = written(tmp_path, model, table)
    (data,) = problem.data_sets
    assert {*data.inputs} == {"age", "sex"}
    assert not {"treated", "marker", "dose"} & {*text.replace("=", " ").split()}
    (noise,) = problem.noise.values()
    assert noise.event == (event,)
    exact, right, _, _ = noise._counts
    assert exact > 40
    assert right > 10
    assert exact + right == 80
    assert f"({exact} of 80)" in words
    assert not any("no part" in doubt for doubt in pm.fit(problem, starts=1).doubts)


def test_words_and_codes_of_r_need_no_event(tmp_path):
    table = table_of(tmp_path / "table.csv", "time,status", ("right", "exact"))
    problem, words, _ = written(tmp_path, "flexible", table)
    assert "codes of R's Surv" in words
    (noise,) = problem.noise.values()
    assert noise._counts[1] > 10


def test_without_a_status_it_is_said(tmp_path):
    table = table_of(tmp_path / "table.csv", "time,sex")
    problem, words, _ = written(tmp_path, "accelerated_failure_time", table)
    assert "every time counts as an event" in words
    assert [*problem.data_sets[0].inputs] == ["sex"]


def test_covariates_get_names_that_a_formula_can_say(tmp_path):
    path = tmp_path / "table.csv"
    rows = [f"{1 + i % 7},{i % 2},{i % 3},{i % 5},{i % 4}" for i in range(30)]
    path.write_text("\n".join(["time,status,age at entry [year],2nd,scale", *rows]) + "\n")
    problem, _, _ = written(tmp_path, "flexible", path)
    assert [*problem.data_sets[0].inputs] == ["age_at_entry", "x_2nd", "scale_x"]


def test_only_a_status_is_no_time(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("status,name\n1,a\n0,b\n")
    with pytest.raises(FileError, match="takes times until an event"):
        written(tmp_path, "flexible", path)
