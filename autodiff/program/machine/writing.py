"""The LLVM writer: a listing of primitives as the text of a module.

Takes a listing, a variant and a target; gives a module with one function, `run(frame)`. It loops
over the samples, a group of vectors of them at a time; `frame` points to what `kernel` binds.

The scratch memory of a thread holds the sums, which lanes contradict a guard, and for every vector
of the group what varies among the inputs and the slots. Each chunk of lines loops over the group:
its constants stay in registers, its code and its sums in the nearest cache.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import NamedTuple

from autodiff.listing import INPUT, Listing
from autodiff.program.machine.driver import Places, driver
from autodiff.program.machine.layout import Chunk, Layout, Variant, layout_of
from autodiff.program.machine.target import Target, scalar_function, vector_function
from autodiff.rows import TABLE

_PARAMETERS = (
    "ptr noalias %scratch{0}, ptr noalias %sums, ptr noalias %shared, ptr noalias %out{0}, "
    "i64 %distance, ptr noalias %frame, i64 %group"
)

_ATTRIBUTES = "noinline nounwind alignstack(64)"  # for vectors that are put on the stack

_NEAR = 2**15  # bytes of the vectors that are taken together
_NARROW = 6  # lines at a time, below which a program waits for what it computes
TOGETHER = 64  # samples that are taken together at most


class Facts(NamedTuple):
    """What the caller of a module has to know."""

    symbols: tuple[str, ...]  # functions that are not its own
    sizes: tuple[int, int]  # lines; numbers of the scratch memory


def module(listing: Listing, variant: Variant, target: Target, *, exact: bool) -> tuple[str, Facts]:
    """Write a kernel as a module."""
    return _Writer(listing, variant, target, exact=exact).written()


def _is_narrow(listing: Listing) -> bool:
    """Return whether there is little to compute at a time: the longest chain is long."""
    depth: dict[int, int] = {}
    for place, step in listing.computed.items():
        depth[place] = 1 + max([depth[x] for x in step.operands if x in depth], default=0)
    return len(depth) <= _NARROW * max(depth.values(), default=0)


def _lanes(listing: Listing, variant: Variant, target: Target) -> int:
    """Return how many samples a vector of the code has: those of one of the machine's, or of two.

    Of two, one is computed while the other waits for what its lines need. Where samples part, to
    read and to list so many takes what is won, unless a function of the library is waited for.
    """
    if variant.is_single or (variant.sides and target.lanes == 2) or not _is_narrow(listing):
        return target.lanes
    operations = {step.operation for step in listing.computed.values()}
    has_call = any(not (x in TABLE and TABLE[x].llvm) for x in operations)
    is_in_tree = variant.is_listed or variant.sides
    return target.lanes if is_in_tree and not has_call else 2 * target.lanes


class _Writer:
    def __init__(self, listing: Listing, variant: Variant, target: Target, *, exact: bool) -> None:
        self.listing = listing
        self.variant = variant
        self.width = target.lanes
        self.lanes = _lanes(listing, variant, target)
        self.align = min(8 * self.lanes, 64)
        self.exact = exact
        self.vector = f"<{self.lanes} x double>"
        self.truths = f"<{self.lanes} x i1>"
        self.mask = f"<{self.lanes} x i64>"
        self.layout: Layout = layout_of(listing)
        self.tiles = {x: i for i, x in enumerate(x for x, v in enumerate(variant.varies) if v)}
        self.shared = {x: i for i, x in enumerate(x for x, v in enumerate(variant.varies) if not v)}
        summed = [i for i, is_summed in enumerate(variant.summed) if is_summed]
        self.sums = {output: i for i, output in enumerate(summed)}
        kept = [i for i, is_summed in enumerate(variant.summed) if not is_summed]
        kept = kept[1:] if variant.sides else kept
        self.rows = {output: i for i, output in enumerate(kept)}
        self.first_slot = 0 if variant.is_listed else len(self.tiles)
        self.way = self.first_slot + self.layout.slots
        self.size = self.way + bool(variant.sides)  # vectors of numbers for one of samples
        self.group = 1 if variant.is_single else self.layout.group or self._group()
        self.outputs: dict[int, list[int]] = {}
        for output, place in enumerate(listing.outputs):
            self.outputs.setdefault(place, []).append(output)
        self.functions: dict[str, str] = {}  # helpers and declarations, by their names
        self.symbols: dict[str, None] = {}

    def written(self) -> tuple[str, Facts]:
        chunks = [self._chunk(i, chunk) for i, chunk in enumerate(self.layout.chunks)]
        places = Places(self.size, self.group, self.way)
        around = driver(self.lanes, self.width, len(chunks), len(self.sums), places, self.variant)
        text = "\n".join([*self.functions.values(), *chunks, around, "!0 = !{i32 1}"])
        vectors = len(self.sums) + 1 + self.group * self.size
        sizes = len(self.listing.computed), vectors * self.lanes
        return text, Facts(tuple(self.symbols), sizes)

    def _group(self) -> int:
        """Return how many vectors of samples are taken together: what the nearest cache holds."""
        return max(min(_NEAR // (8 * self.lanes * max(self.size, 1)), TOGETHER // self.lanes), 1)

    # ---- Lines --------------------------------------------------------------------------------

    def _chunk(self, number: int, chunk: Chunk) -> str:
        """Write a function of some lines."""
        self.lines: list[str] = []
        self.here: set[int] = set()  # what has a name in this function
        self.loads = chunk.loads
        self.is_placed = False  # whether the places of the samples have names
        failing = []
        if number == 0:  # outputs that no line computes
            for place in self.outputs:
                if self._is_given(place):
                    self._hand_out(place)
        for place in chunk.places:
            self._compute(place)
            guard = self.listing.guards.get(place)
            if guard is not None:
                failing.append(self._failing(place, truth=guard.truth))
            self._hand_out(place)
            if place in chunk.stores:
                self._store(place, chunk.stores[place])
        self._note(failing)
        parameters = _PARAMETERS.format("" if self.variant.is_single else ".0")
        head = f"define internal void @chunk{number}({parameters}) {_ATTRIBUTES} {{"
        if self.variant.is_single:
            return "\n".join([head, *self.lines, "  ret void", "}"])
        begin, end = self._for_each_vector()
        return "\n".join([head, begin, *self.lines, end, "}"])

    def _for_each_vector(self) -> tuple[str, str]:
        """Return what goes before and after the lines of a chunk."""
        step = (4 if self.variant.is_listed else 8) * self.lanes
        return (
            f"""\
  br label %vector
