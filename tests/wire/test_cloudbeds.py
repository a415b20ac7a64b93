from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from channel_sync.core.model import Basis, Completeness, Said
from tests.wire.fixtures_of import arriving, empty_world, fixture, look, of, only, receive

CLOUDBEDS = "cloudbeds"


def changed(name: str = "new", **fields: Any) -> dict[str, Any]:
    message: dict[str, Any] = fixture(CLOUDBEDS, name)
    message["booking_json"] |= fields
    return {**message, "booking_json": message["booking_json"]}


def test_the_end_date_is_the_last_night() -> None:
    line = (of(CLOUDBEDS, "new").lines or ())[0]
    assert (line.arrival, line.departure) == (date(2026, 4, 10), date(2026, 4, 12))


def test_units_are_so_many_rooms_and_the_price_is_that_of_all() -> None:
    lines = of(CLOUDBEDS, "new").lines or ()
    assert [line.unit for line in lines] == [1, 2]
    assert [line.amount for line in lines] == [Decimal("134.2")] * 2
    assert sum(night.amount for night in lines[0].nights or ()) == Decimal("134.2")


def test_a_price_that_does_not_divide_is_rounded_to_the_cent() -> None:
    message = changed()
    message["booking_json"]["Rooms"][0] |= {"Units": 3, "Price": 100, "DayRates": []}
    assert [line.amount for line in only(message).lines or ()] == [Decimal("33.33")] * 3


@pytest.mark.parametrize("name", ["new", "as_text"])
def test_a_booking_sent_as_text_is_the_same_booking(name: str) -> None:
    revision = of(CLOUDBEDS, name)
    assert revision.content_hash == of(CLOUDBEDS, "new").content_hash
    assert (revision.channel, revision.reference) == ("Hostelworld", "CB-5550012")


def test_a_booking_is_as_old_as_itself_and_a_change_as_its_own_time() -> None:
    assert of(CLOUDBEDS, "new").modified_at == datetime(2026, 3, 1, 10, 15, tzinfo=UTC)
    assert of(CLOUDBEDS, "modified").modified_at == datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


def test_a_cancel_without_a_time_of_its_own_is_not_taken_for_older_than_a_change() -> None:
    cancel = changed("cancelled", OrderModifDate=None, OrderModifTime=None)
    assert only(cancel).order.basis is Basis.ARRIVAL
    sent = [of(CLOUDBEDS, "new"), of(CLOUDBEDS, "modified"), only(cancel)]
    assert receive(empty_world(), arriving(sent))[1] == ["created", "modified", "cancelled"]


def test_a_cancel_says_nothing_but_that_and_its_fee() -> None:
    cancel = of(CLOUDBEDS, "cancelled")
    assert (cancel.said, cancel.completeness) == (Said.CANCELLED, Completeness.CANCEL_ONLY)
    assert (cancel.lines, cancel.header.cancellation_fee) == (None, Decimal("26.84"))


@pytest.mark.parametrize("name", ["notice", "list"])
def test_ids_alone_must_be_pulled(name: str) -> None:
    revisions = look(fixture(CLOUDBEDS, name)).revisions
    assert {revision.completeness for revision in revisions} == {Completeness.IDS_ONLY}
    outcomes = receive(empty_world(), arriving(revisions))[1]
    assert set(outcomes) == {"needs_fetch"}


def test_a_cancel_by_id_is_the_otas() -> None:
    cancel = of(CLOUDBEDS, "cancel_by_id")
    assert (cancel.channel, cancel.reference) == ("hostelworld", "CB-5550012")
    assert cancel.said is Said.CANCELLED


def test_version_or_receipt_name_the_message() -> None:
    assert of(CLOUDBEDS, "new").message_id == "CB-5550012/1"
    assert only(changed(acknowledgement_id=115856384)).message_id == "115856384"


def test_prices_are_exact_whatever_their_digits() -> None:
    message = changed(TotalPrice=0)
    body = json.dumps(message).replace('"TotalPrice": 0', '"TotalPrice": 1234567890123456.78')
    assert only(body.encode()).header.total == Decimal("1234567890123456.78")


@pytest.mark.parametrize("flag", [1, "1", True, "true"])
def test_a_flag_is_a_flag_however_it_is_spelled(flag: Any) -> None:
    assert only(changed(IsCancellation=flag)).said is Said.CANCELLED


def test_a_flag_that_is_none_is_told_of() -> None:
    told = look(changed(IsModification="maybe"))
    assert told.revisions[0].said is Said.NEW
    assert told.warnings == (
        "booking_json.IsModification: expected true or false, 1 or 0; left in extra",
    )
