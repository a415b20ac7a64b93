"""The room plan as it is drawn: letters on a terminal, boxes and texts on a sheet."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from io import BytesIO
from xml.etree import ElementTree as ET

import pytest

from channel_sync.picture.plan import Counted, Room, RoomPlan, Span
from channel_sync.picture.png import SCALE, paint_png
from channel_sync.picture.sheet import BLOCK, CLOSED, HELD, NIGHT, WAITING, lay_out
from channel_sync.picture.svg import paint_svg
from channel_sync.picture.text import draw


def day(number: int) -> date:
    return date(2026, 6, 1) + timedelta(days=number - 1)


def stay(reference: str, room: str | None, first: int, end: int, **more: object) -> Span:
    return replace(
        Span(room, "DBL", day(first), day(end), reference, "1"),
        **more,  # type: ignore[arg-type]
    )


PLAN = RoomPlan(
    name="Sea View",
    first=day(1),
    end=day(8),
    today=day(3),
    rooms=(Room("101", "DBL"), Room("102", "DBL"), Room("103", "DBL", is_active=False)),
    spans=(
        stay("BDC-4411", "101", 1, 5, begun=True),
        stay("EXP-7", "101", 5, 9, pinned=True),
        stay("H-1", "102", 2, 4, held=True, why="no_room"),
        Span("102", None, day(6), day(20), why="paint & <more>"),
        stay("OLD", "103", -3, 3, begun=True, pinned=True),
    ),
    waiting=(stay("W", None, 3, 6, why="no_room: full"),),
    counted=(Counted("PIT", 4, {day(1): 2, day(2): 4}),),
)


def test_a_plan_shows_who_is_where_and_why() -> None:
    assert draw(PLAN, 80) == (
        "Sea View, nights of 2026-06-01 to 2026-06-08\n"
        "\n"
        "           Jun\n"
        "           01  02  03  04  05  06  07\n"
        "           Mo  Tu  We  Th  Fr  Sa  Su\n"
        "DBL 101    A*  A*  A*  A*  B!  B!  B!\n"
        "DBL 102    .   c   c   .   .   #   #\n"
        "DBL 103 ×  D*! D*! .   .   .   .   .\n"
        "PIT of 4   2   4   .   .   .   .   .\n"
        "without a room:\n"
        "DBL –      .   .   E   E   E   .   .\n"
        "\n"
        "A  BDC-4411/1\n"
        "B  EXP-7/1\n"
        "C  H-1/1  held: no_room\n"
        "D  OLD/1\n"
        "E  W/1  without a room: no_room: full\n"
        "#  room 102, 2026-06-06 to 2026-06-20: paint & <more>\n"
        "\n"
        "! pinned   * in house   a only held while a person is asked   # out of order   × closed"
    )


def test_more_nights_than_fit_go_on_below() -> None:
    month = replace(PLAN, end=day(31), spans=(stay("A", "101", 13, 15),), waiting=(), counted=())
    drawn = draw(month, 60)
    rows = [line for line in drawn.splitlines() if line.startswith("DBL 101")]
    assert rows == [
        "DBL 101    .  .  .  .  .  .  .  .  .  .  .  .  A  A  .  .",
        "DBL 101    .  .  .  .  .  .  .  .  .  .  .  .  .  .",
    ]
    assert max(map(len, drawn.splitlines())) <= 60


def test_a_month_that_begins_is_named() -> None:
    turn = replace(PLAN, first=day(29), end=day(33), spans=(), waiting=(), counted=())
    assert "           Jun   Jul\n           29 30 01 02\n" in draw(turn, 80)


def test_a_stay_in_two_rooms_bears_one_label() -> None:
    two = replace(
        PLAN, spans=(stay("T", "101", 1, 3), stay("T", "102", 3, 5)), waiting=(), counted=()
    )
    drawn = draw(two, 80)
    assert "DBL 101    A  A  .  .  .  .  .\nDBL 102    .  .  A  A  .  .  .\n" in drawn
    assert drawn.count("T/1") == 1


def test_labels_go_on_after_the_alphabet() -> None:
    many = tuple(stay(f"R{i}", None, 1, 2) for i in range(28))
    labels = replace(PLAN, spans=(), waiting=many).labels()
    assert [labels[f"R{i}/1"] for i in (0, 25, 26, 27)] == ["A", "Z", "AA", "AB"]


def test_signs_that_steer_a_terminal_or_break_a_page_are_left_out() -> None:
    evil = "E\x1b[2J\x0b"
    plan = replace(
        PLAN,
        spans=(stay(evil, "101", 1, 4), Span("102", None, day(1), day(4), why=evil)),
        waiting=(stay("W", None, 1, 4, why=evil),),
    )
    assert draw(plan, 80).replace("\n", "").isprintable()
    ET.fromstring(paint_svg(lay_out(plan)))  # noqa: S314 - our own


def test_an_empty_house_is_drawn_too() -> None:
    nothing = RoomPlan("New", day(1), day(3), day(1), (), ())
    assert draw(nothing, 80).splitlines()[0] == "New, nights of 2026-06-01 to 2026-06-03"
    assert lay_out(nothing).height > 0


def test_the_sheet_draws_a_box_as_long_as_its_nights() -> None:
    sheet = lay_out(PLAN)
    by_fill = {fill: [b for b in sheet.boxes if b.fill == fill] for fill in (HELD, WAITING, BLOCK)}
    assert next(box.width for box in by_fill[HELD]) == 2 * NIGHT - 3
    assert next(box.width for box in by_fill[WAITING]) == 3 * NIGHT - 3
    # A block that goes on behind the last night is cut off there.
    assert next(box.width for box in by_fill[BLOCK]) == 2 * NIGHT - 3
    assert any(box.fill == CLOSED and box.width == 7 * NIGHT for box in sheet.boxes)
    texts = [words.text for words in sheet.words]
    assert "EXP-7/1 (pinned)" in texts
    assert "DBL, no room" in texts
    assert all(0 <= box.x <= box.x + box.width <= sheet.width for box in sheet.boxes)


def test_a_text_that_its_box_does_not_hold_is_cut() -> None:
    short = replace(PLAN, spans=(stay("A-VERY-LONG-REFERENCE", "101", 1, 2),), waiting=())
    assert "A-V…" in [words.text for words in lay_out(short).words]


def test_the_svg_is_well_formed_and_says_what_the_sheet_says() -> None:
    sheet = lay_out(PLAN)
    root = ET.fromstring(paint_svg(sheet))  # noqa: S314 - our own
    texts = [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]
    assert texts == [words.text for words in sheet.words]
    assert len(list(root.iter("{http://www.w3.org/2000/svg}rect"))) == len(sheet.boxes) + 1


def test_the_png_has_the_colours_of_the_sheet() -> None:
    image = pytest.importorskip("PIL.Image")
    sheet = lay_out(PLAN)
    painted = image.open(BytesIO(paint_png(sheet)))
    assert painted.size == (sheet.width * SCALE, sheet.height * SCALE)
    box = next(box for box in sheet.boxes if box.fill == BLOCK)
    corner = ((box.x + box.width - 4) * SCALE, (box.y + 4) * SCALE)
    assert "#{:02x}{:02x}{:02x}".format(*painted.getpixel(corner)) == BLOCK
