from __future__ import annotations

import time

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parametra.nouns.errors import DataError
from parametra.nouns.table import Table, read_table

HZ = """# H(z), a comment
z,H,sigma,source
0.07,69,19.6,Zhang

0.09,NA,12,"Jimenez, R."
# another
0.12,-, 26.2 ,Zhang
"""


@pytest.fixture
def write(tmp_path):
    def write(content, name="hz.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def test_csv_with_comments_quotes_and_missing_cells(write):
    table = read_table(write(HZ))
    assert (table.rows, table.source, list(table.columns)) == (3, "hz.csv", ["z", "H", "sigma", "source"])
    np.testing.assert_array_equal(table.numbers("H"), [69, np.nan, np.nan])
    np.testing.assert_array_equal(table.numbers("sigma"), [19.6, 12, 26.2])
    assert table.column("source").tolist() == ["Zhang", "Jimenez, R.", "Zhang"]
    assert [table.place(row) for row in range(3)] == [
        "row 1 (line 3 of hz.csv)",
        "row 2 (line 5 of hz.csv)",
        "row 3 (line 7 of hz.csv)",
    ]


@pytest.mark.parametrize(
    "content",
    [
        "x,y\n1,2\n3,4\n",
        "\ufeffx,y\n1,2\n3,4\n",
        "x;y\n1;2\n3;4",
        "x\ty\n1\t2\n3\t4\n",
        "x , y\r\n1 , 2\r\n3 , 4\r\n",
        '"x","y"\n"1","2"\n"3","4"\n',
        "x,y\r1,2\r3,4\r",
        "x,y,\n1,2,\n3,4,\n",
        "x,y\n1,2\n3,4\n,\n",
        ",x,y\n0,1,2\n1,3,4\n",
    ],
)
def test_all_spellings_of_one_table(write, content):
    table = read_table(str(write(content)))
    assert {name: values.tolist() for name, values in table.columns.items()} == {"x": [1, 3], "y": [2, 4]}


@pytest.mark.parametrize(
    ("content", "names"),
    [
        ('"H (km/s, Mpc)";z\n1;2\n', ["H (km/s, Mpc)", "z"]),
        ("H (a, b)\tz\n1\t2\n", ["H (a, b)", "z"]),
        ("a, b;c\n1;2\n", ["a, b", "c"]),
        ("a;b,c\n1,2\n", ["a;b", "c"]),
        ("only\n1\n", ["only"]),
    ],
)
def test_the_separator_is_not_taken_from_inside_a_name(write, content, names):
    assert list(read_table(write(content)).columns) == names


def test_a_quoted_cell_may_hold_a_line_break(write):
    table = read_table(write('note,x\n"two\nlines",1\nplain,oops\n'))
    assert table.column("note").tolist() == ["two\nlines", "plain"]
    with pytest.raises(DataError, match=r'column "x" holds text: "oops" in line 4 of hz\.csv'):
        table.numbers("x")


@pytest.mark.parametrize(
    "source",
    [
        {"x": [1, 2], "s": ["a", "b"]},
        {"x": np.array([1, 2], dtype=np.float32), "s": np.array([b"a", b"b"])},
        {"x": ["1", "2"], "s": ("a", "b")},
        pd.DataFrame({"x": [1, 2], "s": ["a", "b"]}),
        np.array([(1, "a"), (2, "b")], dtype=[("x", int), ("s", "U3")]),
    ],
    ids=["lists", "arrays", "digits", "pandas", "structured"],
)
def test_sources_in_memory(source):
    table = read_table(source)
    assert table.numbers("x").tolist() == [1, 2]
    assert table.numbers("x").dtype == np.float64
    assert table.column("s").tolist() == ["a", "b"]
    assert table.place(1) == "row 2"


def test_missing_cells_of_every_source():
    frame = pd.DataFrame({"x": pd.array([1, None], dtype="Int64"), "s": ["a", None]})
    for table in (
        read_table(frame),
        read_table({"x": [1, None], "s": ["a", None]}),
        read_table({"x": np.ma.MaskedArray([1, 5], mask=[False, True]), "s": np.ma.MaskedArray(["a", "b"], [0, 1])}),
    ):
        np.testing.assert_array_equal(table.numbers("x"), [1, np.nan])
        assert table.column("s").tolist() == ["a", ""]


def test_a_table_is_a_copy_and_read_only():
    values = np.array([1.0, 2.0])
    table = read_table({"x": values, "wide": np.ones((2, 3))})
    values[0] = 9
    assert table.numbers("x")[0] == 1
    assert table.numbers("wide").shape == (2, 3)
    assert read_table(table) is table
    with pytest.raises(ValueError, match="read-only"):
        table.columns["x"][0] = 3


@pytest.mark.parametrize(
    ("conditions", "rows"),
    [
        ({}, [0, 1, 2, 3]),
        ({"state": "treated"}, [1, 3]),
        ({"state": ["treated", "control"]}, [0, 1, 2, 3]),
        ({"dose": 1}, [0, 1]),
        ({"dose": "1.0"}, [0, 1]),
        ({"dose": [1, 2.5]}, [0, 1, 2]),
        ({"dose": 1, "state": "treated"}, [1]),
        ({"mixed": 2}, [1]),
        ({"mixed": "x"}, [3]),
        ({"mixed": None}, []),
        ({"dose": 7}, []),
        ({"flag": True}, [0, 2]),
    ],
)
def test_where(conditions, rows):
    table = read_table(
        {
            "state": ["control", "treated", "control", "treated"],
            "dose": [1, 1, 2.5, np.nan],
            "mixed": ["1", "2.0", "", "x"],
            "flag": [True, False, True, False],
        }
    )
    chosen = table.where(conditions)
    assert chosen.positions.tolist() == rows
    assert chosen.column("state").tolist() == table.column("state")[rows].tolist()
    if rows:
        assert chosen.place(0) == f"row {rows[0] + 1}"


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=20))
def test_numbers_survive_a_file_bit_for_bit(tmp_path_factory, numbers):
    path = tmp_path_factory.mktemp("csv") / "x.csv"
    path.write_text("x\n" + "".join(f"{number!r}\n" for number in numbers))
    assert read_table(path).numbers("x").tolist() == numbers


