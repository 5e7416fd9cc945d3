"""What a ready-made model is made of: its options, its form for data, and the answers it must come to."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from parametra.maths.distributions import LogNormal
from parametra.nouns.card import Source
from parametra.nouns.data import Data
from parametra.nouns.folding import Folding
from parametra.nouns.interchange import Interchange
from parametra.nouns.parameter import Parameter


@dataclass(frozen=True)
class Option:
    """A choice that shapes a ready-made model, such as a degree or a profile.

    Arguments:
        default: what holds when nothing is said.
        about: what it chooses, in a sentence without its end.
        choices: what may be given; empty for anything of the default's kind, which the form checks.
        words: what may be given beside numbers, such as "estimated".
    """

    default: Any
    about: str
    choices: tuple[Any, ...] = ()
    words: tuple[str, ...] = ()


@dataclass(frozen=True)
class Form:
    """What a ready-made model is for one choice of its options, and for the data it meets.

    Arguments:
        model: a formula, a mapping of output to formula, or a function.
        parameters: name to parameter, with unit, bounds, guess and description. A unit may name inputs and outputs in
            braces, "{rate}/{substrate}", and takes the data's units for them, or none where the data state none.
        inputs, outputs: name to unit; "1" for a pure number. The data's own units replace these.
        noise: how such data scatter; None is `Normal()`.
        priors: name to the prior that a practitioner would accept, or to a function that makes it of the guess, such
            as `around_guess(1.0)` where the scale is that of the data. They count only when asked for.
        derived: quantities that follow from the parameters, as for `Problem`.
        constraints: conditions on the parameters, as for `Problem`.
        interchangeable: groups of parameters that may change places, such as the peaks of a spectrum; None for none.
        folding: along which input it repeats; None where it does not.
    """

    model: Any
    parameters: Mapping[str, Parameter]
    inputs: Mapping[str, str]
    outputs: Mapping[str, str]
    noise: Any = None
    priors: Mapping[str, Any] = field(default_factory=dict[str, Any])
    derived: Mapping[str, object] = field(default_factory=dict[str, object])
    constraints: Any = None
    interchangeable: Interchange | None = None
    folding: Folding | None = None

    def in_units(self, units: Mapping[str, str]) -> Form:
        """The same with these units of inputs and outputs, and parameters in what follows from them."""
        return dataclasses.replace(
            self,
            parameters={name: _with_unit(parameter, units) for name, parameter in self.parameters.items()},
            inputs={name: units[name] for name in self.inputs},
            outputs={name: units[name] for name in self.outputs},
        )


@dataclass(frozen=True)
class Known:
    """An answer that the model must come to.

    Arguments:
        data: makes the data, one set or several.
        estimate: the label of a parameter, or of a derived quantity, to its value: as printed, in quotes ("0.06412"),
            to be met to half a unit of the last digit; or a number, the truth that the data were simulated from, to be
            met within four standard errors of the fit.
        source: where the data and the answer stand.
        about: one line on the data, for the gallery.
        standard_error: label to standard error, as printed.
        second_start: name to value: a start away from the guess, from which the answer must be met too.
        options: the options of the model.
        noise: in place of the model's own.
        parameters: in place of the model's own.
        settings: further arguments of `fit`, such as {"starts": 20}; one start when left out.
        external: the folder of data that it needs and that is not shipped, "" for none.
    """

    data: Callable[[], Data | Sequence[Data]]
    estimate: Mapping[str, str | float]
    source: Source
    about: str
    standard_error: Mapping[str, str] = field(default_factory=dict[str, str])
    second_start: Mapping[str, Any] = field(default_factory=dict[str, Any])
    options: Mapping[str, Any] = field(default_factory=dict[str, Any])
    noise: Any = None
    parameters: Mapping[str, object] = field(default_factory=dict[str, object])
    settings: Mapping[str, Any] = field(default_factory=dict[str, Any])
    external: str = ""


def around_guess(sigma: float) -> Callable[[float], LogNormal]:
    """A prior whose median is the guess read off the data: for a positive parameter on the scale of the data.

    Arguments:
        sigma: standard deviation of its logarithm; 1 is "known to a factor of about 3".
    """
    return lambda guess: LogNormal(math.log(guess), sigma)


def _with_unit(parameter: Parameter, units: Mapping[str, str]) -> Parameter:
    """The parameter with the data's units for the names in braces; without a unit where the data state none."""
    unit = getattr(parameter, "unit", "")
    if "{" not in unit:
        return parameter
    names = [name for name in units if f"{{{name}}}" in unit]
    alone = unit == f"{{{names[0]}}}" if names else False
    text = unit.format(**{k: f"({v})" if _composed(v) and not alone else v for k, v in units.items()})
    return dataclasses.replace(cast("Any", parameter), unit=text if all(units[name] for name in names) else "")


def _composed(unit: str) -> bool:
    return any(sign in unit for sign in " */")
