"""Recording numbers: a function called once on them leaves the lines of a program.

A `Line` stands for a number of the program: it knows the operation and the lines that it comes
from, and an example number, by which branches are chosen. Whatever a line does is written down, and
no derivative stands here: the derivative program is what `Value` does on lines.

Lines are simplified as they are recorded, and only where every finite result keeps all its bits:
the same operation on the same operands is one line, multiplications by 1 vanish, and a structural
zero stays one (see "Structural zeros").
"""

from __future__ import annotations

import operator
import sys
from collections.abc import Callable
from fractions import Fraction
from typing import Any

from autodiff import functions
from autodiff.kinds import Number, choose, negated, real, where
from autodiff.program.listing import CONDITIONS, CONSTANT, INPUT, LIKE, Guard
from autodiff.value import Value

# What each operation computes, on any kind of number.
_OPERATORS: dict[str, Callable[..., Any]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv,
    "%": operator.mod, "//": operator.floordiv, "**": lambda x, y: real(x**y),
    "neg": operator.neg, "pos": operator.pos, "abs": operator.abs,
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
    "==": operator.eq, "!=": operator.ne,
    "and": operator.and_, "or": operator.or_, "not": negated, "where": where,
}  # fmt: skip
_LOWERED = {"square", "reciprocal", "digamma", "total", "dot", "where"}
_INNER = ("ieee_log", "one_minus_square", "direction", "undefined")  # of derivatives only
_FUNCTIONS = [name for name in (*functions.__all__, *_INNER) if name not in _LOWERED]
OPERATIONS: dict[str, Callable[..., Any]] = _OPERATORS | {
    name: getattr(functions, name) for name in _FUNCTIONS
}

_EXCLUDED = {  # what cannot hold of two numbers beside the comparison
    "<": {">", ">=", "=="}, "<=": {">"}, ">": {"<", "<=", "=="}, ">=": {"<"},
    "==": {"<", ">", "!="}, "!=": {"=="},
}  # fmt: skip

_CHOOSING = {"maximum", "minimum", "clip", "heaviside"}


# ---- Lines ------------------------------------------------------------------------------------


