"""An evaluation as bytes and back: layouts of outputs, digests that find a call, checksums that tell changed bytes.

Nothing here is unpickled or evaluated; what a layout says is checked before it is believed.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from typing import Any, NamedTuple
from zlib import crc32

import numpy as np

from parametra.nouns.evaluation import Evaluation, Fate

_DTYPES = {"f8": np.dtype("<f8"), "c16": np.dtype("<c16")}
_FATES = {fate.value: fate for fate in Fate}
_NATIVE = sys.byteorder == "little"
_LONGEST_SHAPE = 64

_SMALL = 4096
"""Bytes of an array up to which one that is kept may keep those that were read with it."""


class Damaged(Exception):  # noqa: N818  a signal between the files of the ledger, told by them
    """A row that cannot be what was written."""


@dataclass(frozen=True)
class Layout:
    """What the bytes of outputs are.

    Arguments:
        text: as JSON.
        parts: name, shape, dtype and first byte of each output.
        size: bytes of all of them.
    """

    text: str
    parts: tuple[tuple[str, tuple[int, ...], np.dtype[Any], int], ...]
    size: int

    @staticmethod
    def read(text: str) -> Layout:
        """The layout that a text states. Raises Damaged for any other text."""
        try:
            stated = json.loads(text)
            parts: list[tuple[str, tuple[int, ...], np.dtype[Any], int]] = []
            size = 0
            for name, dtype, shape in stated:
                whole = len(shape) <= _LONGEST_SHAPE and all(type(n) is int and 0 <= n < 2**48 for n in shape)
                if not (isinstance(name, str) and whole):
                    raise Damaged(f"the layout {text[:80]}")
                parts.append((name, tuple(shape), _DTYPES[dtype], size))
                size += _DTYPES[dtype].itemsize * math.prod(shape)
        except (ValueError, TypeError, KeyError) as error:
            raise Damaged(f"the layout {text[:80]}") from error
        return Layout(text, tuple(parts), size)

    def outputs(self, data: bytes) -> dict[str, np.ndarray]:
        """The arrays in these bytes, which may be changed. Raises Damaged where their number is another."""
        if len(data) != self.size:
            raise Damaged(f"{len(data)} bytes of outputs, where {self.size} are stated")
        buffer = bytearray(data)
        try:
            if _NATIVE and len(self.parts) == 1:  # by far the most of them, and asked for by the million
                ((name, shape, dtype, _),) = self.parts
                return {name: np.ndarray(shape, dtype, buffer)}
            found = {name: np.ndarray(shape, dtype, buffer, first) for name, shape, dtype, first in self.parts}
        except ValueError as error:  # a shape with a zero in it may still be too large for NumPy
            raise Damaged(f"the layout {self.text[:80]}") from error
        return (
            found if _NATIVE else {name: value.astype(value.dtype.newbyteorder("=")) for name, value in found.items()}
        )


@dataclass(frozen=True)
class Shared:
    """What many evaluations have in common.

    Arguments:
        fate: how they ended.
        layout: of their outputs; None where there are none.
        reason: why there are none; None where there are.
        retry: whether another try may succeed.
        seconds_limit: how long they were allowed to take.
        checksum: of all of this.
    """

    fate: Fate
    layout: Layout | None
    reason: str | None
    retry: bool
    seconds_limit: float | None
    checksum: int

    @staticmethod
    @lru_cache(1024)
    def read(fate: Any, layout: str | None, reason: str | None, retry: Any, seconds_limit: Any) -> Shared:
        """From the cells of a row, layout and reason as texts. Raises Damaged for what was never written."""
        if (
            fate not in _FATES
            or retry not in (0, 1)
            or (layout is None) == (fate == "ok")
            or (reason is None) == (layout is None)
        ):
            raise Damaged(f"an evaluation that ended {fate!r}, of layout {layout!r}, for the reason {reason!r}")
        checksum = crc32(json.dumps([fate, layout, reason, retry, seconds_limit]).encode())
        known = None if layout is None else Layout.read(layout)
        return Shared(_FATES[fate], known, reason, bool(retry), seconds_limit, checksum)

    def checksum_with(self, key: Any, outputs: Any) -> int:
        """Of an evaluation."""
        begun = crc32(key, self.checksum)
        return begun if outputs is None else crc32(outputs, begun)

    def evaluation(self, key: Any, outputs: Any, seconds: Any, checksum: Any) -> Evaluation:
        """From the other cells of a row. Raises Damaged for what was never written."""
        try:
            if checksum != self.checksum_with(key, outputs):
                raise Damaged("bytes that have changed since they were written")
            if self.layout is not None and outputs is not None:
                return Evaluation(self.fate, self.layout.outputs(outputs), "", self.retry, float(seconds))
            return Evaluation(self.fate, {}, self.reason or "", self.retry, float(seconds))
        except (TypeError, ValueError) as error:  # a cell of another kind than was written
            raise Damaged("an evaluation that was never written so") from error

    def evaluations(self, rows: Sequence[tuple[Any, ...]]) -> list[Evaluation]:
        """From rows whose cells begin with digest, key, outputs, seconds, checksum. Raises Damaged as `evaluation`.

        Rows of one small array, by far the most of them and asked for by the million, are read together.
        """
        begun, layout = self.checksum, self.layout
        if not _NATIVE or layout is None or len(layout.parts) != 1 or not 0 < layout.size <= _SMALL:
            return [self.evaluation(*row[1:5]) for row in rows]
        ((name, shape, dtype, _),) = layout.parts
        try:
            if any(len(row[2]) != layout.size or crc32(row[2], crc32(row[1], begun)) != row[4] for row in rows):
                raise Damaged("bytes that have changed since they were written")
            every = np.ndarray((len(rows), *(shape or (1,))), dtype, bytearray(b"".join([row[2] for row in rows])))
            arrays = list(every) if shape else [value.reshape(()) for value in every]
            fate, retry = self.fate, self.retry
            return [
                Evaluation(fate, {name: value}, "", retry, float(row[3]))
                for value, row in zip(arrays, rows, strict=True)
            ]
        except (TypeError, ValueError) as error:  # a cell of another kind than was written
            raise Damaged("an evaluation that was never written so") from error

    def is_final(self, seconds_limit: float | None) -> bool:
        """Whether nothing else can come of another try that may take so long."""
        if self.retry:
            return False
        if self.fate is not Fate.TIMED_OUT or self.seconds_limit is None:
            return True
        return seconds_limit is not None and seconds_limit <= self.seconds_limit


class Row(NamedTuple):
    """An evaluation that is to be written."""

    statement: int
    digest: int
    key: bytes
    shared: Shared
    outputs: bytes | None
    seconds: float
    time: float
    checksum: int

    def replaces(self, older: Row) -> bool:
        """Whether this is worth more than what waits of the same call; the ledger asks the same in SQL."""
        if (older.statement, older.key) != (self.statement, self.key):
            return False
        mine, theirs = self.shared, older.shared
        if theirs.retry or mine.retry or theirs.fate is not Fate.TIMED_OUT:
            return theirs.retry
        return mine.fate is not Fate.TIMED_OUT or not theirs.is_final(mine.seconds_limit)

    def evaluation(self) -> Evaluation:
        """What it says."""
        return self.shared.evaluation(self.key, self.outputs, self.seconds, self.checksum)


def digest_of(statement: int, key: bytes) -> int:
    """A number of 64 bits that finds a call; two of a million calls share one in one ledger of thirty million."""
    return int.from_bytes(blake2b(b"%d:%b" % (statement, key), digest_size=8).digest(), "little", signed=True)


def row_of(statement: int, key: bytes, evaluation: Evaluation, seconds_limit: float | None, now: float) -> Row:
    """What is written of an evaluation."""
    layout = outputs = reason = None
    if evaluation.ok:
        layout, outputs = _bytes_of(evaluation.outputs)
    else:
        reason = evaluation.reason.encode("utf-8", "backslashreplace").decode()
    limit = None if seconds_limit is None else float(seconds_limit)
    shared = Shared.read(evaluation.fate.value, layout, reason, int(evaluation.retry), limit)
    checksum = shared.checksum_with(key, outputs)
    return Row(statement, digest_of(statement, key), key, shared, outputs, float(evaluation.seconds), now, checksum)


def _bytes_of(outputs: Mapping[str, np.ndarray]) -> tuple[str, bytes]:
    if len(outputs) == 1:
        ((name, value),) = outputs.items()
        code, data = _bytes_of_one(value)
        return _layout_text(((name, code, value.shape),)), data
    coded = {name: _bytes_of_one(outputs[name]) for name in sorted(outputs)}
    text = _layout_text(tuple((name, code, outputs[name].shape) for name, (code, _) in coded.items()))
    return text, b"".join(data for _, data in coded.values())


def _bytes_of_one(value: np.ndarray) -> tuple[str, bytes]:
    code = "c16" if value.dtype.kind == "c" else "f8"
    return code, value.astype(_DTYPES[code], copy=False).tobytes()


@lru_cache(1024)
def _layout_text(parts: tuple[tuple[str, str, tuple[int, ...]], ...]) -> str:
    return json.dumps(parts)
