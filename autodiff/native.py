"""What a compiled engine calls without Python in between: its clock, the derivatives of `*`."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from types import FunctionType
from typing import Any, Final


def product_slopes(a: Any, b: Any, value: Any) -> tuple[Any, Any]:
    """Return the local derivatives of a * b, as the table states them."""
    return b, a


COMPILED: Final[bool] = type(product_slopes) is not FunctionType


class Clock:
    """A count of the nodes, in a field that compiled code reaches at once."""

    now: int

    def __init__(self) -> None:
        self.now = 0


_clock: Final = Clock()


def tick() -> int:
    """Return the next number of a node. Threads take turns between compiled calls only."""
    _clock.now += 1
    return _clock.now


next_serial: Final[Callable[[], int]] = tick if COMPILED else itertools.count(1).__next__
