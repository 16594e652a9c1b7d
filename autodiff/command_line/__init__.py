"""The command line: values and derivatives of a formula, and a check of those worked out by hand.

`arguments` reads what was typed, `results` computes, `comparison` compares with what is by hand,
`printing` writes it for a person or a program.
"""

from __future__ import annotations

from collections.abc import Sequence

from autodiff import __compiled__, __version__
from autodiff.command_line import arguments, printing, results
from autodiff.command_line.arguments import UsageError
from autodiff.command_line.results import Answer
from autodiff.formula.limit import at_most

_CALLS = 2_000_000  # that finding formulas and comparing may take together


def answer(typed: Sequence[str] | None) -> tuple[int, str, list[str]]:
    """Do what the arguments ask for.

    Returns
    -------
    tuple of int, str and list of str
        The exit status, what belongs on standard output, and what could not be done.
    """
    options = arguments.options_of(typed)
    if options.help:
        return 0, arguments.parser().format_help(), []
    if options.version:
        build = ", compiled" if __compiled__ else ""
        return 0, f"autodiff {__version__}{build}\n", []
    asked = arguments.read(options)
    found = Answer()
    if not asked.missing:
        results.add_numbers(found, asked)
    with at_most(_CALLS):
        if options.symbolic:
            results.add_formulas(found, asked)
        if options.by_hand:
            from autodiff.command_line import comparison  # it takes as long to load as all the rest

            comparison.add_comparison(found, asked)
    if not (found.numbers or found.formulas or found.report) and found.given_up:
        raise UsageError(found.given_up[0])
    text = printing.as_json(asked, found) if options.json else printing.as_text(asked, found)
    if found.given_up:
        return 2, text, found.given_up
    return int(found.report is not None and not found.report), text, []
