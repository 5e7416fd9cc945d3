import jax
import jax.numpy as jnp
import numpy as np
import pytest

from parametra.maths.triangular import cholesky, solve_lower

RNG = np.random.default_rng(1)
ROOTS = RNG.standard_normal((3, 5, 5))
MATRICES = ROOTS @ ROOTS.swapaxes(1, 2) + np.eye(5)
ROWS = RNG.standard_normal((3, 5))


@pytest.mark.parametrize("xp", [np, jnp])
def test_one_matrix_and_a_batch_are_solved_alike(xp):
    with jax.enable_x64(True):
        factors = cholesky(xp.asarray(MATRICES), xp)
        np.testing.assert_allclose(factors @ factors.swapaxes(1, 2), MATRICES, rtol=1e-13)
        each = solve_lower(factors, xp.asarray(ROWS), xp)
        shared = solve_lower(factors[0], xp.asarray(ROWS), xp)
        assert each.shape == shared.shape == (3, 5)
        for i in range(3):
            np.testing.assert_allclose(factors[i] @ each[i], ROWS[i], rtol=1e-12)
            np.testing.assert_allclose(factors[0] @ shared[i], ROWS[i], rtol=1e-12)
            np.testing.assert_allclose(solve_lower(factors[i], xp.asarray(ROWS[i]), xp), each[i], rtol=1e-12)


def test_a_complex_step_goes_through_the_factor_and_the_solve():
    slope = RNG.standard_normal((5, 5))
    slope = slope + slope.T
    moving = RNG.standard_normal(5)

    def whitened(h):
        return solve_lower(cholesky(MATRICES[0] + h * slope), ROWS[0] + h * moving)

    step = whitened(1e-30j)
    np.testing.assert_allclose(step.real, whitened(0.0), rtol=1e-14)
    np.testing.assert_allclose(step.imag / 1e-30, (whitened(1e-6) - whitened(-1e-6)) / 2e-6, rtol=1e-8)
    batch = cholesky(MATRICES + 1e-30j * slope)
    np.testing.assert_allclose(batch[0], cholesky(MATRICES[0] + 1e-30j * slope), rtol=1e-15)
    # a tiny imaginary part is not rounded against the real one
    real = solve_lower(np.linalg.cholesky(MATRICES[0]), ROWS[0] + 1e-30j * moving)
    wanted = solve_lower(np.linalg.cholesky(MATRICES[0]), moving)
    np.testing.assert_allclose(real.imag / 1e-30, wanted, rtol=1e-14)


def test_what_is_not_positive_definite_is_nan():
    wrong = MATRICES.copy()
    wrong[1] -= 100 * np.eye(5)
    factors = cholesky(wrong)
    assert np.isnan(factors[1]).all()
    assert np.isfinite(factors[0]).all()
    assert np.isnan(solve_lower(factors, ROWS)[1]).all()
