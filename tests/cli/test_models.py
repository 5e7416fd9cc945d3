"""`parametra models`, and `parametra new --model`."""

import json

import pytest
from click.testing import CliRunner

import parametra as pm
from parametra import catalogue
from parametra.cli.main import main

NAME = "kinetics.michaelis_menten"
FOR_FILES = [name for name in catalogue.models() if not name.startswith("item_response.")]
"""The models whose data a problem file can hold."""


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


@pytest.mark.parametrize("name", [NAME, "michaelis_menten", "Kinetics.Michaelis_Menten"])
def test_one_is_described(name):
    text = run("models", name)[1]
    for word in ("rate = V substrate / (K + substrate)", "mmol/L/min", "the rate at saturation", "V = 212.7"):
        assert word in text


@pytest.mark.parametrize("name", catalogue.models())
def test_every_description_can_be_read(name):
    code, text = run("models", name)
    assert code == 0
    told = json.loads(run("models", name, "--json")[1])
    assert told["name"] == name
    assert all(each["about"] and each["unit"] for each in told["parameters"])
    assert all(each["prior"] or each["domain"].startswith(("fixed", "Tied")) for each in told["parameters"])
    assert told["summary"].split()[0] in text


@pytest.mark.parametrize("name", ["item_response.three_parameter", "kinetics.arrhenius", "time_delay.kernel"])
def test_a_description_fits_a_terminal(name):
    lines = run("models", name)[1].splitlines()
    begin = lines.index("parameters")
    assert max(map(len, lines[begin:])) <= 104
    assert max(map(len, lines)) <= 118
    rows = [line for line in lines[begin + 1 :] if line.startswith("  ")]
    assert any("fixed at 309 " in row for row in rows) == (name == "kinetics.arrhenius")


def test_a_field_is_meant_in_any_case():
    assert run("models", "KINETICS")[1] == run("models", "kinetics")[1]


