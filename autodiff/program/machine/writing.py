"""The LLVM writer: a listing of primitives as the text of a module.

Takes a listing, a variant and a target; gives a module with one function, `run(frame)`. It loops
over the samples, a vector of them at a time; `frame` points to what `kernel` binds.

The scratch memory of a thread holds vectors: what varies among the inputs, gathered for this
vector; the sums; the slots; and which lanes contradict a guard.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from string import Template
from typing import NamedTuple

from autodiff.listing import INPUT, Listing
from autodiff.program.machine.layout import Chunk, Layout, Variant, layout_of
from autodiff.program.machine.target import Target, scalar_function, vector_function
from autodiff.rows import TABLE

_PARAMETERS = "ptr noalias %scratch, ptr noalias %shared, ptr noalias %out, i64 %distance"
_ARGUMENTS = "ptr %scratch, ptr %shared, ptr %at, i64 %distance"


class Facts(NamedTuple):
    """What the caller of a module has to know."""

    symbols: tuple[str, ...]  # functions that are not its own
    sizes: tuple[int, int, int, int]  # lines; inputs that vary, sums, all vectors of the scratch


def module(listing: Listing, variant: Variant, target: Target, *, exact: bool) -> tuple[str, Facts]:
    """Write a kernel as a module."""
    return _Writer(listing, variant, target, exact=exact).written()


class _Writer:
    def __init__(self, listing: Listing, variant: Variant, target: Target, *, exact: bool) -> None:
        self.listing = listing
        self.variant = variant
        self.lanes = target.lanes
        self.exact = exact
        self.vector = f"<{target.lanes} x double>"
        self.truths = f"<{target.lanes} x i1>"
        self.mask = f"<{target.lanes} x i64>"
        self.layout: Layout = layout_of(listing)
        self.tiles = {x: i for i, x in enumerate(x for x, v in enumerate(variant.varies) if v)}
        summed = [i for i, is_summed in enumerate(variant.summed) if is_summed]
        self.sums = {output: i for i, output in enumerate(summed)}
        kept = [i for i, is_summed in enumerate(variant.summed) if not is_summed]
        self.rows = {output: i for i, output in enumerate(kept)}
        self.first_slot = len(self.tiles) + len(self.sums)
        self.bad = self.first_slot + self.layout.slots  # the place of the mask of failing lanes
        self.outputs: dict[int, list[int]] = {}
        for output, place in enumerate(listing.outputs):
            self.outputs.setdefault(place, []).append(output)
        self.functions: dict[str, str] = {}  # helpers and declarations, by their names
        self.symbols: dict[str, None] = {}

    def written(self) -> tuple[str, Facts]:
        chunks = [self._chunk(i, chunk) for i, chunk in enumerate(self.layout.chunks)]
        calls = [f"  call void @chunk{i}({_ARGUMENTS})" for i in range(len(chunks))]
        frame = _SINGLE if self.variant.is_single else _LOOP
        driver = Template(frame).substitute(
            calls="\n".join(calls),
            vector=self.vector,
            mask=self.mask,
            lanes=self.lanes,
            last=self.lanes - 1,
            bytes=8 * self.lanes,
            tile=len(self.tiles),
            sums=len(self.sums),
            bad=self.bad,
            gather="\n".join(map(self._gathered, range(self.lanes))),
            steps=", ".join(f"i64 {lane}" for lane in range(self.lanes)),
        )
        text = "\n".join([*self.functions.values(), *chunks, driver, "!0 = !{i32 1}"])
        sizes = (len(self.listing.computed), len(self.tiles), len(self.sums), self.bad + 1)
        return text, Facts(tuple(self.symbols), sizes)

    # ---- Lines --------------------------------------------------------------------------------

    def _chunk(self, number: int, chunk: Chunk) -> str:
        """Write a function of some lines."""
        self.lines: list[str] = []
        self.here: set[int] = set()  # what has a name in this function
        self.loads = chunk.loads
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
        attributes = "noinline nounwind alignstack(64)"  # for vectors that are put on the stack
        head = f"define internal void @chunk{number}({_PARAMETERS}) {attributes} {{"
        return "\n".join([head, *self.lines, "  ret void", "}"])

    def _is_given(self, place: int) -> bool:
        step = self.listing.steps[place]
        return step.operation == INPUT or step.constant is not None

    def _is_truth(self, place: int) -> bool:
        operation = self.listing.steps[place].operation
        return operation in TABLE and TABLE[operation].is_truth

    def _slot(self, name: str, place: int) -> None:
        self.lines.append(f"  %{name} = getelementptr {self.vector}, ptr %scratch, i64 {place}")

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
                    f"  %m{place} = load {self.mask}, ptr %p{place}, align {8 * self.lanes}",
                    f"  %v{place} = icmp ne {self.mask} %m{place}, zeroinitializer",
                ]
            else:
                text = f"  %v{place} = load {vector}, ptr %p{place}, align {8 * self.lanes}"
                self.lines.append(text)
        elif place in self.tiles:
            self._slot(f"p{place}", self.tiles[place])
            self.lines.append(f"  %v{place} = load {vector}, ptr %p{place}, align {8 * self.lanes}")
        else:
            shared = place - sum(tile < place for tile in self.tiles)
            self.lines += [
                f"  %p{place} = getelementptr double, ptr %shared, i64 {shared}",
                f"  %s{place} = load double, ptr %p{place}",
                f"  %i{place} = insertelement {vector} poison, double %s{place}, i64 0",
                f"  %v{place} = shufflevector {vector} %i{place}, {vector} poison, "
                f"<{self.lanes} x i32> zeroinitializer",
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
            self._declare(name, len(numbers))
        else:
            name = self._function(operation, len(numbers))
        return f"call {self.vector} {name}({', '.join(f'{self.vector} {x}' for x in numbers)})"

    def _function(self, operation: str, count: int) -> str:
        """Return the name of a function of a vector; declare it, or write it lane by lane."""
        symbol = None if self.exact else vector_function(operation, count, self.lanes)
        if symbol is not None:
            self.symbols[symbol] = None
            self._declare(f"@{symbol}", count)
            return f"@{symbol}"
        # The name keeps LLVM from knowing what it computes, and from computing it otherwise.
        symbol = scalar_function(operation, exact=self.exact)
        self.symbols[symbol] = None
        name = f'@"lanes.{symbol}"'
        if name not in self.functions:
            self.functions[name] = self._lane_by_lane(name, symbol, count)
        return name

    def _declare(self, name: str, count: int) -> None:
        parameters = ", ".join([self.vector] * count)
        self.functions[name] = f"declare {self.vector} {name}({parameters}) nounwind"

    def _lane_by_lane(self, name: str, symbol: str, count: int) -> str:
        parameters = ", ".join(f"{self.vector} %x{i}" for i in range(count))
        doubles = ", ".join(["double"] * count)
        lines = [
            f'declare double @"scalar.{symbol}"({doubles}) nounwind',
            f"define internal {self.vector} {name}({parameters}) noinline nounwind {{",
        ]
        result = "poison"
        for lane in range(self.lanes):
            for i in range(count):
                lines.append(f"  %x{i}.{lane} = extractelement {self.vector} %x{i}, i64 {lane}")
            arguments = ", ".join(f"double %x{i}.{lane}" for i in range(count))
            lines += [
                f'  %y{lane} = call double @"scalar.{symbol}"({arguments})',
                f"  %r{lane} = insertelement {self.vector} {result}, double %y{lane}, i64 {lane}",
            ]
            result = f"%r{lane}"
        return "\n".join([*lines, f"  ret {self.vector} {result}", "}"])

    # ---- What becomes of a line ---------------------------------------------------------------

    def _store(self, place: int, slot: int) -> None:
        self._slot(f"q{place}", self.first_slot + slot)
        value, kind = f"%v{place}", self.vector
        if self._is_truth(place):
            kind = self.mask
            self.lines.append(f"  %w{place} = sext {self.truths} {value} to {kind}")
            value = f"%w{place}"
        self.lines.append(f"  store {kind} {value}, ptr %q{place}, align {8 * self.lanes}")

    def _hand_out(self, place: int) -> None:
        """Store a line for each output that it is, or add it up."""
        for output in self.outputs.get(place, ()):
            number = self._number(place)
            if output in self.sums:
                self._slot(f"a{output}", len(self.tiles) + self.sums[output])
                at = f"{self.vector}, ptr %a{output}, align {8 * self.lanes}"
                self.lines += [
                    f"  %b{output} = load {at}",
                    f"  %c{output} = fadd {self.vector} %b{output}, {number}",
                    f"  store {self.vector} %c{output}, ptr %a{output}, align {8 * self.lanes}",
                ]
            elif self.variant.is_single:
                self.lines += [
                    f"  %o{output} = getelementptr double, ptr %out, i64 {self.rows[output]}",
                    f"  %e{output} = extractelement {self.vector} {number}, i64 0",
                    f"  store double %e{output}, ptr %o{output}",
                ]
            else:
                hint = ", !nontemporal !0" if self.variant.streams else ""
                self.lines += [
                    f"  %n{output} = mul i64 %distance, {self.rows[output]}",
                    f"  %o{output} = getelementptr i8, ptr %out, i64 %n{output}",
                    f"  store {self.vector} {number}, ptr %o{output}, align {8 * self.lanes}{hint}",
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
        self._slot("bad", self.bad)
        self.lines += [
            f"  %fw = sext {self.truths} {together} to {self.mask}",
            f"  %fb = load {self.mask}, ptr %bad, align {8 * self.lanes}",
            f"  %fo = or {self.mask} %fb, %fw",
            f"  store {self.mask} %fo, ptr %bad, align {8 * self.lanes}",
        ]

    def _gathered(self, lane: int) -> str:
        """Write how one lane of an input is loaded; behind the end the last sample stands."""
        return "\n".join(
            [
                f"  %lane{lane} = add i64 %index, {lane}",
                f"  %inside{lane} = icmp slt i64 %lane{lane}, %end",
                f"  %at{lane} = select i1 %inside{lane}, i64 %lane{lane}, i64 %newest",
                f"  %offset{lane} = mul i64 %at{lane}, %stride",
                f"  %from{lane} = getelementptr i8, ptr %base, i64 %offset{lane}",
                f"  %number{lane} = load double, ptr %from{lane}, align 1",
                f"  %to{lane} = getelementptr double, ptr %tile, i64 {lane}",
                f"  store double %number{lane}, ptr %to{lane}",
            ]
        )


# ---- The functions around the chunks ----------------------------------------------------------

_FIELDS = """\
  %scratch = load ptr, ptr %frame
  %p.shared = getelementptr i64, ptr %frame, i64 1
  %shared = load ptr, ptr %p.shared
  %p.out = getelementptr i64, ptr %frame, i64 2
  %out = load ptr, ptr %p.out
  %p.distance = getelementptr i64, ptr %frame, i64 3
  %distance = load i64, ptr %p.distance"""

_BODY = """
define internal i1 @body(ptr %scratch, ptr %shared, ptr %at, i64 %distance) noinline nounwind {
  %bad = getelementptr $vector, ptr %scratch, i64 $bad
  store $mask zeroinitializer, ptr %bad
$calls
  %lanes = load $mask, ptr %bad
  %any = call i64 @llvm.vector.reduce.or.v${lanes}i64($mask %lanes)
  %failed = icmp ne i64 %any, 0
  ret i1 %failed
}

