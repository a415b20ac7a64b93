"""How PostgreSQL is reached, and what an error from it asks for: wait, bisect, or a person."""

from __future__ import annotations

import math
import ssl
from contextlib import asynccontextmanager
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeVar, cast

import asyncpg

from channel_sync.errors import ConfigurationError, DependencyError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine

    from channel_sync.settings import Settings

T = TypeVar("T")

SCHEMA = "channel_sync"
MIN_SERVER_VERSION = 140_000
READ_ONLY = "25006"

_REPLY_MARGIN_SECONDS = 5.0
"""Beyond the server's own statement timeout: by then the server, or the way to it, is gone."""

_TRANSIENT_STATES = {
    "40001",  # serialization failure
    "40P01",  # deadlock
    "55P03",  # lock not available
    "57014",  # statement timeout
    "57P01",  # admin shutdown
    "57P02",  # crash shutdown
    "57P03",  # cannot connect now
    "57P05",  # idle session timeout
    "25P03",  # idle in transaction timeout
    READ_ONLY,
}
_TRANSIENT_CLASSES = {"08", "53", "58"}  # connection, resources, system
_DATA_CLASSES = {"22", "23", "54"}  # values, constraints, more than the server takes
_OPERATOR_CLASSES = {"28", "3D", "3F", "42"}  # login, database, schema, rights and names


class Fault(StrEnum):
    """What an error asks for."""

    TRANSIENT = "transient"
    """Wait, and try the same transaction again."""
    DATA = "data"
    """One message is at fault: bisect; the same again will fail again."""
    PERMANENT = "permanent"
    """A person must act: on rights, on the schema, or on a bug."""


def classify(error: BaseException) -> Fault:
    """Sorts an error of asyncpg or of the network."""
    match error:
        case asyncpg.InvalidCachedStatementError():  # the schema changed under a statement
            return Fault.TRANSIENT
        case asyncpg.PostgresError(sqlstate=str(state)):
            return _classify_state(state)
        case asyncpg.exceptions.DataError():  # asyncpg could not even encode the value
            return Fault.DATA
        case ssl.SSLCertVerificationError():
            return Fault.PERMANENT
        case (
            asyncpg.InterfaceError()
            # Also what asyncpg raises where a reply of a dying connection crosses a statement.
            | asyncpg.InternalClientError()
            | OSError()
            | TimeoutError()
            | DependencyError()
        ):
            return Fault.TRANSIENT
        case _:
            return Fault.PERMANENT


def _classify_state(state: str) -> Fault:
    if state in _TRANSIENT_STATES or state[:2] in _TRANSIENT_CLASSES:
        return Fault.TRANSIENT
    return Fault.DATA if state[:2] in _DATA_CLASSES else Fault.PERMANENT


def is_for_the_operator(error: BaseException) -> bool:
    """Whether it is the database's rights or schema that must change, whatever the message."""
    return isinstance(error, asyncpg.PostgresError) and (
        str(error.sqlstate or "")[:2] in _OPERATOR_CLASSES
    )


def is_read_only(error: BaseException) -> bool:
    """Whether a server that was demoted answered: its connections look healthy and are not."""
    return isinstance(
        error,
        asyncpg.ReadOnlySQLTransactionError | asyncpg.exceptions.TargetServerAttributeNotMatched,
    )


def backoff_seconds(attempt: int, *, first_ms: int, cap_ms: int, chance: float) -> float:
    """The wait before attempt `attempt` + 1: doubled each time up to the cap, half of it by chance.

    `attempt` counts from 1; `chance` is in [0, 1).
    """
    doublings = min(attempt - 1, max(0, math.ceil(math.log2(max(1.0, cap_ms / first_ms)))))
    whole = float(min(cap_ms, first_ms * 2**doublings))
    return (whole / 2 + whole / 2 * chance) / 1000


async def open_pool(settings: Settings, *, size: int | None = None) -> asyncpg.Pool:
    """A pool whose connections are the worker's role, in our schema, with every timeout set.

    Raises ConfigurationError where waiting will not help, DependencyError where it may.
    """
    prepare = _session(settings)

    async def reset(connection: asyncpg.Connection) -> None:
        # asyncpg's own reset runs RESET ALL, which would take search path and timeouts away.
        await connection.execute(f"{connection.get_reset_query()}\n{prepare}")

    pool: asyncpg.Pool = asyncpg.create_pool(
        **_where(settings),
        min_size=1,
        max_size=size or settings.database_pool_size,
        init=_preparing(prepare),
        reset=reset,
    )
    await _plainly(pool, settings)
    return pool


