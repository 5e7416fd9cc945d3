"""Ready-made models by field, `pm.models.eclipsing_binary`, and what else a field offers; loaded when first used."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

_FIELDS = sorted(path.parent.name for path in Path(__file__).parent.glob("*/__init__.py"))


def __getattr__(name: str) -> Any:
    if name not in _FIELDS:
        raise AttributeError(f"there is no field {name!r} of ready-made models; there are {', '.join(_FIELDS)}")
    return importlib.import_module(f"parametra.models.{name}")


def __dir__() -> list[str]:
    return _FIELDS
