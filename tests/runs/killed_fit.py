"""A fit in a process of its own, which the tests kill: `python killed_fit.py FOLDER POOL`.

Every call of the model leaves a byte in FOLDER/calls, the estimate goes to FOLDER/found.json.
"""

import json
import os
import sys
import time
from pathlib import Path

import numpy as np

import parametra as pm

T = np.linspace(0.0, 3.0, 30)
DATA = pm.Data({"y": 2.0 * np.exp(-1.3 * T) + 0.02 * np.cos(17 * T)}, inputs={"t": T}, output="y")
BOX = {"a": (0.1, 10.0), "b": (0.0, 5.0)}


def slow(parameters, inputs):
    """A decay that takes a millisecond, and leaves a trace."""
    if np.iscomplexobj(parameters["a"]):
        raise TypeError("real numbers only")
    trace = os.open(traces() / "calls", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(trace, b".")
    os.close(trace)
    time.sleep(0.001)
    if parameters["b"] > 4.5:
        raise ArithmeticError("too fast")
    return parameters["a"] * np.exp(-parameters["b"] * inputs["t"])


def traces():
    """Where traces go, which processes of pools inherit."""
    return Path(os.environ["KILLED_FIT"])


slow.content_hash = "a slow decay"


def main():
    folder, pool = Path(sys.argv[1]), sys.argv[2]
    os.environ["KILLED_FIT"] = str(folder)
    fit = pm.fit(slow, DATA, BOX, starts=8, pool=int(pool) if pool.isdigit() else pool, ledger=folder / "study.db")
    found = {
        "estimate": {name: value.hex() for name, value in fit.estimate.items()},
        "covariance": [value.hex() for value in fit.covariance.ravel()],
        "status": str(fit.status),
        "evaluations": fit.receipt.evaluations,
        "known": fit.receipt.model_calls + fit.receipt.reused,
    }
    (folder / "found.json").write_text(json.dumps(found))


if __name__ == "__main__":
    main()
