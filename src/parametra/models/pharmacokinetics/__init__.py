"""Concentrations of a drug in the body by time."""
