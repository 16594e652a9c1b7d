"""What is printed: aligned numbers, formulas and a report for a person, JSON for a program."""

from __future__ import annotations

import json
import math
import os
import shutil
import sys
from collections.abc import Mapping
from typing import Any, TextIO

from autodiff.command_line.arguments import Asked
from autodiff.command_line.results import Answer

# ---- Text -------------------------------------------------------------------------------------


def as_text(asked: Asked, found: Answer) -> str:
    """Return all that was found, in blocks for a person."""
    blocks = []
    if found.numbers:
        numbers = {**found.numbers["values"], **found.numbers["derivatives"]}
        width = max(map(len, numbers))
        blocks.append("\n".join(f"{name:{width}}  {x!r}" for name, x in numbers.items()))
    if found.formulas:
        blocks.append("\n".join(f"{name} = {text}" for name, text in found.formulas.items()))
    if found.report is not None:
        width = shutil.get_terminal_size().columns
        paint = painted if takes_colour(sys.stdout) else None
        blocks.append(found.report.text(width, asked.options.verbose, paint))
    return "\n\n".join(blocks) + "\n"


# ---- JSON -------------------------------------------------------------------------------------


def as_json(asked: Asked, found: Answer) -> str:
    """Return all that was found as JSON."""
    told: dict[str, Any] = {"formula": asked.formula.text, **found.numbers}
    if asked.options.symbolic:
        told["formulas"] = found.formulas
    if found.report is not None:
        told["comparison"] = found.report.to_dict()
    if found.given_up:
        told["given_up"] = found.given_up
    return json.dumps(_for_json(told), ensure_ascii=False, indent=2) + "\n"


def _for_json(x: Any) -> Any:
    """Return what JSON can hold: it has no nan and no infinity."""
    if isinstance(x, Mapping):
        return {name: _for_json(part) for name, part in x.items()}
    if isinstance(x, list):
        return [_for_json(part) for part in x]
    if isinstance(x, float) and not math.isfinite(x):
        return str(x)
    return x


# ---- Colour -----------------------------------------------------------------------------------

_COLOURS = {"differs": "31", "undecided": "33", "agrees": "32", "equal": "32", "heading": "1"}


def takes_colour(stream: TextIO | None) -> bool:
    """Return whether a stream is a terminal that shows colours, and nobody has said otherwise."""
    is_forbidden, is_wanted = map(os.environ.get, ("NO_COLOR", "FORCE_COLOR"))
    if is_forbidden or is_wanted:
        return not is_forbidden
    old_windows = sys.platform == "win32" and "WT_SESSION" not in os.environ
    is_terminal = stream is not None and stream.isatty()
    return is_terminal and not old_windows and os.environ.get("TERM") != "dumb"


def painted(verdict: str, text: str) -> str:
    """Return a text in the colour of a verdict."""
    return f"\033[{_COLOURS[verdict]}m{text}\033[0m"
