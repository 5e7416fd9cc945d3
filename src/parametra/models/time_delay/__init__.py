"""Delays between two curves of one source."""

from __future__ import annotations

from parametra.models.time_delay._baselines import DelayScan, cross_correlation, dispersion
from parametra.models.time_delay._delay_profile import DelayProfile, Optimum, delay_profile
from parametra.models.time_delay._delayed_process import DelayedProcess
from parametra.models.time_delay._kernel_delay import KernelDelay, kernel_delay
from parametra.models.time_delay._two_curves import two_curves

__all__ = [
    "DelayProfile",
    "DelayScan",
    "DelayedProcess",
    "KernelDelay",
    "Optimum",
    "cross_correlation",
    "delay_profile",
    "dispersion",
    "kernel_delay",
    "two_curves",
]
