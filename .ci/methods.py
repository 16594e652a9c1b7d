"""Write `autodiff/methods.py` from the table of operations: the functions as methods of `Value`.

    python .ci/methods.py

A new row needs no other line; a test compares the file with what this writes.
"""

from __future__ import annotations

import pathlib

from autodiff.operations import TABLE

HEAD = '''"""The functions as methods of `Value`, so that `x.sin()` is `autodiff.sin(x)`.

Written by `.ci/methods.py` from the table in `operations`; not edited by hand.
"""

from __future__ import annotations

from typing import Any, Self

from autodiff import operations as f
from autodiff.protocols import AsNumber
from autodiff.rows import TABLE, Operation


class Methods(AsNumber):
    """The functions as methods."""

    __slots__ = ()

    def _unary(self, row: Operation) -> Self:
        raise NotImplementedError

    # fmt: off
'''

TAIL = """    # fmt: on


for _name, _method in vars(Methods).items():
    if _name in f.NAMES and hasattr(_method, "__code__"):  # none of a compiled class is written
        _method.__doc__ = getattr(f, _name).__doc__.partition("Examples")[0].rstrip()
"""


def text() -> str:
    """Return the file."""
    lines = []
    for name, row in TABLE.items():
        if row.is_public and row.parameters:
            others = row.parameters[1:]
            head = f"def {name}({', '.join(['self', *[f'{other}: Any' for other in others]])})"
            call = f"f.{name}({', '.join(['self', *others])})"
            if not others:
                call = f'self._unary(TABLE["{name}"])'
            lines.append(f"    {head:34} -> Self: return {call}\n")
    return HEAD + "".join(lines) + TAIL


if __name__ == "__main__":
    pathlib.Path("autodiff/methods.py").write_text(text(), encoding="utf-8")
