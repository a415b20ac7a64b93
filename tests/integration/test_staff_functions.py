"""What staff do to a stay's room and state: each function, and each refusal."""

from __future__ import annotations

import json

import asyncpg
import pytest

from tests.integration.house import PROPERTY, House, april, build, drawn

PLAN = """
    room     | 02  03  04  05
    DBL 101  | A   A   A   .
    DBL 102  | .   .   B   B
    DBL 103  | .   .   .   #
    SUI 201  | .   .   .   .
    wait DBL | C   C   .   .
"""


@pytest.fixture
async def house(connection: asyncpg.Connection) -> House:
    return await build(connection, PLAN)


async def refused(house: House, function: str, because: str, **arguments: object) -> None:
    """The function says no with these words, in one line, and changes nothing."""
    before = await house.connection.fetchval("SELECT version FROM property")
    with pytest.raises(asyncpg.PostgresError, match=because) as error:
        await house.call(function, **{"reference": "A", "line": "1", **arguments})
    assert error.value.sqlstate in {"CS001", "CS002"}
    assert "\n" not in str(error.value)
    assert await house.connection.fetchval("SELECT version FROM property") == before


# --- Moving ---------------------------------------------------------------------------------


async def test_a_move_changes_the_room_and_says_who_and_why(house: House) -> None:
    await house.call("move_stay", reference="A", line="1", room="201", reason="upgrade")
    assert await house.plan() == drawn(
        """
        room     | 02  03  04  05
        DBL 101  | .   .   .   .
        DBL 102  | .   .   B   B
        DBL 103  | .   .   .   #
        SUI 201  | A   A   A   .
        """
    )
    stay = await house.stay("A")
    assert (stay["manual_category"], stay["room_chosen_by_staff"]) == (True, True)
    row = next(row for row in await house.history() if row["field"] == "room")
    assert (row["actor"], row["event"], row["reason"]) == ("anna", "moved", "upgrade")
    assert (row["old"], row["new"]) == ("101", "201")


async def test_a_move_from_a_date_on_keeps_one_stay_in_two_rooms(house: House) -> None:
    await house.call("move_stay", reference="A", line="1", room="201", reason=None,
                     from_date=april(4))  # fmt: skip
    assert await house.plan() == drawn(
        """
        room     | 02  03  04  05
        DBL 101  | A   A   .   .
        DBL 102  | .   .   B   B
        DBL 103  | .   .   .   #
        SUI 201  | .   .   A   .
        """
    )
    assert (await house.stay("A"))["room"] == "101"


async def test_a_guest_in_house_is_moved_from_today_on(house: House) -> None:
    await house.today(3)
    await house.call("move_stay", reference="A", line="1", room="103", reason=None)
    assert await house.plan() == drawn(
        """
        room     | 02  03  04  05
        DBL 101  | A   .   .   .
        DBL 102  | .   .   B   B
        DBL 103  | .   A   A   #
        SUI 201  | .   .   .   .
        """
    )
    assert (await house.stay("A"))["room"] == "103"


async def test_back_to_the_booked_category_ends_the_manual_one(house: House) -> None:
    await house.call("move_stay", reference="A", line="1", room="201", reason=None)
    await house.call("move_stay", reference="A", line="1", room="103", reason=None)
    stay = await house.stay("A")
    assert (stay["manual_category"], stay["manual_category_code"]) == (False, None)


async def test_a_move_needs_a_room_free_on_every_night(house: House) -> None:
    await refused(house, "move_stay", "held by B on the night of 2026-04-04", room="102", reason="")
    await refused(house, "move_stay", "blocked on the night of 2026-04-05", room="103", reason="",
                  reference="B")  # fmt: skip
    await refused(house, "move_stay", "has no room 999", room="999", reason="")


async def test_a_closed_room_is_given_to_nobody(house: House) -> None:
    await house.connection.execute("UPDATE room SET is_active = false WHERE room = '201'")
    await refused(house, "move_stay", "room 201 is closed", room="201", reason="")


async def test_capacity_is_the_persons_business(house: House) -> None:
    await house.as_worker("UPDATE stay SET adults = 5")
    await house.call("move_stay", reference="A", line="1", room="103", reason="they know")
    assert (await house.stay("A"))["room"] == "103"


