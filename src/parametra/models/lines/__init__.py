"""Straight lines, polynomials and splines."""
