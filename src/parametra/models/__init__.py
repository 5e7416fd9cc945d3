"""Ready-made models by field, `pm.models.eclipsing_binary`, and what else a field offers; loaded when first used."""

from __future__ import annotations

import importlib
from typing import Any


def __getattr__(name: str) -> Any:
    from parametra.catalogue import fields

    if name not in fields():
        raise AttributeError(f"there is no field {name!r} of ready-made models; there are {', '.join(fields())}")
    return importlib.import_module(f"parametra.models.{name}")


def __dir__() -> list[str]:
    from parametra.catalogue import fields

    return [*fields()]
