"""A kernel: machine code in memory, and the buffers that it is called with.

Takes the text of a module; gives what computes samples from one place of a batch to another. A call
passes one pointer, to a frame of integers: where the scratch memory, the shared inputs and the
results are, the distance between two rows of results in bytes, the first sample and the end, where
the sums go, and for every input that varies where it is and the distance of its numbers. In a tree
(see `parted`) there follow the list of the samples, the lists that are written, where each of these
ends, in bytes from the first one, and what is fetched for the next block. A kernel that computes
what a list says finds it in the place of the results, and these in the place of the list.
"""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Callable
from typing import Any

from autodiff.program.machine.memory import address_of, aligned
from autodiff.program.machine.target import (
    PYTHONS,
    Target,
    address_of_symbol,
    llvm,
    with_errors,
)
from autodiff.program.machine.writing import Facts


class TextError(Exception):
    """LLVM refuses the text of a kernel: a mistake of this package, which nothing may hide."""


def object_code(text: str, target: Target) -> bytes:
    """Compile a module. All that LLVM could optimize is written already: it generates code."""
    binding = llvm()
    context = binding.create_context()
    try:
        parsed = binding.parse_assembly(text, context)
    except RuntimeError as error:
        raise TextError(f"LLVM refuses what was written, please report it: {error}") from error
    parsed.triple = target.triple
    machine = target.machine()
    parsed.data_layout = str(machine.target_data)
    code: bytes = machine.emit_object(parsed)
    return code


class Code:
    """Machine code that can be called.

    Attributes
    ----------
    call : callable
        Takes a pointer to a frame; returns -1, or the first of the samples taken together of which
        one contradicts a guard. Other threads of Python run meanwhile.
    single : callable
        The same for one sample, during which no other thread runs.
    address : int
        Where it is.
    is_in_python : bool
        Whether it calls functions of Python, whose errors are raised when it is over.
    lines : int
        How many lines are computed for a sample.
    scratch : int
        How many numbers the scratch memory has.
    frames : list
        What it was called with, that no thread uses now; see `batches`.
    """

    def __init__(self, code: bytes, facts: Facts, target: Target) -> None:
        binding = llvm()
        self._compiler = binding.create_lljit_compiler(target.machine())
        builder = binding.JITLibraryBuilder().add_object_img(code).export_symbol("run")
        for symbol in facts.symbols:
            address = address_of_symbol(symbol)
            builder.import_symbol(symbol, address)
            builder.import_symbol(f"scalar.{symbol}", address)
        self._tracker = builder.link(self._compiler, "kernel")
        self.address: int = self._tracker["run"]
        self.call: Any = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_void_p)(self.address)
        self.single: Any = ctypes.PYFUNCTYPE(ctypes.c_int64, ctypes.c_void_p)(self.address)
        self.is_in_python = any(symbol.startswith(PYTHONS) for symbol in facts.symbols)
        if self.is_in_python:
            self.call, self.single = with_errors(self.call), with_errors(self.call)
        self.lines, self.scratch = facts.sizes
        self.frames: list[Any] = []


class Bound:
    """One evaluation of a program with buffers of its own.

    Write numbers into `inputs`, call it, and read `outputs`: nothing else is done.

    Attributes
    ----------
    inputs, outputs : numpy.ndarray
        The numbers of the arguments in their order; the value, and the derivatives.
    run : callable
        What a call does, without an error: it returns -1, or 0 if a guard does not hold.
    """

    def __init__(
        self, code: Code, inputs: Any, outputs: int, in_python: Callable[[list[float]], list[float]]
    ) -> None:
        import numpy

        self.inputs = inputs
        self.outputs = aligned((outputs,))
        scratch = aligned((code.scratch,))
        buffers = (scratch, self.inputs, self.outputs)
        addresses = [*map(address_of, buffers)]
        frame = numpy.array([*addresses, 0, 0, 1], dtype=numpy.int64)
        self._kept = (code, scratch, frame)
        self._in_python = in_python
        pointer = ctypes.c_void_p(address_of(frame))
        self.run: Callable[[], int] = functools.partial(code.single, pointer)

    def __call__(self) -> None:
        """Compute the outputs; raise a GuardError where the inputs take another branch."""
        if self.run() >= 0:
            self.outputs[:] = self._in_python(self.inputs.tolist())
