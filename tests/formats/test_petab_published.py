"""The PEtab test suite, and published problems of the benchmark collection at their published parameters."""

from __future__ import annotations

import csv
import json
from dataclasses import replace

import numpy as np
import pytest

import parametra as pm
from parametra.formats.petab import read_petab

pytestmark = pytest.mark.external
CASES = [f"{number:04d}" for number in range(1, 21)]

BENCHMARK = {
    "Boehm_JProteomeRes2014": "llh_amici_yaml",
    "Bruno_JExpBot2016": "llh_amici_yaml",
    # tight integration gives the value of the collection's own simulations; that of AMICI is 1.2e-3 below
    "Crauste_CellSystems2017": "llh_from_simulatedData",
    "Elowitz_Nature2000": "llh_amici_yaml",
    "Fujita_SciSignal2010": "llh_amici_yaml",
}
LONG = ("Elowitz_Nature2000", "Fujita_SciSignal2010")


def chi_square(problem):
    """The squares of what is left of each measurement, in units of its standard deviation."""
    named, total = problem.space.guess_named, 0.0
    for i, output, values in problem.compared(named, problem.arrays):
        row = problem.noise[output].working(problem.scatter(i, output, values, named, problem.arrays, np))[0]
        total += np.sum(row.score**2 / row.information)
    return total


def simulated(problem):
    """(data set, observable, time) to the predictions there."""
    found = {}
    for i, output, values in problem.compared(problem.space.guess_named, problem.arrays):
        data = problem.data_sets[i]
        rows = slice(None) if data.observed[output] is None else data.observed[output]
        for time, value in zip(data.inputs["time"][rows], values, strict=True):
            found.setdefault((data.name, output, float(time)), []).append(float(value))
    return found


@pytest.mark.parametrize("case", CASES)
def test_the_test_suite(external_data, case):
    import yaml

    folder = external_data / "petab_test_suite" / "v1.0.0" / "sbml" / case
    solution = yaml.safe_load((folder / f"_{case}_solution.yaml").read_text())
    problem = read_petab(folder / f"_{case}.yaml", fixed=True, solver="lsoda")
    assert problem.log_likelihood(problem.space.guess_named) == pytest.approx(solution["llh"], abs=solution["tol_llh"])
    assert chi_square(problem) == pytest.approx(solution["chi2"], abs=solution["tol_chi2"])
    found = simulated(problem)
    with (folder / "_simulations.tsv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            before = row.get("preequilibrationConditionId", "")
            name = row["simulationConditionId"] + (f" after {before}" if before else "")
            values = found[name, row["observableId"], float(row["time"])]
            assert values[0] == pytest.approx(float(row["simulation"]), abs=solution["tol_simulations"])
            if len(values) > 1:
                del values[0]


def published(external_data, name, **settings):
    reference = json.loads((external_data / "petab_benchmark" / "reference_llh.json").read_text())[name]
    return read_petab(external_data / "petab_benchmark" / name / f"{name}.yaml", **settings), reference


@pytest.mark.parametrize("name", [pytest.param(n, marks=pytest.mark.slow) if n in LONG else n for n in BENCHMARK])
def test_published_problems(external_data, name):
    problem, reference = published(external_data, name, solver="lsoda")
    wanted = reference[BENCHMARK[name]]
    assert problem.log_likelihood(problem.space.guess_named) == pytest.approx(wanted, abs=1e-3)
    assert problem.fit_space.dimension == reference["n_estimated"]
    assert problem.size == reference["n_measurements"]
    if reference["chi2_from_simulatedData"] is not None:
        assert chi_square(problem) == pytest.approx(reference["chi2_from_simulatedData"], abs=1e-3)


@pytest.mark.slow
def test_a_published_optimum_is_one(external_data):
    problem, reference = published(external_data, "Boehm_JProteomeRes2014")
    fit = pm.fit(problem, starts=1)
    assert fit.log_likelihood == pytest.approx(reference["llh_amici_yaml"], abs=1e-4)
    assert fit.estimate["k_phos"] == pytest.approx(15766.5, rel=1e-2)


@pytest.mark.slow
def test_many_starts_that_know_nothing_of_the_published_optimum_find_it(external_data):
    problem, reference = published(external_data, "Bruno_JExpBot2016")
    parameters = {name: replace(each, guess=None) for name, each in problem.stated_space.parameters.items()}
    unknowing = pm.Problem(problem.model, problem.data_sets, parameters, noise=problem.noise)
    fit = pm.fit(unknowing, starts=20, seed=1)
    assert fit.log_likelihood == pytest.approx(reference["llh_amici_yaml"], abs=1e-3)
