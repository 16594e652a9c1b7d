"""What stands around the chunks of a kernel: the loop over the samples, as LLVM's text.

Takes the sizes of a kernel; gives `run(frame)`, which `kernel` binds. Vectors of samples are taken
in groups, and every chunk is run for a whole group. Which samples a vector has may be read from a
list, and samples that go different ways are written to a list for each way.
"""

from __future__ import annotations

from string import Template

from autodiff.program.machine.layout import Variant


def driver(
    lanes: int,
    chunks: int,
    inputs: int,
    sums: int,
    bad: int,
    group: int,
    variant: Variant,
    *,
    is_guarded: bool,
) -> str:
    """Write the functions that call the chunks.

    Parameters
    ----------
    lanes, chunks : int
        How many numbers a vector has, and how many chunks there are.
    inputs, sums : int
        How many inputs vary (none: there is one sample), and how many outputs are added up.
    bad : int
        The place of the mask of failing lanes. It is the last of the vectors of one sample; but for
        which samples the lanes are, and which way each goes, if the variant has these.
    group : int
        How many vectors are taken together.
    variant : Variant
        What the kernel is for.
    is_guarded : bool
        Whether a lane can fail.
    """
    text = _BODY + (_LOOP if inputs else _SINGLE)
    if variant.sides:
        text += _PART + (_COMPRESSED if lanes == 8 else _APPENDED)  # 8 lanes are AVX-512
    track = _tracked(lanes, bad + 1, list_at=7 + 2 * inputs if variant.is_listed else None)
    is_tracked = variant.tracked > 0
    placed = [_placed(lane, is_tracked=is_tracked) for lane in range(lanes)]
    return Template(text).substitute(
        chunks=", ".join(f"ptr @chunk{i}" for i in range(chunks)),
        count=chunks,
        vector=f"<{lanes} x double>",
        mask=f"<{lanes} x i64>",
        lanes=lanes,
        last=lanes - 1,
        bytes=0 if variant.is_listed else 8 * lanes,
        looked="%group" if is_guarded else "0",
        origin="0" if variant.is_listed else "%index",
        size=8 * lanes * (bad + 1 + variant.tracked),
        group=group,
        inputs=inputs,
        sums=sums,
        bad=bad,
        lists=8 + 2 * inputs,
        pitch=9 + 2 * inputs,
        counts=10 + 2 * inputs,
        where=bad + 1,
        way=bad + 2,
        sides=variant.sides,
        track=track if is_tracked else "",
        is_whole="false" if variant.is_listed else "%is.whole",
        gather="\n".join([*placed, *(_gathered(lane, lanes) for lane in range(lanes))]),
        newest=f"%vector{lanes - 1}",
        part="call void @part(ptr %frame, ptr %scratch, i64 %index, i64 %end, i64 %group)"
        if variant.sides
        else "",
        steps=", ".join(f"i64 {lane}" for lane in range(lanes)),
    )


def _placed(lane: int, *, is_tracked: bool) -> str:
    """Write which sample a lane is; behind the end it is the last one."""
    if is_tracked:
        return f"""
  %p.at{lane} = getelementptr i64, ptr %where, i64 {lane}
  %at{lane} = load i64, ptr %p.at{lane}"""
    return f"""
  %lane{lane} = add i64 %index, {lane}
  %inside{lane} = icmp slt i64 %lane{lane}, %end
  %at{lane} = select i1 %inside{lane}, i64 %lane{lane}, i64 %newest"""


def _tracked(lanes: int, place: int, list_at: int | None) -> str:
    """Write the same for all lanes, which the scratch memory is told; a list may say it."""
    mask, steps = f"<{lanes} x i64>", ", ".join(f"i64 {lane}" for lane in range(lanes))
    if list_at is None:
        numbers = f"""
  %last = add i64 %newest, 0
{_splat("index", lanes)}
  %numbers = add {mask} %index.all, <{steps}>"""
    else:
        numbers = f"""
  %p.list = getelementptr i64, ptr %frame, i64 {list_at}
  %list = load ptr, ptr %p.list
  %p.last = getelementptr i32, ptr %list, i64 %newest
  %last.short = load i32, ptr %p.last
  %last = sext i32 %last.short to i64
  %p.numbers = getelementptr i32, ptr %list, i64 %index
  %numbers.short = load <{lanes} x i32>, ptr %p.numbers, align 4
  %numbers = sext <{lanes} x i32> %numbers.short to {mask}"""
    return f"""{numbers}
{_splat("last", lanes)}
  %left = sub i64 %end, %index
{_splat("left", lanes)}
  %inside = icmp slt {mask} <{steps}>, %left.all
  %samples = select <{lanes} x i1> %inside, {mask} %numbers, {mask} %last.all
  %where = getelementptr {mask}, ptr %scratch, i64 {place}
  store {mask} %samples, ptr %where"""


