"""A figure as part of a page: an address that holds it whole."""

from __future__ import annotations

import base64
import io
from typing import Any

from parametra.report._style import styled


def picture(figure: Any) -> str:
    """The figure as an address that holds it: vectors, in an image of its own so that nothing in it meets the page."""
    buffer = io.BytesIO()
    with styled():
        figure.savefig(buffer, format="svg", dpi=150, metadata={"Date": None, "Creator": None})
    return "data:image/svg+xml;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")
