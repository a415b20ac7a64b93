"""Who is let in, at the broker and at the database, and that no password is ever told."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from confluent_kafka.admin import (
    AdminClient,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)

from channel_sync.demo import servers
from channel_sync.demo.servers import Household, free_port, unprivileged_account
from channel_sync.errors import ConfigurationError
from channel_sync.settings import Settings
from channel_sync.store import connect
from channel_sync.worker.check import check
from channel_sync.worker.run import run
from tests.integration.program import environment
from tests.integration.running import prepare, send, settings_for, until_applied, working
from tests.parts.brokers import JavaBroker, jar_version
from tests.parts.certificates import Authority
from tests.parts.jars import jars_or_skip
from tests.parts.kafka import KafkaPart
from tests.parts.postgres import PostgresPart, binaries_or_skip

ROOT = Path(__file__).parents[2]
SECRET = "opensesame-4711"  # noqa: S105 - of throw-away servers

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl")


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """Open to the user that PostgreSQL runs as."""
    with Household("channel-sync-doors") as household:
        yield household.folder


@pytest.fixture(scope="module")
def authority(folder: Path) -> Authority:
    return Authority(folder, "ours")


@pytest.fixture(scope="module")
def stranger(folder: Path) -> Authority:
    return Authority(folder, "strangers")


# The broker --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def guarded(authority: Authority) -> Iterator[tuple[KafkaPart, str]]:
    """A broker with a listener of TLS and SCRAM; its part, and where that listener is."""
    libs = jars_or_skip("Apache Kafka with TLS")
    pem = authority.certify("broker", "IP:127.0.0.1")
    port = free_port()
    more = {
        "listener.name.guarded.sasl.enabled.mechanisms": "SCRAM-SHA-256,SCRAM-SHA-512",
        "listener.name.guarded.scram-sha-256.sasl.jaas.config": SCRAM_LOGIN,
        "listener.name.guarded.scram-sha-512.sasl.jaas.config": SCRAM_LOGIN,
        "listener.name.guarded.ssl.keystore.type": "PEM",
        "listener.name.guarded.ssl.keystore.location": str(pem.both),
    }
    with Household("channel-sync-guarded") as household:
        broker = JavaBroker(household, libs)
        file = household.folder / "server.properties"
        here = f"GUARDED://127.0.0.1:{port},"
        text = file.read_text(encoding="utf-8")
        for key, value in {
            "listeners=": here,
            "advertised.listeners=": here,
            "listener.security.protocol.map=": "GUARDED:SASL_SSL,",
        }.items():
            text = text.replace(f"\n{key}", f"\n{key}{value}", 1)
        text += "".join(f"{key}={value}\n" for key, value in more.items())
        file.write_text(text, encoding="utf-8")
        broker.start()
        label = f"Apache Kafka {jar_version(libs)} with TLS"
        part = KafkaPart(f"127.0.0.1:{broker.open_port}", label, real=True)
        _let_in(part.bootstrap)
        yield part, f"127.0.0.1:{port}"


SCRAM_LOGIN = "org.apache.kafka.common.security.scram.ScramLoginModule required;"


def _let_in(bootstrap: str) -> None:
    admin = AdminClient({"bootstrap.servers": bootstrap, "log_level": 0})
    for kind in (ScramMechanism.SCRAM_SHA_256, ScramMechanism.SCRAM_SHA_512):
        login = ScramCredentialInfo(kind, 4096)
        wanted = UserScramCredentialUpsertion("worker", login, SECRET.encode())
        for done in admin.alter_user_scram_credentials([wanted]).values():
            done.result(20)


def through_the_door(url: str, where: str, topic: str, **others: Any) -> Settings:
    values: dict[str, Any] = {
        "kafka_security_protocol": "SASL_SSL",
        "kafka_sasl_mechanism": "SCRAM-SHA-512",
        "kafka_sasl_username": "worker",
        "kafka_sasl_password": SECRET,
        **others,
    }
    return settings_for(url, where, topic, **values)


@pytest.mark.real_kafka
@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-256", "SCRAM-SHA-512"])
async def test_a_worker_reads_over_tls_with_a_scram_login(
    database: str, guarded: tuple[KafkaPart, str], authority: Authority, mechanism: str
) -> None:
    part, where = guarded
    await prepare(database)
    topic = part.create_topic()
    part.grant_read(topic, f"group-of-{topic}")
    settings = through_the_door(
        database, where, topic,
        kafka_tls_ca_file=str(authority.file), kafka_sasl_mechanism=mechanism,
    )  # fmt: skip
    await send(part.bootstrap, topic, "a", "b")
    async with working(settings):
        await until_applied(database, topic, "a", "b")
    found = await check(settings)
    assert [one.ok for one in found] == [True] * len(found), found
    assert SECRET not in str(found)


@pytest.mark.real_kafka
@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"kafka_sasl_password": f"{SECRET}x"}, "refuses the login of 'worker'"),
        ({"kafka_sasl_mechanism": "PLAIN"}, "does not know the mechanism PLAIN"),
        ({"kafka_tls_ca_file": "stranger"}, "TLS fails"),
        ({"kafka_tls_ca_file": None}, "TLS fails"),
        ({"kafka_bootstrap": "localhost"}, "TLS fails"),
    ],
)
async def test_a_door_that_stays_shut_says_why_and_not_the_password(
    database: str,
    guarded: tuple[KafkaPart, str],
    authority: Authority,
    stranger: Authority,
    wrong: dict[str, Any],
    words: str,
) -> None:
    """The last three: another authority, the system's, and another name than certified."""
    part, where = guarded
    topic = part.create_topic()
    others = {"kafka_tls_ca_file": str(authority.file), **wrong}
    if others["kafka_tls_ca_file"] == "stranger":
        others["kafka_tls_ca_file"] = str(stranger.file)
    if "kafka_bootstrap" in others:
        others["kafka_bootstrap"] = where.replace("127.0.0.1", others["kafka_bootstrap"])
    with pytest.raises(ConfigurationError, match=words) as refused:
        await run(through_the_door(database, where, topic, **others))
    assert SECRET not in str(refused.value)


