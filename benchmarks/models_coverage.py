"""How often do the 95 % intervals of ready-made models hold the truth? 500 data sets from the fit of a known answer.

Every model of the catalogue, its first known answer whose data are at hand, in a process of its own that may take
MOST seconds. A share of 500 scatters by 1.0 %, so of 100 honest parameters four lie outside 93 to 97 % by chance. Where
one does, the model is measured again with AGAIN other data sets, whose shares scatter by 0.34 %, and these count.
"""

import json
import subprocess
import sys

import numpy as np

SETS = 500
AGAIN = 4000
MOST = 600
"""Seconds for one model and one count of data sets; longer ones are told as such."""
KINDS = ("curvature", "profile")


def of_one(name, sets=SETS, seed=0):
    """For each kind of intervals the shares of the free parameters, in percent."""
    from parametra import catalogue
    from parametra.testing.check_model import at_hand, fit_known
    from parametra.verbs.at_estimate import at_estimate
    from parametra.verbs.identify_beside import covered
    from parametra.verbs.identify_run import estimate_of

    ready = catalogue.model(name)
    known = next(each for each in ready.known if at_hand(each))
    problem = ready.known_problem(known)
    at = at_estimate(problem, fit_known(problem, known), lanes=min(sets, 500))
    found = covered(at, estimate_of(at), sets, 0.95, seed=seed)
    shares = {kind: {} for kind in KINDS}
    for row in found.rows:
        if row.of:
            shares[row.intervals][row.label] = (100 * row.share, row.without)
    return {"sets": found.replicates, "shares": shares}


def in_a_process(name, sets=SETS, seed=0):
    code = f"import sys, json; sys.path.insert(0, {sys.path[0]!r}); import models_coverage as m; "
    code += f"print('FOUND', json.dumps(m.of_one({name!r}, {sets}, {seed})))"
    try:
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=MOST, check=False)
    except subprocess.TimeoutExpired:
        return f"longer than {MOST} s"
    line = next((line for line in done.stdout.splitlines() if line.startswith("FOUND")), None)
    if line is None:
        return (done.stderr.strip().splitlines() or ["it ended"])[-1][-160:]
    return json.loads(line[6:])


def told(shares):
    if not shares:
        return "none"
    values = np.array([share for share, _ in shares.values()])
    outside = [f"{name} {share:.1f}" for name, (share, _) in shares.items() if not 93 <= share <= 97]
    return f"{values.mean():.1f} %" + (f" (outside: {', '.join(outside)})" if outside else "")


def is_outside(found):
    return any(not 93 <= share <= 97 for shares in found["shares"].values() for share, _ in shares.values())


def counted(name):
    """The shares of 500 data sets, or of more where one of 500 is outside; why there are none, as text."""
    found = in_a_process(name)
    if isinstance(found, str) or not is_outside(found):
        return found
    print(name, found, "again", file=sys.stderr, flush=True)
    again = in_a_process(name, AGAIN, seed=1)
    return found if isinstance(again, str) else again


def main():
    from parametra import catalogue

    names = [name for name in catalogue.models() if not sys.argv[1:] or name in sys.argv[1:]]
    rows, inside, of = [], dict.fromkeys(KINDS, 0), dict.fromkeys(KINDS, 0)
    for name in names:
        found = counted(name)
        print(name, found, file=sys.stderr, flush=True)
        if isinstance(found, str):
            rows.append({"model": name, "parameters": "", "data sets": "", **dict.fromkeys(KINDS, found)})
            continue
        for kind, shares in found["shares"].items():
            inside[kind] += sum(93 <= share <= 97 for share, _ in shares.values())
            of[kind] += len(shares)
        count = max(len(shares) for shares in found["shares"].values())
        shares = {kind: told(found["shares"][kind]) for kind in KINDS}
        rows.append({"model": name, "parameters": count, "data sets": found["sets"], **shares})
    rows.append(
        {
            "model": "parameters within 93 to 97 %",
            "parameters": max(of.values()),
            "data sets": "",
            **{kind: f"{inside[kind]} of {of[kind]}" for kind in KINDS},
        }
    )
    json.dump({"title": "Coverage of 95 % intervals of ready-made models", "rows": rows}, sys.stdout)


if __name__ == "__main__":
    main()
