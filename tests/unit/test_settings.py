from __future__ import annotations

import subprocess
import sys

import pytest

from channel_sync.errors import ConfigurationError
from channel_sync.settings import Settings, markdown, without_password

SECRET = "hush-hush"  # noqa: S105 - nobody's
LEAST = {
    "DATABASE_URL": f"postgresql://me:{SECRET}@db.example:5432/hotel",
    "KAFKA_BOOTSTRAP": "kafka.example:9092",
    "TOPICS": "bookings",
}


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in Settings.model_fields:
        monkeypatch.delenv(f"CHANNEL_SYNC_{name.upper()}", raising=False)
    for name, value in LEAST.items():
        monkeypatch.setenv(f"CHANNEL_SYNC_{name}", value)
    return monkeypatch


def test_what_is_not_set_has_a_default(environment: pytest.MonkeyPatch) -> None:
    settings = Settings.load(needs_broker=True)
    assert settings.topics == ("bookings",)
    assert settings.start_at == "earliest"
    assert (settings.slice_records, settings.slice_bytes, settings.slice_wait_ms) == (
        500,
        4 * 1024 * 1024,
        20,
    )
    assert settings.kafka_session_timeout_ms == 45_000
    assert settings.kafka_heartbeat_ms == 3_000


def test_topics_are_a_list_without_repetition(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("CHANNEL_SYNC_TOPICS", " a, b,,a ,c")
    assert Settings.load().topics == ("a", "b", "c")


def test_domains_of_aliases_are_a_list_in_lower_case(environment: pytest.MonkeyPatch) -> None:
    assert "guest.booking.com" in Settings.load().alias_email_domains
    environment.setenv("CHANNEL_SYNC_ALIAS_EMAIL_DOMAINS", "@Relay.example, other.example,")
    assert Settings.load().alias_email_domains == ("relay.example", "other.example")
    environment.setenv("CHANNEL_SYNC_ALIAS_EMAIL_DOMAINS", "relay.example,no domain")
    with pytest.raises(ConfigurationError, match="'no domain' is not a domain"):
        Settings.load()


@pytest.mark.parametrize(
    ("url", "is_good"),
    [
        ("postgresql://db.example:port/hotel", False),
        (f"postgresql://me:a/{SECRET}@db.example/hotel", False),
        ("postgresql://a.example:5432,b.example/hotel", True),
        ("postgresql://me:x:y@[::1]:5432/hotel", True),
        ("postgresql:///hotel?host=/run/postgresql", True),
    ],
)
def test_the_port_of_the_database_is_a_number(
    url: str, *, is_good: bool, environment: pytest.MonkeyPatch
) -> None:
    environment.setenv("CHANNEL_SYNC_DATABASE_URL", url)
    if is_good:
        assert Settings.load().database_url.get_secret_value() == url
        return
    with pytest.raises(ConfigurationError) as error:
        Settings.load()
    assert str(error.value) == "CHANNEL_SYNC_DATABASE_URL: its port is not a number"


def test_an_empty_variable_is_as_good_as_none(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("CHANNEL_SYNC_SLICE_RECORDS", "")
    assert Settings.load().slice_records == 500


def test_every_fault_has_its_line_and_no_line_tells_a_secret(
    environment: pytest.MonkeyPatch,
) -> None:
    environment.setenv("CHANNEL_SYNC_DATABASE_URL", f"mysql://me:{SECRET}@db/hotel")
    environment.setenv("CHANNEL_SYNC_START_AT", "yesterday")
    environment.setenv("CHANNEL_SYNC_SLICE_RECORDS", "many")
    environment.setenv("CHANNEL_SYNC_KAFKA_BOOTSTRAP", "no-port")
    with pytest.raises(ConfigurationError) as caught:
        Settings.load()
    lines = str(caught.value).splitlines()
    assert [line.partition(":")[0] for line in lines] == [
        "CHANNEL_SYNC_DATABASE_URL",
        "CHANNEL_SYNC_KAFKA_BOOTSTRAP",
        "CHANNEL_SYNC_START_AT",
        "CHANNEL_SYNC_SLICE_RECORDS",
    ]
    assert SECRET not in str(caught.value)


def test_what_the_worker_cannot_do_without_is_asked_for(environment: pytest.MonkeyPatch) -> None:
    environment.delenv("CHANNEL_SYNC_TOPICS")
    environment.delenv("CHANNEL_SYNC_KAFKA_BOOTSTRAP")
    Settings.load()
    with pytest.raises(ConfigurationError) as caught:
        Settings.load(needs_broker=True)
    assert str(caught.value).splitlines() == [
        "CHANNEL_SYNC_KAFKA_BOOTSTRAP: is not set",
        "CHANNEL_SYNC_TOPICS: is not set",
    ]
    environment.delenv("CHANNEL_SYNC_DATABASE_URL")
    with pytest.raises(ConfigurationError, match="CHANNEL_SYNC_DATABASE_URL: is not set"):
        Settings.load()


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("KAFKA_HEARTBEAT_MS", "20000", "at most a third"),
        ("KAFKA_SECURITY_PROTOCOL", "SASL_SSL", "needed with"),
        ("KAFKA_TLS_CERT_FILE", "cert.pem", "both or neither"),
    ],
)
def test_settings_that_do_not_fit_together_are_refused(
    environment: pytest.MonkeyPatch, name: str, value: str, words: str
) -> None:
    environment.setenv(f"CHANNEL_SYNC_{name}", value)
    with pytest.raises(ConfigurationError, match=words):
        Settings.load()


def test_secrets_are_hidden_wherever_settings_are_shown(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("CHANNEL_SYNC_KAFKA_SECURITY_PROTOCOL", "SASL_PLAINTEXT")
    environment.setenv("CHANNEL_SYNC_KAFKA_SASL_USERNAME", "worker")
    environment.setenv("CHANNEL_SYNC_KAFKA_SASL_PASSWORD", SECRET)
    settings = Settings.load()
    shown = {row.name: row for row in settings.described()}
    assert shown["CHANNEL_SYNC_DATABASE_URL"].value == (
        "postgresql://me:********@db.example:5432/hotel"
    )
    assert shown["CHANNEL_SYNC_KAFKA_SASL_PASSWORD"].value == "********"
    assert SECRET not in f"{shown}{settings!r}{settings}"


def test_a_password_in_the_query_of_a_url_is_hidden_too() -> None:
    url = f"postgresql://a.example,b.example/hotel?user=me&password={SECRET}&ssl=require"
    assert without_password(url) == (
        "postgresql://a.example,b.example/hotel?user=me&password=********&ssl=require"
    )


def test_every_limit_names_its_unit_and_its_meaning() -> None:
    for name, field in Settings.model_fields.items():
        assert field.description, name
        kind = str(field.annotation)
        if ("int" in kind or "float" in kind) and name.rpartition("_")[2] not in {
            "ms", "seconds", "days", "months", "bytes", "records", "nights", "size", "cache",
            "cap", "port",
        }:  # fmt: skip
            pytest.fail(f"{name} names no unit")


def test_the_table_for_the_readme_is_printed() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "channel_sync.settings"], capture_output=True, text=True, check=True
    )
    assert done.stdout == markdown()
    assert (
        "| `CHANNEL_SYNC_SLICE_RECORDS` | `500` | most messages of one transaction |" in done.stdout
    )
