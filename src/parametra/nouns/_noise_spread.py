"""The engine that noises with one width for each point share: where the widths come from, given or estimated."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import Any, ClassVar, cast

import numpy as np

from parametra.maths.arrays import Float
from parametra.nouns._noise_contract import Noise, Scatter, data_sets_with, parameter_name
from parametra.nouns.data import Data
from parametra.nouns.errors import NoiseError
from parametra.nouns.parameter import Log, Parameter


class Spread(Noise):
    """A noise with one width for each point: width = [sigma] [estimated scale] [|prediction|]."""

    sigma: Any
    scale: str
    guess: Any
    column: str
    common: bool = False
    """Whether all outputs whose noise says so have one estimated width."""
    _sharing: tuple[str, ...] = ()
    """Those outputs, this one among them; empty until a problem has seen the noises of all its outputs."""
    width_word: ClassVar[str]

    def validate(self) -> None:
        object.__setattr__(self, "sigma", checked_sigma(self.sigma))
        if self.scale not in ("known", "estimated"):
            raise NoiseError(f'scale is "known" or "estimated"; came "{self.scale}".')
        if self.scale == "estimated" and self.sigma == "estimated":
            raise NoiseError(
                'sigma="estimated" and scale="estimated" cannot be told apart by any data; keep one of them.'
            )
        if self.common and self.scale == "known" and isinstance(self.sigma, (float, tuple)):
            raise NoiseError(
                "common=True is one estimated width for several outputs, and this one is stated: "
                f'sigma={self.sigma!r}. Leave one of them out, or say scale="estimated".'
            )
        if self.guess is not None and positive(self.guess) is None:
            raise NoiseError(f"the guess of an estimated width is a number above zero; came {self.guess!r}.")

    def shared_by(self, output: str) -> tuple[str, ...]:
        """The outputs whose width is that of this one, which is among them."""
        return self._sharing if self.common and self._sharing else (output,)

    @property
    def multiplies_prediction(self) -> bool:
        return False

    @property
    def estimated_role(self) -> str | None:
        """The noise parameter that multiplies the widths, None when they are known."""
        if self.scale == "estimated":
            return "scale"
        return "sigma" if self.sigma == "estimated" else None

    def settle(self, data_sets: Sequence[Data], output: str) -> Noise:
        having = data_sets_with(data_sets, output)
        given = [data for data in having if output in data.sigma]
        wants_column = self.sigma == "column" or (self.sigma is None and self.scale == "estimated")
        sigma = self.sigma
        if wants_column or (sigma is None and given):
            sigma = "column"
            without = next((data.name for data in having if output not in data.sigma), None)
            if without is not None:
                raise NoiseError(
                    f'the noise of "{output}" needs standard deviations and the data set "{without}" gives none. '
                    f'Choose: Data(..., sigma="column"), a number Normal(sigma=0.1), or Normal(sigma="estimated").'
                )
        elif sigma is None:
            sigma = "estimated"
        elif given:
            raise NoiseError(
                f'the data set "{given[0].name}" gives sigma for "{output}" and the noise states sigma as well; keep '
                f'one. For weights known up to a common factor: {type(self).__name__}(scale="estimated").'
            )
        if isinstance(sigma, tuple):
            for data in having:
                if data.rows != len(sigma):
                    raise NoiseError(
                        f'sigma of the noise of "{output}" has {len(sigma)} values and the data set "{data.name}" has '
                        f"{data.rows} rows; give one value for each row, or one number."
                    )
        column = having[0].sigma_columns.get(output, "") if sigma == "column" else ""
        guess = self.guess if self.guess is not None else self._default_guess(having, output)
        return dataclasses.replace(cast("Any", self), sigma=sigma, guess=guess, column=column)

    def _default_guess(self, data_sets: Sequence[Data], output: str) -> float:
        if self.scale == "estimated":
            return 1.0
        if self.multiplies_prediction:
            return 0.1
        observed = np.concatenate([data.observations(output)[0] for data in data_sets])
        return self.typical_scatter(observed)

    def typical_scatter(self, observed: np.ndarray) -> float:
        """The scatter around a constant: too wide rather than too narrow, from where every search finds down."""
        return float(np.std(observed)) or float(np.mean(np.abs(observed))) or 1.0

    def standard_errors(self, data: Data, output: str) -> Float[np.ndarray, " n"] | None:
        if self.sigma == "column":
            return data.observations(output)[1]
        if self.sigma is None or self.sigma == "estimated":
            return None
        index = data.observed[output]
        everywhere = np.broadcast_to(np.asarray(self.sigma, dtype=np.float64), (data.rows,))
        return np.array(everywhere if index is None else everywhere[index])

    def parameters(self, output: str, alone: bool) -> dict[str, Parameter]:
        role = self.estimated_role
        if role is None:
            return {}
        what = "the given standard deviations are multiplied by it" if role == "scale" else self.width_word
        whose = ", ".join(self.shared_by(output))
        guess = 1.0 if self.guess is None else float(self.guess)
        return {self._named(role, output, alone): Log(guess=guess, description=f"noise of {whose}: {what}")}

    def _named(self, role: str, output: str, alone: bool) -> str:
        """What the estimated width is called: without the output's name where it is that of all of them."""
        return parameter_name(role, output, alone or self.common)

    def estimated_width(self, scatter: Scatter, role: str) -> Any:
        """The noise parameter that multiplies the widths, shaped to go with (*batch, n)."""
        value = scatter.values[self._named(role, scatter.output, scatter.alone)]
        return scatter.xp.asarray(value)[..., None]

    def _given(self, scatter: Scatter) -> Any:
        """The widths that are given, 1 where there are none but an estimated one."""
        if scatter.sigma is not None:
            return scatter.sigma
        if self.sigma == "estimated":
            return 1.0
        if isinstance(self.sigma, float):
            return self.sigma
        raise NoiseError(
            f'the standard deviations of "{scatter.output}" are known at the data only; give sigma for these points.'
        )

    def width(self, scatter: Scatter) -> Any:
        role = self.estimated_role
        width = self._given(scatter)
        width = width if role is None else width * self.estimated_width(scatter, role)
        if self.multiplies_prediction:
            # abs() would end a complex-step derivative.
            width = width * scatter.xp.where(scatter.xp.real(scatter.predicted) < 0, -1.0, 1.0) * scatter.predicted
        return width

    @property
    def offers_residuals(self) -> bool:
        return not self.multiplies_prediction

    def residuals(self, scatter: Scatter) -> Any | None:
        if not self.offers_residuals:
            return None
        return (scatter.predicted - scatter.observed) / self._given(scatter)

    def standard_deviation(self, scatter: Scatter) -> Any | None:
        return self.width(scatter)

    @property
    def sigma_kind(self) -> str:
        if self.sigma is None:
            return "unsettled"
        return self.sigma if isinstance(self.sigma, str) else "given"

    def describewidth(self) -> str:
        word = self.width_word
        if self.multiplies_prediction:
            word = f"{word} in proportion to the prediction"
        if self.sigma is None:
            text = f"{word} from the data, or else estimated"
        elif self.sigma == "column":
            text = f"{word}s from the column {self.column}" if self.column else f"{word}s given with the data"
        elif self.sigma == "estimated":
            text = f"one estimated {word}"
        else:
            text = f"{word}s given by the noise" if isinstance(self.sigma, tuple) else f"{word} {self.sigma:g}"
        text = f"{text}, times one estimated scale" if self.scale == "estimated" else text
        if not self.common or self.estimated_role is None or len(self._sharing) == 1:
            return text
        return f"{text}, common to {', '.join(self._sharing) or 'all outputs that say so'}"


