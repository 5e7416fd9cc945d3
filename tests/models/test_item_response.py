"""Models of answers to items: against published fits, brute-force integrals and finite differences."""

import numpy as np
import pytest
from scipy.integrate import quad

import parametra as pm
from parametra.models import item_response as irt
from parametra.models.item_response._lsat import section_6, section_7
from parametra.models.item_response._marginal import AnswerProbability, enough_nodes
from parametra.models.item_response.amortised import READY as AMORTISED
from parametra.models.item_response.rasch import READY as RASCH
from parametra.models.item_response.three_parameter import READY as THREE
from parametra.models.item_response.two_parameter import READY as TWO
from parametra.nouns.asker import Want
from parametra.nouns.card import Ability
from parametra.nouns.errors import DataError, MethodError, ModelError, NoiseError
from parametra.nouns.noise_simulate import simulate
from parametra.runs.cost import Cost
from parametra.runs.direct import Direct

MIRT = {
    "slope": np.array([0.98793, 1.08089, 1.70580, 0.76519, 0.73580]),
    "intercept": np.array([1.85606, 0.80798, 1.80422, 0.48600, 1.85451]),
}
"""mirt's tests, LSAT section 7, by EM."""


def fitted(ready, data, **options):
    return pm.fit(ready.problem(data, **options), starts=1)


def errors(fit, name):
    return np.array([row.standard_error for row in fit.rows if row.name == name])


def likelihood(data, **values):
    model = AnswerProbability(161)
    return data.outputs["persons"] @ model({k: np.asarray(v) for k, v in values.items()}, data.inputs)


def gradient(data, worth, features=None, **values):
    """Derivatives backwards, one point."""
    model = AnswerProbability(61, features)
    batched = {k: np.asarray(v)[..., None, None] for k, v in values.items()}
    return model.pull_back(batched, data.inputs, lambda outputs, which: {"": worth[None]}).gradient


# ---- published fits


def test_rasch_of_section_6_has_the_published_likelihood():
    assert fitted(RASCH, section_6()).log_likelihood == pytest.approx(-2466.938, abs=5e-4)


def test_two_parameter_of_section_7_is_mirts_to_its_tolerance_and_the_higher_maximum():
    data = section_7()
    found = fitted(TWO, data)
    slope, difficulty = found.estimate["discrimination"], found.estimate["difficulty"]
    np.testing.assert_allclose(slope, MIRT["slope"], atol=2e-3)
    np.testing.assert_allclose(-slope * difficulty, MIRT["intercept"], atol=1.1e-3)
    assert found.log_likelihood == pytest.approx(-2658.805, abs=5e-4)
    theirs = {"discrimination": MIRT["slope"], "difficulty": -MIRT["intercept"] / MIRT["slope"]}
    ours = {"discrimination": slope, "difficulty": difficulty}
    assert likelihood(data, **ours) > likelihood(data, **theirs)
    steep = [np.abs(gradient(data, data.outputs["persons"], **each)["discrimination"]).max() for each in (ours, theirs)]
    assert steep[0] < 1e-3
    assert steep[1] > 1e-2


def test_equal_slopes_of_section_7_are_mirts():
    found = fitted(RASCH, section_7())
    slope = found.estimate["discrimination"]
    assert slope == pytest.approx(1.01114, abs=2e-4)
    wanted = [1.86813, 0.79094, 1.46088, 0.52147, 1.99283]
    np.testing.assert_allclose(-slope * found.estimate["difficulty"], wanted, atol=2e-4)


@pytest.mark.external
def test_section_7_is_the_published_table(external_data):
    file = external_data / "irt" / "LSAT7_responses.csv"
    table = np.loadtxt(file, delimiter=",", skiprows=1)
    read, typed = irt.responses(table), section_7()
    np.testing.assert_array_equal(read.inputs["answers"], typed.inputs["answers"])
    np.testing.assert_array_equal(read.outputs["persons"], typed.outputs["persons"])


# ---- the probability of a pattern, by another route