async def test_a_pinned_stay_is_not_moved_off_its_room(house: House) -> None:
    await house.call("pin_stay", reference="A", line="1")
    await refused(house, "move_stay", "pinned to room 101: unpin it first", room="201", reason="")
    await house.call("unpin_stay", reference="A", line="1")
    await house.call("move_stay", reference="A", line="1", room="201", reason=None)


async def test_a_direct_update_does_not_move_a_pinned_stay_either(house: House) -> None:
    await house.call("pin_stay", reference="A", line="1")
    with pytest.raises(asyncpg.PostgresError, match="unpin it first"):
        await house.connection.execute(
            "UPDATE stay SET rooms = ARRAY[('201', arrival, departure)::allocation]"
            " WHERE reservation_id = $1",
            house.ids["A"],
        )


async def test_a_move_within_the_stay_needs_a_night_left(house: House) -> None:
    await refused(house, "move_stay", "no night is left", room="201", reason="",
                  from_date=april(5))  # fmt: skip
    await refused(house, "move_stay", "has no room before", room="201", reason="", reference="C",
                  from_date=april(3))  # fmt: skip
    await house.today(4)
    await refused(house, "move_stay", "nights before 2026-04-04 are over", room="201", reason="",
                  from_date=april(3))  # fmt: skip


async def test_a_room_given_settles_the_room_task(house: House) -> None:
    task_id = await house.ask("C", "no_room")
    await house.call("move_stay", reference="C", line="1", room="103", reason=None)
    task = await house.task(task_id)
    assert (task["state"], task["closed_by"]) == ("done", "anna (moved)")


async def test_a_hold_is_made_good_by_a_move_to_the_room_it_holds(house: House) -> None:
    await house.as_worker("UPDATE stay SET held = true WHERE reservation_id = $1", house.ids["A"])
    task_id = await house.ask("A", "over_capacity")
    await house.call("move_stay", reference="A", line="1", room="101", reason=None)
    assert not (await house.stay("A"))["held"]
    assert (await house.task(task_id))["state"] == "done"


@pytest.mark.parametrize("status", ["cancelled", "checked_out", "no_show", "enquiry"])
async def test_a_stay_that_is_not_expected_is_not_moved(house: House, status: str) -> None:
    by = "'channel'" if status == "cancelled" else "NULL"
    await house.as_worker(
        f"UPDATE stay SET status = '{status}', rooms = '{{}}', cancelled_by = {by}"
    )
    await refused(house, "move_stay", status.replace("_", " "), room="201", reason="")


# --- Pins -----------------------------------------------------------------------------------


async def test_a_pin_ties_the_stay_to_its_room(house: House) -> None:
    await house.call("pin_stay", reference="A", line="1")
    stay = await house.stay("A")
    assert (stay["pinned"], stay["pinned_room"]) == (True, "101")


async def test_a_pin_needs_one_room_of_its_own(house: House) -> None:
    await refused(house, "pin_stay", "no room", reference="C")
    await house.as_worker("UPDATE stay SET held = true WHERE reservation_id = $1", house.ids["A"])
    await refused(house, "pin_stay", "only holds")
    await refused(house, "unpin_stay", "not pinned")


# --- Coming and going -----------------------------------------------------------------------


async def test_check_in_ends_notices_and_makes_a_hold_good(house: House) -> None:
    await house.as_worker("UPDATE stay SET held = true WHERE reservation_id = $1", house.ids["A"])
    notice = await house.ask("A", "manual_category_dropped", notice=True)
    room_task = await house.ask("A", "no_room")
    await house.today(2)
    await house.call("check_in", reference="A", line="1")
    stay = await house.stay("A")
    assert (stay["status"], stay["held"], stay["room"]) == ("checked_in", False, "101")
    assert (await house.task(notice))["state"] == "superseded"
    assert (await house.task(room_task))["state"] == "done"


async def test_nobody_checks_in_early_or_without_a_room(house: House) -> None:
    await refused(house, "check_in", "arrives on 2026-04-02 only")
    await house.today(2)
    await refused(house, "check_in", "no room", reference="C")
    await house.call("check_in", reference="A", line="1")
    await refused(house, "check_in", "checked in")


