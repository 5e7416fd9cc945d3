"""A ready-made model in words: for a terminal, and as plain values for JSON and the gallery."""

from __future__ import annotations

import math
import re
import textwrap
from typing import Any

import numpy as np

from parametra.nouns.derived import Derived
from parametra.nouns.errors import ParametraError
from parametra.nouns.paragraph import WIDTH
from parametra.nouns.ready_made import Form, Known, ReadyMade
from parametra.nouns.result_table import ResultTable
from parametra.nouns.statement import interval, is_number, shown

_NARROWEST = 30
"""Characters of a line that what a parameter is may have, however long the rest."""


def described(ready: ReadyMade) -> dict[str, Any]:
    """All that a person wants to know before using it, in plain values."""
    form = _usual_form(ready)
    return {
        "name": ready.name,
        "summary": ready.summary,
        "formula": ready.formula,
        "good_for": ready.good_for,
        "prefer_instead": ready.prefer_instead,
        "inputs": dict(form.inputs),
        "outputs": dict(form.outputs),
        "parameters": [_parameter(form, name) for name in form.parameters],
        "parameters_with_options": _other_parameters(ready, form),
        "derived": list(form.derived),
        "derived_units": _derived_units(form),
        "options": [
            {
                "name": name,
                "default": shown(each.default),
                "choices": [shown(c) for c in each.choices],
                "about": each.about,
            }
            for name, each in ready.options.items()
        ],
        "known": [_known(each) for each in ready.known],
        "sources": [str(source) for source in ready.sources],
    }


def shown_form(ready: ReadyMade) -> Form:
    """The form that a table is matched with: of the options of the first known answer, with its data at hand."""
    known = ready.known[0]
    form = ready.bare_form(None if known.external else known.data(), **known.options)
    return form.in_units({**form.inputs, **form.outputs})


def _usual_form(ready: ReadyMade) -> Form:
    """With the options as they are left out, and the data of the first known answer; as shown where these want others.

    What a model takes and gives stays that of its known answer, whose data have inputs that some options ask for.
    """
    shown_one, known = shown_form(ready), ready.known[0]
    if not known.options:
        return shown_one
    try:
        usual = ready.bare_form(None if known.external else known.data())
    except ParametraError:  # an option that has to be stated
        return shown_one
    same = [*usual.inputs] == [*shown_one.inputs] and [*usual.outputs] == [*shown_one.outputs]
    return usual.in_units({**usual.inputs, **usual.outputs}) if same else shown_one


def _other_parameters(ready: ReadyMade, form: Form) -> list[dict[str, Any]]:
    """The names of parameters that known answers have with other options, such as those of two peaks."""
    found: list[dict[str, Any]] = []
    told = [[*form.parameters]]
    for known in ready.known:
        if not known.options or known.external:
            continue
        names = [*ready.bare_form(known.data(), **known.options).parameters]
        if names not in told:
            told.append(names)
            found.append({"options": {k: shown(v) for k, v in known.options.items()}, "parameters": names})
    return found


def text(ready: ReadyMade) -> str:
    """A description for a terminal."""
    told = described(ready)
    table = _parameter_table([(p["name"], p["domain"], p["unit"], p["about"]) for p in told["parameters"]])
    parts = {
        ready.name: _paragraph(ready.summary),
        "formula": "\n".join(map(_formula_line, ready.formula.splitlines())),
        "good for": _paragraph(ready.good_for),
        "prefer instead": _paragraph(ready.prefer_instead),
        "inputs and outputs": _paragraph(_columns(told)),
        "parameters": "\n".join([textwrap.indent(table, "  "), *map(_with_options, told["parameters_with_options"])]),
        "derived, with their errors": _paragraph(
            ", ".join(f"{name} ({unit})" if unit else name for name, unit in told["derived_units"].items())
        ),
        "options, in [model.options] or pm.model(name, option=value)": "\n".join(map(_option, told["options"])),
        "known answers": "\n".join(_paragraph(f"{k['about']}: {k['answer']} ({k['source']})") for k in told["known"]),
        "sources": "\n".join(map(_paragraph, told["sources"])),
    }
    return "\n".join(f"{head}\n{body}" for head, body in parts.items() if body)


