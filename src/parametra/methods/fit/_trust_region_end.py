"""The end of one start of a trust region: polish the point, look whether it is a minimum, and say how it ended.

polish   undamped Gauss-Newton steps over the coordinates that no bound holds, while they help
look     where Gauss-Newton calls a point that stopped no minimum: the second derivatives, a Jacobian a coordinate
"""

from __future__ import annotations

import math

import numpy as np

from parametra.maths.gauss_newton import GaussNewton
from parametra.maths.second_order import difference_steps, is_minimum
from parametra.methods.fit._trust_region_single import (
    COSINE,
    SMALL_STEP,
    Anchor,
    Phase,
    Rules,
    Single,
    Trial,
    judged_at,
    replace,
)
from parametra.nouns.asker import Ending

_NO_MINIMUM = 1e-2  # cosine of the residuals with what the Jacobian can still change: above it, this is no minimum
_NOTHING = 1e-14  # a relative Gauss-Newton step that ends the polishing
_NO_RISE = 1e-12  # a relative rise of the cost that is rounding
_ROUNDING = 1e-8  # the same where the residuals are small beside the data, told from a rise by a shorter next step
_LOOKED_AT = 30  # coordinates at most: a look costs a Jacobian for each


def with_polishing_point(state: Single, judged: GaussNewton, rules: Rules) -> Single:
    """Ask for the Gauss-Newton point, or end when it is here or when enough were asked for."""
    if state.polished >= rules.polishing_steps or judged.relative_step <= _NOTHING or not math.isfinite(judged.cosine):
        return _finished(state, judged)
    return replace(state, trial=Trial(judged.target, 0.0, 0.0, 0.0))


def polished(state: Single, reached: Anchor | None, rules: Rules) -> Single:
    """After one polishing step: it is kept while the cost does not rise and the next step is shorter."""
    anchor = state.anchor
    if anchor is None:
        return state
    state = replace(state, iterations=state.iterations + 1, polished=state.polished + 1)
    before = judged_at(state, anchor)
    if reached is None:
        return _finished(state, before)
    after = judged_at(state, reached)
    size = rules.size(anchor)
    rise = (reached.cost - anchor.cost) / size if size > 0.0 else math.inf
    shrunk = after.relative_step / before.relative_step
    if not (rise < -_NO_RISE or (rise <= _NO_RISE and shrunk < 1.0) or (rise <= _ROUNDING and shrunk < 0.5)):
        return _finished(state, before)
    return with_polishing_point(replace(state, anchor=reached), after, rules)


def looked(state: Single, reached: Anchor | None) -> Single:
    """After one Jacobian of the look: ask for the next, or decide."""
    anchor = state.anchor
    if anchor is None:
        return state
    if reached is None:
        return _no_minimum(state)
    state = replace(state, seen=(*state.seen, reached.gradient))
    free, steps = _free(state, anchor)
    if len(state.seen) < int(free.sum()):
        return _with_next_look(state, anchor)
    if is_minimum(anchor.x, anchor.cost, anchor.gradient, free, steps[free], np.stack(state.seen), state.size):
        reason = state.kept.reason if state.kept is not None else ""
        reason += "; the Jacobian loses its rank here, the second derivatives show a minimum"
        return replace(state, phase=Phase.DONE, ending=Ending.CONVERGED, reason=reason)
    return _no_minimum(state)


def _finished(state: Single, judged: GaussNewton) -> Single:
    """The last state, with how it ended and why in words; or a look at the second derivatives, which may tell."""
    reason = state.kept.reason if state.kept is not None else ""
    if judged.cosine > _NO_MINIMUM and judged.relative_step > SMALL_STEP:
        anchor = state.anchor
        if reason and anchor is not None and anchor.cost > 0.0 and anchor.x.size <= _LOOKED_AT:
            return _with_next_look(replace(state, phase=Phase.LOOK), anchor)
        return _no_minimum(state)
    tries = _tries(state)
    if not reason and judged.cosine > COSINE and judged.relative_step > SMALL_STEP:
        ending, reason = Ending.LIMIT, f"the largest number of iterations was reached{tries}"
    else:
        ending, reason = Ending.CONVERGED, (reason or "a Gauss-Newton step no longer moves the point") + tries
        if not judged.full_rank:
            reason += "; some combination of parameters has no effect on the data here"
    return replace(state, phase=Phase.DONE, ending=ending, reason=reason)


def _with_next_look(state: Single, anchor: Anchor) -> Single:
    free, steps = _free(state, anchor)
    if not (free.any() and steps[free].all()):
        return _no_minimum(state)
    j = int(np.flatnonzero(free)[len(state.seen)])
    x = anchor.x.copy()
    x[j] += steps[j]
    return replace(state, trial=Trial(x, 0.0, 0.0, 0.0))


def _free(state: Single, anchor: Anchor) -> tuple[np.ndarray, np.ndarray]:
    """Coordinates that no bound holds, and how far each is moved in a look."""
    steps = difference_steps(anchor.x, state.lower, state.upper, state.size)
    reach = np.abs(steps)
    held = (anchor.x - state.lower <= reach) & (anchor.gradient > 0.0)
    held |= (state.upper - anchor.x <= reach) & (anchor.gradient < 0.0)
    return ~held, steps


def _no_minimum(state: Single) -> Single:
    reason = state.kept.reason if state.kept is not None else ""
    why = reason or "the largest number of iterations was reached"
    return replace(
        state,
        phase=Phase.DONE,
        ending=Ending.FAILED if reason else Ending.LIMIT,
        reason=f"{why}, but this is no minimum: a plateau, a valley to infinity or a wrong gradient{_tries(state)}",
    )


def _tries(state: Single) -> str:
    return f" ({state.attempt + 1} initial radii tried)" if state.attempt > 0 else ""
