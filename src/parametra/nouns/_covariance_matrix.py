"""A covariance matrix as it is stated: an array, or the name of a file that holds one; checked before it is used."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from parametra.nouns.errors import NoiseError, did_you_mean

_SAME = 1e-8
"""Relative difference of mirrored elements that still counts as rounding."""


def read_matrix(stated: Any) -> np.ndarray:
    """The numbers of a matrix, (n, n), read-only and checked.

    Arguments:
        stated: an array, nested lists, or the path of a .npy file or of a text file with one line for each row.

    Raises:
        NoiseError: no such file, not numbers, not square, not symmetric, not positive definite.
    """
    name = f'the covariance matrix of "{stated}"' if isinstance(stated, (str, Path)) else "the covariance matrix"
    raw = _from_file(Path(stated)) if isinstance(stated, (str, Path)) else stated
    try:
        matrix = np.array(raw, dtype=np.float64)
    except (TypeError, ValueError):
        raise NoiseError(f"{name} must be rows of numbers, all of one length; came {type(stated).__name__}.") from None
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or matrix.size == 0:
        raise NoiseError(f"{name} must be square, n rows of n numbers; came shape {matrix.shape}.")
    _refuse_what_no_covariance_is(matrix, name)
    matrix.flags.writeable = False
    return matrix


def _from_file(path: Path) -> Any:
    if not path.is_file():
        near = [each.name for each in path.parent.glob("*") if each.is_file()] if path.parent.is_dir() else []
        raise NoiseError(f"there is no file {path} with a covariance matrix; " + did_you_mean(path.name, sorted(near)))
    try:
        if path.suffix == ".npy":
            return np.load(path, allow_pickle=False)
        rows = [line.replace(",", " ").replace(";", " ").split() for line in path.read_text("utf-8-sig").splitlines()]
        rows = [row for row in rows if row and not row[0].startswith("#")]
        return [[float(cell) for cell in row] for row in rows]
    except (ValueError, EOFError, OSError) as error:
        raise NoiseError(
            f"{path} holds no covariance matrix ({error}). Wanted: a .npy file of n x n numbers, or text with one line "
            "for each row, numbers separated by commas or blanks, and no header."
        ) from None


def _refuse_what_no_covariance_is(matrix: np.ndarray, name: str) -> None:
    if not np.isfinite(matrix).all():
        row, column = np.argwhere(~np.isfinite(matrix))[0]
        raise NoiseError(f"{name} must be finite; it is {matrix[row, column]} in row {row + 1}, column {column + 1}.")
    gap = np.abs(matrix - matrix.T)
    if np.any(gap > _SAME * np.abs(matrix).max()):
        row, column = np.unravel_index(int(np.argmax(gap)), gap.shape)
        raise NoiseError(
            f"{name} must be symmetric; row {row + 1}, column {column + 1} holds {matrix[row, column]:g} and its "
            f"mirror {matrix[column, row]:g}."
        )
    values = np.linalg.eigvalsh(matrix)
    if not values[0] > np.finfo(float).eps * values[-1]:
        raise NoiseError(
            f"{name} must be positive definite; its smallest eigenvalue is {values[0]:.3g}, its largest "
            f"{values[-1]:.3g}. If rounding made it so, add the variance of each point's own error to the diagonal."
        )