UNKNOWN = {
    "kinetics.michaelis_mentn": 'did you mean "kinetics.michaelis_menten"?',
    "michaelis_mentn": 'did you mean "kinetics.michaelis_menten"?',
    "kinetic": 'the field "kinetics" has kinetics.arrhenius, ',
    "peaks.": 'the field "peaks" has peaks.damped_harmonic_oscillator, ',
    "cosmology.H": "cosmology.hubble_rate",
    "": "the fields are chromatography, cosmology, ",
    ".": "the fields are chromatography, cosmology, ",
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_an_unknown_model_is_refused(name, capsys):
    with pytest.raises(SystemExit, match="2"):
        main(["models", name])
    said = capsys.readouterr().err
    assert f'there is no ready-made model "{name}"; ' in said
    assert UNKNOWN[name] in said


def test_a_name_that_two_fields_have(monkeypatch):
    monkeypatch.setattr(catalogue, "models", lambda: ("growth.logistic", "survival.logistic"))
    with pytest.raises(pm.ParametraError, match=r'called "logistic": growth\.logistic, survival\.logistic\. Say which'):
        pm.model("logistic")


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


@pytest.mark.parametrize("name", FOR_FILES)
def test_every_model_writes_a_file_that_is_a_problem(name, tmp_path):
    path = tmp_path / "problem.toml"
    code, text = run("new", str(path), "--model", name)
    assert code == 0, text
    code, text = run("check", str(path))
    assert code == 0, text


TABLES = {
    "several outputs": (
        "ecology.lotka_volterra",
        "year,hares,lynx\n0,30,4\n1,47,6\n2,70,10\n3,77,35\n4,36,59\n5,20,42\n",
        ['inputs = { time = "year" }', 'outputs = { prey = "hares", predator = "lynx" }'],
    ),
    "several outputs with errors": (
        "ecology.lotka_volterra",
        "t,hares,hares_sd,lynx,lynx_sd\n0,30,1,4,1\n1,47,1,6,1\n2,70,1,10,1\n3,77,1,35,1\n4,36,1,59,1\n5,20,1,42,1\n",
        ['sigma = { prey = "hares_sd", predator = "lynx_sd" }'],
    ),
    "several outputs with one error": (
        "ecology.lotka_volterra",
        "t,prey,predator,sd\n0,30,4,1\n1,47,6,1\n2,70,10,1\n3,77,35,1\n4,36,59,1\n5,20,42,1\n",
        ['outputs = { prey = "prey", predator = "predator" }', 'sigma = "sd"'],
    ),
    "missing values": (NAME, "conc,v\n0.1,50\n0.3,\n1,130\n3,150\n4,151\n", ['missing = "mask"', 'output = "v"']),
    "missing values elsewhere": (NAME, "conc,v,room\n0.1,50,1\n0.3,90,\n1,130,2\n3,150,3\n", ['# not used: "room"']),
    "rows that are counted": (
        NAME,
        "id,s,w\n1,0.1,50\n2,0.3,90\n3,1,130\n4,3,150\n",
        ['"s"', '"w"', '# not used: "id"'],
    ),
    "counted, and nothing else": (NAME, "No,w\n1,90\n2,110\n3,120\n4,125\n", ['substrate = "No"', 'output = "w"']),
    "the output before": (NAME, "v,conc\n50,0.1\n90,0.3\n130,1\n150,3\n", ['substrate = "conc"', 'output = "v"']),
    "more than is taken": (
        NAME,
        "a,b,w\n0.1,7,50\n0.3,7,90\n1,7,130\n3,7,150\n",
        ['substrate = "a"', 'output = "w"', '# not used: "b"'],
    ),
    "letters of the field": (
        "scaling_law.chinchilla",
        "x,loss,N,D\n1,3,1e6,1e9\n2,2.9,1e7,1e9\n3,2.5,1e8,1e10\n4,2.4,2e8,1e10\n5,2.3,3e8,1e11\n7,2.2,1e9,1e11\n",
        ['inputs = { parameters = "N", tokens = "D" }', 'output = "loss"'],
    ),
    "an output named like a sigma": (
        "scaling_law.learning_curve",
        "examples,error\n10,0.5\n30,0.4\n100,0.3\n300,0.25\n1000,0.2\n",
        ['output = "error"', "# sigma"],
    ),
    "units in the header": (
        NAME,
        "conc [umol/L],v (umol/min),err\n0.1,50,1\n0.3,90,2\n1,130,1\n3,150,1\n",
        ['\nunits = { "conc [umol/L]" = "umol/L", "v (umol/min)" = "umol/min" }', 'sigma = "err"'],
    ),
    "brackets that hold no unit": (
        NAME,
        "conc (first cell),v [*]\n0.1,50\n0.3,90\n1,130\n3,150\n",
        ['substrate = "conc (first cell)"', "# units = "],
    ),
}


@pytest.mark.parametrize("case", TABLES)
def test_what_is_written_for_a_table_runs(case, tmp_path):
    name, rows, written = TABLES[case]
    (tmp_path / "rows.csv").write_text(rows)
    path = tmp_path / "mine.toml"
    assert run("new", str(path), "--model", name, "--from", str(tmp_path / "rows.csv"))[0] == 0
    text = path.read_text()
    for line in written:
        assert line in text
    assert ('missing = "mask"' in text) == (case == "missing values")
    assert pm.fit(pm.read_problem(path).problem, starts=1).estimate


def test_units_of_the_header_reach_the_parameters(tmp_path):
    (tmp_path / "rows.csv").write_text(TABLES["units in the header"][1])
    path = tmp_path / "mine.toml"
    run("new", str(path), "--model", NAME, "--from", str(tmp_path / "rows.csv"))
    assert pm.read_problem(path).problem.space["K"].unit == "umol/L"


@pytest.mark.parametrize("table", [(), ("--from", "answers.csv")])
def test_a_model_for_python_says_so(table, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "answers.csv").write_text("q1,q2\n0,1\n1,1\n")
    with pytest.raises(SystemExit, match="2"):
        main(["new", "--model", "item_response.rasch", *table])
    said = capsys.readouterr().err
    assert "item_response.rasch is for Python" in said
    assert 'pm.fit(pm.model("item_response.rasch"), pm.models.item_response.responses(table))' in said


def test_a_table_of_too_few_columns(tmp_path, capsys):
    (tmp_path / "rows.csv").write_text("v\n1\n2\n")
    with pytest.raises(SystemExit, match="2"):
        main(["new", str(tmp_path / "mine.toml"), "--model", NAME, "--from", str(tmp_path / "rows.csv")])
    assert "takes substrate and gives rate; rows.csv has only the columns of numbers v." in capsys.readouterr().err
    (tmp_path / "rows.csv").write_text("v,rate,who\n1,2,a\n2,n/a,b\n")
    with pytest.raises(SystemExit, match="2"):
        main(["new", str(tmp_path / "mine.toml"), "--model", NAME, "--from", str(tmp_path / "rows.csv")])
    said = capsys.readouterr().err
    assert 'columns of numbers v. The column "rate" holds text: "n/a" in line 3 of rows.csv; the column "who"' in said


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


def test_a_file_for_a_table_shows_no_bounds_of_other_data_and_no_null(tmp_path):
    (tmp_path / "curve.csv").write_text("time,mag\n2455000.1,12.1\n2455000.4,12.2\n2455001.2,12.15\n")
    path = tmp_path / "star.toml"
    assert run("new", str(path), "--model", "eclipsing_binary.nav", "--from", str(tmp_path / "curve.csv"))[0] == 0
    text = path.read_text()
    assert "# options.period = ...   #" in text
    assert "# mean = { guess = ... }   # the middle of the light outside the eclipses, in mag\n" in text
