"""The room plan for a terminal: rooms × nights in letters, and a legend of who they are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date

from channel_sync.picture.plan import RoomPlan, Span, printable

FREE = "."
BLOCKED = "#"
MARKS = (
    ("!", "pinned"),
    ("*", "in house"),
    ("a", "only held while a person is asked"),
    (BLOCKED, "out of order"),
    ("×", "closed"),
)
"""What a sign means."""

NARROWEST = 7
"""Nights that stand beside each other however narrow the terminal is."""


def draw(plan: RoomPlan, width: int) -> str:
    """The plan in lines of at most `width` characters, where a week of nights fits into that.

    More nights than fit beside each other go on below.
    """
    labels = plan.labels()
    cell = max((len(_token(span, labels)) for span in plan.in_order()), default=1)
    cell = max(cell, 2) + 1
    heads = _heads(plan)
    rows = _rows(plan, labels)
    margin = max((len(head) for head in heads), default=0) + 2
    beside = max((width - margin) // cell, NARROWEST)
    nights = plan.nights
    parts = [f"{plan.name}, nights of {plan.first} to {plan.end}"]
    for begin in range(0, len(nights), beside):
        grid = _grid(plan, nights[begin : begin + beside], rows, heads, margin, cell)
        parts.append("\n".join(line.rstrip() for line in grid))
    parts += ["\n".join(part) for part in (_legend(plan, labels), _signs(plan, labels)) if part]
    return "\n\n".join(parts)


def _heads(plan: RoomPlan) -> list[str]:
    """What stands before each row: rooms, counted categories, those without a room."""
    wide = max((len(room.category) for room in plan.rooms), default=0)
    wide = max([wide, *(len(one.category) for one in plan.counted)])
    wide = max([wide, *(len(span.category or "?") for span in plan.waiting)])
    rooms = [
        f"{room.category:<{wide}} {room.room}{'' if room.is_active else ' ×'}"
        for room in plan.rooms
    ]
    counted = [f"{one.category:<{wide}} of {one.units}" for one in plan.counted]
    return rooms + counted + [f"{span.category or '?':<{wide}} –" for span in plan.waiting]


def _grid(
    plan: RoomPlan,
    nights: Sequence[date],
    rows: list[Callable[[date], str]],
    heads: list[str],
    margin: int,
    cell: int,
) -> list[str]:
    """The nights that stand beside each other: a line of months, one of days, then the rows."""
    months = [
        night.strftime("%b") if i == 0 or night.day == 1 else "" for i, night in enumerate(nights)
    ]
    days = [f"{night:%d}" for night in nights]
    names = [f"{night:%a}"[:2] for night in nights]
    drawn = [
        f"{head:<{margin}}" + "".join(f"{row(night):<{cell}}" for night in nights)
        for head, row in zip(heads, rows, strict=True)
    ]
    top = [
        " " * margin + "".join(f"{text:<{cell}}" for text in line) for line in (months, days, names)
    ]
    if plan.waiting:
        drawn.insert(len(plan.rooms) + len(plan.counted), "without a room:")
    return [*top, *drawn]


def _rows(plan: RoomPlan, labels: dict[str, str]) -> list[Callable[[date], str]]:
    """What stands under a night, for each row."""
    return [
        *(_row(spans, labels) for spans in plan.by_room()),
        *((lambda night, one=one: str(one.stays.get(night, FREE))) for one in plan.counted),
        *(_row((span,), labels) for span in plan.waiting),
    ]


def _row(spans: Sequence[Span], labels: dict[str, str]) -> Callable[[date], str]:
    """What stands under a night in the row of these spans."""

    def at(night: date) -> str:
        here = (span for span in spans if span.from_date <= night < span.to_date)
        return next((_token(span, labels) for span in here), FREE)

    return at


def _token(span: Span, labels: dict[str, str]) -> str:
    """A stay or a block in a cell."""
    if span.is_block:
        return BLOCKED
    label = labels[span.booking]
    marks = ("*" if span.begun else "") + ("!" if span.pinned else "")
    return (label.lower() if span.held else label) + marks


def _legend(plan: RoomPlan, labels: dict[str, str]) -> list[str]:
    """Who is who: one line a stay, then the blocks that bear a reason."""
    lines: dict[str, str] = {}
    for span in plan.in_order():
        where = "without a room" if span.room is None else ""
        notes = [printable(note) for note in ("held" if span.held else where, span.why) if note]
        told = f"{labels[span.booking]}  {span.booking}" + (
            f"  {': '.join(notes)}" if notes else ""
        )
        lines.setdefault(span.booking, told)
    blocks = [
        f"{BLOCKED}  room {span.room}, {span.from_date} to {span.to_date}: {printable(span.why)}"
        for spans in plan.by_room()
        for span in spans
        if span.is_block and span.why
    ]
    return [*lines.values(), *blocks]


def _signs(plan: RoomPlan, labels: dict[str, str]) -> list[str]:
    """The signs that occur, in words."""
    there = "".join(_token(span, labels) for span in (*plan.spans, *plan.waiting))
    there += "" if all(room.is_active for room in plan.rooms) else "×"
    held = any(span.held for span in plan.spans)
    used = [f"{sign} {what}" for sign, what in MARKS if (held if sign == "a" else sign in there)]
    return ["   ".join(used)] if used else []
