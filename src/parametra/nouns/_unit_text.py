"""The grammar of unit texts: products, quotients, factors and powers, with nothing computed that could run away."""

from __future__ import annotations

import re
from fractions import Fraction

from parametra.nouns.errors import UnitError

LONGEST = 200
DEEPEST = 20
LARGEST_POWER = 100

_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?)"
    r"|(?P<name>(?:(?![⁰¹²³⁴⁵⁶⁷⁸⁹])[\w%°])+)"
    r"|(?P<power>\*\*|\^)|(?P<sign>[*/()·⋅\u00d7+-])|(?P<raised>[⁻⁺]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+))"
)
_RAISED = str.maketrans("⁻⁺⁰¹²³⁴⁵⁶⁷⁸⁹", "-+0123456789")
_TIMES = frozenset("*·⋅\u00d7")

Powers = list[tuple[str, Fraction]]


def read_unit(text: str) -> tuple[float, Powers]:
    """The number in front, and the names of units with their exponents.

    Raises:
        UnitError: the text is no unit.
    """
    if len(text) > LONGEST:
        raise UnitError(f"a unit may have {LONGEST} characters, this one has {len(text)}.")
    if text.count("(") > DEEPEST:
        raise UnitError(f"a unit may have {DEEPEST} brackets, this one has {text.count('(')}.")
    reader = _Reader(text)
    scale, powers = reader.product()
    if reader.peek():
        raise reader.refusal(f'"{reader.peek()}" does not belong there')
    if not 0.0 < scale < float("inf"):
        raise reader.refusal("the number in front must be larger than 0")
    return scale, powers


class _Reader:
    """Takes one token after the other."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens: list[tuple[str, str]] = []
        self.at = 0
        place, end = 0, len(text.rstrip())
        while place < end:
            found = _TOKEN.match(text, place)
            if found is None or found.lastgroup is None:
                raise self.refusal(f'"{text[place:].strip()[:1]}" does not belong there')
            self.tokens.append((found.lastgroup, found[found.lastgroup]))
            place = found.end()

    def refusal(self, what: str) -> UnitError:
        return UnitError(f'cannot read the unit "{self.text}": {what}. Units look like "km/s/Mpc" or "J/(mol*K)".')

    def peek(self) -> str:
        return self.tokens[self.at][1] if self.at < len(self.tokens) else ""

    def take(self) -> tuple[str, str]:
        if self.at == len(self.tokens):
            raise self.refusal("something is missing at the end")
        self.at += 1
        return self.tokens[self.at - 1]

    def product(self) -> tuple[float, Powers]:
        """Factors joined by *, / or a blank, until a closing bracket or the end."""
        scale, powers = self.factor()
        divided = False
        while self.peek() and self.peek() != ")":
            sign = self.peek()
            if sign == "/" or sign in _TIMES:
                self.take()
            elif divided:
                raise self.refusal('after "/" a blank can be read in two ways; write * or brackets')
            divided = divided or sign == "/"
            more, names = self.factor()
            try:
                scale = scale / more if sign == "/" else scale * more
            except ZeroDivisionError:
                raise self.refusal("it divides by 0") from None
            powers += [(name, -exponent if sign == "/" else exponent) for name, exponent in names]
        return scale, powers

    def factor(self) -> tuple[float, Powers]:
        """A number, a name or a bracket, raised to a power or not."""
        kind, word = self.take()
        if word == "(":
            scale, powers = self.product()
            if self.take()[1] != ")":
                raise self.refusal("a bracket is not closed")
        elif kind == "number":
            scale, powers = float(word), []
        elif kind == "name":
            scale, powers = 1.0, [(word, Fraction(1))]
        else:
            raise self.refusal(f'"{word}" does not belong there')
        exponent = self.exponent(bare=kind == "name")
        try:
            return scale ** float(exponent), [(name, power * exponent) for name, power in powers]
        except (OverflowError, ZeroDivisionError):
            raise self.refusal("a number is out of range") from None

    def exponent(self, *, bare: bool) -> Fraction:
        """What follows **, ^, as small raised digits, or after a name as a signed number: s-1."""
        following = self.tokens[self.at] if self.at < len(self.tokens) else ("", "")
        if following[0] == "raised":
            return self.within(Fraction(self.take()[1].translate(_RAISED)))
        if following[0] == "power":
            self.take()
            return self.fraction_in_brackets() if self.peek() == "(" else self.signed()
        if bare and following[1] in ("+", "-"):
            return self.signed()
        return Fraction(1)

    def fraction_in_brackets(self) -> Fraction:
        self.take()
        result = self.signed()
        if self.peek() == "/":
            self.take()
            under = self.signed()
            if not under:
                raise self.refusal("an exponent divides by 0")
            result /= under
        if self.take()[1] != ")":
            raise self.refusal("a bracket is not closed")
        return self.within(result)

    def signed(self) -> Fraction:
        kind, word = self.take()
        negative = word == "-"
        if word in ("+", "-"):
            kind, word = self.take()
        if kind != "number" or len(word) > 8 or "e" in word.lower():
            raise self.refusal(f'"{word}" is no exponent; a plain number is wanted')
        return self.within(Fraction(word) * (-1 if negative else 1))

    def within(self, exponent: Fraction) -> Fraction:
        if abs(exponent) > LARGEST_POWER:
            raise self.refusal(f"exponents beyond {LARGEST_POWER} are refused")
        return exponent