def positive(value: Any) -> float | None:
    """A finite number above zero, None for anything else."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if 0 < number < math.inf and not isinstance(value, (str, bool, np.bool_)) else None


def checked_sigma(sigma: Any) -> float | tuple[float, ...] | str | None:
    """As it is kept: hashable and comparable, also when it was an array."""
    if sigma is None or (isinstance(sigma, str) and sigma in ("column", "estimated")):
        return sigma
    if isinstance(sigma, str):
        raise NoiseError(
            f'sigma of a noise is a number, values, "column" or "estimated"; came "{sigma}". A column is named in the '
            f'data: Data(..., sigma="{sigma}").'
        )
    if np.ndim(sigma) == 0:
        number = positive(sigma)
        if number is None:
            raise NoiseError(f"sigma of a noise must be a number above zero; came {sigma!r}.")
        return number
    values = np.asarray(sigma)
    if values.ndim != 1 or values.dtype.kind not in "biuf" or len(values) == 0:
        raise NoiseError(
            f"sigma of a noise must be one number for each row; came {values.dtype} of shape {values.shape}."
        )
    wrong = ~((values > 0) & np.isfinite(values))
    if wrong.any():
        row = int(np.argmax(wrong))
        raise NoiseError(f"sigma of a noise must be above zero; it is {values[row]} in row {row + 1}.")
    return tuple(float(value) for value in values)
