"""Delays between two curves of one source."""

from __future__ import annotations

from parametra.models.time_delay._delay_profile import DelayProfile, Optimum, delay_profile
from parametra.models.time_delay._delayed_process import DelayedProcess
from parametra.models.time_delay._two_curves import two_curves

__all__ = [
    "DelayProfile",
    "DelayedProcess",
    "Optimum",
    "delay_profile",
    "two_curves",
]
