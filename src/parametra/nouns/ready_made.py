"""A ready-made model: a formula or function that people cite, with units, guesses, priors, data and known answers."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from parametra.nouns._ready_made_statement import (
    as_called,
    checked_option,
    common_guesses,
    guessed,
    noise_for,
    refuse_units,
    refuse_unknown,
    restated,
    with_prior,
)
from parametra.nouns.card import Source
from parametra.nouns.data import Data, as_data_sets
from parametra.nouns.errors import ModelError, did_you_mean
from parametra.nouns.formula import Formula
from parametra.nouns.problem import Problem
from parametra.nouns.ready_made_parts import Form, Known, Option, around_guess

__all__ = ["Form", "Known", "Option", "ReadyMade", "around_guess"]


@dataclass(frozen=True, repr=False)
class ReadyMade:
    """One ready-made model.

        pm.model("kinetics.michaelis_menten").problem(data)          a Problem, for every verb
        pm.fit(pm.model("kinetics.michaelis_menten"), data)          the same at once

    Arguments:
        name: `field.file`.
        summary: one sentence without its end.
        formula: the model as people write it, one line or a few of plain text.
        good_for: when to take it.
        prefer_instead: when to take another one, and which.
        form: what it is; a function of (data, **options) where it depends on them. The data are a tuple of `Data`, or
            None where none are at hand.
        guess: from one data set (and the options) to guesses by parameter, read off the data; None keeps those of the
            parameters.
        known: answers it must come to; the first is the one that the gallery shows.
        sources: the publications behind the model, the first is the main one.
        options: name to option.
        picture: draws (fit, problem, axes) as the field looks at it; None draws curves, bands and residuals.
        doubts: from (fit, problem) to sentences on what the field doubts of a fit, which are told with its doubts.
    """

    name: str
    summary: str
    formula: str
    good_for: str
    prefer_instead: str
    form: Form | Callable[..., Form]
    known: tuple[Known, ...]
    sources: tuple[Source, ...]
    guess: Callable[..., Mapping[str, Any]] | None = None
    options: Mapping[str, Option] = field(default_factory=dict[str, Option])
    picture: Callable[..., None] | None = None
    doubts: Callable[..., Sequence[str]] | None = None

    def form_of(self, data: object = None, **options: Any) -> Form:
        """What the model is for these data and options, its units those of the data.

        Arguments:
            data: a `Data`, or several; None for the model as it stands by itself.
            options: as in `options`.

        Raises:
            ModelError: an option that it does not have, or a value that it does not take.
        """
        sets = None if data is None else as_data_sets(data)
        form = self.bare_form(data, **options)
        names = (*form.inputs, *form.outputs)
        if sets is None:
            return form.in_units({**form.inputs, **form.outputs})
        # a unit that the data do not state is not known: the model's would be a claim about them
        return form.in_units({name: next((d.units[name] for d in sets if d.units.get(name)), "") for name in names})

    def bare_form(self, data: object = None, **options: Any) -> Form:
        """As `form_of`, in the units that the model states by itself."""
        chosen = self._chosen(options)
        return self.form(None if data is None else as_data_sets(data), **chosen) if callable(self.form) else self.form

    def with_options(self, **options: Any) -> ReadyMade:
        """The same model with other defaults of its options.

        Raises:
            ModelError: an option that it does not have, or a value that it does not take.
        """
        chosen = self._chosen(options)
        settled = {k: dataclasses.replace(each, default=chosen[k]) for k, each in self.options.items()}
        return dataclasses.replace(self, options=settled)

    def problem(
        self,
        data: object,
        *,
        parameters: Mapping[str, object] | None = None,
        noise: object = None,
        priors: bool = False,
        derived: Mapping[str, object] | None = None,
        constraints: object = None,
        penalty: object = None,
        adversary: object = (),
        interchangeable: object = None,
        title: str = "",
        description: str = "",
        **options: Any,
    ) -> Problem:
        """The problem of fitting this model to data, with guesses that are read off them.

        Arguments:
            data: with the model's inputs and outputs by their names; an only output may have any name. Several data
                sets share parameters; one that a data set names for itself, `Data(..., parameters={"depth":
                "depth_V"})`, is stated for it.
            parameters: what is stated of parameters by name: a guess, a pair of bounds, a mapping of settings, which
                change only what they say, or a whole parameter in its place. Others may be added where the noise, a
                derived quantity or a constraint speaks of them.
            noise, constraints: in place of the model's own, as for `Problem`. A noise of logarithms that the model
                states gives way to `Normal()` where the data bring standard deviations.
            priors: True takes the model's priors, and a fit then finds the maximum of the posterior.
            derived: beside the model's own, as for `Problem`.
            interchangeable: in place of the model's own, as for `Problem`.
            penalty, adversary, title, description: as for `Problem`.
            options: as in `options`.

        Raises:
            ParametraError: data that lack an input or output, an option that it does not have.
        """
        sets = as_data_sets(data)
        seen = self._by_its_names(sets, options)
        self._check(self.bare_form(seen, **options), seen)
        form = self.form_of(seen, **options)
        stated = self._stated(form, seen, self._chosen(options))
        added = dict(parameters or {})
        used = (noise, derived, constraints, adversary, penalty, [*added.values()])
        refuse_unknown(added, [*stated], used, self.name)
        stated |= {k: restated(stated[k], v, k) if k in stated else v for k, v in added.items()}
        if priors:
            stated |= self._with_priors(form, seen, stated)
        return Problem(
            form.model if seen is sets else _without_name(form.model),
            sets,
            stated,
            noise=noise_for(form.noise, seen, [*form.outputs]) if noise is None else noise,
            derived={**_that_follow(form, stated), **(derived or {})} or None,
            constraints=form.constraints if constraints is None else constraints,
            penalty=penalty,
            adversary=adversary,
            interchangeable=as_called(form.interchangeable, seen) if interchangeable is None else interchangeable,
            folding=form.folding,
            doubts=self.doubts,
            sources=tuple(map(str, self.sources)),
            title=title or self.summary,
            description=description,
        )

    def plot(self, fit: Any, problem: Any, *, size: tuple[float, float] | None = None) -> Any:
        """A figure of a fit as the field looks at it: the model's picture, or data, curve and residuals.

        Arguments:
            fit: a `Fit` of the problem.
            problem: what was fitted.
            size: width and height in inches.

        Returns:
            A matplotlib.figure.Figure, which belongs to no window: `figure.savefig("fit.png")`.
        """
        if not isinstance(problem, Problem):
            raise ModelError(f"plot(fit, problem) takes the problem second; came {type(problem).__name__}.")
        from parametra.report._model_figure import draw_model

        return draw_model(self, fit, problem, size)

    def __repr__(self) -> str:
        """The formula, and where more is told."""
        options = "".join(f", {name}={each.default!r}" for name, each in self.options.items())
        return f"model({self.name!r}{options})\n{self.summary}\n{self.formula}\nmore: parametra models {self.name}"

    def known_problem(self, known: Known, *, parameters: Mapping[str, object] | None = None) -> Problem:
        """The problem of a known answer.

        Arguments:
            known: one of `known`.
            parameters: in place of its own, by name.
        """
        changed = {**known.parameters, **(parameters or {})}
        return self.problem(known.data(), noise=known.noise, parameters=changed, **known.options)

    def from_start(self, problem: Problem, start: Mapping[str, Any]) -> Problem:
        """The same problem, its first start at these values; the others keep their guess."""
        space = problem.stated_space
        moved: dict[str, object] = {k: dataclasses.replace(cast("Any", space[k]), guess=v) for k, v in start.items()}
        return problem.with_parameters({**space.parameters, **moved})

    def guess_of(self, data: Data, options: Mapping[str, Any]) -> Mapping[str, Any]:
        """What is read off one data set, by parameter; {} for a model that reads nothing off."""
        return {} if self.guess is None else self.guess(data, **self._asked(self.guess, options))

    def _by_its_names(self, sets: tuple[Data, ...], options: Mapping[str, Any]) -> tuple[Data, ...]:
        """The data sets with their only output called as the model calls its own; themselves where nothing differs."""
        outputs = self.bare_form(**options).outputs
        if len(outputs) != 1 or all(len(d.outputs) != 1 or [*d.outputs] == [*outputs] for d in sets):
            return sets
        return tuple(d.called(next(iter(outputs))) if len(d.outputs) == 1 else d for d in sets)

    def _stated(self, form: Form, sets: tuple[Data, ...], options: Mapping[str, Any]) -> dict[str, Any]:
        """Every parameter that a data set uses, by the name it has there, guessed from the first that has it."""
        stated: dict[str, Any] = {}
        for data in sets:
            read_off = self.guess_of(data, options)
            for name, parameter in form.parameters.items():
                called = data.parameters.get(name, name)
                if called not in stated:
                    value = read_off.get(name)
                    stated[called] = parameter if value is None else guessed(parameter, value)
        return stated

    @staticmethod
    def _with_priors(form: Form, sets: tuple[Data, ...], stated: Mapping[str, Any]) -> dict[str, object]:
        """The free parameters that have no prior of their own, with the model's."""
        made: dict[str, object] = {}
        common = common_guesses(form.interchangeable, stated)
        for name, prior in form.priors.items():
            for called in {data.parameters.get(name, name) for data in sets} & stated.keys():
                own = stated[called]
                if (
                    not getattr(own, "free", True)
                    or getattr(own, "prior", None) is not None
                    or not hasattr(own, "prior")
                ):
                    continue
                guess = own.guess if own.guess is not None else getattr(form.parameters[name], "guess", 1.0)
                guess = common.get(name, guess)
                made[called] = with_prior(own, prior if hasattr(prior, "quantile") else prior(guess))
        return made

    def _chosen(self, options: Mapping[str, Any]) -> dict[str, Any]:
        chosen = {name: option.default for name, option in self.options.items()}
        for name, value in options.items():
            if name not in self.options:
                raise ModelError(f'the model "{self.name}" has no option "{name}"; ' + self._named(name))
            option = self.options[name]
            if option.choices and value not in option.choices:
                listed = ", ".join(repr(each) for each in option.choices)
                raise ModelError(f'the option "{name}" of "{self.name}" is one of {listed}; {value!r} came.')
            free = option.choices or (isinstance(value, str) and value in option.words)
            chosen[name] = value if free else checked_option(name, option.default, value, self.name)
        return chosen

    def _named(self, name: str) -> str:
        return did_you_mean(name, self.options) if self.options else "it has none."

    @staticmethod
    def _asked(function: Callable[..., Any], options: Mapping[str, Any]) -> dict[str, Any]:
        """The options that a function takes by name."""
        taken = inspect.signature(function).parameters
        every = any(one.kind is inspect.Parameter.VAR_KEYWORD for one in taken.values())
        return {name: value for name, value in options.items() if every or name in taken}

    def _check(self, form: Form, sets: tuple[Data, ...]) -> None:
        followed = "".join(getattr(parameter, "unit", "") for parameter in form.parameters.values())
        units = {**form.inputs, **form.outputs}
        free = frozenset(name for name in units if f"{{{name}}}" in followed)
        for data in sets:
            has = {*data.inputs, *data.constants}
            for name in form.inputs:
                if name not in has:
                    raise ModelError(
                        f'the model "{self.name}" needs the input "{name}", which the data "{data.name}" lack; '
                        f'{did_you_mean(name, has)} Give inputs={{"{name}": ...}} with the name of your column, or '
                        f'constants={{"{name}": ...}} where it is one number.'
                    )
            for name in data.outputs:
                if name not in form.outputs:
                    raise ModelError(
                        f'the model "{self.name}" gives {", ".join(form.outputs)}, and the data "{data.name}" hold the '
                        f'output "{name}"; {did_you_mean(name, form.outputs)}'
                    )
        refuse_units(units, free, sets, self.name)


def _without_name(model: Any) -> Any:
    """A model of one output that goes with data that call it otherwise."""
    if isinstance(model, Mapping):
        (model,) = cast("Mapping[str, Any]", model).values()
    return model


def _that_follow(form: Form, stated: Mapping[str, object]) -> dict[str, object]:
    """The derived quantities whose parameters are all there; where data sets name their own, some are not."""
    gone = set(form.parameters) - set(stated)

    def names(thing: object) -> set[str]:
        text = thing.get("formula") if isinstance(thing, Mapping) else thing
        if isinstance(text, str):
            return set(Formula.parse(text).names)
        return set(inspect.signature(text).parameters) if callable(text) else set()

    return {name: each for name, each in form.derived.items() if not names(each) & gone}
