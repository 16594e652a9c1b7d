"""What a person is shown is, text by text, what is kept in `golden/`.

Below each heading of those files, an expression or a command line, stands what it gives. Where that
is changed on purpose, or a heading is added, have the files written anew and read what Git tells:

    PYTHONPATH=. python tests/test_golden.py
"""

import os
import re
from pathlib import Path
from unittest import mock

import pytest
from shown import evaluated, typed

FILES = sorted(Path(__file__).with_name("golden").glob("*.txt"))
TERMINAL = {"COLUMNS": "100", "NO_COLOR": "1"}
PYTHONS_OWN = (  # errors that Python words otherwise from version to version
    r"(float |integer )?(floor )?(division|modulo) by zero",
    r"float (floor division|modulo)\b",
    r"integer division or modulo by zero",
    r"0\.0 cannot be raised to a negative power|zero to a negative power",
    r"math (domain|range) error(?!:)",
    r"expected a [-\w ]+, got [-\w.]+",
    r"\(34, '[^']*'\)",
)
OF_THE_MACHINE = {
    r"[^\s\"'(]*(shown\.py|<string>):\d+": r"\1:LINE",
    "|".join(PYTHONS_OWN): "(Python says)",
    r"cannot use '[\w.]+' as a (?:dict key|set element) \((.*)\)": r"\1",
}


def kept(file):
    """Return what is kept in a file, by heading."""
    sections = re.split("^=== ", file.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    parts = (section.partition("\n") for section in sections)
    return {heading: text.rstrip("\n") for heading, _, text in parts}


def shown(file, heading):
    """Return what is shown today, the same on every machine."""
    with mock.patch.dict(os.environ, TERMINAL):
        text = (typed if file.stem == "command_lines" else evaluated)(heading).rstrip("\n")
    for pattern, stand_in in OF_THE_MACHINE.items():
        text = re.sub(pattern, stand_in, text)
    return text


@pytest.mark.parametrize(
    ("file", "heading", "text"),
    [
        pytest.param(file, heading, text, id=f"{file.stem}: {heading}")
        for file in FILES
        for heading, text in kept(file).items()
    ],
)
def test_what_is_shown_is_what_is_kept(file, heading, text):
    assert shown(file, heading) == text


def write_anew():
    for file in FILES:
        sections = (f"=== {heading}\n{shown(file, heading)}\n\n" for heading in kept(file))
        file.write_text("".join(sections), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    write_anew()
