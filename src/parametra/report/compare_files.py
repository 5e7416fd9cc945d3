"""A comparison of models as files in a folder: compare.json, criteria.png, predictions.png, residuals_NAME.png."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from parametra.nouns.comparison import Comparison
from parametra.nouns.errors import FileError
from parametra.report._earlier import make_room


def write_comparison(comparison: Comparison, folder: Path) -> list[Path]:
    """Write the result, and its figures where models were compared. Raises FileError when they cannot be written."""
    files = [folder / "compare.json"]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        files[0] = make_room(files[0], comparison, ["criteria.png", "predictions.png", "residuals_*.png"])
        comparison.save(files[0])
        for name, kind, model in _figures(comparison):
            figure: Any = comparison.plot(kind, model)
            files.append(folder / f"{name}.png")
            figure.savefig(files[-1], dpi=150)
    except OSError as error:
        raise FileError(
            f"the folder {folder} cannot be written: {error.strerror}. Choose another one with --out."
        ) from None
    return files


def _figures(comparison: Comparison) -> list[tuple[str, str, str]]:
    """File, kind and model of what can be drawn."""
    found = [("criteria", "criteria", "")] if comparison.candidates else []
    found += [("predictions", "predictions", "")] if comparison.views else []
    used: set[str] = set()
    for one in comparison.candidates:
        if one.residuals.kind != "none":
            name = re.sub(r"\W+", "_", one.name, flags=re.ASCII).strip("_") or "model"
            while name in used:
                name += "_"
            used.add(name)
            found.append((f"residuals_{name}", "residuals", one.name))
    return found