def _splat(name: str, lanes: int) -> str:
    mask = f"<{lanes} x i64>"
    return f"""\
  %{name}.0 = insertelement {mask} poison, i64 %{name}, i64 0
  %{name}.all = shufflevector {mask} %{name}.0, {mask} poison, <{lanes} x i32> zeroinitializer"""


def _gathered(lane: int, lanes: int) -> str:
    """Write how one lane of an input is loaded."""
    before = f"%vector{lane - 1}" if lane else "poison"
    return f"""
  %offset{lane} = mul i64 %at{lane}, %stride
  %from{lane} = getelementptr i8, ptr %base, i64 %offset{lane}
  %value{lane} = load double, ptr %from{lane}, align 1
  %vector{lane} = insertelement <{lanes} x double> {before}, double %value{lane}, i64 {lane}"""


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
  %is.vector = icmp slt i64 %i, $looked
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


_BEGIN = "store $vector zeroinitializer, ptr %p.sum"
_INSIDE = """\
%rest.0 = insertelement $mask poison, i64 %rest, i64 0
  %rest.s = shufflevector $mask %rest.0, $mask poison, <$lanes x i32> zeroinitializer
  %inside = icmp ult $mask <$steps>, %rest.s"""
_CLEAN = """\
%old = load $vector, ptr %p.sum
  %new = select <$lanes x i1> %inside, $vector %old, $vector zeroinitializer
  store $vector %new, ptr %p.sum"""
_TOTAL = """\
%sum = load $vector, ptr %p.sum
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
define internal void @gather(ptr %frame, ptr %scratch, i64 %index, i64 %end) noinline nounwind {{
  %bad = getelementptr $vector, ptr %scratch, i64 $bad
  store $mask zeroinitializer, ptr %bad
  %newest = sub i64 %end, 1
  %newest.lane = add i64 %index, $last
  %is.whole = icmp slt i64 %newest.lane, %end
$track
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
  %is.plain = and i1 %is.dense, $is_whole
  br i1 %is.plain, label %plain, label %gather
plain:
  %from = getelementptr double, ptr %base, i64 %index
  %vector = load $vector, ptr %from, align 1
  store $vector %vector, ptr %tile
  br label %more
gather:
$gather
  store $vector $newest, ptr %tile
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
  %at = getelementptr double, ptr %out, i64 $origin
  %failed = call i64 @body(
      ptr %scratch, ptr %sums, ptr %shared, ptr %at, i64 %distance, i64 %group
  )
  $part
  %is.good = icmp slt i64 %failed, 0
  %before = mul i64 %failed, $lanes
  %first = add i64 %index, %before
  %where = select i1 %is.good, i64 -1, i64 %first
  ret i64 %where
}}

{_SUMS}

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

# The samples of each way, one after the other, and how many there are.
_PART = """
define internal void @part(
    ptr %frame, ptr %scratch, i64 %index, i64 %end, i64 %group
) noinline nounwind {
  %p.lists = getelementptr i64, ptr %frame, i64 $lists
  %lists = load ptr, ptr %p.lists
  %p.pitch = getelementptr i64, ptr %frame, i64 $pitch
  %pitch = load i64, ptr %p.pitch
  %p.counts = getelementptr i64, ptr %frame, i64 $counts
  %counts = load ptr, ptr %p.counts
  %left = sub i64 %end, %index
"""

# Where vectors can be compressed, way by way. The vectors of a list overlap: each ends in lanes
# that the next one overwrites.
_COMPRESSED = """\
  br label %side
side:
  %i = phi i64 [ 0, %0 ], [ %i.next, %side.next ]
  %i.number = uitofp i64 %i to double
  %i.0 = insertelement $vector poison, double %i.number, i64 0
  %i.all = shufflevector $vector %i.0, $vector poison, <$lanes x i32> zeroinitializer
  %offset = mul i64 %i, %pitch
  %list = getelementptr i8, ptr %lists, i64 %offset
  %p.n = getelementptr i64, ptr %counts, i64 %i
  %n.old = load i64, ptr %p.n
  br label %vector
vector:
  %k = phi i64 [ 0, %side ], [ %k.next, %vector ]
  %n = phi i64 [ %n.old, %side ], [ %n.next, %vector ]
  %k.offset = mul i64 %k, $size
  %k.scratch = getelementptr i8, ptr %scratch, i64 %k.offset
  %p.where = getelementptr $vector, ptr %k.scratch, i64 $where
  %where = load $mask, ptr %p.where
  %numbers = trunc $mask %where to <$lanes x i32>
  %p.way = getelementptr $vector, ptr %k.scratch, i64 $way
  %way = load $vector, ptr %p.way
  %goes = fcmp oeq $vector %way, %i.all
  %k.samples = mul i64 %k, $lanes
  %k.left = sub i64 %left, %k.samples
  %rest.0 = insertelement $mask poison, i64 %k.left, i64 0
  %rest = shufflevector $mask %rest.0, $mask poison, <$lanes x i32> zeroinitializer
  %inside = icmp slt $mask <$steps>, %rest
  %taken = and <$lanes x i1> %goes, %inside
  %together = call <$lanes x i32> @llvm.experimental.vector.compress.v${lanes}i32(
      <$lanes x i32> %numbers, <$lanes x i1> %taken, <$lanes x i32> poison
  )
  %p.new = getelementptr i32, ptr %list, i64 %n
  store <$lanes x i32> %together, ptr %p.new, align 4
  %bits = bitcast <$lanes x i1> %taken to i$lanes
  %count = call i$lanes @llvm.ctpop.i$lanes(i$lanes %bits)
  %more = zext i$lanes %count to i64
  %n.next = add i64 %n, %more
  %k.next = add i64 %k, 1
  %k.more = icmp slt i64 %k.next, %group
  br i1 %k.more, label %vector, label %side.next
side.next:
  store i64 %n.next, ptr %p.n
  %i.next = add i64 %i, 1
  %is.side = icmp slt i64 %i.next, $sides
  br i1 %is.side, label %side, label %done
done:
  ret void
}

