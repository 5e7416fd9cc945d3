"""Lanes of an ODE from their begin to their last time: first values, segments between events, doses, steady states.

At an event at time tau(p) the state goes from y- to y+ = g(y-, p, tau). With S = dy/dp at fixed time and f the slope,

    S+ = g_y (S- + f- tau') + g_p + g_t tau' - f+ tau'

and the same with g the first values holds at the begin. A condition that changes at tau is an event with g(y) = y.
Source: Rozenvasser 1967, General sensitivity equations of discontinuous systems.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from parametra.maths.arrays import Float
from parametra.nouns._ode_choice import solver_for
from parametra.nouns._ode_record import Begun, Happened, Record, Stood, Stretch, integrated
from parametra.nouns._ode_sheet import Sheet, Tangents
from parametra.nouns._ode_sizes import Sizes
from parametra.nouns._ode_slopes import Slopes
from parametra.nouns._ode_solver import FAILED, FATES, NOT_A_NUMBER, Segment, Tolerances
from parametra.nouns._ode_statement import Statement, number_of
from parametra.nouns._ode_times import Clock, Timetable
from parametra.nouns.errors import ModelError
from parametra.nouns.evaluation import EvaluationFailed

_NO_BEGIN = "the time at which the ODE begins is NaN or infinite"
_NO_TIME = "the time of an event is NaN"
_EARLY = "a time of the data lies before the ODE begins"
_NEAR = 1e-3


@dataclass(frozen=True, eq=False)
class Lanes:
    """What is known of B lanes before anything is integrated.

    Arguments:
        values: parameters and inputs by name, (B,) or (elements, B).
        tangents: their derivatives by direction.
        directions: how many directions there are; 0 wants no derivatives.
        times: (T, B) sorted times at which states are wanted, infinite where there is none.
        steady: whether the steady state behind all events is wanted too.
    """

    values: dict[str, np.ndarray]
    tangents: Tangents
    directions: int
    times: Float[np.ndarray, "T B"]
    steady: bool

    @property
    def count(self) -> int:
        """B."""
        return self.times.shape[1]


@dataclass(eq=False)
class Course:
    """What the lanes came to.

    Arguments:
        values: states at the times; last, where it is wanted, the steady state.
        tangents: their derivatives.
        failed: why each lane has no values, "" where it has.
    """

    values: Float[np.ndarray, "T n B"]
    tangents: Float[np.ndarray, "T n Q B"]
    failed: np.ndarray


@dataclass(eq=False)
class _State:
    """Where lanes stand: states, their derivatives at fixed time, and the time."""

    y: np.ndarray
    dy: np.ndarray
    time: np.ndarray


def _early(statement: Statement, times: np.ndarray) -> str:
    """Why there is nothing before the begin, with numbers where the begin is one: reasons are the same for all."""
    begin = number_of(statement.begin)
    if begin is None:
        return _EARLY
    first = f"{times.min(initial=np.inf):.10g}"
    return f"a time of the data, {first}, lies before the ODE begins, at {begin:.10g}: state begin={first} or earlier"


class Runner:
    """Runs lanes of one ODE.

    Arguments:
        statement: the ODE.
        widths: parameters and inputs that it depends on, with their numbers of elements.
        tolerances, wish: as for `solver_for`.
    """

    def __init__(
        self, statement: Statement, widths: tuple[tuple[str, int], ...], tolerances: Tolerances, wish: str
    ) -> None:
        self.statement = statement
        needed = statement.slopes.names
        self.slopes = Slopes(statement, tuple((name, width) for name, width in widths if name in needed))
        self.tolerances, self.wish = tolerances, wish

    def run(self, lanes: Lanes, record: Record | None = None) -> Course:
        """Integrate all lanes, and write down what happened."""
        with np.errstate(all="ignore"):
            return _Run(self, lanes, record).course()


class _Run:
    """One run of some lanes; a lane that fails stays where it is and is integrated no more."""

    def __init__(self, runner: Runner, lanes: Lanes, record: Record | None) -> None:
        self.runner, self.lanes, self._record = runner, lanes, record
        self.statement, self.slopes = runner.statement, runner.slopes
        self.n, self.q, self.b = self.slopes.n, lanes.directions, lanes.count
        self.failed = np.full(self.b, "", dtype=object)
        rows = lanes.times.shape[0] + lanes.steady
        self.sizes = Sizes(self.n, self.b)
        self.values = np.full((rows, self.n, self.b), np.nan)
        self.tangents = np.full((rows, self.n, self.q, self.b), np.nan)

    def course(self) -> Course:
        """The whole of it."""
        times = self.lanes.times
        clock = Clock(self.statement, self.lanes.values, self.lanes.tangents, self.q, self.b)
        begin, begin_moved = clock.time(self.statement.begin)
        self._fail(~np.isfinite(begin), _NO_BEGIN)
        self._fail(np.any(times < begin, axis=0), _early(self.statement, times))
        table = clock.timetable(begin)
        self._fail(table.unknown, _NO_TIME)
        when, conditions = table.when, clock.conditions(begin, table.when)
        state = self._first(begin, begin_moved, conditions[0])
        self._write(Begun(begin, state.y.copy(), conditions[0]))
        last_conditions = conditions[0]
        last = np.where(np.isfinite(times), times, -np.inf).max(axis=0, initial=-np.inf)
        for number in range(len(when) + 1):
            event = when[number] if number < len(when) else np.full(self.b, np.inf)
            end = np.where(self.lanes.steady & np.isfinite(event), event, np.maximum(last, state.time))
            self._segment(state, np.minimum(end, event), event, conditions[number])
            here = np.isfinite(event) & (self.failed == "") & (self.lanes.steady | (event <= last))
            if not here.any():  # in its own order, all that follows is later still
                break
            self._events(state, here, table, number, conditions[number], conditions[number + 1])
            last_conditions = np.where(here, conditions[number + 1], last_conditions)
        if self.lanes.steady:
            self._settled(state, last_conditions)
        lost = ~np.isfinite(np.where(self._wanted(), self.values, 0.0))
        self._fail(np.any(lost, axis=(0, 1)), FATES[NOT_A_NUMBER])
        self.values[:, :, self.failed != ""] = np.nan
        return Course(self.values, self.tangents, self.failed)

    def _wanted(self) -> np.ndarray:
        """Which values there are to be, (T, 1, B)."""
        wanted = np.isfinite(self.lanes.times)[:, None, :]
        return np.concatenate([wanted, np.ones((1, 1, self.b), dtype=bool)]) if self.lanes.steady else wanted

    def _write(self, what: Begun | Stood | Stretch | Happened) -> None:
        if self._record is not None:
            self._record.append(what)

    def _fail(self, which: np.ndarray, reason: str) -> None:
        self.failed[which & (self.failed == "")] = reason

    # ---- the begin

    def _first(self, begin: np.ndarray, begin_moved: np.ndarray, conditions: np.ndarray) -> _State:
        values, tangents = dict(self.lanes.values), dict(self.lanes.tangents)
        settle = self.statement.settle
        if settle is not None:
            names = self.statement.settled
            if self.q:
                replaced, slopes = settle.with_tangents(values, tangents, (self.b,))
                tangents |= dict(zip(names, slopes, strict=True))
            else:
                replaced = settle.values(values, (self.b,))
            values |= dict(zip(names, replaced, strict=True))
        time = self.statement.time
        given = {**values, time: begin}
        at = {**tangents, time: {q: begin_moved[q] for q in range(self.q)}}
        y, dy = self._values(self.statement.initial, given, at)
        state = _State(y, dy, begin.copy())
        self._fail(np.any(~np.isfinite(y), axis=0), "a first value is NaN or infinite")
        self._look(state, conditions)
        if settle is not None:
            held = replace(self.slopes, held=True)
            self._to_steady(state, held, values, tangents, begin_moved, conditions)
        if begin_moved.any():
            go = np.flatnonzero(self.failed == "")
            state.dy[:, :, go] -= self._slope(state.y, begin, conditions, go)[:, None] * begin_moved[None][:, :, go]
        return state

    def _look(self, state: _State, conditions: np.ndarray) -> None:
        """Let a person's function be looked at, at a lane that it can be called for."""
        function = self.slopes.statement.slopes.function
        if function is None:
            return
        for lane in np.flatnonzero(self.failed == ""):
            try:
                self._slope(state.y, state.time, conditions, np.array([lane]))
            except EvaluationFailed as error:
                self.failed[lane] = error.reason
                continue
            break
        if self.q and (self.failed == "").any() and not function.traceable:
            raise ModelError(f"{function.what} cannot be differentiated: JAX cannot trace it.")

    def _values(self, sheet: Sheet, given: dict[str, Any], tangents: Tangents) -> tuple[np.ndarray, np.ndarray]:
        """Results (n, B) and their derivatives (n, Q, B)."""
        lanes = np.shape(given[self.statement.time])
        if not self.q:
            found = sheet.values(given, lanes)
            return np.stack(found), np.zeros((len(found), 0, *lanes))
        found, slopes = sheet.with_tangents(given, tangents, lanes)
        moved = np.zeros((len(found), self.q, *lanes))
        for i, by_direction in enumerate(slopes):
            for q, slope in by_direction.items():
                moved[i, q] = slope
        return np.stack(found), moved

    def _slope(self, y: np.ndarray, time: np.ndarray, conditions: np.ndarray, which: np.ndarray) -> np.ndarray:
        """Slopes in some of the lanes."""
        p = self.slopes.numbers(self.lanes.values, conditions, None, self.b)[:, which]
        return self.slopes.values(time[which], y[:, which], p)

    # ---- segments

    def _segment(self, state: _State, end: np.ndarray, next_event: np.ndarray, conditions: np.ndarray) -> None:
        """Integrate every lane to `end`, and write down what is wanted before the next event."""
        times = self.lanes.times
        alive = self.failed == ""
        now = (times == state.time) & (times < next_event) & alive
        if now.any():
            self._write(Stood(now))
        for row in np.flatnonzero(now.any(axis=1)):
            self.values[row][:, now[row]] = state.y[:, now[row]]
            self.tangents[row][:, :, now[row]] = state.dy[:, :, now[row]]
        go = np.flatnonzero((end > state.time) & alive)
        if not go.size:
            return
        here = (times > state.time) & (times <= end) & (times < next_event)
        asked = np.sort(np.where(here, times, np.inf), axis=0)[:, go]
        p = self.slopes.numbers(self.lanes.values, conditions, None, self.b)[:, go]
        dp = self.slopes.tangents(self.lanes.tangents, None, self.q, self.b)[:, :, go] if self.q else None
        dy = state.dy[:, :, go] if self.q else None
        solver = solver_for(self.slopes, self.runner.tolerances, self.runner.wish)
        segment = Segment(state.time[go], end[go], state.y[:, go], p, asked, dy, dp, self._sizes(state, end, p, go))
        if self._record is None:
            found = solver.integrate(segment)
        else:
            found, again = integrated(solver, segment)
            self._write(Stretch(go, here, segment, again))
        self._note(go, found.fates, found.raised)
        state.y[:, go], state.time[go] = found.end, end[go]
        for column, lane in enumerate(go):
            rows = np.flatnonzero(here[:, lane])
            self.values[rows, :, lane] = found.values[: len(rows), :, column]
            if found.tangents is not None:
                self.tangents[rows, :, :, lane] = found.tangents[: len(rows), :, :, column]
        if found.end_tangents is not None:
            state.dy[:, :, go] = found.end_tangents

    def _sizes(self, state: _State, end: np.ndarray, p: np.ndarray, go: np.ndarray) -> np.ndarray | None:
        """How large the states are in the lanes `go`, from here to `end`; None where a tolerance is stated."""
        if self.runner.tolerances.absolute is not None:
            return None
        self.sizes.see(go, state.y[:, go])

        def slope(time: np.ndarray) -> np.ndarray:
            try:
                return self.slopes.values(time, state.y[:, go], p)
            except EvaluationFailed:  # the integration will tell
                return np.full((self.n, go.size), np.nan)

        return self.sizes.of(go, slope, (state.time, end))

    def _note(self, lanes: np.ndarray, fates: np.ndarray, raised: Counter[str]) -> None:
        for fate, reason in FATES.items():
            which = np.zeros(self.b, dtype=bool)
            which[lanes] = fates == fate
            said = next(iter(raised), reason) if fate == FAILED else reason
            self._fail(which, said.replace("{steps}", str(self.runner.tolerances.most_steps)))

    def _events(
        self,
        state: _State,
        here: np.ndarray,
        table: Timetable,
        number: int,
        before: np.ndarray,
        after: np.ndarray,
    ) -> None:
        """Let happen what happens now in each of the lanes `here`."""
        slot, moved, left = table.what[number], table.moved[number], state.y.copy()
        shifted = bool(self.q and moved[:, here].any())
        if shifted:
            slope = self._slope(state.y, state.time, before, here)
            state.dy[:, :, here] += slope[:, None] * moved[None][:, :, here]
        for what in np.unique(slot[here]):
            if what < 0:
                continue
            which = here & (slot == what)
            change = self.statement.slots[what]
            given = {name: value[..., which] for name, value in self.lanes.values.items()}
            given |= {name: state.y[i, which] for i, name in enumerate(self.statement.states)}
            given[self.statement.time] = state.time[which]
            tangents: Tangents = {
                name: {q: np.broadcast_to(t, (*value.shape[:-1], self.b))[..., which] for q, t in each.items()}
                for name, value in self.lanes.values.items()
                for each in [self.lanes.tangents.get(name, {})]
            }
            for i, name in enumerate(self.statement.states):
                tangents[name] = {q: state.dy[i, q, which] for q in range(self.q)}
            tangents[self.statement.time] = {q: moved[q, which] for q in range(self.q)}
            y, dy = self._values(change.change, given, tangents)
            rows = np.array(change.states)
            state.y[np.ix_(rows, which)] = y
            if self.q:
                state.dy[rows[:, None, None], np.arange(self.q)[None, :, None], np.flatnonzero(which)] = dy
        if shifted:
            slope = self._slope(state.y, state.time, after, here)
            state.dy[:, :, here] -= slope[:, None] * moved[None][:, :, here]
        self._write(Happened(here, slot, state.time.copy(), left, state.y.copy(), before, after))

    # ---- steady states

    def _settled(self, state: _State, conditions: np.ndarray) -> None:
        """The steady state behind all events, in the last row."""
        held = replace(self.slopes, held=True)
        still = np.zeros((self.q, self.b))
        self._to_steady(state, held, self.lanes.values, self.lanes.tangents, still, conditions)
        go = np.flatnonzero(self.failed == "")
        later = state.time + 1e3 * np.maximum(1.0, np.abs(state.time))
        now = self._slope(state.y, state.time, conditions, go)
        moves = np.abs(self._slope(state.y, later, conditions, go) - now)
        runs = np.zeros(self.b, dtype=bool)
        runs[go] = (moves > 10.0 * (np.abs(now) + self.runner.tolerances.relative * np.abs(state.y[:, go]))).any(axis=0)
        self._fail(runs, "there is no steady state: the slopes go on to depend on time")
        self.values[-1], self.tangents[-1] = state.y, state.dy

    def _to_steady(
        self,
        state: _State,
        held: Slopes,
        values: dict[str, np.ndarray],
        tangents: Tangents,
        time_moved: np.ndarray,
        conditions: np.ndarray,
    ) -> None:
        go = np.flatnonzero(self.failed == "")
        if not go.size:
            return
        p = held.numbers(values, conditions, state.time, self.b)[:, go]
        dp = held.tangents(tangents, time_moved, self.q, self.b)[:, :, go] if self.q else None
        dy = state.dy[:, :, go] if self.q else None
        solver = solver_for(held, self.runner.tolerances, self.runner.wish)
        start, nothing = state.time[go], np.full((0, go.size), np.inf)
        size = self._sizes(state, state.time, p, go)
        # a rest is only come near to, and Newton's method takes the last digits: sizes need not be exact
        size = None if size is None else np.maximum(size, _NEAR * size.max(axis=0, initial=0.0))
        found = solver.settle(Segment(start, start, state.y[:, go], p, nothing, dy, dp, size))
        self._note(go, found.fates, found.raised)
        state.y[:, go] = found.end
        self.sizes.see(go, state.y[:, go], computed=True)
        if found.end_tangents is not None:
            state.dy[:, :, go] = found.end_tangents