class Line:
    """A number of a program being recorded.

    Attributes
    ----------
    recording : Recording
        Where it is written down.
    place : int
        Which line it is.
    operation : str
        What computes it; `"input"`, `"constant"` (a number of the function), or `"like"` (a whole
        number or quotient of the kind that the program is replayed on).
    operands : tuple of Line
        What it is computed from.
    constant : number or None
        The number, of a constant.
    number : number
        The example by which branches are chosen.
    fixed : bool
        Whether it depends on no input.
    absent : bool or Line
        Where this number is a structural zero; False if nowhere.
    filler : number or None
        What the line computes there: 0, -0.0, or (None) anything.
    branches : tuple or None
        Condition and branches of a local derivative that is a structural zero in one of them.
    """

    __slots__ = (
        "absent", "branches", "constant", "filler", "fixed", "number", "operands", "operation",
        "place", "recording",
    )  # fmt: skip

    recording: Recording
    place: int
    operation: str
    operands: tuple[Line, ...]
    constant: Any
    number: Any
    fixed: bool
    absent: Any
    filler: float | None
    branches: tuple[Any, Any, Any] | None

    def labeled(self, label: str | None) -> Line:
        """Name this line in the source."""
        if label is not None:
            self.recording.names.setdefault(self.place, label)
        return self

    def guard(self, truth: bool, location: str) -> None:
        """Note that this condition chose a branch."""
        if not self.fixed:
            self.recording.guards.setdefault(self.place, Guard(self.place, truth, location))

    def _number_like(self, n: Number) -> Line:
        return self.recording.like(n)

    @property
    def is_truth(self) -> bool:
        """Whether this is a comparison, or a combination of them."""
        return self.operation in CONDITIONS

    def __bool__(self) -> bool:
        condition: Any = self if self.is_truth else record("!=", self, 0)
        truth = bool(condition.number)
        condition.guard(truth, _location())
        return truth

    def __float__(self) -> float:
        raise TypeError(
            "a program is being recorded, and a plain number would drop out of it: use autodiff's "
            "functions, such as autodiff.sin(x) for math.sin(x)"
        )

    __int__ = __complex__ = __float__

    def __round__(self, digits: int | None = None) -> Any:
        raise TypeError("a program cannot record round(x): use autodiff.floor(x + 0.5)")

    def __format__(self, specification: str) -> str:
        raise TypeError(
            "a program is being recorded, and the text of a number would drop out of it: write the "
            "number after the program has run, or look at it now by print(repr(x))"
        )

    def __repr__(self) -> str:
        return f"Line({self.operation!r}, number={self.number!r})"

    def __hash__(self) -> int:
        raise TypeError(
            "a program is being recorded, and what is found by the hash of a number (in a set, as "
            "the key of a dict) would not be recorded: compare numbers, or use keys of your own"
        )

    @staticmethod
    def where(condition: Any, a: Any, b: Any) -> Any:
        """Record a choice; `None` is a structural zero."""
        if not isinstance(condition, Line):
            return choose(bool(condition), a, b)
        for number in (a, b):
            if isinstance(number, Value):
                if a is None or b is None:
                    return number * Line.where(
                        condition, *[None if x is None else 1 for x in (a, b)]
                    )
                return Value.where(condition, a, b)
        return condition.recording.choice(condition, a, b)

    @staticmethod
    def clip(x: Any, lower: Any, upper: Any) -> Any:
        """Record clip, with the order of its bounds as a guard."""
        if any(isinstance(operand, Value) for operand in (x, lower, upper)):
            return Value.clip(x, lower, upper)
        if lower > upper:
            raise ValueError(f"clip: the lower bound {lower} is above the upper bound {upper}")
        return record("clip", x, lower, upper)

    @staticmethod
    def total(*operands: Any) -> Any:
        """Record a sum, from left to right."""
        if any(isinstance(operand, Value) for operand in operands):
            return Value.total(*operands)
        result = operands[0]
        for operand in operands[1:]:
            result = result + operand
        return result

    @staticmethod
    def dot(*operands: Any) -> Any:
        """Record a sum of products, from left to right."""
        middle = len(operands) // 2
        pairs = zip(operands[:middle], operands[middle:], strict=True)
        return functions.total([x * y for x, y in pairs])

    @staticmethod
    def square(x: Any) -> Any:
        """Record x times itself."""
        return x * x

    @staticmethod
    def reciprocal(x: Any) -> Any:
        """Record one over x."""
        return 1 / x


def _recorder(name: str) -> Callable[..., Any]:
    """Make a function of lines that records itself."""

    def function(*operands: Any) -> Any:
        for operand in operands:
            if isinstance(operand, Value):
                return getattr(Value, name)(*operands)
        return record(name, *operands)

    return function


def _methods(name: str) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """Make the two methods of an infix operator."""

    def method(a: Line, b: Any) -> Any:
        return NotImplemented if isinstance(b, Value) else record(name, a, b)

    def reflected(b: Line, a: Any) -> Any:
        return NotImplemented if isinstance(a, Value) else record(name, a, b)

    return method, reflected


for _name in _FUNCTIONS:
    if not hasattr(Line, _name):
        setattr(Line, _name, staticmethod(_recorder(_name)))
for _name, _method in {
    "+": "add", "-": "sub", "*": "mul", "/": "truediv", "%": "mod", "//": "floordiv",
    "**": "pow", "and": "and", "or": "or",
}.items():  # fmt: skip
    _forward, _backward = _methods(_name)
    setattr(Line, f"__{_method}__", _forward)
    setattr(Line, f"__r{_method}__", _backward)
for _name, _method in {
    "<": "lt", "<=": "le", ">": "gt", ">=": "ge", "==": "eq", "!=": "ne"
}.items():  # fmt: skip
    setattr(Line, f"__{_method}__", _methods(_name)[0])
for _name, _method in {"neg": "neg", "pos": "pos", "abs": "abs", "not": "invert"}.items():
    setattr(Line, f"__{_method}__", (lambda name: lambda x: record(name, x))(_name))


