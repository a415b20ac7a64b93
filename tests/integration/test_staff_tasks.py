"""Accepting what the channel wished, and putting tasks aside."""

from __future__ import annotations

import asyncpg
import pytest

from tests.integration.house import PROPERTY, House, april, build, drawn

PLAN = """
    room     | 02  03  04  05  06
    DBL 101  | A   A   .   B   .
    DBL 102  | .   .   .   .   .
    DBL 103  | .   E   E   .   .
    SUI 201  | .   .   .   .   .
    wait DBL | C   C   .   .   .
"""


@pytest.fixture
async def house(connection: asyncpg.Connection) -> House:
    """On 3 April: A and E are in house."""
    return await build(connection, PLAN, today=3)


def wish(field: str, old: object, new: object) -> dict[str, object]:
    return {"line": "1", "field": field, "old": old, "new": new}


async def refused(house: House, function: str, task_id: int, because: str) -> None:
    before = await house.connection.fetchval("SELECT version FROM property")
    with pytest.raises(asyncpg.PostgresError, match=because) as error:
        await house.call(function, task_id=task_id)
    assert error.value.sqlstate in {"CS001", "CS002"}
    assert await house.connection.fetchval("SELECT version FROM property") == before


async def test_an_extension_that_is_accepted_keeps_the_room(house: House) -> None:
    task_id = await house.ask(
        "A", "in_house_change", changes=[wish("departure", "2026-04-04", "2026-04-05")]
    )
    await house.call("accept_task", task_id=task_id)
    stay = await house.stay("A")
    assert (stay["departure"], stay["room"], stay["to_place"]) == (april(5), "101", False)
    task = await house.task(task_id)
    assert (task["state"], task["closed_by"]) == ("done", "anna (accepted)")
    row = next(row for row in await house.history() if row["field"] == "departure")
    assert (row["actor"], row["event"], row["reason"]) == ("anna", "accepted", "in_house_change")


async def test_an_extension_into_a_taken_room_moves_to_the_best_other_one(house: House) -> None:
    task_id = await house.ask(
        "A", "in_house_change", changes=[wish("departure", "2026-04-04", "2026-04-06")]
    )
    await house.call("accept_task", task_id=task_id)
    assert await house.plan() == drawn(
        """
        room     | 02  03  04  05  06
        DBL 101  | A   .   .   B   .
        DBL 102  | .   A   A   A   .
        DBL 103  | .   E   E   .   .
        SUI 201  | .   .   .   .   .
        """
    )


async def test_an_extension_for_which_no_room_is_free_changes_nothing(house: House) -> None:
    await house.book("F", "DBL", {4: "102", 5: "102"})
    task_id = await house.ask(
        "A", "in_house_change", changes=[wish("departure", "2026-04-04", "2026-04-06")]
    )
    await refused(house, "accept_task", task_id, "no room of DBL is free for 2")
    assert (await house.stay("A"))["departure"] == april(4)
    assert (await house.task(task_id))["state"] == "open"


async def test_a_category_that_is_accepted_is_searched_in(house: House) -> None:
    task_id = await house.ask(
        "A", "in_house_change", changes=[wish("booked_category", "DBL", "SUI")]
    )
    await house.call("accept_task", task_id=task_id)
    stay = await house.stay("A")
    assert (stay["room"], stay["booked_category"], stay["manual_category"]) == (
        "201",
        "SUI",
        False,
    )


async def test_a_manual_category_that_still_serves_is_kept(house: House) -> None:
    await house.call("move_stay", reference="A", line="1", room="201", reason=None)
    task_id = await house.ask(
        "A", "in_house_change", changes=[wish("departure", "2026-04-04", "2026-04-06")]
    )
    await house.call("accept_task", task_id=task_id)
    stay = await house.stay("A")
    assert (stay["room"], stay["manual_category"]) == ("201", True)


async def test_a_bigger_party_needs_a_room_that_holds_it(house: House) -> None:
    task_id = await house.ask("A", "in_house_change", changes=[wish("adults", 2, 3)])
    await refused(house, "accept_task", task_id, "no room of DBL is free for 3")


