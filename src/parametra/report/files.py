"""Results as files in a folder: fit.json, fit.png, waterfall.png, report.html."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from parametra.nouns.errors import FileError
from parametra.nouns.fit_result import Fit
from parametra.report._earlier import make_room
from parametra.report._model_figure import MODEL, OfModel, beside, model_figure

RESULT = "fit.json"
PAGE = "report.html"
_BESIDE = ("fit.png", "waterfall.png", "path.png", f"{MODEL}.png", PAGE)
"""What is written beside a result: `write_figures` writes no other pictures."""


def write_result(fit: Fit, folder: Path) -> Path:
    """Write fit.json, which `parametra.load` and `parametra report` read. Raises FileError when it cannot.

    A fit of another problem that is there is kept under another name, with its pictures and its page.
    """
    _make(folder)
    try:
        path = make_room(folder / RESULT, fit, _BESIDE)
    except OSError as error:
        raise _cannot(folder / RESULT, error) from None
    fit.save(path)
    return path


def write_figures(fit: Fit, folder: Path, of_model: OfModel | None = None) -> list[Path]:
    """Write the figures that say something of this fit, as PNG. Raises FileError when they cannot be written.

    A picture of a model's own that fails is told on standard error, and the others are written.

    Arguments:
        fit: the result.
        folder: where to.
        of_model: the ready-made model and the problem that were fitted, whose own picture is written too, or in
            place of fit.png where that would say nothing.
    """
    from parametra.report.figures import draw, worth_drawing

    _make(folder)
    own = model_figure(fit, of_model, _tell)
    kinds = [kind for kind in beside(fit, worth_drawing(fit), own) if kind != "correlation"]
    for kind in kinds:
        figure: Any = draw(fit, kind)
        _write(folder / f"{kind}.png", lambda path, f=figure: f.savefig(path, dpi=150))
    if own is not None:
        kinds.insert(0, MODEL)
        _write(folder / f"{MODEL}.png", lambda path: own.savefig(path, dpi=150))
    return [folder / f"{kind}.png" for kind in kinds]


def write_page(fit: Fit, folder: Path, of_model: OfModel | None = None) -> Path:
    """Write report.html. Raises FileError when it cannot be written. Arguments as for `write_figures`."""
    from parametra.report.page import page

    _make(folder)
    text = page(fit, of_model)
    path = folder / PAGE
    _write(path, lambda p: p.write_text(text, encoding="utf-8"))
    return path


def _tell(sentence: str) -> None:
    sys.stderr.write(f"{sentence}\n")


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileError(
            f"the folder {folder} cannot be made: {error.strerror}. Choose another one with --out."
        ) from None


def _write(path: Path, write: Callable[[Path], Any]) -> None:
    try:
        write(path)
    except OSError as error:
        raise _cannot(path, error) from None


def _cannot(path: Path, error: OSError) -> FileError:
    return FileError(f"{path} cannot be written: {error.strerror}. Choose another folder with --out.")
