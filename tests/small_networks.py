"""Three small problems of matrices, with gradients by hand: what first-order methods are compared on."""

import numpy as np


def factors(seed=0):
    """A 20 x 15 matrix of rank 4 with noise as U V'."""
    rng = np.random.default_rng(seed)
    target = rng.normal(size=(20, 4)) @ rng.normal(size=(4, 15)) + 0.3 * rng.normal(size=(20, 15))

    def loss(U, V):
        rest = U @ V.T - target
        return 0.5 * np.mean(rest**2), (rest @ V / rest.size, rest.T @ U / rest.size)

    return loss, [0.3 * rng.normal(size=(20, 4)), 0.3 * rng.normal(size=(15, 4))]


def softmax(seed=1):
    """Multinomial regression of 300 points with 10 inputs on 5 classes that overlap."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(300, 10))
    labels = np.argmax(X @ rng.normal(size=(10, 5)) + 2 * rng.gumbel(size=(300, 5)), axis=1)

    def loss(W):
        return cross_entropy(X @ W, labels, lambda slope: (X.T @ slope,))

    return loss, [np.zeros((10, 5))]


def network(seed=2):
    """One hidden layer of 6 tanh units on 400 points of a curved function with noise."""
    rng = np.random.default_rng(seed)
    X = np.column_stack([rng.uniform(-2, 2, (400, 2)), np.ones(400)])
    y = np.sin(X[:, :1]) * X[:, 1:2] + 0.3 * rng.normal(size=(400, 1))

    def loss(A, B):
        hidden = np.tanh(X @ A)
        rest = hidden @ B - y
        back = rest @ B.T * (1 - hidden**2) / len(X)
        return 0.5 * np.mean(rest**2), (X.T @ back, hidden.T @ rest / len(X))

    return loss, [rng.normal(size=(3, 6)), 0.3 * rng.normal(size=(6, 1))]


def cross_entropy(logits, labels, back):
    """Mean cross-entropy, and what `back` makes of its slope by the logits."""
    shifted = logits - logits.max(axis=1, keepdims=True)
    logs = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    slope = np.exp(logs)
    slope[np.arange(len(labels)), labels] -= 1
    return -logs[np.arange(len(labels)), labels].mean(), back(slope / len(labels))


PROBLEMS = {"factors": factors, "softmax": softmax, "network": network}


def train(problem, rule_for, *, rate, steps):
    """The final loss with one rule for each matrix and a rate that fades to nothing."""
    loss, matrices = problem()
    rules = [rule_for(m.shape) for m in matrices]
    memories = [rule.begin(m.reshape(1, -1), 0) for rule, m in zip(rules, matrices, strict=True)]
    for k in range(steps):
        _, gradients = loss(*matrices)
        for i, (rule, gradient) in enumerate(zip(rules, gradients, strict=True)):
            direction, memories[i] = rule.turn(gradient.reshape(1, -1), memories[i], matrices[i].reshape(1, -1))
            matrices[i] = matrices[i] - rate * (1 - k / steps) * direction.reshape(matrices[i].shape)
    return loss(*matrices)[0]
