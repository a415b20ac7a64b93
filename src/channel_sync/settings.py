"""What an operator may set, from the environment: every limit with its default and its unit.

`python -m channel_sync.settings` prints the table of the README.
"""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple, Self
from urllib.parse import urlsplit, urlunsplit

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from channel_sync.core.contact import ALIAS_DOMAINS
from channel_sync.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator

PREFIX = "CHANNEL_SYNC_"
_HIDDEN = "********"

Port = Annotated[int, Field(ge=0, le=65535)]
Count = Annotated[int, Field(ge=1)]
Span = Annotated[int, Field(ge=0)]
Seconds = Annotated[float, Field(gt=0)]


class Described(NamedTuple):
    """One setting for people; a secret's value is hidden."""

    name: str
    value: str
    default: str
    meaning: str


class Settings(BaseSettings):
    """All settings; frozen. `load` reads them from the environment."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_ignore_empty=True,
        frozen=True,
        extra="ignore",
        hide_input_in_errors=True,  # an input may be a password
    )

    database_url: SecretStr = Field(description="PostgreSQL, as a URL; several hosts are allowed")
    database_role: str = Field(
        "channel_sync_worker", description="role taken after login; empty: the login's own"
    )
    database_pool_size: Count = Field(8, description="connections, 2 to 8 are enough")
    database_connect_timeout_seconds: Seconds = Field(10, description="for one connection")
    database_statement_timeout_ms: Count = Field(30_000, description="for one statement")
    database_lock_timeout_ms: Count = Field(10_000, description="for one lock")
    database_idle_in_transaction_timeout_ms: Count = Field(
        60_000, description="after which a frozen worker's transaction is ended by the server"
    )
    database_statement_cache: Span = Field(
        100, description="prepared statements a connection; 0 behind PgBouncer before 1.21"
    )

    kafka_bootstrap: str = Field("", description="brokers, host:port, comma-separated")
    topics: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="topics to consume, comma-separated"
    )
    group: str = Field("channel-sync", min_length=1, description="Kafka consumer group")
    start_at: Literal["earliest", "latest"] = Field(
        "earliest", description="where a partition begins that was never consumed"
    )
    client_id: str = Field("channel-sync", min_length=1, description="name told to the broker")
    kafka_security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        "PLAINTEXT", description="how the broker is spoken to"
    )
    kafka_sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = Field(
        "PLAIN", description="how the worker logs in"
    )
    kafka_sasl_username: str | None = Field(None, description="login at the broker")
    kafka_sasl_password: SecretStr | None = Field(None, description="its password")
    kafka_tls_ca_file: str | None = Field(None, description="PEM file; unset: the system's")
    kafka_tls_cert_file: str | None = Field(None, description="PEM file of the worker's own")
    kafka_tls_key_file: str | None = Field(None, description="PEM file of its key")
    kafka_session_timeout_ms: Count = Field(
        45_000, description="silence after which the group gives a worker up"
    )
    kafka_heartbeat_ms: Count = Field(3_000, description="between heartbeats")
    kafka_request_timeout_ms: Count = Field(40_000, description="for one request")
    kafka_poll_ms: Count = Field(200, description="longest wait of one fetch")
    kafka_fetch_bytes: Count = Field(8_388_608, description="of one answer of a broker")
    kafka_partition_fetch_bytes: Count = Field(
        1_048_576, description="of one partition in it, compressed"
    )
    kafka_unpacked_bytes: Count = Field(
        67_108_864, description="of one batch; one that unpacks to more halts its partition"
    )

    slice_records: Count = Field(500, description="most messages of one transaction")
    slice_bytes: Count = Field(4_194_304, description="most bytes of one transaction")
    slice_wait_ms: Span = Field(20, description="wait for a slice to fill")
    queue_records: Count = Field(2_000, description="fetched ahead of a partition's slices")
    queue_bytes: Count = Field(16_777_216, description="fetched ahead, in bytes")
    max_message_bytes: Count = Field(1_048_576, description="a larger message is parked")
    max_stay_nights: Count = Field(365, description="a message with a longer stay is parked")
    xsd_dir: str | None = Field(
        None, description="folder of schemas; XML that is not valid by them gets a warning"
    )
    alias_email_domains: Annotated[tuple[str, ...], NoDecode] = Field(
        tuple(sorted(ALIAS_DOMAINS)),
        description="where channels give each booking an e-mail of its own: never a key to a guest",
    )
    internal_error_cap: Count = Field(
        20, description="consecutive internal errors after which a partition halts"
    )
    keep_raw: Literal["all", "parked", "none"] = Field(
        "all", description="whose bodies are stored; `rebuild` needs all, a retry parked"
    )
    message_months: Span = Field(
        0, description="months of messages that `migrate` keeps beside the present; 0: all"
    )
    parked_days: Span = Field(
        0, description="after which `migrate` ends the body of a closed parked message; 0: never"
    )
    retry_first_ms: Count = Field(100, description="first wait for a database or broker")
    retry_cap_ms: Count = Field(30_000, description="longest such wait")
    halt_poll_seconds: Seconds = Field(2, description="between looks whether a halt was lifted")
    drain_seconds: Seconds = Field(25, description="from SIGTERM to the exit, at most")
    planner_interval_seconds: Seconds = Field(
        5, description="between the planner's looks when nothing wakes it"
    )

    health_host: str = Field("0.0.0.0", description="address of /livez, /readyz, /metrics")
    health_port: Port = Field(8081, description="its port; 0: none")
    lag_interval_seconds: Seconds = Field(5, description="between measurements of lag")
    figures_interval_seconds: Seconds = Field(
        30, description="between counts of open tasks and of parked messages"
    )
    watchdog_seconds: Seconds = Field(
        120, description="with lag and without progress for so long, /livez says no"
    )
    tracing: Literal["off", "otlp"] = Field(
        "off", description="a span for each batch; otlp: to OTEL_EXPORTER_OTLP_ENDPOINT"
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="and above")
    log_format: Literal["json", "console"] = Field("json", description="for machines or people")

    @field_validator("topics", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(dict.fromkeys(part.strip() for part in value.split(",") if part.strip()))
        return value

    @field_validator("alias_email_domains", mode="before")
    @classmethod
    def _split_domains(cls, value: object) -> object:
        if isinstance(value, str):
            value = [part.strip().lstrip("@") for part in value.split(",")]
        if isinstance(value, list | tuple):
            return tuple(dict.fromkeys(part.casefold() for part in value if part))
        return value

    @field_validator("alias_email_domains")
    @classmethod
    def _are_domains(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for part in value:
            if not re.fullmatch(r"[\w-]+(\.[\w-]+)+", part):
                raise ValueError(f"{part!r} is not a domain")
        return value

    @field_validator("database_url")
    @classmethod
    def _is_postgres(cls, value: SecretStr) -> SecretStr:
        wrong = why_no_database(value.get_secret_value())
        if wrong:
            raise ValueError(wrong)
        return value

    @field_validator("kafka_bootstrap")
    @classmethod
    def _is_hosts(cls, value: str) -> str:
        for part in filter(None, value.split(",")):
            _, colon, port = part.strip().rpartition(":")
            if not colon or not port.isdigit():
                raise ValueError(f"{part.strip()!r} is not host:port")
        return value

    @field_validator("log_level", "start_at", "log_format", "tracing", "keep_raw", mode="before")
    @classmethod
    def _lower(cls, value: object) -> object:
        return value.lower() if isinstance(value, str) else value

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.kafka_heartbeat_ms * 3 > self.kafka_session_timeout_ms:
            raise ValueError("KAFKA_HEARTBEAT_MS: at most a third of KAFKA_SESSION_TIMEOUT_MS")
        if "SASL" in self.kafka_security_protocol and not (
            self.kafka_sasl_username and self.kafka_sasl_password
        ):
            raise ValueError(
                "KAFKA_SASL_USERNAME, KAFKA_SASL_PASSWORD: needed with "
                f"KAFKA_SECURITY_PROTOCOL={self.kafka_security_protocol}"
            )
        if bool(self.kafka_tls_cert_file) != bool(self.kafka_tls_key_file):
            raise ValueError("KAFKA_TLS_CERT_FILE, KAFKA_TLS_KEY_FILE: both or neither")
        return self

    @classmethod
    def load(cls, *, needs_broker: bool = False) -> Settings:
        """Reads the environment; ConfigurationError has one line for each fault."""
        try:
            settings = cls()
        except ValidationError as error:
            raise ConfigurationError("\n".join(_faults(error))) from None
        if needs_broker:
            settings.require_broker()
        return settings

    def require_broker(self) -> None:
        """ConfigurationError where the worker would not know what to consume."""
        missing = {"KAFKA_BOOTSTRAP": self.kafka_bootstrap, "TOPICS": self.topics}
        lines = [f"{PREFIX}{name}: is not set" for name, value in missing.items() if not value]
        if lines:
            raise ConfigurationError("\n".join(lines))

    def described(self) -> tuple[Described, ...]:
        """Every setting in the order of this file, secrets hidden."""
        return tuple(_describe(self))


def why_no_database(url: str) -> str | None:
    """Why a URL leads to no PostgreSQL, in words that quote nothing of it; None: it may."""
    try:
        parts = urlsplit(url)
    except ValueError:  # a bracket of an IPv6 address is missing
        return "is not a URL"
    if parts.scheme not in {"postgresql", "postgres"}:
        return "must begin with postgresql://"
    for place in parts.netloc.rpartition("@")[2].split(","):
        port = place.rpartition("]")[2].partition(":")[2]
        if port and not port.isdigit():  # or what follows the "/" of a password
            return "its port is not a number"
    return None


def _faults(error: ValidationError) -> Iterator[str]:
    for fault in error.errors():
        message = fault["msg"].removeprefix("Value error, ")
        if not fault["loc"]:
            yield f"{PREFIX}{message}"
            continue
        name = f"{PREFIX}{str(fault['loc'][0]).upper()}"
        yield f"{name}: is not set" if fault["type"] == "missing" else f"{name}: {message}"


def _describe(settings: Settings | None) -> Iterator[Described]:
    for name, field in Settings.model_fields.items():
        default = "" if field.is_required() else _shown(name, field.get_default())
        value = default if settings is None else _shown(name, getattr(settings, name))
        yield Described(f"{PREFIX}{name.upper()}", value, default, field.description or "")


def _shown(name: str, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, SecretStr):
        return without_password(value.get_secret_value()) if name.endswith("_url") else _HIDDEN
    if isinstance(value, tuple):
        return ",".join(value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def without_password(url: str) -> str:
    """The URL with its password hidden, wherever a URL can carry one."""
    parts = urlsplit(url)
    login, at, place = parts.netloc.rpartition("@")
    user, colon, _ = login.partition(":")
    query = "&".join(
        f"{key}={_HIDDEN}" if "password" in key.lower() else pair
        for pair in parts.query.split("&")
        for key in [pair.partition("=")[0]]
    )
    netloc = f"{user}{colon and f':{_HIDDEN}'}{at}{place}"
    return urlunsplit(parts._replace(netloc=netloc, query=query))


def markdown() -> str:
    """The table of the README."""
    lines = ["| setting | default | meaning |", "|---|---|---|"]
    for row in _describe(None):
        default = f"`{row.default}`" if row.default else ""
        lines.append(f"| `{row.name}` | {default} | {row.meaning} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(markdown())
