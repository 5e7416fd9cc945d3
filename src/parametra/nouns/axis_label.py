"""What an axis says of a quantity."""

from __future__ import annotations

import re


def axis_label(name: str, unit: str) -> str:
    """The name, and the unit in brackets where there is one; once where the name ends with it, as headers do."""
    if not unit or unit == "1":
        return name
    bare = re.fullmatch(rf"(.*\S)\s*(?:\[\s*{re.escape(unit)}\s*\]|\(\s*{re.escape(unit)}\s*\))\s*", name)
    return f"{name if bare is None else bare[1]} ({unit})"
