"""What to type where a package that this one can do without is missing."""

from __future__ import annotations

import os

_FOLDER = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def how_to_install(extra: str) -> str:
    """Return the command that installs an extra: in a checkout, that of its folder."""
    source = "autodiff-engine"  # the name autodiff is another package there
    if os.path.isfile(os.path.join(_FOLDER, "pyproject.toml")):
        source = "." if os.getcwd() == _FOLDER else _FOLDER
    return f'python -m pip install "{source}[{extra}]"'