def _location() -> str:
    """Return the file and line of the person's code that is being run."""
    frame: Any = sys._getframe(1)
    while _package_of(frame) in ("autodiff", "numpy") and frame.f_back is not None:
        frame = frame.f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"


def _package_of(frame: Any) -> str:
    return str(frame.f_globals.get("__name__", "")).partition(".")[0]


# ---- Recording --------------------------------------------------------------------------------


class Recording:
    """The lines of one program, in the order in which they were computed."""

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self.guards: dict[int, Guard] = {}
        self.names: dict[int, str] = {}
        self.adjoints: dict[int, int] = {}
        self._known: dict[Any, Line] = {}

    def input(self, number: Number) -> Line:
        """Add an input with its example number."""
        return self._new(INPUT, (), None, number)

    def like(self, n: Any) -> Line:
        """Return a number of the kind that the program will be replayed on."""
        return self._constant(LIKE, n if type(n) is float else Fraction(n), float(n))

    def lifted(self, x: Any) -> Line:
        """Return an operand as a line."""
        if isinstance(x, Line):
            if x.recording is not self:
                raise ValueError("two programs are being recorded, and a number of one is in both")
            return x
        return self._constant(CONSTANT, x, x)

    def number(self, x: Any) -> Line:
        """Return an operand as a line of a number: a comparison counts as 0 or 1."""
        line = self.lifted(x)
        return self.line("where", line, self.like(1), self.like(0)) if line.is_truth else line

    def alternative(self, x: Any) -> Line:
        """Return what a branch may choose: a whole number as one of the kind of the inputs."""
        return self.like(x) if type(x) is int and abs(x) < 2**53 else self.number(x)

    def _constant(self, operation: str, constant: Any, number: Any) -> Line:
        key = (operation, type(constant), repr(constant))
        if key not in self._known:
            self._known[key] = self._new(operation, (), constant, number)
        return self._known[key]

    def line(self, operation: str, *operands: Line) -> Line:
        """Return the line of an operation: a known one if there is one."""
        places = tuple([operand.place for operand in operands])
        key = (operation, tuple(sorted(places)) if operation in ("+", "*") else places)
        if key not in self._known:
            number = OPERATIONS[operation](*[operand.number for operand in operands])
            self._known[key] = self._new(operation, operands, None, number)
        return self._known[key]

    def knows(self, operation: str, *operands: Line) -> bool:
        """Return whether an operation was recorded."""
        return (operation, tuple([operand.place for operand in operands])) in self._known

    def _new(self, operation: str, operands: tuple[Line, ...], constant: Any, number: Any) -> Line:
        line = Line()
        line.recording, line.place = self, len(self.lines)
        line.operation, line.operands = operation, operands
        line.constant, line.number = constant, number
        line.fixed = operation != INPUT and all(operand.fixed for operand in operands)
        line.absent, line.filler, line.branches = False, None, None
        self.lines.append(line)
        return line

    # ---- Structural zeros ---------------------------------------------------------------------
    #
    # The derivative of a branch not taken is None: it contributes nothing, even where its factors
    # are infinite. On lines, `absent` says where a number is such a zero. Products are absent where
    # a factor is, and are filled only when they are added up (with -0.0, which changes no bit of
    # any sum) or returned (with 0, as a derivative that does not exist is).

    def choice(self, condition: Line, a: Any, b: Any) -> Any:
        """Record a where, of which one branch may be absent."""
        if condition.operation == "not":
            return self.choice(condition.operands[0], b, a)
        kept = [None if branch is None else self.alternative(branch) for branch in (a, b)]
        absent_a, absent_b = (True if branch is None else branch.absent for branch in kept)
        filled = [self.like(0) if branch is None else self.settled(branch) for branch in kept]
        if kept[0] is kept[1]:
            return kept[0]
        line = self._where(condition, *filled)
        absent = _either(_both(condition, absent_a), _both(_negated(condition), absent_b))
        if absent is False:
            return line
        line = self.twin(line, absent)
        line.filler = 0
        if all(k is None or k.branches or k.fixed or k.absent is False for k in kept):
            line.branches = (condition, kept[0], kept[1])
        return line

    def twin(self, line: Line, absent: Any) -> Line:
        """Return the same line, known to be absent somewhere."""
        if absent is False:
            return line
        key = ("absent", line.place, absent if absent is True else absent.place)
        if key not in self._known:
            twin = Line()
            for name in Line.__slots__:
                setattr(twin, name, getattr(line, name))
            twin.absent, twin.filler = absent, None
            self._known[key] = twin
        return self._known[key]

    def _filled(self, line: Line, filler: float) -> Line:
        if line.absent is False or (line.filler is not None and str(line.filler) == str(filler)):
            return line
        present, zero = self.lines[line.place], self.like(filler)
        if line.absent is True:
            return zero
        if line.absent.operation == "not":
            return self._where(line.absent.operands[0], present, zero)
        return self._where(line.absent, zero, present)

    def _where(self, condition: Line, a: Line, b: Line) -> Line:
        """Record a where; of a branch that asks the same again, what it chooses is known."""
        if a.operation == "where" and a.operands[0] is condition:
            a = a.operands[1]
        if b.operation == "where" and b.operands[0] is condition:
            b = b.operands[2]
        return self.line("where", condition, a, b)

    def settled(self, line: Line) -> Line:
        """Return a line as a plain number: 0 where it is absent."""
        return self._filled(line, 0)

    def product(self, a: Line, b: Line) -> Line:
        """Record a product, which is absent where one of its factors is."""
        for mask, factor in ((b, a), (a, b)):
            if mask.branches is not None:
                return self._masked(mask, factor)
        return self.twin(_simplified("*", a, b), _either(a.absent, b.absent))

    def _masked(self, mask: Line, factor: Line) -> Line:
        """Multiply the branches of a local derivative; those that are absent stay so."""
        assert mask.branches is not None
        condition, *branches = mask.branches
        number = self.lines[factor.place]  # without its own zeros
        products = [None if branch is None else number * branch for branch in branches]
        line: Line = self.choice(condition, *products)
        line.branches = None
        return self.twin(line, _either(factor.absent, line.absent))

    def sum(self, a: Line, b: Line) -> Line:
        """Record a sum; it is absent where both of its operands are."""
        absent = _both(a.absent, b.absent)
        line = self.twin(_simplified("+", self._filled(a, -0.0), self._filled(b, -0.0)), absent)
        if absent is not False:
            line.filler = -0.0
        return line


