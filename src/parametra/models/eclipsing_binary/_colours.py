"""Light curves in several colours that share the geometry of their star."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from parametra.nouns.data import Data
from parametra.nouns.errors import DataError

OF_A_COLOUR = ("mean", "cos1", "sin1", "cos2", "sin2", "depth1", "depth2")
"""What each colour has for itself; half widths, shapes, period and epoch are common."""


def colours(
    tables: Mapping[str, Any],
    *,
    at: str = "time",
    output: str = "magnitude",
    sigma: Any = None,
    separate: Sequence[str] = OF_A_COLOUR,
    units: Mapping[str, str] | None = None,
) -> tuple[Data, ...]:
    """One data set a colour, whose own parameters are named after it: mean_V, depth1_V, ..., mean_R, ...

        pm.fit(pm.model("eclipsing_binary.nav"), colours({"V": "v.csv", "R": "r.csv"}, sigma="error"))

    Arguments:
        tables: colour to a table, as for `Data`.
        at: the column of times or phases.
        output: the column of magnitudes.
        sigma: as for `Data`: a column, or a number.
        separate: the parameters that each colour has for itself; add "shape1" and "shape2" where limb darkening makes
            the eclipses differ in form.
        units: as for `Data`.

    Raises:
        DataError: no table, or a colour that is no name.
    """
    if not tables:
        raise DataError('colours wants at least one table, colours({"V": table, "R": table}); none came.')
    for name in tables:
        if not str(name).isidentifier():
            raise DataError(
                f'a colour\'s name becomes part of parameter names, such as depth1_V; "{name}" cannot. Use letters, '
                "digits and _."
            )
    return tuple(
        Data(
            table, inputs={"phase" if at == "phase" else "time": at}, output=output, sigma=sigma, name=name,
            units=units, parameters={each: f"{each}_{name}" for each in separate},
        )
        for name, table in tables.items()
    )  # fmt: skip
