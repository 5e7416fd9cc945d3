"""A comparison as files in a folder: bench.json, bench.png."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from parametra.nouns.bench_result import Bench
from parametra.nouns.errors import FileError
from parametra.report._earlier import make_room


def write_bench(bench: Bench, folder: Path) -> list[Path]:
    """Write the result, and the figure where something ran. Raises FileError when they cannot be written."""
    result, picture = folder / "bench.json", folder / "bench.png"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        result = make_room(result, bench, ["bench.png"])
        bench.save(result)
        if not bench.contestants:
            return [result]
        figure: Any = bench.plot()
        figure.savefig(picture, dpi=150)
    except OSError as error:
        raise FileError(
            f"the folder {folder} cannot be written: {error.strerror}. Choose another one with --out."
        ) from None
    return [result, picture]