# The database ------------------------------------------------------------------------------

HBA = "hostssl all all 127.0.0.1/32 scram-sha-256\nhostssl all all ::1/128 scram-sha-256\n"


@pytest.fixture(scope="module")
async def vault(authority: Authority, folder: Path) -> AsyncIterator[int]:
    """The port of a PostgreSQL that wants TLS and a password."""
    pem = authority.certify("database", "IP:127.0.0.1")
    rules = folder / "rules.conf"
    rules.write_text(f"{HBA}host all postgres 127.0.0.1/32 trust\n", encoding="utf-8")
    account = unprivileged_account()
    if account is not None:
        os.chown(pem.key, account.uid, account.gid)
    pem.key.chmod(0o600)
    binaries, origin = binaries_or_skip("a PostgreSQL with TLS, which the wheel's has not")
    wanted = {
        "ssl": "on",
        "ssl_cert_file": str(pem.certificate),
        "ssl_key_file": str(pem.key),
        "hba_file": str(rules),
    }
    with servers.postgres(binaries, origin, settings=wanted) as server:
        connection = await asyncpg.connect(f"{server.dsn()}?sslmode=disable")
        await connection.execute(f"ALTER ROLE postgres PASSWORD '{SECRET}'")
        await connection.close()
        yield server.port


def over_tls(port: int, ca: Path, *, host: str = "127.0.0.1", password: str = SECRET) -> Settings:
    query = f"sslmode=verify-full&sslrootcert={ca}"
    url = f"postgresql://postgres:{password}@{host}:{port}/postgres?{query}"
    return settings_for(url, "127.0.0.1:1", "none", database_role="")


async def test_the_database_is_reached_over_tls_with_its_certificate_checked(
    vault: int, authority: Authority
) -> None:
    connection = await connect.open_connection(over_tls(vault, authority.file))
    try:
        assert await connection.fetchval("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
    finally:
        await connection.close()


async def test_a_database_of_another_authority_or_name_is_refused_before_the_password(
    vault: int, authority: Authority, stranger: Authority
) -> None:
    for settings in (
        over_tls(vault, stranger.file),
        over_tls(vault, authority.file, host="localhost"),
    ):
        with pytest.raises(ConfigurationError, match="certificate") as refused:
            await connect.open_pool(settings)
        assert SECRET not in str(refused.value)


async def test_a_wrong_password_is_told_without_it(vault: int, authority: Authority) -> None:
    settings = over_tls(vault, authority.file, password=f"{SECRET}x")
    with pytest.raises(ConfigurationError, match="refuses the login") as refused:
        await connect.open_pool(settings)
    assert SECRET not in str(refused.value)


# Secrets -----------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["check", "run", "migrate", "tasks"])
@pytest.mark.parametrize("url", ["{}", "{}&sslmode=nonsense", "postgresql://me:{}@["])
def test_no_command_tells_a_secret_whatever_fails(
    vault: int, authority: Authority, command: str, url: str
) -> None:
    """Neither in its output nor in its log, nor, as `ps` shows it, among its arguments."""
    right = over_tls(vault, authority.file, password=SECRET).database_url.get_secret_value()
    settings = {
        "DATABASE_URL": url.format(SECRET if "[" in url else right),
        "KAFKA_BOOTSTRAP": "127.0.0.1:1",
        "TOPICS": "bookings",
        "HEALTH_PORT": "0",
        "KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT",
        "KAFKA_SASL_USERNAME": "worker",
        "KAFKA_SASL_PASSWORD": f"kafka-{SECRET}",
        "LOG_LEVEL": "debug",
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "channel_sync", command],
        env=environment(settings), cwd=ROOT, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    told = ""
    with contextlib.suppress(FileNotFoundError):
        told = Path(f"/proc/{process.pid}/cmdline").read_text(encoding="utf-8")
    try:
        told += process.communicate(timeout=60)[0]
    except subprocess.TimeoutExpired:
        process.kill()
        told += process.communicate()[0]
    assert told
    assert SECRET not in told


async def test_no_traceback_tells_a_secret(postgres: PostgresPart) -> None:
    """An error that nobody expected is logged with its frames: settings show no secret there."""
    settings = settings_for(
        postgres.url("postgres").replace("postgres@", f"postgres:{SECRET}@"), "127.0.0.1:1", "x",
        kafka_sasl_password=SECRET,
    )  # fmt: skip
    assert SECRET not in repr(settings)
    assert SECRET not in str(settings)
    assert SECRET not in f"{settings.described()}"
    assert SECRET not in settings.model_dump_json()
