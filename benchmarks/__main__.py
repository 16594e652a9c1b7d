"""autodiff beside the peers that are installed, in one run: a table of ratios.

    python -m pip install ".[bench]"
    python -m benchmarks

prints Markdown; `--write` keeps it in `benchmarks/RESULTS.md`, with a picture of it in the
documents. PyTorch is measured where it is installed. Needs Linux, and a C compiler for some.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.picture import picture
from benchmarks.sections import SECTIONS, Case, Section
from benchmarks.table import page
from benchmarks.turns import ROOT, Plan, all_cases

RESULTS = ROOT / "benchmarks" / "RESULTS.md"
PICTURE = ROOT / "docs" / "images" / "benchmarks.svg"
QUICK = Plan(limit=20, seconds=0.05, rounds=1)


def arguments(given: list[str] | None) -> argparse.Namespace:
    about = __doc__.splitlines()[0]
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=about)
    parser.add_argument(
        "--only", action="append", choices=SECTIONS, metavar="SECTION",
        help=f"a section, several by repeating it: {', '.join(SECTIONS)}",
    )  # fmt: skip
    parser.add_argument("--quick", action="store_true", help="small cases, one turn of each")
    parser.add_argument("--write", action="store_true", help="write RESULTS.md and the picture")
    parser.add_argument(
        "--compiled", metavar="DIR", help="the folder that the compiled engine is installed to"
    )
    return parser.parse_args(given)


def compiled_engine(folder: str) -> str:
    """Compile the engine into a folder; return the folder, or nothing where that fails."""
    print("compiling the engine", file=sys.stderr, flush=True)
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", folder]
    environment = {**os.environ, "AUTODIFF_COMPILE": "1"}
    done = subprocess.run([*install, str(ROOT)], env=environment, stdout=sys.stderr)
    return folder if done.returncode == 0 else ""


def cases_of(section: Section, quick: bool) -> list[Case]:
    return [case for case in section.cases if case.quick or not quick]


def main(given: list[str] | None = None) -> None:
    options = arguments(given)
    keys = [key for key in SECTIONS if key in (options.only or SECTIONS)]
    plan = QUICK if options.quick else Plan()
    with tempfile.TemporaryDirectory(prefix="autodiff-compiled-") as folder:
        engines = {"eager", "model", "chain"} & set(keys)
        compiled = options.compiled or (compiled_engine(folder) if engines else "")
        os.environ["COMPILED"] = os.path.abspath(compiled) if compiled else ""
        cases = {key: cases_of(SECTIONS[key], options.quick) for key in keys}
        found = {key: all_cases(SECTIONS[key], cases[key], plan) for key in keys if cases[key]}
    written = page(found)
    print(written)
    if options.write:
        Path(RESULTS).write_text(written, encoding="utf-8")
        Path(PICTURE).write_text(picture(found), encoding="utf-8")


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # the processes of the systems end, too
    main()
