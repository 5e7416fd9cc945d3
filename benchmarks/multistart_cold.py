"""How long does a person wait for 100 starts as a whole process, import and compile included?"""

import json
import statistics
import subprocess
import sys
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


def whole_process(code):
    began = time.perf_counter()
    out = subprocess.run([sys.executable, "-c", code], cwd=HERE, check=True, capture_output=True, text=True)
    return time.perf_counter() - began, float(out.stdout)


def main():
    pairs = [(whole_process(OURS), whole_process(SCIPY)) for _ in range(5)]
    mine = statistics.median(a[0] for a, _ in pairs)
    theirs = statistics.median(b[0] for _, b in pairs)
    ratio = statistics.median(b[0] / a[0] for a, b in pairs)
    rows = [
        {
            "program": "parametra, fit and judgement",
            "seconds": round(mine, 2),
            "times slower": 1.0,
            "success": pairs[0][0][1],
        },
        {
            "program": "scipy trf, finite differences",
            "seconds": round(theirs, 2),
            "times slower": round(ratio, 2),
            "success": pairs[0][1][1],
        },
    ]
    json.dump({"title": "Multi-start, cold: 100 starts as a whole process", "rows": rows}, sys.stdout)


if __name__ == "__main__":
    main()
