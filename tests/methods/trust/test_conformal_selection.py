"""OptCS: against the procedure written out in loops, statsmodels' Benjamini-Hochberg, and simulated error rates."""

from __future__ import annotations

import numpy as np
import pytest
from statsmodels.stats.multitest import multipletests

from parametra.methods.trust.conformal_selection import ConformalSelection, benjamini_hochberg
from parametra.nouns.errors import MethodError
from parametra.verbs._promise_conformal_selection import simulate
from parametra.verbs.trust import conformal_selection


def example(seed, n=30, m=12, k=4):
    random = np.random.default_rng(seed)
    y = random.normal(size=n + m)
    scores = y + random.normal(0, 0.7, size=(k, n + m))
    return np.round(scores[:, :n], 1), y[:n] > 0.3, np.round(scores[:, n:], 1)  # rounded: ties


def rejections(p, level):
    return int(multipletests(p, level, method="fdr_bh")[0].sum())


def by_hand(scores, interesting, new, level):
    """p-values and R_j as the paper has them: a rehearsal for each new instance and each candidate, in loops."""
    k, m = new.shape
    n = len(interesting)
    p_values, sizes, chosen = [], [], []
    for j in range(m):
        found = []
        for c in range(k):
            null = [scores[c, i] for i in range(n) if not interesting[i]]
            p = [
                0.0 if i == j else (sum(s >= new[c, i] for s in null) + (new[c, j] >= new[c, i])) / (n + 1)
                for i in range(m)
            ]
            found.append(rejections(p, level))
        best = int(np.argmax(found))
        chosen.append(best)
        sizes.append(found[best])
        null = [scores[best, i] for i in range(n) if not interesting[i]]
        p_values.append((1 + sum(s >= new[best, j] for s in null)) / (n + 1))
    return np.array(p_values), np.array(sizes), np.array(chosen)


@pytest.mark.parametrize("seed", range(4))
def test_it_is_the_procedure_written_out(seed):
    scores, interesting, new = example(seed)
    found = ConformalSelection(level=0.3, pruning="none").among(scores, interesting, new, np.random.default_rng(0))
    p_values, sizes, chosen = by_hand(scores, interesting, new, 0.3)
    assert found.p_values == pytest.approx(p_values)
    assert found.sizes.tolist() == sizes.tolist()
    assert found.chosen.tolist() == chosen.tolist()
    passed = p_values <= 0.3 * sizes / len(sizes)
    kept = max((r for r in range(13) if (passed & (sizes <= r)).sum() >= r), default=0)
    assert found.selected.tolist() == (passed & (sizes <= kept)).tolist()


def test_pieces_give_what_the_whole_gives(monkeypatch):
    scores, interesting, new = example(7)
    method = ConformalSelection(level=0.3)
    whole = method.among(scores, interesting, new, np.random.default_rng(0))
    monkeypatch.setattr("parametra.methods.trust.conformal_selection._CHUNK", 40)
    assert method.among(scores, interesting, new, np.random.default_rng(0)).sizes.tolist() == whole.sizes.tolist()


@pytest.mark.parametrize("level", [0.05, 0.2])
def test_benjamini_and_hochberg_are_those_of_statsmodels(level):
    p = np.random.default_rng(2).beta(0.4, 1.5, size=(20, 15))
    assert benjamini_hochberg(p, level).tolist() == [rejections(row, level) for row in p]


def test_a_learner_that_does_not_learn_gives_what_fixed_scores_give():
    scores, interesting, new = example(3)
    method = ConformalSelection(level=0.3)
    fixed = method.among(scores, interesting, new, np.random.default_rng(5))
    learned = method.learned(lambda j: (scores, new), interesting, new.shape[1], np.random.default_rng(5))
    assert learned.p_values.tolist() == fixed.p_values.tolist()
    assert learned.selected.tolist() == fixed.selected.tolist()


def test_pruning_draws_nothing_when_it_is_none():
    scores, interesting, new = example(1, m=40)
    several = [
        ConformalSelection(level=0.3, pruning="none").among(scores, interesting, new, np.random.default_rng(s))
        for s in range(3)
    ]
    assert len({tuple(one.selected.tolist()) for one in several}) == 1


@pytest.mark.parametrize("settings", [{"level": 0.0}, {"level": 1.0}, {"pruning": "some"}])
def test_impossible_settings_are_refused(settings):
    with pytest.raises(MethodError, match=next(iter(settings))):
        ConformalSelection(**settings)


def test_500_runs_keep_the_rate_beat_splitting_and_show_naive_reuse_wrong():
    """The rate may exceed 0.1 by two standard errors: a false alarm in 44 were it exactly 0.1; the seed is fixed."""
    found = simulate(runs=500, seed=0)
    said = {claim.what: claim for claim in found.claims}
    assert all(claim.kept for claim in found.claims)
    gain = said["optimised, power above splitting by"]
    assert gain.delivered > 5 * gain.error
    naive = said["naive reuse, false-discovery rate"]
    assert naive.delivered > 0.1 + 5 * naive.error


@pytest.mark.parametrize("pruning", ["homogeneous", "heterogeneous", "none"])
def test_learners_fitted_with_all_labels_keep_the_rate(pruning):
    """150 runs; mean share of false ones at most 0.2 and two standard errors (1 false alarm in 44, seeds fixed)."""

    def near(X, excess):
        order = np.argsort(X[:, 0] + 1e-9 * X[:, 1])
        return lambda at: np.interp(at[:, 0], X[order, 0], excess[order])  # interpolates: it fits its rows perfectly

    def line(X, excess):
        slopes = np.linalg.lstsq(np.column_stack([X, np.ones(len(X))]), excess, rcond=None)[0]
        return lambda at: at @ slopes[:-1]

    rates, count = [], 0
    for seed in range(150):
        random = np.random.default_rng(seed)
        X = random.normal(size=(55, 2))
        y = X[:, 0] + 0.5 * random.normal(size=55)
        found = conformal_selection(
            y[:40], learners=[near, line], inputs=X[:40], new_inputs=X[40:], cutoff=0.5, level=0.2, pruning=pruning,
            seed=seed,
        )  # fmt: skip
        false = [y[40 + j] <= 0.5 for j in found.selected]
        rates.append(np.mean(false) if false else 0.0)
        count += len(false)
    assert np.mean(rates) <= 0.2 + 2 * np.std(rates) / np.sqrt(150)
    assert count > 25  # it does select