@pytest.mark.parametrize("guessing", [None, 0.2])
def test_a_pattern_has_the_probability_of_a_plain_integral(guessing):
    slope, difficulty = np.array([0.7, 1.5, 2.5]), np.array([-1.0, 0.3, 1.2])
    answers = np.array([[1.0, 0.0, 1.0], [0.0, -1.0, 1.0]])
    low = 0.0 if guessing is None else guessing

    def joint(ability, row):
        chance = low + (1 - low) / (1 + np.exp(-slope * (0.4 + 1.3 * ability - difficulty)))
        each = np.where(row == 1, chance, np.where(row == 0, 1 - chance, 1.0))
        return each.prod() * np.exp(-0.5 * ability**2) / np.sqrt(2 * np.pi)

    values = {"discrimination": slope, "difficulty": difficulty, "ability_mean": 0.4, "ability_spread": 1.3}
    values |= {} if guessing is None else {"guessing": np.full(3, guessing)}
    found = AnswerProbability(61)({k: np.asarray(v) for k, v in values.items()}, {"answers": answers})
    for row, log_probability in zip(answers, found, strict=True):
        wanted = quad(joint, -9, 9, args=(row,), epsabs=1e-13)[0]
        assert np.exp(log_probability) == pytest.approx(wanted, rel=1e-8)


def test_many_items_need_the_nodes_that_are_taken():
    bank = irt.ItemBank(np.linspace(-2, 2, 200), 1.4)
    answers = irt.simulate_responses(bank, ability=[-2.5, 0.0, 1.9], seed=1)
    values = {"discrimination": np.asarray(1.4), "difficulty": bank.difficulty}
    found = [AnswerProbability(n)(values, {"answers": answers}) for n in (enough_nodes(200), 2001, 31)]
    np.testing.assert_allclose(found[0], found[1], atol=1e-7)
    assert np.abs(found[2] - found[1]).max() > 0.01


CASES = {
    "guessing": {"difficulty": [-0.5, 0.2, 1.0], "discrimination": [0.8, 1.5, 2.0], "guessing": [0.2, 0.1, 0.3]},
    "group": {"difficulty": [-0.5, 0.2, 1.0], "discrimination": 1.2, "ability_mean": 0.3, "ability_spread": 1.4},
    "features": {"intercept": 0.1, "weights": [0.5, -0.7], "residual": [0.1, 0.0, -0.2], "discrimination": 1.1},
}


@pytest.mark.parametrize("case", CASES)
def test_derivatives_forwards_and_backwards_are_those_of_differences(case):
    values = {k: np.asarray(v, dtype=float) for k, v in CASES[case].items()}
    features = np.array([[1.0, 0.0], [0.5, 1.0], [-1.0, 0.3]]) if case == "features" else None
    data = irt.responses([[1, 0, 1], [0, np.nan, 1], [1, 1, 1], [0, 0, 0]])
    worth = np.arange(1.0, 1.0 + data.rows)
    model = AnswerProbability(61, features)
    backwards = gradient(data, worth, features, **values)
    for name, value in values.items():
        for k in range(value.size):
            unit = np.zeros(value.size)
            unit[k] = 1.0
            unit = unit.reshape(value.shape)
            up, down = (model({**values, name: value + h * unit}, data.inputs) for h in (1e-5, -1e-5))
            rough = (up - down) / 2e-5
            forwards = np.imag(model({**values, name: value + 1e-30j * unit}, data.inputs)) / 1e-30
            np.testing.assert_allclose(forwards, rough, rtol=1e-6, atol=1e-8)
            assert backwards[name][..., 0].reshape(-1)[k] == pytest.approx(worth @ rough, rel=1e-6, abs=1e-8)


def test_no_corner_is_infinite_without_guessing():
    values = {"discrimination": np.full(2, 50.0), "difficulty": np.array([40.0, -40.0]), "guessing": np.zeros(2)}
    model = AnswerProbability(61)
    answers = np.array([[1.0, 0.0], [0.0, 1.0]])
    assert np.isfinite(model(values, {"answers": answers})).all()
    batched = {k: v[:, None, None] for k, v in values.items()}
    found = model.pull_back(batched, {"answers": answers}, lambda outputs, which: {"": np.ones((1, 2))})
    assert all(np.isfinite(by).all() for by in found.gradient.values()) and found.failed == [""]


