"""The walk along rays: all rays side by side, each a predictor and a corrector in one step.

At a point z with cost c, gradient g and curvature H (J'J or the expected information) let f be the coordinates that
follow. Their minimum is z_f - H_ff^-1 g_f, the cost there c - 1/2 g_f' H_ff^-1 g_f, and along the ray the profile has
the slope g_w - H_wf H_ff^-1 g_f and the curvature H_ww - H_wf H_ff^-1 H_fw, with w the direction of the ray. One step
corrects the followers and goes on to where this parabola meets the threshold: the joint iteration of Venzon and
Moolgavkar (1988, doi:10.2307/2347496), which needs three or four evaluations where the profile is nearly a parabola. A
point that strays from the profile is brought back with damping (Levenberg and Marquardt) or taken back; where the
profile is flat, steps grow until the end of the reach. The slope is exact wherever the followers are at their minimum,
whatever H is, so that crossings are met to rounding.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from parametra.methods.identify._rays import End, Rays, Walked
from parametra.methods.identify._walk_local import Local, local
from parametra.nouns.asker import Answers, Request, Want

ON = 1e-3
"""What is left to the followers' minimum, in thresholds, at which a point counts as on the profile."""

MET = 1e-6
"""How well a crossing meets the threshold."""

_NEARLY = 4e-3
"""Thresholds between a point and the crossing from which that is known to 1e-5 of the way without another look."""

_STRAYED = 3.0
_LOWER = 1e-2
_MOST_CORRECTIONS = 200
_MOST_POINTS = 200
_MOST_ASKED = 400
_MOST_BACK = 12
_WITHIN = 0.02
"""How narrow a bracket around a crossing must be, as a share of the way, to stand for it where no more can be had."""

_AT_REST = 6
"""Corrections in a row that change hardly anything: the followers are at their minimum, whatever a curvature promises
that vanishes there."""

_FALLS = 1e-3
_JUMP = 1e-6
"""A bracket of a crossing as narrow as this share of the way is the crossing."""
_STRETCH = 2.2
"""The longest first step in standard errors: past the crossing of a parabola, not past a valley beside it."""


@dataclass
class _State:
    """Where each ray stands. `good` is the last point on the profile."""

    t: np.ndarray
    z: np.ndarray
    good_t: np.ndarray
    good_z: np.ndarray
    good_rise: np.ndarray
    good_tangent: np.ndarray
    over: np.ndarray
    stretch: np.ndarray
    damping: np.ndarray
    before: np.ndarray
    before_z: np.ndarray
    corrections: np.ndarray
    stalled: np.ndarray
    asked: np.ndarray
    back: np.ndarray
    unit: np.ndarray
    ends: np.ndarray
    drag: np.ndarray
    paths: list[list[np.ndarray]] = field(default_factory=list)
    slopes: list[list[float]] = field(default_factory=list)
    evaluations: int = 0


