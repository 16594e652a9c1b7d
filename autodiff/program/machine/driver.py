"""What stands around the chunks of a kernel: the loop over the samples, as LLVM's text.

Takes the sizes of a kernel; gives `run(frame)`, which `kernel` binds. Vectors of samples are taken
in groups, and every chunk is run for a whole group. Which samples a vector has may be read from a
list; then chunks load and store the numbers of each where they are (see `listed`).
"""

from __future__ import annotations

from string import Template
from typing import NamedTuple

from autodiff.program.machine.layout import Variant
from autodiff.program.machine.listed import FETCH, PADDED, PARTING, part


class Places(NamedTuple):
    """Where the numbers of samples are in the scratch memory.

    Attributes
    ----------
    size : int
        How many vectors of numbers there are for each vector of samples.
    group : int
        How many vectors of samples are taken together.
    way : int
        Which of the vectors says which way each sample goes, if samples part.
    """

    size: int
    group: int
    way: int


def driver(lanes: int, width: int, chunks: int, sums: int, place: Places, variant: Variant) -> str:
    """Write the functions that call the chunks.

    Parameters
    ----------
    lanes, width : int
        How many numbers a vector has, and one of the machine.
    chunks : int
        How many chunks there are.
    sums : int
        How many outputs are added up.
    place : Places
        Where what varies is in the scratch memory.
    variant : Variant
        What the kernel is for.
    """
    inputs, is_listed = sum(variant.varies), variant.is_listed
    last = 7 + 2 * inputs  # the field behind the columns
    text = _BODY + (_SINGLE if variant.is_single else _LOOP)
    if is_listed:
        text += PADDED
    is_last = is_listed and not variant.sides
    if is_last:
        text += FETCH
    if variant.sides:
        text += part(variant.sides, lanes, width)
    return Template(text).substitute(
        chunks=", ".join(f"ptr @chunk{i}" for i in range(chunks)),
        count=chunks,
        vector=f"<{lanes} x double>",
        mask=f"<{lanes} x i64>",
        shorts=f"<{lanes} x i32>",
        lanes=lanes,
        align=min(8 * lanes, 64),
        last=lanes - 1,
        element="i32" if is_listed else "double",
        size=8 * lanes * place.size,
        group=place.group,
        inputs=0 if is_listed else inputs,
        sums=sums,
        way=place.way,
        list=2 if is_listed else last,
        lists=last + 1,
        ends=last + 2,
        coming=last + 3,
        gather="\n".join(_gathered(lane, lanes) for lane in range(lanes)),
        newest=f"%vector{lanes - 1}",
        pad="call void @pad(ptr %out, i64 %end)" if is_listed else "",
        part=f"call void @part({PARTING})" if variant.sides else "",
        fetch="call void @fetch(ptr %frame, i64 %group)" if is_last else "",
        trim="call void @trim(ptr %frame, ptr %scratch, i64 %rest)" if variant.sides else "",
        steps=", ".join(f"i64 {lane}" for lane in range(lanes)),
    )


def _gathered(lane: int, lanes: int) -> str:
    """Write how one lane of an input is loaded: behind the end that of the last sample."""
    before = f"%vector{lane - 1}" if lane else "poison"
    return f"""
  %lane{lane} = add i64 %k.index, {lane}
  %inside{lane} = icmp slt i64 %lane{lane}, %end
  %at{lane} = select i1 %inside{lane}, i64 %lane{lane}, i64 %newest
  %offset{lane} = mul i64 %at{lane}, %stride
  %from{lane} = getelementptr i8, ptr %base, i64 %offset{lane}
  %value{lane} = load double, ptr %from{lane}, align 1
  %vector{lane} = insertelement <{lanes} x double> {before}, double %value{lane}, i64 {lane}"""


_FIELDS = """\
  %sums = load ptr, ptr %frame
  %bad = getelementptr $vector, ptr %sums, i64 $sums
  %scratch = getelementptr $vector, ptr %bad, i64 1
  %p.shared = getelementptr i64, ptr %frame, i64 1
  %shared = load ptr, ptr %p.shared
  %p.out = getelementptr i64, ptr %frame, i64 2
  %out = load ptr, ptr %p.out
  %p.distance = getelementptr i64, ptr %frame, i64 3
  %distance = load i64, ptr %p.distance"""

