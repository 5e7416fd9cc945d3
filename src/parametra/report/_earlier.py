"""What is in the way of a new result: another problem's is kept under another name, and that is told."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from parametra.nouns.errors import FileError
from parametra.nouns.fit_record import Row
from parametra.nouns.fit_result import Fit
from parametra.nouns.storage import load


def make_room(path: Path, result: Any, beside: Iterable[str] = ()) -> Path:
    """Where a new result goes, so that none of another problem is lost: one of the same problem is written over.

    Two problem files may name one folder, and one problem file may be changed between two fits. What is in the way is
    renamed after the hash of its problem, fit-1a2b3c4d.json, and its pictures with it, which is told on standard error.
    A comparison, whose problem is several, is named by a hash of theirs, and what is no result by a hash of itself.
    Where it cannot be renamed, it stays, and the new result goes beside it, fit-new.json.

    The same problem is one of the same model, parameters, data and constraints (the hash in the receipt), and of the
    same noise and derived quantities as far as the result holds them: their names and units and, where all estimates
    are the same, their values. Their formulas and limits are not saved: where only limits were changed, or a formula
    and the estimates differ too, the earlier result is written over. So is one of other settings.

    Arguments:
        path: where the new result is to go.
        result: the new one.
        beside: patterns of files that go with the earlier result, "fit.png"; those already kept are not meant.

    Returns:
        Where to save the new result: `path`, or a free name beside it.
    """
    if not path.is_file():
        return path
    before = _result_in(path)
    if _same(before, result):
        return path
    why = (
        "held something that is no result, or one that this version cannot read"
        if before is None
        else "held the result of another problem, or of this one before it was changed"
    )
    try:
        kept = _free(path, _short(path, before), before)
        path.replace(kept)
    except OSError as error:
        new = _free(path, "new", result)
        _tell(
            f"{path} {why}, and cannot be renamed ({error.strerror}); it stays, and the new result is {new.name}. "
            "Pictures in the folder are of the new one"
        )
        return new
    _tell(f"{path} {why}; it is kept as {kept.name}")
    _rename_beside(path, kept.stem.removeprefix(f"{path.stem}-"), beside)
    return path


def _result_in(path: Path) -> Any:
    """The result in a file; None for a file that holds none that can be read."""
    try:
        found = load(path)
    except FileError:
        return None
    return found if hasattr(found, "receipt") else None


def _same(before: Any, result: Any) -> bool:
    """Whether both are results of the same problem, so that one may be written over by the other."""
    if before is None or type(before) is not type(result) or _statement(before) != _statement(result):
        return False
    (estimates, derived), (others, theirs) = _values(before), _values(result)
    return estimates != others or derived == theirs


def _statement(result: Any) -> tuple[Any, ...]:
    """What a result tells of its problem."""
    problem = result.receipt.problem_hash
    derived = [(row.label, row.unit) for row in _rows(result) if row.role == "derived"]
    return problem, problem or result.title, getattr(result, "noise", None), derived


def _values(result: Any) -> tuple[list[str], list[str]]:
    """Every digit of the estimates, and of what is derived from them; as words, because NaN is the same as itself."""
    rows = _rows(result)
    return [repr(row.value) for row in rows if row.role != "derived"], [
        repr(row.value) for row in rows if row.role == "derived"
    ]


def _rows(result: Any) -> Sequence[Row]:
    return result.rows if isinstance(result, Fit) else ()


def _short(path: Path, before: Any) -> str:
    """What a kept file is called by: eight characters, however many problems it compares."""
    problem = "" if before is None else before.receipt.problem_hash
    if problem.isalnum():
        return problem[:8]
    if before is None:
        return hashlib.sha256(path.read_bytes()).hexdigest()[:8]
    return hashlib.sha256((problem or before.title).encode()).hexdigest()[:8]  # a comparison joins several


def _free(path: Path, word: str, result: Any) -> Path:
    """A name beside the path for this result that writes over nothing but an earlier one of the same problem."""
    number, found = 1, path.with_name(f"{path.stem}-{word}{path.suffix}")
    while found.exists() and not _same(_result_in(found), result):
        number += 1
        found = path.with_name(f"{path.stem}-{word}-{number}{path.suffix}")
    return found


def _rename_beside(path: Path, word: str, patterns: Iterable[str]) -> None:
    for picture in sorted({each for pattern in patterns for each in path.parent.glob(pattern)}):
        if "-" in picture.stem:  # kept before
            continue
        try:
            picture.replace(picture.with_name(f"{picture.stem}-{word}{picture.suffix}"))
        except OSError as error:
            _tell(f"{picture} cannot be renamed with it ({error.strerror}); it may be written over")


def _tell(sentence: str) -> None:
    sys.stderr.write(f"{sentence}\n")
