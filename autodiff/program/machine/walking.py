"""Blocks of a batch through a tree of kernels, as LLVM's text.

Takes a table of addresses and sizes, the fields of `TABLE`; gives -1, or 0 if a kernel said that a
sample contradicts a guard. Stages wait on a stack, each with how many samples it is for; those
behind it follow when it has counted theirs. When none waits, the results of the block are written
to those of the batch.
"""

from __future__ import annotations

import functools

from autodiff.program.machine.kernel import Code, object_code
from autodiff.program.machine.target import Target
from autodiff.program.machine.writing import Facts

TABLE = (
    "kernels",  # where they are
    "frames",  # what each is called with
    "sides",  # the stages behind each stage, as many for each
    "ends",  # where the list of those that go there ends, in bytes from the first list
    "stack",
    "moving",  # of what differs by block: its place in the frames, the first, the distance
    "distance",  # of two frames, in bytes
    "ways",  # the stages behind each stage
    "moves",  # how many are moving
    "coming",  # what the last stages fetch for the next block; see `driver`
    "pitch",  # of two lists, in bytes
    "block",  # its samples
    "kept",  # where the results of a block are
    "row",  # of two rows of these, in bytes
    "rows",  # how many there are
    "results",  # where those of the batch are
    "apart",  # of two rows of these, in bytes
    "size",  # all samples
    "first",  # the first block
    "last",  # the one behind the last
)
_COUNT = 40  # the place of the number of samples in a frame, in bytes

