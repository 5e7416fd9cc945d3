"""Does the second problem of the same shape compile anything?"""

import json
import logging
import sys

import light_curve as lc


class Counter(logging.Handler):
    def __init__(self):
        super().__init__()
        self.count = 0

    def emit(self, record):
        self.count += record.getMessage().startswith("Finished XLA compilation")


def main():
    import jax

    import parametra as pm

    counter = Counter()
    logging.getLogger("jax").addHandler(counter)
    logging.getLogger("jax").propagate = False
    bounds = {k: pm.Real(a, b) for k, a, b in zip(lc.NAMES, lc.LOWER, lc.UPPER, strict=True)}
    rows = []
    with jax.log_compiles(True):
        for seed in (0, 1, 2):
            before = counter.count
            t, y = lc.data(seed)
            pm.fit(lc.model, pm.Data({"t": t, "y": y}, inputs=["t"], output="y", sigma=lc.SIGMA), bounds, starts=64)
            rows.append({"problem": f"data set {seed + 1}", "kernels compiled": counter.count - before})
    json.dump({"title": "Kernels compiled by problems of the same shape, one process", "rows": rows}, sys.stdout)


if __name__ == "__main__":
    main()
