"""Array types with shapes for annotations: jaxtyping's under a type checker or a test run, weightless otherwise.

Annotations are strings in this package (`from __future__ import annotations`), so at run time nobody reads them and
jaxtyping, which costs 0.1 s to import, need not be there. A test run imports it first, and then they are checked.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING or "jaxtyping" in sys.modules:
    from jaxtyping import Bool, Float, Int
else:

    class _Unchecked:
        def __class_getitem__(cls, item: object) -> object:
            return item[0]

    Bool = Float = Int = _Unchecked

__all__ = ["Bool", "Float", "Int"]
