from __future__ import annotations

from tests.unit.core.drawing import assert_plan, hotel
from tests.unit.core.house import day

PLAN = """
    room       | 01  02  03  04
    DBL 101    | A   A   .   B!
    DBL 102/3  | x   c2  c2  .
    DBL -      | D   D   .   .
"""


def test_a_plan_is_read_and_drawn_alike() -> None:
    made = hotel(PLAN)
    assert_plan(made, PLAN)
    assert made.stay("B").pinned_room == "101"
    assert made.stay("C", "2").held
    assert made.house.rooms[1].capacity == 3
    assert made.stay("D").arrival == day(1)
    assert made.stay("D").departure == day(3)
