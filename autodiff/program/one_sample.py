"""One sample in the least time: nothing of its arguments is taken apart that need not be.

Takes arguments of exactly the form that a program was traced with: floats, flat lists and tuples of
them, float64 arrays. Gives the value and the gradient, or None for everything else, which is left
to the way that every argument can go.
"""

from __future__ import annotations

import struct
import threading
from collections.abc import Callable, Sequence
from typing import Any

from autodiff.derivatives import one_or_all
from autodiff.listing import Listing
from autodiff.program.arguments import Arguments
from autodiff.program.machine import Machine
from autodiff.program.machine.kernel import Bound
from autodiff.program.machine.memory import aligned
from autodiff.structures import LEAF, Array, Items, Treedef

Writer = Callable[[Any], bool]  # takes an argument; False if it is not of the form
Reader = Callable[[], Any]


class InPython:
    """A sample whose arguments are floats, by the functions of a program's source."""

    def __init__(self, functions: Callable[[], Sequence[Any]], arguments: Arguments) -> None:
        self._functions = functions
        self._argnums = arguments.argnums
        self._is_usable = all(form is LEAF for form in arguments.forms) and bool(arguments.varied)
        self._count = len(arguments.forms)

    def value(self, args: Sequence[Any]) -> Any:
        """Return the value; None if the arguments are something else."""
        return self._functions()[0](*args) if self._takes(args) else None

    def value_and_grad(self, args: Sequence[Any]) -> Any:
        """Return the value and the gradient; None if the arguments are something else."""
        if not self._takes(args):
            return None
        value, *slopes = self._functions()[1](*args)
        return value, one_or_all(slopes, self._argnums)

    def _takes(self, args: Sequence[Any]) -> bool:
        if len(args) != self._count:
            return False
        for x in args:
            if type(x) is not float:
                return False
        return self._is_usable


class InBuffers(threading.local):
    """A sample by machine code, in buffers that each thread has of its own."""

    def __init__(
        self, machine: Machine, arguments: Arguments, lines: Callable[[str], Listing]
    ) -> None:
        forms = arguments.forms
        self._bind: Callable[[str, Any], Bound | None] = lambda name, inputs: machine.bound_to(
            lines(name), inputs
        )
        self._arguments = arguments
        self._inputs = aligned((sum(form.size for form in forms),))
        parts = _parts(self._inputs, forms)
        self._writers = [_writer(form, part) for form, part in zip(forms, parts, strict=True)]
        self._bound: dict[str, Bound | None] = {}
        self._readers: list[Reader] = []

    def value(self, args: Sequence[Any]) -> Any:
        """Return the value; None if the arguments are something else, or for another branch."""
        bound = self._run("_value_lines", args)
        return None if bound is None else bound.outputs.item(0)

    def value_and_grad(self, args: Sequence[Any]) -> Any:
        """Return the value and the gradient; None as `value` does."""
        bound = self._run("_lines", args)
        if bound is None:
            return None
        slopes = [read() for read in self._readers]
        return bound.outputs.item(0), one_or_all(slopes, self._arguments.argnums)

    def _run(self, lines: str, args: Sequence[Any]) -> Bound | None:
        """Compute lines; return the buffers, or None if there is nothing right in them."""
        writers = self._writers
        if len(args) != len(writers):
            return None
        for write, x in zip(writers, args):  # noqa: B905  # a fifth of the time
            if not write(x):
                return None
        bound = self._bound[lines] if lines in self._bound else self._made(lines)
        return None if bound is None or bound.run() >= 0 else bound

    def _made(self, lines: str) -> Bound | None:
        """Return the buffers for lines, which may have to be compiled; None if they cannot be."""
        bound = self._bound[lines] = self._bind(lines, self._inputs)
        if bound is not None and lines == "_lines":
            forms = [self._arguments.forms[position] for position in self._arguments.positions]
            parts = _parts(bound.outputs[1:], forms)
            self._readers = [_reader(form, part) for form, part in zip(forms, parts, strict=True)]
        return bound


def _parts(numbers: Any, forms: Sequence[Treedef]) -> list[Any]:
    """Return the numbers of each form, which follow each other."""
    parts, start = [], 0
    for form in forms:
        parts.append(numbers[start : start + form.size])
        start += form.size
    return parts


def _writer(form: Treedef, numbers: Any) -> Writer:
    """Return what writes an argument of this form where its numbers belong."""
    if form is LEAF:
        return _writer_of_float(numbers)
    if isinstance(form, Array) and form.shape and form.dtype == "float":
        return _writer_of_array(form.shape, numbers.reshape(form.shape))
    if isinstance(form, Items) and form.is_flat and form.kind in (list, tuple):
        return _writer_of_floats(form.kind, numbers)
    return lambda x: False


def _writer_of_float(numbers: Any) -> Writer:
    def write(x: Any) -> bool:
        if type(x) is not float:
            return False
        numbers[0] = x
        return True

    return write


def _writer_of_array(shape: tuple[int, ...], numbers: Any) -> Writer:
    array, double = type(numbers), numbers.dtype

    def write(x: Any) -> bool:
        if type(x) is not array or x.dtype is not double or x.shape != shape:
            return False
        numbers[...] = x
        return True

    return write


def _writer_of_floats(kind: Any, numbers: Any) -> Writer:
    size = len(numbers)
    put, memory = struct.Struct(f"{size}d").pack_into, memoryview(numbers).cast("B")

    def write(x: Any) -> bool:
        if type(x) is not kind or len(x) != size or [*map(type, x)].count(float) != size:
            return False
        put(memory, 0, *x)
        return True

    return write


def _reader(form: Treedef, numbers: Any) -> Reader:
    """Return what reads derivatives in this form from where they are."""
    if form is LEAF:
        return numbers.item  # type: ignore[no-any-return]
    if isinstance(form, Array):
        return numbers.reshape(form.shape).copy  # type: ignore[no-any-return]
    if isinstance(form, Items) and form.kind is list:
        return numbers.tolist  # type: ignore[no-any-return]
    return lambda: form.build(numbers.tolist())
