"""The derivative of an analytic function from one complex value of it.

    f'(x)  =  Im f(x + i h) / h  +  O(h^2)

No difference is taken, so nothing cancels, and h may be so small that its square does not matter beside 1: the
derivative is then as exact as the value. The function has to be analytic and written for complex numbers: an absolute
value, a comparison or a conjugate in it breaks the formula.

Source: Squire and Trapp (1998), doi:10.1137/S003614459631241X
"""

from __future__ import annotations

from typing import Final

COMPLEX_STEP: Final = 1e-100
"""h. Its square is 1e-200, 184 orders of magnitude below the rounding of a double, and h itself stands 207 orders above
the smallest double that keeps all its digits: an intermediate slope may be that small and lose none of them."""