# ---- incomplete answers and groups


def test_items_that_were_not_asked_count_neither_way():
    bank = irt.ItemBank([-1.0, 0.0, 0.5, 1.0], [1.0, 1.5, 0.8, 1.2])
    answers = irt.simulate_responses(bank, persons=50, seed=1)
    less = answers.copy()
    less[:, 3] = np.nan
    values = {"discrimination": bank.discrimination, "difficulty": bank.difficulty}
    three = {name: value[:3] for name, value in values.items()}
    with_gap = irt.responses(np.vstack([less, answers]))
    apart = likelihood(irt.responses(less[:, :3]), **three) + likelihood(irt.responses(answers), **values)
    assert likelihood(with_gap, **values) == pytest.approx(apart, rel=1e-12)


def test_answers_are_drawn_for_those_who_were_asked():
    answers = np.array([[1, 0, np.nan], [1, 1, np.nan], [0, 1, 1], [1, 0, 0], [0, 0, 1]])
    problem = RASCH.problem(irt.responses(answers), priors=True, undetermined="keep")
    data = problem.data_sets[0]
    values = {"difficulty": np.zeros(3), "discrimination": 1.0}
    counts = simulate(problem, values, 500, np.random.default_rng(0))[0]["persons"]
    asked_all = (data.inputs["answers"] >= 0).all(axis=1)
    assert (counts[:, asked_all].sum(axis=1) == 3).all() and (counts[:, ~asked_all].sum(axis=1) == 2).all()


def test_groups_differ_in_mean_and_spread():
    bank = irt.ItemBank(np.linspace(-1.5, 1.5, 8), 1.3)
    generator = np.random.default_rng(5)
    able = np.concatenate([generator.standard_normal(1500), 0.7 + 1.4 * generator.standard_normal(1500)])
    answers = irt.simulate_responses(bank, ability=able, seed=6)
    data = irt.group_responses(answers, ["before"] * 1500 + ["after the course"] * 1500)
    found = fitted(RASCH, data)
    for label, truth in {"ability_mean_after_the_course": 0.7, "ability_spread_after_the_course": 1.4}.items():
        assert abs(found.estimate[label] - truth) < 3 * found.standard_error[label]
    assert [each.name for each in data] == ["before", "after the course"]


def test_patterns_and_persons_have_one_likelihood():
    answers = irt.simulate_responses(irt.ItemBank([-0.5, 0.5, 1.0]), persons=40, seed=2)
    fits = [fitted(RASCH, irt.responses(answers, patterns=each)) for each in (True, False)]
    assert fits[0].log_likelihood == pytest.approx(fits[1].log_likelihood, rel=1e-10)
    assert (fits[0].points, fits[1].points) == (40, 40)


def test_criteria_count_persons_whether_rows_are_patterns_or_persons():
    data = section_7()
    persons = data.outputs["persons"].astype(int)
    table = np.repeat(data.inputs["answers"], persons, axis=0)
    found = []
    for each in (data, irt.responses(table, patterns=False)):
        problems = {ready.name: ready.problem(each) for ready in (RASCH, TWO)}
        found.append(pm.compare(problems, fit_settings={"starts": 1}, cross_validation=False))
    for each in found:
        for one in each.candidates:
            wanted = -2 * one.fit.log_likelihood + one.fit.free * np.log(1000)
            assert one.criterion("bic") == pytest.approx(wanted, rel=1e-12)
            assert one.log_density.size == 1000
            assert one.log_density.sum() == pytest.approx(one.fit.log_likelihood, rel=1e-12)
        assert (each.ranking("aicc")[0], each.ranking("bic")[0]) == (TWO.name, RASCH.name)
        assert each.points == 1000
    patterns, rows = (each.pair(RASCH.name, TWO.name) for each in found)
    assert patterns.error == pytest.approx(rows.error, rel=1e-3)
    assert patterns.ratio_test.p_value == pytest.approx(rows.ratio_test.p_value, rel=1e-3)


