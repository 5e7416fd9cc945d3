"""What a method of `trust` promises against what it delivers on simulated data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from parametra.nouns.paragraph import wrapped
from parametra.nouns.result_table import ResultTable
from parametra.nouns.storage import storable
from parametra.nouns.trust_result import Panel, TrustResult


@storable
@dataclass(frozen=True)
class Claim:
    """One figure of a simulation.

    Arguments:
        what: in words.
        promised: what it should be; None where nothing is promised, as of a method to compare with.
        sense: "at most", "at least" or "".
        delivered: what it was.
        error: standard error of `delivered` over the runs; None where there is one figure only.
        allowance: how far it may miss what is promised by chance.
    """

    what: str
    promised: float | None
    sense: str
    delivered: float
    error: float | None = None
    allowance: float = 0.0

    @property
    def words(self) -> str:
        """What was promised: "at most 0.1, by chance 0.11"; nothing where nothing was."""
        if self.promised is None:
            return ""
        limit = self.promised + (self.allowance if self.sense == "at most" else -self.allowance)
        return f"{self.sense} {self.promised:.4g}" + (f", by chance {limit:.4g}" if self.allowance else "")

    @property
    def kept(self) -> bool:
        """Whether the promise was kept, chance allowed for."""
        if self.promised is None:
            return True
        excess = self.delivered - self.promised if self.sense == "at most" else self.promised - self.delivered
        return bool(excess <= self.allowance)


@storable
@dataclass(frozen=True, repr=False)
class Promise(TrustResult):
    """A promise, kept or broken.

    Arguments:
        promise: in one sentence.
        claims: its figures.
        pictures: what `plot()` draws.
        runs: how many simulations stand behind it.
    """

    promise: str
    claims: tuple[Claim, ...]
    pictures: tuple[Panel, ...]
    runs: int

    @property
    def kept(self) -> bool:
        """Whether every figure keeps what is promised."""
        return all(claim.kept for claim in self.claims)

    def claim(self, what: str) -> Claim:
        """The figure whose words begin so. Raises KeyError when there is none."""
        for one in self.claims:
            if one.what.startswith(what):
                return one
        raise KeyError(what)

    def table(self) -> ResultTable:
        """One row a figure."""
        columns = ("figure", "promised", "delivered", "standard error", "kept")
        rows = tuple(
            (
                c.what,
                c.words,
                float(f"{c.delivered:.4g}"),
                None if c.error is None else float(f"{c.error:.2g}"),
                "" if c.promised is None else "yes" if c.kept else "no",
            )
            for c in self.claims
        )
        return ResultTable(columns, rows)

    def summary(self) -> str:
        return f"{wrapped(f'promise: {self.promise}', '         ')}\n\n{self.table()}\n\n{self.runs} simulations"

    def panels(self) -> tuple[Panel, ...]:
        return self.pictures

    def facts(self) -> dict[str, Any]:
        return {
            "promise": self.promise,
            "kept": self.kept,
            "runs": self.runs,
            "claims": [{**vars(claim), "kept": claim.kept} for claim in self.claims],
        }
