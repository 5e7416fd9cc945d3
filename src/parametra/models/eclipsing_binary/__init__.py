"""Light curves of eclipsing binary stars."""

from __future__ import annotations

from parametra.models.eclipsing_binary._colours import colours
from parametra.models.eclipsing_binary._degree import Degree, optimal_degree

__all__ = ["Degree", "colours", "optimal_degree"]
