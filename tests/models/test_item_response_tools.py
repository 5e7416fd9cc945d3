"""Banks, abilities, adaptive tests, amortised difficulties and Glicko-2: against definitions and simulated truths."""

import math

import numpy as np
import pytest
from scipy.optimize import minimize_scalar

import parametra as pm
from parametra.models import item_response as irt
from parametra.models.item_response._lsat import section_6
from parametra.models.item_response.rasch import READY as RASCH
from parametra.nouns.errors import DataError, ModelError

BANK = irt.ItemBank([-1.0, 0.0, 0.8, 1.5], [0.8, 1.2, 2.0, 1.5], [0.0, 0.2, 0.25, 0.1], ["a", "b", "c", "d"])

PREDICTED = irt.PredictedBank([-1.0, 0.0, 0.8, 1.5], [0.5, 0.5, 0.3, 0.3])


@pytest.fixture(scope="module")
def rasch():
    """The Rasch model of the Law School Admission Test, section 6."""
    return pm.fit(RASCH.problem(section_6()), starts=1)


# ---- banks


def test_information_is_the_squared_slope_over_the_variance():
    ability = np.linspace(-3, 3, 13)
    chance = BANK.chance(ability)
    slope = (BANK.chance(ability + 1e-6) - BANK.chance(ability - 1e-6)) / 2e-6
    np.testing.assert_allclose(BANK.slope(ability), slope, rtol=1e-7)
    np.testing.assert_allclose(BANK.information(ability), slope**2 / (chance * (1 - chance)), rtol=1e-7)
    np.testing.assert_allclose(BANK.test_information(ability), BANK.information(ability).sum(axis=1))
    # without guessing it is a^2 P (1 - P)
    plain = irt.ItemBank([0.5], 1.7)
    chance = plain.chance(0.2)
    assert plain.information(0.2)[0] == pytest.approx(1.7**2 * chance[0] * (1 - chance[0]))
    assert np.isfinite(plain.information([-900.0, 900.0])).all()


def test_a_bank_is_that_of_a_fit_and_prints(rasch):
    bank = irt.item_bank(rasch, names=["q1", "q2", "q3", "q4", "q5"])
    assert bank.discrimination == pytest.approx(np.full(5, rasch.estimate["discrimination"]))
    assert bank.take([0, 2]).names == ("q1", "q3")
    assert "5 items" in repr(bank) and bank.table().records()[1]["item"] == "q2"


def test_simulated_answers_have_their_chances():
    answers = irt.simulate_responses(BANK, ability=np.full(20000, 0.4), seed=1)
    np.testing.assert_allclose(answers.mean(axis=0), BANK.chance(0.4), atol=0.012)
    assert irt.simulate_responses(BANK, persons=3, seed=2).shape == (3, 4)


# ---- abilities


def test_each_estimate_is_what_it_says():
    bank = irt.ItemBank(np.linspace(-2, 2, 9), np.linspace(0.8, 1.6, 9), 0.15)
    answers = irt.simulate_responses(bank, ability=[-0.8, 0.1, 1.1], seed=3)
    answers[1, 4] = np.nan

    def log_likelihood(ability, row):
        chance = bank.chance(ability)
        return np.log(np.where(row == 1, chance, np.where(row == 0, 1 - chance, 1.0))).sum()

    for person, row in enumerate(answers):
        one = row[None]
        grid = np.linspace(-8, 8, 8001)
        weight = np.exp([log_likelihood(t, row) - 0.5 * ((t - 0.3) / 1.2) ** 2 for t in grid])
        weight /= weight.sum()
        mean = weight @ grid
        found = irt.abilities(bank, one, mean=0.3, spread=1.2)
        assert found.estimate[0] == pytest.approx(mean, abs=1e-5)
        assert found.standard_error[0] == pytest.approx(np.sqrt(weight @ (grid - mean) ** 2), abs=1e-5)
        at = irt.abilities(bank, one, method="MAP").estimate[0]
        best = minimize_scalar(lambda t, row=row: 0.5 * t**2 - log_likelihood(t, row), (-1, 1), tol=1e-12).x
        assert at == pytest.approx(best, abs=1e-6), person


