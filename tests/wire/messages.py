"""Messages that the tests of the wire start from."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from channel_sync.core.model import Arrival
from channel_sync.wire.decode import Decoded, decode
from channel_sync.wire.errors import Unreadable
from channel_sync.wire.limits import Limits

ARRIVED = Arrival("bookings", 3, 42)

ROOM: dict[str, Any] = {
    "line": "1",
    "category": "DBL-BK",
    "rate_plan": "1",
    "arrival": "2026-04-10",
    "departure": "2026-04-13",
    "adults": 2,
    "children": [2],
    "guests": [{"first_name": "Ada", "last_name": "Byron"}],
    "amount": "330.00",
    "nights": [{"date": "2026-04-10", "amount": "110.00"}],
    "comments": "Cot please",
}
MESSAGE: dict[str, Any] = {
    "schema": "channel-sync/1",
    "message_id": "6f0c",
    "property": "seaview",
    "channel": "booking.com",
    "reference": "BDC-4411",
    "status": "new",
    "revision": 1,
    "modified_at": "2026-03-01T10:15:00Z",
    "rooms": [ROOM],
    "booker": {"first_name": "Ada", "last_name": "Byron", "email": "ada@example.org"},
    "comments": "Late arrival",
    "currency": "EUR",
    "total": "330.00",
    "payment": {"collect": "property", "card": {"brand": "visa", "last4": "1111"}},
}


def message(**changes: Any) -> dict[str, Any]:
    """The message with top-level keys replaced; a key set to `...` is left out."""
    changed = {**copy.deepcopy(MESSAGE), **changes}
    return {key: value for key, value in changed.items() if value is not ...}


def room(**changes: Any) -> dict[str, Any]:
    changed = {**copy.deepcopy(ROOM), **changes}
    return {key: value for key, value in changed.items() if value is not ...}


def read(
    body: bytes | str | dict[str, Any] | list[Any],
    *,
    headers: dict[str, str] | None = None,
    key: bytes | None = None,
    limits: Limits | None = None,
) -> Decoded:
    if isinstance(body, (dict, list)):
        body = json.dumps(body)
    if isinstance(body, str):
        body = body.encode()
    return decode(
        body,
        headers={"format": "canonical"} if headers is None else headers,
        key=key,
        arrived=ARRIVED,
        limits=limits or Limits(),
    )


def refused(body: Any, **told: Any) -> Unreadable:
    """The error that reading a body ends in."""
    with pytest.raises(Unreadable) as caught:
        read(body, **told)
    assert caught.value.scrubbed is not None
    return caught.value
