"""What stands around the chunks of a kernel: the loop over the samples, as LLVM's text.

Takes the sizes of a kernel; gives `run(frame)`, which `kernel` binds. Vectors of samples are taken
in groups, and every chunk is run for a whole group.
"""

from __future__ import annotations

from string import Template


def driver(lanes: int, chunks: int, inputs: int, sums: int, bad: int, group: int) -> str:
    """Write the functions that call the chunks.

    Parameters
    ----------
    lanes, chunks : int
        How many numbers a vector has, and how many chunks there are.
    inputs, sums : int
        How many inputs vary (none: there is one sample), and how many outputs are added up.
    bad : int
        The place of the mask of failing lanes, which is the last of the vectors of one sample.
    group : int
        How many vectors are taken together.
    """
    return Template(_BODY + (_LOOP if inputs else _SINGLE)).substitute(
        chunks=", ".join(f"ptr @chunk{i}" for i in range(chunks)),
        count=chunks,
        vector=f"<{lanes} x double>",
        mask=f"<{lanes} x i64>",
        lanes=lanes,
        last=lanes - 1,
        bytes=8 * lanes,
        size=8 * lanes * (bad + 1),
        group=group,
        inputs=inputs,
        sums=sums,
        bad=bad,
        gather="\n".join(map(_gathered, range(lanes))),
        steps=", ".join(f"i64 {lane}" for lane in range(lanes)),
    )


def _gathered(lane: int) -> str:
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


_FIELDS = """\
  %sums = load ptr, ptr %frame
  %scratch = getelementptr $vector, ptr %sums, i64 $sums
  %p.shared = getelementptr i64, ptr %frame, i64 1
  %shared = load ptr, ptr %p.shared
  %p.out = getelementptr i64, ptr %frame, i64 2
  %out = load ptr, ptr %p.out
  %p.distance = getelementptr i64, ptr %frame, i64 3
  %distance = load i64, ptr %p.distance"""

# Every chunk for every vector of a group: the first vector in which a lane fails, or -1.
_BODY = """
@chunks = internal constant [$count x ptr] [$chunks]

define internal i64 @body(
    ptr %scratch, ptr %sums, ptr %shared, ptr %out, i64 %distance, i64 %group
) noinline nounwind {
  br label %chunk
chunk:
  %number = phi i64 [ 0, %0 ], [ %number.next, %chunk.next ]
  %p.chunk = getelementptr ptr, ptr @chunks, i64 %number
  %run = load ptr, ptr %p.chunk
  br label %vector
vector:
  %k = phi i64 [ 0, %chunk ], [ %k.next, %vector ]
  %k.offset = mul i64 %k, $size
  %k.scratch = getelementptr i8, ptr %scratch, i64 %k.offset
  %k.place = mul i64 %k, $bytes
  %k.out = getelementptr i8, ptr %out, i64 %k.place
  call void %run(ptr %k.scratch, ptr %sums, ptr %shared, ptr %k.out, i64 %distance)
  %k.next = add i64 %k, 1
  %k.more = icmp slt i64 %k.next, %group
  br i1 %k.more, label %vector, label %chunk.next
chunk.next:
  %number.next = add i64 %number, 1
  %is.chunk = icmp slt i64 %number.next, $count
  br i1 %is.chunk, label %chunk, label %look
look:
  %i = phi i64 [ 0, %chunk.next ], [ %i.next, %good ]
  %is.vector = icmp slt i64 %i, %group
  br i1 %is.vector, label %test, label %end
test:
  %offset = mul i64 %i, $size
  %at = getelementptr i8, ptr %scratch, i64 %offset
  %bad = getelementptr $vector, ptr %at, i64 $bad
  %lanes = load $mask, ptr %bad
  %any = call i64 @llvm.vector.reduce.or.v${lanes}i64($mask %lanes)
  %is.good = icmp eq i64 %any, 0
  br i1 %is.good, label %good, label %end
good:
  %i.next = add i64 %i, 1
  br label %look
end:
  %failed = phi i64 [ -1, %look ], [ %i, %test ]
  ret i64 %failed
}

declare i64 @llvm.vector.reduce.or.v${lanes}i64($mask)
"""

