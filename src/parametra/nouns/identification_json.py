"""The object that `parametra identify --json` prints: everything by name."""

from __future__ import annotations

import dataclasses
from typing import Any

from parametra.nouns.fit_json import plain
from parametra.nouns.fit_json import to_json as fit_to_json
from parametra.nouns.identification_rows import Verdict
from parametra.nouns.identification_text import headline


def to_json(found: Any) -> dict[str, Any]:
    """An identification as plain dicts, lists, numbers and words."""
    info = found.information
    return plain(
        {
            "kind": "identify",
            "title": found.title,
            "status": found.status.outcome.value,
            "message": found.status.message,
            "headline": headline(found),
            "level": found.level,
            "parameters": {row.label: _verdict(row) for row in found.rows},
            "combinations": [{**dataclasses.asdict(c), "words": c.words} for c in found.combinations],
            "information": {
                "invertible": info.invertible,
                "condition": info.condition,
                "eigenvalues": info.eigenvalues.tolist(),
                "eigenvectors": {k: info.vectors[i].tolist() for i, k in enumerate(info.labels)},
                "metric": dict(zip(info.labels, info.metric.tolist(), strict=True)),
            },
            "profiles": {
                p.label: {
                    "value": p.values.tolist(),
                    "rise": p.rise.tolist(),
                    "threshold": p.threshold,
                    "below": p.below,
                    "above": p.above,
                }
                for p in found.profiles
            },
            "contours": [
                {"parameters": list(c.labels), "level": c.level, "points": c.points.tolist()} for c in found.contours
            ],
            "bootstrap": None if found.bootstrap is None else found.bootstrap.to_json(),
            "coverage": None if found.coverage is None else found.coverage.to_json(),
            "doubts": list(found.doubts),
            "methods": list(found.methods),
            "receipt": dataclasses.asdict(found.receipt),
            "fit": fit_to_json(found.fit),
        }
    )


def _verdict(row: Verdict) -> dict[str, Any]:
    plain = {k: v for k, v in dataclasses.asdict(row).items() if k not in ("label", "kind")}
    return {"verdict": row.word, **plain}