FEW = irt.simulate_responses(irt.ItemBank([-0.5, 0.5, 1.0], [0.8, 1.2, 1.6]), persons=60, seed=2)


def test_persons_are_counted_in_patterns_and_in_rows_together():
    patterns, rows = irt.responses(FEW, name="patterns"), irt.responses(FEW, patterns=False, name="rows")
    assert patterns.rows < 60 == rows.rows
    alone = RASCH.problem(rows)
    assert alone.repeats is None and alone.observations == alone.size == 60
    grouped = RASCH.problem(patterns)
    np.testing.assert_array_equal(grouped.repeats, patterns.outputs["persons"])
    assert grouped.size == patterns.rows and grouped.observations == 60
    both = RASCH.problem([patterns, rows])
    assert both.observations == 120
    assert both.repeats.tolist() == [*grouped.repeats.tolist(), *[1] * 60]


def test_patterns_are_not_left_out_whole():
    problems = {ready.name: ready.problem(irt.responses(FEW)) for ready in (RASCH, TWO)}
    found = pm.compare(problems, fit_settings={"starts": 1}, cross_validation=True, nested=False)
    assert "which no fold could part; give a row for each" in found.folds
    assert all(each.held_out is None for each in found.candidates)
    with pytest.raises(MethodError, match="each stands for several observations"):
        pm.bootstrap(problems[RASCH.name], kind="case", replicates=50)


@pytest.mark.slow
def test_persons_are_left_out_by_folds():
    problems = {ready.name: ready.problem(irt.responses(FEW, patterns=False)) for ready in (RASCH, TWO)}
    found = pm.compare(problems, fit_settings={"starts": 1}, cross_validation=2, nested=False)
    for each in found.candidates:
        assert each.held_out.total < each.fit.log_likelihood
        assert each.held_out.total == pytest.approx(each.fit.log_likelihood, abs=20)


def test_expected_information_is_that_of_all_patterns():
    """Fisher scoring's matrix against the sum over patterns of N p (d log p)' (d log p) by plain differences."""
    problem = TWO.problem(section_6())
    assert Ability.SCORES in problem.offers
    x = problem.fit_space.guess + 0.1
    direct = Direct(problem, Cost(least_squares=False, scores=True))
    answers = direct.evaluate(x[None], Want.NORMAL)

    def log_chance(point):
        return problem.compared(problem.fit_space.to_named(point), problem.arrays)[0][2]

    step = 1e-5 * np.eye(x.size)
    slopes = np.array([(log_chance(x + each) - log_chance(x - each)) / 2e-5 for each in step])
    wanted = slopes * (1000 * np.exp(log_chance(x))) @ slopes.T
    np.testing.assert_allclose(answers.normal[0], wanted, rtol=1e-6, atol=1e-6 * wanted.max())
    np.testing.assert_allclose(answers.gradient[0], -slopes @ problem.arrays[0]["observed"]["persons"], atol=1e-4)
    # where patterns are missing the expectation is not known
    answers = irt.simulate_responses(irt.ItemBank(np.linspace(-1, 1, 12)), persons=60, seed=1)
    for data in (irt.responses(answers), irt.responses(answers[:, :3], patterns=False)):
        assert Ability.SCORES not in RASCH.problem(data).offers


@pytest.mark.slow
@pytest.mark.parametrize("ready", [RASCH, TWO])
def test_intervals_cover(ready):
    found = pm.coverage(ready.problem(section_6()), replicates=500, seed=1)
    assert all(0.92 <= row.share <= 0.985 for row in found.rows)


# ---- what simulated answers give back


def test_difficulties_come_back_from_four_fifths_of_the_answers_and_predict_the_rest():
    generator = np.random.default_rng(1)
    bank = irt.ItemBank(generator.standard_normal(30), np.exp(0.3 * generator.standard_normal(30)))
    able = generator.standard_normal(400)
    answers = irt.simulate_responses(bank, ability=able, seed=2)
    held = generator.random(answers.shape) < 0.2
    seen = np.where(held, np.nan, answers)
    found = fitted(TWO, irt.responses(seen))
    assert np.corrcoef(found.estimate["difficulty"], bank.difficulty)[0, 1] >= 0.95
    guessed = irt.item_bank(found).chance(irt.abilities(found, seen).estimate)[held]
    oracle = bank.chance(able)[held]
    assert auc(answers[held], guessed) > auc(answers[held], oracle) - 0.03


