"""How a problem is to be fitted, as a file or a command line states it; checked before anything runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from parametra import catalogue
from parametra.formats.run_settings import RunSettings
from parametra.maths.losses import LOSSES
from parametra.nouns.errors import MethodError, did_you_mean
from parametra.nouns.statement import shown
from parametra.runs.budget import Budget
from parametra.verbs.fit_uncertainty import KINDS as COVARIANCES


def own_folder(path: Path) -> str:
    """The folder of results that belongs to a problem file alone, named from where the file is: out/NAME."""
    return f"out/{path.stem}"


@dataclass(frozen=True)
class FitSettings:
    """The [fit] table of a problem file: the arguments of `fit`, and where its results go.

    Arguments:
        method, starts, seed, evaluations, seconds, loss, loss_scale, covariance, screening, workers, options: as for
            `fit`.
        running: how the model's calls are run; the [run] table.
        out: the folder of results, named from the folder of the problem file; None writes none.

    Raises:
        MethodError: a setting that cannot be.
    """

    method: str = "auto"
    starts: Any = "auto"
    seed: int = 0
    evaluations: int | None = None
    seconds: float | None = None
    loss: str | None = None
    loss_scale: float = 1.0
    covariance: str = "auto"
    out: str | None = None
    screening: str = "auto"
    workers: int = 1
    options: Mapping[str, Any] = field(default_factory=dict[str, Any])
    running: RunSettings = field(default_factory=RunSettings)

    def __post_init__(self) -> None:
        methods = catalogue.methods("fit")
        if self.method not in ("auto", *methods):
            raise MethodError(f'fit has no method "{self.method}"; {did_you_mean(self.method, ("auto", *methods))}')
        whole = isinstance(self.starts, int) and not isinstance(self.starts, bool)
        if self.starts != "auto" and not (whole and self.starts >= 1):
            raise MethodError(f'starts = {shown(self.starts)}: give "auto" or a whole number, 1 or more.')
        if self.seed < 0:
            raise MethodError(f"seed = {self.seed}: a whole number, 0 or more, is wanted.")
        Budget(self.evaluations, self.seconds)
        losses = [name for name in LOSSES if name != "student_t"]
        if self.loss is not None and self.loss not in losses:
            raise MethodError(f'there is no loss "{self.loss}"; {did_you_mean(self.loss, losses)}')
        if not 0 < self.loss_scale < float("inf"):
            raise MethodError(f"loss_scale = {self.loss_scale:g}: a number above 0 is wanted.")
        if self.workers < 1:
            raise MethodError(f"workers = {self.workers}: a whole number of processes, 1 or more, is wanted.")
        if self.screening not in ("auto", "off"):
            raise MethodError(f'screening = "{self.screening}": give "auto" or "off".')
        if self.covariance not in COVARIANCES:
            raise MethodError(
                f'there is no covariance "{self.covariance}"; {did_you_mean(self.covariance, COVARIANCES)}'
            )

    def for_fit(self) -> dict[str, Any]:
        """The settings as arguments of `fit`."""
        own = {name: value for name, value in vars(self).items() if name not in ("out", "running")}
        return {**own, **self.running.for_verb()}
