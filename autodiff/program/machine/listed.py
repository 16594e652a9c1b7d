"""Lists of samples, as LLVM's text: what a kernel of a tree does beside its lines.

Takes how many ways samples go on; gives functions for the places that `driver` names. Samples that
go different ways are written to a list for each way. A kernel that reads such a list comes upon its
samples here and there, so what the next block needs is fetched early.
"""

from __future__ import annotations

# Behind the end of a list its last sample stands as often as a vector may ask for it.
PADDED = """
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

# While samples of a block are computed, the cache lines of as many samples of the next block are
# asked for: a stage that comes upon some of them here and there would wait for each. Told are how
# far that has come, which moves on here, how many columns there are, and where each begins.
FETCH = """
define internal void @fetch(ptr %frame, i64 %group) noinline nounwind {
  %p.coming = getelementptr i64, ptr %frame, i64 $coming
  %coming = load ptr, ptr %p.coming
  %first = load i64, ptr %coming
  %samples = mul i64 %group, $lanes
  %bytes = shl i64 %samples, 3
  %end = add i64 %first, %bytes
  store i64 %end, ptr %coming
  %p.count = getelementptr i64, ptr %coming, i64 1
  %count = load i64, ptr %p.count
  %columns = getelementptr i64, ptr %coming, i64 2
  br label %head
head:
  %i = phi i64 [ 0, %0 ], [ %i.next, %more ]
  %is.column = icmp slt i64 %i, %count
  br i1 %is.column, label %column, label %done
column:
  %p.base = getelementptr ptr, ptr %columns, i64 %i
  %base = load ptr, ptr %p.base
  br label %line
line:
  %offset = phi i64 [ %first, %column ], [ %offset.next, %line ]
  %at = getelementptr i8, ptr %base, i64 %offset
  call void @llvm.prefetch.p0(ptr %at, i32 0, i32 2, i32 1)
  %offset.next = add i64 %offset, 64
  %is.line = icmp slt i64 %offset.next, %end
  br i1 %is.line, label %line, label %more
more:
  %i.next = add i64 %i, 1
  br label %head
done:
  ret void
}

declare void @llvm.prefetch.p0(ptr, i32, i32, i32)
"""

# The samples of each way, one after the other, and where each list ends, in bytes from the first.
# Lanes behind the end go where the last sample goes: until `trim` is called its list is too long.
PARTING = "ptr %frame, ptr %scratch, i64 %index, i64 %group"


def part(sides: int, lanes: int, width: int) -> str:
    """Write how the lists are written: way by way, or lane by lane where there are many ways.

    Samples are half as long as numbers: two of the machine's vectors of numbers, each of so many,
    are one of samples.
    """
    is_short = sides <= 2 * width
    together = 2 * width if width > 2 else width
    ways, step = range(sides if is_short else 0), together // lanes if is_short else 1
    written = _compressed(sides, together, step) if is_short else _appended(lanes)
    before = [
        f"""
  %p.end{i} = getelementptr i64, ptr %ends, i64 {i}
  %end{i}.old = load i64, ptr %p.end{i}"""
        for i in ways
    ]
    now = [f"\n  %end{i} = phi i64 [ %end{i}.old, %0 ], [ %end{i}.next, %vector ]" for i in ways]
    after = [f"\n  store i64 %end{i}.next, ptr %p.end{i}" for i in ways]
    return f"""
