"""Currents through membranes, and action potentials."""
