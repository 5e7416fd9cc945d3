"""Gas chromatography: peaks from the transport in a column, and retention against temperature."""

from parametra.models.chromatography._finite_differences import finite_differences

__all__ = ["finite_differences"]
