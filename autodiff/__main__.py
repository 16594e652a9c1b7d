"""The command `autodiff`: whatever is typed ends in an answer, or in one line that says what to do.

autodiff "error = (input * weight - goal) ** 2" input=0.5 weight=0.5 goal=0.8
"""

from __future__ import annotations

import contextlib
import os
import pathlib
import signal
import sys
import traceback
import warnings
from collections.abc import Iterator, Sequence
from typing import Any, NoReturn, TextIO


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    arguments : sequence of str, optional
        Without the program's name; what the shell gave, by default.

    Returns
    -------
    int
        The exit status: 0; 1 if a derivative by hand differs; 2 for an error, or if not all could
        be done, which is told on standard error; 130 if interrupted.
    """
    try:
        with warnings.catch_warnings(), _interrupts_kept():
            warnings.simplefilter("ignore")
            status, text, problems = _answered(arguments)
        unwritten = _write(text, sys.stdout) if text else ""
        if unwritten:
            status, problems = 2, [*problems, f"standard output: {unwritten}"]
        for problem in problems:
            _write(f"autodiff: {problem}\n", sys.stderr)
        return status
    except KeyboardInterrupt:
        _write("autodiff: interrupted\n", sys.stderr)
        return 130  # as shells have it


@contextlib.contextmanager
def _interrupts_kept() -> Iterator[None]:
    """Raise an interrupt at the end that came while Python was cleaning up, and could not raise."""
    missed = []
    before = sys.unraisablehook

    def keep(unraisable: Any) -> None:
        if unraisable.exc_type is KeyboardInterrupt:
            missed.append(unraisable)
        else:
            before(unraisable)

    sys.unraisablehook = keep
    try:
        yield
    finally:
        sys.unraisablehook = before
    if missed:
        raise KeyboardInterrupt


def _answered(arguments: Sequence[str] | None) -> tuple[int, str, list[str]]:
    """Return the exit status, what belongs on standard output, and what could not be done."""
    # Loaded here, so that an interrupt while it loads is told in one line as well
    from autodiff.command_line import answer
    from autodiff.command_line.arguments import UsageError
    from autodiff.formula import FormulaError

    try:
        return answer(arguments)
    except FormulaError as error:
        return 2, "", [error.one_line]
    except UsageError as error:
        return 2, "", [str(error)]
    except Exception as error:  # a mistake of this program, which is no reason for a page of text
        place = traceback.extract_tb(error.__traceback__)[-1]
        told = " ".join(f"{type(error).__name__}: {error}".split())[:300]
        where = f"{pathlib.Path(place.filename).name}, line {place.lineno}"
        return 2, "", [f"a mistake of autodiff itself, please report it: {told} ({where})"]


# ---- Streams ----------------------------------------------------------------------------------


def _write(text: str, stream: TextIO | None) -> str:
    """Write a text out; return why it could not be, if it could not."""
    if stream is None:
        return "it is closed"
    try:
        if hasattr(stream, "reconfigure"):  # a terminal need not know every letter
            stream.reconfigure(errors="backslashreplace")
        stream.write(text)
        stream.flush()
    except OSError as error:
        with contextlib.suppress(OSError, ValueError):  # Python would try again when it ends
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        if not isinstance(error, BrokenPipeError):  # whose reader has seen enough
            return str(error.strerror)
    except ValueError as error:
        return str(error)
    return ""


def run() -> NoReturn:
    """Run the command line as a process: once it has answered, nothing is left to interrupt."""
    status = main()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.exit(status)


if __name__ == "__main__":
    run()
