from __future__ import annotations

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parametra.nouns import _data_reader as reader
from parametra.nouns.data import Data, as_data_sets
from parametra.nouns.errors import DataError

COLUMNS = {
    "z": [0.1, 0.2, 0.3, 0.4],
    "H": [70.0, 75.0, 80.0, 86.0],
    "sigma": [5.0, 4.0, 3.0, 2.0],
    "d": [400.0, 800.0, 1200.0, 1500.0],
    "kind": ["a", "b", "a", "b"],
}
nan, inf = float("nan"), float("inf")


def holed(**changes):
    return {**COLUMNS, **changes}


def test_what_a_data_set_holds():
    data = Data(
        COLUMNS,
        inputs=["z"],
        output="H",
        sigma="sigma",
        name="hz",
        units={"H": "km/s/Mpc"},
        parameters={"H0": "H0_local"},
        constants={"temperature": 300},
        source="a survey",
    )
    assert data.inputs["z"].tolist() == COLUMNS["z"]
    assert data.outputs["H"].tolist() == COLUMNS["H"]
    assert data.sigma["H"].tolist() == COLUMNS["sigma"]
    assert data.sigma_columns == {"H": "sigma"}
    assert data.observed == {"H": None}
    assert list(data.columns) == ["d"]
    assert (data.rows, data.size, data.masked) == (4, 4, 0)
    assert data.units == {"H": "km/s/Mpc"}
    assert data.parameters == {"H0": "H0_local"}
    assert data.constants == {"temperature": 300.0}
    assert data.source == "a survey"
    assert repr(data) == "<Data hz: 4 rows; inputs z; output H; sigma given>"
    for array in (data.inputs["z"], data.outputs["H"], data.sigma["H"], data.columns["d"]):
        assert array.dtype == np.float64
        assert not array.flags.writeable
    with pytest.raises(AttributeError):
        data.name = "other"


def test_inputs_by_another_name_and_as_arrays():
    wide = np.arange(8.0).reshape(4, 2)
    data = Data(COLUMNS, inputs={"redshift": "z", "wide": wide, "extra": [1, 2, 3, 4]}, output="H")
    assert data.inputs["redshift"].tolist() == COLUMNS["z"]
    assert data.inputs["wide"].shape == (4, 2)
    assert data.inputs["extra"].tolist() == [1, 2, 3, 4]
    assert data.sigma == {}
    assert set(data.columns) == {"sigma", "d"}


def test_arrays_follow_the_rows_that_where_keeps():
    data = Data(
        COLUMNS, inputs={"wide": np.arange(8.0).reshape(4, 2)}, output="H", sigma=[1, 2, 3, 4], where={"kind": "b"}
    )
    assert data.inputs["wide"].tolist() == [[2, 3], [6, 7]]
    assert data.sigma["H"].tolist() == [2, 4]
    assert data.outputs["H"].tolist() == [75, 86]


@pytest.mark.parametrize(
    ("sigma", "wanted"),
    [
        (0.5, {"H": [0.5] * 4, "d": [0.5] * 4}),
        ("sigma", {"H": [5, 4, 3, 2], "d": [5, 4, 3, 2]}),
        ({"d": "sigma"}, {"d": [5, 4, 3, 2]}),
        ({"d": "sigma", "H": np.float64(2)}, {"d": [5, 4, 3, 2], "H": [2] * 4}),
        ({"d": None, "H": [1, 2, 3, 4]}, {"H": [1, 2, 3, 4]}),
    ],
)
def test_sigma(sigma, wanted):
    data = Data(COLUMNS, inputs="z", output=["H", "d"], sigma=sigma)
    assert {name: values.tolist() for name, values in data.sigma.items()} == wanted
    assert data.size == 8


