"""How the broker is reached, and what its errors mean in plain words."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from aiokafka import errors as kafka_errors
from aiokafka.conn import collect_hosts, create_conn

from channel_sync.errors import ChannelSyncError, ConfigurationError, DependencyError

if TYPE_CHECKING:
    from aiokafka import AIOKafkaConsumer

    from channel_sync.settings import Settings

CLOSE_SECONDS = 8.0
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST = datetime(9999, 1, 1, tzinfo=UTC)
_LATEST_MS = (_LATEST - _EPOCH) // timedelta(milliseconds=1)
_LOGIN_ERRORS = (
    kafka_errors.AuthenticationFailedError,
    kafka_errors.AuthenticationMethodNotSupported,
    kafka_errors.SaslAuthenticationFailed,
    kafka_errors.UnsupportedSaslMechanismError,
    kafka_errors.IllegalSaslStateError,
)


def kafka_time(milliseconds: int) -> datetime:
    """When a record was recorded, as its sender or the broker stamped it.

    None at all (-1) is the epoch. A sender that stamps microseconds means a year that no calendar
    has: the latest one then, since its message must not stop the others.
    """
    return _EPOCH + timedelta(milliseconds=min(max(0, milliseconds), _LATEST_MS))


def client_options(settings: Settings) -> dict[str, Any]:
    """What every connection needs. ConfigurationError where a certificate cannot be read."""
    options: dict[str, Any] = {
        "bootstrap_servers": [part.strip() for part in settings.kafka_bootstrap.split(",")],
        "client_id": settings.client_id,
        "request_timeout_ms": settings.kafka_request_timeout_ms,
        "security_protocol": settings.kafka_security_protocol,
    }
    if "SSL" in settings.kafka_security_protocol.split("_", maxsplit=1)[-1]:
        options["ssl_context"] = _tls(settings)
    if settings.kafka_security_protocol.startswith("SASL"):
        password = settings.kafka_sasl_password
        options["sasl_mechanism"] = settings.kafka_sasl_mechanism
        options["sasl_plain_username"] = settings.kafka_sasl_username
        options["sasl_plain_password"] = password.get_secret_value() if password else None
    return options


def _tls(settings: Settings) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=settings.kafka_tls_ca_file)
        if settings.kafka_tls_cert_file:
            context.load_cert_chain(settings.kafka_tls_cert_file, settings.kafka_tls_key_file)
    except (OSError, ssl.SSLError) as error:
        raise ConfigurationError(f"the certificates of the broker: {error}") from error
    return context


def is_unreadable(error: Exception) -> bool:
    """Whether a fetch stumbled over what a batch holds, and not over the broker.

    Beside aiokafka's own words for it: whatever the parsers below it raise.
    """
    return not isinstance(error, kafka_errors.KafkaError) or isinstance(
        error, kafka_errors.CorruptRecordException | kafka_errors.UnsupportedCodecError
    )


async def why_not(settings: Settings) -> ChannelSyncError:
    """Why no broker lets us in: aiokafka says no more than "unable to bootstrap".

    Asks each broker in turn; a refused login outweighs a silent broker.
    """
    options = client_options(settings)
    hosts = collect_hosts(options.pop("bootstrap_servers"))
    options["request_timeout_ms"] = min(5_000, settings.kafka_request_timeout_ms)
    found: list[ChannelSyncError] = []
    for host, port, _ in hosts:
        try:
            connection = await create_conn(host, port, **options)
        except (kafka_errors.KafkaError, OSError, TimeoutError) as error:
            found.append(in_plain_words(error, settings, where=f"{host}:{port}"))
        else:
            connection.close()
            found.append(DependencyError(f"the broker at {host}:{port} answers, but not in full"))
    refusals = [error for error in found if isinstance(error, ConfigurationError)]
    return (refusals or found)[0]


def in_plain_words(
    error: BaseException, settings: Settings, *, where: str | None = None
) -> ChannelSyncError:
    """An error of aiokafka or of the network as the error of whoever must act."""
    place = f"the broker at {where or settings.kafka_bootstrap}"
    user = settings.kafka_sasl_username or "nobody"
    match error:
        case ChannelSyncError():
            return error
        case kafka_errors.UnsupportedSaslMechanismError():
            wanted = settings.kafka_sasl_mechanism
            return ConfigurationError(f"{place} does not know the mechanism {wanted}: {error}")
        case _ if isinstance(error, _LOGIN_ERRORS):
            return ConfigurationError(
                f"{place} refuses the login of {user!r}: wrong name or password ({_words(error)})"
            )
        case ssl.SSLError():
            return ConfigurationError(f"{place}: TLS fails: {_words(error)}")
        case kafka_errors.TopicAuthorizationFailedError():
            return ConfigurationError(f"{user!r} may not read the topic {_words(error)}")
        case kafka_errors.GroupAuthorizationFailedError():
            return ConfigurationError(f"{user!r} may not join the group {settings.group}")
        case (
            TimeoutError() | kafka_errors.KafkaTimeoutError() | kafka_errors.RequestTimedOutError()
        ):
            return DependencyError(f"{place} does not answer in time")
        case _:
            return DependencyError(f"{place} cannot be reached: {_words(error)}")


async def prove_topics(consumer: AIOKafkaConsumer, settings: Settings) -> None:
    """ConfigurationError where a topic does not exist or may not be seen: Kafka does not tell."""
    missing = sorted(set(settings.topics) - set(await consumer.topics()))
    if missing:
        raise ConfigurationError(f"no such topic, or no right to see it: {', '.join(missing)}")


async def stop(consumer: AIOKafkaConsumer, *, seconds: float = CLOSE_SECONDS) -> None:
    """In bounded time: a broker that is away cannot be told good-bye.

    What `stop` did not get done is then ended by hand: a coordinator left running would keep a
    member in the group that is given partitions and never reads them.
    """
    with contextlib.suppress(TimeoutError, kafka_errors.KafkaError, OSError):
        async with asyncio.timeout(seconds):
            await consumer.stop()
            return
    coordinator, fetcher = consumer._coordinator, consumer._fetcher  # noqa: SLF001 - no other way
    names = ("_coordination_task", "_heartbeat_task", "_commit_refresh_task")
    tasks = [getattr(coordinator, name, None) for name in names]
    tasks += [getattr(fetcher, "_fetch_task", None), *getattr(fetcher, "_pending_tasks", ())]
    left = {task for task in tasks if task is not None and not task.done()}
    for task in left:
        task.cancel()
    if left:
        await asyncio.wait(left, timeout=1.0)
    with contextlib.suppress(TimeoutError, kafka_errors.KafkaError, OSError):
        async with asyncio.timeout(1.0):
            await consumer._client.close()  # noqa: SLF001 - likewise


def _words(error: BaseException) -> str:
    text = str(error).strip()
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
