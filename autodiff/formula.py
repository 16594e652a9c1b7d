"""Formulas as text: parsed by a whitelist, computed on any kind of number.

    >>> formula = parse("pred = input * weight; error = (pred - goal) ** 2")
    >>> formula.variables
    ('input', 'weight', 'goal')
    >>> formula(input=0.5, weight=0.5, goal=1.0)
    0.5625

A formula has names, numbers, arithmetic, and autodiff's functions, nothing else. Python's parser
reads it, and what it found is translated, node by allowed node, into a list of steps. Nothing is
handed to Python to be run, and no text, however long or deep, takes more than a moment.
"""

from __future__ import annotations

import inspect
import math
import operator
import re
import unicodedata
from collections.abc import Callable, Collection, Mapping, Sequence
from fractions import Fraction
from numbers import Rational
from typing import Any

from autodiff.grammar import Parser
from autodiff.kinds import Number, package_of, real
from autodiff.limit import spend
from autodiff.spelling import FUNCTIONS, MAX_CHARACTERS, FormulaError
from autodiff.symbolic import check_sizes, coefficient
from autodiff.value import Value

_SURROGATE = re.compile("[\ud800-\udfff]")

_LONGEST = 200  # letters of a message
_GAMMA = ("lgamma", "digamma", "polygamma")
_SPECIAL = ("erf", "erfc", *_GAMMA)
_SPECIAL_BITS = 1_000  # to which mpmath computes them: with a few thousand more it takes a second
_CALLS = 10  # that one operation takes on floats, with the derivatives of it
_LARGEST_STEPS = 1_000  # down from 0 for the derivatives of the gamma function
MAX_BITS = 10_000  # of an exact number that is computed on the way

_OPERATORS: dict[str, Callable[..., Any]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv,
    "%": operator.mod, "//": operator.floordiv, "<": operator.lt, "<=": operator.le,
    ">": operator.gt, ">=": operator.ge, "==": operator.eq, "!=": operator.ne,
    "neg": operator.neg, "pos": operator.pos, "**": lambda x, y: real(x**y),
}  # fmt: skip

_ARITHMETIC = _OPERATORS.keys() - {"**"}
OPERATIONS = {**FUNCTIONS, **_OPERATORS}


# ---- A formula --------------------------------------------------------------------------------


class Formula:
    """A formula that was parsed: a function of its variables. `parse` makes it.

    Attributes
    ----------
    text : str
        What was parsed.
    variables : tuple of str
        The names that the formula does not compute itself, as they first appear.
    constants : dict of str to int
        The constants that it uses, such as pi, and the step that each of them means.
    names : dict of str to int
        The names that it computes, in order, and the step that each of them means.
    name : str or None
        The name of the result.
    steps : tuple of Step
        The operations in the order of computation.

    Examples
    --------
    >>> from fractions import Fraction
    >>> half = parse("0.1 * x + 0.2 * x")
    >>> half(x=1.0), half(x=Fraction(1))
    (0.30000000000000004, Fraction(3, 10))
    """

    def __init__(self, text: str, parser: Parser) -> None:
        self.text = text
        self.name, self._result = parser.parse()
        self.steps = tuple(parser.steps)
        self.variables = tuple(parser.variables)
        self.constants = parser.constants
        self.names = parser.names
        self.__signature__ = inspect.Signature(
            [inspect.Parameter(v, inspect.Parameter.KEYWORD_ONLY) for v in self.variables]
        )

    def __call__(self, /, **numbers: Number) -> Number:
        """Return the result for these numbers, one for each variable."""
        return self.compute(numbers)[0]

    def compute(self, numbers: Mapping[str, Number]) -> tuple[Number, dict[str, Number]]:
        """Return the result, and every name of the formula with its number, variables first."""
        computed = self._computed(numbers)
        named = {name: computed[step] for name, step in {**self.constants, **self.names}.items()}
        return computed[self._result], {v: numbers[v] for v in self.variables} | named

    def error_at(self, error: BaseException) -> FormulaError:
        """Return what a computation has raised as an error that points into the text."""
        line, column = getattr(error, "place", (1, 1))
        message = str(error).partition("\n")[0] or type(error).__name__
        message = message if len(message) <= _LONGEST else message[: _LONGEST - 1] + "…"
        return FormulaError(message, self.text, line, column)

    def _computed(self, numbers: Mapping[str, Number]) -> list[Any]:
        """Compute every step. Where one raises, `place` of the exception tells which."""
        missing = [name for name in self.variables if name not in numbers]
        if missing:
            raise TypeError(f"the formula needs a number for {', '.join(missing)}")
        constant = _constant_beside(numbers.values())
        names = {step: name for name, step in reversed(self.names.items())}
        computed: list[Any] = []
        for place, step in enumerate(self.steps):
            if step.operation == "variable":
                computed.append(numbers[step.content])
                continue
            if step.operation == "number":
                computed.append(constant(*step.content))
                continue
            try:
                result = _apply(step.operation, [computed[i] for i in step.operands])
            except (ArithmeticError, TypeError, ValueError) as error:
                error.__dict__.setdefault("place", (step.line, step.column))
                raise
            if place in names and isinstance(result, Value):
                result.labeled(names[place])
            computed.append(result)
        return computed

    def __repr__(self) -> str:
        return f"parse({self.text!r})"


