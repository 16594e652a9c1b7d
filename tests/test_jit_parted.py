"""Batches whose samples part in machine code, against the engine sample by sample."""

import dataclasses
import math

import numpy as np
import pytest

import autodiff
from autodiff.jitting import batches, engine, merging, parting
from autodiff.program import Program

pytest.importorskip("llvmlite")

from autodiff.program import machine
from autodiff.program.machine import Machine, driver, parted
from autodiff.program.machine.kernel import TextError
from autodiff.program.machine.layout import Variant
from autodiff.program.machine.target import WIDTHS, target_of

WIDEST = target_of(None)
BITS = [width for width in WIDTHS if width <= 64 * WIDEST.lanes]


def turns(x, y, w):
    """Part in three, hand numbers on, and part again."""
    z = x * y / 3 + w
    if x < 0.25:
        return z * z / (y * y + 1)
    if x < 0.5:
        return w * x - z
    while z > 0.7:
        z = z * z / (1.5 + abs(y)) - w / 8
    return z * x


@pytest.fixture
def force(monkeypatch):
    """Let samples part at each branch, and nothing be computed group by group."""
    prices = merging.COMPILED._replace(parting=-(10**9), moving=0)
    monkeypatch.setattr(parting, "COMPILED", prices)
    monkeypatch.setattr(engine, "_WORK", 0)
    monkeypatch.setattr(engine.Engine, "compiles", lambda *_: True)

    def forced(known, block=None, function=turns, **options):
        monkeypatch.setattr(engine, "Machine", lambda exact: Machine(exact, **options))
        if block is not None:
            monkeypatch.setattr(parted, "_LARGEST", block)
            monkeypatch.setattr(parted, "_SMALLEST", block)
        f = autodiff.jit(function, (0, 1, 2), exact=True)
        for sample in zip(*known, strict=True):
            f.value_and_grad(*sample)
        return f

    return forced


def numbers(size, seed=5):
    chance = np.random.default_rng(seed)
    return chance.uniform(0, 1, size), chance.uniform(-2, 6, size)


KNOWN = (*(x.tolist() for x in numbers(300, 1)), [0.4] * 300)


def expected(x, y, w, function=turns):
    eager = autodiff.value_and_grad(function, (0, 1, 2))
    rows = [eager(a, b, w) for a, b in zip(x, y, strict=True)]
    return [(value, *slopes) for value, slopes in rows]


def check(f, x, y, w=0.4, function=turns):
    value, slopes = f.value_and_grad(x, y, w)
    found = list(zip(*(column.tolist() for column in (value, *slopes)), strict=True))
    assert found == expected(x.tolist(), y.tolist(), w, function)


@pytest.fixture
def alone(monkeypatch):
    """See to it that machine code parts the samples, and nothing else does."""
    monkeypatch.setattr(parting.Tree, "blocks", None)
    monkeypatch.setattr(batches._Batch, "_of_groups", None)


@pytest.mark.parametrize("width", BITS)
def test_batches_of_every_length_have_the_engines_bits(width, force, alone):
    f = force(KNOWN, block=16, bits=width)
    x, y = numbers(40)
    for size in range(2, 41):
        check(f, x[:size], y[:size])


def of_many(x, y, w):
    """Part in as many ways as samples are told lane by lane on every machine."""
    for i in range(20):
        if x < i / 20:
            return (x - i) * y + w * i
    return y / (x + w)


@pytest.mark.parametrize("width", BITS)
def test_samples_that_go_many_ways_have_the_engines_bits(width, force, alone, monkeypatch):
    asked_at_once = merging.COMPILED._replace(parting=10**6, choice=10**9, moving=0)
    monkeypatch.setattr(parting, "COMPILED", asked_at_once)
    monkeypatch.setenv("AUTODIFF_CACHE", "")
    written = []
    part = driver.part

    def noted(sides, *vectors):
        written.append(sides)
        return part(sides, *vectors)

    monkeypatch.setattr(driver, "part", noted)
    f = force(KNOWN, block=64, function=of_many, bits=width)
    x, y = numbers(403)
    for size in (2, 63, 403):
        check(f, x[:size], y[:size], function=of_many)
    assert written == [20]


def test_what_llvm_refuses_is_told_and_not_computed_in_another_way(force, monkeypatch):
    monkeypatch.setenv("AUTODIFF_CACHE", "")
    monkeypatch.setattr(driver, "part", lambda *_: "no text of a function")
    f = force(KNOWN)
    for _ in range(2):  # the tree is asked in the long way first, then in the short one
        with pytest.raises(TextError, match="LLVM refuses what was written"):
            f.value_and_grad(*numbers(40), 0.4)


@pytest.mark.skipif(256 not in BITS, reason="vectors of AVX2 are halved, and no others")
def test_code_for_vectors_wider_than_the_machines_has_the_engines_bits(force, alone, monkeypatch):
    wider = dataclasses.replace(target_of(256), lanes=8)
    monkeypatch.setattr(machine, "target_of", lambda bits: wider)
    f = force(KNOWN, block=16)
    x, y = numbers(40)
    for size in range(2, 41):
        check(f, x[:size], y[:size])


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("block", [8, 40, 4096])
def test_blocks_of_any_size_give_the_same(block, threads, force, alone, monkeypatch):
    monkeypatch.setattr(parted, "threads_for", lambda lines, size: threads)
    check(force(KNOWN, block=block, threads=threads), *numbers(1003))


