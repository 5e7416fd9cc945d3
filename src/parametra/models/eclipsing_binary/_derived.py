"""What the field quotes of a fit: light lost in each eclipse, brightness ratios, colours, radii, all with errors."""

from __future__ import annotations

from itertools import combinations

from parametra.nouns.data import Data

_EACH = {
    "minimum1": "{mean} + {cos1} + {cos2} + {depth1}",
    "minimum2": "{mean} - {cos1} + {cos2} + {depth2}",
    "maximum_difference": "2 * {sin1}",
    "loss1": "1 - 10**(-0.4 * {depth1})",
    "loss2": "1 - 10**(-0.4 * {depth2})",
    "loss_sum": "2 - 10**(-0.4 * {depth1}) - 10**(-0.4 * {depth2})",
    "brightness_ratio": "(1 - 10**(-0.4 * {depth1})) / (1 - 10**(-0.4 * {depth2}))",
}
"""Star 1 is the one behind at the primary minimum. As both eclipses of a circular orbit hide the same area, the ratio
of the losses is that of the surface brightnesses."""

_LOSSES = {"loss1": f"({_EACH['loss1']})", "loss2": f"({_EACH['loss2']})"}
_SUM = "sin(2 * pi * {half_width})"

# Seen edge on, the smaller star vanishes behind the larger: its loss is its light, and in the other eclipse the larger
# one loses the share of its own light that the ratio of the discs is.
_SMALL_OVER_LARGE = {
    "occultation": "sqrt({loss2} / (1 - {loss1}))",
    "transit": "sqrt({loss1} / (1 - {loss2}))",
}
_SMALL_AND_LARGE = {"occultation": ("radius1", "radius2"), "transit": ("radius2", "radius1")}

# The colour of the light that an eclipse hides, against that of the whole just outside it.
_OUTSIDE = "({one[mean]} {sign} {one[cos1]} + {one[cos2]} - 2.5 * log10({one[%s]}))"
_COLOURS = {"colour1": ("+", _OUTSIDE % "loss1"), "colour2": ("-", _OUTSIDE % "loss2")}


def derived(sets: tuple[Data, ...] | None, parameters: list[str], eclipse: str, limited: bool) -> dict[str, object]:
    """Derived quantities by name, with `_V` where the data set V has its own, and `_V_R` between two of them.

    Arguments:
        sets: the data sets, None where none are at hand.
        parameters: the parameters of the model.
        eclipse: what the primary minimum is: "partial", "occultation" or "transit".
        limited: whether the profile ends at half_width.
    """
    named = {each.name: _called(each, parameters) for each in sets or ()} or {"": {name: name for name in parameters}}
    several = len({tuple(each.items()) for each in named.values()}) > 1
    found: dict[str, object] = {}
    for label, called in named.items():
        found |= _of_one(called, f"_{label}" if several else "", eclipse, limited)
    if several:
        for (first, one), (second, other) in combinations(named.items(), 2):
            for name, (sign, light) in _COLOURS.items():
                hidden = [light.format(one=_with_losses(each), sign=sign) for each in (one, other)]
                found[f"{name}_{first}_{second}"] = " - ".join(hidden)
    return found


def _of_one(called: dict[str, str], suffix: str, eclipse: str, limited: bool) -> dict[str, object]:
    found: dict[str, object] = {name + suffix: text.format(**called) for name, text in _EACH.items()}
    if not limited:
        return found
    found["eclipse_width"] = "2 * {half_width}".format(**called)
    if eclipse in _SMALL_OVER_LARGE:
        small, large = _SMALL_AND_LARGE[eclipse]
        total = _SUM.format(**called)
        ratio = _SMALL_OVER_LARGE[eclipse].format(**_with_losses(called))
        found["radii_sum"] = total
        found[large + suffix] = f"{total} / (1 + {ratio})"
        found[small + suffix] = f"{total} * {ratio} / (1 + {ratio})"
    return found


def _called(data: Data, parameters: list[str]) -> dict[str, str]:
    return {name: data.parameters.get(name, name) for name in parameters}


def _with_losses(called: dict[str, str]) -> dict[str, str]:
    return {**called, **{name: text.format(**called) for name, text in _LOSSES.items()}}
