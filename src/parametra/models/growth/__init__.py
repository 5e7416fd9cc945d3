"""Curves of growth: sigmoid, saturating, and responses to doses."""
