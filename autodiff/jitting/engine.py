"""What computes the programs of a function: machine code where it pays, else Python and NumPy."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Sequence
from typing import Any

from autodiff.listing import Listing
from autodiff.program import Program
from autodiff.program.machine import LARGEST, Machine
from autodiff.program.replay import outputs_of

_LINES = 1_000  # from which on a program is worth machine code even for one sample
_WORK = 100_000  # lines of all ways times samples, from which on a batch is worth it

Outputs = Callable[..., list[Any]]


class Engine:
    """What computes.

    Attributes
    ----------
    exact : bool
        Whether batches have the engine's very bits, which machine code alone gives.
    """

    def __init__(self, *, exact: bool) -> None:
        self.exact = exact

    def for_one(self, program: Program) -> Program:
        """Return what computes one sample."""
        is_compiled = self._pays([len(program)], 1) and self._machine is not None
        return program.compile(exact=self.exact) if is_compiled else program

    def compiled(self, program: Program) -> Program:
        """Return a program as machine code, which `for_batch` has made already."""
        return dataclasses.replace(program, _machine=self._machine)

    def compiles(self, lines: Sequence[int], samples: int) -> bool:
        """Return whether machine code computes so many samples; `lines` are those of each way."""
        return (self.exact or self._pays(lines, samples)) and self._machine is not None

    def for_batch(self, *, is_compiled: bool) -> Outputs:
        """Return what computes lines on a batch.

        It takes lines, numbers and how many samples these are of, and `reduce`.
        """
        if is_compiled and self._machine is not None:
            return functools.partial(_compiled, self._machine)
        return lambda lines, numbers, samples, reduce=None: outputs_of(lines, numbers, reduce)

    def parted(
        self, root: Any, numbers: list[Any], shape: tuple[int, ...], summed: tuple[bool, ...]
    ) -> Any:
        """Compute a tree of stages by machine code; see `Machine.parted`."""
        return None if self._machine is None else self._machine.parted(root, numbers, shape, summed)

    def at_once(self, tree: Any, *given: Any) -> Any:
        """Compute a tree of columns by machine code; None if it is computed in another way."""
        machine = self._machine
        if machine is None or tree is None:
            return None
        if tree.whole is not None:
            return machine.at_once(tree.whole, *given)
        return machine.parted_at_once(tree.root, *given)

    def _pays(self, lines: Sequence[int], samples: int) -> bool:
        """Return whether to compile: the one place where that is decided.

        Both to compile a batch and to compute it in NumPy takes time for each line of each way.
        """
        longest = max(lines)
        return longest <= LARGEST and (longest >= _LINES or sum(lines) * samples >= _WORK)

    @functools.cached_property
    def _machine(self) -> Machine | None:
        try:
            return Machine(self.exact)
        except ImportError:
            if self.exact:
                raise
            return None


def _compiled(
    machine: Machine, lines: Listing, numbers: list[Any], samples: int, reduce: str | None = None
) -> list[Any]:
    if samples == 1:  # in an array it would be left to NumPy
        numbers = [x.item() if hasattr(x, "item") else x for x in numbers]
    return machine.outputs_of(lines, numbers, reduce)
