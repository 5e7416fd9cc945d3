"""Write docs/nist.md: digits reached on each of NIST's 54 certified runs. Needs PARAMETRA_DATA, see nist_fits.py."""

import os
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tests"))

import parametra as pm
from nist_problems import by_function, certified, reached, write_file

FOLDER = Path(os.environ.get("PARAMETRA_DATA", ROOT.parent / "shared" / "data"))

PREFACE = """# NIST reference problems

NIST certifies 27 nonlinear regressions to 11 digits, each with two starts, a far one (1) and a near one (2)
([Statistical Reference Datasets](https://www.itl.nist.gov/div898/strd/nls/nls_main.shtml)). The table counts the digits
that agree with the certified values: the fewest over the parameters, and over their standard errors; 11 is all that is
printed. Every run goes from the given start alone, with the one default setting of `levenberg_marquardt`, by two ways:
a Python function in NumPy, and a problem file with a formula.

SciPy's `least_squares` with its defaults reaches 6 digits in 29 of the 54 runs, lmfit 1.3.4 in 33.

Lanczos1 was generated to 14 digits with almost no noise: its certified standard errors, about 1e-11 of the parameters,
are those of rounding, and three digits of them are what 64 bits allow.

`python benchmarks/nist_table.py` makes this page; `tests/test_nist.py` holds it: 6 digits for parameters, 4 for errors.

"""


def main():
    entries = certified(FOLDER)
    rows = []
    worst = {"function": 11.0, "file": 11.0}
    for name in sorted(entries, key=lambda n: ({"Lower": 0, "Average": 1, "Higher": 2}[entries[n]["level"]], n)):
        entry = entries[name]
        cells = [name, entry["level"].lower(), str(entry["p"]), str(entry["n"])]
        for start in (1, 2):
            one = by_function(name, entry, start)
            with tempfile.TemporaryDirectory() as folder:
                two = pm.fit(pm.read_problem(write_file(name, entry, start, Path(folder))).problem, starts=1)
            for way, fit in (("function", one), ("file", two)):
                estimate, error = reached(fit, entry)
                worst[way] = min(worst[way], estimate)
                cells.append(f"{estimate:.1f} / {error:.1f}")
            cells.append(str(one.receipt.evaluations))
        rows.append("| " + " | ".join(cells) + " |")
    head = [
        "| problem | level | p | n | start 1, function | file | evaluations | start 2, function | file | evaluations |",
        "|" + " --- |" * 10,
    ]
    foot = (
        f"\nFewest digits of a parameter: {worst['function']:.1f} by the function, {worst['file']:.1f} by the file.\n"
    )
    (ROOT / "docs" / "nist.md").write_text(PREFACE + "\n".join(head + rows) + "\n" + foot)


if __name__ == "__main__":
    main()
