"""A problem: a model, its unknown parameters, the data, and how they scatter. Every verb asks this one noun."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import cached_property
from typing import Any

import numpy as np

from parametra.maths.arrays import Int
from parametra.maths.distributions import Normal as NormalPrior
from parametra.maths.losses import Loss
from parametra.nouns._adversary import adversary_of
from parametra.nouns._input_errors import input_variance, with_input_errors
from parametra.nouns._noise_common import with_common_widths
from parametra.nouns._noise_contract import Edge
from parametra.nouns.bindings import Binding, bind
from parametra.nouns.card import Ability
from parametra.nouns.constraint import (
    Constraint,
    constraints_of,
    equalities,
    independent_equations,
    limits_of,
    refuse_beside,
)
from parametra.nouns.data import Data, as_data_sets
from parametra.nouns.derived import Derived
from parametra.nouns.errors import DataError, ModelError, NoiseError, ParametraError, did_you_mean
from parametra.nouns.folding import Folding
from parametra.nouns.interchange import Interchange
from parametra.nouns.limits import Limits
from parametra.nouns.model import ONLY, Model
from parametra.nouns.noise import Noise, Scatter, noise_by_output
from parametra.nouns.penalty import Penalty
from parametra.nouns.search_space import SearchSpace
from parametra.nouns.space import Space

Arrays = tuple[Mapping[str, Mapping[str, Any]], ...]
"""Per data set: "inputs", "observed", "sigma", "index", each a dict of arrays; "columns", for each output those that
its noise reads; "input_errors" where there are some. An argument of every kernel."""

MEND_IT = "Mend it."
"""How a reason ends that is a bug of a person's function, wherever one guesses."""


