"""A batch whose samples take different branches: split, each group computed, put in order again.

Takes the numbers of a batch; gives the outputs of the programs that its samples need. Which one a
sample needs is found by asking for the guards alone: the longest program says for every sample
where it goes another way, and those of one such place are a group that is asked further.
"""

from __future__ import annotations

import contextlib
import dataclasses
import math
from collections.abc import Iterator, Sequence
from typing import Any

from autodiff.arrays import PLAIN, is_array
from autodiff.jitting.engine import Engine, Outputs
from autodiff.jitting.variants import Truths, Variant, Variants
from autodiff.listing import Listing
from autodiff.program import GuardError, Program
from autodiff.program.replay import reduced


@dataclasses.dataclass(eq=False, repr=False)
class Branching(Program):
    """A program of a batch, whose samples may go different ways.

    It takes arguments apart and puts derivatives together as a program does; what is computed
    between is that of the variants.
    """

    variants: Any = None
    engine: Any = None

    def _outputs(self, lines: str, numbers: list[Any], reduce: str | None = None) -> list[Any]:
        batch = _Batch(self, numbers)
        return batch.outputs(lines, reduce)


class _Batch:
    """The numbers of a batch."""

    def __init__(self, program: Branching, numbers: list[Any]) -> None:
        import numpy

        self.program = program
        self.numbers = [numpy.asarray(x) if is_array(x) and x.shape else _plain(x) for x in numbers]
        self.shape = numpy.broadcast_shapes(*map(numpy.shape, self.numbers))
        self.size = math.prod(self.shape)
        engine: Engine = program.engine
        self.computed: Outputs = engine.for_batch(program, self.size)
        self.columns = [
            numpy.broadcast_to(x, self.shape).reshape(-1) if is_array(x) else x
            for x in self.numbers
        ]

    def at(self, where: Any) -> list[Any]:
        """Return the numbers of some samples."""
        if len(where) == self.size:
            return self.columns
        return [x[where] if is_array(x) else x for x in self.columns]

    # ---- Which sample needs which program -----------------------------------------------------

    def groups(self) -> dict[Variant, Any]:
        """Return the samples of each variant, in order; the first that fails raises."""
        import numpy

        variants: Variants = self.program.variants
        found: dict[Variant, list[Any]] = {}
        waiting: list[tuple[Truths, Any]] = [((), numpy.arange(self.size))] if self.size else []
        while waiting:
            way, where = waiting.pop(min(range(len(waiting)), key=lambda i: waiting[i][1][0]))
            known = variants.beginning(way)
            if not known:
                found.setdefault(self._traced(int(where[0])), []).append(where[:1])
                waiting += [(way, where[1:])] if len(where) > 1 else []
                continue
            longest = max(known, key=lambda variant: len(variant.truths))
            for parted, part in self._parted(longest, len(way), where):
                if parted == len(longest.truths):
                    found.setdefault(longest, []).append(part)
                else:
                    other = not longest.truths[parted]
                    waiting.append(((*longest.truths[:parted], other), part))
        return {
            variant: parts[0] if len(parts) == 1 else numpy.sort(numpy.concatenate(parts))
            for variant, parts in found.items()
        }

    def _parted(self, variant: Variant, start: int, where: Any) -> list[tuple[int, Any]]:
        """Return at which guard samples go another way than a variant, and which do so there."""
        import numpy

        if start == len(variant.truths):
            return [(start, where)]
        inputs = self.at(where)[: len(self.program._examples)]
        [places] = self.computed(variant.parting(start), inputs, len(where))
        parts, left = [], len(where)
        for guard in range(start, len(variant.truths) + 1):
            here = numpy.flatnonzero(numpy.broadcast_to(places == guard, len(where)))
            if len(here):
                parts.append((guard, here if len(where) == self.size else where[here]))
                left -= len(here)
            if not left:
                break
        return parts

    def _traced(self, sample: int) -> Variant:
        """Return the variant of a sample that goes a way of its own."""
        import numpy

        numbers = iter([_plain(x[sample]) if is_array(x) else x for x in self.columns])
        args = [form.build(numbers) for form in self.program._arguments.forms]
        index = tuple(map(int, numpy.unravel_index(sample, self.shape)))
        with naming(f"{index[0] if len(index) == 1 else index} of the batch"):
            variant: Variant = self.program.variants.of(args, as_in_an_array)
        return variant

    # ---- What is computed ---------------------------------------------------------------------

    def outputs(self, lines: str, reduce: str | None) -> list[Any]:
        """Compute the batch: by one program if all samples go its way, else group by group."""
        variants: Variants = self.program.variants
        if self.size > 1 and variants.together is not None:
            try:
                return self._whole(getattr(variants.together.program, lines), reduce)
            except GuardError:
                variants.together = None
        if self.size == 0:
            return self._whole(getattr(self.program, lines), reduce)
        groups = self.groups()
        if self.size > 1 and len(groups) == 1:
            [together] = groups
            variants.together = together
            return self._whole(together.unguarded(lines), reduce)
        return self._of_groups(groups, lines, reduce)

    def _whole(self, lines: Listing, reduce: str | None) -> list[Any]:
        return self.computed(lines, self.numbers, self.size, reduce)

    def _of_groups(self, groups: dict[Variant, Any], lines: str, reduce: str | None) -> list[Any]:
        """Compute every group by its program, and put the results together."""
        first = next(iter(groups))
        example = first.unguarded(lines)
        is_whole = self._are_whole(example.derivative_in, reduce)
        if is_whole is None:
            every = self._of_groups(groups, lines, None)
            return reduced(example, every, self.numbers, self.shape, reduce)
        results: list[Any] = [0] * len(is_whole)
        how = None if reduce is None else "sum"
        for variant, where in groups.items():
            own = variant.unguarded(lines)
            parts = self.computed(own, self.at(where), len(where), how)
            if variant is first:
                self._prepare(results, is_whole, parts)
            for i, part in enumerate(parts):
                if is_whole[i]:
                    results[i][where] = part
                else:
                    results[i] = results[i] + part
        shaped = [x.reshape(self.shape) if n else x for x, n in zip(results, is_whole, strict=True)]
        return [x / self.size for x in shaped] if reduce == "mean" else shaped

    def _prepare(self, results: list[Any], is_whole: Sequence[bool], parts: Sequence[Any]) -> None:
        """Put rows for the outputs that have a number for each sample.

        They are parts of one array: so much memory at once is had far faster.
        """
        import numpy

        whole = [i for i, has_row in enumerate(is_whole) if has_row]
        kind = numpy.result_type(*[parts[i] for i in whole]) if whole else float
        for i, row in zip(whole, numpy.empty((len(whole), self.size), kind), strict=True):
            results[i] = row

    def _are_whole(
        self, derivative_in: Sequence[int | None], reduce: str | None
    ) -> list[bool] | None:
        """Return which outputs have a number for each sample; None if one is neither that nor a
        sum over the batch."""
        if reduce is None:
            return [True] * len(derivative_in)
        shapes = [() if i is None else getattr(self.numbers[i], "shape", ()) for i in derivative_in]
        if any(shape not in ((), self.shape) for shape in shapes):
            return None
        return [shape == self.shape for shape in shapes]


def _plain(x: Any) -> Any:
    return x.item() if hasattr(x, "item") else x


@contextlib.contextmanager
def naming(sample: str) -> Iterator[None]:
    """Let one sample be traced as part of an array; an error says which one it was."""
    import numpy

    try:
        with numpy.errstate(all="ignore"):
            yield
    except Exception as error:
        error.add_note(f"for sample {sample}")
        raise


def as_in_an_array(number: Any) -> Any:
    """Return a number that computes as in an array: infinite or nan where a float would raise."""
    import numpy

    return numpy.float64(number) if type(number) in PLAIN else number
