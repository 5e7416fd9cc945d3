"""Newton's method on the conditions of optimality of a constrained fit, made safe by the exact augmented Lagrangian."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from parametra.maths.arrays import Float
from parametra.methods.fit._lagrangian_lane import Lane, Phase, Rules, advance, begin
from parametra.methods.fit._lagrangian_point import Box
from parametra.nouns.asker import Answers, Ending, Request, Solutions, Want
from parametra.nouns.card import Ability, Card, Source
from parametra.nouns.limits import Limits
from parametra.nouns.method_settings import ZERO_TOO, Range, check_settings
from parametra.nouns.search_space import SearchSpace

SOLVERS = ("exact", "sketched")
_MET = 1e-6
"""Relative miss of a constraint up to which a start that has not ended counts as one that meets it."""


@dataclass(frozen=True)
class State:
    """The search, and one lane for each start."""

    box: Box
    rules: Rules
    want: Want
    lanes: tuple[Lane, ...]


class _NoLimits(Limits):
    """No constraints at all."""

    def values(self, points: np.ndarray) -> np.ndarray:
        return np.zeros((len(points), 0))

    def jacobian(self, points: np.ndarray) -> np.ndarray:
        return np.zeros((len(points), 0, points.shape[1]))


@dataclass(frozen=True)
class AugmentedLagrangian:
    """argmin cost(x) subject to lower <= c(x) <= upper and the bounds: sequential quadratic programs.

    Each step is Newton's on the conditions of Karush, Kuhn and Tucker, [H A'; A 0] [p; dm] = -[grad L; c], with the
    active inequalities and bounds found by a quadratic program; its length is chosen by a line search, in coordinates
    and multipliers together, on the exact augmented Lagrangian L + mu/2 |c|^2 + nu/2 |A grad L|^2, whose mu grows and
    whose nu shrinks until the step is one of descent. Near a solution full steps pass, and convergence is quadratic. H
    is J'J plus the curvature of the constraints while that does, differences of gradients where it does not. Where the
    linearised constraints cannot be met together, a step of the quadratic penalty is taken instead. A start ends
    converged when the gradient of the Lagrangian, what is missed of the constraints, and multiplier times distance are
    all below the tolerance, each relative to its size.

    With solver="sketched" the system is solved by random sketches to a relative accuracy that is sharpened as the
    solution comes near, for problems with hundreds of coordinates whose rows are alike.

    Arguments:
        solver: "exact" or "sketched".
        tolerance: of the conditions of optimality.
        acceptable: the same where rounding allows no further step.
        maximum_iterations: where a start gives up.
        differences_up_to: coordinates up to which the Hessian comes from differences of gradients; beyond, by BFGS.
        accuracy: of the first sketched solves.
        sharpening: power of the optimality by which they are sharpened, 0 for never: 1 is superlinear convergence.
        penalty, exactness: the first mu and nu, in units in which the cost's curvature and the rows' lengths are 1.

    Raises:
        MethodError: a setting that cannot be.

    Source: arXiv:2305.18379; the quadratic program: doi:10.1007/BF02591962; its merit function for inequalities:
        doi:10.1007/BF01395810.
    """

    card: ClassVar[Card] = Card(
        name="augmented_lagrangian",
        verb="fit",
        summary="Newton's method on the conditions of optimality, guarded by the exact augmented Lagrangian.",
        good_for="any fit whose parameters must meet constraints: equations, inequalities, bounds, of any curvature.",
        prefer_instead="`levenberg_marquardt` or `lbfgs` where there are only bounds, and the domain `Simplex` for "
        "weights that sum to one.",
        needs=frozenset({Ability.LIKELIHOOD, Ability.GRADIENT, Ability.CONTINUOUS}),
        honours=frozenset({"bounds", "robust losses", "priors", "constraints", "many starts side by side", "workers"}),
        cost="10 to 50 evaluations with gradient a start; d more for each step where J'J does not serve.",
        sources=(
            Source(
                "I. Hong, S. Na, M. W. Mahoney and M. Kolar",
                2023,
                "Constrained optimization via exact augmented Lagrangian and randomized iterative sketching",
                "arXiv:2305.18379",
            ),
            Source(
                "K. Schittkowski",
                1982,
                "The nonlinear programming method of Wilson, Han, and Powell with an augmented Lagrangian type line "
                "search function",
                "doi:10.1007/BF01395810",
            ),
            Source(
                "D. Goldfarb and A. Idnani",
                1983,
                "A numerically stable dual method for solving strictly convex quadratic programs",
                "doi:10.1007/BF02591962",
            ),
        ),
    )

    solver: str = "exact"
    tolerance: float = 1e-9
    acceptable: float = 1e-6
    maximum_iterations: int = 300
    differences_up_to: int = 40
    accuracy: float = 0.1
    sharpening: float = 1.0
    penalty: float = 1.0
    exactness: float = 0.1

    def __post_init__(self) -> None:
        ranges = {"sharpening": ZERO_TOO, "exactness": ZERO_TOO, "accuracy": Range(below=1.0)}
        check_settings(self, ranges, {"solver": SOLVERS})

    def start(self, space: SearchSpace, starts: Float[np.ndarray, "S d"]) -> State:
        """The state before anything was evaluated."""
        none = np.zeros(0)
        limits = space.limits or _NoLimits((), none, none, np.zeros(0, dtype=bool))
        box = Box(np.asarray(space.lower), np.asarray(space.upper), limits)
        rules = Rules(
            self.tolerance,
            self.acceptable,
            self.maximum_iterations,
            self.differences_up_to,
            self.solver == "sketched",
            self.accuracy,
            self.sharpening,
            space.seed,
            self.penalty,
            self.exactness,
        )
        want = Want.NORMAL if space.residuals else Want.GRADIENT
        return State(box, rules, want, tuple(begin(i, x, box, rules) for i, x in enumerate(starts)))

    def ask(self, state: State) -> Request:
        """The points to evaluate next: of every start that has not ended."""
        asked = [lane for lane in state.lanes if lane.phase is not Phase.DONE]
        points = np.concatenate([lane.asked for lane in asked])
        owners = np.concatenate([np.full(len(lane.asked), lane.index) for lane in asked])
        return Request(points, state.want, owners)

    def tell(self, state: State, answers: Answers) -> State:
        """The state after the answers."""
        lanes: list[Lane] = []
        first = 0
        for lane in state.lanes:
            if lane.phase is Phase.DONE:
                lanes.append(lane)
                continue
            mine = slice(first, first + len(lane.asked))
            first = mine.stop
            answer: dict[str, Any] = {
                k: None if (v := getattr(answers, k)) is None else v[mine] for k in ("cost", "ok", "gradient", "normal")
            }
            lanes.append(advance(lane, answer, state.box, state.rules))
        return replace(state, lanes=tuple(lanes))

    def halted(self, state: State) -> bool:
        """Whether every start has ended."""
        return all(lane.phase is Phase.DONE for lane in state.lanes)

    def fraction(self, state: State) -> float:
        """How many of the starts have ended."""
        return sum(lane.phase is Phase.DONE for lane in state.lanes) / max(len(state.lanes), 1)

    def solutions(self, state: State) -> Solutions:
        """Where every start is by now; one that does not meet the constraints has no cost."""
        points, cost = [], []
        for lane in state.lanes:
            points.append(lane.asked[0] if lane.point is None else lane.point.x)
            meets = lane.point is not None and _missed(lane, state.box) <= _MET
            cost.append(lane.point.cost if meets and lane.point is not None else np.inf)
        endings = tuple(lane.ending for lane in state.lanes)
        order = [value if e is Ending.CONVERGED else np.inf for value, e in zip(cost, endings, strict=True)]
        ranked = order if np.isfinite(order).any() else cost
        best = int(np.argmin(ranked)) if np.isfinite(ranked).any() else -1
        iterations = np.array([lane.iterations for lane in state.lanes], dtype=np.int64)
        message = state.lanes[best].reason if best >= 0 else _nearest(state)
        message = message or "the run ended while it was on its way"
        return Solutions(np.stack(points), np.array(cost), endings, iterations, best, message)


def _missed(lane: Lane, box: Box) -> float:
    """The largest relative miss of a constraint at a lane's point."""
    point = lane.point
    if point is None:
        return np.inf
    sizes = box.limits.sizes(point.x, point.values, point.slopes)
    return float(np.max(box.limits.missed(point.values) / sizes, initial=0.0))


def _nearest(state: State) -> str:
    """Which constraint the start that came nearest misses, and by how much."""
    reached = [lane for lane in state.lanes if lane.point is not None]
    if not reached:
        return "no start could be evaluated"
    nearest = min(reached, key=lambda lane: _missed(lane, state.box))
    if nearest.point is None:
        return "no start could be evaluated"
    gaps = state.box.limits.missed(nearest.point.values)
    worst = int(np.argmax(gaps))
    return f"no start met the constraints; the nearest misses {state.box.limits.names[worst]} by {gaps[worst]:.3g}"


METHOD = AugmentedLagrangian