vector:
  %k = phi i64 [ 0, %0 ], [ %k.next, %vector ]
  %k.offset = mul i64 %k, {8 * self.lanes * self.size}
  %scratch = getelementptr i8, ptr %scratch.0, i64 %k.offset
  %k.place = mul i64 %k, {step}
  %out = getelementptr i8, ptr %out.0, i64 %k.place""",
            """\
  %k.next = add i64 %k, 1
  %k.more = icmp slt i64 %k.next, %group
  br i1 %k.more, label %vector, label %done
done:
  ret void""",
        )

    def _is_given(self, place: int) -> bool:
        step = self.listing.steps[place]
        return step.operation == INPUT or step.constant is not None

    def _is_truth(self, place: int) -> bool:
        operation = self.listing.steps[place].operation
        return operation in TABLE and TABLE[operation].is_truth

    def _slot(self, name: str, place: int, memory: str = "scratch") -> None:
        self.lines.append(f"  %{name} = getelementptr {self.vector}, ptr %{memory}, i64 {place}")

    def _number(self, place: int) -> str:
        """Return a number as an operand; what is not here yet is loaded."""
        step = self.listing.steps[place]
        if step.constant is not None:
            return f"splat (double 0x{struct.pack('>d', step.constant).hex().upper()})"
        if place not in self.here:
            self._load(place)
        return f"%v{place}"

    def _load(self, place: int) -> None:
        self.here.add(place)
        vector = self.vector
        if place in self.loads:
            self._slot(f"p{place}", self.first_slot + self.loads[place])
            if self._is_truth(place):
                self.lines += [
                    f"  %m{place} = load {self.mask}, ptr %p{place}, align {self.align}",
                    f"  %v{place} = icmp ne {self.mask} %m{place}, zeroinitializer",
                ]
            else:
                text = f"  %v{place} = load {vector}, ptr %p{place}, align {self.align}"
                self.lines.append(text)
        elif place in self.tiles and self.variant.is_listed:
            self._gather(place)
        elif place in self.tiles:
            self._slot(f"p{place}", self.tiles[place])
            self.lines.append(f"  %v{place} = load {vector}, ptr %p{place}, align {self.align}")
        else:
            self.lines += [
                f"  %p{place} = getelementptr double, ptr %shared, i64 {self.shared[place]}",
                f"  %s{place} = load double, ptr %p{place}",
                f"  %i{place} = insertelement {vector} poison, double %s{place}, i64 0",
                f"  %v{place} = shufflevector {vector} %i{place}, {vector} poison, "
                f"<{self.lanes} x i32> zeroinitializer",
            ]

    def _gather(self, place: int) -> None:
        """Load an input lane by lane, from where its samples are."""
        self._place_samples()
        self.lines += [
            f"  %p{place} = getelementptr ptr, ptr %frame, i64 {7 + 2 * self.tiles[place]}",
            f"  %column{place} = load ptr, ptr %p{place}",
        ]
        vector = "poison"
        for lane in range(self.lanes):
            name = f"{place}.{lane}"
            new = f"%v{place}" if lane == self.lanes - 1 else f"%v{name}"
            self.lines += [
                f"  %p{name} = getelementptr double, ptr %column{place}, i64 %at{lane}",
                f"  %e{name} = load double, ptr %p{name}",
                f"  {new} = insertelement {self.vector} {vector}, double %e{name}, i64 {lane}",
            ]
            vector = new

    def _place_samples(self) -> None:
        """Load where the samples of the lanes are."""
        if self.is_placed:
            return
        self.is_placed = True
        for lane in range(self.lanes):
            self.lines += [
                f"  %p.at{lane} = getelementptr i32, ptr %out, i64 {lane}",
                f"  %at{lane}.short = load i32, ptr %p.at{lane}",
                f"  %at{lane} = zext i32 %at{lane}.short to i64",
            ]

    def _truth(self, place: int) -> str:
        """Return an operand as a truth; of a number, whether it is not 0."""
        if self._is_truth(place):
            return self._number(place)
        operand, name = self._number(place), f"%t{len(self.lines)}"
        self.lines.append(f"  {name} = fcmp une {self.vector} {operand}, zeroinitializer")
        return name

    def _compute(self, place: int) -> None:
        operation, operands, _ = self.listing.steps[place]
        spelling = TABLE[operation].llvm if operation in TABLE else ""
        if spelling in ("and", "or", "xor"):
            truths = [self._truth(x) for x in operands]
            right = truths[1] if len(truths) == 2 else "splat (i1 true)"
            text = f"{spelling} {self.truths} {truths[0]}, {right}"
        elif spelling == "select":
            condition = self._truth(operands[0])
            a, b = (f"{self.vector} {self._number(x)}" for x in operands[1:])
            text = f"select {self.truths} {condition}, {a}, {b}"
        else:
            numbers = [self._number(x) for x in operands]
            if spelling and not spelling.startswith("@"):
                text = f"{spelling} {self.vector} {', '.join(numbers)}"
            else:
                text = self._call(operation, spelling, numbers)
        self.lines.append(f"  %v{place} = {text}")
        self.here.add(place)

    def _call(self, operation: str, intrinsic: str, numbers: Sequence[str]) -> str:
        if intrinsic:
            name = f"{intrinsic}.v{self.lanes}f64"
            self._declare(name, len(numbers), self.lanes)
        else:
            name = self._function(operation, len(numbers))
        return f"call {self.vector} {name}({', '.join(f'{self.vector} {x}' for x in numbers)})"

    def _function(self, operation: str, count: int) -> str:
        """Return the name of a function of a vector; declare it, or write it part by part."""
        symbol = None if self.exact else vector_function(operation, count, self.width)
        if symbol is not None:
            self.symbols[symbol] = None
            self._declare(f"@{symbol}", count, self.width)
            if self.width == self.lanes:
                return f"@{symbol}"
            name, text = f'@"halves.{symbol}"', self._in_halves
        else:
            # The name keeps LLVM from knowing what it computes, and from computing it otherwise.
            symbol = scalar_function(operation, exact=self.exact)
            self.symbols[symbol] = None
            name, text = f'@"lanes.{symbol}"', self._lane_by_lane
        if name not in self.functions:
            self.functions[name] = text(name, symbol, count)
        return name

    def _declare(self, name: str, count: int, lanes: int) -> None:
        vector = f"<{lanes} x double>"
        self.functions[name] = f"declare {vector} {name}({', '.join([vector] * count)}) nounwind"

    def _in_halves(self, name: str, symbol: str, count: int) -> str:
        """Write a function that calls one of the machine's vectors for each half."""
        vector = f"<{self.width} x double>"
        parameters = ", ".join(f"{self.vector} %x{i}" for i in range(count))
        lines = [f"define internal {self.vector} {name}({parameters}) {_ATTRIBUTES} {{"]
        for half in range(2):
            places = ", ".join(f"i32 {self.width * half + i}" for i in range(self.width))
            for i in range(count):
                numbers = f"{self.vector} %x{i}, {self.vector} poison"
                order = f"<{self.width} x i32> <{places}>"
                lines.append(f"  %x{i}.{half} = shufflevector {numbers}, {order}")
            arguments = ", ".join(f"{vector} %x{i}.{half}" for i in range(count))
            lines.append(f"  %y{half} = call {vector} @{symbol}({arguments})")
        order = ", ".join(f"i32 {lane}" for lane in range(self.lanes))
        both = f"{vector} %y0, {vector} %y1, <{self.lanes} x i32> <{order}>"
        return "\n".join([*lines, f"  %y = shufflevector {both}", f"  ret {self.vector} %y", "}"])

    def _lane_by_lane(self, name: str, symbol: str, count: int) -> str:
        parameters = ", ".join(f"{self.vector} %x{i}" for i in range(count))
        doubles = ", ".join(["double"] * count)
        lines = [
            f'declare double @"scalar.{symbol}"({doubles}) nounwind',
            f"define internal {self.vector} {name}({parameters}) noinline nounwind {{",
        ]
        result = "poison"
        for lane in range(1 if self.variant.is_single else self.lanes):
            for i in range(count):
                lines.append(f"  %x{i}.{lane} = extractelement {self.vector} %x{i}, i64 {lane}")
            arguments = ", ".join(f"double %x{i}.{lane}" for i in range(count))
            lines += [
                f'  %y{lane} = call double @"scalar.{symbol}"({arguments})',
                f"  %r{lane} = insertelement {self.vector} {result}, double %y{lane}, i64 {lane}",
            ]
            result = f"%r{lane}"
        if self.variant.is_single:  # all lanes are the same sample
            equal = f"{self.vector} poison, <{self.lanes} x i32> zeroinitializer"
            lines.append(f"  %r = shufflevector {self.vector} {result}, {equal}")
            result = "%r"
        return "\n".join([*lines, f"  ret {self.vector} {result}", "}"])

    # ---- What becomes of a line ---------------------------------------------------------------

    def _store(self, place: int, slot: int) -> None:
        self._slot(f"q{place}", self.first_slot + slot)
        value, kind = f"%v{place}", self.vector
        if self._is_truth(place):
            kind = self.mask
            self.lines.append(f"  %w{place} = sext {self.truths} {value} to {kind}")
            value = f"%w{place}"
        self.lines.append(f"  store {kind} {value}, ptr %q{place}, align {self.align}")

    def _hand_out(self, place: int) -> None:
        """Store a line for each output that it is, or add it up."""
        for output in self.outputs.get(place, ()):
            number = self._number(place)
            if output in self.sums:
                self._slot(f"a{output}", self.sums[output], "sums")
                at = f"{self.vector}, ptr %a{output}, align {self.align}"
                self.lines += [
                    f"  %b{output} = load {at}",
                    f"  %c{output} = fadd {self.vector} %b{output}, {number}",
                    f"  store {self.vector} %c{output}, ptr %a{output}, align {self.align}",
                ]
            elif self.variant.is_single:
                self.lines += [
                    f"  %o{output} = getelementptr double, ptr %out, i64 {self.rows[output]}",
                    f"  %e{output} = extractelement {self.vector} {number}, i64 0",
                    f"  store double %e{output}, ptr %o{output}",
                ]
            elif output not in self.rows:  # which way samples go
                self._slot(f"o{output}", self.way)
                at = f"ptr %o{output}, align {self.align}"
                self.lines.append(f"  store {self.vector} {number}, {at}")
            elif self.variant.is_listed:
                self._scatter(output, number)
            else:
                hint = ", !nontemporal !0" if self.variant.streams else ""
                self.lines += [
                    f"  %n{output} = mul i64 %distance, {self.rows[output]}",
                    f"  %o{output} = getelementptr i8, ptr %out, i64 %n{output}",
                    f"  store {self.vector} {number}, ptr %o{output}, align {self.align}{hint}",
                ]

    def _scatter(self, output: int, number: str) -> None:
        """Store a line where its samples are; lanes behind the end store the last one again."""
        self._place_samples()
        self.lines += [
            f"  %r{output} = getelementptr ptr, ptr %frame, i64 {7 + 2 * len(self.tiles)}",
            f"  %rows{output} = load ptr, ptr %r{output}",
            f"  %n{output} = mul i64 %distance, {self.rows[output]}",
            f"  %o{output} = getelementptr i8, ptr %rows{output}, i64 %n{output}",
        ]
        for lane in range(self.lanes):
            name = f"{output}.{lane}"
            self.lines += [
                f"  %o{name} = getelementptr double, ptr %o{output}, i64 %at{lane}",
                f"  %x{name} = extractelement {self.vector} {number}, i64 {lane}",
                f"  store double %x{name}, ptr %o{name}",
            ]

    def _failing(self, place: int, *, truth: bool) -> str:
        """Return the lanes where a guard is contradicted."""
        condition = self._truth(place)
        if not truth:
            return condition
        self.lines.append(f"  %g{place} = xor {self.truths} {condition}, splat (i1 true)")
        return f"%g{place}"

    def _note(self, failing: Sequence[str]) -> None:
        """Add the failing lanes to those that the scratch memory has."""
        if not failing:
            return
        together = failing[0]
        for i, lanes in enumerate(failing[1:]):
            self.lines.append(f"  %f{i} = or {self.truths} {together}, {lanes}")
            together = f"%f{i}"
        self._slot("bad", len(self.sums), "sums")
        self.lines += [
            f"  %fw = sext {self.truths} {together} to {self.mask}",
            f"  %fb = load {self.mask}, ptr %bad, align {self.align}",
            f"  %fo = or {self.mask} %fb, %fw",
            f"  store {self.mask} %fo, ptr %bad, align {self.align}",
        ]
