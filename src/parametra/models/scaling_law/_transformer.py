"""What a training step of a transformer copies and computes, and the shape of lowest loss in a given time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from parametra.models.scaling_law._compute_optimal import CHINCHILLA, FLOP_PER_PARAMETER_AND_TOKEN
from parametra.models.scaling_law._wanted import law as parameters_of
from parametra.models.scaling_law._wanted import number
from parametra.nouns.errors import ModelError

if TYPE_CHECKING:
    Whole = int
else:
    # NumPy's whole numbers are welcome, and others are refused in words
    Whole = Any

_ACTIVATIONS = 34
"""Numbers a layer reads and writes for each token and unit of width, forwards: queries, keys, values, the output and
the four times wider middle of the feed-forward part, each written once and read once or twice."""

_BACKWARD = 3
"""Forwards and backwards together move about three times what goes forwards."""


@dataclass(frozen=True)
class TransformerCost:
    """A shape, and what one step of it costs.

    Arguments:
        depth, width: layers, and units of each.
        tokens: in a step.
        context: tokens that attend to one another.
        parameters: of the layers, 12 depth width^2.
        flops: operations of a step: 6 a parameter and token, and those of attention.
        copies: numbers that a step reads and writes: weights, their gradients and moments, activations, attention.
    """

    depth: int
    width: int
    tokens: int
    context: int
    parameters: float
    flops: float
    copies: float


def transformer_cost(
    *, depth: Whole, width: Whole, tokens: Whole, context: Whole = 128, heads: Whole = 4
) -> TransformerCost:
    """What a training step of a transformer costs, counted from its shape.

    Arguments:
        depth: layers.
        width: units of each, its feed-forward part four times as wide.
        tokens: in a step.
        context: tokens that attend to one another, at most.
        heads: of attention, each with a table of context x context.

    Raises:
        ModelError: what is not a whole number of 1 or more.

    Source: in the manner of Inbar and Sernau (2024), arXiv:2406.18922, with counts of its own.
    """
    sizes: dict[str, Any] = {"depth": depth, "width": width, "tokens": tokens, "context": context, "heads": heads}
    for name, value in sizes.items():
        if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
            raise ModelError(f"transformer_cost needs whole numbers of 1 or more; {name}={value!r} came.")
    context = min(context, tokens)
    parameters = 12.0 * depth * width**2
    # a product of every token with every other of its context, twice, three times as much with its derivatives
    attention = 12.0 * depth * tokens * context * width
    flops = FLOP_PER_PARAMETER_AND_TOKEN * parameters * tokens + attention
    activations = _BACKWARD * depth * tokens * (_ACTIVATIONS * width + 4.0 * heads * context)
    # weights are read forwards and backwards; gradients are written and read; two moments and weights read and written
    weights = 10.0 * parameters
    return TransformerCost(depth, width, tokens, context, parameters, flops, activations + weights)


@dataclass(frozen=True)
class BestForTime:
    """The shape of lowest loss in a given time.

    Arguments:
        shape: that one.
        loss: expected of it.
        tokens: seen in all.
        losses: of all shapes that were offered, in their order.
    """

    shape: TransformerCost
    loss: float
    tokens: float
    losses: tuple[float, ...]


def best_for_time(
    law: Mapping[str, Any],
    step_time: Callable[[TransformerCost], float],
    shapes: Sequence[TransformerCost],
    time: float,
) -> BestForTime:
    """The shape whose loss is lowest after a given time, under the Chinchilla law.

    Arguments:
        law: E, A, B, alpha and beta by name, such as `fit.estimate` of scaling_law.chinchilla.
        step_time: the seconds of a step of a shape, such as a fit of scaling_law.training_time foretells.
        shapes: to choose from.
        time: in seconds.

    Raises:
        ModelError: no shape, a time that is not above zero, a law without these names.
    """
    if not shapes:
        raise ModelError("best_for_time needs shapes to choose from; 0 shapes came.")
    time = number("best_for_time: time, in seconds,", time)
    e, a, b, alpha, beta = parameters_of("best_for_time", law, CHINCHILLA, "scaling_law.chinchilla")
    found: list[tuple[float, float]] = []
    for shape in shapes:
        tokens = shape.tokens * time / number("what step_time gives, the seconds of a step,", step_time(shape))
        loss = e + a / shape.parameters**alpha + b / tokens**beta
        found.append((float(loss), float(tokens)))
    best = min(range(len(shapes)), key=lambda i: found[i][0])
    return BestForTime(shapes[best], *found[best], tuple(loss for loss, _ in found))
