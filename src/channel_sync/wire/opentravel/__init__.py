"""OpenTravel XML and its dialects: reservations as hotels' channel managers send them."""

from channel_sync.wire.opentravel.message import FORMAT, NAME

__all__ = ["FORMAT", "NAME"]
