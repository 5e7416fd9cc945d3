"""How fast and how closely are items of a test fitted?

Answers drawn from the two-parameter model, and the Law School Admission Test, sections 6 and 7; the peer is girth's
marginal maximum likelihood. The log-likelihood of every answer is computed by the same rule of 121 nodes, so that it
tells who is nearer to the maximum. Times are without imports and after one small fit of each.
"""

import json
import time

import numpy as np

PEER = "girth"


def cases():
    from parametra.models import item_response as irt
    from parametra.models.item_response._lsat import section_6, section_7

    for name, data in (("LSAT, section 6", section_6()), ("LSAT, section 7", section_7())):
        yield name, np.repeat(data.inputs["answers"], data.outputs["persons"].astype(int), axis=0)
    for persons, items in ((500, 20), (1000, 40), (5000, 40)):
        generator = np.random.default_rng(items)
        bank = irt.ItemBank(generator.standard_normal(items), np.exp(0.3 * generator.standard_normal(items)))
        yield "simulated", irt.simulate_responses(bank, persons=persons, seed=persons)


def ours(answers, errors):
    import parametra as pm
    from parametra.models import item_response as irt
    from parametra.models.item_response.two_parameter import READY

    found = pm.fit(READY.problem(irt.responses(answers)), starts=1)
    errors.append(all(value is not None for value in found.standard_error.values()))
    return found.estimate["difficulty"], found.estimate["discrimination"]


def girth(answers, errors):
    from girth import twopl_mml

    del errors  # it has none
    found = twopl_mml(answers.T.astype(int))
    return found["Difficulty"], found["Discrimination"]


def log_likelihood(answers, difficulty, discrimination):
    from parametra.models import item_response as irt
    from parametra.models.item_response._marginal import AnswerProbability

    data = irt.responses(answers)
    values = {"difficulty": np.asarray(difficulty), "discrimination": np.asarray(discrimination)}
    return float(data.outputs["persons"] @ AnswerProbability(121)(values, data.inputs))


def timed(function, answers, errors):
    began = time.perf_counter()
    found = function(answers, errors)
    return time.perf_counter() - began, found


def main():
    from threadpoolctl import threadpool_limits

    rows = []
    with threadpool_limits(limits=1):
        warm = np.random.default_rng(0).integers(0, 2, size=(100, 5))
        for function in (ours, girth):
            function(warm, [])
        for name, answers in cases():
            errors = []
            seconds, mine = min((timed(ours, answers, errors) for _ in range(3)), key=lambda each: each[0])
            peer_seconds, theirs = min((timed(girth, answers, errors) for _ in range(3)), key=lambda each: each[0])
            best = log_likelihood(answers, *mine)
            rows.append(
                {
                    "answers": name,
                    "persons x items": f"{answers.shape[0]} x {answers.shape[1]}",
                    "parametra, with errors": f"{seconds:.2f} s" if all(errors) else f"{seconds:.2f} s, some without",
                    f"{PEER}, without errors": f"{peer_seconds:.2f} s",
                    "log-likelihood": f"{best:.4f}",
                    f"that of {PEER}": f"{log_likelihood(answers, *theirs) - best:+.4f}",
                }
            )
    print(json.dumps({"title": "Items of a test: two-parameter model", "rows": rows}))


if __name__ == "__main__":
    main()
