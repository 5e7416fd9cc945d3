"""Scaling laws: how loss, time and use grow with size, and what a budget should buy."""

from parametra.models.scaling_law._compute_optimal import ComputeOptimal, compute_optimal
from parametra.models.scaling_law._describes import Jump, abrupt_jumps, r_squared
from parametra.models.scaling_law._evidence import Rejection, rejection, runs_needed
from parametra.models.scaling_law._optimal_sparsity import OptimalSparsity, best_weight_decay, optimal_sparsity
from parametra.models.scaling_law._transformer import BestForTime, TransformerCost, best_for_time, transformer_cost

__all__ = [
    "BestForTime",
    "ComputeOptimal",
    "Jump",
    "OptimalSparsity",
    "Rejection",
    "TransformerCost",
    "abrupt_jumps",
    "best_for_time",
    "best_weight_decay",
    "compute_optimal",
    "optimal_sparsity",
    "r_squared",
    "rejection",
    "runs_needed",
    "transformer_cost",
]
