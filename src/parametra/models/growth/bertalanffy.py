"""Von Bertalanffy growth: the length of an animal by its age."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from parametra.maths.first_look import best_shape, extent, lifted, tidy
from parametra.models.growth._curves import place
from parametra.nouns.card import Source
from parametra.nouns.data import Data
from parametra.nouns.parameter import Positive, Real
from parametra.nouns.ready_made import Form, Known, ReadyMade, around_guess

_BERTALANFFY = Source("L. von Bertalanffy", 1957, "Quantitative laws in metabolism and growth", "doi:10.1086/401873")
_KIMURA = Source(
    "D. K. Kimura",
    1980,
    "Likelihood methods for the von Bertalanffy growth curve",
    "https://cran.r-project.org/package=fishmethods",
)


def female_hake() -> Data:
    """Mean lengths of female Pacific hake by age (Kimura 1980, table 1)."""
    age = [1.0, 2.0, 3.3, 4.3, 5.3, 6.3, 7.3, 8.3, 9.3, 10.3, 11.3, 12.3, 13.3]
    length = [15.40, 28.03, 41.18, 46.20, 48.23, 50.26, 51.82, 54.27, 56.98, 58.93, 59.00, 60.91, 61.83]
    return Data({"age": age, "length": length}, inputs=["age"], output="length", units={"age": "year", "length": "cm"})


def male_hake() -> Data:
    """Mean lengths of male Pacific hake by age (Kimura 1980, table 1)."""
    age = [1.0, 2.0, 3.3, 4.3, 5.3, 6.3, 7.3, 8.3, 9.3, 10.3, 11.3]
    length = [15.40, 26.93, 42.23, 44.59, 47.63, 49.67, 50.87, 52.30, 54.77, 56.43, 55.88]
    return Data({"age": age, "length": length}, inputs=["age"], output="length", units={"age": "year", "length": "cm"})


def _form(data: Sequence[Data] | None) -> Form:
    return Form(
        model={"length": "asymptote * (1 - exp(minimum(rate * (age_at_zero - age), 300)))"},
        parameters={
            "asymptote": Positive(
                guess=60.0, unit="{length}", description="the mean length of very old animals, L infinity"
            ),
            "rate": Positive(guess=0.3, unit="1/{age}", description="Brody's coefficient K"),
            "age_at_zero": Real(guess=0.0, unit="{age}", description="the age at which the length would be zero, t0"),
        },
        inputs={"age": "year"},
        outputs={"length": "cm"},
        priors={"asymptote": around_guess(0.5), "rate": around_guess(1.0), "age_at_zero": place(data, "age", 0.5)},
        derived={"growth_performance": "log10(rate) + 2 * log10(asymptote)"},
    )


def guess(data: Data) -> dict[str, float]:
    """The best of a grid of rates; the rest is linear."""
    age, length = tidy(data.inputs["age"], data.outputs["length"])
    _, width = extent(age)
    rates = {"rate": np.geomspace(0.05, 30.0, 60) / width}
    best = best_shape(
        lambda rate: [np.ones(1), -np.exp(-rate * age)],
        rates,
        length,
        lambda factors: (factors[:, 0] > 0) & (factors[:, 1] > 0),
    )
    asymptote = lifted(best.factors[0], float(np.max(np.abs(length))))
    missing = best.factors[1] / asymptote
    onset = np.log(missing) / best.values["rate"] if missing > 0 else 0.0
    return {"asymptote": asymptote, **best.values, "age_at_zero": float(np.clip(onset, -width, age[-1]))}


READY = ReadyMade(
    name="growth.bertalanffy",
    summary="Von Bertalanffy growth: the length of fish and other animals by their age",
    formula="length = asymptote (1 - exp(-rate (age - age_at_zero)))",
    good_for="lengths at age in fisheries; each data set may have parameters of its own, as for the sexes",
    prefer_instead="growth.gompertz or growth.richards for weights, whose growth has an inflection",
    form=_form,
    guess=guess,
    known=(
        Known(
            data=female_hake,
            about="lengths of female Pacific hake",
            estimate={"asymptote": "61.23", "rate": "0.296", "age_at_zero": "-0.057"},
            second_start={"asymptote": 90.0, "rate": 0.1, "age_at_zero": -1.0},
            source=_KIMURA,
        ),
        Known(
            data=male_hake,
            about="lengths of male Pacific hake",
            estimate={"asymptote": "55.98", "rate": "0.386", "age_at_zero": "0.171"},
            second_start={"asymptote": 90.0, "rate": 0.1, "age_at_zero": -1.0},
            source=_KIMURA,
        ),
    ),
    sources=(_BERTALANFFY, _KIMURA),
)
