"""Results out of files: whichever verb wrote them."""

from __future__ import annotations

import os
from typing import Any

from parametra.nouns import storage
from parametra.nouns.audit_result import Audit
from parametra.nouns.bench_result import Bench
from parametra.nouns.bootstrap_result import Bootstrap
from parametra.nouns.comparison import Comparison
from parametra.nouns.coverage_result import Coverage
from parametra.nouns.design_result import Design
from parametra.nouns.fit_result import Fit
from parametra.nouns.identification import Identification
from parametra.nouns.sample_size_result import SampleSize
from parametra.nouns.trust_calibration import CalibratedStream
from parametra.nouns.trust_holdout import HoldoutAnswers
from parametra.nouns.trust_private import PrivateTestResult
from parametra.nouns.trust_promise import Promise
from parametra.nouns.trust_selection import SelectedInstances

RESULTS = (
    Fit,
    Audit,
    Bench,
    Identification,
    Bootstrap,
    Coverage,
    SampleSize,
    Comparison,
    Design,
    CalibratedStream,
    HoldoutAnswers,
    PrivateTestResult,
    SelectedInstances,
    Promise,
)
"""The results that a file may hold; importing them makes them known to the reader."""


def load(path: str | os.PathLike[str]) -> Any:
    """Read a result that `result.save(path)` wrote, number by number the same.

    Raises:
        FileError: there is no such file, or it is not a saved result.
    """
    return storage.load(path)
