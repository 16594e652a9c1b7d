"""Systems that take turns, each in a process of its own: started, compared, timed, given up.

A system that is not installed, fails, crashes, takes too long or computes something else than NumPy
is a text that says so, in the place of its figures.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import json
import os
import select
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import microgpt
from benchmarks.network import POINT, by_hand, flat, samples_of, shown
from benchmarks.sections import EAGER, Case, Section, System
from benchmarks.systems import eager
from benchmarks.worker import NUMBERS, memory

ROOT = Path(__file__).parents[1]
COPIES = 4  # of a result, that the systems may need at a time
LONG = 5.0  # seconds: a system whose turn takes longer has no other
ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"), "1"
)


@dataclass(frozen=True)
class Figure:
    """What a system took, in seconds: the least of each part, the least and the median of all."""

    parts: tuple[float, ...]
    least: float
    median: float


@dataclass(frozen=True)
class Plan:
    """How long all may take; None is as the section says."""

    seconds: float = 0.3  # of a turn
    limit: float | None = None
    rounds: int | None = None


class GivenUpError(Exception):
    """A system that cannot be measured, and why."""


# ---- The process of a system -------------------------------------------------------------------


class Worker:
    """The process of one system, ready to take turns."""

    def __init__(self, section: Section, system: System, case: Case, limit: float) -> None:
        self.limit = limit
        self.folder = tempfile.TemporaryDirectory(prefix="autodiff-benchmark-")
        self.errors = Path(self.folder.name, "errors")
        words = [system.module, section.key, system.form, json.dumps(case.sizes)]
        with self.errors.open("wb") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "benchmarks.worker", *words, str(section.processors)],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors,
                cwd=self.folder.name, env=self.environment(), start_new_session=True,
            )  # fmt: skip

    def environment(self) -> dict[str, str]:
        """Return an environment with an empty home: nothing that was compiled before is found."""
        home = self.folder.name
        given = {name: value for name, value in os.environ.items() if not name.startswith("XDG_")}
        given.pop("PYTHONDONTWRITEBYTECODE", None)  # an import takes what an installed one does
        path = os.pathsep.join(filter(None, [str(ROOT), given.get("PYTHONPATH")]))
        places = {"HOME": home, "TMPDIR": home, "AUTODIFF_CACHE": "", "PYTHONPATH": path}
        return {"JAX_PLATFORMS": "cpu", **given, **ONE_THREAD, **places}

    def answer(self) -> Any:
        """Return what the process says next."""
        assert self.process.stdout is not None
        if not select.select([self.process.stdout], [], [], self.limit)[0]:
            raise GivenUpError(f"not in {self.limit:g} s")
        line = self.process.stdout.readline()
        if not line:
            raise GivenUpError(self.last_words())
        found = json.loads(line)
        if "failed" in found:
            raise GivenUpError(found["failed"])
        return found

    def last_words(self) -> str:
        """Say how the process ended."""
        status = self.process.wait()
        lines = self.errors.read_text(errors="replace").split("\n")
        if any("bad_alloc" in line or "MemoryError" in line for line in lines):
            return "does not fit"
        how = f"status {status}" if status >= 0 else signal.Signals(-status).name
        said = next((line.strip() for line in reversed(lines) if line.strip()), "")
        return f"ends by {how}: {said}"[:100]

    def numbers(self) -> Any:
        self.answer()
        return np.fromfile(Path(self.folder.name, NUMBERS))

    def turn(self, seconds: float) -> Any:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{seconds}\n".encode())
        self.process.stdin.flush()
        return self.answer()

    def close(self) -> None:
        """End the process, and what it has started."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()
        self.process.wait()
        self.folder.cleanup()


# ---- What is right -----------------------------------------------------------------------------


@cache
def expected(section: str, **sizes: int) -> Any:
    """Return the numbers that are right: by NumPy, those of the model by the class of microgpt."""
    if section == "importing":
        return np.empty(0)
    if section == "model":
        return np.array(microgpt.train(eager.Microgpt, **sizes)[0])
    if section == "chain":
        return np.full(2, np.prod(np.full(sizes["length"], eager.FACTOR)))
    width = sizes["width"]
    if section == "samples":
        xs = samples_of(sizes["rows"])[shown(sizes["rows"])]
        return flat(*by_hand(width, xs))
    if "rows" in sizes:
        return flat(*by_hand(width, samples_of(sizes["rows"]), mean=True))
    return flat(*by_hand(width, np.array([POINT])))


