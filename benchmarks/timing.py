"""What a system's process hands over to be timed: a turn, and the numbers that it computes."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Times = list[tuple[float, ...]]  # of each repetition: the seconds of each of its parts
SHORTEST = 1e-3  # seconds: what is shorter is repeated within one reading of the clock


class RefusedError(Exception):
    """A system cannot do it; the message says why and stands in the table."""


@dataclass(frozen=True)
class Made:
    """A system that is ready."""

    numbers: Any  # the values, then the derivatives: compared with NumPy's before anything is timed
    turn: Callable[[float], Times]  # takes about so many seconds


def constant(times: tuple[float, ...], numbers: Any) -> Made:
    """Return what was timed once and for all."""
    return Made(numbers, lambda seconds: [times])


def parted(step: Callable[[], tuple[float, ...]], numbers: Any) -> Made:
    """Return what times its parts itself."""

    def turn(seconds: float) -> Times:
        end = time.perf_counter() + seconds
        times = [step()]
        while time.perf_counter() < end:
            times.append(step())
        return times

    return Made(numbers, turn)


def whole(
    work: Callable[[], Any],
    numbers: Callable[[Any], Any],
    clock: Callable[[], float] = time.process_time,
) -> Made:
    """Return work that is called again and again; its first call gives the numbers."""
    start = clock()
    first = numbers(work())
    if clock() - start < 1:  # it may have compiled; one that takes longer is not repeated
        start = clock()
        work()
    count = max(1, round(SHORTEST / max(clock() - start, 1e-9)))

    def step() -> tuple[float, ...]:
        start = clock()
        for _ in range(count):
            work()
        return ((clock() - start) / count,)

    return parted(step, first)


def once(
    trace: Callable[[], Any], call: Callable[[Any], Any], numbers: Callable[[Any], Any]
) -> Made:
    """Return what can happen only once in a process: to trace, then to compile and call."""
    start = time.perf_counter()
    traced = trace()
    middle = time.perf_counter()
    result = call(traced)
    times = (middle - start, time.perf_counter() - middle)
    return constant(times, numbers(result))