def test_wle_is_always_finite_and_maximises_likelihood_times_root_information():
    bank = irt.ItemBank(np.linspace(-2, 2, 7), 1.3)
    answers = np.vstack([np.ones(7), np.zeros(7), [1, 1, 1, 1, 0, 0, 0]])
    found = irt.abilities(bank, answers, method="WLE")
    for row, estimate in zip(answers, found.estimate, strict=True):

        def cost(t, row=row):
            chance = bank.chance(t)
            return -(np.log(np.where(row == 1, chance, 1 - chance)).sum() + 0.5 * math.log(bank.test_information(t)))

        assert estimate == pytest.approx(minimize_scalar(cost, (-1, 1), tol=1e-12).x, abs=1e-6)
    likely = irt.abilities(bank, answers, method="ML")
    assert likely.estimate[0] == math.inf and likely.estimate[1] == -math.inf
    assert bank.chance(likely.estimate[2]).sum() == pytest.approx(4) and math.isinf(likely.standard_error[0])
    assert likely.reliability == 0.0  # one person has a finite ability


def test_errors_of_abilities_are_as_large_as_their_errors():
    bank = irt.ItemBank(np.random.default_rng(1).standard_normal(40), 1.2)
    able = np.random.default_rng(2).standard_normal(800)
    answers = irt.simulate_responses(bank, ability=able, seed=3)
    for method in ("EAP", "WLE"):
        found = irt.abilities(bank, answers, method=method)
        assert np.sqrt(np.mean(((found.estimate - able) / found.standard_error) ** 2)) == pytest.approx(1, abs=0.1)
        assert found.reliability == pytest.approx(np.corrcoef(found.estimate, able)[0, 1] ** 2, abs=0.06)
    assert "800 persons by WLE" in repr(found) and len(found.table()) == 800


# ---- adaptive tests


def test_an_adaptive_test_takes_half_the_items_of_a_random_one():
    generator = np.random.default_rng(4)
    bank = irt.ItemBank(1.5 * generator.standard_normal(200), np.exp(0.3 * generator.standard_normal(200)))
    able = generator.standard_normal(60)
    found = {
        each: irt.simulate_adaptive_test(bank, able, criterion=each, stop_error=0.3, seed=5)
        for each in ("random", "information", "expected_variance")
    }
    for each in ("information", "expected_variance"):
        assert found[each].items.mean() <= 0.5 * found["random"].items.mean()
        assert found[each].root_mean_square_error == pytest.approx(0.3, abs=0.06)
        assert (found[each].error <= 0.3).all()
    assert "items by random" in repr(found["random"]) and len(found["random"].table()) == 60


def test_the_posterior_of_a_test_is_that_of_its_answers():
    test = irt.adaptive_test(BANK, stop_error=0.0)
    told = {}
    while (item := test.next_item()) is not None:
        told[item] = item % 2 == 0
        test.tell(item, right=told[item])
    row = np.array([[float(told[i]) for i in range(4)]])
    whole = irt.abilities(BANK, row)
    assert test.ability == pytest.approx(whole.estimate[0], abs=1e-9)
    assert test.error == pytest.approx(whole.standard_error[0], abs=1e-9)
    assert test.finished and sorted(test.asked) == [0, 1, 2, 3] and "4 of 4" in repr(test)


def test_the_first_item_is_the_one_that_is_expected_to_leave_least_variance():
    test = irt.adaptive_test(BANK)
    expected = []
    for item in range(4):
        parts = []
        for right in (True, False):
            again = irt.adaptive_test(BANK)
            chance = float(again._posterior @ BANK.chance(again._ability)[:, item])
            again.tell(item, right)
            parts.append((chance if right else 1 - chance) * again.error**2)
        expected.append(sum(parts))
    assert test.next_item() == int(np.argmin(expected))


def test_drawing_among_the_best_spreads_exposure():
    bank = irt.ItemBank(np.linspace(-2, 2, 40))
    able = np.zeros(30)
    one, many = (irt.simulate_adaptive_test(bank, able, most=3, among=each).exposure for each in (1, 6))
    assert one.max() == 1.0 and many.max() < 0.6
    assert irt.adaptive_test(bank, most=1).next_item() is not None


# ---- items that are known with errors


def predicted_and_true(spread, share, size, seed):
    """Difficulties, and predictions of them that correlate with them by `share`, with the errors that these have."""
    generator = np.random.default_rng(seed)
    true = spread * generator.standard_normal(size)
    error = spread * math.sqrt(1 - share**2)
    predicted = share**2 * true + share * error * generator.standard_normal(size)
    return irt.PredictedBank(predicted, np.full(size, error), 1.2), irt.ItemBank(true, 1.2)


