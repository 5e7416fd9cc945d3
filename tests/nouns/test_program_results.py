"""Reading what a program left: every form of result, and a short reason for everything that is none."""

from __future__ import annotations

import os

import numpy as np
import pytest

from parametra.nouns._program_results import Rule
from parametra.nouns.errors import ModelError
from parametra.nouns.evaluation import EvaluationFailed

GOOD = {
    "column": ("out.csv:y", "t,y\n0,1.5\n1,-2e3\n", [1.5, -2000]),
    "column in quotes, with comments": ("out.csv:a, b", '# made\nt,"a, b"\n\n0,1\n# half\n1,2\n', [1, 2]),
    "semicolons": ("out.csv:y", "t;y\n0;1\n1;2\n", [1, 2]),
    "tabs": ("out.tsv:y", "t\ty\n0\t1\n1\t2\n", [1, 2]),
    "byte order mark": ("out.csv:y", "\ufeffy\n4\n", [4]),
    "one column with a name": ("out.csv", "y\n1\n2\n", [1, 2]),
    "one column without a name": ("out.csv", "1\n2\n3\n", [1, 2, 3]),
    "unicode": ("größe.csv:Δ m", "t,Δ m\n0,7\n", [7]),
    "folder": ("run/out.csv:y", "y\n1\n", [1]),
    "numbers": ("out.txt", "1 2.5,3;4\n 5\n", [1, 2.5, 3, 4, 5]),
    "no suffix": ("result", "1\n2\n", [1, 2]),
    "fortran": ("out.dat", "1.5D+03 -2.0d-1 .5D0", [1500, -0.2, 0.5]),
    "infinite": ("out.dat", "inf -inf nan", [np.inf, -np.inf, np.nan]),
    "last line": ("out.txt:last", "it 1 0.3\n7 8\n\n", [7, 8]),
    "third line": ("out.txt:3", "x\ny\n5\nz\n", [5]),
    "json": ("out.json:result.y", '{"result": {"y": [1, 2.5]}}', [1, 2.5]),
    "json in a list": ("out.json:1.cost", '[{"cost": 1}, {"cost": 2}]', [2]),
    "json as a whole": ("out.json", "[1, 2]", [1, 2]),
    "stdout": ("stdout", "1 2\n3\n", [1, 2, 3]),
    "stdout as a table": ("stdout.csv:y", "t,y\n0,9\n", [9]),
    "stdout as json": ("stdout.json:y", '{"y": 4}', [4]),
    "stderr": ("stderr:last", "warning\n6\n", [6]),
    "pattern": (r"stdout~final cost = ([-+.eE0-9]+)", "cost = 9\nfinal cost = -1.5e-3\n", [-0.0015]),
    "pattern with every match": (r"out.log~^y: (\S+)$", "y: 1\nx: 5\ny: 2\n", [1, 2]),
    "pattern with a colon": (r"out.csv~a:b=(\d)", "a:b=3", [3]),
}


def write(folder, rule, text):
    path = folder / rule.file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


@pytest.mark.parametrize("case", GOOD)
def test_every_form_is_read(case, tmp_path):
    stated, text, numbers = GOOD[case]
    rule = Rule.read(stated, "results: y")
    write(tmp_path, rule, text)
    found = rule.numbers(tmp_path)
    assert found.dtype == np.float64
    np.testing.assert_array_equal(found, numbers)


