"""What do the four methods of `trust` promise, and what do they deliver on simulated data?

Pure-noise variable selection at n = d = 4000, 20 seeds; selection with the best of ten models, 500 runs; streams under
four drifts and an adversary, 20 each; a private t-test and 10000 nulls of three p-value functions. The pictures of
docs/trust.md are drawn here: docs/images/trust_*.png.
"""

import json
from pathlib import Path

from parametra.verbs.trust_promise import promise

RUNS = {"reusable_holdout": 20, "conformal_selection": 500, "online_calibration": 20, "private_test": 10_000}
PICTURES = Path(__file__).parents[1] / "docs" / "images"


def main():
    rows = []
    for name, runs in RUNS.items():
        found = promise(name, runs=runs)
        found.plot().savefig(PICTURES / f"trust_{name}.png", dpi=90)
        rows += [
            {
                "method": name,
                "figure": claim.what,
                "promised": claim.words,
                "delivered": f"{claim.delivered:.4g}" + (f" ± {claim.error:.2g}" if claim.error else ""),
                "kept": "" if claim.promised is None else "yes" if claim.kept else "no",
            }
            for claim in found.claims
        ]
    print(json.dumps({"title": "Trust: promise and delivery", "rows": rows}))


if __name__ == "__main__":
    main()
