"""Does the second problem of the same shape compile anything, in the same process and in the next one?"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
CODE = """
import json, logging
import light_curve as lc
import parametra as pm

class Counter(logging.Handler):
    count = 0
    def emit(self, record):
        self.count += record.getMessage().startswith("Finished XLA compilation")

import jax
counter = Counter()
logging.getLogger("jax").addHandler(counter)
logging.getLogger("jax").propagate = False
bounds = {k: pm.Real(a, b) for k, a, b in zip(lc.NAMES, lc.LOWER, lc.UPPER, strict=True)}
found = []
with jax.log_compiles(True):
    for seed in (0, 1, 2):
        before = counter.count
        t, y = lc.data(seed)
        pm.fit(lc.model, pm.Data({"t": t, "y": y}, inputs=["t"], output="y", sigma=lc.SIGMA), bounds, starts=64)
        found.append(counter.count - before)
print(json.dumps(found))
"""


def main():
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for process in ("first process", "second process"):
            out = subprocess.run(
                [sys.executable, "-c", CODE],
                cwd=HERE,
                check=True,
                capture_output=True,
                text=True,
                env={**os.environ, "PARAMETRA_CACHE": folder},
            )
            for number, count in enumerate(json.loads(out.stdout), 1):
                rows.append({"process": process, "problem": f"data set {number}", "kernels compiled": count})
    json.dump({"title": "Kernels compiled by problems of the same shape", "rows": rows}, sys.stdout)


if __name__ == "__main__":
    main()
