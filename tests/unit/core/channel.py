"""A channel as no hotel sees it: the bookings it holds, and the messages it makes of them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from channel_sync.core.model import (
    Basis,
    Completeness,
    Line,
    Revision,
    Said,
)
from tests.unit.core.house import says

START = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class Sold:
    """One booking as its channel holds it."""

    reference: str
    basis: Basis
    is_stable: bool
    lines: list[Line] = field(default_factory=list)
    header: dict[str, Any] = field(default_factory=dict)
    is_live: bool = True
    number: int = 0
    sent: list[Revision] = field(default_factory=list)
    names: int = 0

    def add(self, category: str, arrival: date, departure: date, adults: int) -> None:
        """One more room line, everything said of it."""
        self.names += 1
        self.lines.append(
            Line(
                channel_line=str(self.names),
                is_stable=self.is_stable,
                category_code=category,
                rate_plan="BAR",
                arrival=arrival,
                departure=departure,
                adults=adults,
                children=(),
                guest_names=(f"Guest {self.reference}{self.names}",),
                amount=Decimal(100),
                currency="EUR",
                comments="",
            )
        )

    def change(self, at: int, **values: Any) -> None:
        self.lines[at] = replace(self.lines[at], **values)

    def tells(self, said: Said = Said.MODIFIED) -> Revision:
        """The booking as it stands, with the order that this channel gives its messages."""
        lines = self.lines
        if not self.is_stable:
            lines = [
                replace(line, channel_line=f"{self.number}-{i}") for i, line in enumerate(lines)
            ]
        revision = says(self.reference, *lines, said=said, **self.header, **self.order())
        self.sent.append(revision)
        return revision

    def tells_part(self, at: int, **values: Any) -> Revision:
        """A message that names one line, and of it only what changed."""
        line = Line(channel_line=self.lines[at].channel_line, is_stable=True, **values)
        return says(
            self.reference,
            line,
            completeness=Completeness.PARTIAL,
            said=Said.MODIFIED,
            **self.order(),
        )

    def calls_off(self) -> Revision:
        """A cancel, as channels send it: nothing but the status."""
        self.is_live = False
        revision = says(
            self.reference,
            said=Said.CANCELLED,
            completeness=Completeness.CANCEL_ONLY,
            **self.order(),
        )
        self.sent.append(revision)
        return revision

    def order(self) -> dict[str, Any]:
        """The next number, the next minute, or nothing but the arrival."""
        self.number += 1
        if self.basis is Basis.REVISION:
            return {"revision": self.number}
        if self.basis is Basis.MODIFIED_AT:
            return {"modified_at": START + timedelta(minutes=self.number)}
        return {}


def once_more(revision: Revision, dice: Random) -> Revision:
    """A message delivered again, under its own id or another one."""
    again = replace(revision, arrived=replace(revision.arrived, offset=-1))
    return again if dice.random() < 0.5 else replace(again, message_id="")