define internal void @part({PARTING}) noinline nounwind {{
  %p.list = getelementptr i64, ptr %frame, i64 $list
  %list = load ptr, ptr %p.list
  %p.lists = getelementptr i64, ptr %frame, i64 $lists
  %lists = load ptr, ptr %p.lists
  %p.ends = getelementptr i64, ptr %frame, i64 $ends
  %ends = load ptr, ptr %p.ends
  %from = getelementptr i32, ptr %list, i64 %index
  %ways = getelementptr $vector, ptr %scratch, i64 $way{"".join(before)}
  br label %vector
vector:
  %k = phi i64 [ 0, %0 ], [ %k.next, %vector ]{"".join(now)}
  %k.offset = mul i64 %k, $size
  %p.way = getelementptr i8, ptr %ways, i64 %k.offset
  %way = load $vector, ptr %p.way, align $align
  %p.samples = getelementptr $shorts, ptr %from, i64 %k
  %samples = load $shorts, ptr %p.samples, align 4{written}
  %k.next = add i64 %k, {step}
  %k.more = icmp slt i64 %k.next, %group
  br i1 %k.more, label %vector, label %done
done:{"".join(after)}
  ret void
}}
{_TRIM}{_ORDERS.get(together, "") if is_short else ""}"""


def _compressed(sides: int, together: int, vectors: int) -> str:
    """Write how the samples of each way are put one behind the other.

    The vectors of a list overlap: each ends in lanes that the next one overwrites.
    """
    order = ", ".join(f"i32 {lane}" for lane in range(together))
    paired = _PAIRED.replace("ORDER", f"<{together} x i32> <{order}>")
    return (paired if vectors == 2 else _SINGLE).replace("$count", str(together)) + "".join(
        f"""
  %goes{i} = icmp eq <{together} x i32> %numbers, splat (i32 {i})
  %bits{i} = bitcast <{together} x i1> %goes{i} to i{together}
  %number{i} = zext i{together} %bits{i} to i64
{_COMPRESS[together].replace("#", str(i))}
  %p.new{i} = getelementptr i8, ptr %lists, i64 %end{i}
  store <{together} x i32> %together{i}, ptr %p.new{i}, align 4
  %count{i} = call i64 @llvm.ctpop.i64(i64 %number{i})
  %bytes{i} = shl i64 %count{i}, 2
  %end{i}.next = add i64 %end{i}, %bytes{i}"""
        for i in range(sides)
    )


_SINGLE = """
  %numbers = fptosi $vector %way to $shorts
  %samples.all = load <$count x i32>, ptr %p.samples, align 4"""
# Two vectors of ways as one of integers; behind the last vector of a group no sample goes any way.
_PAIRED = """
  %k.second = add i64 %k, 1
  %is.pair = icmp slt i64 %k.second, %group
  %k.there = select i1 %is.pair, i64 %k.second, i64 %k
  %second.offset = mul i64 %k.there, $size
  %p.second = getelementptr i8, ptr %ways, i64 %second.offset
  %way.second = load $vector, ptr %p.second, align $align
  %first = fptosi $vector %way to $shorts
  %second.any = fptosi $vector %way.second to $shorts
  %second = select i1 %is.pair, $shorts %second.any, $shorts splat (i32 -1)
  %numbers = shufflevector $shorts %first, $shorts %second, ORDER
  %samples.all = load <$count x i32>, ptr %p.samples, align 4"""


def _appended(lanes: int) -> str:
    """Write how each sample is put behind those of its way."""
    return "\n  %numbers = fptosi $vector %way to $mask" + "".join(
        f"""
  %sample{i} = extractelement $shorts %samples, i64 {i}
  %way{i} = extractelement $mask %numbers, i64 {i}
  %p.end{i} = getelementptr i64, ptr %ends, i64 %way{i}
  %end{i} = load i64, ptr %p.end{i}
  %p.new{i} = getelementptr i8, ptr %lists, i64 %end{i}
  store i32 %sample{i}, ptr %p.new{i}
  %end{i}.next = add i64 %end{i}, 4
  store i64 %end{i}.next, ptr %p.end{i}"""
        for i in range(lanes)
    )


_TRIM = """
define internal void @trim(ptr %frame, ptr %scratch, i64 %rest) noinline nounwind {
  %p.ends = getelementptr i64, ptr %frame, i64 $ends
  %ends = load ptr, ptr %p.ends
  %p.ways = getelementptr $vector, ptr %scratch, i64 $way
  %p.way = getelementptr double, ptr %p.ways, i64 $last
  %way.number = load double, ptr %p.way
  %way = fptosi double %way.number to i64
  %p.end = getelementptr i64, ptr %ends, i64 %way
  %end = load i64, ptr %p.end
  %behind = sub i64 $lanes, %rest
  %bytes = shl i64 %behind, 2
  %end.less = sub i64 %end, %bytes
  store i64 %end.less, ptr %p.end
  ret void
}

declare i64 @llvm.ctpop.i64(i64)
"""

# How the samples of the lanes that go a way become the first ones: by an instruction of AVX-512,
# by one of AVX2 that is told the order, or for two lanes by their exchange.
_COMPRESS = {
    2: """\
  %turned# = shufflevector $shorts %samples.all, $shorts poison, $shorts <i32 1, i32 0>
  %first# = extractelement <2 x i1> %goes#, i64 0
  %together# = select i1 %first#, $shorts %samples.all, $shorts %turned#""",
    8: """\
  %p.order# = getelementptr <8 x i8>, ptr @orders, i64 %number#
  %order.short# = load <8 x i8>, ptr %p.order#
  %order# = zext <8 x i8> %order.short# to <8 x i32>
  %together# = call <8 x i32> @llvm.x86.avx2.permd(<8 x i32> %samples.all, <8 x i32> %order#)""",
    16: """\
  %together# = call <16 x i32> @llvm.experimental.vector.compress.v16i32(
      <16 x i32> %samples.all, <16 x i1> %goes#, <16 x i32> poison
  )""",
}


def _order(going: int) -> str:
    """Write for eight places which lane is moved there: first those whose bit is set."""
    lanes = sorted(range(8), key=lambda lane: not going >> lane & 1)
    return "".join(f"\\{lane:02x}" for lane in lanes)


_ORDERS = {
    8: f"""
@orders = internal constant [2048 x i8] c"{"".join(map(_order, range(256)))}", align 64

declare <8 x i32> @llvm.x86.avx2.permd(<8 x i32>, <8 x i32>)
""",
    16: """
declare <16 x i32> @llvm.experimental.vector.compress.v16i32(<16 x i32>, <16 x i1>, <16 x i32>)
""",
}
