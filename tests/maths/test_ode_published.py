"""Published problems of systems biology, integrated by the solver that is chosen when nothing is said."""

import json

import pytest

from parametra.formats.petab import read_petab

BENCHMARK = {
    "Boehm_JProteomeRes2014": "llh_amici_yaml",
    "Bruno_JExpBot2016": "llh_amici_yaml",
    # tight integration gives the value of the collection's own simulations; that of AMICI is 1.2e-3 below
    "Crauste_CellSystems2017": "llh_from_simulatedData",
    "Elowitz_Nature2000": "llh_amici_yaml",
    "Fujita_SciSignal2010": "llh_amici_yaml",
}


@pytest.mark.slow
@pytest.mark.external
@pytest.mark.parametrize("name", BENCHMARK)
def test_log_likelihoods_at_the_published_parameters(external_data, name):
    folder = external_data / "petab_benchmark"
    wanted = json.loads((folder / "reference_llh.json").read_text())[name][BENCHMARK[name]]
    problem = read_petab(folder / name / f"{name}.yaml", fixed=True)
    assert problem.model.function.solver == "auto"
    assert problem.log_likelihood(problem.space.guess_named) == pytest.approx(wanted, abs=1e-3)
