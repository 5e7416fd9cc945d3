"""How long do NIST's 54 certified fits take in one process, cold and warm, and how many digits are reached?

Needs the certified values: set PARAMETRA_DATA to a folder that holds nist_strd/nist_strd.json.
"""

import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tests"))
FOLDER = Path(os.environ.get("PARAMETRA_DATA", ROOT.parent / "shared" / "data"))

CHILD = """
import time; began = time.perf_counter()
import sys; sys.path.insert(0, {tests!r})
from pathlib import Path
from nist_problems import by_function, certified, reached
entries = certified(Path({folder!r}))
def everything():
    return {{(n, s): by_function(n, e, s) for n, e in entries.items() for s in (1, 2)}}
fits = everything()
cold = time.perf_counter() - began
warm = []
for _ in range(5):
    t = time.perf_counter(); everything(); warm.append(time.perf_counter() - t)
from statistics import median
got = [reached(f, entries[n])[0] for (n, s), f in fits.items()]
print(cold, median(warm), sum(g >= 6 for g in got), median(got))
"""


def scipy_runs():
    import numpy as np
    from scipy.optimize import least_squares

    from nist_problems import certified, columns, digits, function_of, names

    entries = certified(FOLDER)
    began, got = time.perf_counter(), []
    for name, entry in entries.items():
        table, model = columns(name, entry), function_of(name)
        inputs = {k: v for k, v in table.items() if k != "y"}
        for start in (1, 2):
            with np.errstate(all="ignore"):
                try:
                    f = lambda b: model(**inputs, **dict(zip(names(entry), b, strict=True))) - table["y"]  # noqa: B023, E731
                    x = least_squares(f, entry[f"start{start}"]).x
                except ValueError:
                    x = np.full(entry["p"], np.nan)
            got.append(min(digits(v, c) for v, c in zip(x, entry["certified"], strict=True)))
    return time.perf_counter() - began, got


def main():
    code = CHILD.format(tests=str(ROOT / "tests"), folder=str(FOLDER))
    runs = []
    for _ in range(3):
        out = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
        runs.append([float(v) for v in out.stdout.split()])
    cold, warm = (statistics.median(r[i] for r in runs) for i in (0, 1))
    scipy_runs()
    peer, got = scipy_runs()
    rows = [
        {
            "program": "parametra, fit and judgement",
            "cold seconds": round(cold, 2),
            "warm seconds": round(warm, 2),
            "of 54 with 6 digits": int(runs[0][2]),
            "median digits": round(runs[0][3], 1),
        },
        {
            "program": "scipy least_squares, its defaults (no standard errors)",
            "cold seconds": "",
            "warm seconds": round(peer, 2),
            "of 54 with 6 digits": sum(g >= 6 for g in got),
            "median digits": round(statistics.median(got), 1),
        },
    ]
    json.dump({"title": "NIST, 54 certified fits in one process", "rows": rows}, sys.stdout)


if __name__ == "__main__":
    main()
