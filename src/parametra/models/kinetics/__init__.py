"""Rates of reactions."""

from __future__ import annotations

from parametra.models.kinetics._transitions import transitions

__all__ = ["transitions"]
