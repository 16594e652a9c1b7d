"""`jit`: an ordinary function, branches and loops included, as the programs that it needs.

    >>> import autodiff
    >>> @autodiff.jit
    ... def f(x):
    ...     return x * x if x > 0 else -x
    >>> f.grad(3.0), f.grad(-3.0)
    (6.0, -1.0)

A function is traced when it is first called with a structure of arguments, and again where a guard
fails: every way through its branches is a program. The samples of a batch are split by the branches
that they take.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any, overload

from autodiff.arrays import is_array
from autodiff.derivatives import value_and_grad
from autodiff.jitting import options, structure
from autodiff.jitting.batches import Branching, as_in_an_array, naming
from autodiff.jitting.engine import Engine
from autodiff.jitting.variants import Variant, Variants, name_of
from autodiff.program import Program
from autodiff.program.arguments import check_reduce
from autodiff.program.tracing import caught

__all__ = ["Jitted", "jit"]

_KNOWN = 1_000  # structures that are found fast: batches of so many sizes


@overload
def jit(
    f: Callable[..., Any],
    argnums: int | Sequence[int] = ...,
    *,
    exact: bool = ...,
    variants: int = ...,
) -> Jitted: ...


@overload
def jit(
    *, argnums: int | Sequence[int] = ..., exact: bool = ..., variants: int = ...
) -> Callable[[Callable[..., Any]], Jitted]: ...


def jit(
    f: Callable[..., Any] | None = None,
    argnums: int | Sequence[int] = 0,
    *,
    exact: bool = False,
    variants: int = 64,
) -> Any:
    """Return a function that runs as programs: traced, compiled where that pays, kept.

    It is called like `f`, and has its derivatives: `value_and_grad`, `grad`, `jacobian`, `hessian`
    and `hvp`, as a `Program` has them. It is a decorator, with arguments or without.

    An ordinary `if` or `while` works. Where a comparison comes out otherwise than before, the
    function is traced once more, and the program is kept beside the others. The samples of a batch
    are split by the ways that they go, each group runs its own program, and the results come back
    in order.

    Arguments that are no numbers are options: None, texts, classes, members of an Enum, functions.
    For each set of them there are programs of their own. A whole number in which is not
    differentiated may be a count, as in `range(n)`.

    An array is one argument of one sample where `f`, called with it, gives one number: a vector of
    weights. Else it is a batch: of numbers, or of what `f` was called with before, the axes of the
    batch in front.

    On numbers results have the engine's bits and errors, but for programs of a thousand lines and
    more: these, and batches that are worth it, are compiled where llvmlite is installed (the extra
    `jit`). In a batch arithmetic is IEEE 754, infinite or nan where Python raises; what `f` itself
    raises for a sample is raised, with a note that says for which.

    Parameters
    ----------
    f : callable
        A function whose result is one number. What it does must depend on its arguments alone.
    argnums : int or sequence of int
        In which positional arguments to differentiate.
    exact : bool
        Whether the results of batches have the very bits that the engine gives on floats; then they
        are always compiled.
    variants : int
        How many ways through the branches are kept for one structure of arguments.

    Returns
    -------
    Jitted
        The function; its `programs` are those that it keeps.

    Raises
    ------
    GuardError
        When called: if there are more ways than `variants`; it names the comparison.
    TypeError
        When called: if `f` does what cannot be recorded, such as looking at the text of a number;
        if it is a method; if there are more sets of options than `variants`.

    Examples
    --------
    >>> import numpy as np
    >>> @jit
    ... def steps(x):  # how often a number can be halved, and what is left
    ...     while x >= 1:
    ...         x = x / 2
    ...     return x
    >>> steps(5.0)
    0.625
    >>> steps.grad(np.array([5.0, 0.5, 100.0]))
    array([0.125    , 1.       , 0.0078125])
    >>> len(steps.programs)
    3
    """
    if f is None:
        return functools.partial(jit, argnums=argnums, exact=exact, variants=variants)
    return Jitted(f, argnums, exact=exact, variants=variants)


class Jitted:
    """A function that runs as programs; `jit` makes it."""

    def __init__(
        self, f: Callable[..., Any], argnums: int | Sequence[int], *, exact: bool, variants: int
    ) -> None:
        if not callable(f):
            raise TypeError(f"jit takes a function, and got {f!r}")
        functools.update_wrapper(self, f)
        self._f = f
        self._argnums = argnums
        self._limit = variants
        self._engine = Engine(exact=exact)
        self._families: dict[Any, _Family] = {}
        self._known: dict[Any, tuple[_Family, bool]] = {}  # by structure, with shapes of batches
        self._batches: set[Any] = set()  # structures in which arrays are batches
        self._others: dict[Any, Jitted] = {}  # by options, the functions of numbers
        self._last: Variants | None = None  # that one sample used
        self._batch: Branching | None = None  # that a batch used

    @property
    def programs(self) -> tuple[Program, ...]:
        """The programs that are kept: for each structure of arguments, for each way."""
        families = self._families.values()
        own = [x.program for family in families for x in family.variants.known.values()]
        return (*own, *[x for other in self._others.values() for x in other.programs])

    def __repr__(self) -> str:
        count = len(self.programs)
        return f"<jit {name_of(self._f)}: {count} program{'' if count == 1 else 's'}>"

    def __get__(self, instance: Any, owner: Any = None) -> Jitted:
        """Refuse to be a method: what an object holds may change, and a program would not know."""
        if instance is None:
            return self
        raise TypeError(
            f"{name_of(self._f)} is a method, and jit takes functions of their arguments alone: "
            "give a function the numbers of the object as an argument"
        )

    def __reduce__(self) -> str:
        """Pickle as functions do: by name, of one that was decorated where it is defined."""
        return str(getattr(self._f, "__qualname__", "jit"))

    # ---- Values and derivatives ---------------------------------------------------------------

    def __call__(self, *args: Any, **named: Any) -> Any:
        """Return the value, or one for each sample of a batch."""
        if not named and (found := self._at_once("value", args)) is not None:
            return found
        jitted, numbers = self._called(args, named)
        if structure.holds_values(numbers):  # a graph is being recorded
            return self._f(*args, **named)
        return jitted._computed("__call__", numbers)

    def value_and_grad(self, *args: Any, reduce: str | None = None, **named: Any) -> Any:
        """Return the value and the gradient, as `Program.value_and_grad` does."""
        if reduce is not None:
            check_reduce(reduce)
        if not named and (found := self._at_once("value_and_grad", args, reduce)) is not None:
            return found
        jitted, numbers = self._called(args, named)
        if structure.holds_values(numbers):
            return value_and_grad(jitted._f, jitted._argnums)(*numbers)
        return jitted._computed("value_and_grad", numbers, reduce=reduce)

    def grad(self, *args: Any, reduce: str | None = None, **named: Any) -> Any:
        """Return the gradient, as `Program.grad` does."""
        return self.value_and_grad(*args, reduce=reduce, **named)[1]

    def jacobian(self, *args: Any, reduce: str | None = None, **named: Any) -> Any:
        """Return the gradient as one array, as `Program.jacobian` does."""
        jitted, numbers = self._called(args, named)
        return jitted._computed("jacobian", numbers, reduce=reduce)

    def hessian(self, *args: Any, reduce: str | None = None, **named: Any) -> Any:
        """Return all second derivatives, as `Program.hessian` does."""
        jitted, numbers = self._called(args, named)
        return jitted._computed("hessian", numbers, reduce=reduce)

    def hvp(self, args: Sequence[Any], vector: Sequence[Any], *, reduce: str | None = None) -> Any:
        """Return the Hessian times a vector, as `Program.hvp` does."""
        jitted, numbers = self._called(args, {})
        family, is_batch = jitted._programs_for(numbers)
        if is_batch:
            return family.batch.hvp(numbers, vector, reduce=reduce)
        return family.variants.on_one("hvp", numbers, (numbers, vector), reduce=reduce)

    # ---- Which programs -----------------------------------------------------------------------

    def _at_once(self, method: str, args: Sequence[Any], *how: Any) -> Any:
        """Return what the short way gives of the last sample or batch; None if it is none here."""
        if self._last is not None and (found := self._last.at_once(method, args)) is not None:
            return found
        if self._batch is None or len(self._families) > 1:  # which may take an array for a sample
            return None
        direct = self._batch._direct
        return None if direct is None else getattr(direct, method)(args, *how)

    def _computed(self, method: str, args: Sequence[Any], **how: Any) -> Any:
        family, is_batch = self._programs_for(args)
        if is_batch:
            self._batch = family.batch
            return getattr(family.batch, method)(*args, **how)
        self._last = family.variants
        return family.variants.on_one(method, args, args, **how)

    def _called(
        self, args: Sequence[Any], named: Mapping[str, Any]
    ) -> tuple[Jitted, Sequence[Any]]:
        """Return the function of the numbers among the arguments, and these."""
        call = options.call_of(self._f, args, named)
        if not call.key:
            return self, call.numbers
        if call.key not in self._others:
            if len(self._others) >= self._limit:
                raise TypeError(
                    f"{name_of(self._f)} was called with more than {self._limit} sets of options, "
                    f"and no more are kept: {call.key}. A lambda that is made anew for each call "
                    "is another option each time"
                )
            function = options.OfNumbers(self._f, call)
            argnums = function.argnums(self._argnums)
            exact = self._engine.exact
            other = Jitted(function, argnums, exact=exact, variants=self._limit)
            self._others.setdefault(call.key, other)
        return self._others[call.key], call.numbers

    def _programs_for(self, args: Sequence[Any]) -> tuple[_Family, bool]:
        """Return the programs for arguments, and whether these are a batch."""
        key = structure.key_of((*args,), structure.shape_of)
        known = self._known.get(key)
        if known is None:
            family = self._family(key, args)
            if len(self._known) >= _KNOWN:
                self._known.clear()
            known = family, family.is_batch(args)
            error = caught(self._f) if known[1] else ""
            if error:
                raise TypeError(
                    f"{name_of(self._f)} catches {error}, and in a batch arithmetic raises none: "
                    "it is infinite or nan. Ask before, with an if, or call it for each sample"
                )
            self._known[key] = known
        return known

    def _family(self, key: Any, args: Sequence[Any]) -> _Family:
        """Return the programs for this structure of arguments."""
        if key in self._families:
            return self._families[key]
        if any(map(structure.is_several, structure.parts(args))):
            dimensions = structure.key_of((*args,), lambda x: len(structure.shape_of(x)))
            why = "" if dimensions in self._batches else structure.why_not_one(self._f, args)
            if why or dimensions in self._batches:
                family = self._family_of_batch(args, why)
                self._batches.add(dimensions)
                return family
        return self._new(key, args)

    def _family_of_batch(self, args: Sequence[Any], why: str) -> _Family:
        for family in self._families.values():
            if family.takes(args):
                return family
        key = structure.key_of((*args,), lambda x: None)
        hint = (
            f"0 of a batch of numbers, for {name_of(self._f)} {why} when it was called with the "
            "arrays as they are. If an array is an argument of one sample, call it with one first"
        )
        with naming(hint):
            return self._new(key, structure.first_sample(args), as_in_an_array)

    def _new(
        self, key: Any, args: Sequence[Any], example: Callable[[Any], Any] | None = None
    ) -> _Family:
        variants = Variants(self._f, self._argnums, self._limit, self._engine)
        family = _Family(variants, self._engine, variants.of(args, example))
        return self._families.setdefault(key, family)


class _Family:
    """The programs for one structure of arguments."""

    def __init__(self, variants: Variants, engine: Engine, first: Variant) -> None:
        program = first.program
        self.variants = variants
        self.arguments = program._arguments
        self.batch = Branching(
            program.name,
            self.arguments,
            program._lines,
            program._examples,
            variants=variants,
            engine=engine,
        )

    def takes(self, args: Sequence[Any]) -> bool:
        """Return whether arguments are a batch of samples of this structure."""
        try:
            self.arguments.numbers("", args, {})
        except (TypeError, ValueError):
            return False
        return True

    def is_batch(self, args: Sequence[Any]) -> bool:
        """Return whether arguments are several samples; an error if they are neither."""
        numbers, _ = self.arguments.numbers(self.batch.name, args, {})
        return any(map(is_array, numbers))
