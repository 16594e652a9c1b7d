"""Recording numbers: a function called once on them leaves the lines of a program.

A `Line` stands for a number of the program: it knows the operation and the lines that it comes
from, and an example number, by which branches are chosen. Whatever a line does is written down, and
no derivative stands here: the derivative program is what `Value` does on lines.

Lines are simplified as they are recorded, and only where every finite result keeps all its bits:
the same operation on the same operands is one line, multiplications by 1 vanish, and a structural
zero stays one (see `masks`).
"""

from __future__ import annotations

import copy
import functools
import sys
from collections.abc import Callable
from fractions import Fraction
from types import CodeType
from typing import Any

from autodiff.kinds import Number, choose
from autodiff.listing import CONSTANT, INPUT, LIKE, Guard
from autodiff.program import masks
from autodiff.program.masks import NOWHERE
from autodiff.program.simplification import simplified
from autodiff.rows import TABLE
from autodiff.value import Value

# Looked up for every line.
_TRUTHS = frozenset(name for name, row in TABLE.items() if row.is_truth)
_COMPARISONS = frozenset(name for name, row in TABLE.items() if row.is_comparison)
_CHOICES = frozenset(name for name, row in TABLE.items() if row.chooses)
_LOGIC = _TRUTHS - _COMPARISONS

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
    mask : Mask
        Where this number is a structural zero.
    """

    __slots__ = (
        "constant", "fixed", "mask", "number", "operands", "operation", "place", "recording",
    )  # fmt: skip

    def __init__(
        self, recording: Recording, operation: str, operands: Any, constant: Any, number: Any
    ) -> None:
        self.recording = recording
        self.place = len(recording.lines)
        self.operation = operation
        self.operands: tuple[Line, ...] = operands
        self.constant = constant
        self.number = number
        self.fixed = operation != INPUT
        for operand in operands:  # written out: a generator would take as long as all the rest
            if not operand.fixed:
                self.fixed = False
                break
        self.mask = NOWHERE
        recording.lines.append(self)

    def labeled(self, label: str | None) -> Line:
        """Name this line in the source."""
        if label is not None:
            self.recording.names.setdefault(self.place, label)
        return self

    def guard(self, truth: bool, location: str) -> None:
        """Note that this condition chose a branch."""
        if not self.fixed:
            self.recording.guards.setdefault(self.place, Guard(self.place, truth, location))

    def absent_where(self, absent: Any) -> Line:
        """Return the same line, known to be absent somewhere, and to compute anything there."""
        if absent is False:
            return self
        known = self.recording.known
        key = ("absent", self.place, absent if absent is True else absent.place)
        if key not in known:
            known[key] = copy.copy(self)
            known[key].mask = self.mask._replace(absent=absent, filler=None)
        return known[key]

    def _number_like(self, n: Number) -> Line:
        return self.recording.like(n)

    def whole_number(self) -> int | None:
        """Return the whole number that an input or what follows from it is; None if it is none.

        It is asked for by comparisons, each of which is a guard: first how large it is, by powers
        of two, then by halves. What is asked next follows from the answers before.
        """
        is_float = type(self.number) is float  # of Python: those of NumPy stand for a batch
        if is_float or not float(self.number).is_integer():
            return None
        if self.recording.varies(self):
            raise self._refused(
                "a count, such as that of a loop, has no derivative: name the arguments in which "
                "to differentiate by argnums, without it"
            )
        size: Any = self
        is_negative = bool(size < 0)
        size = -size if is_negative else size
        below, above = 0, 1
        while size >= above:
            below, above = above, 2 * above
        while above - below > 1:
            middle = (below + above) // 2
            below, above = (middle, above) if size >= middle else (below, middle)
        return None if size != below else -below if is_negative else below

    @property
    def is_truth(self) -> bool:
        """Whether this is a comparison, or a combination of them."""
        return self.operation in _TRUTHS

    def __bool__(self) -> bool:
        condition: Any = self if self.is_truth else record("!=", self, 0)
        truth = bool(condition.number)
        condition.guard(truth, _location())
        return truth

    def _refused(self, why: str) -> Exception:
        return self.recording.note(TypeError(why))

    def __float__(self) -> float:
        raise self._refused(
            "a program is being recorded, and a plain number would drop out of it: use autodiff's "
            "functions, such as autodiff.sin(x) for math.sin(x)"
        )

    __int__ = __complex__ = __float__

    def __round__(self, digits: int | None = None) -> Any:
        raise self._refused("a program cannot record round(x): use autodiff.floor(x + 0.5)")

    def __format__(self, specification: str) -> str:
        raise self._refused(
            "a program is being recorded, and the text of a number would drop out of it: write the "
            "number after the program has run, or look at it now by print(repr(x))"
        )

    def __repr__(self) -> str:
        return f"Line({self.operation!r}, number={self.number!r})"

    def __hash__(self) -> int:
        raise self._refused(
            "a program is being recorded, and what is found by the hash of a number (in a set, as "
            "the key of a dict) would not be recorded: compare numbers, or use keys of your own"
        )

    @staticmethod
    def recorder(name: str) -> Callable[..., Any]:
        """Return what records an operation whose operands are lines, or Values of them."""
        row = TABLE[name]
        if name == "where":
            return _where
        own: Callable[..., Any] = functools.partial(record, name)
        if name == "clip":
            own = _clip
        elif row.is_arithmetic:
            own = row.body or row.value

        def apply(*operands: Any) -> Any:
            if any(isinstance(operand, Value) for operand in operands):
                return Value.recorder(name)(*operands)
            return own(*operands)

        return apply


def _where(condition: Any, a: Any, b: Any) -> Any:
    """Record a choice; None is a structural zero."""
    if not isinstance(condition, Line):
        return choose(bool(condition), a, b)
    for number in (a, b):
        if isinstance(number, Value):
            if a is None or b is None:
                return number * _where(condition, *[None if x is None else 1 for x in (a, b)])
            return Value.recorder("where")(condition, a, b)
    return masks.choice(condition, a, b)


def _clip(x: Any, lower: Any, upper: Any) -> Any:
    """Record clip, with the order of its bounds as a guard."""
    if lower > upper:
        raise ValueError(f"clip: the lower bound {lower} is above the upper bound {upper}")
    return record("clip", x, lower, upper)


def _methods(name: str) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """Make the methods of an operator."""

    def method(a: Line, *b: Any) -> Any:
        return NotImplemented if b and isinstance(b[0], Value) else record(name, a, *b)

    def reflected(b: Line, a: Any) -> Any:
        return NotImplemented if isinstance(a, Value) else record(name, a, b)

    return method, reflected


for _row in TABLE.values():
    if _row.method:
        _forward, _backward = _methods(_row.name)
        setattr(Line, f"__{_row.method}__", _forward)
        if len(_row.parameters) == 2 and not _row.is_comparison:
            setattr(Line, f"__r{_row.method}__", _backward)


_NOT_THEIRS = ("autodiff", "contextlib", "numpy")  # packages between a comparison and the person


def _location() -> str:
    """Return the file and line of the person's code that is being run."""
    frame: Any = sys._getframe(1)
    while not is_theirs(frame) and frame.f_back is not None:
        frame = frame.f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"


