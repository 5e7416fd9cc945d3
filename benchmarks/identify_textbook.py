"""Does `identify` say of textbook problems what the literature says? Writes docs/identify-textbook.md and its pictures.

`python benchmarks/identify_textbook.py` writes the page; with names, it prints what is found for those problems only.
"""

import statistics
import sys
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "identify-textbook.md"
IMAGES = ROOT / "docs" / "images"
sys.path.insert(0, str(ROOT / "tests"))

from identify_problems import TEXTBOOK
from parametra.verbs.identify import identify

SHAPES = (
    ("hill_across", "K", "identifiable: a bowl"),
    ("biochemical_oxygen_demand", "A", "weakly identifiable: long on one side"),
    ("logistic_early", "K", "practically unidentifiable: a lower limit only"),
    ("product", "a", "structurally unidentifiable: flat to the bound of b"),
    ("two_compartments", "k12", "structurally unidentifiable: flat between walls"),
    ("vanished_background", "c", "at a bound"),
)


def found_by(p, method):
    """The identification, and its seconds without the fit."""
    from parametra.verbs.fit import fit

    fitted = fit(p.problem, progress=False)
    began = time.perf_counter()
    found = identify(p.problem, fit=fitted, method=method, contour="off", progress=False)
    return found, time.perf_counter() - began


def listed(words):
    """`a`, `b`: identifiable; `c`: at a bound."""
    groups = {}
    for label, word in sorted(words.items()):
        groups.setdefault(word, []).append(f"`{label}`")
    return "; ".join(f"{', '.join(labels)} {word}" for word, labels in groups.items())


def told(found):
    """What is determined instead, as `identify` names it."""
    return "; ".join(", ".join(f"`{c}`" for c in one.determined) for one in found.combinations if one.determined)


def row(p, found):
    words = {label: found.verdicts[label].word for label in p.labels}
    differs = {label: word for label, word in words.items() if word != p.verdicts[label]}
    ours = "the same" if not differs else listed(differs)
    return f"| {p.title} | {listed(p.verdicts)} | {ours} | {told(found)} | {p.lesson} | {p.source} |"


def quick_look(name, p, profiled, seconds):
    """The Fisher information beside the profiles: whether it says the same, and what both cost."""
    quick, short = found_by(p, "fisher_information")
    differs = [n for n in p.labels if quick.verdicts[n].word != profiled.verdicts[n].word]
    return {
        "name": name,
        "title": p.title,
        "differs": {n: (quick.verdicts[n].word, profiled.verdicts[n].word) for n in differs},
        "runs": (quick.receipt.evaluations, profiled.receipt.evaluations),
        "seconds": (short, seconds),
    }


def comparison(looks):
    """A few sentences of figures, and where the two differ."""
    same = sum(not look["differs"] for look in looks)
    runs = statistics.median(look["runs"][1] / look["runs"][0] for look in looks)
    faster = statistics.median(look["seconds"][1] / look["seconds"][0] for look in looks)
    figures = (
        f"On {same} of {len(looks)} problems the Fisher information alone gives the verdicts of the profiles, for a\n"
        f"median of {runs:.0f} times fewer evaluations and {faster:.0f} times less time."
    )
    if same == len(looks):
        return figures
    lines = [
        f"{figures} Where it differs, the likelihood is no parabola:",
        "",
        "| problem | parameter | Fisher information | profiles |",
        "| --- | --- | --- | --- |",
    ]
    lines += [
        f"| {look['title']} | `{label}` | {quick} | {slow} |"
        for look in looks
        for label, (quick, slow) in look["differs"].items()
    ]
    return "\n".join(lines)