def test_a_test_that_learns_its_predicted_items_takes_half_the_items_of_a_random_one():
    predicted, truth = predicted_and_true(3.0, 0.85, 300, seed=0)
    assert np.corrcoef(predicted.difficulty, truth.difficulty)[0, 1] < 0.9
    able = np.random.default_rng(1).standard_normal(100)
    found = {
        each: irt.simulate_adaptive_test(predicted, able, truth=truth, criterion=each, seed=1)
        for each in ("random", "expected_variance")
    }
    assert found["expected_variance"].items.mean() <= 0.5 * found["random"].items.mean()
    for each in found.values():
        off = (each.estimate - each.ability) / each.error
        assert np.sqrt(np.mean(off**2)) == pytest.approx(1.0, abs=0.15)
    still = irt.simulate_adaptive_test(predicted.bank, able, truth=truth, seed=1)
    assert found["expected_variance"].items[50:].mean() < 0.7 * still.items[50:].mean()


def test_what_is_learned_of_items_has_honest_errors():
    predicted, truth = predicted_and_true(1.5, 0.8, 60, seed=3)
    learned = predicted
    for person, ability in enumerate(np.random.default_rng(4).standard_normal(80)):
        right = np.random.default_rng(100 + person).random(60) < truth.chance(ability)
        test = irt.adaptive_test(learned.bank, stop_error=0.0, most=25, criterion="random", seed=person)
        while (item := test.next_item()) is not None:
            test.tell(item, bool(right[item]))
        learned = learned.learned_from(test)
    off = (learned.difficulty - truth.difficulty) / learned.error
    assert np.sqrt(np.mean(off**2)) == pytest.approx(1.0, abs=0.2)
    assert learned.error.mean() < 0.6 * predicted.error.mean()
    assert "with errors of" in repr(learned) and learned.table().records()[0]["item"] == 0


def test_a_predicted_item_is_answered_as_one_whose_difficulty_is_drawn():
    bank = irt.PredictedBank([0.4, -0.3], [1.5, 0.0], [1.3, 0.7])
    nodes, weights = np.polynomial.hermite_e.hermegauss(80)
    for ability in (-3.0, -1.0, 0.4, 1.0, 3.0):
        drawn = 1 / (1 + np.exp(-1.3 * (ability - 0.4 - 1.5 * nodes)))
        known = 1 / (1 + np.exp(-0.7 * (ability + 0.3)))
        # the logistic curve and the normal one differ by a hundredth
        wanted = [float(weights @ drawn / weights.sum()), known]
        assert bank.bank.chance(np.array([ability]))[0] == pytest.approx(wanted, abs=0.012)
    assert bank.bank.discrimination[1] == 0.7


def test_learning_is_the_theorem_of_bayes():
    """Against a double integral over the difficulty of one item and the ability, that a second answer informs of."""
    bank = irt.PredictedBank([0.4, -0.3], [0.8, 0.0], 1.3)
    test = irt.adaptive_test(bank.bank, stop_error=0.0)
    test.tell(1, right=True)
    test.tell(0, right=False)
    learned = bank.learned_from(test)
    b, t = np.linspace(-5, 6, 1101)[:, None], np.linspace(-6, 6, 601)
    sure = 1 / (1 + np.exp(-1.3 * (t + 0.3)))
    joint = np.exp(-0.5 * ((b - 0.4) / 0.8) ** 2 - 0.5 * t**2) * sure / (1 + np.exp(1.3 * (t - b)))
    weight = joint.sum(axis=1) / joint.sum()
    mean = float(weight @ b[:, 0])
    assert learned.difficulty[0] == pytest.approx(mean, abs=1e-5)
    assert learned.error[0] == pytest.approx(math.sqrt(weight @ (b[:, 0] - mean) ** 2), abs=1e-5)
    assert learned.difficulty[1] == -0.3 and learned.error[1] == 0.0
    assert bank.learned_from(irt.adaptive_test(bank.bank)) is bank


# ---- amortised difficulties


def test_difficulties_of_new_items_are_predicted_with_their_errors():
    off, spreads, correlations = [], [], []
    for seed in range(2):
        generator = np.random.default_rng(seed)
        features = generator.standard_normal((80, 3))
        difficulty = features @ [0.8, -0.5, 0.0] + 0.4 * generator.standard_normal(80)
        answers = irt.simulate_responses(irt.ItemBank(difficulty, 1.2), persons=250, seed=50 + seed)
        fit = pm.fit(RASCH.problem(irt.responses(answers[:, :40])), starts=1)
        learned = irt.amortise(fit, features[:40])
        predicted, error = learned.predict(features[40:])
        off += list((predicted - difficulty[40:]) / error)
        spreads.append(learned.residual_spread)
        correlations.append(np.corrcoef(predicted, difficulty[40:])[0, 1])
    assert min(correlations) >= 0.8
    assert np.mean(spreads) == pytest.approx(0.4, abs=0.08)
    assert np.sqrt(np.mean(np.square(off))) == pytest.approx(1.0, abs=0.2)
    assert 0.7 < learned.explained < 0.95 and "3 features" in repr(learned)
    assert learned.table().records()[0]["name"] == "intercept"
    # predicted items are a bank, whose curves are flatter for what is not known of them
    assert (learned.bank(features[40:]).discrimination < learned.discrimination).all()
    np.testing.assert_array_equal(learned.items(features[40:]).error, error)