def auc(right, score):
    from scipy.stats import rankdata

    ranks, hits = rankdata(score), int(right.sum())
    return (ranks[right == 1].sum() - hits * (hits + 1) / 2) / (hits * (right.size - hits))


@pytest.mark.slow
def test_standard_errors_are_as_large_as_errors():
    bank = irt.ItemBank(np.linspace(-1.5, 1.5, 5), 1.2)
    off = []
    for seed in range(40):
        found = fitted(RASCH, irt.responses(irt.simulate_responses(bank, persons=300, seed=seed)))
        gap = np.append(found.estimate["difficulty"] - bank.difficulty, found.estimate["discrimination"] - 1.2)
        off.append(gap / np.append(errors(found, "difficulty"), errors(found, "discrimination")))
    assert np.sqrt(np.mean(np.square(off))) == pytest.approx(1.0, abs=0.15)
    assert np.mean(np.abs(off) < 1.96) == pytest.approx(0.95, abs=0.04)


def test_guessing_is_hard_to_tell_without_a_prior():
    bank = irt.ItemBank([-1.5, -0.5, 0, 0.5, 1.5], [1, 1.3, 1.5, 1.2, 1.4], 0.2)
    data = irt.responses(irt.simulate_responses(bank, persons=600, seed=4))
    free = fitted(THREE, data, guessing="free")
    assert any("bound" in note for label, note in free.notes.items() if label.startswith("guessing"))
    known = fitted(THREE, data, guessing="prior")
    assert np.abs(known.estimate["guessing"] - 0.2).max() < 0.06 and not known.notes
    fixed = fitted(THREE, data, guessing=0.2)
    assert fixed.values["guessing"] == 0.2
    assert errors(fixed, "difficulty").mean() < errors(known, "difficulty").mean()


def test_residuals_take_up_what_features_leave_unexplained():
    generator = np.random.default_rng(3)
    features = generator.standard_normal((12, 2))
    own = 0.5 * generator.standard_normal(12)
    bank = irt.ItemBank(features @ [0.8, -0.5] + own, 1.2)
    data = irt.responses(irt.simulate_responses(bank, persons=1500, seed=4))
    found = fitted(AMORTISED, data, features=features, residual_spread=0.5)
    assert np.corrcoef(found.estimate["residual"], own)[0, 1] > 0.8
    together = irt.item_bank(found, features=features, fitted=True)
    alone = irt.item_bank(found, features=features)
    assert np.abs(together.difficulty - bank.difficulty).mean() < np.abs(alone.difficulty - bank.difficulty).mean()
    each = fitted(AMORTISED, data, features=features, slopes="each")
    assert each.estimate["discrimination"].shape == (12,)


def test_every_model_draws_item_curves():
    figure = pytest.importorskip("matplotlib.figure").Figure()
    known = AMORTISED.known[0]
    problem = AMORTISED.known_problem(known)
    axes = figure.add_subplot()
    AMORTISED.picture(pm.fit(problem, starts=1), problem, axes)
    assert len(axes.lines) == 10 and axes.get_xlabel() == "ability"
    problem = TWO.problem(section_6())
    TWO.picture(pm.fit(problem, starts=1), problem, figure.add_subplot())