async def test_check_out_frees_the_nights_from_today_on(house: House) -> None:
    await house.today(2)
    await house.call("check_in", reference="A", line="1")
    await house.today(3)
    await house.call("check_out", reference="A", line="1")
    assert await house.plan() == drawn(
        """
        room     | 02  03  04  05
        DBL 101  | A   .   .   .
        DBL 102  | .   .   B   B
        DBL 103  | .   .   .   #
        SUI 201  | .   .   .   .
        """
    )
    stay = await house.stay("A")
    assert (stay["status"], stay["departure"]) == ("checked_out", april(5))


async def test_nobody_checks_out_who_is_not_there(house: House) -> None:
    await refused(house, "check_out", "nobody has checked in")


async def test_a_no_show_frees_the_nights_from_today_on(house: House) -> None:
    await house.today(2)
    await house.call("mark_no_show", reference="A", line="1")
    stay = await house.stay("A")
    assert (stay["status"], stay["room"], stay["last_room"]) == ("no_show", None, "101")
    assert "A" not in await house.plan()


async def test_who_is_still_to_come_is_no_no_show(house: House) -> None:
    await refused(house, "mark_no_show", "arrives on 2026-04-02 only")


async def test_a_cancel_frees_the_room_and_ends_every_task(house: House) -> None:
    of_stay = await house.ask("A", "price_difference")
    of_booking = await house.ask("A", "review", line=None, notice=True)
    await house.call("cancel_stay", reference="A", line=None)
    stay = await house.stay("A")
    assert (stay["status"], stay["cancelled_by"], stay["last_room"]) == (
        "cancelled",
        "staff",
        "101",
    )
    for task_id in (of_stay, of_booking):
        assert (await house.task(task_id))["state"] == "superseded"
    await refused(house, "cancel_stay", "no stay that could be cancelled", line=None)
    await refused(house, "cancel_stay", "is cancelled")


async def test_one_stay_of_a_booking_is_cancelled_alone(house: House) -> None:
    await house.as_worker(
        "INSERT INTO stay (property_id, reservation_id, line, status, arrival, departure)"
        " VALUES ($1, $2, '2', 'confirmed', $3, $4)",
        *(PROPERTY, house.ids["A"], april(2), april(5)),
    )
    of_booking = await house.ask("A", "review", line=None, notice=True)
    await refused(house, "note_stay", "say which line, 1, 2", line=None, staff_note="?")
    await house.call("cancel_stay", reference="A", line="2")
    assert (await house.stay("A"))["status"] == "confirmed"
    assert (await house.task(of_booking))["state"] == "open"
    # Now one live stay is left, so it need not be named.
    await house.call("note_stay", reference="A", line=None, staff_note="late")


async def test_who_has_left_is_not_cancelled(house: House) -> None:
    await house.as_worker("UPDATE stay SET status = 'checked_out'")
    await refused(house, "cancel_stay", "checked out")


async def test_a_reinstated_stay_is_placed_as_a_new_arrival(house: House) -> None:
    await house.call("move_stay", reference="A", line="1", room="201", reason=None)
    await house.call("cancel_stay", reference="A", line="1")
    await house.call("reinstate_stay", reference="A", line="1")
    stay = await house.stay("A")
    assert (stay["status"], stay["room"], stay["to_place"]) == ("confirmed", None, True)
    assert (stay["last_room"], stay["manual_category"]) == ("201", False)


async def test_a_no_show_who_comes_after_all_is_reinstated(house: House) -> None:
    await house.today(2)
    await house.call("mark_no_show", reference="A", line="1")
    await house.call("reinstate_stay", reference="A", line="1")
    assert (await house.stay("A"))["status"] == "confirmed"


async def test_what_the_channel_cancelled_only_the_channel_brings_back(house: House) -> None:
    await house.as_worker("UPDATE stay SET status = 'cancelled', cancelled_by = 'channel',"
                          " rooms = '{}'")  # fmt: skip
    await refused(house, "reinstate_stay", "only the channel can bring it back")


async def test_a_live_stay_is_not_reinstated(house: House) -> None:
    await refused(house, "reinstate_stay", "nothing to reinstate")


# --- Editing --------------------------------------------------------------------------------


