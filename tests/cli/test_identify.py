"""`parametra identify` as a person calls it."""

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from parametra.cli.main import main

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def problem(tmp_path):
    shutil.copytree(ROOT / "examples" / "michaelis_menten", tmp_path / "p", ignore=shutil.ignore_patterns("out"))
    return tmp_path / "p" / "problem.toml"


def run(*words):
    return CliRunner().invoke(main, [str(w) for w in words])


def test_verdicts_files_and_page(problem, tmp_path):
    done = run("identify", problem, "--bootstrap", 60, "--contour", "K,Vm", "--out", tmp_path / "out", "--starts", 2)
    assert done.exit_code == 0, done.output
    assert "All 3 parameters are identifiable." in done.output
    names = {path.name for path in (tmp_path / "out").iterdir()}
    figures = {f"identify_{k}.png" for k in ("profiles", "intervals", "spectrum", "correlation", "contour")}
    assert names == {"identify.json", "identify.html", *figures}
    page = (tmp_path / "out" / "identify.html").read_text(encoding="utf-8")
    assert "identifiable" in page
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert page.count("data:image/svg+xml") == 5


def test_json_is_one_object(problem):
    done = run("identify", problem, "--json", "--quiet", "--by", "fisher_information", "--starts", 1)
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert found["kind"] == "identify"
    assert found["parameters"]["K"]["verdict"] == "identifiable"
    assert found["parameters"]["K"]["interval"][0] == pytest.approx(0.0456, abs=2e-4)
    assert found["profiles"] == {}


def test_the_result_is_drawn_by_report(problem, tmp_path):
    run("identify", problem, "--quiet", "--out", tmp_path / "out", "--starts", 1)
    (tmp_path / "out" / "identify.html").unlink()
    done = run("report", tmp_path / "out" / "identify.json")
    assert done.exit_code == 0, done.output
    assert (tmp_path / "out" / "identify.html").exists()


def test_a_saved_fit_is_not_made_again(problem, tmp_path):
    run("fit", problem, "--quiet", "--out", tmp_path / "out", "--starts", 1)
    done = run(
        "identify", problem, "--json", "--quiet", "--fit", tmp_path / "out" / "fit.json", "--out", tmp_path / "two"
    )
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["fit"]["receipt"]["settings"]["starts"] == 1
    refused = run("identify", problem, "--fit", tmp_path / "two" / "identify.json")
    assert refused.exit_code == 2
    assert "holds no fit" in refused.output
    table = run("identify", problem.parent / "puromycin.csv")
    assert "is a table of data, and a problem file is wanted" in table.output


def test_a_spent_budget_is_exit_code_3(problem):
    assert run("identify", problem, "--evaluations", 3, "--starts", 1, "--quiet").exit_code == 3


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--by", "profil_likelihood"], 'did you mean "profile_likelihood"?'),
        (["--contour", "K"], '"K" is neither auto, off nor two labels with a comma'),
        (["--contour", "K,Vn"], 'there is no "Vn"; known here: K, Vm'),
        (["--level", "2"], "level=2.0: a share such as 0.95"),
        (["--bootstrap", "7"], "bootstrap=7: give a number of replicates, 50 or more"),
        (["--method", "leven"], 'fit has no method "leven"'),
    ],
)
def test_bad_input_is_a_sentence_and_exit_code_2(problem, words, said):
    done = run("identify", problem, *words)
    assert done.exit_code == 2
    assert said in done.output
    assert "Traceback" not in done.output


def test_methods_of_all_verbs():
    listed = run("methods").output
    assert "FIT" in listed and "IDENTIFY" in listed
    assert "levenberg_marquardt" in run("methods", "fit").output
    assert "Feldman and Cousins" in run("methods", "profile_likelihood").output
    refused = run("methods", "profile_likelihod")
    assert refused.exit_code == 2
    assert 'identify has no method "profile_likelihod"; did you mean "profile_likelihood"?' in refused.output