def _both(a: Any, b: Any) -> Any:
    """Return a and b, of which each is a condition or a bool."""
    if a is False or b is False:
        return False
    if a is True or b is True:
        return b if a is True else a
    for c, d in ((a, b), (b, a)):
        if c.operation == "not" and c.operands[0] is d:
            return False
        if c.operation == "not" and _exclude(c.operands[0], d):
            return d
    return a if a is b else record("and", a, b)


def _either(a: Any, b: Any) -> Any:
    """Return a or b, of which each is a condition or a bool."""
    if a is True or b is True:
        return True
    if a is False or b is False:
        return b if a is False else a
    if _negated(a) is b:
        return True
    return a if a is b else record("or", a, b)


def _negated(a: Line) -> Line:
    return a.operands[0] if a.operation == "not" else record("not", a)


def _exclude(c: Line, d: Line) -> bool:
    """Return whether two comparisons of the same numbers can never both hold."""
    same = [x.place for x in c.operands] == [x.place for x in d.operands]
    return same and d.operation in _EXCLUDED.get(c.operation, ())


# ---- Simplification ---------------------------------------------------------------------------


def record(operation: str, *operands: Any) -> Any:
    """Record an operation, simplified where that keeps every bit of a finite result."""
    recording: Recording = next(x.recording for x in operands if isinstance(x, Line))
    if operation in ("and", "or"):
        plain = [x for x in operands if not isinstance(x, Line)]
        if plain:
            return (_both if operation == "and" else _either)(*operands)
    if operation in ("and", "or", "not"):
        lines = [recording.lifted(x) for x in operands]
    elif operation in _CHOOSING:
        lines = [recording.alternative(x) for x in operands]
    else:
        lines = [recording.number(x) for x in operands]
    if operation in _EXCLUDED and all(line.fixed for line in lines):
        return bool(OPERATIONS[operation](*[line.number for line in lines]))  # of constants
    if operation == "*":
        return recording.product(*lines)
    if operation == "+":
        return recording.sum(*lines)
    if operation in ("neg", "/"):  # of a structural zero it is one
        settled = [lines[0], *map(recording.settled, lines[1:])]
        return recording.twin(_simplified(operation, *settled), lines[0].absent)
    return _simplified(operation, *map(recording.settled, lines))


