"""Plain gradient descent on matrix sensing: y_i = <A_i, M>, M of rank 2 and 20 x 20 (Xiong, Ding and Du 2024).

symmetric     1/(4m) sum (<A_i, X X'> - y_i)^2     X <- X - rate (E + E') X / 2   E = 1/m sum (<A_i, .> - y_i) A_i
asymmetric    1/(2m) sum (<A_i, F G'> - y_i)^2     F <- F - rate E G, G <- G - rate E' F
one step      once near: F = A S B' (singular values), F <- beta A, G <- G B S / beta, which leaves F G' as it was
"""

import numpy as np

N, RANK, MEASUREMENTS, RATE = 20, 2, 2000, 0.25


class Sensing:
    """Measurements by matrices of standard normal numbers; the target has the eigenvalues 1 and 0.7."""

    def __init__(self, seed=0):
        rng = np.random.default_rng(seed)
        basis = np.linalg.qr(rng.normal(size=(N, RANK)))[0]
        self.target = basis @ np.diag([1.0, 0.7]) @ basis.T
        A = rng.normal(size=(MEASUREMENTS, N * N))
        self.together = A.T @ A / MEASUREMENTS

    def error_matrix(self, estimate):
        """1/m sum <A_i, estimate - target> A_i: near to the difference itself."""
        return (self.together @ (estimate - self.target).ravel()).reshape(N, N)

    def distance(self, estimate):
        return np.linalg.norm(estimate - self.target)


def symmetric(sensing, k, scale, steps, seed=1):
    """Distances to the target at every step."""
    X = scale * np.random.default_rng(seed).normal(size=(N, k)) / np.sqrt(N)
    distances = []
    for _ in range(steps):
        distances.append(sensing.distance(X @ X.T))
        E = sensing.error_matrix(X @ X.T)
        X = X - RATE * (E + E.T) / 2 @ X
    return np.array(distances)


def asymmetric(sensing, k, scale, steps, seed=1, *, modified_below=0.0, beta=1.0):
    """The same with two factors, and with the one modified step once the distance is below a limit."""
    rng = np.random.default_rng(seed)
    F, G = (scale * rng.normal(size=(N, k)) / np.sqrt(N) for _ in range(2))
    distances, modified = [], False
    for _ in range(steps):
        distances.append(sensing.distance(F @ G.T))
        if not modified and distances[-1] < modified_below:
            A, S, Bt = np.linalg.svd(F, full_matrices=False)
            F, G, modified = beta * A, G @ Bt.T @ np.diag(S) / beta, True
        E = sensing.error_matrix(F @ G.T)
        F, G = F - RATE * E @ G, G - RATE * E.T @ F
    return np.array(distances)


def steps_between(distances, high, low):
    """Steps from the first distance below `high` to the first below `low`; None when it is not reached."""
    below = np.flatnonzero(distances < low)
    return None if not below.size else int(below[0] - np.flatnonzero(distances < high)[0])


def slope(values, first, last):
    """The exponent of a power law through the values at two steps."""
    return float(np.log(values[last] / values[first]) / np.log(last / first))