def test_missing_values_are_left_out_when_asked():
    table = holed(z=[0.1, nan, 0.3, 0.4], H=[70, 75, nan, 86], sigma=[5, 4, 3, nan])
    data = Data(table, inputs="z", output=["H", "d"], sigma={"H": "sigma"}, missing="mask")
    assert data.inputs["z"].tolist() == [0.1, 0.3, 0.4]
    assert data.observed["H"].tolist() == [0]
    assert data.observed["d"] is None
    assert (data.rows, data.size, data.masked) == (3, 4, 4)
    values, sigma = data.observations("H")
    assert (values.tolist(), sigma.tolist()) == ([70], [5])
    values, sigma = data.observations("d")
    assert (values.tolist(), sigma) == ([400, 1200, 1500], None)
    assert repr(data).endswith("; 4 values left out>")


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(*[st.one_of(st.just(nan), st.floats(0.1, 9.0))] * 3), min_size=1, max_size=12))
def test_nothing_is_lost_but_what_is_missing(rows):
    x, y, s = np.array(rows).T
    usable = ~(np.isnan(x) | np.isnan(y) | np.isnan(s))
    if not usable.any():
        with pytest.raises(DataError, match="check"):
            Data({"x": x, "y": y, "s": s}, inputs="x", output="y", sigma="s", missing="mask")
        return
    data = Data({"x": x, "y": y, "s": s}, inputs="x", output="y", sigma="s", missing="mask")
    values, sigma = data.observations("y")
    assert values.tolist() == y[usable].tolist()
    assert sigma.tolist() == s[usable].tolist()
    assert data.size + data.masked == len(x)


def test_signature_holds_structure_and_no_values():
    base = Data(COLUMNS, inputs="z", output="H", sigma="sigma")
    other = Data(holed(H=[1, 2, 3, 4]), inputs="z", output="H", sigma="sigma", name="other")
    assert base.signature == other.signature
    assert hash(base.signature) == hash(other.signature)
    different = [
        Data(COLUMNS, inputs="z", output="H"),
        Data(COLUMNS, inputs=["z", "d"], output="H", sigma="sigma"),
        Data(COLUMNS, inputs="z", output="H", sigma="sigma", where={"kind": "a"}),
        Data(holed(H=[70, 75, nan, 86]), inputs="z", output="H", sigma="sigma", missing="mask"),
        Data(COLUMNS, inputs="z", output="H", sigma="sigma", parameters={"a": "b"}),
        Data(COLUMNS, inputs="z", output="H", sigma="sigma", constants={"T": 1}),
    ]
    signatures = {data.signature for data in different}
    assert len(signatures) == len(different)
    assert base.signature not in signatures


def test_content_hash_follows_values_and_not_order():
    base = Data(COLUMNS, inputs=["z", "d"], output="H", sigma="sigma")
    turned = Data(dict(reversed(COLUMNS.items())), inputs=["d", "z"], output="H", sigma="sigma", name="other")
    assert base.content_hash() == turned.content_hash()
    assert len(base.content_hash()) == 64
    changed = [
        Data(holed(H=[70, 75, 80, 86.0000001]), inputs=["z", "d"], output="H", sigma="sigma"),
        Data(COLUMNS, inputs=["z", "d"], output="H"),
        Data(COLUMNS, inputs=["z"], output="H", sigma="sigma"),
        Data(COLUMNS, inputs=["z", "d"], output="H", sigma="sigma", constants={"T": 1}),
        Data(COLUMNS, inputs=["z", "d"], output="H", sigma="sigma", units={"z": "m"}),
    ]
    assert len({data.content_hash() for data in changed} - {base.content_hash()}) == len(changed)
    zeros = [Data({"y": [value, 1.0]}, output="y").content_hash() for value in (0.0, -0.0)]
    assert zeros[0] == zeros[1]


def test_a_data_set_survives_a_pickle():
    data = Data(COLUMNS, inputs="z", output="H", sigma="sigma", name="hz")
    back = pickle.loads(pickle.dumps(data))
    assert back.content_hash() == data.content_hash()
    assert (back.name, back.signature) == ("hz", data.signature)


def test_many_data_sets():
    one, two = (Data(COLUMNS, inputs="z", output=output) for output in ("H", "d"))
    assert as_data_sets(one) == (one,)
    assert [data.name for data in as_data_sets([one, two])] == ["data_1", "data_2"]
    assert [data.name for data in as_data_sets({"a": one, "b": two})] == ["a", "b"]
    assert [data.name for data in as_data_sets((one, two.renamed("b")))] == ["data", "b"]
    assert as_data_sets({"a": one})[0].content_hash() == one.content_hash()
    assert Data.of(one) is one