class Problem:
    """What a person wants to know, stated once: model, data, parameters, noise.

    With predictions f(theta, x) and observations y the log-likelihood is sum_i log p(y_i | f_i, noise). Where the
    noise is normal the problem also offers residuals r_i = (f_i - y_i) / sigma_i, with log-likelihood
    -1/2 sum r_i^2 + const. A prior that was stated explicitly adds its log density; a bound is only a bound.

    Arguments:
        model: a formula, a mapping of output to formula, a function, or a `Model`.
        data: a `Data`, or several (a sequence, or a mapping of name to `Data`) that share parameters by name.
        parameters: name to `Real`, `Positive`, `Log`, ... or a number (a guess) or a pair (bounds).
        noise: a `Noise` for all outputs, or a mapping of output to `Noise`. None: `Normal()`, which takes the sigma
            column of the data where there is one and estimates one sigma otherwise.
        derived: quantities computed from the parameters, name to formula or function, reported with their errors.
        constraints: conditions that the parameters must meet, see `Constraint`.
        penalty: what chooses among many terms, see `Penalty`.
        adversary: parameters that are chosen against the fit: the others minimise the worst cost over these.
        interchangeable: groups of parameters that may change places without changing the model, such as the peaks of
            a spectrum: [["center_1", "height_1"], ["center_2", "height_2"]]. A fit puts them in the order of the first
            of each group, and takes what differs only in that order for one solution.
        folding: along which input the model repeats, for pictures; see `Folding`.
        doubts: from (fit, problem) to sentences on what the field doubts of a fit, each with what to do.
        sources: the publications of the model, each as it is cited.
        title: one line for reports.
        description: a few lines for reports.

    Raises:
        ParametraError: what is stated wrongly, in one sentence with what to do.
    """

    def __init__(
        self,
        model: object,
        data: object,
        parameters: Mapping[str, object],
        *,
        noise: object = None,
        derived: Mapping[str, object] | None = None,
        constraints: object = None,
        penalty: object = None,
        adversary: object = (),
        interchangeable: object = None,
        folding: Folding | None = None,
        doubts: Callable[..., Sequence[str]] | None = None,
        sources: Sequence[str] = (),
        title: str = "",
        description: str = "",
    ) -> None:
        self.model = Model.of(model)
        self.data_sets: tuple[Data, ...] = as_data_sets(data)
        self.outputs = tuple(dict.fromkeys(output for d in self.data_sets for output in d.outputs))
        self.stated_space = Space(parameters)
        self.noise = self._noises(noise)
        self.space = self.stated_space.with_parameters(self._noise_parameters())
        # a model of two dicts gets what is stated: the noise's own parameters are none of its business
        seen = self.stated_space if self.model.takes_dicts else self.space
        self.bindings: tuple[Binding, ...] = tuple(bind(self.model, d, seen) for d in self.data_sets)
        units = {name: getattr(self.space[name], "unit", "") for name in self.space.names}
        told = {name: Derived.of(name, thing, self.space.names) for name, thing in (derived or {}).items()}
        self.derived = tuple(each.in_units(units) for each in told.values())
        self.constraints: tuple[Constraint, ...] = constraints_of(constraints, self.space, self.profiled)
        self.penalty = Penalty.of(penalty, self.stated_space)
        self.adversary = adversary_of(adversary, self.fit_space)
        self.interchangeable = Interchange.of(interchangeable, self.stated_space.names)
        refuse_beside(self.constraints, penalty=self.penalty is not None, adversary=bool(self.adversary))
        self.folding = folding
        self.doubts = doubts
        self.sources = tuple(sources)
        self.title = title or self.model.name
        self.description = description
        self._check_use()
        self._check_infinite()
        self._check_inputs()
        self._check_size()

    @property
    def size(self) -> int:
        """The number of observed values."""
        return sum(d.size for d in self.data_sets)

    @cached_property
    def repeats(self) -> Int[np.ndarray, " size"] | None:
        """How many observations each observed value stands for, in the order of `compared`; None for one each."""
        stretches = [(self.noise[output], data, output) for data in self.data_sets for output in data.outputs]
        told = [noise.repeats(data, output) for noise, data, output in stretches]
        if all(one is None for one in told):
            return None
        rows = [data.observations(output)[0].size for _, data, output in stretches]
        parts = [np.ones(n) if one is None else one for one, n in zip(told, rows, strict=True)]
        return np.concatenate(parts).astype(np.int64)

    @property
    def observations(self) -> int:
        """The number of observations: of values, or of what they count."""
        return self.size if self.repeats is None else int(self.repeats.sum())

    @cached_property
    def profiled(self) -> str | None:
        """The one noise parameter that least squares gives in closed form: a scale common to all residuals."""
        names = self._noise_parameters()  # several outputs may have one in common
        all_scaled = all(noise.profiles_scale for noise in self.noise.values())
        return next(iter(names)) if all_scaled and len(names) == 1 and not self.space.explicit_priors else None

    @cached_property
    def edges(self) -> dict[str, tuple[Edge, ...]]:
        """The bounds of the noise's own parameters at which it is a simpler one, by name."""
        alone = len(self.outputs) == 1
        return {name: each for o in self.outputs for name, each in self.noise[o].edges(o, alone=alone).items()}

    @cached_property
    def fit_space(self) -> Space:
        """The space that fits move in: without the scale that is profiled out."""
        return self.space if self.profiled is None else self.space.without(self.profiled)

    @cached_property
    def degrees_of_freedom(self) -> int:
        """Observed values less what is estimated: parameters of the fit, which equations among them make fewer."""
        return self.size - self.fit_space.dimension + independent_equations(self.constraints, self.fit_space)

    @cached_property
    def limits(self) -> Limits | None:
        """The constraints as functions of the coordinates of the fit; None without any."""
        return limits_of(self.constraints, self.fit_space)

    def search_space(self, seed: int = 0) -> SearchSpace:
        """What methods are told of where they search."""
        space = self.fit_space
        against = np.zeros(space.dimension, dtype=bool)
        for name in self.adversary:
            against[space.slices[name]] = True
        return SearchSpace(
            lower=np.asarray(space.lower),
            upper=np.asarray(space.upper),
            seed=seed,
            limits=self.limits,
            penalty=None if self.penalty is None else self.penalty.on(space, self.size),
            adversary=against if self.adversary else None,
            linear=self.__dict__.get("_linear"),
            exponential=self.__dict__.get("_exponential"),
            labels=tuple(space.labels),
            residuals=Ability.RESIDUALS in self.offers,
            sizes=space.sizes,
            shifted=space.shifted,
            residual_size=self.residual_size,
            observed=self.size,
        )

    @cached_property
    def residual_size(self) -> float:
        """How large residuals are: 1 in stated standard deviations, or a factor of them; else those of the median."""
        if self.profiled is None or any(getattr(noise, "scale", "") == "estimated" for noise in self.noise.values()):
            return 1.0
        squares: list[np.ndarray] = []
        with np.errstate(all="ignore"):
            for i, arrays in enumerate(self.arrays):
                for output, observed in arrays["observed"].items():
                    constant = np.full(observed.shape, np.median(observed) if observed.size else 1.0)
                    if "input_errors" in arrays:  # which ask the model
                        squares.append(np.square(observed - constant))
                        continue
                    scatter = self.scatter(i, output, constant, self.space.guess_named, self.arrays, np)
                    squares.append(np.square(np.asarray(self.noise[output].residuals(scatter))))
            found = float(np.sqrt(np.mean(np.concatenate(squares))))
        return found if np.isfinite(found) and found > 0 else 1.0

    @cached_property
    def prior_rows(self) -> tuple[tuple[str, float, float], ...]:
        """Normal priors on plainly scaled scalars: each is one more residual (value - mean) / sd."""
        rows: list[tuple[str, float, float]] = []
        for name in self.stated_space.explicit_priors:
            prior = self.stated_space[name].prior
            if isinstance(prior, NormalPrior) and np.shape(self.stated_space.guess_named[name]) == ():
                rows.append((name, float(prior.mean), float(prior.sd)))
        return tuple(rows)

    @cached_property
    def offers(self) -> frozenset[Ability]:
        """What a method may ask this problem for."""
        has = {Ability.LIKELIHOOD, Ability.GRADIENT}
        if not self.space.discrete:
            has.add(Ability.CONTINUOUS)
        if self.fit_space.dimension == 1:
            has.add(Ability.ONE_PARAMETER)
        if np.isfinite(self.fit_space.lower).all() and np.isfinite(self.fit_space.upper).all():
            has.add(Ability.BOUNDED)
        stated = {
            Ability.CONSTRAINTS: self.constraints,
            Ability.PENALTY: self.penalty,
            Ability.ADVERSARY: self.adversary,
        }
        has |= {ability for ability, given in stated.items() if given}
        free_noise = set(self._noise_parameters()) - {self.profiled}
        whitened = all(n.offers_residuals for n in self.noise.values())
        if whitened and not free_noise and len(self.prior_rows) == len(self.space.explicit_priors):
            has.add(Ability.RESIDUALS)
        scored = all(n.offers_scores for n in self.noise.values()) and self.profiled is None
        if scored and len(self.prior_rows) == len(self.space.explicit_priors):
            has.add(Ability.SCORES)
        return frozenset(has)

    @cached_property
    def arrays(self) -> Arrays:
        """The numbers of the data, apart from the statement: other data of the same shape need no new kernel."""
        return tuple(
            {
                "inputs": {**d.inputs, **{k: np.float64(v) for k, v in d.constants.items()}},
                "observed": {k: d.observations(k)[0] for k in d.outputs},
                "sigma": {k: s for k in d.outputs if (s := self.noise[k].standard_errors(d, k)) is not None},
                "index": {k: i for k, i in d.observed.items() if i is not None},
                "columns": {k: c for k in d.outputs if (c := self.noise[k].columns_of(d, k))},
                **({"input_errors": d.input_errors} if d.input_errors else {}),
            }
            for d in self.data_sets
        )

    @cached_property
    def signature(self) -> tuple[Any, ...]:
        """Everything that a compiled kernel depends on, without the numbers of the data."""
        noises = tuple((k, n.signature) for k, n in sorted(self.noise.items()))
        sets = tuple((d.signature, b.signature) for d, b in zip(self.data_sets, self.bindings, strict=True))
        return (self.model.signature, self.space.signature, noises, sets)

    def predictions(self, named: Mapping[str, Any], arrays: Arrays, xp: Any = np) -> list[dict[str, Any]]:
        """Per data set, the predicted array of each output, as the model gives it."""
        result: list[dict[str, Any]] = []
        for binding, a in zip(self.bindings, arrays, strict=True):
            raw = self.model.predict(binding.parameters_of(named), a["inputs"], xp)
            result.append({binding.output if k == ONLY else k: v for k, v in raw.items()})
        return result

    def looked_at(self) -> list[dict[str, Any]]:
        """The predictions at the guess, computed once: what a first look at the model tells.

        Raises:
            ModelError: the model raises there, returns what cannot be compared with the data, or gives NaN.
            NoiseError: the noise raises there.
        """
        if "_guess_predictions" not in self.__dict__:
            self.__dict__["_guess_predictions"] = first_look(self)
        return self.__dict__["_guess_predictions"]

    def compared(self, named: Mapping[str, Any], arrays: Arrays, xp: Any = np) -> list[tuple[int, str, Any]]:
        """(data set, output, predicted values where there is an observation), in the order of the residuals."""
        return self.picked(self.predictions(named, arrays, xp), arrays, xp)

    def picked(self, predictions: list[dict[str, Any]], arrays: Arrays, xp: Any = np) -> list[tuple[int, str, Any]]:
        """Of whole predictions, what there is an observation for, in the order of `compared`."""
        rows: list[tuple[int, str, Any]] = []
        for i, (predicted, a) in enumerate(zip(predictions, arrays, strict=True)):
            rows_here = self.data_sets[i].rows
            for output in a["observed"]:
                if output not in predicted:
                    raise ModelError(
                        f'the data hold the output "{output}", which {self.model.name} does not give; '
                        + did_you_mean(output, predicted)
                    )
                value, index = predicted[output], a["index"].get(output)
                value = self._shaped(value, rows_here, output, xp)
                rows.append((i, output, value if index is None else value[..., index]))
        return rows

    def scatter(
        self, i: int, output: str, predicted: Any, named: Mapping[str, Any], arrays: Arrays, xp: Any
    ) -> Scatter:
        """What the noise of an output is asked about, for one data set."""
        a = arrays[i]
        return Scatter(
            output=output,
            alone=len(self.outputs) == 1,
            predicted=predicted,
            observed=a["observed"][output],
            sigma=a["sigma"].get(output),
            values=named,
            xp=xp,
            columns=a["columns"].get(output, {}),
            input_variance=self._input_variance(i, output, named, a, xp) if "input_errors" in a else None,
        )

    def _input_variance(self, i: int, output: str, named: Mapping[str, Any], a: Mapping[str, Any], xp: Any) -> Any:
        parameters = self.bindings[i].parameters_of(named)
        whole = input_variance(self.model, parameters, a["inputs"], a["input_errors"], output, xp)
        whole = self._shaped(whole, self.data_sets[i].rows, output, xp)
        index = a["index"].get(output)
        return whole if index is None else whole[..., index]

    def residuals(self, named: Mapping[str, Any], arrays: Arrays, xp: Any = np) -> Any:
        """Whitened residuals (..., m): data points first, in the order of `compared`, then one row a stated prior."""
        parts: list[Any] = [
            self.noise[o].residuals(self.scatter(i, o, f, named, arrays, xp))
            for i, o, f in self.compared(named, arrays, xp)
        ]
        batch = np.shape(parts[0])[:-1]
        for name, mean, sd in self.prior_rows:
            parts.append(xp.broadcast_to((xp.asarray(named[name]) - mean) / sd, (*batch, 1)))
        return parts[0] if len(parts) == 1 else xp.concatenate(parts, axis=-1)

    def working(self, named: Mapping[str, Any], arrays: Arrays, xp: Any = np) -> list[tuple[Any, Any, Any]]:
        """What Fisher scoring needs: (quantity (..., n), its score, its expected information), stretch by stretch.

        A quantity is a prediction or a noise parameter repeated for each observation; last, one row a stated prior.
        """
        rows: list[tuple[Any, Any, Any]] = []
        for i, o, f in self.compared(named, arrays, xp):
            scatter = self.scatter(i, o, f, named, arrays, xp)
            rows += [(w.quantity, w.score, w.information) for w in self.noise[o].working(scatter) or ()]
        batch = np.shape(rows[0][0])[:-1]
        for name, mean, sd in self.prior_rows:
            value = xp.broadcast_to(xp.asarray(named[name])[..., None], (*batch, 1))
            rows.append((value, (mean - value) / sd**2, xp.ones_like(value) / sd**2))
        return rows

    def log_likelihood(self, named: Mapping[str, Any], arrays: Arrays | None = None, xp: Any = np) -> Any:
        """Sum over observations of log p(y | prediction, noise), with all normalising constants."""
        arrays = self.arrays if arrays is None else arrays
        total: Any = 0.0
        for i, o, f in self.compared(named, arrays, xp):
            total = total + xp.sum(self.noise[o].log_density(self.scatter(i, o, f, named, arrays, xp)), axis=-1)
        return total

    def log_density(self, named: Mapping[str, Any], arrays: Arrays | None = None, xp: Any = np) -> Any:
        """The log-likelihood plus the log density of the priors that were stated."""
        total = self.log_likelihood(named, arrays, xp)
        for name in self.space.explicit_priors:
            total = total + xp.sum(self.space[name].prior.log_density(named[name], xp))
        return total

    def losses(self, override: Loss | None = None) -> tuple[tuple[int, int, Loss], ...]:
        """The robust loss of each stretch of residuals that has one: (first row, end row, loss)."""
        rows: list[tuple[int, int, Loss]] = []
        first = 0
        for a in self.arrays:
            for output, observed in a["observed"].items():
                loss = override or self.noise[output].robust_loss
                if loss is not None and loss.name != "linear":
                    rows.append((first, first + observed.size, loss))
                first += observed.size
        return tuple(rows)

    def with_fixed(self, values: Mapping[str, Any]) -> Problem:
        """The same problem with some parameters held at a value."""
        return self.restated(parameters=self.stated_space.fix(values).parameters)

    def with_data(self, data: object) -> Problem:
        """The same question asked of other data of the same form."""
        return self.restated(data=data)

    def with_parameters(self, parameters: Mapping[str, object]) -> Problem:
        """The same question with its parameters stated anew."""
        return self.restated(parameters=parameters)

    def with_model(self, model: object) -> Problem:
        """The same question with another model of the same arguments."""
        return self.restated(model=model)

    def restated(self, **changed: Any) -> Problem:
        """The same problem with other parts; all that is not named stays as it was stated.

        Arguments:
            changed: arguments of `Problem` by name.

        Raises:
            ParametraError: parts that do not go together.
        """
        parts: dict[str, Any] = {
            "model": self.model,
            "data": self.data_sets,
            "parameters": self.stated_space.parameters,
            "noise": self.noise,
            "derived": {d.name: d for d in self.derived},
            "constraints": self.constraints or None,
            "penalty": self.penalty,
            "adversary": self.adversary,
            "interchangeable": self.interchangeable,
            "folding": self.folding,
            "doubts": self.doubts,
            "sources": self.sources,
            "title": self.title,
            "description": self.description,
            **changed,
        }
        return Problem(**parts)

    def _noises(self, noise: object) -> dict[str, Noise]:
        stated = noise_by_output(noise, self.outputs)
        settled = {output: member.settle(self.data_sets, output) for output, member in stated.items()}
        settled = with_common_widths(stated, settled)
        return {output: with_input_errors(member, self.data_sets, output) for output, member in settled.items()}

    def _noise_parameters(self) -> dict[str, Any]:
        alone = len(self.outputs) == 1
        added = {k: v for o in self.outputs for k, v in self.noise[o].parameters(o, alone=alone).items()}
        clash = next((name for name in added if name in self.stated_space.names), None)
        if clash is not None:
            raise NoiseError(
                f'the noise has a parameter "{clash}" of its own, and "{clash}" is stated as a parameter too; give the '
                "model's another name."
            )
        return added

    def _check_use(self) -> None:
        read = {output: noise.reads for output, noise in self.noise.items()}
        for output, names in read.items():
            for name in sorted((names or frozenset()).difference(self.space.names)):
                raise NoiseError(
                    f'the noise of "{output}" reads "{name}", which is neither a parameter nor a column of numbers; '
                    + did_you_mean(name, self.space.names)
                )
        names = getattr(self.model.function, "names", None)  # what a model of two dicts says that it uses
        if (self.model.takes_dicts and names is None) or None in read.values():
            return
        used = {p for b in self.bindings for p in b.parameters.values()} | self.space.tied_to
        used |= {name for names in read.values() for name in names or ()}
        used |= {name for constraint in self.constraints for name in constraint.names}
        arguments = self.model.arguments or names or frozenset[str]()
        for name in self.stated_space.free:
            if name not in used and name in arguments:
                what = "a constant" if any(name in d.constants for d in self.data_sets) else "an input"
                where = "the data set" if len(self.data_sets) == 1 else "each data set"
                raise ModelError(
                    f'"{name}" is {what} of {where} and a free parameter too: the data replace it, so nothing can be '
                    "learnt about it. Drop one of the two."
                )
            if name not in used:
                raise ModelError(
                    f'the parameter "{name}" is used by nothing: {self.model.name} has no argument of that name, so '
                    f"nothing can be learnt about it. Leave it out or fix it; " + did_you_mean(name, sorted(arguments))
                )

    def _check_infinite(self) -> None:
        """Only a model that knows steady states can do with an infinite time."""
        own = {getattr(self.model.function, "time", None)} if hasattr(self.model.function, "settle") else set[Any]()
        for data in self.data_sets:
            for name in (n for n, value in data.inputs.items() if n not in own and np.isinf(value).any()):
                row = int(np.argmax(np.isinf(data.inputs[name])))
                raise DataError(
                    f'input "{name}" of data set "{data.name}" holds an infinite value (the {row + 1}. row that is '
                    "used); correct it, or leave the row out. Only the time of a differential equation may be "
                    "infinite: it means its steady state."
                )

    def _check_inputs(self) -> None:
        """What the model itself refuses of the inputs, as times before a differential equation begins."""
        refuse: Any = getattr(self.model.function, "check_inputs", None)
        if refuse is None:
            return
        for data in self.data_sets:
            try:
                refuse({**data.inputs, **data.constants})
            except ParametraError as error:
                where = f'data set "{data.name}": ' if len(self.data_sets) > 1 else ""
                raise type(error)(f"{where}{error}") from error.__cause__

    def _check_size(self) -> None:
        space = self.stated_space
        parts = [space.slices[name] for name in space.explicit_priors if name in space.slices]
        told = sum(part.stop - part.start for part in parts)
        wanted = space.dimension - told - equalities(self.constraints)
        if self.penalty is not None:  # which drops terms until the data can determine the others
            wanted = int(np.sum(~self.penalty.which(space)))
        if self.size < wanted:
            raise DataError(
                f"{self.size} observed values cannot determine {wanted} parameters "
                f"({', '.join(self.stated_space.free)}). Fix some of them, state priors, or bring more data."
            )

    def _shaped(self, value: Any, rows: int, output: str, xp: Any) -> Any:
        shape = np.shape(value)
        if shape[-1:] == (rows,):
            return value
        if not shape or shape[-1] == 1:
            # a formula without inputs, or one of constants only
            return xp.broadcast_to(xp.asarray(value), (*shape[:-1], rows))
        raise ModelError(
            f'{self.model.name} returned an array of shape {tuple(shape)} for "{output}", where the data have '
            f"{rows} rows. Return one value for each row."
        )