def _with_options(other: dict[str, Any]) -> str:
    options = ", ".join(f"{name} = {value}" for name, value in other["options"].items())
    return _paragraph(f"with {options}: {', '.join(other['parameters'])}")


def _derived_units(form: Form) -> dict[str, str]:
    """Derived quantity to its unit, "" where it is not known."""
    units = {name: getattr(parameter, "unit", "") for name, parameter in form.parameters.items()}
    return {name: Derived.of(name, each, units).in_units(units).unit for name, each in form.derived.items()}


def _parameter_table(rows: list[tuple[str, str, str, str]]) -> str:
    """What each parameter is, its last column in as many lines as it needs."""
    heads = ("name", "searched in", "unit", "what it is")
    taken = sum(max(len(row[i]) for row in (heads, *rows)) + 2 for i in range(3))
    lines: list[tuple[str, str, str, str]] = []
    for *first, about in rows:
        begun, *more = textwrap.wrap(about, max(WIDTH - 2 - taken, _NARROWEST)) or [""]
        lines += [(first[0], first[1], first[2], begun), *(("", "", "", line) for line in more)]
    return str(ResultTable(heads, tuple(lines)))


def _parameter(form: Form, name: str) -> dict[str, Any]:
    parameter: Any = form.parameters[name]
    return {
        "name": name,
        "domain": domain_of(parameter),
        "unit": getattr(parameter, "unit", ""),
        "guess": _plain(getattr(parameter, "guess", None)),
        "prior": _prior(form.priors.get(name)),
        "about": getattr(parameter, "description", ""),
    }


def domain_of(parameter: Any) -> str:
    """Where a parameter is searched, as mathematics writes it."""
    kind = type(parameter).__name__
    if kind in ("Real", "Positive", "Log"):
        lower = 0.0 if kind == "Positive" else getattr(parameter, "lower", None)
        upper = getattr(parameter, "upper", None)
        ends = (-math.inf if lower is None else lower, math.inf if upper is None else upper)
        scalar = np.ndim(ends[0]) == np.ndim(ends[1]) == 0
        words = interval(*map(_six_digits, ends), open_lower=kind == "Positive") if scalar else "bounds"
        words += ", logarithmic" if kind == "Log" else ""
    elif kind == "Fixed" and is_number(parameter.value):
        words = f"fixed at {parameter.value:.6g}"
    else:
        words = repr(parameter) if kind in ("Fixed", "Tied", "Choice") else kind.lower()
    shape = getattr(parameter, "shape", ())
    return f"{words}, {' x '.join(map(str, shape))} of them" if shape else words


def _six_digits(value: float) -> float:
    """A bound as it is read: one that comes from data has many digits, of which none counts here."""
    return float(f"{value:.6g}")


def _prior(prior: Any) -> str:
    if prior is None:
        return ""
    return repr(prior) if hasattr(prior, "quantile") else "around the guess that is read off the data"


def _known(known: Known) -> dict[str, Any]:
    values = [f"{name} = {value if isinstance(value, str) else shown(value)}" for name, value in known.estimate.items()]
    answer = ", ".join(values[:6]) + (f" and {len(values) - 6} more" if len(values) > 6 else "")
    return {
        "about": known.about,
        "answer": answer,
        "estimate": {name: float(value) for name, value in known.estimate.items()},
        "source": str(known.source),
    }


def _plain(value: Any) -> Any:
    return None if value is None else np.asarray(value).tolist()


def _columns(told: dict[str, Any]) -> str:
    named = ", ".join(f"{name} ({unit})" for name, unit in told["inputs"].items()) or "nothing"
    return f"from {named} to {', '.join(f'{name} ({unit})' for name, unit in told['outputs'].items())}"


def _option(option: dict[str, Any]) -> str:
    choices = f"; one of {', '.join(option['choices'])}" if option["choices"] else ""
    return _paragraph(f"{option['name']} = {option['default']}  {option['about']}{choices}")


def _formula_line(line: str) -> str:
    """A line of a formula; one that is too long breaks only where it is spaced out."""
    parts = [line] if len(line) <= WIDTH + 8 else re.split(r"(?<=\S) {2,}", line)
    return "  " + "\n      ".join(parts)


def _paragraph(words: str) -> str:
    return textwrap.fill(words, WIDTH - 4, initial_indent="  ", subsequent_indent="    ") if words else ""
