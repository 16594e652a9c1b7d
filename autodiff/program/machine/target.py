"""The machine that code is compiled for: its vectors, its features, the C library's functions.

Takes how many bits a vector shall have; says what to tell LLVM, and which functions there are.
"""

from __future__ import annotations

import ctypes
import functools
import math
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from autodiff.extras import how_to_install
from autodiff.kinds import Number
from autodiff.program import source
from autodiff.rows import TABLE

WIDTHS = (128, 256, 512)
_MVEC = {2: "_ZGVbN2", 4: "_ZGVdN4", 8: "_ZGVeN8"}  # libmvec's names: SSE, AVX2, AVX-512
# What the machine may have and code of so many bits does without.
_WIDER = {128: ("avx", "fma", "f16c", "xop", "evex", "vaes", "vpcl"), 256: ("avx512", "evex512")}
# What `math` computes in its own way, and what it lacks.
PYTHONS = "python."  # what the symbols of its functions begin with
_IN_PYTHON = {"polygamma": False, "hypot": True, "lgamma": True}


def llvm() -> Any:
    """Return llvmlite's binding, or say which extra brings it."""
    try:
        import llvmlite.binding
    except ImportError as error:
        raise ImportError(f"compile needs llvmlite: {how_to_install('jit')}") from error
    binding = llvmlite.binding
    binding.initialize_native_target()
    binding.initialize_native_asmprinter()
    return binding


@dataclass(frozen=True)
class Target:
    """A machine, as LLVM names it, and how many doubles one of its vectors holds."""

    triple: str
    cpu: str
    features: str
    lanes: int

    @property
    def bits(self) -> int:
        return 64 * self.lanes

    def machine(self) -> Any:
        """Return LLVM's code generator for it."""
        binding = llvm()
        target = binding.Target.from_triple(self.triple)
        return target.create_target_machine(self.cpu, self.features, opt=1, jit=True)


@functools.cache
def target_of(bits: int | None) -> Target:
    """Return this machine, with its widest vectors or narrower ones.

    Raises
    ------
    ValueError
        If the machine has no vectors of so many bits.
    """
    binding = llvm()
    features = dict(binding.get_host_cpu_features())
    widest = 512 if features.get("avx512f") else 256 if features.get("avx2") else 128
    bits = widest if bits is None else bits
    if bits not in WIDTHS or bits > widest:
        raise ValueError(
            f"vectors have 128, 256 or 512 bits, here at most {widest}, and not {bits}"
        )
    if bits < widest:
        without = _WIDER[bits]
        features = {name: on and not name.startswith(without) for name, on in features.items()}
    text = ",".join(f"{'+' if on else '-'}{name}" for name, on in sorted(features.items()))
    return Target(binding.get_process_triple(), binding.get_host_cpu_name(), text, bits // 64)


# ---- Functions --------------------------------------------------------------------------------


@functools.cache
def _libraries() -> tuple[Any, Any]:
    """Return the C library, and its vector functions where it has them."""
    library = ctypes.CDLL("ucrtbase" if os.name == "nt" else None)
    try:
        return library, ctypes.CDLL("libmvec.so.1")
    except OSError:
        return library, None


def _address(library: Any, name: str) -> int | None:
    try:
        return ctypes.cast(getattr(library, name), ctypes.c_void_p).value
    except AttributeError:  # also where there is no library
        return None


def c_name(operation: str) -> str:
    """Return what the C library calls a function of the table."""
    return source.in_math(operation) or operation


def vector_function(operation: str, operands: int, lanes: int) -> str | None:
    """Name the C library's function of a whole vector, if it has one."""
    name = f"{_MVEC[lanes]}{'v' * operands}_{c_name(operation)}"
    is_ours = operation not in _IN_PYTHON or operation == "hypot"
    return name if is_ours and _address(_libraries()[1], name) else None


def scalar_function(operation: str, *, exact: bool) -> str:
    """Name the function of one number: the C library's, or `math`'s own where bits differ."""
    if operation in _IN_PYTHON and (exact or not _IN_PYTHON[operation]):
        return f"{PYTHONS}{operation}"
    return c_name(operation)


def address_of_symbol(symbol: str) -> int:
    """Return where a function is that one of the two above has named."""
    name = symbol.removeprefix(PYTHONS)
    if name != symbol:
        return ctypes.cast(_python_function(name), ctypes.c_void_p).value or 0
    found = filter(None, [_address(library, symbol) for library in _libraries()])
    address = next(found, None)
    if address is None:
        raise NotImplementedError(f"the C library has no {symbol}: the program stays Python")
    return address


class _Errors(threading.local):
    """What was raised in Python's functions since this thread has called machine code."""

    def __init__(self) -> None:
        self.raised: list[BaseException] = []


_ERRORS = _Errors()


def with_errors(call: Callable[[Any], int]) -> Callable[[Any], int]:
    """Return machine code that calls Python's functions, raising what they raise."""

    def called(pointer: Any) -> int:
        failed = call(pointer)
        if _ERRORS.raised:
            error = _ERRORS.raised[0]
            _ERRORS.raised.clear()
            raise error
        return failed

    return called


@functools.cache
def _python_function(name: str) -> Any:
    """Return a function of the table for machine code to call: slow, and the engine's own."""
    function: Callable[..., Number] = TABLE[name].value
    count = len(TABLE[name].parameters)
    function(*[1.0] * count)  # which raises where a package is missing

    def call(*numbers: float) -> float:
        try:
            return float(function(*numbers))
        except (ValueError, OverflowError):  # the poles of lgamma
            return math.inf
        except BaseException as error:  # an interrupt, which would be lost in machine code
            _ERRORS.raised.append(error)
            return math.nan

    return ctypes.CFUNCTYPE(ctypes.c_double, *[ctypes.c_double] * count)(call)
