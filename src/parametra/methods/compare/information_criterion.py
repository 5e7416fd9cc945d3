"""Information criteria: how well a model would foretell new data, from its likelihood and its parameters' number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from parametra.maths.arrays import Float
from parametra.nouns.card import Ability, Card, Source


@dataclass(frozen=True)
class InformationCriterion:
    """AIC = 2 k - 2 log L, AICc = AIC + 2 k (k + 1) / (n - k - 1), BIC = k log n - 2 log L; lower is better."""

    card: ClassVar[Card] = Card(
        name="information_criterion",
        verb="compare",
        summary="AIC, AICc and BIC, with the differences' standard errors.",
        good_for="any models of the same data, nested or not. AICc foretells best with few points; BIC finds the true "
        "model among candidates when points are many.",
        prefer_instead="`likelihood_ratio` when one model is a special case of the other; `cross_validation` when "
        "parameters are counted badly by their number: priors, penalties, flat directions.",
        needs=frozenset({Ability.LIKELIHOOD}),
        honours=frozenset({"bounds", "constraints"}),
        cost="nothing beyond the fits.",
        sources=(
            Source(
                "H. Akaike",
                1974,
                "A new look at the statistical model identification",
                "doi:10.1109/TAC.1974.1100705",
            ),
            Source(
                "C. M. Hurvich and C.-L. Tsai",
                1989,
                "Regression and time series model selection in small samples",
                "doi:10.1093/biomet/76.2.297",
            ),
            Source("G. Schwarz", 1978, "Estimating the dimension of a model", "doi:10.1214/aos/1176344136"),
        ),
    )

    def weights(self, values: Float[np.ndarray, " m"]) -> Float[np.ndarray, " m"]:
        """exp(-difference / 2), made to sum to one; NaN has none.

        Arguments:
            values: (m,) the criterion of each model.
        """
        known = np.isfinite(values)
        raw = np.where(known, np.exp(-0.5 * (values - values[known].min(initial=np.inf))), 0.0)
        return raw / raw.sum() if known.any() else np.full(values.size, np.nan)


METHOD = InformationCriterion
