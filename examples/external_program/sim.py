"""A pendulum with friction: any program would do, in any language, that reads a file and writes a table.

    angle'' = -frequency^2 sin(angle) - 2 damping angle',  angle(0) = release,  angle'(0) = 0

    python sim.py pendulum.in times.csv out.csv

pendulum.in has a line `name = value` for each parameter, times.csv a column t that rises from 0, and out.csv gets the
columns t and angle. The exit code is 3 where the parameters make no sense.
"""

from __future__ import annotations

import csv
import math
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

STEP = 0.02


def angles(frequency: float, damping: float, release: float, times: Iterable[float]) -> Iterator[float]:
    """The angle at each time, by the classical Runge-Kutta method of fourth order."""

    def slope(angle: float, speed: float) -> tuple[float, float]:
        return speed, -(frequency**2) * math.sin(angle) - 2 * damping * speed

    now, angle, speed = 0.0, release, 0.0
    for time in times:
        steps = max(1, math.ceil((time - now) / STEP))
        h = (time - now) / steps
        for _ in range(steps):
            a1, s1 = slope(angle, speed)
            a2, s2 = slope(angle + h / 2 * a1, speed + h / 2 * s1)
            a3, s3 = slope(angle + h / 2 * a2, speed + h / 2 * s2)
            a4, s4 = slope(angle + h * a3, speed + h * s3)
            angle += h / 6 * (a1 + 2 * a2 + 2 * a3 + a4)
            speed += h / 6 * (s1 + 2 * s2 + 2 * s3 + s4)
        now = time
        yield angle


def main(settings: str, inputs: str, out: str) -> int:
    """Read the parameters and the times, write the angles."""
    pairs = (line.split("=") for line in Path(settings).read_text(encoding="utf-8").splitlines() if "=" in line)
    values = {name.strip(): float(value) for name, value in pairs}
    if abs(values["release"]) > math.pi:
        print("the pendulum cannot be released beyond its highest point", file=sys.stderr)
        return 3
    with Path(inputs).open(encoding="utf-8") as file:
        times = [float(row["t"]) for row in csv.DictReader(file)]
    rows = zip(times, angles(times=times, **values), strict=True)
    Path(out).write_text("t,angle\n" + "".join(f"{t!r},{angle!r}\n" for t, angle in rows), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
