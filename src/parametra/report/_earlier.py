"""A result of another problem that is in the way of a new one: it is kept, and that is told."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from parametra.nouns.receipt import Receipt


def keep_earlier(path: Path, receipt: Receipt) -> Path | None:
    """Make room for a result, so that none of another problem is lost: one of the same problem is written over.

    Two problem files may name one folder, and one problem file may be changed between two fits. A saved result knows
    the hash of its problem; where it is another than the new one's, the file is renamed after it, fit-1a2b3c4d.json,
    which is told on standard error.

    Arguments:
        path: of the new result.
        receipt: of the new result.

    Returns:
        Where the earlier result is now; None where there was none, or one of the same problem.

    Raises:
        OSError: it cannot be renamed.
    """
    if not path.is_file():
        return None
    before = _problem_hash(path)
    if before is None or before == receipt.problem_hash:
        return None
    short = "-".join(each[:8] for each in before.split("+"))  # a comparison is of several problems
    kept = path.with_name(f"{path.stem}-{short}{path.suffix}")
    path.replace(kept)
    sys.stderr.write(
        f"{path} held the result of another problem, or of this one before it was changed; it is kept as {kept.name}\n"
    )
    return kept


def _problem_hash(path: Path) -> str | None:
    """Of the problem whose result is in a file; None for a file that is no result of a problem."""
    try:
        document: Any = json.loads(path.read_text(encoding="utf-8"))
        found = document["result"]["receipt"]["problem_hash"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return found if isinstance(found, str) and found else None