# Every chunk for every vector of a group; whether no lane fails.
_BODY = """
@chunks = internal constant [$count x ptr] [$chunks]

define internal i1 @body(
    ptr %scratch, ptr %sums, ptr %shared, ptr %out, i64 %distance, ptr %frame, i64 %group
) noinline nounwind {
  %bad = getelementptr $vector, ptr %sums, i64 $sums
  store $mask zeroinitializer, ptr %bad, align $align
  br label %chunk
chunk:
  %number = phi i64 [ 0, %0 ], [ %number.next, %chunk ]
  %p.chunk = getelementptr ptr, ptr @chunks, i64 %number
  %run = load ptr, ptr %p.chunk
  call void %run(
      ptr %scratch, ptr %sums, ptr %shared, ptr %out, i64 %distance, ptr %frame, i64 %group
  )
  %number.next = add i64 %number, 1
  %is.chunk = icmp slt i64 %number.next, $count
  br i1 %is.chunk, label %chunk, label %look
look:
  %lanes = load $mask, ptr %bad, align $align
  %any = call i64 @llvm.vector.reduce.or.v${lanes}i64($mask %lanes)
  %is.good = icmp eq i64 %any, 0
  ret i1 %is.good
}

declare i64 @llvm.vector.reduce.or.v${lanes}i64($mask)
"""

_SINGLE = f"""
define i64 @run(ptr %frame) nounwind {{
{_FIELDS}
  %is.good = call i1 @body(
      ptr %scratch, ptr %sums, ptr %shared, ptr %out, i64 %distance, ptr %frame, i64 1
  )
  %failed = select i1 %is.good, i64 -1, i64 0
  ret i64 %failed
}}
"""


def _for_each_sum(name: str, parameters: str, before: str, body: str) -> str:
    """Write a function that does something with each vector that is added up."""
    return f"""define internal void @{name}(ptr %sums{parameters}) noinline nounwind {{
  {before}
  br label %head
head:
  %i = phi i64 [ 0, %0 ], [ %next, %one ]
  %is.sum = icmp slt i64 %i, $sums
  br i1 %is.sum, label %one, label %done
one:
  %p.sum = getelementptr $vector, ptr %sums, i64 %i
  {body}
  %next = add i64 %i, 1
  br label %head
done:
  ret void
}}"""


_BEGIN = "store $vector zeroinitializer, ptr %p.sum, align $align"
_INSIDE = """\
%rest.0 = insertelement $mask poison, i64 %rest, i64 0
  %rest.s = shufflevector $mask %rest.0, $mask poison, <$lanes x i32> zeroinitializer
  %inside = icmp ult $mask <$steps>, %rest.s"""
_CLEAN = """\
%old = load $vector, ptr %p.sum, align $align
  %new = select <$lanes x i1> %inside, $vector %old, $vector zeroinitializer
  store $vector %new, ptr %p.sum, align $align"""
_TOTAL = """\
%sum = load $vector, ptr %p.sum, align $align
  %total = call reassoc double @llvm.vector.reduce.fadd.v${lanes}f64(double -0.0, $vector %sum)
  %p.total = getelementptr double, ptr %totals, i64 %i
  store double %total, ptr %p.total"""
_SUMS = "\n\n".join(
    [
        _for_each_sum("begin", "", "", _BEGIN),
        _for_each_sum("clean", ", i64 %rest", _INSIDE, _CLEAN),
        _for_each_sum("total", ", ptr %totals", "", _TOTAL),
    ]
)

