"""What is said of a table: standard deviations that are none, codes that are text, parameters by the options."""

import pytest

import parametra as pm
from parametra.formats.new_model import model_text
from parametra.formats.problem_file import read_problem_file


def made(tmp_path, model, table):
    path = tmp_path / "table.csv"
    path.write_text(table)
    return model_text(tmp_path / "problem.toml", pm.model(model), path)


def test_a_sigma_with_a_zero_is_said_in_the_file_and_in_words(tmp_path):
    text, words, _ = made(tmp_path, "lines.polynomial", "x,y,sigma\n0,5,1\n1,6,0\n2,7,1\n3,8,1\n")
    reason = "standard deviations are above zero, and 0 stands in line 3"
    assert f'"sigma" was not taken for sigma: {reason}' in words
    assert f'# "sigma" is not taken for sigma: {reason}' in text
    text, words, _ = made(tmp_path, "lines.polynomial", "x,y,sigma\n0,5,1\n1,6,2\n2,7,1\n3,8,1\n")
    assert "not taken" not in words + text


@pytest.mark.parametrize("model", ["peaks.split", "peaks.gaussian", "peaks.lorentzian"])
def test_the_parameters_are_those_of_the_options_beside_them(tmp_path, model):
    text, _, _ = made(tmp_path, model, "x,counts\n" + "".join(f"{i},{50 - (i - 7) ** 2}\n" for i in range(15)))
    assert "# options.peaks = 1 " in text
    assert "# height = {" in text
    assert "height_1 =" not in text
    (tmp_path / "problem.toml").write_text(text)
    stated = {line.split()[1] for line in text.splitlines() if line.startswith("# ") and "{ guess = ... }" in line}
    assert stated <= {*read_problem_file(tmp_path / "problem.toml").problem.stated_space.names}


@pytest.mark.parametrize("head", ["time,image,magnitude,err", "time,magnitude,err"])
def test_images_are_codes(tmp_path, head):
    cells = {"time": "{}.5", "image": "{}", "magnitude": "17.{}", "err": "0.01"}
    rows = [",".join(cells[name].format("AB"[i % 2] if name == "image" else i) for name in head.split(","))
            for i in range(12)]  # fmt: skip
    text, words, _ = made(tmp_path, "time_delay.kernel", "\n".join([head, *rows]) + "\n")
    assert "a column image of 0 in the rows of the first curve and 1" in words
    assert "a column image of 0 in the rows of the first curve and 1" in text
    assert "two_curves" in words
    assert "constants" not in text.partition("[data]")[2]
    assert ('the column "image" holds text, such as "A"' in words) == ("image" in head)
