"""What stands around the chunks of a kernel: the loop over the samples, as LLVM's text.

Takes the sizes of a kernel; gives `run(frame)`, which `kernel` binds. Vectors of samples are taken
in groups, and every chunk is run for a whole group. Which samples a vector has may be read from a
list; then chunks load and store the numbers of each where they are. Samples that go different ways
are written to a list for each way.
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
    is_listed, last = variant.is_listed, 7 + 2 * inputs  # the field behind the columns
    text = _BODY + (_LOOP if inputs or is_listed else _SINGLE)
    if is_listed:
        text += _PADDED
    if variant.sides:
        text += _PART + _COMPRESSING[lanes]
    return Template(text.replace("$compress", _COMPRESS[lanes])).substitute(
        chunks=", ".join(f"ptr @chunk{i}" for i in range(chunks)),
        count=chunks,
        vector=f"<{lanes} x double>",
        mask=f"<{lanes} x i64>",
        shorts=f"<{lanes} x i32>",
        lanes=lanes,
        last=lanes - 1,
        element="i32" if is_listed else "double",
        bytes=(4 if is_listed else 8) * lanes,
        looked="%group" if is_guarded else "0",
        size=8 * lanes * (bad + 1 + bool(variant.sides)),
        group=group,
        inputs=0 if is_listed else inputs,
        sums=sums,
        bad=bad,
        way=bad + 1,
        list=2 if is_listed else last,
        lists=last + 1,
        pitch=last + 2,
        counts=last + 3,
        sides=variant.sides,
        gather="\n".join(_gathered(lane, lanes) for lane in range(lanes)),
        newest=f"%vector{lanes - 1}",
        pad="call void @pad(ptr %out, i64 %end)" if is_listed else "",
        part=f"call void @part({_PARTING})" if variant.sides else "",
        trim="call void @trim(ptr %frame, ptr %scratch, i64 %rest)" if variant.sides else "",
        steps=", ".join(f"i64 {lane}" for lane in range(lanes)),
    )


def _gathered(lane: int, lanes: int) -> str:
    """Write how one lane of an input is loaded: behind the end that of the last sample."""
    before = f"%vector{lane - 1}" if lane else "poison"
    return f"""
  %lane{lane} = add i64 %index, {lane}
  %inside{lane} = icmp slt i64 %lane{lane}, %end
  %at{lane} = select i1 %inside{lane}, i64 %lane{lane}, i64 %newest
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
    ptr %scratch, ptr %sums, ptr %shared, ptr %out, i64 %distance, ptr %frame, i64 %group
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
  call void %run(
      ptr %k.scratch, ptr %sums, ptr %shared, ptr %k.out, i64 %distance, ptr %frame
  )
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
  %failed = call i64 @body(
      ptr %scratch, ptr %sums, ptr %shared, ptr %out, i64 %distance, ptr %frame, i64 1
  )
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
  %at = getelementptr $element, ptr %out, i64 %index
  %failed = call i64 @body(
      ptr %scratch, ptr %sums, ptr %shared, ptr %at, i64 %distance, ptr %frame, i64 %group
  )
  $part
  %is.good = icmp slt i64 %failed, 0
  %before = mul i64 %failed, $lanes
  %first = add i64 %index, %before
  %failing = select i1 %is.good, i64 -1, i64 %first
  ret i64 %failing
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

# Behind the end of a list its last sample stands as often as a vector may ask for it.
_PADDED = """
define internal void @pad(ptr %list, i64 %end) noinline nounwind {
  %behind = getelementptr i32, ptr %list, i64 %end
  %p.last = getelementptr i32, ptr %behind, i64 -1
  %last = load i32, ptr %p.last
  %last.0 = insertelement $shorts poison, i32 %last, i64 0
  %last.all = shufflevector $shorts %last.0, $shorts poison, $shorts zeroinitializer
  store $shorts %last.all, ptr %behind, align 4
  ret void
}
"""

