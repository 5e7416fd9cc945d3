"""The loop over steps of a block of lanes: each lane chooses its own, and the block goes on until all have ended.

Values at the wanted times are written as soon as a step has passed them, so nothing of the steps is kept. Everything is
done lane by lane: what one lane does changes no bit of another.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from parametra.maths.ode_slope import Slope
from parametra.maths.ode_step import Trial, within

LANES = 8
"""Lanes that go side by side: one vector instruction of 64-bit numbers on most large processors."""

RUNNING, DONE, EXHAUSTED, TOO_SMALL, NOT_A_NUMBER = -1, 0, 1, 2, 3
STIFF_STEPS, CALM_STEPS = 15, 6
"""So many steps that stability holds short are no accident; so many others in a row end the count."""

SAFETY, SHRINK, GROW = 0.9, 0.2, 6.0
_EPSILON = 2.0**-52

COARSE = 1e-5
"""The relative error that a step may add to each tangent: states at rest tell nothing of how they would move."""

_FADED = 1e-3
"""Of its largest length: a tangent that is shorter is as exact as one of this length, and holds no step up."""

State = dict[str, Any]


@dataclass(frozen=True)
class Segment:
    """What is integrated in one block.

    Arguments:
        begin, end: (L,).
        p, dp: the parameters (P, L), and how they move (P, Q, L).
        times: (L, T + 1), sorted, infinity after the last.
        relative, absolute, share: tolerances: a number, (n, L), and what counts as well of the largest that each state
            has been, a number.
        most: steps at most.
        rest: a lane whose steps stability has held short is given up where so many of them are left.
        known: what of the slope depends on the parameters alone.
    """

    begin: Any
    end: Any
    p: Any
    dp: Any
    times: Any
    relative: Any
    absolute: Any
    share: Any
    most: Any
    rest: Any
    known: Any

    def _scale(self, before: Any, after: Any, largest: Any) -> Any:
        import jax.numpy as jnp

        now = jnp.maximum(jnp.abs(before), jnp.abs(after))
        own = self.share * jnp.maximum(now, largest)
        return jnp.maximum(self.absolute, own) + self.relative * now

    def size(self, error: Any, before: Any, after: Any, largest: Any) -> Any:
        """The root mean square (L,) of an error against the tolerances, for states that were as large as `largest`."""
        import jax.numpy as jnp

        scaled = error / self._scale(before, after, largest)
        total = scaled[0] * scaled[0]
        for row in scaled[1:]:
            total = total + row * row
        return jnp.sqrt(total * (1.0 / scaled.shape[0]))

    def lengths(self, tangents: Any, before: Any, after: Any, largest: Any) -> Any:
        """The length (Q, L) of each tangent (n, Q, L), its states measured by their tolerances."""
        import jax.numpy as jnp

        scaled = tangents / self._scale(before, after, largest)[:, None]
        return jnp.sqrt(jnp.mean(scaled * scaled, axis=0))

    def size_of_tangents(self, trial: Trial, before: Any) -> Any:
        """The largest error of a tangent, each measured as the states are."""
        import jax.numpy as jnp

        largest = jnp.maximum(jnp.abs(before), jnp.abs(trial.moved))
        scaled = trial.moved_error / (self.absolute[:, None] + self.relative * largest)
        return jnp.sqrt(jnp.max(jnp.mean(scaled * scaled, axis=0), axis=0))


@dataclass(frozen=True)
class Block:
    """The integration of a block of lanes, to be traced by JAX.

    Arguments:
        step: one step of a method.
        slope: what is integrated.
        directions: how many tangents, 0 for none.
        wanted: most times per lane at which values are wanted.
        control: whether the error of the tangents is held as small as that of the states; it is below `COARSE` anyway.
        kept: most accepted steps per lane that are written down, 0 for none.
    """

    step: Any
    slope: Slope
    directions: int
    wanted: int
    control: bool
    kept: int

    def run(self, segment: Segment, y: Any, dy: Any) -> State:
        """From the states (n, L) and their tangents (n, Q, L) at begin to arrays by name."""
        import jax
        import jax.numpy as jnp

        running = lambda state: jnp.any(state["fate"] == RUNNING)  # noqa: E731
        return jax.lax.while_loop(running, lambda state: self._next(segment, state), self._begun(segment, y, dy))

    def _begun(self, s: Segment, y: Any, dy: Any) -> State:
        """What the loop starts from."""
        import jax.numpy as jnp

        first = self.slope.at(s.begin, y, s.p, s.known).slope()
        there = jnp.isfinite(jnp.sum(first, axis=0)) & jnp.isfinite(jnp.sum(y, axis=0))
        width = self.slope.states * (1 + self.directions)
        none = jnp.zeros(LANES, dtype=int)
        return {
            "t": s.begin,
            "y": y,
            "dy": dy,
            "h": self._first_step(s, y, first),
            "left": self.step.begun(s.begin, y, s.p, s.known, (dy, s.dp) if self.directions else None),
            "was_refused": none > 0,
            "fate": jnp.where(s.end > s.begin, jnp.where(there, RUNNING, NOT_A_NUMBER), DONE),
            "steps": none,
            "refused": none,
            "short": none,
            "calm": none,
            "out": jnp.full((LANES, self.wanted + 1, width), jnp.nan),
            "written": jnp.zeros((LANES, self.kept + 1 if self.kept else 0, self.slope.states + 2)),
            "time": s.times[:, 0],
            "place": none,
            "longest": self._natural(s, y, dy),
            "largest": jnp.abs(y),
        }

    def _natural(self, s: Segment, y: Any, dy: Any) -> Any:
        """The length (Q, L) of tangents by which states change as much as what moves them, in shares of themselves.

        A tangent that begins at nothing, and grows with a power of time, is never exact in shares of itself.
        """
        import jax.numpy as jnp

        share: Any = 0.0
        for moved, of in ((dy, y), (s.dp, s.p)):
            if of.shape[0]:
                size = jnp.where(of == 0.0, 1.0, jnp.abs(of))[:, None]
                share = jnp.maximum(share, jnp.max(jnp.abs(moved) / size, axis=0))
        return jnp.maximum(s.lengths(dy, y, y, jnp.abs(y)), share / s.relative)

    def _first_step(self, s: Segment, y: Any, first: Any) -> Any:
        """A first step from the size of the slope and of its change.

        Source: Hairer, Norsett and Wanner (1993), Solving ordinary differential equations I, section II.4.
        """
        import jax.numpy as jnp

        size = lambda of: s.size(of, y, y, jnp.abs(y))  # noqa: E731
        of_states, of_slope, span = size(y), size(first), s.end - s.begin
        tiny = (of_states < 1e-5) | (of_slope < 1e-5)
        guess = jnp.minimum(jnp.where(tiny, 1e-6, 0.01 * of_states / jnp.where(tiny, 1.0, of_slope)), span)
        there = self.slope.at(s.begin + guess, y + guess * first, s.p, s.known).slope()
        bend = size(there - first) / jnp.where(guess > 0.0, guess, 1.0)
        largest = jnp.maximum(of_slope, bend)
        flat = (largest <= 1e-15) | ~jnp.isfinite(largest)
        curved = (0.01 / jnp.where(flat, 1.0, largest)) ** (1.0 / self.step.order)
        other = jnp.where(flat, jnp.maximum(1e-6, guess * 1e-3), curved)
        found = jnp.minimum(jnp.minimum(100.0 * guess, other), span)
        return jnp.where(found > 0.0, found, 1e-6)

    def _next(self, s: Segment, state: State) -> State:
        """One step of every lane that still runs."""
        import jax
        import jax.numpy as jnp

        t, y, dy, h = state["t"], state["y"], state["dy"], state["h"]
        active = state["fate"] == RUNNING
        last = h >= s.end - t
        tried = jnp.where(active, jnp.where(last, s.end - t, h), 1.0)
        moved = (dy, s.dp) if self.directions else None
        trial = self.step(t, y, tried, s.p, s.known, moved, state["left"])
        error, finite, longest = self._judged(s, trial, state)
        good = finite & trial.trusted
        accepted = active & good & (error <= 1.0)
        after = jnp.where(last, s.end, t + tried)
        # the logarithm of an error of nothing, and the power of one that is no number, are not needed
        factor = SAFETY * jnp.exp(jnp.log(jnp.maximum(error, 1e-12)) * (-1.0 / self.step.order))
        highest = jnp.where(state["was_refused"], 1.0, GROW)
        longer = jnp.where(active, tried * jnp.where(good, jnp.clip(factor, SHRINK, highest), SHRINK), h)
        steps = state["steps"] + jnp.where(accepted, 1, 0)
        refused = state["refused"] + jnp.where(active & ~accepted, 1, 0)
        short, calm = self._held_short(s, trial, tried, active, state)
        goes_on = active & ~(accepted & last)
        fate = jnp.where(accepted & last, DONE, state["fate"])
        hopeless = (short >= STIFF_STEPS) & (s.end - after > s.rest * tried)
        fate = jnp.where(goes_on & ((steps + refused >= s.most) | hopeless), EXHAUSTED, fate)
        small = goes_on & (longer <= 4.0 * _EPSILON * jnp.abs(t) + 1e-30 * (s.end - s.begin))
        fate = jnp.where(small, jnp.where(finite, TOO_SMALL, NOT_A_NUMBER), fate)
        return self._emitted(s, state, trial, tried, after, accepted) | {
            "t": jnp.where(accepted, after, t),
            "y": jnp.where(accepted, trial.ends, y),
            "dy": jnp.where(accepted, trial.moved, dy) if self.directions else dy,
            "h": longer,
            "left": jax.tree.map(lambda a, b: jnp.where(accepted, a, b), trial.left, state["left"]),
            "was_refused": active & ~accepted,
            "fate": fate,
            "steps": steps,
            "refused": refused,
            "short": short,
            "calm": calm,
            "written": self._written(state, tried, active),
            "longest": jnp.where(accepted, longest, state["longest"]),
            "largest": jnp.where(accepted, jnp.maximum(state["largest"], jnp.abs(trial.ends)), state["largest"]),
        }

    def _held_short(self, s: Segment, trial: Trial, h: Any, active: Any, state: State) -> tuple[Any, Any]:
        """How many steps (L,) stability has held short, and how many in a row it has not, which ends the count.

        Source: Hairer and Wanner (1996), Solving ordinary differential equations II, section IV.2.
        """
        import jax.numpy as jnp

        if trial.apart is None:
            return state["short"], state["calm"]
        slopes, states = trial.apart
        seen = (trial.ends, trial.ends, state["largest"])
        moved = s.size(states, *seen)
        faster = h * s.size(slopes, *seen)
        # steps swing about the limit, and those beyond it may all be refused: they count, too. What else moves makes
        # the ratio smaller than the limit; where two stages differ by next to nothing, rounding is what is seen
        limit = 0.5 * self.step.stable
        held = (faster > limit * moved) & (moved > 1e-3)
        if trial.moved_apart is not None:  # states at rest tell nothing of how tangents move
            slopes, states = trial.moved_apart
            moved = s.lengths(states, *seen)
            faster = h * s.lengths(slopes, *seen)
            held = held | jnp.any((faster > limit * moved) & (moved > 1e-3 * COARSE * state["longest"]), axis=0)
        held = active & held
        calm = jnp.where(held, 0, state["calm"] + 1)
        return jnp.where(calm >= CALM_STEPS, 0, jnp.where(held, state["short"] + 1, state["short"])), calm

    def _judged(self, s: Segment, trial: Trial, state: State) -> tuple[Any, Any, Any]:
        """The error (L,) of a step, which may be up to 1, where it is made of numbers, and how long tangents became."""
        import jax.numpy as jnp

        y, dy, longest = state["y"], state["dy"], state["longest"]
        seen = (y, trial.ends, state["largest"])
        error = s.size(trial.error, *seen)
        if trial.second is not None:
            second = s.size(trial.second, *seen)
            both = jnp.sqrt(error * error + 0.01 * second * second)
            error = jnp.where(both == 0.0, 0.0, error * error / jnp.where(both == 0.0, 1.0, both))
        finite = jnp.isfinite(jnp.sum(trial.ends, axis=0))
        if self.directions:
            finite = finite & jnp.isfinite(jnp.sum(trial.moved, axis=(0, 1)))
            longest = jnp.maximum(longest, s.lengths(trial.moved, *seen))
            now = jnp.maximum(s.lengths(dy, *seen), s.lengths(trial.moved, *seen))
            allowed = COARSE * jnp.maximum(now, _FADED * longest)
            wrong = s.lengths(trial.moved_error, *seen)
            # a direction that moves nothing has no error
            error = jnp.maximum(error, jnp.max(wrong / jnp.where(allowed > 0.0, allowed, 1.0), axis=0))
            error = jnp.maximum(error, s.size_of_tangents(trial, dy)) if self.control else error
        return error, finite & jnp.isfinite(error), longest

    def _emitted(self, s: Segment, state: State, trial: Trial, h: Any, after: Any, accepted: Any) -> State:
        """Write the values at the times that the accepted steps have passed."""
        import jax
        import jax.numpy as jnp

        lanes = jnp.arange(LANES)

        def due(inner: tuple[Any, ...]) -> Any:
            return jnp.any(accepted & (inner[1] <= after))

        def write(inner: tuple[Any, ...]) -> tuple[Any, ...]:
            out, time, place = inner
            now = accepted & (time <= after)
            shares = self.step.shares(jnp.where(now, (time - state["t"]) / h, 1.0))
            parts, moved_parts = trial.parts()
            rows = within(shares, parts)
            if self.directions:
                moved = within(shares, moved_parts)
                rows = jnp.concatenate([rows, moved.reshape(-1, LANES)])
            # a lane that has no value now writes behind its last one
            out = _put(out, rows.T, jnp.where(now, place, self.wanted))
            place = jnp.where(now, place + 1, place)
            return out, s.times[lanes, place], place

        out, time, place = jax.lax.while_loop(due, write, (state["out"], state["time"], state["place"]))
        return {"out": out, "time": time, "place": place}

    def _written(self, state: State, tried: Any, active: Any) -> Any:
        """Write down where the step begins and how long it is; one that is refused is written over by the next."""
        import jax.numpy as jnp

        if not self.kept:
            return state["written"]
        rows = jnp.concatenate([state["t"][None], tried[None], state["y"]]).T
        return _put(state["written"], rows, jnp.where(active, jnp.minimum(state["steps"], self.kept), self.kept))


def _put(array: Any, rows: Any, places: Any) -> Any:
    """The array (L, T, width) with a row of each lane at a place of its own."""
    import jax

    for lane in range(LANES):
        array = jax.lax.dynamic_update_slice(array, rows[lane][None, None, :], (lane, places[lane], 0))
    return array