def test_the_place_of_a_missing_value_in_a_file(tmp_path):
    path = tmp_path / "hz.csv"
    path.write_text("# comment\nz,H\n0.1,70\n0.2,NA\n0.3,\n0.4,80\n")
    with pytest.raises(DataError) as caught:
        Data(path, inputs="z", output="H")
    assert str(caught.value) == (
        'column "H" holds 2 missing values, first in row 2 (line 4 of hz.csv); '
        'pass missing="mask" to leave such values out.'
    )
    assert Data(path, inputs="z", output="H", missing="mask").source == "hz.csv"


ok = {"inputs": "z", "output": "H", "sigma": "sigma"}
MISTAKES = [
    ({"output": "velocity"}, {}, 'there is no column "velocity"; known here: z, H, sigma, d, kind.'),
    ({"sigma": "sigam"}, {}, 'there is no column "sigam"; did you mean "sigma"?'),
    ({"inputs": ["zz"]}, {}, 'there is no column "zz"; did you mean "z"?'),
    (
        {"inputs": "kind"},
        {},
        (
            'column "kind" holds text: "a" in row 1; numbers are written like 0.15 or 1.5e-1, and a missing '
            "one is left blank or written NA."
        ),
    ),
    (
        {},
        {"H": [70, nan, nan, nan]},
        'column "H" holds 3 missing values, first in row 2; pass missing="mask" to leave such values out.',
    ),
    (
        {},
        {"z": [nan, 1, 1, 1]},
        'column "z" holds a missing value in row 1; pass missing="mask" to leave such values out.',
    ),
    (
        {"inputs": {"x": [1, 2, nan, 4]}},
        {},
        'input "x" holds a missing value in row 3; pass missing="mask" to leave such values out.',
    ),
    (
        {"sigma": [1, 2, nan, 4]},
        {},
        'sigma of "H" holds a missing value in row 3; pass missing="mask" to leave such values out.',
    ),
    (
        {"missing": "mask"},
        {"H": [70, inf, 80, 90]},
        'column "H" holds an infinite value in row 2; correct it, or leave the row out.',
    ),
    (
        {"inputs": {"x": [[1, 2], [3, 4], [5, -inf], [7, 8]]}},
        {},
        'input "x" holds an infinite value in row 3; correct it, or leave the row out.',
    ),
    (
        {},
        {"sigma": [1, 0, 2, 3]},
        'sigma of "H" must be above zero; it is 0 in row 2. Correct it, or leave the row out.',
    ),
    ({"sigma": -0.1}, {}, 'sigma of "H" must be a number above zero; came -0.1.'),
    ({"sigma": nan}, {}, 'sigma of "H" must be a number above zero; came nan.'),
    ({"sigma": {"d": "sigma"}}, {}, 'sigma is given for "d", which is no output; known here: H.'),
    ({"sigma": [1, 2]}, {}, 'sigma of "H" must have 4 rows like the table; it has 2.'),
    (
        {"sigma": np.ones((4, 2))},
        {},
        'sigma of "H" must have one number in each row; it has 2. Give each its own column.',
    ),
    ({}, {"H": np.ones((4, 2))}, 'output "H" must have one number in each row; it has 2. Give each its own column.'),
    ({"inputs": {"x": [1, 2, 3]}}, {}, 'input "x" must have 4 rows like the table; it has 3.'),
    ({"output": "z"}, {}, '"z" is listed as an input and as an output; a column is one or the other.'),
    (
        {"inputs": {"x": "H"}},
        {},
        '"H" is listed as an input and as an output; a column is one or the other.',
    ),
    ({"output": ["H", "H"]}, {}, 'output names "H" twice; name each column once.'),
    ({"inputs": ["z", "z"]}, {}, 'inputs names "z" twice; name each column once.'),
    ({"output": []}, {}, 'output names no column; name what was measured, such as output="y".'),
    ({"where": {"kind": "c"}}, {}, "no row has where = {'kind': 'c'}; column \"kind\" holds a, b."),
    (
        {"missing": "mask"},
        {"z": [nan] * 4},
        "all 4 rows miss an input, so that nothing is left; check the columns of the inputs.",
    ),
    (
        {"missing": "mask"},
        {"H": [nan] * 4},
        'output "H" is missing, or its sigma is, in all 4 rows; check its columns.',
    ),
    ({"missing": "ignore"}, {}, 'missing is "refuse" or "mask"; came "ignore".'),
    ({}, {"H": [1j, 2, 3, 4]}, 'column "H" holds complex numbers; give real and imaginary parts as two columns.'),
    ({"constants": {"T": "warm"}}, {}, "constant \"T\" must be a finite number; came 'warm'."),
    ({"constants": {"T": inf}}, {}, 'constant "T" must be a finite number; came inf.'),
    ({"constants": {"z": 1}}, {}, '"z" is a constant and also an input or output; give it once.'),
    (
        {"parameters": {"z": "H0"}},
        {},
        'parameters maps "z", which is an input or constant of this data set; drop one.',
    ),
    ({"units": {"h": "km"}}, {}, 'units names "h", which is no column; known here: z, H, sigma, d, kind.'),
]