def _simplified(operation: str, *operands: Line) -> Line:
    rule = _SIMPLER.get(operation)
    simpler = None if rule is None else rule(*operands)
    return operands[0].recording.line(operation, *operands) if simpler is None else simpler


def _exact(x: Line) -> Fraction | None:
    """Return the number of a line that is an exact constant."""
    is_exact = type(x.constant) in (int, Fraction) and abs(x.constant) < 2**53
    return Fraction(x.constant) if is_exact else None


def _folded(operation: str, a: Line, b: Line) -> Line | None:
    """Compute with exact constants, if floats would give the same."""
    x, y = _exact(a), _exact(b)
    if x is None or y is None or (operation == "/" and y == 0):
        return None
    compute = OPERATIONS[operation]
    result = compute(x, y)
    is_same = float(result) == compute(float(x), float(y)) and result != 0
    return a.recording.like(result) if is_same else None


def _simpler_product(a: Line, b: Line) -> Line | None:
    folded = _folded("*", a, b)
    if folded is not None:
        return folded
    for factor, x in ((a, b), (b, a)):
        if _exact(factor) == 1:
            return x
        if _exact(factor) == -1:
            return _simplified("neg", x)
    found = (_scaled(a, b), _scaled(b, a))
    return next((line for line in found if line is not None), None)


def _scaled(factor: Line, x: Line) -> Line | None:
    """Join factor * (2**n * y): doubling is exact, so the product is rounded once either way."""
    if _exact(factor) is None or x.operation != "*":
        return None
    for inner, y in (x.operands, x.operands[::-1]):
        n = _exact(inner)
        if n is not None and n >= 1 and n.denominator == 1 and n.numerator.bit_count() == 1:
            joined = _folded("*", factor, inner)
            return None if joined is None else record("*", joined, y)
    return None


def _simpler_sum(a: Line, b: Line) -> Line | None:
    for x, y in ((a, b), (b, a)):
        if y.operation == "neg":
            return _simplified("-", x, y.operands[0])
    return _folded("+", a, b)


def _simpler_difference(a: Line, b: Line) -> Line | None:
    return _simplified("+", a, b.operands[0]) if b.operation == "neg" else _folded("-", a, b)


def _simpler_quotient(a: Line, b: Line) -> Line | None:
    return a if _exact(b) == 1 else _folded("/", a, b)


def _simpler_negative(x: Line) -> Line | None:
    if x.operation == "neg":
        return x.operands[0]
    n = _exact(x)
    return x.recording.like(-n) if n else None


def _trivial_power(x: Line, n: Line) -> Line | None:
    exponent = _exact(n)
    if exponent == 0:
        return x.recording.like(1)
    return x if exponent == 1 else None


def _simpler_power(x: Line, n: Line) -> Line | None:
    """Write `**` or `/` for the IEEE power where a line recorded before raises in its place."""
    recording = x.recording
    if _exact(n) in (0, 1):
        return _trivial_power(x, n)
    if _exact(n) == -1 and any(recording.knows(log, x) for log in ("log", "log2", "log10")):
        return recording.line("/", recording.lifted(1), x)
    exponent: Any = n.constant
    if type(exponent) in (int, float) and exponent > 0 and exponent % 1 == 0:
        higher = recording.lifted(exponent + 1)
        return recording.line("**", x, n) if recording.knows("**", x, higher) else None
    return None


_SIMPLER: dict[str, Callable[..., Line | None]] = {
    "*": _simpler_product,
    "+": _simpler_sum,
    "-": _simpler_difference,
    "/": _simpler_quotient,
    "**": _trivial_power,
    "power": _simpler_power,
    "neg": _simpler_negative,
    "pos": lambda x: x,
}
