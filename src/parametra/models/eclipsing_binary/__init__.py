"""Light curves of eclipsing binary stars."""

from __future__ import annotations

from parametra.models.eclipsing_binary._colours import colours
from parametra.models.eclipsing_binary._degree import Degree, optimal_degree
from parametra.models.eclipsing_binary._minimum_times import MinimumTimes, times_of_minimum
from parametra.models.eclipsing_binary._period_search import Candidate, PeriodSearch, period_search

__all__ = [
    "Candidate",
    "Degree",
    "MinimumTimes",
    "PeriodSearch",
    "colours",
    "optimal_degree",
    "period_search",
    "times_of_minimum",
]
