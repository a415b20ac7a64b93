"""Log lines: one for each message that changed something or was parked, one for each slice.

Identifiers only: no name, e-mail, telephone number or card ever reaches a line.
"""

from __future__ import annotations

import logging
import sys
from collections import Counter
from typing import TYPE_CHECKING, Any, TextIO

import structlog

from channel_sync.core.model import Outcome

if TYPE_CHECKING:
    from structlog.stdlib import BoundLogger
    from structlog.typing import Processor

    from channel_sync.records import Applied, SliceResult

COUNTED_ONLY = frozenset({Outcome.UNCHANGED, Outcome.DUPLICATE, Outcome.STALE})
"""Outcomes that have no line of their own: they may come by the thousand and tell nothing."""

_QUIET = ("aiokafka", "asyncio", "asyncpg")
"""Libraries whose warnings matter and whose chatter does not."""
_REPEAT_SECONDS = 10.0


class _Seldom(logging.Filter):
    """Lets a library repeat itself every ten seconds: of a broker away it tells ten a second.

    Its warnings come without a traceback: what they warn of has a line of ours, with the reason.
    """

    def __init__(self) -> None:
        super().__init__()
        self._said_at: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        if not record.name.startswith(_QUIET):
            return True
        what = f"{record.name}:{record.lineno}"
        if record.created - self._said_at.get(what, 0.0) < _REPEAT_SECONDS:
            return False
        self._said_at[what] = record.created
        if record.levelno <= logging.WARNING:
            record.exc_info = None
        return True


class _OwnHandler(logging.StreamHandler[TextIO]):
    """Writes to whatever stderr is at the time, if not told where; known again by its class."""

    def __init__(self, stream: TextIO | None) -> None:
        self._given = stream
        super().__init__(stream)

    @property
    def stream(self) -> TextIO:
        return self._given or sys.stderr

    @stream.setter
    def stream(self, value: TextIO) -> None:
        """The base class sets what it was given."""


def configure(*, level: str, style: str, stream: TextIO | None = None) -> None:
    """Sends our lines and the libraries' to `stream` (default stderr), as JSON or for a console."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
    ]
    output = stream or sys.stderr
    last: list[Processor] = (
        [structlog.dev.ConsoleRenderer(colors=output.isatty())]
        if style == "console"
        else [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    )
    handler = _OwnHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    root = logging.getLogger()
    handler.addFilter(_Seldom())
    for old in [one for one in root.handlers if isinstance(one, _OwnHandler)]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level.upper())
    for name in _QUIET:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )


def logger(name: str) -> BoundLogger:
    log: BoundLogger = structlog.stdlib.get_logger(name)
    return log


def message_line(applied: Applied) -> dict[str, Any] | None:
    """What is said of one message; None where it is only counted. Empty facts are left out."""
    if applied.outcome in COUNTED_ONLY:
        return None
    facts: dict[str, Any] = {
        "outcome": applied.outcome.value,
        "reason": applied.outcome_reason,
        "detail": applied.outcome_detail,
        "property": applied.property_id,
        "channel": applied.channel,
        "reference": applied.reference,
        "message_id": applied.message_id,
        "topic": applied.record.topic,
        "partition": applied.record.partition,
        "offset": applied.record.offset,
        "ordinal": applied.ordinal or None,
        "changes": [str(change) for change in applied.changes],
        "tasks": list(applied.tasks),
    }
    return {key: value for key, value in facts.items() if value not in (None, "", [])}


def log_slice(
    log: BoundLogger,
    result: SliceResult,
    *,
    records: int,
    next_offset: int,
    seconds: float,
) -> None:
    """The lines of one slice that was committed; `log` is bound to topic and partition."""
    duration_ms = round(seconds * 1000, 1)
    for applied in result.applied:
        line = message_line(applied)
        if line is not None:
            say = log.warning if applied.outcome is Outcome.PARKED else log.info
            say("message", **line, duration_ms=duration_ms)
    outcomes = Counter(applied.outcome.value for applied in result.applied)
    log.info(
        "slice",
        records=records,
        next_offset=next_offset,
        outcomes=dict(sorted(outcomes.items())),
        warnings=result.warnings,
        round_trips=result.round_trips,
        duration_ms=duration_ms,
    )
