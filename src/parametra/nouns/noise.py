"""Noise: how one output's data scatter around its prediction.

    Noise               the contract; every kind subclasses it and registers itself by being imported here
    ├── real values     Normal, StudentT (noise_real.py)
    ├── above zero      LogNormal, Gamma (noise_positive.py), Weibull, Exponential, LogLogistic (noise_lifetimes.py)
    ├── counts          Poisson, NegativeBinomial (noise_counts.py), Binomial, BetaBinomial (noise_trials.py)
    ├── correlated      Covariance, AR1, KernelNoise (noise_correlated.py, noise_kernel.py)
    ├── of a noise      Outliers, Censored, Truncated (noise_outliers.py, noise_censored.py, noise_truncated.py)
    └── one's own       LogLikelihood: a function or a formula (noise_formula.py)

A noise is stated before the data are known, so it is settled against them once: `noise.settle(data_sets, output)`
refuses what does not fit, and returns the noise that knows where its standard deviations come from. All else is asked
of that one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from parametra.nouns._noise_contract import Noise, Scatter, parameter_name
from parametra.nouns.errors import NoiseError, did_you_mean
from parametra.nouns.noise_censored import Censored
from parametra.nouns.noise_correlated import AR1, Covariance
from parametra.nouns.noise_counts import NegativeBinomial, Poisson
from parametra.nouns.noise_formula import FormulaLikelihood, LogLikelihood
from parametra.nouns.noise_huber import Huber, LogHuber
from parametra.nouns.noise_kernel import KernelNoise
from parametra.nouns.noise_lifetimes import Exponential, LogLogistic, Weibull
from parametra.nouns.noise_outliers import Outliers
from parametra.nouns.noise_positive import Gamma, LogNormal
from parametra.nouns.noise_real import Normal, StudentT
from parametra.nouns.noise_trials import BetaBinomial, Binomial
from parametra.nouns.noise_truncated import Truncated

__all__ = [
    "AR1",
    "BetaBinomial",
    "Binomial",
    "Censored",
    "Covariance",
    "Exponential",
    "FormulaLikelihood",
    "Gamma",
    "Huber",
    "KernelNoise",
    "LogHuber",
    "LogLikelihood",
    "LogLogistic",
    "LogNormal",
    "NegativeBinomial",
    "Noise",
    "Normal",
    "Outliers",
    "Poisson",
    "Scatter",
    "StudentT",
    "Truncated",
    "Weibull",
    "noise_by_output",
    "noise_from_table",
    "parameter_name",
]


def noise_from_table(table: Mapping[str, Any], folder: Path | None = None) -> Noise:
    """The noise that the [noise] table of a problem file states.

    Arguments:
        table: kind = "normal" (the default) or another one, and the settings of that kind by name. A noise of another
            noise, such as "censored", has that one's table behind the key `of`.
        folder: where the file is; a matrix in a file is named from there.

    Raises:
        NoiseError: an unknown kind or setting, or a setting's wrong value.
    """
    settings = {name: value for name, value in table.items() if name != "kind"}
    if isinstance(settings.get("of"), Mapping):
        settings["of"] = noise_from_table(settings["of"], folder)
    if folder is not None and "matrix" in settings:
        settings["matrix"] = _from_folder(settings["matrix"], folder)
    for name in ("proportional", "common"):
        if not isinstance(settings.get(name, False), bool):
            raise NoiseError(f"{name} is true or false; came {settings[name]!r}.")
    return Noise.of_kind(table.get("kind", "normal"), settings)


def _from_folder(stated: Any, folder: Path) -> Any:
    """The names of files, as they are seen from a folder."""
    if isinstance(stated, Mapping):
        return {name: _from_folder(one, folder) for name, one in stated.items()}
    return folder / stated if isinstance(stated, str) else stated


def noise_by_output(thing: Any, outputs: Sequence[str]) -> dict[str, Noise]:
    """One noise for each output: `thing` is one for all (see `Noise.of`), or a mapping of output to noise.

    Raises:
        NoiseError: a name that is no output; what `Noise.of` raises. Outputs that are not named have normal noise.
    """
    if not isinstance(thing, Mapping):
        return dict.fromkeys(outputs, Noise.of(thing))
    for name in thing:
        if name not in outputs:
            raise NoiseError(f'a noise is given for "{name}", which is no output; {did_you_mean(str(name), outputs)}')
    return {name: Noise.of(thing.get(name)) for name in outputs}