def first_look(problem: Problem) -> list[dict[str, Any]]:
    """Run the model at the guess and refuse what no method could work with."""
    named = problem.space.guess_named
    at = ", ".join(f"{k}={v:.6g}" for k, v in named.items() if isinstance(v, float))
    name = problem.model.name
    try:
        with np.errstate(all="ignore"), maybe_64_bits():
            predictions = problem.predictions(named, problem.arrays)
            rows = problem.picked(predictions, problem.arrays)
    except ParametraError:
        raise
    except Exception as error:  # a person's model may raise anything
        reason = getattr(error, "reason", None)  # that of an `EvaluationFailed`, which says why in its own words
        if isinstance(reason, str):
            told = f"the model {name} gives nothing at the guess ({at}): {reason.rstrip('.')}."
            raise ModelError(told if reason.endswith(MEND_IT) else f"{told} Guess elsewhere.") from error
        raise ModelError(
            f"the model {name} raised {type(error).__name__} at the guess ({at}): {error}. Mend it, or guess elsewhere."
        ) from error
    for _, output, value in rows:
        numbers = np.asarray(value)
        if numbers.dtype.kind not in "fiu":
            raise ModelError(f'the model {name} gives {numbers.dtype} for "{output}", where real numbers are wanted.')
        bad = np.flatnonzero(~np.isfinite(numbers))
        if bad.size:
            raise ModelError(
                f'the model {name} gives {numbers[bad[0]]} for "{output}" at the guess ({at}), first in row '
                f"{bad[0] + 1} of {numbers.size}. Guess where the model is finite, or narrow the bounds."
            )
    _look_at_noise(problem, named, rows, at)
    return predictions


def _look_at_noise(problem: Problem, named: Mapping[str, Any], rows: list[tuple[int, str, Any]], at: str) -> None:
    """A noise that is stated wrongly is a mistake of the statement, not a failure of every point."""
    for i, output, value in rows:
        if "input_errors" in problem.arrays[i]:  # which would call the model again, and allow no noise of one's own
            continue
        try:
            with np.errstate(all="ignore"), maybe_64_bits():
                problem.noise[output].log_density(problem.scatter(i, output, value, named, problem.arrays, np))
        except ParametraError:
            raise
        except np.linalg.LinAlgError:
            continue  # of a covariance, at this point
        except Exception as error:  # a person's own density may raise anything
            raise NoiseError(
                f'the noise of "{output}" raised {type(error).__name__} at the guess ({at}): {error}. Mend it, or '
                "guess elsewhere."
            ) from error


def maybe_64_bits() -> AbstractContextManager[Any]:
    """64 bits for a model written with jax.numpy, when JAX is loaded at all."""
    jax = sys.modules.get("jax")
    return nullcontext() if jax is None else jax.enable_x64(True)