async def test_a_pinned_stay_is_not_moved_by_accepting(house: House) -> None:
    await house.call("pin_stay", reference="A", line="1")
    task_id = await house.ask(
        "A", "in_house_change", changes=[wish("departure", "2026-04-04", "2026-04-06")]
    )
    await refused(house, "accept_task", task_id, "unpin it first")


async def test_a_cancellation_in_house_that_is_accepted_cancels(house: House) -> None:
    task_id = await house.ask(
        "A", "in_house_cancellation", changes=[wish("status", "checked_in", "cancelled")]
    )
    await house.call("accept_task", task_id=task_id)
    stay = await house.stay("A")
    assert (stay["status"], stay["cancelled_by"], stay["room"]) == ("cancelled", "channel", None)
    assert (await house.task(task_id))["state"] == "done"


async def test_a_cancelled_stay_is_revived_with_what_the_channel_wishes(house: House) -> None:
    await house.call("cancel_stay", reference="B", line="1")
    changes = [
        wish("status", "cancelled", "confirmed"),
        wish("departure", "2026-04-06", "2026-04-07"),
    ]
    task_id = await house.ask("B", "status_conflict", line=None, changes=changes)
    await house.call("accept_task", task_id=task_id)
    stay = await house.stay("B")
    assert (stay["status"], stay["departure"], stay["cancelled_by"]) == (
        "confirmed",
        april(7),
        None,
    )
    # 103 is left on the 5th: no idle night before.
    assert (stay["room"], stay["to_place"]) == ("103", False)


async def test_a_price_that_is_accepted_moves_nobody(house: House) -> None:
    task_id = await house.ask("A", "price_difference", changes=[wish("amount", "1.00", "2.00")])
    await house.call("accept_task", task_id=task_id)
    stay = await house.stay("A")
    assert (str(stay["amount"]), stay["room"], stay["room_chosen_by_staff"]) == (
        "2.00",
        "101",
        False,
    )


@pytest.mark.parametrize("reason", ["review", "original_missing", "guest_conflict", "no_room"])
async def test_a_task_that_wishes_nothing_is_not_accepted(house: House, reason: str) -> None:
    task_id = await house.ask("A", reason)
    await refused(house, "accept_task", task_id, "nothing that could be accepted")


async def test_a_closed_task_is_settled_no_second_time(house: House) -> None:
    task_id = await house.ask("A", "review", notice=True)
    await house.call("dismiss_task", task_id=task_id)
    await refused(house, "dismiss_task", task_id, r"dismissed already \(anna \(dismissed\)\)")
    await refused(house, "accept_task", 12345, "has no task 12345")


async def test_a_dismissal_is_history(house: House) -> None:
    task_id = await house.ask("A", "review", notice=True)
    await house.call("dismiss_task", task_id=task_id, reason="seen")
    [row] = await house.history()
    assert (row["event"], row["actor"], row["reason"]) == ("dismissed", "anna", "seen")


async def test_the_room_task_of_a_stay_without_a_room_is_not_dismissed(house: House) -> None:
    task_id = await house.ask("C", "no_room")
    await refused(house, "dismiss_task", task_id, "still has no room")


async def test_units_are_accepted_while_some_are_free(house: House) -> None:
    await house.connection.execute(
        "INSERT INTO category (property_id, category, name, capacity, rank, units)"
        " VALUES ($1, 'PIT', 'Pitch', 6, 9, 1)",
        PROPERTY,
    )
    await house.book("P", "PIT", {2: None, 3: None})
    changes = [wish("departure", "2026-04-04", "2026-04-06")]
    task_id = await house.ask("P", "in_house_change", changes=changes)
    await house.book("Q", "PIT", {5: None})
    await refused(house, "accept_task", task_id, "no PIT is free")
    await house.call("cancel_stay", reference="Q", line="1")
    await house.call("accept_task", task_id=task_id)
    assert (await house.stay("P"))["departure"] == april(6)