declare i64 @llvm.vector.reduce.or.v${lanes}i64($mask)
"""

_SINGLE = (
    _BODY
    + f"""
define i64 @run(ptr %frame) nounwind {{
{_FIELDS}
  %failed = call i1 @body(ptr %scratch, ptr %shared, ptr %out, i64 %distance)
  %where = select i1 %failed, i64 0, i64 -1
  ret i64 %where
}}
"""
)

# The vector at the end comes first: the lanes behind the end are then taken out of the sums.
_LOOP = (
    _BODY
    + f"""
define internal i1 @step(ptr %frame, i64 %index, i64 %end) noinline nounwind {{
{_FIELDS}
  %newest = sub i64 %end, 1
  %newest.lane = add i64 %index, $last
  %is.whole = icmp slt i64 %newest.lane, %end
  br label %head
head:
  %input = phi i64 [ 0, %0 ], [ %next, %more ]
  %is.input = icmp slt i64 %input, $tile
  br i1 %is.input, label %choose, label %done
choose:
  %entry = mul i64 %input, 2
  %entry.base = add i64 %entry, 6
  %entry.stride = add i64 %entry, 7
  %p.base = getelementptr i64, ptr %frame, i64 %entry.base
  %base = load ptr, ptr %p.base
  %p.stride = getelementptr i64, ptr %frame, i64 %entry.stride
  %stride = load i64, ptr %p.stride
  %tile = getelementptr $vector, ptr %scratch, i64 %input
  %is.dense = icmp eq i64 %stride, 8
  %is.plain = and i1 %is.dense, %is.whole
  br i1 %is.plain, label %plain, label %gather
plain:
  %from = getelementptr double, ptr %base, i64 %index
  %vector = load $vector, ptr %from, align 1
  store $vector %vector, ptr %tile
  br label %more
gather:
$gather
  br label %more
more:
  %next = add i64 %input, 1
  br label %head
done:
  %at = getelementptr double, ptr %out, i64 %index
  %failed = call i1 @body({_ARGUMENTS})
  ret i1 %failed
}}

