"""Outputs that have one estimated width in common: the one place where the noises of all outputs are seen."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, cast

from parametra.nouns._noise_contract import Noise
from parametra.nouns._noise_spread import Spread
from parametra.nouns.errors import NoiseError


def with_common_widths(stated: Mapping[str, Noise], settled: Mapping[str, Noise]) -> dict[str, Noise]:
    """The settled noises, each knowing which outputs share its width, and starting where the others do.

    Arguments:
        stated: output to noise, as a person stated them: what is guessed.
        settled: the same, knowing what the data offer.

    Raises:
        NoiseError: `common=True` where there is nothing to share, or where what is to be shared differs.
    """
    sharing = {o: one for o, noise in settled.items() if (one := spread_in(noise)) is not None and one.common}
    if not sharing:
        return dict(settled)
    roles = {output: one.estimated_role for output, one in sharing.items()}
    given = [output for output, role in roles.items() if role is None]
    if given:
        raise NoiseError(
            f"common=True is one estimated width for several outputs, and the data give the standard deviations of "
            f'{_listed(given)}: nothing is estimated there. Leave common out for them, or say scale="estimated" for '
            "one common factor of all that are given."
        )
    if len(set(roles.values())) > 1:
        scaled = [output for output, role in roles.items() if role == "scale"]
        others = [output for output in roles if output not in scaled]
        raise NoiseError(
            f"common=True is one width for all outputs that say so, and here it would be a factor of given standard "
            f"deviations for {_listed(scaled)} and a sigma for {_listed(others)}. Say common=True for one of the two "
            "kinds only, or state all of them alike."
        )
    told = {output: one.guess for output in sharing if (one := spread_in(stated[output])) and one.guess is not None}
    if len({float(guess) for guess in told.values()}) > 1:
        words = ", ".join(f"{guess:g} for {output}" for output, guess in told.items())
        raise NoiseError(
            f"one width is common to {_listed(list(sharing))}, and it has several guesses: {words}. Give one guess."
        )
    # too wide rather than too narrow, from where every search finds down
    guess = next(iter(told.values()), max(one.guess for one in sharing.values()))
    changed = {"guess": guess, "_sharing": tuple(sharing)}
    return {o: with_settings(noise, changed) if o in sharing else noise for o, noise in settled.items()}


def spread_in(noise: Any) -> Spread | None:
    """The noise with a width: the noise itself, or what it wraps, as limits of detection do."""
    while not isinstance(noise, Spread) and isinstance(getattr(noise, "of", None), Noise):
        noise = noise.of
    return noise if isinstance(noise, Spread) else None


def with_settings(noise: Noise, changed: Mapping[str, Any]) -> Noise:
    """The same with other settings of the noise with a width, which may be wrapped."""
    found = dataclasses.replace(
        cast("Any", noise),
        **(changed if isinstance(noise, Spread) else {"of": with_settings(cast("Any", noise).of, changed)}),
    )
    for one in dataclasses.fields(found):
        if not one.init:  # what settling has found out is not an argument, and `replace` forgets it
            object.__setattr__(found, one.name, getattr(noise, one.name))
    return found


def _listed(outputs: list[str]) -> str:
    return ", ".join(f'"{output}"' for output in outputs)
