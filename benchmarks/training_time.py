"""Times training steps of small transformers on this machine, one core, for `tests/models/training_steps.csv`.

    python benchmarks/training_time.py --out tests/models/training_steps.csv

A step is forwards and backwards through `depth` pre-norm layers (attention, feed-forward part four times as wide) and
AdamW's update, in single precision, compiled by JAX; the time is the least of several.
"""

from __future__ import annotations

import argparse
import csv
import os
import time
from pathlib import Path

os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import jax
import jax.numpy as jnp
import numpy as np

HEADS, CONTEXT = 4, 128
SHAPES = 60


def shapes(seed: int = 150) -> list[tuple[int, int, int]]:
    """Depth, width and tokens of the shapes, drawn at random within 2e9 operations of matrices a step."""
    generator = np.random.default_rng(seed)
    found: list[tuple[int, int, int]] = []
    while len(found) < SHAPES:
        depth, width, tokens = (
            int(generator.choice(c)) for c in ([1, 2, 3, 4, 6], [32, 64, 128, 256, 384], [128, 256, 512, 1024, 2048])
        )
        if 72 * depth * width**2 * tokens <= 2e10 and (depth, width, tokens) not in found:
            found.append((depth, width, tokens))
    return found


def layer(x, p):
    """One pre-norm layer; x is (sequences, context, width)."""
    width = x.shape[-1]
    h = (x - x.mean(-1, keepdims=True)) / jnp.sqrt(x.var(-1, keepdims=True) + 1e-5)
    q, k, v = (jnp.reshape(part, (*h.shape[:2], HEADS, width // HEADS)) for part in jnp.split(h @ p["qkv"], 3, axis=-1))
    scores = jnp.einsum("bihd,bjhd->bhij", q, k) / jnp.sqrt(width / HEADS)
    mixed = jnp.einsum("bhij,bjhd->bihd", jax.nn.softmax(scores, axis=-1), v).reshape(x.shape)
    x = x + mixed @ p["out"]
    h = (x - x.mean(-1, keepdims=True)) / jnp.sqrt(x.var(-1, keepdims=True) + 1e-5)
    return x + jax.nn.gelu(h @ p["up"]) @ p["down"]


def step(state, x):
    """One step of AdamW."""

    def loss(layers):
        y = x
        for p in layers:
            y = layer(y, p)
        return jnp.mean(y**2)

    weights, first, second = state
    gradient = jax.grad(loss)(weights)
    first = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, first, gradient)
    second = jax.tree.map(lambda v, g: 0.99 * v + 0.01 * g * g, second, gradient)
    weights = jax.tree.map(lambda w, m, v: w - 1e-4 * (m / (jnp.sqrt(v) + 1e-8) + 0.1 * w), weights, first, second)
    return weights, first, second


def seconds_of(depth: int, width: int, tokens: int) -> float:
    """The least time of a step."""
    key = jax.random.key(0)
    sizes = {"qkv": (width, 3 * width), "out": (width, width), "up": (width, 4 * width), "down": (4 * width, width)}
    weights = [{n: 0.02 * jax.random.normal(key, s) for n, s in sizes.items()} for _ in range(depth)]
    zeros = jax.tree.map(jnp.zeros_like, weights)
    x = jax.random.normal(key, (max(tokens // CONTEXT, 1), min(tokens, CONTEXT), width))
    compiled = jax.jit(step, donate_argnums=0)
    state = jax.block_until_ready(compiled((weights, zeros, jax.tree.map(jnp.zeros_like, weights)), x))
    least, spent, count = np.inf, 0.0, 0
    while count < 7 or (spent < 0.5 and count < 200):
        began = time.perf_counter()
        state = jax.block_until_ready(compiled(state, x))
        took = time.perf_counter() - began
        least, spent, count = min(least, took), spent + took, count + 1
    return least


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    target = parser.parse_args().out
    with target.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["depth", "width", "tokens", "seconds"])
        for shape in shapes():
            writer.writerow([*shape, f"{seconds_of(*shape):.6g}"])
            file.flush()


if __name__ == "__main__":
    main()
