"""Type at random: how many command lines, the slowest, their exit statuses, and no traceback.

    python tests/fuzz_command_line.py --lines 100000 --processes 300

Most lines run in this process, through `main` with captured streams. The others are processes of
their own, with odd standard streams and with interrupts. A line fails if it shows a traceback or
says that autodiff made a mistake, if its status is none of 0, 1, 2 and 130, if its status is 2
without a line that says why, or if it takes longer than `--seconds` of processor time.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import io
import math
import os
import pathlib
import random
import re
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from autodiff.__main__ import main
from autodiff.formula import FUNCTIONS

NAMES = ["x", "y", "z", "w", "a", "pi", "e", "self", "formula", "β", "weight", "input", "autodiff"]
NUMBERS = [
    "0", "1", "2", "3", "0.5", "10", "1e-8", "1e8", "1e308", "1e-308", "10**400", "2**-1074", ".1",
    "9**9**9", "1/3", "pi", "-1", "7.", "1_0", "0x10", "1e5000", "9" * 300, "1." + "7" * 290,
    "3**600",
]  # fmt: skip
INFIX = ["+", "-", "*", "/", "**", "%", "//"]
COMPARISONS = ["<", "<=", ">", ">=", "==", "!="]
PIECES = [
    *"()+-*/%=<>;,.[]{}'\"#:_^!|²°√\\@~$&?\0\ufeff\udcff\u2028\x1b\t\r\n", "**", "//", "lambda",
    "for", "if", "import", ".__class__", "self", "2x", "x²", "x (", "log(x, 2)", "asin(x)", "ln(x)",
    "where(", "sin(", "1e", "0b2", "é", "🙂", "µ", "ﬁ", "def f(x): x", "\\N{DASH}", "--", "-",
]  # fmt: skip
OPTIONS = [
    ("--order", "2"), ("--order", "3"), ("--order", "4"), ("--json",), ("--verbose",),
    ("--points", "3"), ("--points", "1000000"), ("--seed", "7"), ("--seed", "-1"), ("--order=2",),
]  # fmt: skip
ODD_OPTIONS = [
    ("--order", "0"), ("--order", "x"), ("--points", "-1"), ("--points", "9" * 5000),
    ("--seed", "x"), ("--version",), ("--help",), ("-h",), ("--",), ("-x",), ("--bogus",),
    ("--by-hand",), ("--file",), ("--draw",), ("--file", "\0"),
    ("--file", "/"), ("--file", "/nowhere"), ("--draw", "/nowhere/x.dot"), ("--draw", "x.txt"),
    ("--draw", "/dev/full.dot"), ("--by-hand=x",), ("-",),
]  # fmt: skip


# ---- What is typed ----------------------------------------------------------------------------


class Typist:
    """Types command lines, from a seed."""

    def __init__(self, seed: int, folder: str) -> None:
        self.rng = random.Random(seed)
        self.folder = folder

    def expression(self, depth: int, names: Sequence[str] = NAMES[:5]) -> str:
        """Type a formula of some depth that is nearly always right."""
        rng = self.rng
        if depth <= 0 or rng.random() < 0.1:
            return rng.choice(names if names and rng.random() < 0.8 else NUMBERS[:5] + NUMBERS)
        kind = rng.random()
        if kind < 0.45:
            a, b = self.expression(depth - 1, names), self.expression(depth - 1, names)
            return f"({a} {rng.choice(INFIX)} {b})"
        if kind < 0.5:
            a, b = self.expression(depth - 2, names), self.expression(depth - 2, names)
            rest = f"{self.expression(depth - 1, names)}, {self.expression(depth - 1, names)}"
            return f"where({a} {rng.choice(COMPARISONS)} {b}, {rest})"
        if kind < 0.55:
            return f"-{self.expression(depth - 1, names)}"
        name = rng.choice(sorted(FUNCTIONS.keys() - {"where"}))
        inside = [self.expression(depth - 1, names) for _ in FUNCTIONS[name]]
        return f"{name}({', '.join(inside)})"

    def nested(self) -> str:
        """Type one function or operation many times into itself."""
        rng, text = self.rng, "x"
        name = rng.choice(sorted(FUNCTIONS))
        for i in range(rng.choice([5, 20, 99])):
            others = [", ".join(rng.choice(["x", "y", f"v{i}", "2"]) for _ in FUNCTIONS[name][1:])]
            inside = ", ".join([text, *filter(None, others)])
            text = f"{name}({inside})" if rng.random() < 0.9 else f"({text} {rng.choice(INFIX)} x)"
        return text

    def wide(self) -> str:
        """Type a long formula, flat or in statements that double."""
        rng, count = self.rng, self.rng.choice([10, 100, 400])
        if rng.random() < 0.5:
            return rng.choice(INFIX).join(f"{rng.choice(['x', 'y', 'v'])}" for _ in range(count))
        if rng.random() < 0.5:
            return "+".join(f"x{i} * x{i + 1}" for i in range(count))
        step = rng.choice(["a{0} + a{0}", "sin(a{0}) * a{0}", "a{0} ** 2 - x", "a{0} / (a{0} + x)"])
        return "; ".join(["a0 = x", *(f"a{i + 1} = {step.format(f'{i}')}" for i in range(count))])

    def noise(self) -> str:
        return "".join(self.rng.choice(PIECES + NAMES) for _ in range(self.rng.randrange(12)))

    def spoilt(self, text: str) -> str:
        """Take out, double or replace a few letters."""
        rng = self.rng
        for _ in range(rng.randrange(1, 4)):
            if text:
                at = rng.randrange(len(text))
                piece = rng.choice(["", text[at] * 2, rng.choice(PIECES)])
                text = text[:at] + piece + text[at + 1 :]
        return text

    def formula(self) -> str:
        kind = self.rng.random()
        if kind < 0.5:
            text = self.expression(self.rng.randrange(1, 6))
        elif kind < 0.6:
            text = (
                f"u = {self.expression(2)}; v = u * {self.expression(2)}; {self.expression(1)} + v"
            )
        elif kind < 0.7:
            text = self.nested()
        elif kind < 0.8:
            text = self.wide()
        else:
            return self.noise()
        return self.spoilt(text) if self.rng.random() < 0.2 else text

    def number(self) -> str:
        rng = self.rng
        text = rng.choice(NUMBERS) if rng.random() < 0.3 else f"{rng.uniform(-3, 3):.3g}"
        return f"{text}:{rng.choice(NUMBERS)}" if rng.random() < 0.1 else text

    def line(self) -> list[str]:
        """Type one command line."""
        rng = self.rng
        formula = self.formula()
        words = [formula]
        if rng.random() < 0.05:
            words = ["--file", str(self.file(formula))]
        words_of_it = dict.fromkeys(re.findall(r"[^\W\d]\w*", formula))
        computed = re.findall(r"(\w+) =", formula)
        used = [n for n in words_of_it if n not in {*FUNCTIONS, *computed, "pi", "e"}]
        if rng.random() < 0.8:
            words += [f"{name}={self.number()}" for name in used]
        if rng.random() < 0.2:
            for name in rng.sample(used or ["x"], min(len(used or "x"), rng.randrange(1, 3))):
                by_hand = formula if rng.random() < 0.2 else self.expression(rng.randrange(4), used)
                words += ["--by-hand", f"{name}={by_hand}"]
        if rng.random() < 0.12:
            words.append("--formula")
        if rng.random() < 0.03:
            words += ["--draw", f"{self.folder}/graph.dot"]
        for _ in range(rng.choice([0, 0, 1, 1, 2])):
            words += rng.choice(OPTIONS if rng.random() < 0.9 else ODD_OPTIONS)
        if rng.random() < 0.1:
            rng.shuffle(words)
        if rng.random() < 0.05:
            words.insert(rng.randrange(len(words) + 1), self.noise())
        return words

    def file(self, text: str) -> pathlib.Path:
        """Write a formula into a file, with or without a byte-order mark."""
        encoding = self.rng.choice(["utf-8", "utf-8-sig", "utf-16"])
        path = pathlib.Path(self.folder) / "formula.txt"
        path.write_bytes(text.encode(encoding, "replace"))
        return path


# ---- What comes of it -------------------------------------------------------------------------


class Outcome(NamedTuple):
    """How a command line ended."""

    words: list[str]
    status: int
    seconds: float
    errors: str

    def problem(self, most_seconds: float = math.inf) -> str:
        """Return what is wrong with it, if anything."""
        if "Traceback" in self.errors or "a mistake of autodiff" in self.errors:
            return self.errors.strip().splitlines()[-1]
        if self.status not in (0, 1, 2, 130):
            return f"status {self.status}"
        if (self.status == 2) != self.errors.startswith("autodiff: ") and self.status != 130:
            return f"status {self.status} and the error {self.errors!r}"
        if self.status == 130 and self.errors != "autodiff: interrupted\n":
            return f"interrupted, and {self.errors!r}"
        return f"{self.seconds:.1f} s" if self.seconds > most_seconds else ""


def in_this_process(words: list[str], typed: str = "x * x") -> Outcome:
    """Run a command line through `main`."""
    out, err = io.StringIO(), io.StringIO()
    before, sys.stdin = sys.stdin, io.StringIO(typed)
    start = time.process_time()
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            status = main(words)
    finally:
        sys.stdin = before
    return Outcome(words, status, time.process_time() - start, err.getvalue())


STREAMS = [
    "< /dev/null", "<&-", ">&-", "> /dev/full", "2>&-", "2> /dev/full", "< /dev/urandom",
    "<&- >&- 2>&-", "< /dev/zero", "| head -c 5; exit ${PIPESTATUS[0]}",
]  # fmt: skip


def as_process(words: list[str], streams: str) -> Outcome:
    """Run a command line as a process of its own, with odd standard streams."""
    command = [sys.executable, "-m", "autodiff", *[w.replace("\0", "") for w in words]]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    finished = subprocess.run(
        ["bash", "-c", f'"$@" {streams}', "bash", *command], capture_output=True, timeout=120
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    told = finished.stderr.decode("utf-8", "replace")
    if "2>" in streams and finished.returncode == 2:
        told = "autodiff: (nobody listens)"
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Outcome([streams, *words], finished.returncode, seconds, told)


def interrupted(folder: str, wait: float) -> Outcome:
    """Run a command line whose formula comes from a pipe, and interrupt it soon after that."""
    pipe = pathlib.Path(folder) / "pipe"
    pipe.unlink(missing_ok=True)
    os.mkfifo(pipe)
    words = ["--file", str(pipe), "x=0.5", "--by-hand", "x=1", "--formula", "--order", "3"]
    process = subprocess.Popen(
        [sys.executable, "-m", "autodiff", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    with pipe.open("w") as formula:  # waits until it is opened for reading, too
        formula.write("tanh(exp(sin(x) * tanh(x)) / x)")
    time.sleep(wait)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=120)
    return Outcome(words, process.returncode, 0.0, errors.decode())


def outcomes(options: argparse.Namespace, folder: str) -> Iterator[Outcome]:
    """Run all command lines."""
    typist = Typist(options.seed, folder)
    for _ in range(options.lines):
        yield in_this_process(typist.line())
    for i in range(options.processes):
        if i % 5 == 0:
            yield interrupted(folder, typist.rng.uniform(0, 1))
        else:
            yield as_process(typist.line(), typist.rng.choice(STREAMS))


def run() -> int:
    """Run, print the figures, and return how many command lines failed, 1 at most."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lines", type=int, default=10_000, help="in this process")
    parser.add_argument("--processes", type=int, default=100, help="as processes of their own")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=2.0, help="that a line may take")
    options = parser.parse_args()
    statuses: collections.Counter[int] = collections.Counter()
    slowest: list[tuple[float, list[str]]] = []
    failed = 0
    os.environ.pop("FORCE_COLOR", None)
    with tempfile.TemporaryDirectory() as folder:
        for outcome in outcomes(options, folder):
            statuses[outcome.status] += 1
            slowest = sorted([*slowest, (outcome.seconds, outcome.words)])[-5:]
            if problem := outcome.problem(options.seconds):
                failed += 1
                print(f"{problem}: {str(outcome.words)[:600]}", flush=True)
    print(f"{sum(statuses.values())} command lines, {failed} failed; by status {dict(statuses)}")
    for seconds, words in reversed(slowest):
        print(f"{seconds:.2f} s: {str(words)[:200]}")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(run())
