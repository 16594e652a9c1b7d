"""A limit on the work that code may do, counted in calls: the same on every machine and day.

Where a computation is made of known steps, it says what they cost by `spend`. Where it is made by a
package, its calls are counted while it works.
"""

from __future__ import annotations

import contextlib
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

    def spend(self, calls: int) -> None:
        self.left -= calls
        if self.left < 0:
            raise WorkLimitError

    def hook(self, frame: Any, event: str, arg: Any) -> None:
        """Count, as Python's profiling hook, which sees a call when it starts and when it ends."""
        self.left -= 0.5
        if self.left < 0:
            raise WorkLimitError


_now: ContextVar[_Work | None] = ContextVar("_now", default=None)


def spend(calls: int) -> None:
    """Count work as so many calls, if it is limited; a million calls take about half a second."""
    work = _now.get()
    if work is not None:
        work.spend(calls)


@contextlib.contextmanager
def at_most(calls: int) -> Iterator[None]:
    """Stop with a `WorkLimitError` what spends more than so many calls, or all that is left."""
    outer = _now.get()
    work = _Work(calls if outer is None else min(calls, outer.left))
    before = work.left
    token = _now.set(work)
    try:
        yield
    finally:
        _now.reset(token)
        if outer is not None:
            outer.left -= before - work.left


@contextlib.contextmanager
def calls_at_most(calls: int) -> Iterator[None]:
    """Stop with a `WorkLimitError` what makes more than so many calls in this thread.

    Where somebody profiles the program the calls are not counted: Python has one hook only.
    """
    with at_most(calls):
        work = _now.get()
        outer = sys.getprofile()
        if work is None or not (outer is None or _is_ours(outer)):
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
            _forget_half_done()
            raise
        finally:
            sys.setprofile(outer)
            sys.unraisablehook = before


def _is_ours(hook: Any) -> bool:
    return isinstance(getattr(hook, "__self__", None), _Work)


def _forget_half_done() -> None:
    """Have SymPy forget what it has kept: some of that was being worked out when it stopped."""
    if "sympy" in sys.modules:
        sys.modules["sympy.core.cache"].clear_cache()
