"""Streams that drift, and one that an adversary plays: calibration error and log loss against Platt scaling done once.

6000 outcomes each. A logistic regression is trained on the first 1000, Platt scaling done once on the next 500, and all
are judged on the other 4500. Drifts of the kinds of arXiv:2305.00070: of the covariate (its mean wanders), of the label
(ones become more frequent), of the regression (the probability of a one given the covariate fades to one half).
"""

from __future__ import annotations

import numpy as np

from parametra.maths.arrays import Float
from parametra.methods.trust.online_calibration import fixed_platt, scaled_by
from parametra.nouns.keys import generator
from parametra.nouns.trust_calibration import calibration_error, log_loss
from parametra.nouns.trust_promise import Claim
from parametra.nouns.trust_result import Panel, Trace
from parametra.verbs._promise import Simulated, mean_and_error
from parametra.verbs.trust import calibrator, online_calibration

LENGTH, _TRAINED, _SCALED = 6000, 1000, 500
DRIFTS = ("none", "covariate", "label", "regression")
_KINDS = ("fixed Platt", "scaled", "tracked", "hedged")
_ROLES = ("naive", "other", "delivered", "promise")
_BINS = 10
_PROVEN = 0.5 / _BINS + _BINS / LENGTH**0.5
"""What Foster's rule keeps on average against any adversary; see `_calibeating`."""

_NEAR = 0.01
"""By how much the log loss may be above that of fixed Platt scaling where nothing drifts: near-equal."""


def simulate(*, runs: int | None, seed: int) -> Simulated:
    """Errors and losses of every kind of forecast on every stream, over the runs (5 when None)."""
    count = 5 if runs is None else runs
    found = np.array([[_drifting(drift, seed, run) for drift in DRIFTS] for run in range(count)])
    mean, error = mean_and_error(found)  # (drift, kind, error and loss)
    played = np.array([_played(seed, run) for run in range(count)])
    worst, worst_error = mean_and_error(played)
    claims = [*_claims(mean, error)]
    for kind, value, deviation in zip(("scaled", "tracked"), worst, worst_error, strict=False):
        claims.append(Claim(f"adversary, calibration error of {kind}", None, "", float(value), float(deviation)))
    claims.append(
        Claim("adversary, calibration error of hedged", _PROVEN, "at most", float(worst[2]), float(worst_error[2]))
    )
    return Simulated(
        "under every drift the calibration error and the log loss are below those of Platt scaling done once; without "
        "drift the log loss is near it; against an adversary the calibration error of hedged forecasts is w/2 + "
        "1/(w sqrt(T)) at most on average, with bins of width w, after T outcomes.",
        tuple(claims), _pictures(mean, error, worst, worst_error), count,
        (f"no setting was changed between the streams; {LENGTH} outcomes each, {_BINS} bins.",),
    )  # fmt: skip


def _claims(mean: np.ndarray, error: np.ndarray) -> list[Claim]:
    found: list[Claim] = []
    for d, drift in enumerate(DRIFTS):
        for k, kind in enumerate(_KINDS[1:], start=1):
            for number, what in enumerate(("calibration error", "log loss")):
                fixed, ours = float(mean[d, 0, number]), float(mean[d, k, number])
                near = drift == "none" and number == 1
                asked = None if drift == "none" and number == 0 else fixed + _NEAR if near else fixed
                name = f"{drift} drift, {what} of {kind}" if drift != "none" else f"no drift, {what} of {kind}"
                found.append(Claim(name, asked, "" if asked is None else "at most", ours, float(error[d, k, number])))
    return found


def _drifting(drift: str, seed: int, run: int) -> Float[np.ndarray, "4 2"]:
    scores, outcomes = stream(drift, seed, run)
    a, b = fixed_platt(scores[:_SCALED], outcomes[:_SCALED])
    ours = online_calibration(scores, outcomes, seed=seed + run).forecasts
    kinds = (scaled_by(scores, a, b), *(ours[kind] for kind in _KINDS[1:]))
    judged = outcomes[_SCALED:]
    return np.array([(calibration_error(p[_SCALED:], judged, _BINS), log_loss(p[_SCALED:], judged)) for p in kinds])


