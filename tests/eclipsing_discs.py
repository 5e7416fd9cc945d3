"""A light curve that is no model of the shelf: two uniform discs on a circular orbit, and waves."""

from __future__ import annotations

import numpy as np


def overlap(distance, a, b):
    """Common area of two discs of radii a and b, over pi."""
    d = np.clip(distance, 1e-12, None)
    first = np.arccos(np.clip((d**2 + a**2 - b**2) / (2 * d * a), -1, 1))
    second = np.arccos(np.clip((d**2 + b**2 - a**2) / (2 * d * b), -1, 1))
    kite = (-d + a + b) * (d + a - b) * (d - a + b) * (d + a + b)
    area = a**2 * first + b**2 * second - 0.5 * np.sqrt(np.maximum(kite, 0.0))
    return np.where(distance >= a + b, 0.0, np.where(distance <= abs(a - b), np.pi * min(a, b) ** 2, area)) / np.pi


def magnitudes(phase, radius1, radius2, inclination, brightness1, brightness2, *, cos1=0.0, sin1=0.0, cos2=0.0):
    """Star 1 is behind at phase 0. Radii in units of the distance, inclination in degrees; brightness per area."""
    angle, tilt = 2 * np.pi * phase, np.radians(inclination)
    distance = np.sqrt(np.sin(angle) ** 2 + (np.cos(angle) * np.cos(tilt)) ** 2)
    hidden = overlap(distance, radius1, radius2)
    behind = np.where(np.cos(angle) > 0, brightness1, brightness2)
    whole = brightness1 * radius1**2 + brightness2 * radius2**2
    wave = cos1 * np.cos(angle) + sin1 * np.sin(angle) + cos2 * np.cos(2 * angle)
    return wave - 2.5 * np.log10(whole - behind * hidden) + 2.5 * np.log10(whole)
