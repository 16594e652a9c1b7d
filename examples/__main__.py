"""Run the programs of the chapter, or draw its figures: `python -m examples --help`."""

from __future__ import annotations

import argparse
import difflib
import importlib
import inspect
import os
import sys
import textwrap
from types import ModuleType

from examples import PROGRAMS

WIDTH = 80  # of the sentences that are printed


def module_of(name: str) -> ModuleType:
    return importlib.import_module(f"examples.{name}")


def docstring_of(name: str) -> tuple[str, str]:
    """Return the title of a program, and the sentences that explain it."""
    title, _, sentences = (module_of(name).__doc__ or name).partition("\n\n")
    return title, " ".join(sentences.split())


def title_of(name: str) -> str:
    return docstring_of(name)[0]


def run(name: str, with_code: bool = False) -> None:
    """Print a program under its title, and what explains it: its sentences or its source."""
    title, sentences = docstring_of(name)
    print(f"{title}\n{'=' * len(title)}")
    code = inspect.getsource(module_of(name))
    print(code if with_code else f"{textwrap.fill(sentences, WIDTH)}\n")
    module_of(name).main()
    print()


def draw_into(directory: str) -> None:
    """Write the figures, and say which; what is missing or cannot be written is one line."""
    try:
        paths = module_of("pictures").write(directory)
    except (ImportError, OSError, RuntimeError) as error:
        sys.exit(f"no pictures: {error}")
    print(*paths, sep="\n")


def write_page(path: str) -> None:
    """Write the page, and say which; what is missing or cannot be written is one line."""
    try:
        module_of("page").chapter().save(path)
    except (ImportError, OSError, RuntimeError) as error:
        sys.exit(f"no page: {error}")
    print(path)


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m examples", description="The programs of the chapter, in reading order."
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="run only these programs")
    parser.add_argument("--list", action="store_true", help="list the names and the titles")
    parser.add_argument("--page", metavar="FILE", help="write the chapter as a page (.html)")
    parser.add_argument("--code", action="store_true", help="print the source of each program, too")
    parser.add_argument("--pictures", metavar="DIR", help="draw the chapter's figures into DIR")
    options = parser.parse_args(arguments)
    for name in options.names:
        if name not in PROGRAMS:
            close = difflib.get_close_matches(name, PROGRAMS, n=1)
            hint = f"did you mean {close[0]}? " if close else ""
            parser.exit(2, f"there is no program {name!r}: {hint}--list lists them all\n")
    return options


def main(arguments: list[str] | None = None) -> None:
    options = parse(arguments)
    if options.list:
        width = max(map(len, PROGRAMS))
        for name in PROGRAMS:
            print(f"{name:{width}}  {title_of(name)}")
        return
    if options.page is not None:
        write_page(options.page)
        return
    if options.pictures is not None:
        draw_into(options.pictures)
        return
    for name in options.names or PROGRAMS:
        run(name, options.code)


if __name__ == "__main__":
    try:
        try:
            main()
        finally:  # --help leaves by an exception, with its text unwritten
            sys.stdout.flush()
    except BrokenPipeError:  # whoever read has stopped reading, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
