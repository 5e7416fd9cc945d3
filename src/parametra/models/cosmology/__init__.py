"""The expansion of the Universe: rates, distances, drifts, and the surveys that measure them."""

from __future__ import annotations

from parametra.models.cosmology._distances import angular_diameter_distance, comoving_distance, luminosity_distance
from parametra.models.cosmology._drift import drift_error
from parametra.models.cosmology._sirens import siren_catalogue, siren_error, siren_redshifts
from parametra.models.cosmology._survey import survey
from parametra.models.cosmology._viscous_phase import fixed_points, trajectory

__all__ = [
    "angular_diameter_distance",
    "comoving_distance",
    "drift_error",
    "fixed_points",
    "luminosity_distance",
    "siren_catalogue",
    "siren_error",
    "siren_redshifts",
    "survey",
    "trajectory",
]
