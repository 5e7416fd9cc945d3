"""Writes pendulum.csv: the angles of sim.py at 40 times, with seeded noise.

frequency = 2.4 / s, damping = 0.15 / s, release = 2 rad, 0.25 to 10 s, standard deviation of the noise 0.02 rad.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from sim import angles

TRUTH = {"frequency": 2.4, "damping": 0.15, "release": 2.0}
SIGMA = 0.02
SEED = 1673


def pendulum_table() -> str:
    """The table as text, the same at every call."""
    t = np.linspace(0.25, 10.0, 40)
    angle = np.array(list(angles(times=t.tolist(), **TRUTH))) + SIGMA * np.random.default_rng(SEED).standard_normal(40)
    head = f"# Synthetic, from make_data.py: {TRUTH}, noise {SIGMA}, seed {SEED}.\nt,angle\n"
    return head + "".join(f"{time:.2f},{value:.4f}\n" for time, value in zip(t, angle, strict=True))


if __name__ == "__main__":
    Path(__file__).with_name("pendulum.csv").write_text(pendulum_table(), encoding="utf-8")
