"""How far a batch may unfold: aiokafka's decoders, with an end to what they unpack.

A megabyte can hold gigabytes. The client would unpack them before anybody could look, and each
worker in turn would die of it.
"""

from __future__ import annotations

import gzip
import io
import struct
import sys
from functools import partial
from typing import TYPE_CHECKING

import cramjam
from aiokafka.record.default_records import DefaultRecordBatch
from aiokafka.record.legacy_records import LegacyRecordBatch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_XERIAL_MAGIC, _XERIAL_HEADER_BYTES = b"\x82SNAPPY\x00", 16
_GUESS, _NEXT_GUESS = 16, 8
"""To how many times its size a batch is taken to unpack; where it is more, so many times that."""
_TOO_SMALL = "failed to write whole buffer"
"""As cramjam says it; with other words every batch that outgrows the guess would be refused."""


class UnpacksTooFarError(Exception):
    """A batch holds more than it may."""

    def __init__(self, most_bytes: int) -> None:
        super().__init__(f"it holds more than KAFKA_UNPACKED_BYTES, {most_bytes}")


def bound_unpacking(most_bytes: int) -> None:
    """From now on no batch is unpacked beyond `most_bytes`, by any consumer of this process.

    A fetch that meets a larger one raises UnpacksTooFarError, having unpacked no more than that.
    """
    bounded: dict[str, Callable[..., bytes]] = {
        "gzip_decode": gunzip,
        "snappy_decode": unsnap,
        "lz4_decode": partial(_unpack_into, cramjam.lz4.decompress_into),
        "zstd_decode": partial(_unpack_into, cramjam.zstd.decompress_into),
    }
    for batch in (DefaultRecordBatch, LegacyRecordBatch):
        module = sys.modules[batch.__module__]  # compiled, or in Python
        for name in bounded.keys() & vars(module).keys():
            setattr(module, name, partial(bounded[name], most_bytes=most_bytes))


def gunzip(packed: bytes | memoryview, *, most_bytes: int) -> bytes:
    """One or more members of gzip, one after the other."""
    found = gzip.GzipFile(fileobj=io.BytesIO(packed)).read(most_bytes + 1)
    if len(found) > most_bytes:
        raise UnpacksTooFarError(most_bytes)
    return found


def unsnap(packed: bytes | memoryview, *, most_bytes: int) -> bytes:
    """A raw snappy block, or the framed ones of Java's clients; each begins with its size."""
    found = bytearray()
    for block in _blocks(bytes(packed)):
        if len(found) + cramjam.snappy.decompress_raw_len(block) > most_bytes:
            raise UnpacksTooFarError(most_bytes)
        found += bytes(cramjam.snappy.decompress_raw(block))
    return bytes(found)


def _blocks(packed: bytes) -> Iterator[bytes]:
    if not packed.startswith(_XERIAL_MAGIC):
        yield packed
        return
    at = _XERIAL_HEADER_BYTES
    while at < len(packed):
        (size,) = struct.unpack_from("!I", packed, at)
        at += 4
        yield packed[at : at + size]
        at += size


def _unpack_into(
    unpack_into: Callable[[bytes, bytearray], int], packed: bytes | memoryview, *, most_bytes: int
) -> bytes:
    """lz4 and zstd say their size only sometimes, and anybody may say anything."""
    size = min(_GUESS * len(packed), most_bytes)
    while True:
        space = bytearray(size)
        try:
            written = unpack_into(bytes(packed), space)
        except cramjam.DecompressionError as error:
            if _TOO_SMALL not in str(error):
                raise
            if size == most_bytes:
                raise UnpacksTooFarError(most_bytes) from error
            size = min(_NEXT_GUESS * size, most_bytes)
        else:
            return bytes(memoryview(space)[:written])
