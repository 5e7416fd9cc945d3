"""What a method of `trust` promises against what it delivers: simulations, judged."""

from __future__ import annotations

import importlib
import time

from parametra import catalogue
from parametra.nouns.errors import MethodError
from parametra.nouns.status import Outcome, Status
from parametra.nouns.trust_promise import Promise
from parametra.verbs._trust_receipt import receipt_of


def promise(name: str, *, runs: int | None = None, seed: int = 0) -> Promise:
    """What a method of `trust` promises against what it delivers on simulated data.

    Arguments:
        name: "reusable_holdout", "conformal_selection", "online_calibration" or "private_test".
        runs: simulations; None takes as many as some ten seconds allow.
        seed: of all of them.

    Returns:
        Figures promised and delivered; `plot()` draws them.

    Raises:
        MethodError: an unknown name, or no runs.
    """
    method = catalogue.method("trust", name)
    if runs is not None and runs < 1:
        raise MethodError(f"promise(runs={runs}): one run or more is wanted.")
    began = time.perf_counter()
    simulated = importlib.import_module(f"parametra.verbs._promise_{name}").simulate(runs=runs, seed=seed)
    broken = [claim.what for claim in simulated.claims if not claim.kept]
    status = (
        Status(Outcome.CONVERGED, "every promise was kept.")
        if not broken
        else Status(Outcome.FAILED, f"not kept: {'; '.join(broken)}.")
    )
    seconds = time.perf_counter() - began
    return Promise(
        status=status,
        title=f"{name.replace('_', ' ')}: promise and delivery",
        notes=simulated.notes,
        receipt=receipt_of(method(), evaluations=simulated.runs, seconds=seconds, seed=seed, told={"promise": True}),
        promise=simulated.promise,
        claims=simulated.claims,
        pictures=simulated.pictures,
        runs=simulated.runs,
    )
