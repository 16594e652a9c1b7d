"""Functions that no backend has, as the arithmetic that states them.

Takes a name of the table; gives its body as a listing: the body is called once on recording
numbers. What cannot be stated so (it catches errors, or raises its own) is spelled in its row.
"""

from __future__ import annotations

import functools

from autodiff.listing import Listing
from autodiff.program.finishing import finished
from autodiff.program.tracing import Line, Recording, named_result
from autodiff.rows import TABLE


@functools.cache
def lowered(name: str) -> Listing:
    """Return the body of an operation, its operands as the inputs."""
    row = TABLE[name]
    if row.body is None:
        raise NotImplementedError(f"no formula states {name}: spell it in its row (python=)")
    recording = Recording()
    lines = [recording.input(0.5 + i).labeled(name) for i, name in enumerate(row.parameters)]
    result = named_result(row.body, lines, Line)
    if recording.guards:
        raise NotImplementedError(
            f"the body of {name} takes a branch: spell it in its row (python=)"
        )
    return finished(recording, [recording.number(result)])
