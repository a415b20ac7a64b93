"""What a process holds in memory beside the caches of the decoders, which are bounded."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import os
from functools import _lru_cache_wrapper
from pathlib import Path

CACHED_IN = "channel_sync.wire"


def resident_mib() -> float:
    """Memory that this process holds, where /proc says it; else 0."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def forget_what_is_cached() -> None:
    """Empties the decoders' caches and hands free memory back, so that a leak would be left."""
    for thing in gc.get_objects():
        # Not isinstance: some libraries' objects pretend to be what they stand for.
        if type(thing) is _lru_cache_wrapper and thing.__module__.startswith(CACHED_IN):
            thing.cache_clear()
    gc.collect()
    with contextlib.suppress(OSError, AttributeError):  # glibc only
        ctypes.CDLL(None).malloc_trim(0)
