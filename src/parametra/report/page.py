"""One HTML page of a fit: complete in one file, readable on a phone, printable, with nothing loaded from elsewhere."""

from __future__ import annotations

import math
import re
from pathlib import Path

from parametra.nouns.constraint_row import ConstraintRow
from parametra.nouns.fit_record import Row
from parametra.nouns.fit_result import Fit
from parametra.nouns.fit_text import percent, role_note
from parametra.nouns.result_table import cell, interval_text, with_error
from parametra.nouns.status import Outcome
from parametra.report._model_figure import MODEL, OfModel, beside, model_figure
from parametra.report._picture import picture
from parametra.report.figures import draw, worth_drawing

_TEMPLATE = "template.html.j2"
_WORDS = {
    Outcome.CONVERGED: "converged",
    Outcome.BUDGET: "not finished",
    Outcome.STOPPED: "stopped",
    Outcome.FAILED: "failed",
}
_KINDS = {
    "prediction": "Prediction",
    "slope": "Slopes",
    "quantity": "Quantities",
    "first value": "First values",
    "before it begins": "Before it begins",
    "event": "Events",
    "output": "Observed",
    "tied": "Tied parameters",
}
_IN_WORDS = ("event", "before it begins")
_TENS = re.compile(r"(?<![\w.])(\d+(?:\.\d+)?)e([+-]?\d+)")
_POWER = re.compile(r" \*\* (-?\d+)(?![\w.])")
_RAISED = {ord(plain): raised for plain, raised in zip("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹", strict=True)}
_FIGURES = {
    "fit": ("Data and fit", ""),
    "waterfall": (
        "What the starts found",
        "The final cost of every start, lowest first. A long flat step at the left means that many starts agree.",
    ),
    "path": (
        "The path of the penalty",
        "The terms at every strength of the penalty, and what the strength was chosen by; dashed: the chosen one.",
    ),
    "correlation": ("Correlation", "How the estimates hang together: near +1 or -1, one can replace the other."),
}


def page(fit: Fit, of_model: OfModel | None = None) -> str:
    """The page as text; everything that comes from the person's problem is escaped.

    Arguments:
        fit: the result.
        of_model: the ready-made model and the problem that were fitted, whose own picture comes first.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(_TEMPLATE).render(
        fit=fit,
        paragraphs=[part for part in fit.description.split("\n\n") if part.strip()],
        outcome=_WORDS[fit.status.outcome],
        tone=_tone(fit),
        verdict=verdict(fit),
        rows=[_row(row) for row in fit.rows],
        constraints=[_constraint(row) for row in fit.constraints],
        equations=_equations(fit),
        quality=_quality(fit),
        starts=_starts(fit),
        figures=_figures(fit, of_model),
        sources={"Model": fit.sources, "Method": fit.receipt.citation},
        receipt=_receipt(fit),
    )


def verdict(fit: Fit) -> str:
    """The answer in one sentence or two."""
    found = [_said(r) for r in fit.rows if r.role == "free"]
    said = ", ".join(found[:4]) + (f" and {len(found) - 4} more" if len(found) > 4 else "")
    if fit.status.outcome is Outcome.FAILED:
        return f"The fit failed: {fit.status.message}"
    if fit.status.outcome is not Outcome.CONVERGED:
        return f"The fit did not come to its end, and this is only the best point so far: {said}."
    if not fit.doubts:
        return f"{said}. The fit converged, and nothing was noticed that speaks against it."
    count = "one doubt remains" if len(fit.doubts) == 1 else f"{len(fit.doubts)} doubts remain"
    return f"{said}. The fit converged, but {count}: read below before these numbers are used."


def _said(row: Row) -> str:
    return f"{row.label} = {_number(row)}{_spaced(row.unit)}"


def _spaced(unit: str) -> str:
    return f" {unit}" if unit and unit != "1" else ""


def _number(row: Row) -> str:
    return with_error(row.value, row.standard_error) if isinstance(row.value, float) else str(row.value)


def _tone(fit: Fit) -> str:
    if fit.status.outcome is Outcome.FAILED:
        return "bad"
    return "good" if fit.status.ok and not fit.doubts else "doubt"


def _row(row: Row) -> dict[str, str]:
    note = row.note or role_note(row)
    interval = interval_text(row.interval).replace(" .. ", " to ") if row.interval else ""
    return {"label": row.label, "value": _number(row), "unit": row.unit, "interval": interval, "note": note}


def _constraint(row: ConstraintRow) -> tuple[str, str, str]:
    """A constraint, how the estimate stands to it, and what that means."""
    words = f"{row.distance:.4g} from its limit"
    if row.active:
        words = f"the log-likelihood would change by {row.multiplier:.4g} for each unit that its limit moves up"
    return row.label, row.state, words


def _equations(fit: Fit) -> list[tuple[str, list[tuple[str, str]]]]:
    """The model: what its lines give, in words, and the lines."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for each in fit.equations:
        kind, _, where = each.kind.partition(",")
        words = _KINDS.get(kind, kind) + (f",{where}" if where else "")
        equals = "" if kind in _IN_WORDS else "= "
        groups.setdefault(words, []).append((each.left, equals + _mathematics(each.right)))
    return list(groups.items())


