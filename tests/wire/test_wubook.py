from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from channel_sync.core.model import Said
from tests.wire.fixtures_of import fixture, look, of, only

WUBOOK = "wubook"


def changed(name: str = "new", **fields: Any) -> dict[str, Any]:
    return {**fixture(WUBOOK, name), **fields}


def test_dates_are_day_first_and_the_last_is_the_departure() -> None:
    (line,) = of(WUBOOK, "new").lines or ()
    assert (line.arrival, line.departure) == (date(2026, 4, 10), date(2026, 4, 12))
    assert line.amount == Decimal("220.4")


def test_a_modification_has_a_new_code_and_names_the_old_one() -> None:
    revision = of(WUBOOK, "modified")
    assert (revision.reference, revision.replaces) == ("1772446500", ("1772360100",))
    assert revision.said is Said.MODIFIED
    assert revision.header.group == "3908412299"  # the channel's own code, which stays
    assert revision.modified_at == datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def test_a_code_that_was_followed_by_another_is_not_called_off() -> None:
    revision = of(WUBOOK, "superseded")
    assert revision.said is Said.MODIFIED
    assert revision.content_hash == of(WUBOOK, "new").content_hash
    assert revision.order == of(WUBOOK, "new").order


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (1, Said.NEW),
        (2, Said.ENQUIRY),
        (3, Said.CANCELLED),
        (4, Said.NEW),
        (5, Said.CANCELLED),
        (6, Said.CANCELLED),
    ],
)
def test_the_words_of_its_status(status: int, said: Said) -> None:
    assert only(changed(status=status)).said is said


def test_a_status_that_it_does_not_know_is_refused() -> None:
    (item,) = look(changed(status=9)).items
    assert str(item).startswith("invalid: status: expected 'new'")


def test_of_several_rooms_only_the_persons_are_known() -> None:
    two, waiting = look(fixture(WUBOOK, "answer")).revisions
    assert [(line.category_code, line.adults) for line in two.lines or ()] == [
        ("501", 2),
        ("502", 3),
    ]
    assert (waiting.said, waiting.channel) == (Said.ENQUIRY, "wubook")


def test_dashes_say_nothing() -> None:
    header = of(WUBOOK, "new").header
    assert header.contact_address == "Lisboa"
    assert header.booking_comments == "Cot please"


def test_a_channel_is_a_number_that_the_hotel_gives_a_name() -> None:
    assert of(WUBOOK, "new").channel == "wubook-2"
