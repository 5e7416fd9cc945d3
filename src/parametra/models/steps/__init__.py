"""Steps, rectangles and thermal edges."""
