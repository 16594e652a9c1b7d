"""The tree of all variants on a batch: samples are computed together as long as they go one way.

Takes columns of numbers; gives the outputs of samples that go one way. Where ways part, the numbers
that are needed further on are taken apart, a block of the batch at a time, so that they stay in
cache: what is behind a comparison is computed for the samples that go there alone. In NumPy it is
done here; by machine code, in `program.machine.parted`, of the same nodes.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Any

from autodiff.arrays import is_array
from autodiff.jitting.merging import COMPILED, IN_ARRAYS, MOST, Lines, Part, merged
from autodiff.jitting.variants import Variant
from autodiff.listing import Listing
from autodiff.program.replay import alive, of_block

_BLOCK = 2**17  # samples that are parted at a time at most: 1 MB a column
_FEW = 8  # ways up to which each is looked for by itself; NumPy is slow where one in ten is found
_ALIVE = 2**20  # numbers that are alive at once where samples have parted: 8 MB


class Node:
    """A part of the tree as what computes it.

    Attributes
    ----------
    inputs : list of int
        Which numbers of the batch it takes.
    used : list of int
        The places of what it takes of what was computed before.
    made : list of int
        The places of what it computes for those behind it.
    listing : Listing
        Its lines: from inputs and `used` to the outputs; or to which samples go where, and `made`.
    sides : list of (Node, list of int)
        What is behind it, and the places of what is handed on to each.
    plans : dict
        What machine code has made of it; for it to keep.
    """

    def __init__(self, lines: Lines, part: Part, carried: Sequence[int]) -> None:
        needed = lines.behind(part.own, {*range(lines.inputs), *carried})
        self.inputs = sorted(x for x in needed if x < lines.inputs)
        self.used = [x for x in carried if x in needed]
        if not self.inputs and not self.used:
            self.inputs = [0]  # what has an input has a number for each sample
        found = set(filter(lines.is_number, needed)) | {*carried}
        kept = [lines.carried(side, found) for side in part.sides]
        self.made = sorted({x for places in kept for x in places} - {*carried})
        if part.fork is None:
            masks = []
        elif lines.prices.is_numbered:
            masks = [lines.code_of(part.fork, itertools.count())]
        else:
            masks = lines.masks_of(part.fork)
        outputs = [*part.outputs, *masks, *self.made]
        self.listing = lines.listing([*self.inputs, *self.used], outputs, part.unknown)
        sides = zip(part.sides, kept, strict=True)
        self.sides = [(Node(lines, side, places), places) for side, places in sides]
        self.plans: dict[Any, Any] = {}

    def parted(self, outputs: list[Any], count: int) -> tuple[list[Any], dict[int, Any]]:
        """Return where the samples for each side are, and what was computed for these sides."""
        import numpy

        first, made = outputs[: len(self.sides)], outputs[len(self.sides) :]
        masks = [numpy.broadcast_to(mask, count) for mask in first]
        return _listed(masks), dict(zip(self.made, made, strict=True))


class Tree:
    """All variants of a function as what computes a batch.

    Attributes
    ----------
    example : Listing
        The lines of one variant, which say in what is differentiated.
    whole : Listing or None
        What computes all samples, if it does not pay to part them.
    root : Node
        What computes them if it does.
    """

    def __init__(self, lines: Lines, part: Part, example: Listing) -> None:
        self.example = example
        self.whole: Listing | None = None
        if not part.sides:
            places, kinds = range(lines.inputs), example.derivative_in
            self.whole = lines.listing(places, part.outputs, part.unknown, kinds)
            return
        self.root = Node(lines, part, [])
        nodes, most = [self.root], 1
        for node in nodes:
            nodes += [side for side, _ in node.sides]
            most = max(most, alive(node.listing))
        ways = sum(not node.sides for node in nodes)
        self.block = min(max(_ALIVE * ways // most, 2**14), _BLOCK)

    def blocks(
        self, columns: Sequence[Any], size: int
    ) -> Iterator[tuple[int, int, Iterator[tuple[Any, list[Any]]]]]:
        """Yield where a block begins and ends, and for each way in it the places of the samples
        that go it, counted from there, or None for all, and their outputs."""
        for start in range(0, size, self.block):
            stop = min(start + self.block, size)
            inputs = [x[start:stop] if is_array(x) else x for x in columns]
            yield start, stop, self._of_block(inputs, stop - start)

    def _of_block(self, block: Sequence[Any], size: int) -> Iterator[tuple[Any, list[Any]]]:
        import numpy

        waiting: list[tuple[Node, Any, dict[int, Any]]] = [(self.root, None, {})]
        while waiting:
            node, where, carried = waiting.pop()
            count = size if where is None else len(where)
            inputs = [_at(block[i], where) for i in node.inputs]
            inputs += [carried[x] for x in node.used]
            if not any(map(is_array, inputs)):
                inputs[0] = numpy.full(count, inputs[0])
            outputs = of_block(node.listing, inputs)
            if not node.sides:
                yield where, outputs
                continue
            places, made = node.parted(outputs, count)
            for there, (side, kept) in zip(places, node.sides, strict=True):
                if len(there):
                    further = None if len(there) == count else there
                    numbers = {x: made[x] if x in made else carried[x] for x in kept}
                    numbers = {x: _at(number, further) for x, number in numbers.items()}
                    there = there if where is None else _at(where, there)
                    waiting.append((side, where if further is None else there, numbers))


def _listed(masks: Sequence[Any]) -> list[Any]:
    """Return the places of the samples of each mask; every sample has one."""
    import numpy

    if len(masks) <= _FEW:
        return list(map(numpy.flatnonzero, masks))
    ways = numpy.zeros(len(masks[0]), numpy.int16)
    for way, mask in enumerate(masks[1:], 1):
        ways += mask * numpy.int16(way)
    ends = numpy.cumsum([numpy.count_nonzero(mask) for mask in masks])
    return numpy.split(ways.argsort(kind="stable"), ends[:-1])


def in_order(rows: Sequence[Any], places: Sequence[Any]) -> None:
    """Put numbers that stand way by way in the order of their samples.

    To read each row way by way and write it sample by sample takes half the time of the opposite.
    """
    import numpy

    order = numpy.concatenate(places)
    found = numpy.empty_like(order)
    found[order] = numpy.arange(len(order))
    for row in rows:
        row[:] = _at(row, found)


def _at(x: Any, where: Any) -> Any:
    """Return the numbers of some samples. Their places are right: "clip" does least."""
    return x if where is None or not is_array(x) else x.take(where, mode="clip")


def tree_of(variants: Sequence[Variant], attribute: str, *, is_compiled: bool) -> Tree | None:
    """Return the tree of variants for lines of their programs; None if they are too many."""
    if sum(len(variant.program._lines.steps) for variant in variants) > MOST:
        return None
    ordered = sorted(variants, key=lambda variant: variant.truths)
    listings = [getattr(variant.program, attribute) for variant in ordered]
    if sum(len(listing.steps) for listing in listings) > MOST:
        return None
    prices = COMPILED if is_compiled else IN_ARRAYS
    return Tree(*merged(ordered, listings, prices), listings[0])
