"""Survival of 137 men with advanced lung cancer under two chemotherapies, as it was published."""

from __future__ import annotations

from itertools import chain, repeat

import numpy as np

from parametra.nouns.data import Data

_days = [72, 411, 228, 126, 118, 10, 82, 110, 314, 100, 42, 8, 144, 25, 11, 30, 384, 4, 54, 13, 123, 97, 153, 59]
_days += [117, 16, 151, 22, 56, 21, 18, 139, 20, 31, 52, 287, 18, 51, 122, 27, 54, 7, 63, 392, 10, 8, 92, 35, 117]
_days += [132, 12, 162, 3, 95, 177, 162, 216, 553, 278, 12, 260, 200, 156, 182, 143, 105, 103, 250, 100, 999, 112, 87]
_days += [231, 242, 991, 111, 1, 587, 389, 33, 25, 357, 467, 201, 1, 30, 44, 283, 15, 25, 103, 21, 13, 87, 2, 20, 7]
_days += [24, 99, 8, 99, 61, 25, 95, 80, 51, 29, 24, 18, 83, 31, 51, 90, 52, 73, 8, 36, 48, 7, 140, 186, 84, 19, 45]
_days += [80, 52, 164, 19, 53, 15, 43, 340, 133, 111, 231, 378, 49]
_ALIVE = [9, 13, 20, 21, 63, 71, 72, 90, 109]
"""The rows of those who were alive when last seen."""
_karnofsky = [
    60,
    70,
    60,
    60,
    70,
    20,
    40,
    80,
    50,
    70,
    60,
    40,
    30,
    80,
    70,
    60,
    60,
    40,
    80,
    60,
    40,
    60,
    60,
    30,
    80,
    30,
    50,
]
_karnofsky += [
    60,
    80,
    40,
    20,
    80,
    30,
    75,
    70,
    60,
    30,
    60,
    80,
    60,
    70,
    50,
    50,
    40,
    40,
    20,
    70,
    40,
    80,
    80,
    50,
    80,
    30,
    80,
]
_karnofsky += [
    50,
    80,
    50,
    70,
    60,
    40,
    80,
    80,
    70,
    90,
    90,
    80,
    80,
    70,
    60,
    90,
    80,
    80,
    50,
    50,
    70,
    70,
    20,
    60,
    90,
    30,
    20,
]
_karnofsky += [
    70,
    90,
    80,
    50,
    70,
    60,
    90,
    50,
    30,
    70,
    20,
    30,
    60,
    40,
    30,
    20,
    60,
    70,
    80,
    85,
    70,
    70,
    70,
    50,
    30,
    40,
    40,
]
_karnofsky += [
    40,
    99,
    80,
    60,
    60,
    60,
    60,
    50,
    70,
    10,
    40,
    70,
    90,
    80,
    50,
    40,
    40,
    60,
    70,
    30,
    60,
    30,
    60,
    80,
    75,
    60,
    70,
]
_karnofsky += [80, 30]
_age = [69, 64, 38, 63, 65, 49, 69, 68, 43, 70, 81, 63, 63, 52, 48, 61, 42, 35, 63, 56, 55, 67, 63, 65, 46, 53, 69]
_age += [68, 43, 55, 42, 64, 65, 65, 55, 66, 60, 67, 53, 62, 67, 72, 48, 68, 67, 61, 60, 62, 38, 50, 63, 64, 43, 34]
_age += [66, 62, 52, 47, 63, 68, 45, 41, 66, 62, 60, 66, 38, 53, 37, 54, 60, 48, 52, 70, 50, 62, 65, 58, 62, 64, 63]
_age += [58, 64, 52, 35, 63, 70, 51, 40, 69, 36, 71, 62, 60, 44, 54, 66, 49, 72, 68, 62, 71, 70, 61, 71, 59, 67, 60]
_age += [69, 57, 39, 62, 50, 43, 70, 66, 61, 81, 58, 63, 60, 62, 42, 69, 63, 45, 68, 39, 66, 63, 49, 64, 65, 64, 67]
_age += [65, 37]
_groups = (("squamous", 15), ("small", 30), ("adeno", 9), ("large", 15))
_groups += (("squamous", 20), ("small", 18), ("adeno", 18), ("large", 12))
"""Kinds of cells and how many men, first those with the standard treatment, then those with the test."""
_STANDARD = 69


def veteran() -> Data:
    """The lung cancer trial of the Veterans' Administration (Kalbfleisch and Prentice 2002, appendix A; R's veteran).

    karnofsky is how well a man was, from 10 to 99; squamous cells are where small, adeno and large are 0.
    """
    cells = np.array([*chain.from_iterable(repeat(kind, count) for kind, count in _groups)])
    table = {
        "time": np.array(_days, dtype=float),
        "status": np.ones(len(_days)),
        "test": (np.arange(len(_days)) >= _STANDARD).astype(float),
        "karnofsky": np.array(_karnofsky, dtype=float),
        "age": np.array(_age, dtype=float),
        **{kind: (cells == kind).astype(float) for kind in ("small", "adeno", "large")},
    }
    table["status"][_ALIVE] = 0.0
    inputs = ["test", "karnofsky", "age", "small", "adeno", "large"]
    return Data(table, inputs=inputs, output="time", units={"time": "day", "age": "year"})
