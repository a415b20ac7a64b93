"""The rows of a slice: its decisions, its messages, what was parked of it."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from pydantic_core import to_jsonable_python

from channel_sync.applied import outcome_of, reason_of
from channel_sync.batch import INTERNAL_ERROR
from channel_sync.scribe import Scribe
from channel_sync.wire.scrub import scrub_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime

    from channel_sync.batch import Entry
    from channel_sync.core.model import Reservation
    from channel_sync.core.world import World
    from channel_sync.store.slices import Writes


def write_entries(
    entries: Sequence[Entry],
    before: World,
    after: World,
    *,
    received_at: datetime,
) -> Writes:
    """All rows of a slice."""
    versions = {p: house.version for p, house in before.properties.items() if house is not None}
    scribe = Scribe(before.reservations, versions)
    with_body: set[int] = set()
    for entry in entries:
        step, revision = entry.step, entry.revision
        if step is not None and revision is not None:
            for reservation, decision in step.decisions:
                scribe.write(
                    reservation,
                    decision,
                    actor=revision.channel,
                    message_id=revision.message_id,
                    revision=revision.label,
                )
            scribe.writes.kept.append(_kept_row(step.decisions[0][0], entry))
        else:
            is_first = id(entry.read) not in with_body
            with_body.add(id(entry.read))
            scribe.writes.parked.append(_parked_row(entry, keeps_body=is_first))
        row = _message_row(entry, before.today, received_at)
        row["version"] = scribe.versions.get(row["property_id"])
        scribe.writes.messages.append(row)
    numbers = {p: h.last_reservation_id for p, h in after.properties.items() if h is not None}
    return scribe.finish(numbers)


def _kept_row(reservation: Reservation, entry: Entry) -> dict[str, Any]:
    assert entry.step is not None  # noqa: S101 - the caller looked
    kept = entry.step.kept
    return {
        "property_id": reservation.property_id,
        "reservation_id": reservation.reservation_id,
        "message_id": kept.message_id,
        "revision_order": to_jsonable_python(kept.order),
        "content_hash": kept.content_hash,
    }


def _message_row(entry: Entry, today: Mapping[str, date], received_at: datetime) -> dict[str, Any]:
    record, revision, step = entry.read.record, entry.revision, entry.step
    property_id = revision.property_id if revision else ""
    return {
        "property_id": property_id,
        "recorded_at": record.recorded_at,
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "ordinal": entry.ordinal,
        "message_id": revision.message_id if revision else None,
        "channel": revision.channel if revision else None,
        "reference": revision.reference if revision else None,
        "reservation_id": step.decisions[0][0].reservation_id if step else None,
        "outcome": outcome_of(entry).value,
        "outcome_reason": reason_of(entry),
        "outcome_detail": entry.aside.detail if entry.aside else "",
        "order_basis": revision.order.basis.value if revision else None,
        "revision": revision.label if revision else None,
        "today": today.get(property_id),
        "format": _plain(entry.read.format) or None,
        "dialect": _dialect(entry),
        "body": _text(entry) if entry.ordinal == 0 and entry.read.keep_raw == "all" else None,
        "received_at": received_at,
    }


def _dialect(entry: Entry) -> str | None:
    """The header, as it is needed to read the message again; without card data."""
    said = entry.read.record.headers.get("dialect")
    return None if said is None else _plain(said)


def _parked_row(entry: Entry, *, keeps_body: bool) -> dict[str, Any]:
    """Of a record of many reservations the first that is parked keeps the body for the others."""
    record, revision, aside = entry.read.record, entry.revision, entry.aside
    return {
        "property_id": revision.property_id if revision else "",
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "ordinal": entry.ordinal,
        "recorded_at": record.recorded_at,
        "message_id": revision.message_id if revision else None,
        "channel": revision.channel if revision else None,
        "reference": revision.reference if revision else None,
        "replaces": list(revision.replaces) if revision else [],
        "completeness": revision.completeness.value if revision else None,
        "reason": aside.reason if aside else INTERNAL_ERROR,
        "detail": aside.detail if aside else "",
        "format": _plain(entry.read.format) or None,
        "headers": _headers(entry) if keeps_body else {},
        "body": _text(entry) if keeps_body and entry.read.keep_raw != "none" else None,
        "body_sha256": hashlib.sha256(record.body).hexdigest(),
        "body_bytes": len(record.body),
    }


def _headers(entry: Entry) -> dict[str, str]:
    """The headers and the key, as a retry needs them, without card data."""
    record = entry.read.record
    key = {"kafka_key": record.key.decode(errors="replace")} if record.key else {}
    said = {**record.headers, **key}
    return {_plain(name): _plain(value) for name, value in said.items()}


def _plain(said: str) -> str:
    return scrub_text(said).replace("\0", "")


def _text(entry: Entry) -> str | None:
    """The scrubbed body as text that PostgreSQL can hold; None where it had to be discarded."""
    body = entry.read.scrubbed.body
    return None if body is None else body.decode(errors="replace").replace("\0", "\ufffd")
