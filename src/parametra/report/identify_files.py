"""An identification as files in a folder: identify.json, its figures, identify.html."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from parametra.nouns.errors import FileError
from parametra.nouns.identification import Identification
from parametra.report._earlier import make_room

RESULT = "identify.json"
PAGE = "identify.html"


def write_identification(found: Identification, folder: Path) -> list[Path]:
    """Write the result, the figures that say something, and the page. Raises FileError when they cannot be written."""
    from parametra.report._identify_figure import draw, worth_drawing

    files = [folder / RESULT]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        files[0] = make_room(files[0], found, ["identify_*.png", PAGE])
        found.save(files[0])
        for kind in worth_drawing(found):
            files.append(folder / f"identify_{kind}.png")
            figure: Any = draw(found, kind)
            figure.savefig(files[-1], dpi=150)
    except OSError as error:
        raise _refused(folder, error) from None
    return [*files, write_identify_page(found, folder)]


def write_identify_page(found: Identification, folder: Path) -> Path:
    """Write identify.html. Raises FileError when it cannot be written."""
    from parametra.report.identify_page import identify_page

    text = identify_page(found)
    path = folder / PAGE
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise _refused(folder, error) from None
    return path


def _refused(folder: Path, error: OSError) -> FileError:
    return FileError(f"the folder {folder} cannot be written: {error.strerror}. Choose another one with --out.")
