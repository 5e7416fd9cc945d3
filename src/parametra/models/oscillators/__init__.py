"""Things that swing: waves, damped springs, relaxation oscillators, genes that repress one another."""

from __future__ import annotations

from parametra.models.oscillators._aliases import Alias, Aliases, aliases

__all__ = ["Alias", "Aliases", "aliases"]