BAD = {
    "no such column": ("out.csv:z", "t,yy\n0,1\n", 'out.csv has no column "z"; known here: t, yy.'),
    "a column misspelt": ("out.csv:angel", "t,angle\n0,1\n", 'out.csv has no column "angel"; did you mean "angle"?'),
    "a table without names": (
        "out.csv:y",
        "0.1,0.2\n3,4\n",
        'out.csv has no column "y"; there are none to choose from.',
    ),
    "a header that no terminal should see": ("out.csv:y", "t\x1b[31m,a\n0,1\n", 'out.csv has no column "y"'),
    "a json key that none should see": ("out.json:y", '{"\\u001b[31m": 1}', 'out.json:y stops at "y"'),
    "several columns": ("out.csv", "t,y\n0,1\n", 'out.csv has 2 columns; name one, "out.csv:column"'),
    "short row": ("out.csv:y", "t,y\n0\n", "out.csv has a row that is shorter than its header"),
    "header alone": ("out.csv:y", "t,y\n", "out.csv has a header and no rows"),
    "open quote": ("out.csv:y", 'y\n"1\n', "out.csv is no table: unexpected end of data"),
    "comments alone": ("out.csv:y", "# y\n", "out.csv is empty"),
    "text in a column": ("out.csv:y", "y\n1\nbad\n", 'out.csv:y holds text ("bad") where numbers are wanted'),
    "text with digits is not quoted": ("out.csv:y", "y\n1.5.3\n", "out.csv:y holds text where numbers are wanted"),
    "python's thousand": ("out.csv:y", "y\n1_000\n", "out.csv:y holds text where numbers are wanted"),
    "an empty cell": ("out.csv:y", "t,y\n1,\n", "out.csv:y holds a cell without a value where numbers are wanted"),
    "a banner": ("stdout", "Welcome\n1 2\n", 'stdout holds text ("Welcome") where numbers are wanted'),
    "empty": ("stdout", "", "stdout is empty"),
    "blank": ("out.txt", " \n \n", "out.txt is empty"),
    "too few lines": ("out.txt:3", "1\n2\n", "out.txt has no line 3"),
    "no match": (r"stdout~cost=(\d)", "it failed", r"nothing in stdout matches cost=(\d)"),
    "a match that is no number": (r"stdout~cost=(\w+)", "cost=high", r"stdout~cost=(\w+) holds text (\"high\") where"),
    "half a json": ("out.json:y", '{"y": [1,', "out.json is not JSON"),
    "deep json": ("out.json:y", "[" * 100_000, "out.json is not JSON"),
    "json key": ("out.json:a.c", '{"a": {"b": 1}}', 'out.json:a.c stops at "c"; known here: b.'),
    "json of text": ("out.json:y", '{"y": "high"}', "out.json:y holds"),
    "json of nothing": ("out.json:y", '{"y": null}', "out.json:y holds"),
    "ragged json": ("out.json:y", '{"y": [[1], [1, 2]]}', "out.json:y has rows of different lengths"),
    "json matrix": ("out.json:y", '{"y": [[1, 2], [3, 4]]}', "out.json:y has 2 dimensions"),
    "json without numbers": ("out.json:y", '{"y": []}', "out.json:y is empty"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_is_no_result_has_a_reason(case, tmp_path):
    stated, text, reason = BAD[case]
    rule = Rule.read(stated, "results: y")
    write(tmp_path, rule, text)
    with pytest.raises(EvaluationFailed) as caught:
        rule.numbers(tmp_path)
    assert caught.value.reason.startswith(reason.replace('\\"', '"'))
    assert caught.value.reason.isprintable()


def test_a_file_that_is_missing_or_no_file(tmp_path):
    rule = Rule.read("out.csv:y", "results: y")
    with pytest.raises(EvaluationFailed, match=r"^out.csv was not written$"):
        rule.numbers(tmp_path)
    (tmp_path / "out.csv").mkdir()
    with pytest.raises(EvaluationFailed, match=r"^out.csv is no file$"):
        rule.numbers(tmp_path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes with a name are POSIX's")
def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "out.csv")
    with pytest.raises(EvaluationFailed, match=r"^out.csv is no file$"):
        Rule.read("out.csv:y", "results: y").numbers(tmp_path)


def test_bytes_that_are_no_text(tmp_path):
    (tmp_path / "out.csv").write_bytes(bytes(range(256)))
    with pytest.raises(EvaluationFailed):
        Rule.read("out.csv:y", "results: y").numbers(tmp_path)


def test_a_huge_text_is_not_read(tmp_path):
    with (tmp_path / "out.txt").open("wb") as file:
        file.truncate(300 * 2**20)  # a hole, which takes no disk
    with pytest.raises(EvaluationFailed, match=r"^out.txt is larger than 256 MiB; write a .npy file$"):
        Rule.read("out.txt", "results: y").numbers(tmp_path)


def test_files_of_numpy(tmp_path):
    np.save(tmp_path / "out.npy", np.arange(3, dtype=np.int32)[:, None])
    np.testing.assert_array_equal(Rule.read("out.npy", "y").numbers(tmp_path), [0, 1, 2])
    np.savez(tmp_path / "two.npz", u=np.ones(2), v=np.array([1j]))
    np.savez(tmp_path / "one.npz", u=np.ones(2))
    np.testing.assert_array_equal(Rule.read("one.npz", "y").numbers(tmp_path), [1, 1])
    assert Rule.read("two.npz:v", "y").numbers(tmp_path).dtype == np.complex128
    for stated, reason in {
        "two.npz:w": 'two.npz has no array "w"; known here: u, v.',
        "two.npz": 'two.npz has no array "",; known here: u, v.'.replace(",;", ";"),
    }.items():
        with pytest.raises(EvaluationFailed) as caught:
            Rule.read(stated, "y").numbers(tmp_path)
        assert caught.value.reason == reason


def test_a_pickle_is_never_read(tmp_path):
    np.save(tmp_path / "out.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(EvaluationFailed, match=r"^out.npy cannot be read by NumPy \(ValueError\)$"):
        Rule.read("out.npy", "y").numbers(tmp_path)
    for name in ("bad.npy", "bad.npz"):
        (tmp_path / name).write_bytes(b"PK\x03\x04 no archive")
        with pytest.raises(EvaluationFailed, match="cannot be read by NumPy"):
            Rule.read(name, "y").numbers(tmp_path)


REFUSED = {
    "": "a rule is a text such as",
    "/etc/passwd": "is no file in the working folder",
    "../out.csv:y": "is no file in the working folder",
    "a/../../out.csv:y": "is no file in the working folder",
    "\\out.csv:y": "is no file in the working folder",
    "C:\\out.csv:y": "is no line of C",
    "stdout.npy": "is no file in the working folder",
    "stdout.txt": "is no file in the working folder",
    "out.csv:": 'ends with ":"',
    "stdout~": 'ends with "~"',
    "stdout~cost": "has no group",
    "stdout~(": "is no regular expression",
    "out.npy:y": 'holds one array; write "out.npy"',
    "out.npy~(x)": "is no text",
    "out.txt:y": '"y" is no line of out.txt',
    "stdout:0": '"0" is no line of stdout',
}


@pytest.mark.parametrize("stated", REFUSED)
def test_what_is_no_rule_is_refused(stated):
    with pytest.raises(ModelError) as caught:
        Rule.read(stated, "results: y")
    assert REFUSED[stated] in str(caught.value)
    assert str(caught.value).startswith("results: y: ")