def test_a_large_file_is_quick(tmp_path):
    path = tmp_path / "large.csv"
    numbers = np.random.default_rng(0).normal(size=(100_000, 5))
    with path.open("w") as file:
        file.write("a,b,c,d,e\n")
        np.savetxt(file, numbers, delimiter=",", fmt="%.10g")
    started = time.process_time()
    table = read_table(path)
    assert time.process_time() - started < 10.0  # 0.6 s where it was written; a quadratic reader needs minutes
    np.testing.assert_allclose(table.numbers("e"), numbers[:, 4], rtol=1e-9)


FILES = [
    (b"", "hz.csv is empty; its first line must name the columns, and the rows follow."),
    (b"# only this\n\n", "hz.csv is empty; its first line must name the columns, and the rows follow."),
    (b"x,y\n", "hz.csv has a header and no rows; write one row of values on each line below it."),
    (b"x,y\n1,2\n3,\xb5\n", "hz.csv is not UTF-8: byte 0xb5 in line 3; save it as UTF-8."),
    (b"x,y,x\n1,2,3\n", 'hz.csv names 2 columns "x"; give every column its own name.'),
    (
        b"x,y\n1,2\n\n3\n",
        (
            "line 4 of hz.csv holds 1 values where the header names 2 columns (x, y); correct the line, and put "
            "text that holds a separator in quotes."
        ),
    ),
    (
        b"1,2\n3,4\n",
        'line 1 of hz.csv must name the columns; came "1, 2". Write a line such as x, y, sigma above the numbers.',
    ),
    (b"x y\n1 2\n", 'hz.csv is separated by spaces: "x y"; separate by commas, semicolons or tabs.'),
    (
        b'x,y\n1,"2\n',
        "line 2 of hz.csv cannot be read: unexpected end of data; look for a quote that is not closed.",
    ),
]


