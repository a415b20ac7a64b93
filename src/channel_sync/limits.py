"""How a message is read, as the operator set it: by the worker and by every command alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

from channel_sync.wire.limits import Limits
from channel_sync.wire.xsd import load_schemas

if TYPE_CHECKING:
    from channel_sync.settings import Settings


def limits_of(settings: Settings) -> Limits:
    """The limits of a message, and the schemas that XML is held against.

    Raises:
        ConfigurationError: the folder of schemas cannot be read.
    """
    return Limits(
        body_bytes=settings.max_message_bytes,
        stay_nights=settings.max_stay_nights,
        schemas=load_schemas(settings.xsd_dir),
    )