def is_theirs(frame: Any) -> bool:
    """Return whether a frame runs the person's code."""
    package = str(frame.f_globals.get("__name__", "")).partition(".")[0]
    return package not in _NOT_THEIRS


# ---- Recording --------------------------------------------------------------------------------


class Recording:
    """The lines of one program, in the order in which they were computed."""

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self.guards: dict[int, Guard] = {}
        self.names: dict[int, str] = {}
        self.adjoints: dict[int, int] = {}
        self.known: dict[Any, Line] = {}
        self.varied: set[int] = set()  # the inputs in which is differentiated
        self.variables: list[Value] = []  # what the function is called with
        self.raised = ""  # the first error that depends on numbers, or is of recording; and where

    def varies(self, line: Line) -> bool:
        """Return whether a line depends on an input in which is differentiated."""
        met, waiting = {line.place}, [line]
        while waiting:
            line = waiting.pop()
            if line.place in self.varied:
                return True
            new = [x for x in line.operands if x.place not in met]
            met.update([x.place for x in new])
            waiting += new
        return False

    def note(self, error: Exception) -> Exception:
        """Note an error, which the function must not catch: no guard would tell when it comes."""
        self.raised = self.raised or f"{error!r} at {_location()}"
        return error

    def input(self, number: Number) -> Line:
        """Add an input with its example number."""
        return Line(self, INPUT, (), None, number)

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
        if line.operation in _TRUTHS:
            return self.line("where", line, self.like(1), self.like(0))
        return line

    def alternative(self, x: Any) -> Line:
        """Return what a branch may choose: a whole number as one of the kind of the inputs."""
        return self.like(x) if type(x) is int and abs(x) < 2**53 else self.number(x)

    def _constant(self, operation: str, constant: Any, number: Any) -> Line:
        key = (operation, type(constant), repr(constant))
        if key not in self.known:
            self.known[key] = Line(self, operation, (), constant, number)
        return self.known[key]

    def line(self, operation: str, *operands: Line) -> Line:
        """Return the line of an operation: a known one if there is one."""
        places = [operand.place for operand in operands]
        if operation == "+" or operation == "*":
            places.sort()
        key = (operation, *places)
        known = self.known.get(key)
        if known is None:
            try:
                number = TABLE[operation].value(*[operand.number for operand in operands])
            except (ArithmeticError, ValueError) as error:
                self.note(error)
                raise
            known = self.known[key] = Line(self, operation, operands, None, number)
        return known

    def knows(self, operation: str, *operands: Line) -> bool:
        """Return whether an operation was recorded."""
        return (operation, *[operand.place for operand in operands]) in self.known


