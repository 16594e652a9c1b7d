"""The spelling of formulas: what may stand in a text, and what is meant where something else does.

Takes a text; gives it without its comments, or an error that points at what is wrong. Nothing
reaches Python's parser that is not made of these tokens, or is too long or too deep.
"""

from __future__ import annotations

import difflib
import keyword
import re
from typing import Any, NamedTuple

from autodiff.functions import NAMES, OF_MANY
from autodiff.rows import TABLE

# What bounds the time and the memory that a formula can take
MAX_CHARACTERS = 10_000
MAX_OPERATORS = 1_000
MAX_DEPTH = 100  # of brackets
MAX_DIGITS = 300  # of one number in the text

# Functions that have no row of their own: the row, and the numbers that come first in it.
OTHER_ROWS: dict[str, tuple[Any, ...]] = {"absolute": ("abs",), "digamma": ("polygamma", 0)}

# The functions that can be called, with their parameters: none that takes any number of operands
FUNCTIONS = {
    name: TABLE[row].parameters[len(given) :]
    for name, (row, *given) in ({name: (name,) for name in [*NAMES, "abs"]} | OTHER_ROWS).items()
    if name not in OF_MANY
}

# ---- Hints ------------------------------------------------------------------------------------

_POWER = "a power is written **"
_PRODUCT = "a product is written *"
_MINUS = "a minus is written -"
_BRANCH = "a branch is written where(condition, a, b)"
_ONE_COMPARISON = "one comparison at a time: write where(a, where(b, ...), ...)"
_HINTS = {
    ".": "attributes are no part of a formula",
    "^": _POWER,
    "·": _PRODUCT, "×": _PRODUCT, "⋅": _PRODUCT, "∙": _PRODUCT,
    "÷": "a quotient is written /",
    "−": _MINUS, "–": _MINUS, "—": _MINUS,  # noqa: RUF001
    "√": "a root is written sqrt(x)",
    "|": "an absolute value is written abs(x)",
    "!": "there is no factorial: n! is exp(lgamma(n + 1))",
    "°": "an angle in degrees is written radians(x)",
    "[": "lists and indices are no part of a formula: brackets are ( and )",
    "{": "braces are no part of a formula: brackets are ( and )",
    "'": "text is no part of a formula",
    '"': "text is no part of a formula",
    "if": _BRANCH,
    "else": _BRANCH,
    "for": "loops and comprehensions are no part of a formula",
    "lambda": "'lambda' is a word of Python: take another name, such as lambda_",
    "and": _ONE_COMPARISON,
    "or": _ONE_COMPARISON,
}  # fmt: skip

_OTHER_NAMES = {
    "asin": "arcsin", "acos": "arccos", "atan": "arctan", "atan2": "arctan2", "asinh": "arcsinh",
    "acosh": "arccosh", "atanh": "arctanh", "arsinh": "arcsinh", "arcosh": "arccosh",
    "artanh": "arctanh", "tg": "tan", "sh": "sinh", "ch": "cosh", "th": "tanh", "ln": "log",
    "lg": "log10", "ld": "log2", "lb": "log2", "max": "maximum", "min": "minimum", "pow": "power",
    "sgn": "sign", "fabs": "abs", "sqr": "square", "inv": "reciprocal", "logistic": "sigmoid",
    "expit": "sigmoid", "gammaln": "lgamma", "psi": "digamma", "step": "heaviside",
    "ceiling": "ceil", "rad2deg": "degrees", "deg2rad": "radians", "iif": "where",
    "gamma": "exp(lgamma(x))", "cot": "1 / tan(x)", "sec": "1 / cos(x)", "csc": "1 / sin(x)",
    "coth": "1 / tanh(x)", "mod": "x % y",
}  # fmt: skip

_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
_RAISED = re.compile(r"(\w*?)([⁰¹²³⁴⁵⁶⁷⁸⁹]+)")

_PAIRED = ("maximum", "minimum", "hypot", "logaddexp")  # that people give more than two numbers


def no_function(name: str) -> str:
    """Say that there is no function of this name, and which one may be meant."""
    close = difflib.get_close_matches(name[:50].lower(), FUNCTIONS, n=1)
    meant = _OTHER_NAMES.get(name.lower()) or next(iter(close), None)
    if meant is None and len(name) <= 2:
        return f"there is no function {name!r}; {_PRODUCT}, as in {name} * (...)"
    return f"there is no function {name[:50]!r}" + (f": is {meant} meant?" if meant else "")


