"""Formulas as text: takes a text, gives a function of its variables, on any kind of number.

    >>> formula = parse("pred = input * weight; error = (pred - goal) ** 2")
    >>> formula(input=0.5, weight=0.5, goal=1.0)
    0.5625

A formula has names, numbers, arithmetic, and autodiff's functions, nothing else. Python's parser
reads it, and what it found is translated, node by allowed node, into straight-line code. Nothing
is handed to Python to be run, and no text, however long or deep, takes more than a moment.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from fractions import Fraction
from typing import Any

from autodiff.formula.bounds import bounded
from autodiff.formula.grammar import CONSTANTS, Parser
from autodiff.formula.spelling import FUNCTIONS, MAX_CHARACTERS, FormulaError
from autodiff.kinds import Number, package_of, plain
from autodiff.listing import evaluated
from autodiff.value import Value

__all__ = ["CONSTANTS", "FUNCTIONS", "Formula", "FormulaError", "defined_at", "parse"]

_SURROGATE = re.compile("[\ud800-\udfff]")

_LONGEST = 200  # letters of a message


class Formula:
    """A formula that was parsed: a function of its variables. `parse` makes it.

    Attributes
    ----------
    text : str
        What was parsed.
    variables : tuple of str
        The names that the formula does not compute itself, as they first appear.
    names : tuple of str
        The names that it computes, in order.
    name : str or None
        The name of the result.
    listing : Listing
        What it computes: the variables, then the operations in order. The outputs are the result,
        the variables, the constants that it uses, such as pi, and its names.

    Examples
    --------
    >>> from fractions import Fraction
    >>> half = parse("0.1 * x + 0.2 * x")
    >>> half(x=1.0), half(x=Fraction(1))
    (0.30000000000000004, Fraction(3, 10))
    """

    def __init__(self, text: str, parser: Parser) -> None:
        self.text = text
        self.name, self.listing = parser.parse()
        self.variables = tuple(parser.variables)
        self.names = tuple(parser.names)
        self._named = tuple(parser.meanings)
        self._places = parser.places

    def __call__(self, /, **numbers: Number) -> Number:
        """Return the result for these numbers, one for each variable."""
        return self.compute(numbers)[0]

    def compute(self, numbers: Mapping[str, Number]) -> tuple[Number, dict[str, Number]]:
        """Return the result, and every name of the formula with its number, variables first."""
        missing = [name for name in self.variables if name not in numbers]
        if missing:
            raise TypeError(f"the formula needs a number for {', '.join(missing)}")
        inputs = [numbers[name] for name in self.variables]
        like = _literals_beside(numbers.values())
        result, *named = evaluated(
            self.listing, inputs, like=like, compute=self._step, with_labels=True
        )
        return result, dict(zip(self._named, named, strict=True))

    def error_at(self, error: BaseException) -> FormulaError:
        """Return what a computation has raised as an error that points into the text."""
        line, column = getattr(error, "place", (1, 1))
        message = str(error).partition("\n")[0] or type(error).__name__
        message = message if len(message) <= _LONGEST else message[: _LONGEST - 1] + "…"
        return FormulaError(message, self.text, line, column)

    def _step(self, place: int, operation: str, operands: list[Any]) -> Any:
        """Compute a step. Where it raises, `place` of the exception tells where in the text."""
        try:
            return bounded(operation, operands)
        except (ArithmeticError, TypeError, ValueError) as error:
            error.__dict__.setdefault("place", self._places[place - len(self.variables)])
            raise

    def __repr__(self) -> str:
        return f"parse({self.text!r})"


def _literals_beside(numbers: Iterable[Number]) -> Callable[[Any], Number]:
    """Return which number a literal is: 0.1 is the float, but 1/10 beside exact numbers."""
    kinds = {type(plain(number)) for number in numbers}
    if "sympy" in map(package_of, kinds):
        import sympy

        return sympy.Rational  # type: ignore[no-any-return]
    if any(issubclass(kind, Fraction) for kind in kinds):
        return Fraction
    return lambda exact: exact if isinstance(exact, int) else float(exact)


def parse(text: str, known: Collection[str] = ()) -> Formula:
    """Read a formula.

    Parameters
    ----------
    text : str
        Statements `name = expression`, separated by `;` or line ends; later ones may use the names
        of earlier ones, and the last one is the result and may go without a name. An expression
        has names, numbers, `+ - * / % // **`, brackets and autodiff's functions; a comparison
        stands as the first argument of `where`. `#` starts a comment.
    known : collection of str
        Which of the names pi, π and e mean these constants, where the formula does not compute
        them; by default they are variables like all others.

    Returns
    -------
    Formula
        A function of the variables, by keyword.

    Raises
    ------
    FormulaError
        If the text is anything else, or is longer or deeper than the bounds of this module.

    Examples
    --------
    >>> parse("slope = where(x > 0, x ** 2, 0)")(x=3.0)
    9.0
    >>> parse("open(x)")
    Traceback (most recent call last):
    autodiff.formula.spelling.FormulaError: column 1: there is no function 'open'
        open(x)
        ^
    """
    if not isinstance(text, str):
        raise TypeError(f"a formula is text, and {text!r} is of type {type(text).__name__}")
    if len(text) > MAX_CHARACTERS:
        raise FormulaError(
            f"a formula has at most {MAX_CHARACTERS} characters, and this has {len(text)}",
            text[: MAX_CHARACTERS + 1], 1, 1,
        )  # fmt: skip
    text = _SURROGATE.sub("\ufffd", text)  # a byte that was no letter, and cannot be written either
    return Formula(text, Parser(text, known))


def defined_at(formula: Formula) -> dict[str, float]:
    """Return numbers, none like another, where a formula and its local derivatives are defined."""
    for number in (1.5, 0.5, -0.5, -1.5, 10.5, 100.5, 0.001):
        point = {name: number * (1 + i / 64) for i, name in enumerate(formula.variables)}
        try:
            formula.compute({name: Value(x) for name, x in point.items()})
        except (ArithmeticError, ValueError) as error:
            problem = formula.error_at(error)
        else:
            return point
    raise problem
