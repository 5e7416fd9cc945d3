"""Peaks on backgrounds, as spectra have them."""