def stream(drift: str, seed: int, run: int) -> tuple[Float[np.ndarray, " t"], Float[np.ndarray, " t"]]:
    """Scores of a model trained on the first 1000 rows, for the others, and their outcomes."""
    random = generator(seed, f"promise online_calibration {drift}", run)
    t = np.arange(LENGTH) / LENGTH
    if drift == "label":
        outcomes = (random.uniform(size=LENGTH) < 0.5 + 0.45 * t).astype(np.float64)
        x = random.normal(2.0 * outcomes - 1.0, 1.2)
        features = np.column_stack([np.ones(LENGTH), x])
    else:
        x = random.normal(15.0 * t if drift == "covariate" else 0.0, np.sqrt(10.0), LENGTH)
        chance = 0.1 + 0.8 * (np.floor(x / 5.0) % 2.0)
        fade = 1.2 * t if drift == "regression" else 0.0
        outcomes = (random.uniform(size=LENGTH) < (1.0 - fade) * chance + 0.5 * fade).astype(np.float64)
        waves = [wave(x / period) for period in range(1, 7) for wave in (np.sin, np.cos)]
        features = np.column_stack([np.ones(LENGTH), *waves])
    weights = _logistic_regression(features[:_TRAINED], outcomes[:_TRAINED])
    return 1.0 / (1.0 + np.exp(-features[_TRAINED:] @ weights)), outcomes[_TRAINED:]


def _logistic_regression(X: Float[np.ndarray, "n p"], y: Float[np.ndarray, " n"]) -> Float[np.ndarray, " p"]:
    """Maximum likelihood with a ridge of 1, by Newton steps."""
    w = np.zeros(X.shape[1])
    for _ in range(30):
        p = 1.0 / (1.0 + np.exp(-X @ w))
        w = w + np.linalg.solve((X * (p * (1.0 - p))[:, None]).T @ X + np.eye(len(w)), X.T @ (y - p) - w)
    return w


def _played(seed: int, run: int) -> Float[np.ndarray, "3"]:
    """Calibration errors when each outcome is the opposite of what the kind of forecast in question says."""
    found: list[float] = []
    for kind, known in (("scaled", "scaled"), ("tracked", "tracked"), ("hedged", "expected")):
        random = generator(seed, "promise online_calibration adversary", run)
        running = calibrator(seed=seed + run)
        said, happened = np.empty(LENGTH), np.empty(LENGTH)
        for t in range(LENGTH):
            forecast = running.forecast(float(random.uniform()))
            said[t], happened[t] = getattr(forecast, kind), float(getattr(forecast, known) < 0.5)
            running.tell(happened[t])
        found.append(calibration_error(said, happened, _BINS))
    return np.array(found)


def _pictures(mean: np.ndarray, error: np.ndarray, worst: np.ndarray, worst_error: np.ndarray) -> tuple[Panel, ...]:
    panels: list[Panel] = []
    for number, what in enumerate(("calibration error", "log loss")):
        traces = [
            Trace(kind, np.arange(4.0), mean[:, k, number], 2.0 * error[:, k, number], _ROLES[k], joined=False)
            for k, kind in enumerate(_KINDS)
        ]
        panels.append(Panel(f"{what} under drift", "what drifts", what, tuple(traces), DRIFTS))
    ends, nothing = np.array([-0.5, 2.5]), np.zeros(0)
    traces = [
        Trace(f"promise for hedged after {LENGTH}", ends, np.full(2, _PROVEN), nothing, "promise"),
        Trace("after very many: half a bin", ends, np.full(2, 0.5 / _BINS), nothing, "bound"),
        Trace("delivered", np.arange(3.0), worst, 2.0 * worst_error, "delivered", joined=False),
    ]
    panels.append(Panel("outcomes by an adversary", "", "calibration error", tuple(traces), _KINDS[1:]))
    return tuple(panels)