def draw_shapes(found, path):
    """Six profiles, one of each kind."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 6), layout="constrained")
    for axes, (name, label, words) in zip(figure.subplots(2, 3).flat, SHAPES, strict=True):
        profile = found[name].profile(label)
        values, rise = profile.curve()
        axes.plot(values, rise, color="#1f5fa6", linewidth=2)
        axes.plot(profile.values, profile.rise, ".", color="#1f5fa6", markersize=5)
        axes.axhline(profile.threshold, color="0.45", linestyle="--", linewidth=1)
        axes.plot(found[name].fit.estimate[label], 0, "o", color="black", markersize=6)
        axes.set_ylim(-0.35, 1.9 * profile.threshold)
        if values.min() > 0 and values.max() / values.min() > 30:
            axes.set_xscale("log")
        axes.set_title(f"{found[name].title}\n{words}", fontsize=8)
        axes.set_xlabel(label)
    figure.supylabel("rise of the profile; dashed: the 95 % threshold")
    figure.savefig(path, dpi=110)


def draw_same_fit(found, path):
    """Two exponentials: curves that cannot be told apart, from parameters that have little in common."""
    from matplotlib.figure import Figure

    p, profile = TEXTBOOK["two_exponentials_near"](), found["two_exponentials_near"].profile("a1")
    below = np.flatnonzero(profile.rise < profile.threshold)
    chosen = below[np.unique(np.linspace(0, below.size - 1, 5).round().astype(int))]
    figure = Figure(figsize=(10, 4), layout="constrained")
    curves, differences = figure.subplots(1, 2)
    t = p.inputs["t"]
    curves.errorbar(t, p.y, p.sigma, fmt=".", color="0.4", label="data")
    best = p.predict(p.truth)
    for k in chosen:
        values = {"a1": float(profile.values[k])}
        values |= {name: float(profile.others[k, j]) for j, name in enumerate(profile.names)}
        words = ", ".join(f"{name} = {values[name]:.2g}" for name in sorted(values))
        curves.plot(t, p.predict(values), linewidth=1.5, label=words)
        differences.plot(t, (p.predict(values) - best) / p.sigma, linewidth=1.5)
    differences.axhspan(-1, 1, color="0.9", zorder=0, label="one standard deviation of the data")
    curves.set(xlabel="t", ylabel="y", title="five pairs of exponentials through the same data")
    differences.set(xlabel="t", ylabel="difference / standard deviation", title="and what tells them apart")
    curves.legend(fontsize=7)
    differences.legend(fontsize=8)
    figure.savefig(path, dpi=110)


PREFACE = """# Textbook problems

What can data tell of parameters, and what not? These {count} small problems are where textbooks and papers teach it,
and their answers are known. `identify` is held to them: the verdict for every parameter, the combination that is
determined where the parameters are not, and the ends of every finite profile, to a thousandth of its side, against
brute force by SciPy. Everything is in `tests/identify_problems.py`; the data are not random, so the answers stay what
they are.

## How to read a profile

Hold one parameter at a value, fit all others again, and note how much worse the fit became: that is its profile. Where
it rises above the threshold on both sides, there is an interval. Where it does not, the data set no limit there.

![Six kinds of profile](images/identify-textbook-profiles.png)

A standard error knows only the bottom of the bowl. The upper middle has a finite interval and is not symmetric; the
upper right has no upper end; the flat ones can never be made finite by more data of the same kind. Near a bound of
the parameter itself the threshold is lower than the dashed line, so that intervals hold the truth as often there as
elsewhere.

## An example

Far below saturation the Michaelis-Menten curve is a line. Its slope V / K is told, and neither V nor K:

```python
import numpy as np
import parametra as pm

s = np.linspace(0.005, 0.1, 20)
rate = 10 * s / (1 + s) + 0.05 * np.sin(2.7 * np.arange(20) + 0.3 * np.arange(20) ** 2)
data = pm.Data({{"s": s, "rate": rate}}, inputs=["s"], output="rate", sigma=0.05)
free = {{"V": pm.Log(1e-3, 1e5, guess=1), "K": pm.Log(1e-4, 1e5, guess=1)}}

found = pm.identify("V * s / (K + s)", data, free)
print(found)
assert found.verdicts["V"].word == "practically unidentifiable"
```

Two exponentials with nearly equal rates fit as well as one can wish, with parameters that have little in common:

![Five pairs of exponentials through the same data](images/identify-textbook-same-fit.png)

## The problems

The verdicts of the literature, what `identify` says where it differs, and the combinations that it names.

| problem | the literature | parametra | determined instead | what to learn | source |
| --- | --- | --- | --- | --- | --- |
{rows}

## The quick look

{comparison}

`python benchmarks/identify_textbook.py` makes this page and its pictures.
"""


def main():
    names = sys.argv[1:] or list(TEXTBOOK)
    found, looks, rows = {}, [], []
    for name in names:
        p = TEXTBOOK[name]()
        found[name], seconds = found_by(p, "auto")
        rows.append(row(p, found[name]))
        looks.append(quick_look(name, p, found[name], seconds))
        print(rows[-1], looks[-1], sep="\n", file=sys.stderr, flush=True)
    if sys.argv[1:]:
        return
    draw_shapes(found, IMAGES / "identify-textbook-profiles.png")
    draw_same_fit(found, IMAGES / "identify-textbook-same-fit.png")
    PAGE.write_text(
        PREFACE.format(count=len(rows), rows="\n".join(rows), comparison=comparison(looks)), encoding="utf-8"
    )


if __name__ == "__main__":
    main()