declare <$lanes x i32> @llvm.experimental.vector.compress.v${lanes}i32(
    <$lanes x i32>, <$lanes x i1>, <$lanes x i32>
)
declare i$lanes @llvm.ctpop.i$lanes(i$lanes)
"""

# Elsewhere, lane by lane.
_APPENDED = """\
  br label %vector
vector:
  %k = phi i64 [ 0, %0 ], [ %k.next, %vector.next ]
  %k.offset = mul i64 %k, $size
  %k.scratch = getelementptr i8, ptr %scratch, i64 %k.offset
  %where = getelementptr $vector, ptr %k.scratch, i64 $where
  %ways = getelementptr $vector, ptr %k.scratch, i64 $way
  %k.samples = mul i64 %k, $lanes
  %k.left = sub i64 %left, %k.samples
  %k.count = call i64 @llvm.smin.i64(i64 %k.left, i64 $lanes)
  br label %lane
lane:
  %i = phi i64 [ 0, %vector ], [ %i.next, %lane ]
  %p.where = getelementptr i64, ptr %where, i64 %i
  %sample = load i64, ptr %p.where
  %number = trunc i64 %sample to i32
  %p.way = getelementptr double, ptr %ways, i64 %i
  %way.number = load double, ptr %p.way
  %way = fptosi double %way.number to i64
  %p.n = getelementptr i64, ptr %counts, i64 %way
  %n = load i64, ptr %p.n
  %offset = mul i64 %way, %pitch
  %list = getelementptr i8, ptr %lists, i64 %offset
  %p.new = getelementptr i32, ptr %list, i64 %n
  store i32 %number, ptr %p.new
  %n.next = add i64 %n, 1
  store i64 %n.next, ptr %p.n
  %i.next = add i64 %i, 1
  %is.lane = icmp slt i64 %i.next, %k.count
  br i1 %is.lane, label %lane, label %vector.next
vector.next:
  %k.next = add i64 %k, 1
  %k.more = icmp slt i64 %k.next, %group
  br i1 %k.more, label %vector, label %done
done:
  ret void
}
"""