async def open_connection(settings: Settings) -> asyncpg.Connection:
    """One connection outside the pool, prepared alike; errors as `open_pool`."""

    async def connect() -> asyncpg.Connection:
        connection: asyncpg.Connection = await asyncpg.connect(**_where(settings))
        try:
            await connection.execute(_session(settings))
        except BaseException:
            connection.terminate()
            raise
        return connection

    return await _plainly(connect(), settings)


@asynccontextmanager
async def borrowed(pool: asyncpg.Pool) -> AsyncIterator[asyncpg.Connection]:
    """A connection of the pool for as long as the block lasts."""
    async with pool.acquire() as proxy:
        yield cast("asyncpg.Connection", proxy)


def _where(settings: Settings) -> Any:  # a dict; asyncpg types each overload's every argument
    return {
        "dsn": settings.database_url.get_secret_value(),
        "timeout": settings.database_connect_timeout_seconds,
        "command_timeout": settings.database_statement_timeout_ms / 1000 + _REPLY_MARGIN_SECONDS,
        "statement_cache_size": settings.database_statement_cache,
        "target_session_attrs": "read-write",
    }


def _preparing(prepare: str) -> Callable[[asyncpg.Connection], Coroutine[Any, Any, None]]:
    async def init(connection: asyncpg.Connection) -> None:
        await connection.execute(prepare)

    return init


def _session(settings: Settings) -> str:
    """By SET after login: a pooler refuses start-up parameters that it does not know."""
    role = settings.database_role
    idle = settings.database_idle_in_transaction_timeout_ms
    aliases = ",".join(settings.alias_email_domains)
    lines = [
        f"SET ROLE {_quoted(role)};" if role else "",
        f"SET search_path TO {SCHEMA}, pg_temp;",
        f"SET statement_timeout = {settings.database_statement_timeout_ms};",
        f"SET lock_timeout = {settings.database_lock_timeout_ms};",
        f"SET idle_in_transaction_session_timeout = {idle};",
        "SET timezone = 'UTC';",
        f"SET application_name = {_quoted(settings.client_id)};",
        # Read with each property (`load_properties`).
        f"SET channel_sync.alias_email_domains = {_quoted(aliases)};",
    ]
    return "\n".join(filter(None, lines))


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


async def _plainly(opening: Awaitable[T], settings: Settings) -> T:
    """Awaits a connection; what goes wrong is said in words that name no password."""
    role = settings.database_role
    try:
        return await opening
    except (asyncpg.InvalidPasswordError, asyncpg.InvalidAuthorizationSpecificationError) as error:
        raise ConfigurationError(f"the database refuses the login: {error}") from error
    except asyncpg.InvalidCatalogNameError as error:
        raise ConfigurationError(f"the database refuses: {error}") from error
    except asyncpg.InvalidParameterValueError as error:
        if f'"{role}"' not in str(error):
            raise
        raise ConfigurationError(f"{error}: run `channel-sync migrate` first") from error
    except asyncpg.InsufficientPrivilegeError as error:
        raise ConfigurationError(
            f"the login may not become {role}: {error}; grant {role} to it"
        ) from error
    except asyncpg.exceptions.TargetServerAttributeNotMatched as error:
        raise DependencyError("the database takes no writes: it is a standby") from error
    except (
        asyncpg.exceptions.ClientConfigurationError,
        ssl.SSLCertVerificationError,
    ) as error:
        raise ConfigurationError(f"CHANNEL_SYNC_DATABASE_URL: {error}") from error
    except Exception as error:
        if classify(error) is not Fault.TRANSIENT:
            raise
        raise DependencyError(f"the database does not answer: {_short(error)}") from error


def _short(error: BaseException) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__


async def expire(pool: asyncpg.Pool) -> None:
    """Replaces every connection at its next use: after a failover they look healthy."""
    await pool.expire_connections()