def wrong_count(name: str, count: int) -> str:
    """Say that a function takes another number of arguments, and what may be meant."""
    right = len(FUNCTIONS[name])
    problem = f"{name} takes {right} argument{'' if right == 1 else 's'}, not {count}"
    if name == "log" and count == 2:
        return f"{problem}: to another base it is log2(x), log10(x) or log(x) / log(base)"
    if name in _PAIRED and count == 3:
        return f"{problem}: write {name}({name}(a, b), c)"
    return problem


# ---- Errors -----------------------------------------------------------------------------------


class FormulaError(ValueError):
    """A text is no formula, and here is where.

    Attributes
    ----------
    message : str
        What is wrong.
    line, column : int
        Where, counted from 1.
    one_line : str
        The place and the message.
    excerpt : str
        The part of the line around that place and, below it, a caret that points there.
    """

    def __init__(self, message: str, text: str, line: int = 1, column: int = 1) -> None:
        super().__init__(message, text, line, column)
        self.message = message
        self.line = line
        self.column = column
        lines = lines_of(text)
        start = max(0, column - 40)
        shown = [c if c.isprintable() else " " for c in lines[line - 1][start : column + 35]]
        self.excerpt = f"    {''.join(shown)}\n    {' ' * (column - 1 - start)}^"
        number = f"line {line}, " if len(lines) > 1 else ""
        self.one_line = f"{number}column {column}: {message}"

    def __str__(self) -> str:
        return f"{self.one_line}\n{self.excerpt}"


def lines_of(text: str) -> list[str]:
    """Split where Python's parser does, and nowhere else."""
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


# ---- Tokens -----------------------------------------------------------------------------------

_TOKEN = re.compile(
    r"(?P<end>\n)|(?P<space>[ \t\f]+|\#[^\n]*)"
    r"|(?P<number>0[xXbBoO][0-9a-fA-F_]+|(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][+-]?\d[\d_]*)?)"
    r"|(?P<name>\w+)|(?P<operator>\*\*|//|[<>=!]=|[-+*/%<>])|(?P<open>\()|(?P<close>\))"
    r"|(?P<mark>[=,;])|(?P<other>[\S\s])"
)


class _Token(NamedTuple):
    """A piece of the text: of which kind, and what it is."""

    kind: str
    text: str


def checked(text: str) -> str:
    """Return the text with its comments blanked; refuse what Python's parser should not see."""
    text = "\n".join(lines_of(text))
    kept = []
    depth = operators = 0
    before = _Token("end", "")
    for match in _TOKEN.finditer(text):
        token = _Token(str(match.lastgroup), match.group())
        kept.append(" " * len(token.text) if token.text.startswith("#") else token.text)
        if token.kind == "space" or (token.kind == "end" and depth > 0):
            continue
        depth += (token.kind == "open") - (token.kind == "close")
        operators += token.kind in ("operator", "open")
        wrong = _wrong(token) or _wrong_together(before, token)
        if depth > MAX_DEPTH:
            wrong = f"brackets are nested at most {MAX_DEPTH} deep"
        elif operators > MAX_OPERATORS:
            wrong = f"a formula has at most {MAX_OPERATORS} operators and brackets"
        if wrong:
            lines = lines_of(text[: match.start()])
            raise FormulaError(wrong, text, len(lines), len(lines[-1]) + 1)
        before = token
    return "".join(kept)


def _wrong(token: _Token) -> str:
    """Say what is wrong with a token by itself."""
    if token.kind == "number" and len(token.text) > MAX_DIGITS:
        return f"a number has at most {MAX_DIGITS} digits"
    if token.kind == "name" and (raised := _RAISED.fullmatch(token.text)):
        return f"{_POWER}, as in {raised[1][:20]}**{raised[2][:20].translate(_SUPERSCRIPTS)}"
    is_no_name = token.kind == "name" and not token.text.isidentifier()
    if token.kind == "other" or is_no_name or keyword.iskeyword(token.text):
        return _HINTS.get(token.text, f"{token.text[:50]!r} is no part of a formula")
    return ""


def _wrong_together(left: _Token, right: _Token) -> str:
    """Say what is missing between two tokens that stand side by side."""
    if left.kind not in ("number", "name", "close") or right.kind not in ("number", "name", "open"):
        return ""
    if left.kind == "name" and right.kind == "open":  # a call: the parser knows the functions
        return ""
    if left.text in FUNCTIONS:
        return f"{left.text} is a function: write {left.text}(...)"
    a, b = ("(...)" if token.text in "()" else token.text[:20] for token in (left, right))
    return f"{_PRODUCT}, as in {a} * {b}"
