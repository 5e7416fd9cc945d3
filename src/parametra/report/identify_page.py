"""One HTML page of an identification: complete in one file, with nothing loaded from elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from parametra import catalogue
from parametra.nouns.identification import Identification
from parametra.nouns.identification_rows import Verdict, Word
from parametra.nouns.identification_text import headline, open_interval
from parametra.nouns.paragraph import listed_and
from parametra.report._identify_figure import draw, worth_drawing
from parametra.report._picture import picture

_FIGURES = {
    "profiles": (
        "Profiles",
        "The rise of the cost when one parameter is held, all others at their best; intervals end at the dashed line.",
    ),
    "intervals": (
        "Intervals side by side",
        "Arrows lead to open ends. Where bars differ, the table says what that means.",
    ),
    "spectrum": (
        "Spectrum of the Fisher information",
        "Each column is a direction in which parameters change together, with their weights; below the line: unknown.",
    ),
    "correlation": ("Correlation", "How the estimates hang together: near +1 or -1, one can replace the other."),
    "contour": ("Region of the worst pair", "The values of two parameters that the data allow together."),
}
_SIDES = ("curvature", "profile", "bootstrap", "posterior")


def identify_page(found: Identification) -> str:
    """The page as text; everything that comes from the person's problem is escaped."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made = [name for name in _SIDES if any(getattr(r, name) is not None for r in found.rows)]
    return environment.get_template("identify.html.j2").render(
        found=found,
        headline=headline(found),
        outcome=found.status.outcome.value,
        tone=_tone(found),
        level=f"{100 * found.level:g}",
        rows=[_row(row) for row in found.rows],
        side_names=made,
        sides=[_side(row, made) for row in found.rows] if len(made) > 1 else [],
        figures=[_figure(found, kind) for kind in worth_drawing(found)],
        beside=[
            (t, str(one))
            for t, one in (("Bootstrap", found.bootstrap), ("Coverage", found.coverage))
            if one is not None
        ],
        methods=listed_and(found.methods),
        citations=_citations(found),
        seconds=f"{found.receipt.seconds:.2g} s",
    )


def _tone(found: Identification) -> str:
    kinds = {row.kind for row in found.rows}
    if not found.status.ok or kinds & {Word.STRUCTURAL, Word.PRACTICAL, Word.UNKNOWN}:
        return "bad"
    return "doubt" if kinds & {Word.WEAK, Word.BOUND} or found.doubts else "good"


def _row(row: Verdict) -> dict[str, str]:
    return {
        "label": row.label,
        "value": f"{row.estimate:.5g}",
        "unit": row.unit,
        "interval": open_interval(row.interval, row.open).replace(" .. ", " to "),
        "word": row.word,
        "why": row.why,
        "remedy": row.remedy if row.kind is not Word.STRUCTURAL else "",
    }


def _side(row: Verdict, made: list[str]) -> tuple[str, list[str], str]:
    cells = [
        open_interval(getattr(row, name), row.open if name == "profile" else (False, False)).replace(" .. ", " to ")
        for name in made
    ]
    return row.label, cells, row.flag


def _figure(found: Identification, kind: str) -> dict[str, Any]:
    title, words = _FIGURES[kind]
    return {"title": title, "words": words, "source": picture(draw(found, kind))}


def _citations(found: Identification) -> list[str]:
    known = catalogue.methods("identify")
    cited = [str(s) for name in found.methods if name in known for s in catalogue.card("identify", name).sources]
    return list(dict.fromkeys(cited))
