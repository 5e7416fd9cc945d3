"""Rates of reactions."""