def test_amortise_is_restricted_maximum_likelihood():
    """Where all difficulties have one error, the spread is that of the residuals less this error."""
    from parametra.models.item_response._amortise import _restricted

    generator = np.random.default_rng(1)
    table = np.column_stack([np.ones(50), generator.standard_normal(50)])
    y = table @ [0.3, 1.0] + 0.5 * generator.standard_normal(50)
    rest = y - table @ np.linalg.lstsq(table, y, rcond=None)[0]
    variance = rest @ rest / 48
    assert _restricted(y, table, 0.01 * np.eye(50)) == pytest.approx(math.sqrt(variance - 0.01), rel=1e-5)
    assert _restricted(y, table, 4 * variance * np.eye(50)) == 0.0


# ---- Glicko-2

GLICKMAN = {"a": (1500.0, 200.0), "b": (1400.0, 30.0), "c": (1550.0, 100.0), "d": (1700.0, 300.0)}


def start():
    return {name: irt.Rating(*each, 0.06) for name, each in GLICKMAN.items()}


def test_the_worked_example_of_the_publication():
    """1464.06 is computed from rounded intermediate values there; unrounded it is 1464.0507."""
    found = irt.glicko2([(1, "a", "b", 1), (1, "a", "c", 0), (1, "a", "d", 0)], start=start())["a"]
    assert found.rating == pytest.approx(1464.06, abs=0.011)
    assert found.deviation == pytest.approx(151.52, abs=0.005)
    assert found.volatility == pytest.approx(0.05999, abs=1e-5)


def test_who_does_not_play_becomes_less_certain():
    found = irt.glicko2({"period": [1], "first": ["b"], "second": ["c"], "score": [0.5]}, start=start())
    assert found["a"].rating == 1500 and found["a"].volatility == 0.06
    assert found["a"].deviation == pytest.approx(math.hypot(200, 0.06 * 173.7178), abs=1e-4)
    assert found.expected("b", "c") + found.expected("c", "b") == pytest.approx(1)


def test_a_surprise_raises_volatility():
    upsets = [(1, "a", name, 1) for name in ("b", "c", "d")] * 5
    assert irt.glicko2(upsets, start={**start(), "a": irt.Rating(1500.0, 30.0)})["a"].volatility > 0.06


def test_ratings_lie_within_two_deviations_of_the_truth_and_predict_as_well():
    generator = np.random.default_rng(7)
    true = 1500 + 200 * generator.standard_normal(60)
    games = []
    for period in range(12):
        for _ in range(360):
            i, j = (int(each) for each in generator.choice(60, 2, replace=False))
            games.append((period, i, j, float(generator.random() < 1 / (1 + 10 ** ((true[j] - true[i]) / 400)))))
    seen, held = [g for g in games if g[0] < 10], [g for g in games if g[0] >= 10]
    found = irt.glicko2(seen)
    rating = np.array([found[i].rating for i in range(60)])
    deviation = np.array([found[i].deviation for i in range(60)])
    # games tell differences of strengths, so that a common shift of all of them stays
    off = rating - rating.mean() - (true - true.mean())
    assert np.mean(np.abs(off) < 2 * deviation) >= 0.93
    score = np.array([g[3] for g in held])
    mine = np.array([found.expected(g[1], g[2]) for g in held])
    oracle = np.array([1 / (1 + 10 ** ((true[g[2]] - true[g[1]]) / 400)) for g in held])
    assert auc(score, mine) > auc(score, oracle) - 0.02
    assert found.table().records()[0]["rating"] == rating.max() and "60 players after 10 periods" in repr(found)


def auc(won, expected):
    above = expected[won == 1][:, None] - expected[won == 0]
    return np.mean((above > 0) + 0.5 * (above == 0))


