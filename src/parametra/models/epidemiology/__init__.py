"""Epidemics."""
