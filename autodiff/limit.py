"""A limit on the work that code may do, counted in calls: the same on every machine and day."""

from __future__ import annotations

import contextlib
import math
import sys
import time
from collections.abc import Iterator
from typing import Any


class WorkLimitError(BaseException):
    """The work was stopped at its limit. No Exception, for on the way those are caught."""


class _Count:
    """Python's profiling hook: counts calls, for the limits around this one, too."""

    def __init__(self, calls: int, seconds: float, outer: _Count | None) -> None:
        self.left = 2 * calls  # each call is seen twice: when it starts and when it returns
        self.end = time.thread_time() + seconds
        self.outer = outer

    def __call__(self, *event: Any) -> None:
        if self.outer is not None:
            self.outer()
        self.left -= 1
        if self.left < 0 or (self.left % 64 == 0 and time.thread_time() > self.end):
            raise WorkLimitError


@contextlib.contextmanager
def at_most(calls: int, seconds: float = math.inf) -> Iterator[None]:
    """Stop what runs in this thread when it has made so many calls, with a `WorkLimitError`.

    A million calls of SymPy take about half a second, and a fifth without the counting. `seconds`
    of processor time are for calls that take long each, on numbers of thousands of digits; they
    need no signal and no thread. Where somebody profiles the program nothing is limited: Python has
    one hook only.
    """
    outer = sys.getprofile()
    if outer is not None and not isinstance(outer, _Count):
        yield
        return
    count = _Count(calls, seconds, outer)

    def again(unraisable: Any) -> None:
        """Stop a little later where Python cannot raise: it was cleaning up."""
        if unraisable.exc_type is WorkLimitError:
            count.left, count.end = 100, math.inf
            sys.setprofile(count)
        else:
            before(unraisable)

    before, sys.unraisablehook = sys.unraisablehook, again
    sys.setprofile(count)
    try:
        yield
    except WorkLimitError:
        _forget_half_done()
        raise
    finally:
        sys.setprofile(outer)
        sys.unraisablehook = before


def _forget_half_done() -> None:
    """Have SymPy forget what it has kept: some of that was being worked out when it stopped."""
    if "sympy" in sys.modules:
        sys.modules["sympy.core.cache"].clear_cache()