@pytest.mark.parametrize(("settings", "changes", "message"), MISTAKES)
def test_messages(settings, changes, message):
    with pytest.raises(DataError) as caught:
        Data({**COLUMNS, **changes}, **{**ok, **settings})
    assert str(caught.value) == message


BUILD = 'build one with Data(table, inputs=["x"], output="y", sigma="sigma").'


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda one: Data.of({"x": [1]}), f"a data set is wanted and dict came; {BUILD}"),
        (lambda one: as_data_sets({"x": [1]}), f"a data set is wanted and list came; {BUILD}"),
        (lambda one: as_data_sets([]), f"at least one data set is wanted and none came; {BUILD}"),
        (
            lambda one: as_data_sets([one.renamed("a"), one.renamed("a")]),
            '2 data sets are named "a"; give each its own: Data(..., name="...").',
        ),
    ],
)
def test_messages_of_many(call, message):
    with pytest.raises(DataError) as caught:
        call(Data(COLUMNS, **ok))
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: reader.column_names(3, "output"), "output takes the name of a column or a list of names; came 3."),
        (lambda: reader.column_names([3], "output"), "output takes names of columns; came int."),
        (lambda: reader.checked_parameters({"a": 3}, set()), 'parameters maps "a" to the name of a parameter; came 3.'),
    ],
)
def test_messages_for_what_files_may_hold(call, message):
    with pytest.raises(DataError) as caught:
        call()
    assert str(caught.value) == message


def test_outputs_under_other_names():
    table = {"year": [1, 2, 3], "hares": [30.0, 47.0, 70.0], "lynx": [4.0, 6.0, 10.0], "sd": [1.0, 2.0, 3.0]}
    data = Data(
        table,
        inputs=["year"],
        output={"prey": "hares", "predator": "lynx"},
        sigma={"prey": "sd", "lynx": 2.0},
        units={"hares": "1/km**2", "predator": "1/m**2"},
    )
    assert data.outputs["prey"].tolist() == table["hares"]
    assert data.sigma["prey"].tolist() == table["sd"]
    assert data.sigma["predator"].tolist() == [2.0] * 3
    assert (data.units["prey"], data.units["predator"]) == ("1/km**2", "1/m**2")
    assert data.columns == {}


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"output": {"y": "H", "u": "H"}}, 'names "H" twice'),
        ({"output": {}}, "output names no column"),
        ({"output": {"z": "H"}}, "as an input and as an output"),
        ({"output": {"y": "z"}}, "as an input and as an output"),
        ({"output": {"y": "H"}, "sigma": {"y": 1.0, "H": 2.0}}, 'by its name and by its column "H"'),
        ({"output": {"y": "Hubble"}}, 'there is no column "Hubble"'),
    ],
)
def test_outputs_under_other_names_that_are_refused(settings, said):
    with pytest.raises(DataError, match=said):
        Data(COLUMNS, inputs=["z"], **settings)
    with pytest.raises(DataError, match='column "H" holds a missing value'):
        Data(holed(H=[1.0, nan, 2.0, 3.0]), inputs=["z"], output={"y": "H"})