class Walk:
    """Walks rays to their crossings: `ask` what to evaluate, `tell` what came, until `halted`; then `walked`.

    Arguments:
        rays: where to walk.
        begin: (t, points) where to begin instead of the origin; the points need not be on the profile.
        straight: the ends of the reach are what is asked about, and are gone to at once where no step is too long.
    """

    def __init__(
        self, rays: Rays, begin: tuple[np.ndarray, np.ndarray] | None = None, *, straight: bool = False
    ) -> None:
        self.rays = rays
        self._share = 1.0 if straight else 0.25
        n, d = rays.origin.shape
        t = np.zeros(n) if begin is None else begin[0].copy()
        z = rays.origin.copy() if begin is None else begin[1].copy()
        nan, zeros = np.full(n, np.nan), np.zeros(n)
        self._s = _State(
            t=t,
            z=z,
            good_t=nan.copy(),
            good_z=z.copy(),
            good_rise=nan.copy(),
            good_tangent=np.zeros((n, d)),
            over=np.full(n, np.inf),
            stretch=np.full(n, _STRETCH),
            damping=zeros.copy(),
            before=np.full(n, np.inf),
            before_z=z.copy(),
            corrections=np.zeros(n, dtype=np.int64),
            stalled=np.zeros(n, dtype=np.int64),
            asked=np.zeros(n, dtype=np.int64),
            back=np.zeros(n, dtype=np.int64),
            unit=nan.copy(),
            ends=np.zeros(n, dtype=np.int64),
            drag=np.zeros((n, d)),
            paths=[[] for _ in range(n)],
            slopes=[[] for _ in range(n)],
        )
        self._asked = np.arange(n)
        self._same: np.ndarray | None = None
        # all rays of a replicate begin at its estimate, which is one point
        self._once = begin is None and n > 1

    @property
    def halted(self) -> bool:
        """Whether every ray has ended."""
        return not np.any(self._s.ends == End.WALKING)

    @property
    def fraction(self) -> float:
        """The share of the rays that have ended."""
        return np.count_nonzero(self._s.ends) / max(self.rays.count, 1)

    def ask(self) -> Request:
        """The points to evaluate, those of the rays that still walk."""
        self._asked = np.flatnonzero(self._s.ends == End.WALKING)
        asked, self._same = self._asked, None
        if self._once and asked.size:
            _, first, self._same = np.unique(self.rays.replicate[asked], return_index=True, return_inverse=True)
            asked = asked[first]
        self._once = False
        self._s.evaluations += len(asked)
        return Request(self._s.z[asked], Want.NORMAL, self.rays.replicate[asked])

    def tell(self, answers: Answers) -> None:
        """Take the answers to the last request, and move on."""
        k, s = self._asked, self._s
        gradient, normal, cost, ok = answers.gradient, answers.normal, answers.cost, answers.ok
        if gradient is None or normal is None:
            raise RuntimeError("normal equations were asked for, and came without")  # a fault of the evaluator
        if self._same is not None:
            gradient, normal, cost, ok = (part[self._same] for part in (gradient, normal, cost, ok))
        ok = ok & np.isfinite(gradient).all(axis=1) & np.isfinite(normal).all(axis=(1, 2))
        self._after_failure(k[~ok])
        k = k[ok]
        if not k.size:
            return
        found = (cost[ok], gradient[ok], normal[ok])
        here = local(self.rays, k, s.z[k], found, s.damping[k], s.corrections[k])
        first = np.isnan(s.unit[k])
        with np.errstate(divide="ignore"):
            s.unit[k[first]] = np.sqrt(2 * self.rays.half[k[first]] / np.maximum(here.curve[first], 0.0))
        usual = self.rays.half[k] * self.rays.quantile
        hardly = np.abs(s.before[k] - here.cost) <= 0.01 * ON * usual
        s.stalled[k] = np.where(hardly, s.stalled[k] + 1, 0)
        here = here.at_rest(s.stalled[k] >= _AT_REST, self.rays.cost[k])
        left = here.decrement / usual
        on = left <= ON
        strayed = ~on & (s.corrections[k] == 0) & (left > _STRAYED) & np.isfinite(s.good_t[k]) & (s.t[k] > s.good_t[k])
        strayed &= s.back[k] < _MOST_BACK
        s.asked[k] += 1
        spent = ~on & (s.asked[k] > _MOST_ASKED)
        s.back[k[spent]] = _MOST_BACK
        strayed |= spent & np.isfinite(s.good_t[k])
        self._correct(k, ~on & ~strayed, here)
        self._take_back(k[strayed], End.LOST)
        self._go_on(k, on, here)

    def walked(self) -> Walked:
        """What is known."""
        s = self._s
        order = [np.argsort([p[0] for p in path], kind="stable") if path else np.empty(0, int) for path in s.paths]
        width = 2 + self.rays.origin.shape[1]
        paths = tuple(np.array(p)[o] if p else np.empty((0, width)) for p, o in zip(s.paths, order, strict=True))
        slopes = tuple(np.array(p)[o] if p else np.empty(0) for p, o in zip(s.slopes, order, strict=True))
        known = np.isfinite(s.good_t)
        return Walked(
            tuple(End(int(e)) for e in s.ends),
            np.where(known, s.good_t, 0.0),
            s.good_z.copy(),
            s.good_rise.copy(),
            paths,
            slopes,
            s.drag.copy(),
            np.where(np.isnan(s.unit), np.inf, s.unit),
            s.evaluations,
        )

    # ---- what to do next

    def _after_failure(self, k: np.ndarray) -> None:
        """The model failed: half the way back, and a wall where that does not help."""
        s = self._s
        lost = ~np.isfinite(s.good_t[k])
        s.ends[k[lost]] = End.LOST
        k = k[~lost]
        self._take_back(k, End.WALL)

    def _take_back(self, k: np.ndarray, end: End) -> None:
        """To a third of the way; after too many of these the ray ends, at its crossing where that is known by then."""
        s = self._s
        s.back[k] += 1
        over = k[s.back[k] > _MOST_BACK]
        within = np.isfinite(s.over[over]) & (s.over[over] - s.good_t[over] <= _WITHIN * s.over[over])
        s.ends[over] = np.where(within, End.CROSSED, end)
        s.stretch[k] = np.maximum(0.5 * s.stretch[k], 1.0)
        self._back_to(k, s.good_t[k] + (s.t[k] - s.good_t[k]) / 3)

    def _correct(self, k: np.ndarray, which: np.ndarray, local: Local) -> None:
        """One damped step of the followers, the ray's own coordinate held; a step that went up is undone."""
        s, rays = self._s, self.rays
        if not which.any():
            return
        i, cost = k[which], local.cost[which]
        s.corrections[i] += 1
        up = cost > s.before[i]
        s.damping[i] = np.where(up, np.maximum(10 * s.damping[i], 1e-3), s.damping[i] / 10)
        s.damping[i] = np.where(s.damping[i] < 1e-6, 0.0, s.damping[i])
        keep = i[~up]
        s.before[keep], s.before_z[keep] = cost[~up], s.z[keep]
        s.z[keep] = np.clip(s.z[keep] + local.damped[which][~up], rays.lower, rays.upper)
        # half of the way to the last step that was too long
        s.z[i[up]] = 0.5 * (s.z[i[up]] + s.before_z[i[up]])
        given_up = i[s.corrections[i] > _MOST_CORRECTIONS]
        somewhere = np.isfinite(s.good_t[given_up])
        s.ends[given_up[~somewhere]] = End.LOST
        s.back[given_up] += 2  # each of these was dear
        self._take_back(given_up[somewhere], End.LOST)

    def _go_on(self, k: np.ndarray, on: np.ndarray, local: Local) -> None:
        s, rays = self._s, self.rays
        i = k[on]
        if not i.size:
            return
        rise, slope, curve = local.rise[on], local.slope[on], local.curve[on]
        usual = rays.half[i] * rays.quantile
        threshold = rays.half[i] * rays.threshold[i]
        at = np.clip(s.z[i] + local.down[on], rays.lower, rays.upper)
        for j, lane in enumerate(i):
            s.paths[lane].append(np.concatenate([[s.t[lane], rise[j]], at[j]]))
            s.slopes[lane].append(float(slope[j]))
        met = np.abs(rise - threshold) <= MET * usual
        over = rise > threshold
        below = ~over | ~np.isfinite(s.good_t[i])
        s.over[i] = np.where(over, np.minimum(s.over[i], s.t[i]), s.over[i])
        take = i[below | met]
        chosen = below | met
        s.good_t[take], s.good_z[take], s.good_rise[take] = s.t[take], at[chosen], rise[chosen]
        s.good_tangent[take] = local.tangent[on][chosen]
        s.drag[take] = local.drag[on][chosen]
        s.back[i] = 0
        s.stretch[i] = np.minimum(1.5 * s.stretch[i], 16.0)
        length = np.array([len(s.paths[lane]) for lane in i])
        done = met & (local.decrement[on] <= 1e-2 * ON * usual)
        s.ends[i[done]] = End.CROSSED
        near = ~done & (np.abs(rise - threshold) <= _NEARLY * usual) & (slope > 0)
        near &= local.decrement[on] <= _NEARLY**2 * usual
        s.drag[i[near]] = local.drag[on][near]
        self._cross(i[near], at[near], rise[near], slope[near], threshold[near], local.tangent[on][near])
        # a jump from one branch of the valley to another meets no threshold: its place does
        narrow = np.isfinite(s.over[i]) & (s.over[i] - s.good_t[i] <= _JUMP * s.over[i])
        s.ends[i[narrow & (s.ends[i] == End.WALKING)]] = End.CROSSED
        s.ends[i[(rise < -_LOWER * usual) & (s.ends[i] == End.WALKING)]] = End.LOWER
        s.ends[i[~over & (s.t[i] >= rays.reach[i]) & (s.ends[i] == End.WALKING)]] = End.OPEN
        s.ends[i[(length > _MOST_POINTS) & (s.ends[i] == End.WALKING)]] = End.LOST
        walking = s.ends[i] == End.WALKING
        j = i[walking]
        if not j.size:
            return
        t = s.t[j]
        tangent = local.tangent[on][walking]
        target = self._next(j, t, rise[walking], slope[walking], curve[walking], threshold[walking], tangent)
        # from the point that is there, whether below the crossing or above it
        self._place(j, target, at[walking] + (target - t)[:, None] * tangent)

    def _cross(
        self,
        k: np.ndarray,
        at: np.ndarray,
        rise: np.ndarray,
        slope: np.ndarray,
        threshold: np.ndarray,
        tangent: np.ndarray,
    ) -> None:
        """The crossing from a point beside it: the root of the rise is nearly straight, and its slope is known."""
        s, rays = self._s, self.rays
        step = 2 * np.sqrt(rise) * (np.sqrt(threshold) - np.sqrt(rise)) / slope
        t = np.clip(s.t[k] + step, 0.0, rays.reach[k])
        on_ray = rays.origin[k] + t[:, None] * rays.along[k]
        moved = np.clip(at + (t - s.t[k])[:, None] * tangent, rays.lower, rays.upper)
        s.good_t[k], s.good_z[k] = t, np.where(rays.held[k], on_ray, moved)
        s.good_rise[k] = threshold
        s.ends[k] = End.CROSSED

    def _next(
        self,
        k: np.ndarray,
        t: np.ndarray,
        rise: np.ndarray,
        slope: np.ndarray,
        curve: np.ndarray,
        threshold: np.ndarray,
        tangent: np.ndarray,
    ) -> np.ndarray:
        """Where the parabola at t meets the threshold, within what is known and within the longest step."""
        s, rays = self._s, self.rays
        with np.errstate(all="ignore"):
            # a parabola of the slope that is exact; its curvature from what lies behind, where that is known
            lead, bend = slope, np.maximum(curve, 0.0)
            gap = threshold - rise
            inside = np.maximum(lead * lead + 2 * bend * gap, 0.0)
            delta = np.where(lead >= 0, 2 * gap / (lead + np.sqrt(inside)), (np.sqrt(inside) - lead) / bend)
            delta = np.where(np.isfinite(delta), delta, np.inf)
            # sqrt(rise) is nearly straight where a profile is nearly a parabola, and then better than the model's own
            newton = 2 * np.sqrt(np.maximum(rise, 0.0)) * (np.sqrt(threshold) - np.sqrt(np.maximum(rise, 0.0))) / lead
            far = (rise > 0.3 * threshold) & (lead > 0)
            delta = np.where(far & np.isfinite(newton), newton, delta)
            unit = np.where(np.isfinite(s.unit[k]), s.unit[k], rays.reach[k] / 64)
            longest = s.stretch[k] * np.maximum(np.minimum(unit, self._share * rays.reach[k]), 0.5 * t)
            # where the profile falls there may be another valley: to its bottom first, not over it
            falls = lead * unit < -_FALLS * rays.half[k] * rays.quantile
            delta = np.where(falls, np.minimum(-lead / np.maximum(bend, 1e-300), unit), delta)
            follow = np.max(np.abs(tangent) / rays.sizes, axis=1, initial=0.0)
            longest = np.minimum(longest, np.where(follow > 0, s.stretch[k] / follow, np.inf))
        bracketed = np.isfinite(s.over[k])
        found = t + np.clip(delta, -longest, longest)
        low = np.where(np.isfinite(s.good_t[k]), s.good_t[k], 0.0)
        middle = low + (s.over[k] - low) * 0.5
        outside = bracketed & ((found <= low) | (found >= s.over[k]))
        found = np.where(outside, middle, found)
        return np.clip(found, 0.0, rays.reach[k])

    def _back_to(self, k: np.ndarray, target: np.ndarray) -> None:
        """From the last point on the profile to another t."""
        s = self._s
        self._place(k, target, s.good_z[k] + (target - s.good_t[k])[:, None] * s.good_tangent[k])

    def _place(self, k: np.ndarray, t: np.ndarray, z: np.ndarray) -> None:
        """To t, the followers where z says; the count of corrections begins anew."""
        s, rays = self._s, self.rays
        on_ray = rays.origin[k] + t[:, None] * rays.along[k]
        s.z[k] = np.clip(np.where(rays.held[k], on_ray, z), rays.lower, rays.upper)
        s.t[k] = t
        s.corrections[k], s.stalled[k], s.damping[k], s.before[k] = 0, 0, 0.0, np.inf
