"""SPSA: workers on a thin line hold the same bits, one byte is enough, and a worker leaves and comes back."""

import numpy as np
import pytest

from fit_loop import Evaluator, box, free, run
from parametra.methods.fit import _one_byte as shared
from parametra.methods.fit.simultaneous_perturbation import SimultaneousPerturbation
from parametra.nouns.asker import Ending
from parametra.nouns.errors import MethodError

D, WORKERS = 1000, 8
SCALES = np.linspace(0.5, 1.5, D)


def loss(x):
    return 0.5 * np.sum(SCALES * (x - 1.0) ** 2, axis=-1)


def first(bytes_, seed=0):
    free_box = np.full(D, np.inf)
    return shared.Shared(
        x=np.zeros(D), lower=-free_box, upper=free_box, unit=np.ones(D), gain=0.5 * WORKERS / (WORKERS + D - 1),
        reach=1e-3, scale=100.0, seed=seed, start=0, replicas=WORKERS, step=0, bytes=bytes_,
    )  # fmt: skip


def message_of(worker, held):
    """What one worker sends: it evaluates only its own two points."""
    pairs = shared.pairs(held)
    costs = np.full(2 * WORKERS, np.nan)
    costs[[worker, worker + WORKERS]] = loss(pairs[[worker, worker + WORKERS]])
    return shared.messages(held, shared.projected(held, costs))[worker]


def exchange(bytes_, steps, away=range(0)):
    """All workers, each with a state of its own; the last one is away for some steps and replays what it missed."""
    held = [first(bytes_) for _ in range(WORKERS)]
    log, present = [], list(range(WORKERS))
    for k in range(steps):
        gone = k in away
        present = list(range(WORKERS - 1)) if gone else list(range(WORKERS))
        if away and k == away.stop:
            held[-1] = SimultaneousPerturbation.replay(held[-1], np.array(log[away.start : away.stop]))
        sent = np.array([message_of(w, held[w]) if w in present else 0 for w in range(WORKERS)])
        sent = sent.astype(np.int8) if bytes_ == 1 else sent.astype(float)
        log.append(sent)
        for w in present:
            held[w] = shared.advance(held[w], sent)
    return held, np.array(log)


def test_one_byte_is_about_as_good_as_eight_and_all_replicas_are_identical():
    steps = 1000
    held, log = exchange(1, steps)
    assert log.dtype == np.int8 and log.nbytes == steps * WORKERS
    assert len({one.x.tobytes() for one in held}) == 1
    ratio = loss(held[0].x) / loss(np.zeros(D))
    exact = loss(exchange(8, steps)[0][0].x) / loss(np.zeros(D))
    assert ratio < 0.1
    assert ratio <= 1.5 * exact, (ratio, exact)


def test_a_worker_leaves_comes_back_and_holds_the_same_bits():
    held, log = exchange(1, 300, away=range(100, 200))
    assert len({one.x.tobytes() for one in held}) == 1
    assert not log[100:200, -1].any() and log[200:, -1].any()
    assert shared.replay(first(1), log).x.tobytes() == held[0].x.tobytes()
    assert shared.replay(first(1), log[:-1]).x.tobytes() != held[0].x.tobytes()


def test_a_byte_tells_a_number_to_five_per_cent_over_four_decades():
    held = first(1)
    numbers = np.array([100.0, -99.0, 3.0, -0.02, 0.0, 1e-9, 1e9, -1e9])
    told = shared.read(held, shared.messages(held, numbers))
    np.testing.assert_allclose(told[:4], numbers[:4], rtol=0.045)
    np.testing.assert_array_equal(told[4:], [0.0, 0.0, 100.0, -100.0])


@pytest.mark.parametrize("options", [{}, {"bytes": 1, "replicas": 8}])
def test_a_fit_without_gradients_ends_at_its_minimum_and_inside_its_bounds(options):
    def bowl(x):
        return np.array([x[0] - 3.0, 3 * (x[1] - 1.0) + x[0], 0.3 * x[1]]), np.zeros((3, 2))

    target = Evaluator(bowl)
    found = run(SimultaneousPerturbation(**options), box((0, 2), (-5, 5)), [[0.5, 4.0], [2.0, -5.0]], target)
    assert set(found.endings) == {Ending.CONVERGED}
    np.testing.assert_allclose(found.points, [[2.0, 3 / 9.09]] * 2, atol=1e-3)
    asked = np.array(target.asked)
    assert np.all((asked >= [0, -5]) & (asked <= [2, 5]))
    again = run(SimultaneousPerturbation(**options), box((0, 2), (-5, 5)), [[0.5, 4.0], [2.0, -5.0]], target)
    np.testing.assert_array_equal(found.points, again.points)


def test_the_log_of_a_stage_rebuilds_what_the_method_holds():
    method = SimultaneousPerturbation(bytes=1, steps=20)
    state = method.start(free(3), np.ones((1, 3)))
    target = Evaluator(lambda x: (x - np.array([2.0, 0.0, 1.5]), np.eye(3)))
    for _ in range(15):
        state = method.tell(state, target(method.ask(state)))
    lane = state.lanes[0]
    assert len(lane.log) == 13
    assert method.replay(lane.kept, np.array(lane.log)).x.tobytes() == lane.held.x.tobytes()


def test_many_parameters():
    d = 50
    target = Evaluator(lambda x: (np.array([np.sqrt(2 * np.sum((x - 1.0) ** 2) + 2.0)]), np.zeros((1, d))))
    found = run(SimultaneousPerturbation(stages=30), free(d), [np.zeros(d)], target)
    assert found.cost[0] == pytest.approx(1.0, abs=1e-4)


def test_what_cannot_be_evaluated_fails_and_bad_settings():
    found = run(SimultaneousPerturbation(), free(1), [[1.0]], Evaluator(lambda x: (x * np.nan, np.eye(1))))
    assert found.endings == (Ending.FAILED,) and found.best == -1
    with pytest.raises(MethodError, match=r"simultaneous_perturbation\(bytes=2\): a message has 1 byte or 8."):
        SimultaneousPerturbation(bytes=2)
    with pytest.raises(MethodError, match=r"simultaneous_perturbation\(gain=-1.0\): a number above zero is wanted."):
        SimultaneousPerturbation(gain=-1.0)
