"""Times until an event, of which many are known as limits only."""

from __future__ import annotations

from parametra.models.survival._curves import hazard_curve, hazard_picture, survival_curve, survival_picture
from parametra.models.survival._estimates import kaplan_meier, turnbull

__all__ = ["hazard_curve", "hazard_picture", "kaplan_meier", "survival_curve", "survival_picture", "turnbull"]
