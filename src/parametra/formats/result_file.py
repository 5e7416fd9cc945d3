"""Results out of files: whichever verb wrote them."""

from __future__ import annotations

import os
from typing import Any

from parametra.nouns import storage
from parametra.nouns.bench_result import Bench
from parametra.nouns.fit_result import Fit
from parametra.nouns.identification import Identification

RESULTS = (Fit, Bench, Identification)
"""The results that a file may hold; importing them makes them known to the reader."""


def load(path: str | os.PathLike[str]) -> Any:
    """Read a result that `result.save(path)` wrote, number by number the same.

    Raises:
        FileError: there is no such file, or it is not a saved result.
    """
    return storage.load(path)
