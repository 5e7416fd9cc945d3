"""`parametra models`, and `parametra new --model`."""

import json

import pytest
from click.testing import CliRunner

from parametra import catalogue
from parametra.cli.main import main

NAME = "kinetics.michaelis_menten"


def run(*words):
    done = CliRunner().invoke(main, list(words))
    return done.exit_code, done.output


def test_all_models_are_listed():
    code, text = run("models")
    assert code == 0
    for name in catalogue.models():
        assert name in text
    listed = json.loads(run("models", "--json")[1])["fields"]
    assert [row["name"] for field in listed.values() for row in field["models"]] == list(catalogue.models())
    assert all(row["summary"] for field in listed.values() for row in (*field["models"], *field["functions"]))


def test_a_field_lists_its_functions_too():
    text = run("models", "eclipsing_binary")[1]
    assert "eclipsing_binary.nav" in text
    assert "pm.models.eclipsing_binary.period_search" in text
    assert NAME not in text


@pytest.mark.parametrize("name", [NAME, "michaelis_menten"])
def test_one_is_described(name):
    text = run("models", name)[1]
    for word in ("rate = V substrate / (K + substrate)", "count/min**2", "the rate at saturation", "V = 212.7"):
        assert word in text


@pytest.mark.parametrize("name", catalogue.models())
def test_every_description_can_be_read(name):
    code, text = run("models", name)
    assert code == 0
    told = json.loads(run("models", name, "--json")[1])
    assert told["name"] == name
    assert all(each["about"] and each["unit"] and each["prior"] for each in told["parameters"])
    assert told["summary"].split()[0] in text


def test_an_unknown_model_is_refused(capsys):
    with pytest.raises(SystemExit, match="2"):
        main(["models", "kinetics.michaelis_mentn"])
    assert 'did you mean "kinetics.michaelis_menten"?' in capsys.readouterr().err


def test_a_file_with_the_data_of_a_known_answer(tmp_path):
    path = tmp_path / "enzyme.toml"
    assert "an enzyme on cells" in run("new", str(path), "--model", NAME)[1]
    found = json.loads(run("fit", str(path), "--json")[1])
    assert found["estimate"]["K"] == pytest.approx(0.06412, abs=5e-6)


def test_a_file_with_a_table_of_ones_own(tmp_path):
    (tmp_path / "rates.csv").write_text("conc,v,err\n0.1,50,2\n0.3,90,3\n1,130,4\n3,150,4\n")
    path = tmp_path / "mine.toml"
    assert run("new", str(path), "--model", NAME, "--from", str(tmp_path / "rates.csv"))[0] == 0
    assert 'substrate = "conc"' in path.read_text()
    assert json.loads(run("fit", str(path), "--json")[1])["estimate"]["V"] == pytest.approx(160, abs=1)


@pytest.mark.parametrize("name", catalogue.models())
def test_every_model_writes_a_file_that_is_a_problem(name, tmp_path):
    path = tmp_path / "problem.toml"
    code, text = run("new", str(path), "--model", name)
    assert code == 0, text
    code, text = run("check", str(path))
    assert code == 0, text


def test_what_new_refuses_beside_a_model(tmp_path, capsys):
    path = tmp_path / "problem.toml"
    for words, said in [
        (("--model", NAME, "--template", "ode"), "the template ode has no use"),
        (("--model", "kinetics.michaelis"), "there is no ready-made model"),
    ]:
        with pytest.raises(SystemExit, match="2"):
            main(["new", str(path), *words])
        assert said in capsys.readouterr().err
    assert not path.exists()
