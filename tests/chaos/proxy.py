"""A way to a server that can be cut, delayed or held up."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from channel_sync.demo.servers import free_port

_CHUNK = 65_536


class Proxy:
    """Listens on a port of its own and passes bytes to `target_port`, both on loopback."""

    def __init__(self, target_port: int) -> None:
        self.target_port = target_port
        self.port = free_port()
        self.delay_seconds = 0.0
        self.passed = 0
        """Connections that were let through."""
        self._open = asyncio.Event()
        self._open.set()
        self._writers: set[asyncio.StreamWriter] = set()

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        try:
            yield
        finally:
            server.close()
            self.cut()

    def cut(self) -> int:
        """Resets every connection; how many there were."""
        writers = tuple(self._writers)
        for writer in writers:
            writer.transport.abort()
        return len(writers) // 2

    async def hold_up(self, seconds: float) -> None:
        """Passes nothing for so long, in neither direction."""
        self._open.clear()
        await asyncio.sleep(seconds)
        self._open.set()

    async def delay(self, each: float, seconds: float) -> None:
        """Passes every chunk `each` seconds late, for `seconds`."""
        self.delay_seconds = each
        await asyncio.sleep(seconds)
        self.delay_seconds = 0.0

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there, onward = await asyncio.open_connection("127.0.0.1", self.target_port)
        except OSError:
            writer.transport.abort()
            return
        self.passed += 1
        self._writers |= {writer, onward}
        pumps = [
            asyncio.create_task(self._pump(reader, onward)),
            asyncio.create_task(self._pump(there, writer)),
        ]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            pass  # the run is over
        finally:
            for pump in pumps:
                pump.cancel()
            for one in (writer, onward):
                self._writers.discard(one)
                one.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while chunk := await reader.read(_CHUNK):
                if self.delay_seconds:
                    await asyncio.sleep(self.delay_seconds)
                await self._open.wait()
                writer.write(chunk)
                await writer.drain()
