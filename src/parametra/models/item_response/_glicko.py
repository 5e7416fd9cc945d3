"""Ratings of players from who won against whom, by Glicko-2; a person and a problem are players too."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from parametra.nouns.errors import DataError
from parametra.nouns.result_table import ResultTable

_SCALE = 400 / math.log(10)
"""Rating points in one unit of log odds; 173.7178 in the publication."""

_CENTRE = 1500.0

_TOLERANCE = 1e-6


@dataclass(frozen=True)
class Rating:
    """Of one player: how strong, how well that is known, and how much it changes from period to period.

    Arguments:
        rating: 1500 for a new player; 400 more win 10 times as often as they lose.
        deviation: its standard deviation.
        volatility: the standard deviation of its change in a period, in units of 173.7178 rating points.
    """

    rating: float = 1500.0
    deviation: float = 350.0
    volatility: float = 0.06


@dataclass(frozen=True, eq=False)
class Ratings:
    """Of all players, by name.

    Arguments:
        players: player to rating.
        periods: how many rating periods were seen.
    """

    players: Mapping[Any, Rating]
    periods: int

    def __getitem__(self, player: Any) -> Rating:
        return self.players[player]

    def expected(self, first: Any, second: Any) -> float:
        """The score that the first is expected to get from the second, 1 for a sure win.

        What is not known of both ratings draws it towards one half.
        """
        one, other = self.players[first], self.players[second]
        together = math.hypot(one.deviation, other.deviation) / _SCALE
        return 1 / (1 + math.exp(-_damped(together) * (one.rating - other.rating) / _SCALE))

    def table(self) -> ResultTable:
        """One row a player, the strongest first."""
        ordered = sorted(self.players.items(), key=lambda each: -each[1].rating)
        rows = tuple((name, each.rating, each.deviation, each.volatility) for name, each in ordered)
        return ResultTable(("player", "rating", "deviation", "volatility"), rows)

    def __repr__(self) -> str:
        return f"<Ratings of {len(self.players)} players after {self.periods} periods>"


def glicko2(
    games: Any,
    *,
    system_constant: float = 0.5,
    start: Mapping[Any, Rating] | None = None,
    new: Rating | None = None,
) -> Ratings:
    """Ratings after games, period by period.

    A rating is the mean of a normal distribution of a player's strength in log odds, times 173.7178 and about 1500.
    Good for strengths that change, and for many players of whom each meets few: one pass through the games. Prefer
    `item_response.rasch` for persons and items that stay as they are: its estimates use all answers together and have
    smaller errors.

    Arguments:
        games: rows of (period, first, second, score), or a mapping or data frame with these columns. The score of the
            first is 1 for a win, 0.5 for a draw, 0 for a loss; periods are worked through in their order, best long
            enough for 10 games a player.
        system_constant: how much volatilities may change, 0.3 to 1.2.
        start: ratings of players who are known already.
        new: of those who are not; 1500, 350, 0.06 when left out.

    Raises:
        DataError: a score outside [0, 1], a game of a player against himself, columns that are missing.

    Source: Glickman (2001), Dynamic paired comparison models with stochastic variances, doi:10.1080/02664760120059219
    """
    if not system_constant > 0:
        raise DataError(f"system_constant is above zero, 0.3 to 1.2; {system_constant} came.")
    played = _periods(games)
    players: dict[Hashable, Rating] = dict(start or {})
    unknown = Rating() if new is None else new
    for _, period in played:
        for first, second, _ in period:
            players.setdefault(first, unknown)
            players.setdefault(second, unknown)
        meetings: dict[Hashable, list[tuple[Rating, float]]] = {name: [] for name in players}
        for first, second, score in period:
            meetings[first].append((players[second], score))
            meetings[second].append((players[first], 1 - score))
        players = {name: _updated(players[name], met, system_constant) for name, met in meetings.items()}
    return Ratings(players, len(played))


def _periods(games: Any) -> list[tuple[Any, list[tuple[Hashable, Hashable, float]]]]:
    """Games by period, in the order of the periods."""
    columns = ("period", "first", "second", "score")
    rows: Iterable[Any] = games
    if hasattr(games, "keys"):
        missing = [name for name in columns if name not in games]
        if missing:
            raise DataError(f'games need the columns {", ".join(columns)}; "{missing[0]}" is missing.')
        rows = zip(*(list(games[name]) for name in columns), strict=True)
    found: dict[Any, list[tuple[Hashable, Hashable, float]]] = {}
    for number, row in enumerate(rows):
        if len(row) != 4:
            raise DataError(f"a game is (period, first, second, score); row {number} holds {len(row)} values.")
        period, first, second, score = row
        if first == second:
            raise DataError(f"a game is between two players; in row {number} {first!r} plays against itself.")
        if not 0 <= float(score) <= 1:
            raise DataError(f"a score is 1 for a win, 0.5 for a draw, 0 for a loss; row {number} holds {score!r}.")
        found.setdefault(period, []).append((first, second, float(score)))
    return sorted(found.items(), key=lambda each: each[0])


def _damped(deviation: float) -> float:
    """g(phi): by how much a rating counts less because it is not well known."""
    return 1 / math.sqrt(1 + 3 * (deviation / math.pi) ** 2)


def _updated(player: Rating, met: list[tuple[Rating, float]], system_constant: float) -> Rating:
    """Steps 2 to 8 of the publication."""
    phi = player.deviation / _SCALE
    if not met:
        return Rating(player.rating, _SCALE * math.hypot(phi, player.volatility), player.volatility)
    mu = (player.rating - _CENTRE) / _SCALE
    damped = np.array([_damped(other.deviation / _SCALE) for other, _ in met])
    against = np.array([(other.rating - _CENTRE) / _SCALE for other, _ in met])
    score = np.array([each for _, each in met])
    expected = 1 / (1 + np.exp(-damped * (mu - against)))
    variance = 1 / float(np.sum(damped**2 * expected * (1 - expected)))
    gain = float(np.sum(damped * (score - expected)))
    volatility = _volatility(player.volatility, phi, variance, variance * gain, system_constant)
    before = math.hypot(phi, volatility)
    after = 1 / math.sqrt(1 / before**2 + 1 / variance)
    return Rating(_SCALE * (mu + after**2 * gain) + _CENTRE, _SCALE * after, volatility)


def _volatility(sigma: float, phi: float, variance: float, improvement: float, system_constant: float) -> float:
    """Step 5: the zero of f by the Illinois variant of regula falsi."""
    start = math.log(sigma**2)

    def f(x: float) -> float:
        rest = phi**2 + variance + math.exp(x)
        return math.exp(x) * (improvement**2 - rest) / (2 * rest**2) - (x - start) / system_constant**2

    low = start
    if improvement**2 > phi**2 + variance:
        high = math.log(improvement**2 - phi**2 - variance)
    else:
        steps = 1
        while f(start - steps * system_constant) < 0:
            steps += 1
        high = start - steps * system_constant
    f_low, f_high = f(low), f(high)
    while abs(high - low) > _TOLERANCE:
        middle = low + (low - high) * f_low / (f_high - f_low)
        f_middle = f(middle)
        if f_middle * f_high <= 0:
            low, f_low = high, f_high
        else:
            f_low /= 2
        high, f_high = middle, f_middle
    return math.exp(low / 2)
