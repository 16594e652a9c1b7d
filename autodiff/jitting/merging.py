"""The lines of all variants as one tree: what all compute first, then where they go apart.

Takes variants; gives a tree whose forks are the comparisons at which samples part. Lines that
several variants have are one. Where lines behind a fork are few, or alike on both sides, they are
computed for all samples and the right ones are chosen: parting samples would cost more.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

from autodiff.jitting.melding import melded
from autodiff.jitting.steps import Steps
from autodiff.jitting.variants import Variant
from autodiff.listing import INPUT, LIKE, Listing, is_scale
from autodiff.rows import TABLE

MOST = 20_000  # lines of all variants that are merged

_FAR = 2  # times the price of parting samples, from which on not to part them is given up


class Prices(NamedTuple):
    """What takes how long for a sample, in lines that are an instruction."""

    function: int  # such as a sine
    division: int  # or a square root
    remainder: int
    halving: int  # a remainder by a power of two
    choice: int  # of one of two numbers
    parting: int  # telling which samples go where
    moving: int  # a number to those of the samples that go the same way
    is_numbered: bool  # which samples go where is one number, else a truth for each way


IN_ARRAYS = Prices(
    function=40,
    division=1,
    remainder=40,
    halving=10,
    choice=4,
    parting=20,
    moving=2,
    is_numbered=False,
)
COMPILED = Prices(
    function=40,
    division=6,
    remainder=66,
    halving=6,
    choice=1,
    parting=20,
    moving=14,
    is_numbered=True,
)


Fork = tuple[int, Any, Any]


def _conditions(fork: Fork | None) -> list[int]:
    """Return the places of all that is asked."""
    return [] if fork is None else [fork[0], *_conditions(fork[1]), *_conditions(fork[2])]


class Part:
    """What some variants compute that begin alike.

    Attributes
    ----------
    variant : Variant
        One of them.
    samples : int
        How many samples of a batch were seen to go these ways.
    share : float
        Their share of those that came to the fork before; a half if none were seen.
    price, rest : float
        What such a sample takes from the fork before on; and what of it behind this part.
    conditions : list of int
        The places of what it asks.
    depth : int
        How many of its answers are those of all of them.
    outputs : list of int
        What is computed for samples that go these ways; nothing where they part.
    sides : list of Part
        Where they part: those that are next.
    fork : tuple or None
        What is asked to tell who goes where: the place of a condition; then, for the samples for
        which it does not hold and for those for which it does, what is asked next. None: nothing.
    unknown : int or None
        The place of whether a sample that begins alike goes a way of no variant; None if none can.
    """

    def __init__(
        self, variant: Variant, conditions: list[int], depth: int, outputs: Sequence[int] = ()
    ) -> None:
        self.variant = variant
        self.samples = variant.samples
        self.share = 1.0
        self.price = self.rest = 0.0
        self.conditions = conditions
        self.depth = depth
        self.outputs = outputs
        self.sides: list[Part] = []
        self.fork: Fork | None = None
        self.unknown: int | None = None

    @property
    def own(self) -> list[int]:
        """The places of what is computed before samples part."""
        known = [] if self.unknown is None else [self.unknown]
        return [*known, *_conditions(self.fork), *self.outputs]

    @property
    def needed(self) -> list[int]:
        """The places of all that is computed."""
        parts, places = [self], list[int]()
        while parts:
            part = parts.pop()
            places += part.own
            parts += part.sides
        return places

    def common(self, other: Part) -> int:
        """Return how many answers two ways have in common."""
        pairs = zip(self.variant.truths, other.variant.truths, strict=False)
        return next(i for i, (x, y) in enumerate(pairs) if x != y)


Place = tuple[Part, bool]  # a part, and whether what it asks is asked where it parts from others


class Forms(NamedTuple):
    """Ways as a part that all their samples compute, if that pays, and as one where these part.

    Which is the better one is known when all ways are together. That samples part costs something
    once, however many ways there are; with what is computed for all it is each way that does.
    """

    whole: Part | None
    parted: Part | None

    @property
    def both(self) -> list[Part]:
        """Those that there are."""
        return [part for part in self if part is not None]

    @property
    def best(self) -> Part:
        """The one that takes less time."""
        return min(self.both, key=lambda part: part.price)

    def common(self, other: Forms) -> int:
        """Return how many answers the ways of both have in common."""
        return self.best.common(other.best)

    @property
    def places(self) -> list[Place]:
        """How it may stand behind a fork."""
        return [(self.best, False), *([(self.parted, True)] if self.parted else [])]


class Lines(Steps):
    """The steps of all variants, and what they cost."""

    def __init__(self, inputs: int, prices: Prices) -> None:
        super().__init__(inputs)
        self.prices = prices

    def masks_of(self, fork: Fork) -> list[int]:
        """Return the place of which samples go to each side."""
        condition, no, yes = fork
        masks = []
        for here, ends in ((self.step("not", condition), no), (condition, yes)):
            further = [] if ends is None else self.masks_of(ends)
            masks += [self.step("and", here, x) for x in further] or [here]
        return masks

    def code_of(self, fork: Fork | None, numbers: Iterator[int]) -> int:
        """Return the place of the number of the side that a sample goes to."""
        if fork is None:
            return self.step(LIKE, constant=Fraction(next(numbers)))
        condition, *further = fork
        no, yes = (self.code_of(ends, numbers) for ends in further)
        return self.step("where", condition, yes, no)

    # ---- Prices ---------------------------------------------------------------------------------

    def cost(self, places: Iterable[int]) -> int:
        """Return how long places take to compute, in lines."""
        return sum(map(self._cost, places))

    def _cost(self, place: int) -> int:
        operation, operands, constant = self.steps[place]
        if operation == INPUT or constant is not None:
            return 0
        if operation in ("%", "//"):
            is_simple = is_scale(self.steps[operands[1]].constant)
            return self.prices.halving if is_simple else self.prices.remainder
        if operation in ("/", "sqrt"):
            return self.prices.division
        if operation == "where":
            return self.prices.choice
        return 1 if TABLE[operation].llvm else self.prices.function

    # ---- Parts ----------------------------------------------------------------------------------

    def part(self, variant: Variant, lines: Listing) -> Part:
        """Write the lines of a variant."""
        own = variant.program._lines
        places = self.inlined(own)
        conditions = [places[guard.condition] for guard in variant.guards]
        places = places if lines is own else self.inlined(lines)
        return Part(variant, conditions, len(conditions), [places[x] for x in lines.outputs])

    def settle(self, part: Part, depth: int) -> None:
        """Note which samples go no way of a part, of those that begin so alike."""
        for i in reversed(range(depth, part.depth)):
            fails = part.conditions[i]
            if part.variant.truths[i]:
                fails = self.step("not", fails)
            part.unknown = fails if part.unknown is None else self.step("or", fails, part.unknown)

    def joined(self, no: Forms, yes: Forms) -> Forms:
        """Put ways together that go apart at one condition."""
        depth = no.common(yes)
        samples = no.best.samples + yes.best.samples
        for part in (*no.both, *yes.both):
            self.settle(part, depth + 1)
            part.share = part.samples / samples if samples else 0.5
        before = self.behind(no.best.conditions[: depth + 1])
        places = itertools.product(no.places, yes.places)
        options = [self._parted(depth, before, *x) for x in places]
        parted = min(options, key=lambda part: part.price)
        whole = None
        if no.whole and yes.whole:
            whole = self._whole(depth, before, (no.whole, yes.whole), _FAR * parted.price)
        return Forms(whole, parted)

    def _begun(self, depth: int, no: Place, yes: Place) -> Part:
        """Return what is to become of two parts, with what is asked of all samples."""
        joined = Part(no[0].variant, no[0].conditions, depth)
        joined.samples = no[0].samples + yes[0].samples
        condition, forks = joined.conditions[depth], list[Fork | None]()
        for is_yes, (part, is_asked) in enumerate((no, yes)):
            if is_asked and part.unknown is not None:
                here = condition if is_yes else self.step("not", condition)
                unknown = self.step("and", here, part.unknown)
                known = joined.unknown
                joined.unknown = unknown if known is None else self.step("or", known, unknown)
            joined.sides += part.sides if is_asked else [part]
            forks.append(part.fork if is_asked else None)
        joined.fork = (condition, forks[0], forks[1])
        return joined

    def _parted(self, depth: int, before: set[int], no: Place, yes: Place) -> Part:
        """Let samples part; what is asked next of some of them may be asked of all.

        That is more to compute, but to tell which samples go where, and to move what they need,
        takes time, too.
        """
        joined = self._begun(depth, no, yes)
        known = before | self.behind(joined.own)
        found = set(filter(self.is_number, known))
        for part, is_asked in (no, yes):
            here = 0.0
            if not is_asked:
                lines = self.behind(part.own) - known
                moved = len(self.carried(part, found)) + len(part.outputs)
                moved += len([x for x in lines if x < self.inputs])
                here = self.cost(lines) + self.prices.moving * moved
                here += self.prices.parting if part.sides else 0
            joined.rest += part.share * (here + part.rest)
        joined.price = self.cost(known - before) + self.prices.parting + joined.rest
        return joined

    def _whole(
        self, depth: int, before: set[int], parts: tuple[Part, Part], most: float
    ) -> Part | None:
        """Compute two parts for all samples, as one where they are alike; None if it is more."""
        if any(self.cost(self.behind(part.own) - before) > most for part in parts):
            return None
        no, yes = parts
        joined = self._begun(depth, (no, True), (yes, True))
        joined.fork, condition = None, joined.conditions[depth]
        joined.outputs = melded(self, condition, yes.outputs, no.outputs, before)
        joined.price = self.cost(self.behind(joined.own) - before)
        return joined if joined.price <= most else None

    def carried(self, part: Part, found: set[int]) -> list[int]:
        """Return which numbers that were found to hand on to a part.

        Those that take longer to compute from the others than to be handed on.
        """
        needed, carried = part.needed, set[int]()
        for place in sorted(self.behind(needed) & found):
            if self.cost(self.behind([place], carried) - carried) > self.prices.moving:
                carried.add(place)
        return sorted(self.behind(needed, carried) & carried)


def merged(
    variants: Sequence[Variant], listings: Sequence[Listing], prices: Prices
) -> tuple[Lines, Part]:
    """Return lines of variants, in the order of their ways, and their tree."""
    lines, found = Lines(listings[0].inputs, prices), list[Forms]()
    for variant, listing in zip(variants, listings, strict=True):
        new = Forms(lines.part(variant, listing), None)
        while len(found) > 1 and found[-2].common(found[-1]) > found[-1].common(new):
            found[-2:] = [lines.joined(*found[-2:])]
        found.append(new)
    while len(found) > 1:
        found[-2:] = [lines.joined(*found[-2:])]
    best = found[0].best
    lines.settle(best, 0)
    return lines, best
