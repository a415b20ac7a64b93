"""How the broker is reached, and what its errors mean in plain words."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Any

from aiokafka import errors as kafka_errors
from aiokafka.conn import collect_hosts, create_conn

from channel_sync.errors import ChannelSyncError, ConfigurationError, DependencyError

if TYPE_CHECKING:
    from channel_sync.settings import Settings

_LOGIN_ERRORS = (
    kafka_errors.AuthenticationFailedError,
    kafka_errors.AuthenticationMethodNotSupported,
    kafka_errors.SaslAuthenticationFailed,
    kafka_errors.UnsupportedSaslMechanismError,
    kafka_errors.IllegalSaslStateError,
)


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


def _words(error: BaseException) -> str:
    text = str(error).strip()
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
