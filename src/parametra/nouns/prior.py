"""Priors as a problem file states them: `{ normal = [mean, sd] }` or `{ kind = "normal", mean = 70, sd = 5 }`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, cast

from parametra.maths import distributions
from parametra.maths.dirichlet import Dirichlet
from parametra.maths.distributions import Distribution
from parametra.nouns.errors import ParameterError, did_you_mean
from parametra.nouns.statement import shown

KINDS: Mapping[str, type[Distribution | Dirichlet]] = {
    "uniform": distributions.Uniform,
    "log_uniform": distributions.LogUniform,
    "normal": distributions.Normal,
    "log_normal": distributions.LogNormal,
    "half_normal": distributions.HalfNormal,
    "exponential": distributions.Exponential,
    "gamma": distributions.Gamma,
    "beta": distributions.Beta,
    "student_t": distributions.StudentT,
    "cauchy": distributions.Cauchy,
    "dirichlet": Dirichlet,
}

_EXAMPLE = "{ normal = [70, 5] }"


def prior_from_table(table: object) -> Distribution | Dirichlet:
    """The distribution that a table of a problem file states.

    Arguments:
        table: one key that is the kind of distribution, its value the list or the table of settings; or the key `kind`
            beside the settings. Kinds are those of `KINDS`, with or without the underscore.

    Raises:
        ParameterError: an unknown kind, missing or unknown settings, or settings that make no distribution.
    """
    if not isinstance(table, Mapping) or not table:
        raise ParameterError(f"a prior is a table such as {_EXAMPLE}; {shown(table)} came")
    stated = {str(key): value for key, value in cast("Mapping[Any, Any]", table).items()}
    if "kind" in stated:
        kind, settings = stated.pop("kind"), stated
    elif len(stated) == 1:
        ((kind, settings),) = stated.items()
    else:
        raise ParameterError(f"a prior has one kind, or the key kind, such as {_EXAMPLE}; {shown(stated)} came")
    known = {name.replace("_", ""): name for name in KINDS}
    name = known.get(str(kind).replace("_", "").replace("-", "").lower())
    if name is None:
        raise ParameterError(f'there is no prior of the kind "{kind}"; {did_you_mean(str(kind), KINDS)}')
    return _made(name, settings)


def _made(name: str, settings: Any) -> Distribution | Dirichlet:
    kind = KINDS[name]
    wanted = [each.name for each in fields(kind)]
    if kind is Dirichlet and not isinstance(settings, Mapping):
        settings = {"alpha": settings}
    if not isinstance(settings, Mapping):
        items: list[Any] = list(settings) if isinstance(settings, (list, tuple)) else [settings]
        if len(items) > len(wanted):
            raise ParameterError(f"prior {name} = {shown(settings)} has too many numbers; it takes {', '.join(wanted)}")
        settings = dict(zip(wanted, items, strict=False))
    for key in settings:
        if key not in wanted:
            raise ParameterError(f'the prior {name} has no setting "{key}"; {did_you_mean(str(key), wanted)}')
    optional = {"lower", "upper"} if name == "beta" else set[str]()
    missing = [each for each in wanted if each not in settings and each not in optional]
    if missing:
        raise ParameterError(f"the prior {name} needs {', '.join(wanted)}; {', '.join(missing)} is missing")
    try:
        return kind(**settings)
    except ValueError as error:
        raise ParameterError(f"prior {error}") from None
