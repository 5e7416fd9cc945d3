"""Decays in time."""
