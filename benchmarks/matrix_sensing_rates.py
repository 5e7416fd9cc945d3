"""How do too many factors and one modified step change the rate of gradient descent on matrix sensing?

Rank 2 in 20 x 20 from 2000 measurements, rate 0.25; k factors; the start has standard deviation scale / sqrt(20).
Rates proved by Xiong, Ding and Du (2024, arXiv:2310.01769).
"""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from matrix_sensing import Sensing, asymmetric, slope, steps_between, symmetric

STEPS = 6001


def row(words, scale, distances):
    reached = steps_between(distances, 1e-3, 1e-10)
    return {
        "descent": words,
        "scale of the start": scale,
        "distance after 400 steps": f"{distances[400]:.1e}",
        "after 6000": f"{distances[6000]:.1e}",
        "steps from 1e-3 to 1e-10": "not reached" if reached is None else reached,
    }


def main():
    sensing = Sensing()
    many = symmetric(sensing, 4, 0.5, STEPS)
    power = slope(many, 1000, 6000)
    rows = [
        row("symmetric, k = 2 (exact)", 0.5, symmetric(sensing, 2, 0.5, STEPS)),
        row("asymmetric, k = 2 (exact)", 0.5, asymmetric(sensing, 2, 0.5, STEPS)),
        row(f"symmetric, k = 4: falls as T^{power:.2f}", 0.5, many),
    ]
    rows += [row("asymmetric, k = 4", scale, asymmetric(sensing, 4, scale, STEPS)) for scale in (0.1, 0.2, 0.4, 0.6)]
    rows += [
        row("asymmetric, k = 4, one step modified", scale, asymmetric(sensing, 4, scale, STEPS, modified_below=1e-2))
        for scale in (0.1, 0.4)
    ]
    json.dump({"title": "Matrix sensing with too many factors", "rows": rows}, sys.stdout)


if __name__ == "__main__":
    main()
