"""A batch whose samples take different branches: split, each group computed, put in order again.

Takes the numbers of a batch; gives the outputs of the programs that its samples need. Which one a
sample needs is found by asking for the guards alone: the longest program says for every sample
where it goes another way, and those of one such place are a group that is asked further.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import math
from collections.abc import Iterator, Sequence
from typing import Any

from autodiff.arrays import PLAIN, is_array
from autodiff.jitting.engine import Engine, Outputs
from autodiff.jitting.parting import Tree, in_order, tree_of
from autodiff.jitting.variants import Truths, Variant, Variants
from autodiff.listing import Listing
from autodiff.program import GuardError, Program
from autodiff.program.machine import is_taken
from autodiff.program.machine.batches import divided
from autodiff.program.machine.direct import Direct
from autodiff.program.machine.kernel import TextError
from autodiff.program.replay import reduced


@dataclasses.dataclass(eq=False, repr=False)
class Branching(Program):
    """A program of a batch, whose samples may go different ways.

    It takes arguments apart and puts derivatives together as a program does; what is computed
    between is that of the variants.
    """

    variants: Any = None
    engine: Any = None
    _trees: dict[Any, tuple[int, Tree | None]] = dataclasses.field(default_factory=dict)

    def _outputs(self, lines: str, numbers: list[Any], reduce: str | None = None) -> list[Any]:
        batch = _Batch(self, numbers)
        return batch.outputs(lines, reduce)

    @property
    def _direct(self) -> Direct | None:
        """The short way: of the program that all samples of the last batch took, or of the tree."""
        together = self.variants.together
        if together is None:
            return self._direct_of_tree
        return None if together.compiled is None else together.compiled._direct

    @functools.cached_property
    def _direct_of_tree(self) -> Direct:
        return Direct(self._at_once, self._arguments, functools.partial(getattr, self))

    def _at_once(self, lines: Listing, *given: Any) -> Any:
        """Compute a batch by the tree, given as the machine takes it; None if that is no way."""
        if len(self.variants.known) < 2 or not self.compiles(given[-1]):
            return None
        name = "_lines" if lines is self._lines else "_value_lines"
        try:
            return self.engine.at_once(self.tree(name, is_compiled=True), *given)
        except TextError:
            raise
        except Exception:  # see _Batch._of_tree
            return None

    def compiles(self, samples: int) -> bool:
        """Return whether machine code computes so many samples, of the ways that are known."""
        known = list(self.variants.known.values())
        is_compiled: bool = self.engine.compiles([variant.lines for variant in known], samples)
        return is_compiled

    def tree(self, lines: str, *, is_compiled: bool) -> Tree | None:
        """Return the tree of all variants that are known."""
        known = list(self.variants.known.values())
        count, tree = self._trees.get((lines, is_compiled), (0, None))
        if count != len(known):
            tree = tree_of(known, lines, is_compiled=is_compiled)
            self._trees[lines, is_compiled] = len(known), tree
        return tree


class _Batch:
    """The numbers of a batch."""

    def __init__(self, program: Branching, numbers: list[Any]) -> None:
        import numpy

        self.program = program
        self.numbers = [numpy.asarray(x) if is_array(x) and x.shape else _plain(x) for x in numbers]
        self.shape = numpy.broadcast_shapes(*map(numpy.shape, self.numbers))
        self.size = math.prod(self.shape)
        self.has_objects = any(is_array(x) and x.dtype == object for x in self.numbers)
        self._choose_engine()

    def _choose_engine(self) -> None:
        self.is_compiled = not self.has_objects and self.program.compiles(self.size)
        engine: Engine = self.program.engine
        self.computed: Outputs = engine.for_batch(is_compiled=self.is_compiled)

    @property
    def is_in_machine(self) -> bool:
        """Whether machine code takes the numbers as they are."""
        return self.is_compiled and self._are_taken

    @functools.cached_property
    def _are_taken(self) -> bool:
        return all(map(is_taken, self.numbers))

    @functools.cached_property
    def columns(self) -> list[Any]:
        """The numbers, sample after sample; what all samples share as it is."""
        import numpy

        return [
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
        groups = {
            variant: parts[0] if len(parts) == 1 else numpy.sort(numpy.concatenate(parts))
            for variant, parts in found.items()
        }
        for variant, where in groups.items():
            variant.samples += len(where)
        return groups

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
        if self.size == 0:
            return self._whole(getattr(self.program, lines), reduce)
        outputs = self._of_one_way(lines, reduce) or self._of_tree(lines, reduce)
        if outputs is not None:
            return outputs
        groups = self.groups()
        self._choose_engine()  # more ways may be known now
        if self.size > 1 and len(groups) == 1:
            [self.program.variants.together] = groups
            outputs = self._of_one_way(lines, reduce)
        outputs = outputs or self._of_tree(lines, reduce)
        return outputs or self._of_groups(groups, lines, reduce)

    def _of_one_way(self, lines: str, reduce: str | None) -> list[Any] | None:
        """Compute by the program that all samples took together; None if one goes another way."""
        variants: Variants = self.program.variants
        together = variants.together
        if self.size < 2 or together is None:
            return None
        try:
            found = self._whole(getattr(together.program, lines), reduce)
        except GuardError:
            variants.together = None
            return None
        if self.is_compiled and together.compiled is None:  # for the short way of the next batch
            together.compiled = self.program.engine.compiled(together.program)
        return found

    def _whole(self, lines: Listing, reduce: str | None) -> list[Any]:
        return self.computed(lines, self.numbers, self.size, reduce)

    def _of_tree(self, lines: str, reduce: str | None) -> list[Any] | None:
        """Compute by the tree of all variants; None if a sample goes a way of its own."""
        if self.size < 2 or len(self.program.variants.known) < 2 or self.has_objects:
            return None
        tree = self.program.tree(lines, is_compiled=self.is_in_machine)
        if tree is None:
            return None
        try:
            if tree.whole is not None:
                return self._whole(tree.whole, reduce)
            return self._of_parts(tree, reduce)
        except TextError:
            raise
        except Exception:  # a GuardError; or of a branch that is computed and that no sample takes
            return None

    def _of_parts(self, tree: Tree, reduce: str | None) -> list[Any] | None:
        """Compute samples that go one way together, and put the results in order again."""
        import numpy

        is_whole = self._are_whole(tree.example.derivative_in, reduce)
        if is_whole is None:
            every = self._of_parts(tree, None)
            return every and reduced(tree.example, every, self.numbers, self.shape, reduce)
        if self.is_in_machine:
            summed = tuple([not has_row for has_row in is_whole])
            found = self.program.engine.parted(tree.root, self.numbers, self.shape, summed)
            if found is None:
                return None
            rows, sums = map(iter, found)
            results = [next(rows) if has_row else next(sums) for has_row in is_whole]
            return self._shaped(results, is_whole, reduce)
        columns, kind = self._floats()
        results = self._prepared(is_whole, kind)
        rows = [x for x, has_row in zip(results, is_whole, strict=True) if has_row]
        for start, stop, parts in tree.blocks(columns, self.size):
            first, places = start, list[Any]()
            for where, outputs in parts:
                count = stop - start if where is None else len(where)
                for i, part in enumerate(outputs):
                    if is_whole[i]:
                        results[i][first : first + count] = part
                    else:
                        results[i] += float(numpy.sum(part) * (1 if is_array(part) else count))
                first += count
                places.append(where)
            if rows and len(places) > 1:
                in_order([row[start:stop] for row in rows], places)
        return self._shaped(results, is_whole, reduce)

    def _of_groups(self, groups: dict[Variant, Any], lines: str, reduce: str | None) -> list[Any]:
        """Compute every group by its program, and put the results together."""
        import numpy

        first = next(iter(groups))
        example = first.unguarded(lines)
        is_whole = self._are_whole(example.derivative_in, reduce)
        if is_whole is None:
            every = self._of_groups(groups, lines, None)
            return reduced(example, every, self.numbers, self.shape, reduce)
        results: list[Any] = []
        how = None if reduce is None else "sum"
        for variant, where in groups.items():
            own = variant.unguarded(lines)
            parts = self.computed(own, self.at(where), len(where), how)
            if variant is first:
                whole = [part for part, has_row in zip(parts, is_whole, strict=True) if has_row]
                results = self._prepared(is_whole, numpy.result_type(*whole) if whole else float)
            for i, part in enumerate(parts):
                if is_whole[i]:
                    results[i][where] = part
                else:
                    results[i] = results[i] + part
        return self._shaped(results, is_whole, reduce)

    def _prepared(self, is_whole: Sequence[bool], kind: Any) -> list[Any]:
        """Return rows for the outputs that have a number for each sample, and 0 for sums.

        They are parts of one array: so much memory at once is had far faster.
        """
        import numpy

        rows = iter(numpy.empty((sum(is_whole), self.size), kind))
        return [next(rows) if has_row else 0 for has_row in is_whole]

    def _shaped(
        self, results: list[Any], is_whole: Sequence[bool], reduce: str | None
    ) -> list[Any]:
        shaped = [x.reshape(self.shape) if n else x for x, n in zip(results, is_whole, strict=True)]
        return [divided(x, self.size) for x in shaped] if reduce == "mean" else shaped

    def _floats(self) -> tuple[list[Any], Any]:
        """Return the columns as floats, and of which kind."""
        import numpy

        kinds = [x.dtype if x.dtype.kind == "f" else float for x in self.columns if is_array(x)]
        kind = numpy.result_type(*kinds)
        return [
            x.astype(kind, copy=False) if is_array(x) else kind.type(x) for x in self.columns
        ], kind

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