_SINGLE = f"""
define i64 @run(ptr %frame) nounwind {{
{_FIELDS}
  %bad = getelementptr $vector, ptr %scratch, i64 $bad
  store $mask zeroinitializer, ptr %bad
  %failed = call i64 @body(ptr %scratch, ptr %sums, ptr %shared, ptr %out, i64 %distance, i64 1)
  ret i64 %failed
}}
"""

# The vector at the end comes first: the lanes behind the end are then taken out of the sums.
_LOOP = f"""
define internal void @gather(ptr %frame, ptr %scratch, i64 %index, i64 %end) noinline nounwind {{
  %bad = getelementptr $vector, ptr %scratch, i64 $bad
  store $mask zeroinitializer, ptr %bad
  %newest = sub i64 %end, 1
  %newest.lane = add i64 %index, $last
  %is.whole = icmp slt i64 %newest.lane, %end
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
  ret void
}}

define internal i64 @step(ptr %frame, i64 %index, i64 %end, i64 %group) noinline nounwind {{
{_FIELDS}
  br label %vector
vector:
  %k = phi i64 [ 0, %0 ], [ %k.next, %vector ]
  %k.offset = mul i64 %k, $size
  %k.scratch = getelementptr i8, ptr %scratch, i64 %k.offset
  %k.samples = mul i64 %k, $lanes
  %k.index = add i64 %index, %k.samples
  call void @gather(ptr %frame, ptr %k.scratch, i64 %k.index, i64 %end)
  %k.next = add i64 %k, 1
  %k.more = icmp slt i64 %k.next, %group
  br i1 %k.more, label %vector, label %ready
ready:
  %at = getelementptr double, ptr %out, i64 %index
  %failed = call i64 @body(
      ptr %scratch, ptr %sums, ptr %shared, ptr %at, i64 %distance, i64 %group
  )
  %is.good = icmp slt i64 %failed, 0
  %before = mul i64 %failed, $lanes
  %first = add i64 %index, %before
  %where = select i1 %is.good, i64 -1, i64 %first
  ret i64 %where
}}

define internal void @begin(ptr %sums) noinline nounwind {{
  br label %head
head:
  %i = phi i64 [ 0, %0 ], [ %next, %one ]
  %is.sum = icmp slt i64 %i, $sums
  br i1 %is.sum, label %one, label %done
one:
  %p.sum = getelementptr $vector, ptr %sums, i64 %i
  store $vector zeroinitializer, ptr %p.sum
  %next = add i64 %i, 1
  br label %head
done:
  ret void
}}

define internal void @clean(ptr %sums, i64 %rest) noinline nounwind {{
  %rest.0 = insertelement $mask poison, i64 %rest, i64 0
  %rest.s = shufflevector $mask %rest.0, $mask poison, <$lanes x i32> zeroinitializer
  %inside = icmp ult $mask <$steps>, %rest.s
  br label %head
head:
  %i = phi i64 [ 0, %0 ], [ %next, %one ]
  %is.sum = icmp slt i64 %i, $sums
  br i1 %is.sum, label %one, label %done
one:
  %p.sum = getelementptr $vector, ptr %sums, i64 %i
  %old = load $vector, ptr %p.sum
  %new = select <$lanes x i1> %inside, $vector %old, $vector zeroinitializer
  store $vector %new, ptr %p.sum
  %next = add i64 %i, 1
  br label %head
done:
  ret void
}}

define internal void @total(ptr %sums, ptr %totals) noinline nounwind {{
  br label %head
head:
  %i = phi i64 [ 0, %0 ], [ %next, %one ]
  %is.sum = icmp slt i64 %i, $sums
  br i1 %is.sum, label %one, label %done
one:
  %p.sum = getelementptr $vector, ptr %sums, i64 %i
  %sum = load $vector, ptr %p.sum
  %total = call reassoc double @llvm.vector.reduce.fadd.v${{lanes}}f64(double -0.0, $vector %sum)
  %p.total = getelementptr double, ptr %totals, i64 %i
  store double %total, ptr %p.total
  %next = add i64 %i, 1
  br label %head
done:
  ret void
}}

define i64 @run(ptr %frame) nounwind {{
  %sums = load ptr, ptr %frame
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
  %tail.failed = call i64 @step(ptr %frame, i64 %border, i64 %end, i64 1)
  call void @clean(ptr %sums, i64 %rest)
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