define i64 @run(ptr %frame) nounwind {{
  %scratch = load ptr, ptr %frame
  %p.start = getelementptr i64, ptr %frame, i64 4
  %start = load i64, ptr %p.start
  %p.end = getelementptr i64, ptr %frame, i64 5
  %end = load i64, ptr %p.end
  %count = sub i64 %end, %start
  %rest = urem i64 %count, $lanes
  %border = sub i64 %end, %rest
  %has.rest = icmp ne i64 %rest, 0
  br i1 %has.rest, label %tail, label %main
tail:
  %tail.failed = call i1 @step(ptr %frame, i64 %border, i64 %end)
  %tail.where = select i1 %tail.failed, i64 %border, i64 -1
  %rest.0 = insertelement $mask poison, i64 %rest, i64 0
  %rest.s = shufflevector $mask %rest.0, $mask poison, <$lanes x i32> zeroinitializer
  %inside = icmp ult $mask <$steps>, %rest.s
  br label %clean
clean:
  %sum = phi i64 [ 0, %tail ], [ %sum.next, %clean.one ]
  %is.sum = icmp slt i64 %sum, $sums
  br i1 %is.sum, label %clean.one, label %main
clean.one:
  %sum.place = add i64 %sum, $tile
  %p.sum = getelementptr $vector, ptr %scratch, i64 %sum.place
  %sum.old = load $vector, ptr %p.sum
  %sum.new = select <$lanes x i1> %inside, $vector %sum.old, $vector zeroinitializer
  store $vector %sum.new, ptr %p.sum
  %sum.next = add i64 %sum, 1
  br label %clean
main:
  %where = phi i64 [ -1, %0 ], [ %tail.where, %clean ]
  br label %head
head:
  %index = phi i64 [ %start, %main ], [ %index.next, %going ]
  %is.inside = icmp slt i64 %index, %border
  br i1 %is.inside, label %vector, label %done
vector:
  %failed = call i1 @step(ptr %frame, i64 %index, i64 %end)
  br i1 %failed, label %stopped, label %going
going:
  %index.next = add i64 %index, $lanes
  br label %head
stopped:
  ret i64 %index
done:
  ret i64 %where
}}
"""
)
