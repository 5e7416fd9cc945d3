"""How many evaluations of the model does every method of fit need on six problems? Writes docs/methods-compared.md.

`python benchmarks/methods_compared.py` writes the page and its picture; with names, it prints those problems only.
"""

import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "methods-compared.md"
PICTURE = ROOT / "docs" / "images" / "methods-compared.png"
sys.path.insert(0, str(ROOT / "tests"))

import parametra as pm
from compared_problems import COMPARED

SEEDS, EVALUATIONS = 21, 3000
ALLOWED = 1.5
WORTH = 10.0

PREFACE = f"""# Methods compared

How many evaluations of the model does each method of `fit` need to come near the best? After the comparison of
numerical methods for parameter determination by astronomers who fit slow models of eclipsing binaries: the model is
slow and has no derivatives, so a derivative costs as many evaluations as there are parameters (forward differences),
and the number of evaluations is all that counts. `parametra bench fit problem.toml` makes the same table for a problem
of your own; [Compare methods](bench.md) says how accuracy and expected evaluations are defined.

Every method starts from the same {SEEDS} points, the guess and {SEEDS - 1} drawn inside the bounds, with its default
settings and {EVALUATIONS} evaluations a run. `monte_carlo+...` is the combination: a few random points, then the
method that "auto" takes from the best of them. A number is the expected count when a run that fails is followed by
another one. `python benchmarks/methods_compared.py` makes this page, the same table every time.

"""


def table(bench):
    heads = [f"{a:.0e}" for a in bench.accuracies]
    lines = ["| method | " + " | ".join(heads) + " | reached | exact derivatives |", "|" + " --- |" * (len(heads) + 3)]
    for name in bench.ranking():
        one = bench.contestant(name)
        shown = f"**{name}** (auto)" if one.auto else name
        last = len(heads) - 1
        cells = [number(one.expected(i)) for i in range(len(heads))]
        cells += [f"{round(one.share(last) * bench.runs)} of {bench.runs}", number(one.expected(last, exact=True))]
        lines.append(f"| {shown} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def number(value):
    return f"{value:.0f}" if np.isfinite(value) else "never"


def summary(benches):
    """For each problem: how far auto is behind the best, and how far Monte Carlo alone is behind the combination."""
    accuracies = benches[0].accuracies
    heads = "".join(f" auto / best, {a:.0e} |" for a in accuracies)
    more = "".join(f" Monte Carlo / combination, {a:.0e} |" for a in accuracies)
    lines = [f"| problem | parameters |{heads}{more}", "|" + " --- |" * (2 + 2 * len(accuracies))]
    for bench in benches:
        behind = [f"{bench.behind('auto', a):.2f}" for a in accuracies]
        never = [not np.isfinite(bench.contestant("monte_carlo").expected(i)) for i in range(len(accuracies))]
        gains = [("> " if never[i] else "") + f"{gain(bench, i):.1f}" for i in range(len(accuracies))]
        lines.append(f"| {bench.title} | {bench.dimension} | " + " | ".join(behind + gains) + " |")
    return "\n".join(lines)


def verdict(benches):
    """Where "auto" is further behind than allowed, and where the combination gains less than it should."""
    rows = [(b, a, b.behind("auto", a)) for b in benches for a in b.accuracies]
    late = [f"{b.title} at {a:.0e} ({ratio:.2f})" for b, a, ratio in rows if not ratio <= ALLOWED]
    words = f"{len(rows) - len(late)} of {len(rows)} times the method of auto is the best or within {ALLOWED:g}x of it"
    poor = [
        f"{b.title} at {b.accuracies[i]:.0e}" for b in benches for i in range(len(b.accuracies)) if gain(b, i) < WORTH
    ]
    more = f"the combination beats Monte Carlo alone {len(rows) - len(poor)} of {len(rows)} times by {WORTH:g}x or more"
    first, second = (f"; not on {', '.join(cases)}" if cases else "" for cases in (late, poor))
    return f"{words}{first}. And {more}{second}."


def gain(bench, i):
    """How many times the evaluations of the combination Monte Carlo needs; where it never gets there, at least that."""
    alone = bench.contestant("monte_carlo")
    needed = alone.expected(i)
    return (needed if np.isfinite(needed) else alone.spent.sum()) / combination(bench).expected(i)


def combination(bench):
    return next(c for c in bench.contestants if c.name.startswith("monte_carlo+"))


def main():
    wanted = sys.argv[1:] or list(COMPARED)
    benches = []
    for name in wanted:
        bench = pm.bench_fit(COMPARED[name](), seeds=SEEDS, evaluations=EVALUATIONS)
        print(bench, "\n", flush=True)
        benches.append(bench)
    if sys.argv[1:]:
        return
    from parametra.report._bench_figure import draw

    draw(benches).savefig(PICTURE, dpi=110)
    parts = [
        PREFACE,
        summary(benches),
        f"\n\n{verdict(benches)}",
        "\n\n![Evaluations to accuracy](images/methods-compared.png)\n",
    ]
    for bench in benches:
        notes = "".join(f"\n{note[0].upper()}{note[1:]}\n" for note in bench.notes)
        parts.append(f"\n## {bench.title}\n\n{bench.dimension} parameters.\n\n{table(bench)}\n{notes}")
    PAGE.write_text("".join(parts))


if __name__ == "__main__":
    main()
