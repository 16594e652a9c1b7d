"""Where the numbers of a program are kept: its lines in chunks, what crosses them in slots.

LLVM's time grows with the square of the length of a function, so a long program is many functions.
A number that a later chunk uses is written to a slot of the scratch memory, which another number
takes over after its last use.
"""

from __future__ import annotations

import dataclasses
import functools
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from autodiff.listing import Listing
from autodiff.rows import TABLE

_LENGTH = 500  # lines of a chunk
_LONG = 5000  # lines of a program whose compile time counts, and which no nearest cache holds
_SHORT, _GROUP = 150, 4  # its chunks; the vectors of samples that each is run for


@dataclasses.dataclass(frozen=True)
class Variant:
    """What a kernel is for: the same lines on other inputs and outputs are other code.

    Attributes
    ----------
    varies : tuple of bool
        Which inputs have a number for each sample; the others are shared by all.
    summed : tuple of bool
        Which outputs are added up over the samples; the others are stored for each.
    streams : bool
        Whether stores bypass the caches: results that are larger than those.
    is_listed : bool
        Whether a list says which samples are computed; inputs, one number behind the other, and
        results are where these are.
    sides : int
        How many ways samples go on; 0: all go one way. The first output says which one, and is kept
        as a list of the samples that go there.
    """

    varies: tuple[bool, ...]
    summed: tuple[bool, ...]
    streams: bool = False
    is_listed: bool = False
    sides: int = 0

    def __hash__(self) -> int:
        return self._hash  # of hundreds of truths: computed once

    @functools.cached_property
    def _hash(self) -> int:
        return hash((self.varies, self.summed, self.streams, self.is_listed, self.sides))

    @functools.cached_property
    def rows(self) -> int:
        """How many outputs are stored for each sample."""
        return self.summed.count(False)

    @functools.cached_property
    def streamed(self) -> Variant:
        """The same, with stores that bypass the caches."""
        return dataclasses.replace(self, streams=True)

    @property
    def is_single(self) -> bool:
        """Whether there is one sample only."""
        return not (self.is_listed or any(self.varies))


class Chunk(NamedTuple):
    """Lines that are one function, and what is handed from one to another."""

    places: Sequence[int]
    loads: dict[int, int]  # slots of what earlier chunks have computed
    stores: dict[int, int]  # slots of what later chunks use


class Layout(NamedTuple):
    """How a program is computed.

    Attributes
    ----------
    chunks : list of Chunk
        Its lines.
    slots : int
        How many vectors cross from one chunk to another.
    group : int or None
        How many vectors of samples each chunk is run for before the next chunk is; None: as many as
        are near.
    """

    chunks: list[Chunk]
    slots: int
    group: int | None


def layout_of(listing: Listing, length: int | None = None) -> Layout:
    """Cut a listing into chunks, and give slots to what crosses them.

    Of two orders of the lines, the one that needs fewer slots.
    """
    early, late = list(listing.computed), _late(listing)
    is_long = len(early) >= _LONG
    length = length or (_SHORT if is_long else _LENGTH)
    layouts = [_in_order(listing, places, length) for places in (early, late)]
    chunks, slots = min(layouts, key=lambda layout: layout[1])
    ordered = [x._replace(places=_calls_together(listing, x.places)) for x in chunks]
    return Layout(ordered, slots, _GROUP if is_long else None)


def _in_order(listing: Listing, places: Sequence[int], length: int) -> tuple[list[Chunk], int]:
    """Return the chunks, and how many slots they need."""
    starts = range(0, max(len(places), 1), length)
    parts = [places[start : start + length] for start in starts]
    chunk_of = {place: number for number, part in enumerate(parts) for place in part}
    last = dict(chunk_of)  # the last chunk that uses a line
    for place in places:
        for operand in listing.steps[place].operands:
            if operand in chunk_of:
                last[operand] = max(last[operand], chunk_of[place])
    chunks, slot_of, free, slots = [], dict[int, int](), list[int](), 0
    ending: list[list[int]] = [[] for _ in parts]
    for number, part in enumerate(parts):
        used = {x for place in part for x in listing.steps[place].operands}
        loads = {x: slot_of[x] for x in sorted(used & slot_of.keys())}
        stores = {}
        for place in part:
            if last[place] > number:
                if not free:
                    free.append(slots)
                    slots += 1
                stores[place] = slot_of[place] = free.pop()
                ending[last[place]].append(place)
        chunks.append(Chunk(part, loads, stores))
        free += [slot_of.pop(place) for place in ending[number]]
    return chunks, slots


def _late(listing: Listing) -> list[int]:
    """Order lines so that what is used once is computed where it is used.

    The terms of a sum are then added one by one; in the order of a reverse sweep, one term of each
    of many sums after the other, all of them would have to be kept.
    """
    computed = listing.computed
    uses = Counter([x for step in computed.values() for x in step.operands])
    kept = {*listing.outputs, *listing.guards}
    once = {place for place in computed if uses[place] == 1 and place not in kept}
    ordered: list[int] = []
    for place in computed:
        if place not in once:
            tree, waiting = list[int](), [place]
            while waiting:
                tree.append(waiting.pop())
                waiting += [x for x in computed[tree[-1]].operands if x in once]
            ordered += reversed(tree)
    return ordered


def _calls_together(listing: Listing, places: Sequence[int]) -> list[int]:
    """Order lines so that calls that do not wait for each other follow one upon the other.

    A call takes all registers away. Of a layer of neurons all sums are computed first, with the
    signals in registers, and then all activations.
    """
    depth: dict[int, int] = {}  # how many calls, one after the other, a line waits for
    calls = set()
    for place in places:
        operation, operands, _ = listing.steps[place]
        depth[place] = max([depth[x] + (x in calls) for x in operands if x in depth], default=0)
        if operation not in TABLE or not TABLE[operation].llvm:
            calls.add(place)
    return sorted(places, key=lambda place: (depth[place], place in calls))