# ---- bad input


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: irt.responses([[1, 2], [0, 1]]), "row 0, item 1 holds 2"),
        (lambda: irt.responses([1, 0, 1]), "table of persons x items"),
        (lambda: irt.responses({"a": [1, 0], "b": [1]}), "lengths differ"),
        (lambda: irt.responses([["x", "y"]]), "something else came"),
        (lambda: irt.responses([[1, np.nan], [0, np.nan]]), "item 1 was asked of nobody"),
        (lambda: irt.responses([[1, 0]], persons=[1, 2]), "count for each of the 1 rows"),
        (lambda: irt.group_responses([[1, 0]], ["a", "b"]), "one label for each of the 1 rows"),
        (lambda: RASCH.problem(irt.responses([[1, 0], [0, 1]], persons=[1.5, 2])), "counts of persons"),
        (lambda: RASCH.problem(pm.Data({"x": [1.0], "persons": [1.0]}, inputs=["x"], output="persons")), "responses"),
        (lambda: RASCH.problem(section_6(), nodes=1), "nodes is a whole number"),
        (lambda: THREE.problem(section_6(), guessing="often"), '"prior", "free", or a number'),
        (lambda: THREE.problem(section_6(), guessing=0.95), "0.95 came"),
        (lambda: AMORTISED.problem(section_6()), "features are needed"),
        (lambda: AMORTISED.problem(section_6(), features=[[1.0]]), r"each of the 5 items; shape \(1, 1\)"),
        (lambda: AMORTISED.problem(section_6(), features=np.ones((5, 1))), "not independent"),
        (
            lambda: AMORTISED.problem(section_6(), features=np.arange(5.0)[:, None], residual_spread=-1.0),
            "residual_spread is a standard deviation",
        ),
    ],
)
def test_bad_input_is_told(make, words):
    with pytest.raises((DataError, ModelError, NoiseError), match=words):
        make()


def test_answers_to_many_items_are_not_drawn_from_a_list_of_some_patterns():
    answers = irt.simulate_responses(irt.ItemBank(np.linspace(-1, 1, 12)), persons=60, seed=1)
    problem = RASCH.problem(irt.responses(answers))
    with pytest.raises(NoiseError, match="simulate_responses"):
        simulate(problem, {"difficulty": np.zeros(12), "discrimination": 1.0}, 3, np.random.default_rng(0))


def test_a_model_without_data_shows_itself():
    for ready in (RASCH, TWO, THREE, AMORTISED):
        assert ready.form_of().parameters


def test_priors_serve_where_persons_are_few_and_an_item_is_right_for_all():
    answers = irt.simulate_responses(irt.ItemBank(np.linspace(-1, 1, 30)), persons=20, seed=1)
    answers[:, 0] = 1.0
    found = pm.fit(RASCH.problem(irt.responses(answers), priors=True, undetermined="keep"), starts=1)
    assert found.status.ok and np.isfinite(found.estimate["difficulty"]).all()


@pytest.mark.parametrize("answers", [[[1, 1], [1, 1]], [[0, 1]], [[1, np.nan], [0, 1]]])
def test_guesses_lie_inside_whatever_the_answers(answers):
    data = irt.responses(answers)
    for ready in (RASCH, TWO, THREE):
        space = ready.problem(data, priors=True, undetermined="keep").fit_space
        assert ((space.guess >= space.lower) & (space.guess <= space.upper)).all()


def test_a_hand_made_table_without_columns_of_designs_serves():
    counts = [30, 20, 10, 40]
    rows = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    data = pm.Data({"persons": counts}, inputs={"answers": rows}, output="persons")
    made = irt.responses(rows, persons=counts)
    problem, other = (RASCH.problem(each) for each in (data, made))
    assert pm.fit(problem, starts=1).log_likelihood == pytest.approx(pm.fit(other, starts=1).log_likelihood)
    drawn = problem.noise["persons"]
    assert drawn.columns == () and other.noise["persons"].columns == ("persons_asked", "booklet")


def test_items_without_a_finite_difficulty_and_few_persons_are_named():
    answers = irt.simulate_responses(irt.ItemBank(np.linspace(-1, 1, 6)), persons=200, seed=1)
    answers[:, 2], answers[:, 4] = 1.0, 0.0
    for ready in (RASCH, TWO, THREE):
        with pytest.raises(
            DataError, match=r"item 2 \(everybody\), item 4 \(nobody\). Leave such items out, or take priors"
        ):
            ready.problem(irt.responses(answers))
    with pytest.raises(DataError, match="3 persons cannot tell 4 parameters of items"):
        TWO.problem(irt.responses([[1, 0], [0, 1], [1, 1]]))