def _mathematics(formula: str) -> str:
    """A formula as it is written by hand, as far as one line goes: dots for products, whole powers raised."""
    raised = _TENS.sub(lambda found: f"{found[1]} * 10{str(int(found[2])).translate(_RAISED)}", formula)
    raised = _POWER.sub(lambda found: found[1].translate(_RAISED), raised)
    return raised.replace(" ** ", "^").replace(" * ", "\u2009·\u2009").replace("-", "\N{MINUS SIGN}")


def _quality(fit: Fit) -> list[tuple[str, str, str]]:
    """Name, number and what it means."""
    tests = fit.chi_square_tests
    freedom = f"{fit.degrees_of_freedom} degrees of freedom"
    lines = [("Points", str(fit.points), f"{fit.masked} more left out as missing" if fit.masked else "all were used")]
    if math.isfinite(fit.chi_square):
        lines.append(("Chi-square" if tests else "Residual sum of squares", cell(fit.chi_square), freedom))
    else:  # a likelihood without residuals has none
        lines.append(("Degrees of freedom", str(fit.degrees_of_freedom), "points less parameters"))
    if tests and fit.reduced_chi_square is not None:
        lines.append(("Reduced chi-square", cell(fit.reduced_chi_square), "about 1 when model and errors are right"))
    if not tests and math.isfinite(fit.chi_square):
        lines.append(("", "", "sigma is estimated or the noise is not normal, so this says nothing of the quality"))
    if fit.p_value is not None:
        lines.append(("p-value", f"{fit.p_value:.2g}", "chance of a larger chi-square if the model is right"))
    lines.append(("Log-likelihood", cell(fit.log_likelihood), "with all constants"))
    criteria = [("AIC", fit.aic), ("AICc", fit.aicc), ("BIC", fit.bic)]
    lines += [(name, cell(value), "") for name, value in criteria if value is not None]
    return lines


def _starts(fit: Fit) -> str:
    s = fit.starts
    if s.count == 1:
        return f"One start: {s.why}."
    reached = round(s.best_share * s.count)
    basins = f"{len(s.basins)} basin{'s' * (len(s.basins) != 1)}"
    missed = "" if s.missed_chance is None else (
        f" The chance that one more start would find a new basin is about {percent(s.missed_chance)}."
    )  # fmt: skip
    failed = f" {s.failed} failed." if s.failed else ""
    return (
        f"{s.count} starts ({s.why}) found {basins}; {reached} of them reached the best one, {s.converged} converged."
        f"{failed}{missed}"
    )


def _figure(fit: Fit, kind: str) -> dict[str, str]:
    title, words = _FIGURES[kind]
    if kind == "fit":
        words += _drawn(fit) + _cut(fit)
    return {"kind": kind, "title": title, "words": words, "source": picture(draw(fit, kind))}


def _figures(fit: Fit, of_model: OfModel | None) -> list[dict[str, str]]:
    own = model_figure(fit, of_model)
    figures = [_figure(fit, kind) for kind in beside(fit, worth_drawing(fit), own)]
    if own is None or of_model is None:
        return figures
    words = {"kind": MODEL, "title": of_model[0].name, "words": f"{of_model[0].summary}.", "source": picture(own)}
    return [words, *figures]


def _drawn(fit: Fit) -> str:
    """What the picture of data and fit shows, in words: only what is there."""
    spread = any(view.spread is not None for view in fit.views)
    limits = any(view.censored is not None and bool(view.censored.any()) for view in fit.views)
    curve = any(view.curve_x.size for view in fit.views)
    data = "The data" + " with the standard deviations of their noise" * spread + ", limits as open marks" * limits
    best = "the best curve with its 95 % band" if curve else "the best fit at each of them"
    return f"{data}, {best}; beneath, the residuals."


def _cut(fit: Fit) -> str:
    """Where the pictures of some families end, in words."""
    ends = {(view.lower, view.upper) for view in fit.views}
    if (0.0, 1.0) in ends:
        return " Probabilities: band and bars are cut at 0 and 1."
    return " Band and bars are cut at 0, below which nothing can lie." if (0.0, math.inf) in ends else ""


def _receipt(fit: Fit) -> list[tuple[str, str]]:
    r = fit.receipt
    failures = "; ".join(f"{count} x {why}" for why, count in r.failures.items())
    settings = ", ".join(f"{key} = {value}" for key, value in r.settings.items() if value is not None)
    return [
        ("Evaluations", f"{r.evaluations} ({r.model_calls} calls of the model)"),
        ("Failures", failures or "none"),
        ("Time", f"{r.seconds:.2g} s"),
        ("Seed", str(r.seed)),
        ("Settings", settings),
        ("Versions", ", ".join(f"{name} {version}" for name, version in r.versions.items())),
        ("Problem hash", r.problem_hash),
    ]
