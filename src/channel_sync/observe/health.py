"""A small port with /livez, /readyz and /metrics, on the event loop whose health it tells.

Written by hand since a blocked loop must fail the probe: a thread would answer for it.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from channel_sync.observe.metrics import Metrics

REQUEST_SECONDS = 5.0
REQUEST_BYTES = 8_192
MOST_CONNECTIONS = 32

_TEXT = "text/plain; charset=utf-8"
_REASONS = {200: "OK", 400: "Bad Request", 404: "Not Found", 405: "Method Not Allowed"}
_REASONS[503] = "Service Unavailable"


class Vitals(Protocol):
    """What is asked of the worker; it answers at once, from memory."""

    def dead(self) -> list[str]:
        """Why a restart would help; empty: it lives."""

    def unready(self) -> list[str]:
        """Why no message is applied at the moment; empty: it works, or has nothing to do."""

    def remarks(self) -> list[str]:
        """What a person ought to know and no probe acts on."""


class HealthServer:
    """Answers GET and HEAD, one request a connection; `port` is the one that was bound."""

    def __init__(self, vitals: Vitals, metrics: Metrics) -> None:
        self._vitals = vitals
        self._metrics = metrics
        self._server: asyncio.Server | None = None
        self._connections = 0

    async def start(self, host: str, port: int) -> None:
        """Raises OSError where the port cannot be bound."""
        self._server = await asyncio.start_server(self._serve, host, port, limit=REQUEST_BYTES)

    @property
    def port(self) -> int:
        if self._server is None:
            raise RuntimeError("the health port is not open")
        number: int = self._server.sockets[0].getsockname()[1]
        return number

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
            self._server = None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections += 1
        try:
            if self._connections > MOST_CONNECTIONS:
                return  # hung up on: the others are hung up on too, in five seconds at most
            async with asyncio.timeout(REQUEST_SECONDS):
                head = await reader.readuntil(b"\r\n\r\n")
                writer.write(self._respond(head))
                await writer.drain()
        except (TimeoutError, OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # whoever asked went away, was too slow or said too much: nothing is owed to it
        finally:
            self._connections -= 1
            writer.close()
            with contextlib.suppress(OSError, TimeoutError):
                async with asyncio.timeout(REQUEST_SECONDS):
                    await writer.wait_closed()

    def _respond(self, head: bytes) -> bytes:
        parts = head.split(b"\r\n", maxsplit=1)[0].split(b" ")
        if len(parts) != 3 or not parts[2].startswith(b"HTTP/1."):
            return _answer(400, "not a request\n")
        if parts[0] not in {b"GET", b"HEAD"}:
            return _answer(405, "only GET\n")
        bare = parts[0] == b"HEAD"
        match parts[1].split(b"?", maxsplit=1)[0]:
            case b"/livez":
                return _answer(*_verdict(self._vitals.dead(), self._vitals.remarks()), bare=bare)
            case b"/readyz":
                return _answer(*_verdict(self._vitals.unready(), self._vitals.remarks()), bare=bare)
            case b"/metrics":
                kind = "text/plain; version=0.0.4; charset=utf-8"
                live, ready = not self._vitals.dead(), not self._vitals.unready()
                self._metrics.judge(live=live, ready=ready)
                return _answer(200, self._metrics.text(), kind=kind, bare=bare)
            case _:
                return _answer(404, "/livez /readyz /metrics\n", bare=bare)


def _verdict(against: list[str], remarks: list[str]) -> tuple[int, str]:
    lines = [*(against or ["ok"]), *remarks]
    return (503 if against else 200), "".join(f"{line}\n" for line in lines)


def _answer(status: int, body: str | bytes, *, kind: str = _TEXT, bare: bool = False) -> bytes:
    content = body.encode() if isinstance(body, str) else body
    head = (
        f"HTTP/1.1 {status} {_REASONS[status]}\r\n"
        f"Content-Type: {kind}\r\nContent-Length: {len(content)}\r\n"
        "Cache-Control: no-store\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + (b"" if bare else content)
