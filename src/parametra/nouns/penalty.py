"""A penalty that a problem states: it chooses among many terms by setting most of them to zero."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np

from parametra.maths.arrays import Bool, Float
from parametra.maths.penalties import LEAST_SHAPE, SHAPES, CoordinatePenalty
from parametra.nouns.errors import ParameterError, did_you_mean
from parametra.nouns.parameter import Fixed, Parameter, Real
from parametra.nouns.space import Space
from parametra.nouns.statement import is_number, listed, shown

CHOICES = ("bic", "aic", "extended_bic", "cross_validation")
"""How a strength can be chosen by the data."""


@dataclass(frozen=True)
class Penalty:
    """cost / n + sum_j p(|b_j|): what is minimised, with n observed values and a penalty p with a corner at zero.

        lasso   p = strength |b|                          every term is shrunk by as much
        scad    the same near zero, level beyond a * strength: large terms are not shrunk
        mcp     bends from the start, level beyond gamma * strength

    Where the noise is normal with sigma 1, or with one sigma that is estimated, cost is 1/2 RSS, and lasso is exactly
    scikit-learn's: 1 / (2 n) |y - X b|^2 + alpha |b|_1. With known sigmas the residuals are divided by them first, and
    any other noise gives minus its log-likelihood. Nothing is standardised behind your back.

    Good for: models with many terms of which few are wanted, also with more terms than observations. No standard
    errors come out of it: choosing and measuring with the same data makes them too small.

    Arguments:
        kind: "lasso", "scad" or "mcp".
        strength: a number of 0 or more; or how the data are to choose it along a path of `path` strengths: "bic",
            "aic", "extended_bic" (for more terms than data, doi:10.1093/biomet/asn034) or "cross_validation".
        parameters: names of those that are penalised; an array by its name, every element of it. Left out: all free
            `Real` without a prior whose bounds have zero inside them, except the `unpenalised`.
        unpenalised: names that are left out of "all": an intercept, as a rule.
        shape: a of scad, above 2 (3.7 when left out); gamma of mcp, above 1 (3 when left out).
        scale: "none", or "columns": a term is measured by the length of its column of the Jacobian where no term is in
            the model, divided by sqrt(n), after the unpenalised columns are projected out of it. With an intercept
            that is the standard deviation of the column, and strengths are the usual ones for standardised terms.
        folds: parts of the data for "cross_validation".
        path: strengths on the path, from the smallest that drops every term to 1/100 of it (1/1000 where there are
            more data than terms).

    Raises:
        ParameterError: what cannot be, in one sentence with what to do.
    """

    kind: str
    strength: Any = "bic"
    parameters: Any = field(default=(), kw_only=True)
    unpenalised: Any = field(default=(), kw_only=True)
    shape: Any = field(default=None, kw_only=True)
    scale: str = field(default="none", kw_only=True)
    folds: Any = field(default=10, kw_only=True)
    path: Any = field(default=100, kw_only=True)

    def __post_init__(self) -> None:
        if self.kind not in SHAPES:
            raise ParameterError(f"there is no penalty {shown(self.kind)}; {did_you_mean(str(self.kind), SHAPES)}")
        for name in ("parameters", "unpenalised"):
            object.__setattr__(self, name, _names(getattr(self, name), name))
        if self.parameters and self.unpenalised:
            raise ParameterError(
                "a penalty takes parameters=... (those that it is on) or unpenalised=... (those that it is not on), "
                "not both."
            )
        self._check_strength()
        object.__setattr__(self, "shape", self._settled_shape())
        if self.scale not in ("none", "columns"):
            raise ParameterError(
                f'scale={shown(self.scale)}: a penalty measures terms as they are ("none"), or by the lengths of their '
                'columns ("columns").'
            )
        for name, least in (("folds", 2), ("path", 2)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
                raise ParameterError(f"{name}={shown(value)}: a whole number, {least} or more, is wanted.")

    def _check_strength(self) -> None:
        strength = self.strength
        if isinstance(strength, str):
            if strength not in CHOICES:
                raise ParameterError(
                    f"a penalty's strength is a number, or the way to choose it; {shown(strength)} came: "
                    + did_you_mean(strength, CHOICES)
                )
        elif not is_number(strength) or not 0 <= strength < math.inf:
            raise ParameterError(f"strength={shown(strength)}: a penalty's strength is a number of 0 or more.")

    def _settled_shape(self) -> float | None:
        least = LEAST_SHAPE.get(self.kind)
        if least is None:
            if self.shape is not None:
                raise ParameterError(f"the lasso has no shape; {shown(self.shape)} came. Leave it out.")
            return None
        shape = SHAPES[self.kind] if self.shape is None else self.shape
        if not is_number(shape) or not least < shape < math.inf:
            raise ParameterError(f"shape={shown(shape)}: the shape of {self.kind} is a number above {least:g}.")
        return float(shape)

    @staticmethod
    def of(thing: object, space: Space | None = None) -> Penalty | None:
        """The penalty that `thing` states: a `Penalty`, its kind, or the [penalty] table of a file; None for none.

        Arguments:
            thing: what was stated.
            space: the parameters as they were stated; when they are given, the names are looked up among them and
                kept, so that parameters of the noise are never taken for terms.

        Raises:
            ParameterError: what cannot be.
        """
        if thing is None:
            return None
        penalty = _read(thing)
        if space is None:
            return penalty
        return replace(penalty, parameters=penalty.on_which(space), unpenalised=())

    @property
    def chosen_by(self) -> str:
        """How the data choose the strength; "" where it was stated."""
        return self.strength if isinstance(self.strength, str) else ""

    def on_which(self, space: Space) -> tuple[str, ...]:
        """The names of the penalised parameters.

        Raises:
            ParameterError: a name that is not there, or a parameter that cannot be zero; nothing to penalise.
        """
        for name in (*self.parameters, *self.unpenalised):
            if name not in space:
                raise ParameterError(
                    f"the penalty names {shown(name)}, which is no parameter; {did_you_mean(name, space.names)}"
                )
        if self.parameters:
            named = [name for name in self.parameters if not isinstance(space[name], Fixed)]
            for name in named:
                reason = _never_zero(space[name])
                if reason:
                    raise ParameterError(f'"{name}" cannot be penalised: {reason}')
        else:
            named = [
                name
                for name in space.free
                if name not in self.unpenalised and space[name].prior is None and not _never_zero(space[name])
            ]
        if not named:
            raise ParameterError(
                f"the {self.kind} penalty has nothing to act on: there is no free Real without a prior and with zero "
                "inside its bounds. Name parameters=..., or leave the penalty out."
            )
        return tuple(named)

    def which(self, space: Space) -> Bool[np.ndarray, " d"]:
        """The penalised coordinates of a space."""
        on = np.zeros(space.dimension, dtype=bool)
        for name in self.on_which(space):
            on[space.slices[name]] = True
        return on

    def on(
        self, space: Space, size: int, strength: float | None = None, scales: Float[np.ndarray, " d"] | None = None
    ) -> CoordinatePenalty:
        """The penalty of each coordinate of `space`, in units of the cost of `size` observations.

        Arguments:
            space: whose box coordinates.
            size: the number of observations, n.
            strength: a strength that was chosen; None for the one that was stated.
            scales: (d,) measures of the coordinates, for scale="columns".

        Raises:
            ParameterError: neither.
        """
        if strength is None and self.chosen_by:
            raise ParameterError(
                f"the strength of the {self.kind} penalty is to be chosen by {self.chosen_by}, which only fit does. "
                "State a number."
            )
        value = float(self.strength) if strength is None else strength
        strengths = np.where(self.which(space), value, 0.0)
        return CoordinatePenalty(
            self.kind, strengths, self.shape or 0.0, float(size), np.empty(0) if scales is None else scales
        )

    def describe(self) -> str:
        """The penalty in a few words."""
        if self.kind == "scad":
            return f"a SCAD penalty (a = {self.shape:g})"
        return f"an MCP penalty (gamma = {self.shape:g})" if self.kind == "mcp" else "a lasso penalty"


def _read(thing: object) -> Penalty:
    if isinstance(thing, Penalty):
        return thing
    if isinstance(thing, str):
        return Penalty(thing)
    if not isinstance(thing, Mapping):
        raise ParameterError(
            f'a penalty is stated as Penalty("lasso", 0.1), or as a table with a kind; {shown(thing)} came.'
        )
    stated: dict[str, Any] = {str(key): value for key, value in thing.items()}
    known = [each.name for each in fields(Penalty)]
    for key in stated:
        if key not in known:
            raise ParameterError(f'a penalty has no key "{key}"; {did_you_mean(key, known)}')
    if "kind" not in stated:
        raise ParameterError(f"a penalty has no kind. Write kind = one of {listed(SHAPES)}.")
    return Penalty(**stated)


def _names(thing: object, field_name: str) -> tuple[str, ...]:
    if isinstance(thing, str):
        thing = (thing,)
    if not isinstance(thing, (tuple, list)) or not all(isinstance(name, str) for name in thing):
        raise ParameterError(f'{field_name} of a penalty are names of parameters, such as ["b1"]; {shown(thing)} came.')
    return tuple(thing)


def _never_zero(parameter: Parameter) -> str:
    """Why a parameter cannot be set to zero; "" when it can."""
    kind = type(parameter).__name__
    if not isinstance(parameter, Real):
        return f"a {kind} parameter is never zero. Make it Real(...), with bounds that have zero inside them."
    if (parameter.box_lower > 0).any() or (parameter.box_upper < 0).any():
        return "its bounds leave out zero, where dropped terms are. Widen them."
    return ""
