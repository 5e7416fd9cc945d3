"""A result of `trust` as files in a folder: trust.json, trust.png."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from parametra.nouns.errors import FileError
from parametra.nouns.trust_result import TrustResult
from parametra.report._earlier import make_room


def write_trust(result: TrustResult, folder: Path) -> list[Path]:
    """Write the result and its picture. Raises FileError when they cannot be written."""
    record, picture = folder / "trust.json", folder / "trust.png"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        record = make_room(record, result, ["trust.png"])
        result.save(record)
        figure: Any = result.plot()
        figure.savefig(picture, dpi=150)
    except OSError as error:
        raise FileError(
            f"the folder {folder} cannot be written: {error.strerror}. Choose another one with --out."
        ) from None
    return [record, picture]
