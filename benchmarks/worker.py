"""The process of one system: it gets ready, hands over its numbers, then takes turns.

`python -m benchmarks.worker MODULE SECTION FORM CASE PROCESSORS` prints a line when it is ready,
and one for each number of seconds that it reads. What a library prints goes to the standard error.
"""

from __future__ import annotations

import array
import importlib
import json
import os
import re
import resource
import statistics
import sys
from pathlib import Path
from typing import Any, TextIO

from benchmarks.timing import Made, RefusedError, Times

NUMBERS = "numbers"  # the file of them, in the folder of the process


def made(module: str, section: str, form: str, case: dict[str, int]) -> Made:
    """Return a system: made by the function of its module that is named as the section."""
    return getattr(importlib.import_module(module), section)(form, **case)


def reason(error: BaseException) -> str:
    """Say in a few words why a system cannot do it."""
    if isinstance(error, RefusedError):
        return str(error)
    if isinstance(error, MemoryError):
        return "does not fit"
    first = str(error).strip().partition("\n")[0]
    return f"fails: {type(error).__name__}: {first}"[:100]


def memory() -> int:
    """Return the bytes that are free."""
    found = re.search(r"MemAvailable: *(\d+) kB", Path("/proc/meminfo").read_text())
    assert found is not None
    return 1024 * int(found[1])


def summary(times: Times) -> dict[str, Any]:
    """Return the least time of each part, and of all: the least, and the median."""
    totals = [sum(parts) for parts in times]
    least = [min(column) for column in zip(*times, strict=True)]
    return {"parts": least, "least": min(totals), "median": statistics.median(totals)}


def serve(answers: TextIO) -> None:
    def answer(found: Any) -> None:
        print(json.dumps(found), file=answers, flush=True)

    module, section, form, case, processors = sys.argv[1:]
    # Before anything is imported: XLA takes as many as it finds when it is loaded
    available = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, available[-int(processors) :])
    resource.setrlimit(resource.RLIMIT_DATA, 2 * (memory() * 4 // 5,))
    try:
        system = made(module, section, form, json.loads(case))
        Path(NUMBERS).write_bytes(array.array("d", system.numbers).tobytes())
    except Exception as error:
        answer({"failed": reason(error)})
        return
    answer({"ready": True})
    for line in sys.stdin:
        try:
            answer(summary(system.turn(float(line))))
        except Exception as error:
            answer({"failed": reason(error)})


if __name__ == "__main__":
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    serve(answers)
