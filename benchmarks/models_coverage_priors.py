"""How often do the 95 % intervals hold the truth where it is drawn from the priors? 500 draws, a data set from each.

A prior says where the truth is likely to be, so what it promises is a promise over truths that are drawn from it (Cook,
Gelman and Rubin 2006, doi:10.1198/106186006X136976): at one truth near its middle intervals hold more than they say,
and at one far out less, and only the average is 95 %. So each data set has a truth of its own: what has a prior is
drawn from it, all else is that of the known answer. Shares are of all elements of a parameter together.
"""

import json
import subprocess
import sys

import numpy as np

SETS = 500
CASES = (
    ("item_response.three_parameter", False),
    ("item_response.three_parameter", True),
    ("survival.mixture_cure_additive_hazards", False),
)
"""Models whose known answer has priors, and whether all of the model's priors are taken or those of the answer."""


def truths(problem, at, count, generator):
    """Values by name, each with a last axis of draws: from the priors where there are some, else of the estimate."""
    found = {name: np.repeat(np.asarray(value)[..., None], count, axis=-1) for name, value in at.items()}
    for name in problem.space.explicit_priors:
        parameter = problem.space[name]
        drawn = parameter.prior.quantile(generator.uniform(size=found[name].shape))
        while np.any(outside := ~((drawn > parameter.lower) & (drawn < parameter.upper))):
            drawn = np.where(outside, parameter.prior.quantile(generator.uniform(size=drawn.shape)), drawn)
        found[name] = drawn
    return found


def refitted(refitting, data, starts):
    """The estimates of data sets, each sought from a start of its own."""
    from parametra.runs._refits_end import refits_of
    from parametra.runs.refits import ReplicateDrive

    replicates = refitting.replicates(data)
    drive = ReplicateDrive(refitting.evaluator, refitting.budget, refitting.progress, replicates=replicates)
    found = drive.run(refitting.method, refitting.problem.search_space(), starts)
    return refits_of(refitting.problem, replicates.evaluate, found, drive.evaluations, drive.ended)


def of_one(name, every, sets=SETS, seed=0):
    """For each parameter the share of intervals that hold the truth, and its standard error over data sets."""
    from parametra import catalogue
    from parametra.methods.identify.simulation_coverage import METHOD
    from parametra.nouns.bootstrap_data import ReplicateData
    from parametra.nouns.keys import generator
    from parametra.nouns.noise_simulate import simulate
    from parametra.testing.check_model import fit_known
    from parametra.verbs.at_estimate import at_estimate
    from parametra.verbs.bootstrap import refitter
    from parametra.verbs.identify_beside import profile_ends
    from parametra.verbs.identify_run import estimate_of

    ready = catalogue.model(name)
    known = ready.known[0]
    problem = ready.problem(known.data(), parameters=known.parameters, priors=every, **known.options)
    at = at_estimate(problem, fit_known(problem, known), lanes=min(sets, 500))
    refitting, problem, random = refitter(at), at.problem, generator(seed, "models_coverage_priors", 0)
    named = truths(problem, refitting.named(at.x), sets, random)
    truth = np.asarray(problem.fit_space.from_named({k: named[k] for k in problem.fit_space.names})).T
    drawn = [simulate(problem, {k: v[..., i] for k, v in named.items()}, 1, random) for i in range(sets)]
    observed = tuple({o: np.concatenate([one[i][o] for one in drawn]) for o in each} for i, each in enumerate(drawn[0]))
    data = ReplicateData(sets, observed=observed)
    refits = refitted(refitting, data, truth)
    ends = {
        "curvature": METHOD(sets).by_curvature(refitting, refits),
        "profile": profile_ends(refitting, estimate_of(at), data, refits, 0.95, holding=truth),
    }
    found = {part: {"prior": part in problem.space.explicit_priors} for part in problem.fit_space.names}
    for kind, (low, high) in ends.items():
        there = ~(np.isnan(low) | np.isnan(high))
        held = np.where(there, (low <= truth) & (truth <= high), np.nan)
        for part, where in problem.fit_space.slices.items():
            found[part][kind] = share_of(held[refits.ok][:, where])
    return {"parameters": found, "fitted": int(refits.ok.sum()), "reasons": dict(refits.reasons)}


def share_of(held):
    """The share in per cent, its standard error, and how many intervals there are; (sets, elements) came."""
    there = ~np.isnan(held)
    share = float(np.nansum(held) / there.sum())
    apart = np.where(there, held - share, 0.0).sum(axis=1)  # elements of one data set are not independent
    return 100 * share, 100 * float(np.sqrt((apart**2).sum())) / int(there.sum()), int(there.sum())


def in_a_process(name, every):
    code = f"import sys, json; sys.path.insert(0, {sys.path[0]!r}); import models_coverage_priors as m; "
    code += f"print('FOUND', json.dumps(m.of_one({name!r}, {every})))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return json.loads(next(line for line in done.stdout.splitlines() if line.startswith("FOUND"))[6:])


def main():
    rows = []
    for name, every in CASES:
        found = in_a_process(name, every)
        print(name, found, file=sys.stderr, flush=True)
        for part, shares in found["parameters"].items():
            told = {kind: "{:.1f} ± {:.1f} %".format(*shares[kind]) for kind in ("curvature", "profile")}
            truth = "drawn from its prior" if shares["prior"] else "of the known answer"
            row = {"model": f"{name}, all priors" if every else name, "parameter": part, "truth": truth}
            rows.append({**row, "data sets": found["fitted"], **told})
    json.dump({"title": "Coverage where truths are drawn from priors", "rows": rows}, sys.stdout)


if __name__ == "__main__":
    main()
