"""How long does a person wait for 100 starts as a whole process, import and compile included?"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).parent
OURS = """
import light_curve as lc, parametra as pm
t, y = lc.data(0)
table = pm.Data({"t": t, "y": y}, inputs=["t"], output="y", sigma=lc.SIGMA)
fit = pm.fit(lc.model, table, {k: pm.Real(a, b) for k, a, b in zip(lc.NAMES, lc.LOWER, lc.UPPER)}, starts=100)
print(fit.starts.best_share)
"""
SCIPY = """
import light_curve as lc, numpy as np
from scipy.optimize import least_squares
t, y = lc.data(0)
f = lambda p: (lc.model(t, *p) - y) / lc.SIGMA
found = [least_squares(f, x, bounds=(lc.LOWER, lc.UPPER), max_nfev=100).cost for x in lc.starts(100, 50)]
print(lc.success(found, min(found))[0])
"""


def whole_process(code, cache):
    began = time.perf_counter()
    out = subprocess.run(
        [sys.executable, "-c", code],
        cwd=HERE,
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "PARAMETRA_CACHE": str(cache)},
    )
    return time.perf_counter() - began, float(out.stdout)


def one_round():
    """The first process ever, one that finds the kernels on disk, and SciPy, one after the other."""
    with tempfile.TemporaryDirectory() as folder:
        return [whole_process(code, folder) for code in (OURS, OURS, SCIPY)]


def main():
    rounds = [one_round() for _ in range(7)]
    names = ("parametra, nothing on disk", "parametra, kernels on disk", "scipy trf, finite differences")
    rows = [
        {
            "program": name,
            "seconds": round(statistics.median(r[i][0] for r in rounds), 2),
            "scipy takes times as long": round(statistics.median(r[2][0] / r[i][0] for r in rounds), 2),
            "success": rounds[0][i][1],
        }
        for i, name in enumerate(names)
    ]
    json.dump({"title": "Multi-start, cold: 100 starts as a whole process", "rows": rows}, sys.stdout)


if __name__ == "__main__":
    main()
