"""Writes decay.csv: a sum of two decays whose rates are nearly equal, with seeded noise.

y(t) = 1.0 exp(-1.0 t) + 0.8 exp(-1.25 t) + noise, 30 times from 0 to 5, standard deviation of the noise 0.01.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

TRUTH = {"a1": 1.0, "k1": 1.0, "a2": 0.8, "k2": 1.25}
SIGMA = 0.01
SEED = 1974


def decay_table() -> str:
    """The table as text, the same at every call."""
    t = np.round(np.linspace(0.0, 5.0, 30), 3)
    y = TRUTH["a1"] * np.exp(-TRUTH["k1"] * t) + TRUTH["a2"] * np.exp(-TRUTH["k2"] * t)
    y += SIGMA * np.random.default_rng(SEED).standard_normal(t.size)
    head = f"# Synthetic, from make_data.py: {TRUTH}, noise {SIGMA}, seed {SEED}.\nt,y\n"
    return head + "".join(f"{time:.3f},{value:.4f}\n" for time, value in zip(t, y, strict=True))


if __name__ == "__main__":
    Path(__file__).with_name("decay.csv").write_text(decay_table(), encoding="utf-8")