# The vector at the end comes first: the lanes behind the end are then taken out of the sums.
_LOOP = f"""
define internal void @gather(
    ptr %frame, ptr %scratch, i64 %index, i64 %end, i64 %group
) noinline nounwind {{
  %newest = sub i64 %end, 1
  %samples = mul i64 %group, $lanes
  %behind = add i64 %index, %samples
  %is.whole = icmp sle i64 %behind, %end
  br label %head
head:
  %input = phi i64 [ 0, %0 ], [ %next, %more ]
  %is.input = icmp slt i64 %input, $inputs
  br i1 %is.input, label %choose, label %done
choose:
  %entry = mul i64 %input, 2
  %entry.base = add i64 %entry, 7
  %entry.stride = add i64 %entry, 8
  %p.base = getelementptr i64, ptr %frame, i64 %entry.base
  %base = load ptr, ptr %p.base
  %p.stride = getelementptr i64, ptr %frame, i64 %entry.stride
  %stride = load i64, ptr %p.stride
  %tile = getelementptr $vector, ptr %scratch, i64 %input
  %from = getelementptr double, ptr %base, i64 %index
  %is.dense = icmp eq i64 %stride, 8
  %is.plain = and i1 %is.dense, %is.whole
  br i1 %is.plain, label %plain, label %gather
plain:
  %p = phi i64 [ 0, %choose ], [ %p.next, %plain ]
  %p.offset = mul i64 %p, $size
  %p.tile = getelementptr i8, ptr %tile, i64 %p.offset
  %p.from = getelementptr $vector, ptr %from, i64 %p
  %vector = load $vector, ptr %p.from, align 1
  store $vector %vector, ptr %p.tile, align $align
  %p.next = add i64 %p, 1
  %p.more = icmp slt i64 %p.next, %group
  br i1 %p.more, label %plain, label %more
gather:
  %k = phi i64 [ 0, %choose ], [ %k.next, %gather ]
  %k.offset = mul i64 %k, $size
  %k.tile = getelementptr i8, ptr %tile, i64 %k.offset
  %k.samples = mul i64 %k, $lanes
  %k.index = add i64 %index, %k.samples
$gather
  store $vector $newest, ptr %k.tile, align $align
  %k.next = add i64 %k, 1
  %k.more = icmp slt i64 %k.next, %group
  br i1 %k.more, label %gather, label %more
more:
  %next = add i64 %input, 1
  br label %head
done:
  ret void
}}

define internal i64 @step(ptr %frame, i64 %index, i64 %end, i64 %group) noinline nounwind {{
{_FIELDS}
  call void @gather(ptr %frame, ptr %scratch, i64 %index, i64 %end, i64 %group)
  %at = getelementptr $element, ptr %out, i64 %index
  %is.good = call i1 @body(
      ptr %scratch, ptr %sums, ptr %shared, ptr %at, i64 %distance, ptr %frame, i64 %group
  )
  $part
  $fetch
  %failed = select i1 %is.good, i64 -1, i64 %index
  ret i64 %failed
}}

{_SUMS}

define i64 @run(ptr %frame) nounwind {{
{_FIELDS}
  %p.start = getelementptr i64, ptr %frame, i64 4
  %start = load i64, ptr %p.start
  %p.end = getelementptr i64, ptr %frame, i64 5
  %end = load i64, ptr %p.end
  %p.totals = getelementptr i64, ptr %frame, i64 6
  %totals = load ptr, ptr %p.totals
  %count = sub i64 %end, %start
  %rest = urem i64 %count, $lanes
  %border = sub i64 %end, %rest
  %has.rest = icmp ne i64 %rest, 0
  call void @begin(ptr %sums)
  br i1 %has.rest, label %tail, label %main
tail:
  $pad
  %tail.failed = call i64 @step(ptr %frame, i64 %border, i64 %end, i64 1)
  call void @clean(ptr %sums, i64 %rest)
  $trim
  br label %main
main:
  %where = phi i64 [ -1, %0 ], [ %tail.failed, %tail ]
  br label %head
head:
  %index = phi i64 [ %start, %main ], [ %index.next, %going ]
  %is.inside = icmp slt i64 %index, %border
  br i1 %is.inside, label %vectors, label %done
vectors:
  %left = sub i64 %border, %index
  %left.vectors = udiv i64 %left, $lanes
  %group = call i64 @llvm.smin.i64(i64 %left.vectors, i64 $group)
  %failed = call i64 @step(ptr %frame, i64 %index, i64 %end, i64 %group)
  %is.failed = icmp sge i64 %failed, 0
  br i1 %is.failed, label %stopped, label %going
going:
  %group.samples = mul i64 %group, $lanes
  %index.next = add i64 %index, %group.samples
  br label %head
stopped:
  ret i64 %failed
done:
  call void @total(ptr %sums, ptr %totals)
  ret i64 %where
}}

declare double @llvm.vector.reduce.fadd.v${{lanes}}f64(double, $vector)
declare i64 @llvm.smin.i64(i64, i64)
"""