@pytest.mark.parametrize(("content", "message"), FILES)
def test_messages_of_files(write, content, message):
    with pytest.raises(DataError) as caught:
        read_table(write(content))
    assert str(caught.value) == message


def test_messages_of_paths(tmp_path):
    with pytest.raises(DataError) as caught:
        read_table(tmp_path)
    assert str(caught.value) == f'"{tmp_path}" is a directory; give the path of a CSV file.'
    with pytest.raises(DataError) as caught:
        read_table("nothing.csv")
    assert str(caught.value).startswith('there is no file "nothing.csv" (looked in /')
    assert str(caught.value).endswith("); give the path of a file.")
    with pytest.raises(DataError) as caught:
        read_table("x" * 5000)
    assert str(caught.value) == f'"{"x" * 37}..." cannot be read: File name too long; give a CSV file.'


MEMORY = [
    ({}, "the table has no columns; give at least one, such as {'y': y}."),
    ({"x": []}, 'the table has no rows; column "x" is empty.'),
    ({"x": [1, 2], "y": [1]}, 'columns must be of one length; "x" has 2 values and "y" has 1.'),
    ({"x": 3.0}, 'column "x" must hold one value for each row; came an array of shape ().'),
    ({"x": [1j]}, 'column "x" holds complex numbers; give real and imaginary parts as two columns.'),
    ({"x": [[1], [1, 2]]}, 'column "x" holds rows of different lengths; give one value for each row.'),
    ({"x": [["a", "b"]]}, 'column "x" has several values a row, which must be numbers; came <U1.'),
    (
        pd.DataFrame([[1, 2]], columns=["x", "x"]),
        'the data frame names 2 columns "x"; give every column its own name.',
    ),
    (
        [1, 2],
        (
            "a table is a mapping of column names to values, a data frame, a structured array or the path of "
            "a CSV file; came list. Name the columns: {'x': x, 'y': y}."
        ),
    ),
]


@pytest.mark.parametrize(("source", "message"), MEMORY)
def test_messages_of_memory(source, message):
    with pytest.raises(DataError) as caught:
        read_table(source)
    assert str(caught.value) == message


ASKED = [
    (lambda t: t.numbers("sigm"), 'there is no column "sigm" in hz.csv; did you mean "sigma"?'),
    (
        lambda t: t.numbers("source"),
        (
            'column "source" holds text: "Zhang" in line 3 of hz.csv; numbers are written like 0.15 or 1.5e-1, and a '
            "missing one is left blank or written NA."
        ),
    ),
    (lambda t: t.where({"z": "low"}), 'where = {"z": \'low\'} asks for text, and column "z" holds numbers.'),
    (lambda t: t.where({"stat": 1}), 'there is no column "stat" in hz.csv; known here: z, H, sigma, source.'),
    (
        lambda t: read_table({"w": np.ones((2, 3))}).where({"w": 1}),
        'where = {"w": ...} wants one value a row; it has 3.',
    ),
    (
        lambda t: read_table({"x": ["1", "2,5"]}).numbers("x"),
        (
            'column "x" holds text: "2,5" in row 2; numbers are written like 0.15 or 1.5e-1, with a point: a decimal '
            "comma is not read. Write 2.5 for it, and so on."
        ),
    ),
    (
        lambda t: read_table({"x": ["1", "1_000"]}).numbers("x"),
        (
            'column "x" holds text: "1_000" in row 2; numbers are written like 0.15 or 1.5e-1, and a missing one is '
            "left blank or written NA."
        ),
    ),
]


@pytest.mark.parametrize(("ask", "message"), ASKED)
def test_messages_of_questions(write, ask, message):
    table = read_table(write(HZ))
    assert isinstance(table, Table)
    with pytest.raises(DataError) as caught:
        ask(table)
    assert str(caught.value) == message