def _plain(x: Any) -> Any:
    """Return the number inside nested Values."""
    while isinstance(x, Value):
        x = x.data
    return x


def _constant_beside(numbers: Any) -> Callable[[Number, Fraction], Number]:
    """Return which number a literal is: 0.1 is the float, but 1/10 beside exact numbers."""
    kinds = {type(_plain(number)) for number in numbers}
    if "sympy" in map(package_of, kinds):
        from sympy import Rational as SymPyRational

        return lambda number, exact: SymPyRational(exact.numerator, exact.denominator)
    if any(issubclass(kind, Fraction) for kind in kinds):
        return lambda number, exact: exact
    return lambda number, exact: number


def _apply(operation: str, operands: list[Any]) -> Any:
    """Compute one operation, with no exact number larger than the bound."""
    numbers = list(map(_plain, operands))
    spend(_calls(operation, numbers))
    if operation in ("**", "power"):
        _check_power(*numbers)
    elif operation == "exp2":
        _check_power(2, *numbers)
    elif operation in _SPECIAL:
        _check_special(operation, *numbers)
    if "sympy" in map(package_of, map(type, numbers)):
        if operation in ("==", "!="):
            raise TypeError("whether two formulas are equal cannot be told from their form")
        check_sizes(operation, numbers)
    result = OPERATIONS[operation](*operands)
    if _bits(coefficient(_plain(result))) > MAX_BITS:
        raise OverflowError(f"a number of more than {MAX_BITS} bits")
    return result


def _calls(operation: str, numbers: Sequence[Any]) -> int:
    """Return as how many calls an operation counts, with its derivatives: as they take, roughly."""
    bits = _digits(numbers)
    if operation in _GAMMA:
        return 8 * _CALLS + bits * bits // 50 + 15 * bits
    if operation in _SPECIAL:
        return _CALLS + bits * bits // 150
    return _CALLS + bits * bits // (100_000 if operation in _ARITHMETIC else 3_000)


def _digits(numbers: Sequence[Any]) -> int:
    """Return with how many bits mpmath computes a function of numbers; 0 if none is of mpmath."""
    contexts = [type(x).context for x in numbers if hasattr(type(x), "context")]
    if not contexts:
        return 0
    sizes = [size for size in map(contexts[0].mag, numbers) if 0 < size < math.inf]
    return int(contexts[0].prec + 16 * max(sizes, default=0))


def _bits(x: Any) -> int:
    if not isinstance(x, Rational):
        return 0
    return int(x.numerator).bit_length() + int(x.denominator).bit_length()


def _check_power(base: Any, exponent: Any) -> None:
    """Refuse a power that would have too many digits to be computed."""
    exact = isinstance(base, Rational) and isinstance(exponent, Rational)
    if exact and base not in (-1, 0, 1) and _bits(base) * abs(exponent) > 2 * MAX_BITS:
        raise OverflowError(f"the power would have more than {MAX_BITS} bits")


def _check_special(operation: str, *operands: Any) -> None:
    """Refuse what SciPy cannot take or steps up from one by one, and what mpmath is slow with."""
    for number in operands:
        context = getattr(type(number), "context", None)
        if context is not None and context.prec > _SPECIAL_BITS:
            raise OverflowError(f"{operation} to more than {_SPECIAL_BITS} bits")
        if isinstance(number, int | float) and operation in _GAMMA and number < -_LARGEST_STEPS:
            raise OverflowError(f"{operation} of a number below -{_LARGEST_STEPS}")


# ---- Parsing ----------------------------------------------------------------------------------


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
    autodiff.spelling.FormulaError: column 1: there is no function 'open'
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


def normal_name(text: str) -> str:
    """Return a name as Python's parser reads it: some letters have two ways to be written."""
    return unicodedata.normalize("NFKC", text)


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
