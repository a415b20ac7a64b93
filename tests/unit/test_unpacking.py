"""A batch is unpacked to the last byte that it may hold, and not one further."""

from __future__ import annotations

import gzip
import random
import sys
import tracemalloc
from collections.abc import Callable, Iterator

import cramjam
import pytest
from aiokafka import codec
from aiokafka.record.default_records import DefaultRecordBatch, DefaultRecordBatchBuilder

from channel_sync.worker.unpacking import UnpacksTooFarError, bound_unpacking

MOST = 1_000_000
CODECS = {"gzip": 1, "snappy": 2, "lz4": 3, "zstd": 4}
PACK: dict[str, Callable[[bytes], bytes]] = {
    "gzip_decode": gzip.compress,
    "snappy_decode": lambda whole: bytes(cramjam.snappy.compress_raw(whole)),
    "lz4_decode": lambda whole: bytes(cramjam.lz4.compress(whole)),
    "zstd_decode": lambda whole: bytes(cramjam.zstd.compress(whole)),
}
"""By the name of the decoder."""


@pytest.fixture(autouse=True)
def bound() -> Iterator[None]:
    """As a worker with this limit; afterwards as aiokafka is without one."""
    module = sys.modules[DefaultRecordBatch.__module__]
    before = {name: getattr(module, name) for name in PACK}
    bound_unpacking(MOST)
    yield
    vars(module).update(before)


def decoder(name: str) -> Callable[[bytes], bytes]:
    """As the client's parser finds it."""
    found: Callable[[bytes], bytes] = getattr(sys.modules[DefaultRecordBatch.__module__], name)
    return found


@pytest.mark.parametrize("name", PACK)
def test_what_is_packed_is_unpacked_up_to_the_limit(name: str) -> None:
    noise = random.Random(4).randbytes(200_000)
    for whole in (b"", b"x", noise, bytes(MOST), noise * 5):
        assert decoder(name)(PACK[name](whole)) == whole


@pytest.mark.parametrize("name", PACK)
def test_one_byte_beyond_the_limit_is_refused(name: str) -> None:
    with pytest.raises(UnpacksTooFarError, match="KAFKA_UNPACKED_BYTES, 1000000"):
        decoder(name)(PACK[name](bytes(MOST + 1)))


@pytest.mark.parametrize("name", PACK)
def test_what_is_cut_off_is_not_called_too_large(name: str) -> None:
    packed = PACK[name](random.Random(4).randbytes(5_000))
    with pytest.raises(Exception, match=r".") as caught:
        decoder(name)(packed[:-300])
    assert not isinstance(caught.value, UnpacksTooFarError)


def test_the_frames_of_javas_snappy_are_counted_together() -> None:
    whole = random.Random(4).randbytes(100_000) * 10
    assert decoder("snappy_decode")(codec.snappy_encode(whole)) == whole
    with pytest.raises(UnpacksTooFarError):
        decoder("snappy_decode")(codec.snappy_encode(whole + b"x"))


@pytest.mark.parametrize("name", ["gzip_decode", "lz4_decode", "zstd_decode"])
def test_several_members_or_frames_are_one_text(name: str) -> None:
    packed = PACK[name](b"one, ") + PACK[name](b"and another")
    assert decoder(name)(packed) == b"one, and another"


@pytest.mark.parametrize("name", PACK)
def test_a_bomb_takes_no_more_memory_than_the_limit_and_its_copy(name: str) -> None:
    packed = PACK[name](bytes(100 * MOST))
    tracemalloc.start()
    try:
        with pytest.raises(UnpacksTooFarError):
            decoder(name)(packed)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 2 * len(packed) + 4 * MOST


@pytest.mark.parametrize("name", CODECS)
def test_the_clients_parser_unpacks_no_further(name: str) -> None:
    """Whichever of its two parsers this machine has."""

    def batch(size: int) -> DefaultRecordBatch:
        builder = DefaultRecordBatchBuilder(
            magic=2, compression_type=CODECS[name], is_transactional=False, producer_id=-1,
            producer_epoch=-1, base_sequence=-1, batch_size=10 * MOST,
        )  # fmt: skip
        builder.append(0, 1_700_000_000_000, b"key", bytes(size), [])
        return DefaultRecordBatch(bytes(builder.build()))

    (record,) = batch(MOST - 100)
    assert record.value == bytes(MOST - 100)
    with pytest.raises(UnpacksTooFarError):
        list(batch(MOST))