async def test_an_edit_changes_stay_and_booking_and_asks_for_a_room(house: House) -> None:
    changes = {"adults": 1, "amount": "99.50", "children": [4, None], "contact_phone": "+351"}
    await house.call("edit_stay", reference="A", line="1", changes=json.dumps(changes), reason="")
    stay = await house.stay("A")
    assert (stay["adults"], str(stay["amount"]), stay["children"]) == (1, "99.50", [4, None])
    assert (stay["contact_phone"], stay["to_place"], stay["room"]) == ("+351", True, "101")
    assert {row["line"] for row in await house.history()} == {"1", None}


@pytest.mark.parametrize(
    ("changes", "because"),
    [
        ({"status": "cancelled"}, "cannot edit status; what can be edited: arrival, departure"),
        ({"departure": "2026-04-01"}, "departure 2026-04-01 lies before arrival 2026-04-02"),
        ({"departure": "tomorrow"}, "a date like 2026-04-10, not tomorrow"),
        ({"departure": "2026-02-31"}, "2026-02-31"),
        ({"arrival": None}, "a date like 2026-04-10, not nothing"),
        ({"adults": "many"}, "many"),
        ({"adults": -1}, "not negative"),
        ({"children": 3}, "children is a list"),
        ({"amount": "NaN"}, "amount is a number"),
        ({"currency": "euro"}, "currency is a code like EUR"),
        ({}, "say what to change"),
    ],
)
async def test_an_edit_that_makes_no_sense_is_refused(
    house: House, changes: dict[str, object], because: str
) -> None:
    await refused(house, "edit_stay", because, changes=json.dumps(changes), reason="")


async def test_a_note_is_not_the_guests_remark(house: House) -> None:
    await house.call("note_stay", reference="A", line="1", staff_note="VIP")
    stay = await house.stay("A")
    assert (stay["staff_note"], stay["comments"]) == ("VIP", None)


async def test_a_booking_may_have_a_policy_of_its_own(house: House) -> None:
    await house.call("set_policy", reference="A", ota_room_policy="freeze_room")
    assert (await house.stay("A"))["ota_room_policy"] == "freeze_room"
    await house.call("set_policy", reference="A", ota_room_policy=None)
    assert (await house.stay("A"))["ota_room_policy"] is None
    with pytest.raises(asyncpg.PostgresError, match="keep_manual, follow_channel or freeze_room"):
        await house.call("set_policy", reference="A", ota_room_policy="ask_anna")


async def test_an_invoice_contact_is_a_name_and_ways_to_reach_it(house: House) -> None:
    contact = {"name": "Byron Ltd", "email": "bill@byron.example"}
    await house.call("set_invoice_contact", reference="A", contact=json.dumps(contact))
    assert json.loads((await house.stay("A"))["invoice_contact"]) == contact
    for wrong in ({"vat": "1"}, {"name": 1}, ["Byron"]):
        with pytest.raises(asyncpg.PostgresError, match="name, email, phone and address"):
            await house.call("set_invoice_contact", reference="A", contact=json.dumps(wrong))


# --- Finding --------------------------------------------------------------------------------


async def test_an_older_reference_still_finds_the_booking(house: House) -> None:
    await house.connection.execute(
        "INSERT INTO reservation_reference VALUES ($1, 'booking.com', 'OLD-1', $2)",
        *(PROPERTY, house.ids["A"]),
    )
    await house.call("note_stay", reference="OLD-1", line="1", staff_note="found")
    assert (await house.stay("A"))["staff_note"] == "found"


async def test_a_reference_of_two_channels_needs_the_channel(house: House) -> None:
    await house.connection.execute(
        "INSERT INTO reservation_reference VALUES ($1, 'expedia', 'A', $2)",
        *(PROPERTY, house.ids["B"]),
    )
    await refused(house, "note_stay", "say booking.com/A or expedia/A", staff_note="?")
    await house.call("note_stay", reference="Expedia/A", line="1", staff_note="found")
    assert (await house.stay("B"))["staff_note"] == "found"


async def test_what_does_not_exist_is_said_by_name(house: House) -> None:
    await refused(house, "pin_stay", "seaview has no booking Z", reference="Z")
    await refused(house, "pin_stay", "A has no line 9", line="9")
    await refused(house, "pin_stay", "there is no property moon", property_id="moon")
    await refused(house, "pin_stay", "say who does it", actor=" ")
