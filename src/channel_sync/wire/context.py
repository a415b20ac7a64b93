"""What a decoder is told beside the body."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from channel_sync.core.model import Arrival
    from channel_sync.wire.limits import Limits


@dataclass(frozen=True, slots=True)
class Context:
    """Where a message lies and what its envelope says.

    `property_id` is the Kafka header `property`, else the record's key, else None; `dialect` the
    header of that name.
    """

    arrived: Arrival
    limits: Limits
    property_id: str | None = None
    dialect: str | None = None