# The samples of each way, one after the other, and how many there are. The vectors of a list
# overlap: each ends in lanes that the next one overwrites. Lanes behind the end go where the last
# sample goes, of whose list they are the end: there are too many of them until `trim` is called.
_PARTING = "ptr %frame, ptr %scratch, i64 %index, i64 %group"
_PART = f"""
define internal void @part({_PARTING}) noinline nounwind {{
  %p.list = getelementptr i64, ptr %frame, i64 $list
  %list = load ptr, ptr %p.list
  %p.lists = getelementptr i64, ptr %frame, i64 $lists
  %lists = load ptr, ptr %p.lists
  %p.pitch = getelementptr i64, ptr %frame, i64 $pitch
  %pitch = load i64, ptr %p.pitch
  %p.counts = getelementptr i64, ptr %frame, i64 $counts
  %counts = load ptr, ptr %p.counts
  %from = getelementptr i32, ptr %list, i64 %index
  br label %side
side:
  %i = phi i64 [ 0, %0 ], [ %i.next, %side.next ]
  %i.number = uitofp i64 %i to double
  %i.0 = insertelement $vector poison, double %i.number, i64 0
  %i.all = shufflevector $vector %i.0, $vector poison, $shorts zeroinitializer
  %offset = mul i64 %i, %pitch
  %new = getelementptr i8, ptr %lists, i64 %offset
  %p.n = getelementptr i64, ptr %counts, i64 %i
  %n.old = load i64, ptr %p.n
  br label %vector
vector:
  %k = phi i64 [ 0, %side ], [ %k.next, %vector ]
  %n = phi i64 [ %n.old, %side ], [ %n.next, %vector ]
  %k.offset = mul i64 %k, $size
  %k.scratch = getelementptr i8, ptr %scratch, i64 %k.offset
  %p.way = getelementptr $vector, ptr %k.scratch, i64 $way
  %way = load $vector, ptr %p.way
  %goes = fcmp oeq $vector %way, %i.all
  %bits = bitcast <$lanes x i1> %goes to i$lanes
  %number = zext i$lanes %bits to i64
  %p.samples = getelementptr $shorts, ptr %from, i64 %k
  %samples = load $shorts, ptr %p.samples, align 4
$compress
  %p.new = getelementptr i32, ptr %new, i64 %n
  store $shorts %together, ptr %p.new, align 4
  %more = call i64 @llvm.ctpop.i64(i64 %number)
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
}}

define internal void @trim(ptr %frame, ptr %scratch, i64 %rest) noinline nounwind {{
  %p.counts = getelementptr i64, ptr %frame, i64 $counts
  %counts = load ptr, ptr %p.counts
  %p.ways = getelementptr $vector, ptr %scratch, i64 $way
  %p.way = getelementptr double, ptr %p.ways, i64 $last
  %way.number = load double, ptr %p.way
  %way = fptosi double %way.number to i64
  %p.n = getelementptr i64, ptr %counts, i64 %way
  %n = load i64, ptr %p.n
  %n.more = add i64 %n, %rest
  %n.less = sub i64 %n.more, $lanes
  store i64 %n.less, ptr %p.n
  ret void
}}

declare i64 @llvm.ctpop.i64(i64)
"""

# How the samples of the lanes that go a way become the first ones: by an instruction of AVX-512,
# by one of AVX that is told the order, or for two lanes by their exchange.
_COMPRESS = {
    2: """\
  %turned = shufflevector $shorts %samples, $shorts poison, $shorts <i32 1, i32 0>
  %first = extractelement <2 x i1> %goes, i64 0
  %together = select i1 %first, $shorts %samples, $shorts %turned""",
    4: """\
  %p.order = getelementptr $shorts, ptr @orders, i64 %number
  %order = load $shorts, ptr %p.order
  %floats = bitcast $shorts %samples to <4 x float>
  %moved = call <4 x float> @llvm.x86.avx.vpermilvar.ps(<4 x float> %floats, $shorts %order)
  %together = bitcast <4 x float> %moved to $shorts""",
    8: """\
  %together = call $shorts @llvm.experimental.vector.compress.v8i32(
      $shorts %samples, <8 x i1> %goes, $shorts poison
  )""",
}


def _order(going: int) -> str:
    """Write for four places which lane is moved there: first those whose bit is set."""
    lanes = sorted(range(4), key=lambda lane: not going >> lane & 1)
    return f"$shorts <{', '.join(f'i32 {lane}' for lane in lanes)}>"


_COMPRESSING = {
    2: "",
    4: f"""
@orders = internal constant [16 x $shorts] [{", ".join(map(_order, range(16)))}]

declare <4 x float> @llvm.x86.avx.vpermilvar.ps(<4 x float>, <4 x i32>)
""",
    8: """
declare $shorts @llvm.experimental.vector.compress.v8i32($shorts, <8 x i1>, $shorts)
""",
}