def record(operation: str, *operands: Any) -> Any:
    """Record an operation, simplified where that keeps every bit of a finite result."""
    recording: Recording = next(x.recording for x in operands if isinstance(x, Line))
    if operation in _LOGIC:
        if not all(isinstance(x, Line) for x in operands):
            known = [x if isinstance(x, Line) else bool(x) for x in operands]
            return (masks.both if operation == "and" else masks.either)(*known)
        lines = [recording.lifted(x) for x in operands]
    elif operation in _CHOICES:
        lines = [recording.alternative(x) for x in operands]
    else:
        lines = [recording.number(x) for x in operands]
    if operation == "*":
        return masks.product(*lines)
    if operation == "+":
        return masks.total(*lines)
    if operation in _COMPARISONS and all(line.fixed for line in lines):
        return bool(TABLE[operation].value(*[line.number for line in lines]))  # of constants
    if operation in ("neg", "/"):  # of a structural zero it is one
        settled = [lines[0], *map(masks.settled, lines[1:])]
        return simplified(operation, *settled).absent_where(lines[0].mask.absent)
    return simplified(operation, *map(masks.settled, lines))


# ---- A function called on recording numbers ---------------------------------------------------


def named_result(f: Callable[..., Any], args: Any, kind: type) -> Any:
    """Call a function on lines, or on Values of them, and label those by its own variables."""
    result, variables = _watched(f, args)
    for name, x in variables.items():
        is_several = type(x) in (list, tuple)
        for i, part in enumerate(x if is_several else [x]):
            number = part.data if isinstance(part, Value) else part
            is_ours = isinstance(part, kind) and isinstance(number, Line)
            if is_ours and not getattr(part, "label", None):
                part.labeled(f"{name}_{i}" if is_several else name)
    return result


def _watched(f: Callable[..., Any], args: Any) -> tuple[Any, dict[str, Any]]:
    """Call a function; return its result and its own variables as they were at the end.

    Its frame is kept when it is called, and has them still when it has returned.
    """
    code = getattr(f, "__code__", None)
    frames: list[Any] = []

    def watch(frame: Any, event: str, argument: Any) -> None:
        if event == "call" and frame.f_code is code:
            frames.append(frame)
            sys.setprofile(None)

    if sys.getprofile() is not None:  # a profiler is at work, and is not disturbed
        return f(*args), {}
    sys.setprofile(watch)
    try:
        result = f(*args)
    finally:
        sys.setprofile(None)
    return result, dict(frames[0].f_locals) if frames else {}


_ERRORS = {  # of arithmetic
    "ArithmeticError", "ZeroDivisionError", "OverflowError", "ValueError", "Exception",
}  # fmt: skip


def caught(f: Any) -> str:
    """Return which error of arithmetic the code of a function catches by name; "" if none.

    On arrays arithmetic raises none, and what it does then would not be done.
    """
    inner = getattr(f, "__wrapped__", None) or getattr(f, "func", None)  # decorated; a partial
    code = getattr(f, "__code__", None)
    found = _caught_in(code) if isinstance(code, CodeType) else ""
    return found or (caught(inner) if callable(inner) else "")


def _caught_in(code: CodeType) -> str:
    """Return the first of these errors that an `except` of the code names; "" if none does."""
    import dis

    named: list[str] = []  # since an error came up
    for instruction in dis.get_instructions(code):
        if instruction.opname == "PUSH_EXC_INFO":
            named = []
        elif instruction.opname == "LOAD_GLOBAL":
            named.append(instruction.argval)
        elif instruction.opname == "CHECK_EXC_MATCH":
            found = [name for name in named if name in _ERRORS]
            if found:
                return found[0]
    return ""