_TEXT = """
define i64 @run(ptr %table) nounwind {
FIELDS
  %stack = inttoptr i64 %stack.at to ptr
  %kernels = inttoptr i64 %kernels.at to ptr
  %frames = inttoptr i64 %frames.at to ptr
  %sides = inttoptr i64 %sides.at to ptr
  %ends = inttoptr i64 %ends.at to ptr
  %moving = inttoptr i64 %moving.at to ptr
  %coming = inttoptr i64 %coming.at to ptr
  br label %block
block:
  %number = phi i64 [ %first.at, %0 ], [ %number.next, %written ]
  br label %move
move:
  %m = phi i64 [ 0, %block ], [ %m.next, %moved ]
  %is.moving = icmp slt i64 %m, %moves.at
  br i1 %is.moving, label %moved, label %begin
moved:
  %m.offset = mul i64 %m, 3
  %p.place = getelementptr i64, ptr %moving, i64 %m.offset
  %m.place = load i64, ptr %p.place
  %p.origin = getelementptr i64, ptr %p.place, i64 1
  %origin = load i64, ptr %p.origin
  %p.move = getelementptr i64, ptr %p.place, i64 2
  %m.move = load i64, ptr %p.move
  %far = mul i64 %m.move, %number
  %now = add i64 %origin, %far
  %p.now = getelementptr i64, ptr %frames, i64 %m.place
  store i64 %now, ptr %p.now
  %m.next = add i64 %m, 1
  br label %move
begin:
  %before = mul i64 %number, %block.at
  %left = sub i64 %size.at, %before
  %samples = call i64 @llvm.smin.i64(i64 %left, i64 %block.at)
  %after = add i64 %before, %block.at
  %after.bytes = shl i64 %after, 3
  store i64 %after.bytes, ptr %coming
  %p.first = getelementptr i64, ptr %stack, i64 1
  store i64 0, ptr %stack
  store i64 %samples, ptr %p.first
  br label %next
next:
  %height = phi i64 [ 2, %begin ], [ %height.more, %side.next ]
  %is.waiting = icmp sgt i64 %height, 0
  br i1 %is.waiting, label %stage, label %block.next
stage:
  %top = sub i64 %height, 2
  %p.stage = getelementptr i64, ptr %stack, i64 %top
  %stage.number = load i64, ptr %p.stage
  %p.count = getelementptr i64, ptr %p.stage, i64 1
  %count = load i64, ptr %p.count
  %frame.offset = mul i64 %stage.number, %distance.at
  %frame = getelementptr i8, ptr %frames, i64 %frame.offset
  %p.samples = getelementptr i8, ptr %frame, i64 COUNT
  store i64 %count, ptr %p.samples
  %p.kernel = getelementptr ptr, ptr %kernels, i64 %stage.number
  %kernel = load ptr, ptr %p.kernel
  %failed = call i64 %kernel(ptr %frame)
  %is.good = icmp slt i64 %failed, 0
  %row = mul i64 %stage.number, %ways.at
  br i1 %is.good, label %side, label %stopped
side:
  %i = phi i64 [ 0, %stage ], [ %i.next, %side.next ]
  %height.now = phi i64 [ %top, %stage ], [ %height.more, %side.next ]
  %place = add i64 %row, %i
  %p.side = getelementptr i64, ptr %sides, i64 %place
  %behind = load i64, ptr %p.side
  %p.end = getelementptr i64, ptr %ends, i64 %place
  %end = load i64, ptr %p.end
  %start = mul i64 %i, %pitch.at
  store i64 %start, ptr %p.end
  %bytes = sub i64 %end, %start
  %there = lshr i64 %bytes, 2
  %p.new = getelementptr i64, ptr %stack, i64 %height.now
  store i64 %behind, ptr %p.new
  %p.new.count = getelementptr i64, ptr %p.new, i64 1
  store i64 %there, ptr %p.new.count
  %is.any = icmp sgt i64 %there, 0
  %height.above = add i64 %height.now, 2
  %height.side = select i1 %is.any, i64 %height.above, i64 %height.now
  br label %side.next
side.next:
  %height.more = phi i64 [ %height.side, %side ]
  %i.next = add i64 %i, 1
  %is.side = icmp slt i64 %i.next, %ways.at
  br i1 %is.side, label %side, label %next
stopped:
  ret i64 0
block.next:
  %before.bytes = shl i64 %before, 3
  %results.here = add i64 %results.at, %before.bytes
  br label %each
each:
  %r = phi i64 [ 0, %block.next ], [ %r.next, %copied ]
  %is.row = icmp slt i64 %r, %rows.at
  br i1 %is.row, label %copied, label %written
copied:
  %r.from = mul i64 %r, %row.at
  %r.to = mul i64 %r, %apart.at
  %from = add i64 %kept.at, %r.from
  %to = add i64 %results.here, %r.to
  call void @stream(i64 %from, i64 %to, i64 %samples)
  %r.next = add i64 %r, 1
  br label %each
written:
  %number.next = add i64 %number, 1
  %is.block = icmp slt i64 %number.next, %last.at
  br i1 %is.block, label %block, label %done
done:
  ret i64 -1
}

; A cache line at a time, past the caches: the rows of a batch end with one that is whole.
define internal void @stream(i64 %from.at, i64 %to.at, i64 %samples) noinline nounwind {
  %from = inttoptr i64 %from.at to ptr
  %to = inttoptr i64 %to.at to ptr
  br label %line
line:
  %i = phi i64 [ 0, %0 ], [ %i.next, %line ]
  %p.from = getelementptr double, ptr %from, i64 %i
  %p.to = getelementptr double, ptr %to, i64 %i
  %numbers = load <8 x double>, ptr %p.from, align 64
  store <8 x double> %numbers, ptr %p.to, align 64, !nontemporal !0
  %i.next = add i64 %i, 8
  %is.inside = icmp slt i64 %i.next, %samples
  br i1 %is.inside, label %line, label %done
done:
  ret void
}

declare i64 @llvm.smin.i64(i64, i64)

!0 = !{i32 1}
"""


@functools.cache
def walker(target: Target) -> Code:
    """Return the code, which is the same for all trees."""
    fields = [
        f"  %{name}.p = getelementptr i64, ptr %table, i64 {i}\n"
        f"  %{name}.at = load i64, ptr %{name}.p"
        for i, name in enumerate(TABLE)
    ]
    text = _TEXT.replace("FIELDS", "\n".join(fields)).replace("COUNT", str(_COUNT))
    return Code(object_code(text, target), Facts((), (0, 0)), target)
