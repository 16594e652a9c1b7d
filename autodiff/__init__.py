"""autodiff: a scalar automatic-differentiation engine.

    >>> from autodiff import Value
    >>> weight = Value(0.5, "weight")
    >>> error = (0.5 * weight - 0.8) ** 2
    >>> error.backward()
    >>> weight.grad
    -0.55

A `Value` is a number that remembers how it was computed. `grad`, `jacobian`, `hessian`, `jvp` and
`hvp` differentiate functions; `operation` makes an operation from its value and its derivative;
`autodiff.sin` and its like work on Values and on plain numbers of every kind; `draw` and `tree`
show the graph, and `page` makes a page of it that computes; `compare` and `assert_gradient` find
what is wrong with a derivative by hand; `trace` records a function once and replays it and its
derivative on floats, fractions and arrays; `jit` does so for every branch that a function takes.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from autodiff import functions, native
from autodiff.custom import operation
from autodiff.functions import *  # noqa: F403
from autodiff.functions import absolute as abs  # noqa: F401 (a star would hide Python's)
from autodiff.functions import isclose, isfinite, isinf, isnan
from autodiff.graph import collector_paused, edges, topological_order
from autodiff.protocols import pictured_by
from autodiff.value import Value

if TYPE_CHECKING:
    from autodiff.checking import assert_gradient, compare
    from autodiff.derivatives import grad, hessian, hvp, jacobian, jvp, value_and_grad
    from autodiff.drawing import draw
    from autodiff.drawing.tree import tree
    from autodiff.elementwise import derivative
    from autodiff.jitting import jit
    from autodiff.pages import Page, page
    from autodiff.program import CompileWarning, GuardError, Program, trace

__all__ = [
    "CompileWarning",
    "GuardError",
    "Page",
    "Program",
    "Value",
    "assert_gradient",
    "collector_paused",
    "compare",
    "derivative",
    "draw",
    "edges",
    "grad",
    "hessian",
    "hvp",
    "isclose",
    "isfinite",
    "isinf",
    "isnan",
    "jacobian",
    "jit",
    "jvp",
    "operation",
    "page",
    "topological_order",
    "trace",
    "tree",
    "value_and_grad",
]
__all__ += functions.NAMES

__version__ = "0.1.0"
__compiled__ = native.COMPILED

# What not everybody needs, or needs more than the standard library, is imported when first used.
_ROOMS = {
    "CompileWarning": "program",
    "GuardError": "program",
    "Page": "pages",
    "Program": "program",
    "assert_gradient": "checking",
    "compare": "checking",
    "derivative": "elementwise",
    "draw": "drawing",
    "grad": "derivatives",
    "hessian": "derivatives",
    "hvp": "derivatives",
    "jacobian": "derivatives",
    "jvp": "derivatives",
    "jit": "jitting",
    "page": "pages",
    "trace": "program",
    "tree": "drawing.tree",
    "value_and_grad": "derivatives",
}


def _picture(value: Value, include: Any = None, exclude: Any = None) -> dict[str, str]:
    from autodiff.drawing import mimebundle

    return mimebundle(value, include, exclude)


pictured_by(_picture)


def __getattr__(name: str) -> Any:
    if name not in _ROOMS:
        from autodiff.hints import OF_AUTODIFF

        way = f": {OF_AUTODIFF[name]}" if name in OF_AUTODIFF else ""
        raise AttributeError(f"module 'autodiff' has no attribute {name!r}{way}")
    found = globals()[name] = getattr(importlib.import_module(f"autodiff.{_ROOMS[name]}"), name)
    return found
