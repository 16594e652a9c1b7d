"""A limit on the work that code may do, counted in calls: the same on every machine and day.

Takes a number of calls; gives a context that stops what goes beyond it. Where a computation is made
of known steps, it says what they cost by `spend`. Where it is made by a package, its calls are
counted while it works.
"""

from __future__ import annotations

import contextlib
import math
import sys
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Any


class WorkLimitError(BaseException):
    """The work was stopped at its limit. No Exception, for on the way those are caught."""


class _Work:
    """The calls that are left."""

    def __init__(self, calls: float) -> None:
        self.left = calls

    def spend(self, calls: float) -> None:
        self.left -= calls
        if self.left < 0:
            raise WorkLimitError

    def hook(self, frame: Any, event: str, arg: Any) -> None:
        """Count, as Python's profiling hook, which sees a call when it starts and when it ends."""
        self.spend(0.5)


_UNLIMITED = _Work(math.inf)
_now = ContextVar("_now", default=_UNLIMITED)


def spend(calls: int) -> None:
    """Count work as so many calls, if it is limited; a million calls take about half a second."""
    _now.get().spend(calls)


@contextlib.contextmanager
def at_most(calls: int) -> Iterator[None]:
    """Stop with a `WorkLimitError` what spends more than so many calls, or all that is left."""
    outer = _now.get()
    work = _Work(min(calls, outer.left))
    before = work.left
    token = _now.set(work)
    try:
        yield
    finally:
        _now.reset(token)
        outer.left -= before - work.left


@contextlib.contextmanager
def calls_at_most(calls: int) -> Iterator[None]:
    """Stop with a `WorkLimitError` what makes more than so many calls in this thread.

    Where somebody profiles the program the calls are not counted: Python has one hook only.
    """
    with at_most(calls):
        work = _now.get()
        outer = sys.getprofile()
        if outer is not None and not isinstance(getattr(outer, "__self__", None), _Work):
            yield
            return

        def again(unraisable: Any) -> None:
            """Stop a little later where Python cannot raise: it was cleaning up."""
            if unraisable.exc_type is WorkLimitError:
                work.left = 50
                sys.setprofile(work.hook)
            else:
                before(unraisable)

        before, sys.unraisablehook = sys.unraisablehook, again
        sys.setprofile(work.hook)
        try:
            yield
        except WorkLimitError:
            if "sympy" in sys.modules:  # what it keeps may be half done: it is to forget that
                sys.modules["sympy.core.cache"].clear_cache()
            raise
        finally:
            sys.setprofile(outer)
            sys.unraisablehook = before
