"""The variants of a function: a program for each way through its branches.

Takes a function and arguments of one form; gives the program that goes their way, traced when they
are the first to. A way is a row of truths, in the order in which the function asked for them: what
it asks next depends on those before alone. So two programs part at one comparison.
"""

from __future__ import annotations

import threading
import traceback
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

from autodiff.derivatives import value_and_grad
from autodiff.jitting.engine import Engine
from autodiff.kinds import Number
from autodiff.listing import LIKE, Listing, Step, without_dead_lines
from autodiff.program import GuardError, Program, source, traced
from autodiff.program.tracing import caught, is_theirs

Truths = tuple[bool, ...]


class Variant:
    """One way through the branches.

    Attributes
    ----------
    program : Program
        The program, with its guards.
    for_one : Program
        The same, as it computes one sample: compiled if that pays.
    compiled : Program or None
        The same, once a batch was computed by machine code.
    truths : tuple of bool
        The way.
    lines : int
        How many lines compute a value and its derivatives.
    samples : int
        How many samples of a batch were seen to go this way.
    """

    def __init__(self, program: Program, for_one: Program) -> None:
        self.program = program
        self.for_one = for_one
        self.compiled: Program | None = None
        self.lines = len(program)
        self.samples = 0
        self.guards = tuple(program._lines.guards.values())
        self.truths: Truths = tuple([guard.truth for guard in self.guards])
        self._made: dict[str | int, Listing] = {}

    def unguarded(self, lines: str) -> Listing:
        """Return lines of the program, by their attribute, for samples that do go this way."""
        if lines not in self._made:
            own: Listing = getattr(self.program, lines)
            self._made[lines] = without_dead_lines(
                own.steps, own.inputs, own.outputs, {}, own.derivative_in
            )
        return self._made[lines]

    def parting(self, start: int) -> Listing:
        """Return lines that say at which guard from `start` on a sample goes another way.

        For a sample that goes this way it is the number of all guards.
        """
        if start not in self._made:
            steps = list(self.program._lines.steps)

            def added(operation: str, operands: Sequence[int] = (), n: int | None = None) -> int:
                constant = None if n is None else Fraction(n)
                steps.append(Step(operation, tuple(operands), constant))
                return len(steps) - 1

            parted = added(LIKE, n=len(self.guards))
            for i in reversed(range(start, len(self.guards))):
                condition, truth, _ = self.guards[i]
                here = added(LIKE, n=i)
                parted = added("where", [condition, *((parted, here) if truth else (here, parted))])
            inputs = self.program._lines.inputs
            self._made[start] = without_dead_lines(steps, inputs, [parted], {})
        return self._made[start]


class Variants:
    """All ways that a function was seen to go.

    Attributes
    ----------
    f : callable
        The function.
    argnums : int or sequence of int
        In which arguments to differentiate.
    limit : int
        How many ways are kept.
    engine : Engine
        What computes.
    known : dict
        The variants by their ways.
    recent : list of Variant
        The same; those that were used last for one sample, twice in turn, come first.
    together : Variant or None
        The one that all samples of the last batch took.
    """

    def __init__(
        self, f: Callable[..., Any], argnums: int | Sequence[int], limit: int, engine: Engine
    ) -> None:
        self.f = f
        self.argnums = argnums
        self.limit = limit
        self.engine = engine
        self.known: dict[Truths, Variant] = {}
        self.recent: list[Variant] = []
        self.together: Variant | None = None
        self._last: Variant | None = None
        self._lock = threading.RLock()

    def beginning(self, way: Truths) -> list[Variant]:
        """Return the variants that begin by going this way."""
        return [x for x in self.known.values() if x.truths[: len(way)] == way]

    def of(self, args: Sequence[Any], example: Callable[[Number], Number] | None = None) -> Variant:
        """Return the variant of these arguments, traced on them; see `program.traced`."""
        with self._lock:
            try:
                program = traced(self.f, args, self.argnums, example)
            except Exception as error:
                raise self._failure(args, error) from None
            # What the function catches, machine code would not raise.
            for_one = program if caught(self.f) else self.engine.for_one(program)
            variant = Variant(program, for_one)
            if variant.truths in self.known:
                return self.known[variant.truths]
            if len(self.known) >= self.limit:
                raise self._too_many(variant)
            self.known[variant.truths] = variant
            self.recent = [*self.recent, variant]
            return variant

    def at_once(self, method: str, args: Sequence[Any]) -> Any:
        """Return what the short way of one sample gives; None if there is none for these arguments.

        `method` is its "value" or "value_and_grad".
        """
        for variant in self.recent:
            try:
                found = getattr(variant.for_one._one_sample, method)(args)
            except GuardError:
                continue
            except (ArithmeticError, ValueError):
                return None
            if found is not None:
                self._used(variant)
                return found
        return None

    def on_one(self, method: str, args: Sequence[Any], given: Sequence[Any], **options: Any) -> Any:
        """Call a method of the program that one sample needs with what is given."""
        for variant in self.recent:
            try:
                result = getattr(variant.for_one, method)(*given, **options)
            except GuardError:
                continue
            except (ArithmeticError, ValueError):  # which the function may catch
                break
            self._used(variant)
            return result
        variant = self.of(args)
        self._used(variant)
        return getattr(variant.program, method)(*given, **options)

    def _used(self, variant: Variant) -> None:
        """Put a variant in front that is used twice in turn: not each of two that take turns."""
        if self.recent[0] is not variant and self._last is variant:
            with self._lock:
                self.recent = [variant, *[x for x in self.recent if x is not variant]]
        self._last = variant

    # ---- What can go wrong --------------------------------------------------------------------

    def _failure(self, args: Sequence[Any], error: Exception) -> Exception:
        """Return what is wrong where tracing failed: the function, or what cannot be recorded."""
        try:
            value_and_grad(self.f, self.argnums)(*args)
        except Exception as eager:  # nor can anything else differentiate it
            try:
                self.f(*args)
            except Exception as own:  # nor compute it, on plain numbers
                return own if type(own) is type(eager) else eager
            return error
        return TypeError(
            f"{name_of(self.f)} cannot be traced{_at(error)}: {error}. Without jit, "
            f"autodiff.value_and_grad({name_of(self.f)}) differentiates it as it is, call by call"
        )

    def _too_many(self, new: Variant) -> GuardError:
        """Return the error that names the comparison at which a way parts from those known."""

        def common(x: Variant) -> int:
            pairs = zip(x.truths, new.truths, strict=False)
            return next((i for i, (a, b) in enumerate(pairs) if a != b), 0)

        nearest = max(self.known.values(), key=common)
        guard = nearest.guards[common(nearest)]
        return GuardError(
            f"{name_of(self.f)} goes more than {self.limit} ways through its branches, and no more "
            f"programs are kept: {source.condition(nearest.program._lines, guard)[0]}. Write the "
            f"branch with autodiff.where, or allow more: autodiff.jit(variants={2 * self.limit})"
        )


def name_of(f: Callable[..., Any]) -> str:
    """Return what a function is called in messages."""
    return getattr(f, "__name__", None) or repr(f)


def _at(error: Exception) -> str:
    """Return where in the person's code an error came up."""
    frames = traceback.walk_tb(error.__traceback__)
    places = [f"{x.f_code.co_filename}:{line}" for x, line in frames if is_theirs(x)]
    return f" at {places[-1]}" if places else ""