LAID_OUT = {
    "a column": lambda x: np.stack([x, -x], axis=1)[:, 0],
    "backwards": lambda x: x[::-1].copy()[::-1],
    "bytes swapped": lambda x: x.astype(">f8"),
}


@pytest.mark.parametrize("work", [0, 10**9], ids=["block by block", "at once"])
@pytest.mark.parametrize("laid_out", LAID_OUT.values(), ids=LAID_OUT)
def test_numbers_are_read_however_they_are_laid_out(laid_out, work, force, alone, monkeypatch):
    monkeypatch.setattr(parted, "_CALLS", work)
    x, y = numbers(203)
    check(force(KNOWN, block=64), laid_out(x), laid_out(y))


def test_samples_of_two_axes_broadcast(force, alone):
    x, y = numbers(12)
    found = force(KNOWN)(x[:, None], y, 0.4)
    assert found.tolist() == [[turns(a, b, 0.4) for b in y.tolist()] for a in x.tolist()]


def test_whole_numbers_and_one_number_for_all(force, alone):
    y = np.arange(-2, 6)
    found = force(KNOWN)(0.75, y, 0.4)
    assert found.tolist() == [turns(0.75, b, 0.4) for b in y.tolist()]


@pytest.mark.parametrize("reduce", ["sum", "mean"])
def test_sums_are_those_of_the_samples(reduce, force, alone):
    x, y = numbers(1003)
    value, slopes = force(KNOWN, block=64).value_and_grad(x, y, 0.4, reduce=reduce)
    columns = list(zip(*expected(x.tolist(), y.tolist(), 0.4), strict=True))
    count = len(x) if reduce == "mean" else 1
    assert value == pytest.approx(math.fsum(columns[0]) / count, rel=1e-12)
    assert slopes[2] == pytest.approx(math.fsum(columns[3]) / count, rel=1e-12)
    for found, column in zip(slopes[:2], columns[1:3], strict=True):
        assert found.tolist() == [slope / count for slope in column]


@pytest.mark.parametrize("reduce", [None, "sum", "mean"])
def test_the_short_way_of_a_batch_that_parts_gives_what_the_other_gives(
    reduce, force, alone, monkeypatch
):
    x, y = numbers(1003)
    f = force(KNOWN, block=64)

    def found():
        return repr((f.value_and_grad(x, y, 0.4, reduce=reduce), f(x, y, 0.4)))

    with monkeypatch.context() as patched:
        patched.setattr(batches.Branching, "_direct", None)
        expected = found()
    with monkeypatch.context() as patched:
        patched.setattr(batches, "_Batch", None)  # which the other way needs
        assert found() == expected


def test_columns_that_are_not_side_by_side_go_the_other_way(force, alone):
    x, y = numbers(1003)
    f = force(KNOWN, block=64)
    assert repr(f(*np.stack([x, y], axis=1).T, 0.4)) == repr(f(x, y, 0.4))


@pytest.mark.parametrize("lengths", [(1, 200), (5, 1, 1)])
def test_a_batch_is_worth_the_threads_that_the_lines_of_a_sample_are(lengths, force):
    def f(x, y, w):
        for i, length in enumerate(lengths):
            if x < i + 1:
                for j in range(length):
                    x = x * y + j / w
                return x
        return w

    x = np.linspace(0.5, len(lengths) + 0.5, 64)
    f = force((x.tolist(), x.tolist(), [0.4] * 64), function=f)
    f.value_and_grad(x, x, 0.4)
    [family] = f._families.values()
    [plan] = family.batch.tree("_lines", is_compiled=True).root.plans.values()
    lines = [len(program) for program in f.programs]
    assert min(lines) < plan.lines < max(lines)


def test_a_way_that_is_not_known_is_traced(force):
    x, y = numbers(500)
    f = force(([0.1, 0.3], [1.0, 1.0], [0.4, 0.4]), block=64)
    check(f, x, y)
    assert len(f.programs) > 3


@pytest.mark.parametrize("divisor", [1, 2, 8.0, -4, 2.0**400, 3, 0.5, -0.25])
@pytest.mark.parametrize("exact", [False, True])
def test_remainders_are_those_of_python(divisor, exact):
    points = [0.0, -0.0, 5e-324, -5e-324, 1e-300, -1e-300, 0.5, -0.5, 3.0, -3.0, 7.75, -7.75]
    points += [4.0, -4.0, 2.0**53 - 1, 1 - 2.0**53, 1.7e308, -1.7e308, 1e300, 123456.789]
    program: Program = autodiff.trace(lambda x: x % divisor, 0.3)
    found = program.compile(exact=exact)(np.array(points))
    assert [x.hex() for x in found.tolist()] == [float(x % divisor).hex() for x in points]
    program = autodiff.trace(lambda x: x // divisor, 0.3)
    found = program.compile(exact=exact)(np.array(points[:16]))
    assert [x.hex() for x in found.tolist()] == [float(x // divisor).hex() for x in points[:16]]


def test_an_array_of_one_number_is_shared(force, alone):
    x, y = numbers(20)
    assert force(KNOWN)(x, y, np.array([0.4])).tolist() == force(KNOWN)(x, y, 0.4).tolist()


def test_each_variant_of_a_kernel_is_other_code():
    lines = autodiff.trace(lambda x: x * x, 1.0)._lines
    compiler = Machine()
    variants = [
        Variant((True,), (False,) * len(lines.outputs), is_listed=is_listed, sides=sides)
        for is_listed in (False, True)
        for sides in (0, 2)
    ]
    assert len({compiler._key(lines, variant) for variant in variants}) == 4
