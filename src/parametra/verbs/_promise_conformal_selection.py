"""Selection with the best of ten models: false-discovery rate and power, against naive reuse and sample splitting.

Regression design: y = x_1 + x_2 - x_3 + x_4 + noise, ten normal inputs, noise of standard deviation 1; ten ridge
regressions, each trained beforehand on 20 noisier rows of its own. 100 labelled rows, 50 new ones, wanted is y > 1.
"""

from __future__ import annotations

import numpy as np

from parametra.maths.arrays import Bool, Float
from parametra.methods.trust.conformal_selection import benjamini_hochberg
from parametra.nouns.keys import generator
from parametra.nouns.trust_promise import Claim
from parametra.nouns.trust_result import Panel, Trace
from parametra.verbs._promise import Simulated, mean_and_error
from parametra.verbs.trust import conformal_selection

LEVEL, CUTOFF = 0.1, 1.0
_LABELLED, _NEW, _MODELS, _INPUTS, _TRAINING = 100, 50, 10, 10, 20
_WAYS = ("optimised", "splitting", "naive reuse")


def simulate(*, runs: int | None, seed: int) -> Simulated:
    """False-discovery rate and power of three ways to choose among the models, over the runs (500 when None)."""
    count = 500 if runs is None else runs
    found = np.array([_once(seed, run) for run in range(count)])  # (runs, way, rate and power)
    mean, error = mean_and_error(found)
    more = found[:, 0, 1] - found[:, 1, 1]
    gain, gain_error = mean_and_error(more)
    claims = (
        Claim(
            "optimised, false-discovery rate", LEVEL, "at most", float(mean[0, 0]), float(error[0, 0]),
            2.0 * float(error[0, 0]),
        ),
        Claim("optimised, power above splitting by", 0.0, "at least", float(gain), float(gain_error)),
        Claim("optimised, power", None, "", float(mean[0, 1]), float(error[0, 1])),
        Claim("splitting, false-discovery rate", None, "", float(mean[1, 0]), float(error[1, 0])),
        Claim("splitting, power", None, "", float(mean[1, 1]), float(error[1, 1])),
        Claim("naive reuse, false-discovery rate", None, "", float(mean[2, 0]), float(error[2, 0])),
        Claim("naive reuse, power", None, "", float(mean[2, 1]), float(error[2, 1])),
    )  # fmt: skip
    places = np.arange(3.0)
    nothing = np.zeros(0)
    ends = np.array([-0.5, 2.5])
    pictures = (
        Panel(
            "false discoveries", "", "share of the selected that are false",
            (
                Trace("promise", ends, np.full(2, LEVEL), nothing, "promise"),
                Trace("delivered", places, mean[:, 0], 2.0 * error[:, 0], "delivered", joined=False),
            ),
            _WAYS,
        ),
        Panel(
            "power", "", "share of the wanted that are selected",
            (Trace("delivered", places, mean[:, 1], 2.0 * error[:, 1], "delivered", joined=False),),
            _WAYS,
        ),
    )  # fmt: skip
    return Simulated(
        f"at most {LEVEL:.0%} of the selected are false on average, although the model was chosen among {_MODELS} "
        f"with the same {_LABELLED} labels.",
        claims, pictures, count,
    )  # fmt: skip


def _once(seed: int, run: int) -> Float[np.ndarray, "3 2"]:
    random = generator(seed, "promise conformal_selection", run)
    outcomes, scores = _design(random)
    y, truth = outcomes[:_LABELLED], outcomes[_LABELLED:] > CUTOFF
    old, new = scores[:, :_LABELLED], scores[:, _LABELLED:]
    ours = conformal_selection(y, old, new, cutoff=CUTOFF, level=LEVEL, seed=seed + run)
    chosen = np.zeros(_NEW, dtype=bool)
    chosen[list(ours.selected)] = True
    half = _LABELLED // 2
    best = _rejections(_p_values(y[:half], old[:, :half], new)).argmax()
    split = _selected(_p_values(y[half:], old[best : best + 1, half:], new[best : best + 1])[0])
    every = _p_values(y, old, new)
    naive = _selected(every[_rejections(every).argmax()])
    return np.array([_rate_and_power(one, truth) for one in (chosen, split, naive)])


def _design(random: np.random.Generator) -> tuple[Float[np.ndarray, " r"], Float[np.ndarray, "k r"]]:
    slopes = np.zeros(_INPUTS)
    slopes[:4] = 1.0, 1.0, -1.0, 1.0
    X = random.standard_normal((_LABELLED + _NEW, _INPUTS))
    outcomes = X @ slopes + random.standard_normal(len(X))
    scores: list[np.ndarray] = []
    for _ in range(_MODELS):
        Z = random.standard_normal((_TRAINING, _INPUTS))
        z = Z @ slopes + 2.0 * random.standard_normal(_TRAINING)
        scores.append(X @ np.linalg.solve(Z.T @ Z + np.eye(_INPUTS), Z.T @ z))
    return outcomes, np.array(scores)


def _p_values(y: np.ndarray, old: np.ndarray, new: np.ndarray) -> Float[np.ndarray, "k m"]:
    """Conformal p-values with each score as if it had been fixed beforehand."""
    null = old[:, y <= CUTOFF]
    return (1.0 + (null[:, :, None] >= new[:, None, :]).sum(axis=1)) / (len(y) + 1.0)


def _rejections(p_values: np.ndarray) -> np.ndarray:
    return benjamini_hochberg(p_values, LEVEL)


def _selected(p_values: np.ndarray) -> Bool[np.ndarray, " m"]:
    count = int(_rejections(p_values[None])[0])
    return p_values <= LEVEL * count / len(p_values)


def _rate_and_power(selected: np.ndarray, truth: np.ndarray) -> tuple[float, float]:
    right = int((selected & truth).sum())
    return (int(selected.sum()) - right) / max(int(selected.sum()), 1), right / max(int(truth.sum()), 1)
