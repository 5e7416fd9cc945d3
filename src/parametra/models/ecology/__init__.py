"""Populations: growth, predators and prey."""
