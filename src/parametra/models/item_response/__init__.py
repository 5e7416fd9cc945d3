"""Answers of persons to items: how difficult the items are, how able the persons, and which item to ask next."""

from parametra.models.item_response._abilities import Abilities, abilities
from parametra.models.item_response._adaptive import (
    AdaptiveTest,
    SimulatedTests,
    adaptive_test,
    simulate_adaptive_test,
)
from parametra.models.item_response._amortise import Amortised, amortise
from parametra.models.item_response._bank import ItemBank, item_bank
from parametra.models.item_response._glicko import Rating, Ratings, glicko2
from parametra.models.item_response._patterns import PatternCounts, group_responses, responses
from parametra.models.item_response._predicted import PredictedBank
from parametra.models.item_response._simulate import simulate_responses

__all__ = [
    "Abilities",
    "AdaptiveTest",
    "Amortised",
    "ItemBank",
    "PatternCounts",
    "PredictedBank",
    "Rating",
    "Ratings",
    "SimulatedTests",
    "abilities",
    "adaptive_test",
    "amortise",
    "glicko2",
    "group_responses",
    "item_bank",
    "responses",
    "simulate_adaptive_test",
    "simulate_responses",
]
