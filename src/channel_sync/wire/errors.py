"""What is wrong with a message that its sender must put right."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias, Union

from channel_sync.errors import MessageError

if TYPE_CHECKING:
    from channel_sync.core.model import Revision
    from channel_sync.wire.scrub import Scrubbed


class UnreadableReason(StrEnum):
    """Why a message could not be read: the closed set of `outcome_reason` from the wire."""

    EMPTY_BODY = "empty_body"
    TOO_LARGE = "too_large"
    NOT_UTF8 = "not_utf8"
    NOT_SCRUBBED = "not_scrubbed"
    NOT_JSON = "not_json"
    NOT_XML = "not_xml"
    DTD_REFUSED = "dtd_refused"
    TOO_DEEP = "too_deep"
    UNKNOWN_FORMAT = "unknown_format"
    INVALID = "invalid"
    NO_RESERVATION = "no_reservation"
    TOO_MANY_MESSAGES = "too_many_messages"
    TOO_MANY_LINES = "too_many_lines"
    STAY_TOO_LONG = "stay_too_long"
    TOO_MANY_ELEMENTS = "too_many_elements"
    TOO_MANY_ATTRIBUTES = "too_many_attributes"


class Unreadable(MessageError):
    """A message, or one reservation of it, that no revision can be made of, for just one reason.

    `detail` says where and what ("rooms[0].departure: expected …, got …"), free of card data and
    of what guests wrote. `scrubbed` is what may be kept of the body; `decode` always sets it where
    it raises.
    """

    def __init__(
        self,
        reason: UnreadableReason,
        detail: str = "",
        *,
        scrubbed: Scrubbed | None = None,
        format_name: str = "",
    ) -> None:
        super().__init__(f"{reason}: {detail}" if detail else str(reason))
        self.reason = reason
        self.detail = detail
        self.scrubbed = scrubbed
        self.format_name = format_name


Item: TypeAlias = Union["Revision", Unreadable]
"""What one reservation of a message comes to."""