# ---- bad input


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda fit: irt.ItemBank([]), "one finite difficulty"),
        (lambda fit: irt.ItemBank([0.0, 1.0], [1.0, 1.0, 1.0]), "one for each of the 2 items"),
        (lambda fit: irt.ItemBank([0.0], -1.0), "above zero"),
        (lambda fit: irt.ItemBank([0.0], 1.0, 1.0), "from 0 to below 1"),
        (lambda fit: irt.ItemBank([0.0], names=["a", "b"]), "names are one for each"),
        (lambda fit: irt.item_bank(pm.fit("a * x", LINE, parameters={"a": 1})), "has no difficulties"),
        (lambda fit: irt.simulate_responses(BANK), "either persons=500 or ability"),
        (lambda fit: irt.abilities(BANK, [[1, 0, 1, 0]], method="BEST"), "EAP, MAP, WLE, ML"),
        (lambda fit: irt.abilities(BANK, [[1, 0]]), "2 columns came"),
        (lambda fit: irt.abilities(BANK, [[1, 0, 1, 0]], spread=0.0), "above zero"),
        (lambda fit: irt.adaptive_test(BANK, criterion="best"), "information, expected_variance"),
        (lambda fit: irt.adaptive_test(BANK, stop_error=-1.0), "stop_error is 0 or above"),
        (lambda fit: irt.adaptive_test(BANK, most=0), "1 or more"),
        (lambda fit: irt.adaptive_test(BANK).tell(9, True), "not among those left"),
        (lambda fit: irt.simulate_adaptive_test(BANK, [0.0], truth=irt.ItemBank([0.0])), "the same items"),
        (lambda fit: irt.PredictedBank([0.0, 1.0], [0.1]), "error is one number of 0 or more for each of the 2 items"),
        (lambda fit: irt.PredictedBank([0.0, 1.0], ["a", 1]), r"error is one number for each item; \['a', 1\] came"),
        (lambda fit: irt.ItemBank([0.0, "b"]), "difficulty is one number for each item"),
        (lambda fit: irt.ItemBank([0.0], [[1.0], 2.0]), "discrimination is one number for each item"),
        (lambda fit: irt.PredictedBank([0.0], [0.1]).learned_from(irt.adaptive_test(BANK)), "of 4 items and this bank"),
        (lambda fit: PREDICTED.learned_from(irt.adaptive_test(BANK)), "items of the test are others"),
        (lambda fit: PREDICTED.learned_from(irt.adaptive_test(irt.ItemBank(PREDICTED.difficulty))), "known otherwise"),
        (lambda fit: irt.amortise(fit, [[1.0]]), r"shape \(1, 1\)"),
        (lambda fit: irt.amortise(fit, np.ones((5, 4))), "depend on one another"),
        (lambda fit: irt.amortise(pm.fit("a * x", LINE, parameters={"a": 1}), [[1.0]]), "no standard error"),
        (lambda fit: irt.amortise(fit, np.arange(5.0)[:, None]).predict([[1.0, 2.0]]), "known by 1 features; 2 came"),
        (lambda fit: irt.glicko2([(1, "a", "a", 1)]), "plays against itself"),
        (lambda fit: irt.glicko2([(1, "a", "b", 2)]), "row 0 holds 2"),
        (lambda fit: irt.glicko2([(1, "a", "b")]), "holds 3 values"),
        (lambda fit: irt.glicko2({"first": ["a"]}), '"period" is missing'),
        (lambda fit: irt.glicko2([], system_constant=0.0), "above zero"),
    ],
)
def test_bad_input_is_told(rasch, make, words):
    with pytest.raises((DataError, ModelError), match=words):
        make(rasch)


LINE = pm.Data({"x": [1.0, 2.0, 3.0], "y": [1.1, 1.9, 3.2]}, inputs="x", output="y")


def test_features_of_an_amortised_fit_are_asked_for():
    from parametra.models.item_response.amortised import READY, known_features

    known = READY.known[0]
    found = pm.fit(READY.known_problem(known), starts=1)
    with pytest.raises(ModelError, match="predicts difficulties from 2 features"):
        irt.item_bank(found)
    assert irt.item_bank(found, features=known_features()[:3]).size == 3
    each = pm.fit(READY.problem(known.data(), features=known_features(), slopes="each"), starts=1)
    assert irt.item_bank(each, features=known_features()[:3]).discrimination.std() == 0.0


def test_importing_the_field_loads_no_jax_and_no_scipy():
    import subprocess
    import sys

    loaded = "print([m for m in ('jax', 'scipy', 'matplotlib') if m in sys.modules])"
    code = f"import sys, parametra.models.item_response; {loaded}"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"


def test_reliability_is_never_below_zero():
    bank = irt.ItemBank(np.zeros(5), 1.0)
    found = irt.abilities(bank, [[1, 1, 1, 0, 0], [1, 1, 0, 0, 1], [0, 1, 1, 0, 0]], method="WLE")
    assert found.reliability == 0
    assert "scatter no more than their errors" in repr(found)