def compare(numbers: Any, right: Any) -> None:
    if numbers.shape != right.shape:
        raise GivenUpError(f"DISAGREES with NumPy: {len(numbers)} numbers, not {len(right)}")
    wrong = ~np.isclose(numbers, right, rtol=1e-9, atol=1e-12)
    if wrong.any():
        i = int(np.argmax(wrong))
        raise GivenUpError(f"DISAGREES with NumPy: {numbers[i]:.9g}, not {right[i]:.9g}")


# ---- The turns --------------------------------------------------------------------------------


def absent(system: System) -> str | None:
    """Say why a system cannot even be tried."""
    if (system.module, system.form) == (EAGER, "compiled") and not os.environ.get("COMPILED"):
        return "not built"
    try:
        importlib.metadata.version(system.distribution) if system.distribution else None
    except importlib.metadata.PackageNotFoundError:
        return "not installed"
    return None


def beyond(section: Section, case: Case) -> str | None:
    """Say why no system can do a case here."""
    if section.key == "samples" and COPIES * case.gigabytes * 1e9 > memory():
        return f"does not fit: {case.gigabytes:.0f} GB"
    if len(os.sched_getaffinity(0)) < section.processors:
        return "one processor here"
    return None


class Round:
    """The systems that are still measured in a case, and what they took so far."""

    def __init__(self, section: Section, case: Case, plan: Plan) -> None:
        self.section, self.case, self.plan = section, case, plan
        self.workers: dict[str, Worker] = {}
        self.took: dict[str, list[dict[str, Any]]] = {}
        self.failed: dict[str, str] = {}
        self.slow: set[str] = set()

    def take_turn(self, name: str) -> None:
        alone = self.section.alone or self.case.alone
        start = time.perf_counter()
        try:
            if name not in self.workers:
                self.start(name)
                start = start if alone else time.perf_counter()  # others get ready but once
            self.took.setdefault(name, []).append(self.workers[name].turn(self.plan.seconds))
        except GivenUpError as reason:
            self.failed[name] = str(reason)
        if time.perf_counter() - start > LONG:
            self.slow.add(name)
        if alone or name in self.failed or name in self.slow:
            self.close(name)

    def start(self, name: str) -> None:
        """Start a system, and compare its numbers."""
        system = self.section.systems[name]
        limit = self.plan.limit or self.section.limit
        self.workers[name] = Worker(self.section, system, self.case, limit)
        right = expected(self.section.key, **self.case.sizes)
        compare(self.workers[name].numbers(), right)

    def close(self, name: str) -> None:
        if name in self.workers:
            self.workers.pop(name).close()

    def run(self, names: list[str]) -> None:
        try:
            for _ in range(self.plan.rounds or self.section.rounds):
                for name in names:
                    if name not in self.failed and name not in self.slow:
                        self.take_turn(name)
        finally:
            for name in list(self.workers):
                self.close(name)

    def figure(self, name: str) -> Figure | str:
        if name in self.failed:
            return self.failed[name]
        took, work = self.took[name], self.case.work
        parts = zip(*(turn["parts"] for turn in took), strict=True)
        return Figure(
            tuple(min(column) / work for column in parts),
            min(turn["least"] for turn in took) / work,
            statistics.median(turn["median"] for turn in took) / work,
        )


def measured(section: Section, case: Case, plan: Plan, before: dict[str, str]) -> Any:
    """Return the figures, or why there is none; `before` are the failures of smaller cases."""
    everyone = beyond(section, case)
    reasons = {
        name: absent(system) or everyone or before.get(name)
        for name, system in section.systems.items()
    }
    names = [name for name, reason in reasons.items() if reason is None]
    turns = Round(section, case, plan)
    turns.run(names)
    return {name: reasons[name] or turns.figure(name) for name in section.systems}


def smaller_failures(case: Case, done: list[Case], found: dict[str, Any]) -> dict[str, str]:
    """Return what has failed in a case that is smaller: it is not tried again."""
    failed: dict[str, str] = {}
    for smaller in done:
        if all(smaller.sizes[key] <= most for key, most in case.sizes.items()):
            for name, figure in found[smaller.label].items():
                if isinstance(figure, str):
                    failed.setdefault(name, f"{figure} ({smaller.label})")
    return failed


def all_cases(section: Section, cases: list[Case], plan: Plan) -> dict[str, Any]:
    """Return the figures of each case, by its label and the name of the system."""
    found: dict[str, Any] = {}
    for i, case in enumerate(cases):
        print(f"{section.key}: {case.label}", file=sys.stderr, flush=True)
        before = smaller_failures(case, cases[:i], found)
        found[case.label] = measured(section, case, plan, before)
    return found
