"""A ready-made model: a formula or function that people cite, with units, guesses, data and the published answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from parametra.nouns.card import Source
from parametra.nouns.data import Data
from parametra.nouns.parameter import Parameter
from parametra.nouns.problem import Problem


@dataclass(frozen=True)
class Published:
    """An answer from the literature that the model must reproduce.

    Arguments:
        data: the data it was found with.
        noise: the noise it was found with, as `Problem` takes it.
        estimate: name to value as printed.
        standard_error: name to standard error as printed; may lack some.
        digits: how many significant digits are printed, and must be met.
        second_start: name to value: a start away from the guess, from which the answer must be met too.
        source: where it stands.
    """

    data: Callable[[], Data]
    noise: Any
    estimate: Mapping[str, float]
    standard_error: Mapping[str, float]
    digits: int
    second_start: Mapping[str, float]
    source: Source


@dataclass(frozen=True)
class ReadyMade:
    """One ready-made model.

    Arguments:
        name: `field.file`.
        summary: one sentence.
        model: a formula, a mapping of output to formula, or a function.
        parameters: name to parameter, with units, bounds and guesses.
        inputs, outputs: name to unit; "1" for a pure number.
        guess: from data to better guesses; None keeps those of the parameters.
        published: the answer to reproduce.
        sources: the publications behind the model.
    """

    name: str
    summary: str
    model: Any
    parameters: Mapping[str, Parameter]
    inputs: Mapping[str, str]
    outputs: Mapping[str, str]
    published: Published
    sources: tuple[Source, ...]
    guess: Callable[[Data], Mapping[str, float]] | None = None

    def problem(self, data: Data, *, noise: Any = None, parameters: Mapping[str, object] | None = None) -> Problem:
        """The problem of fitting this model to data.

        Arguments:
            data: with the model's inputs and outputs by their names.
            noise: as for `Problem`.
            parameters: replaces parameters by name.
        """
        import dataclasses

        stated: dict[str, object] = dict(self.parameters)
        if self.guess is not None:
            for name, value in self.guess(data).items():
                stated[name] = dataclasses.replace(self.parameters[name], guess=value)
        stated.update(parameters or {})
        return Problem(self.model, data, stated, noise=noise, title=self.summary)
