from __future__ import annotations

import asyncio
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.errors import TopicAuthorizationFailedError

from tests.deploy.files import DEPLOY
from tests.integration.running import prepare, send, settings_for, until_applied, working
from tests.parts.jars import jars_or_skip
from tests.parts.kafka import PASSWORDS, KafkaPart


def kafka_acls(folder: Path) -> Path:
    """Kafka's own command, as its distribution calls it; skips where there is none."""
    libs = jars_or_skip("Apache Kafka's command line")
    command = folder / "kafka-acls.sh"
    command.write_text(
        f"#!/bin/bash\nexec java -Xshare:auto -XX:TieredStopAtLevel=1 -cp '{libs}/*'"
        ' org.apache.kafka.tools.AclCommand "$@"\n'
    )
    command.chmod(0o755)
    return command


@pytest.mark.real_kafka
async def test_with_the_rights_of_the_example_the_worker_works_and_nothing_can_be_written(
    database: str, kafka: KafkaPart, make_topic: Callable[..., str], tmp_path: Path
) -> None:
    topic = make_topic()
    assert kafka.sasl_bootstrap is not None
    settings = settings_for(
        database,
        kafka.sasl_bootstrap,
        topic,
        kafka_security_protocol="SASL_PLAINTEXT",
        kafka_sasl_username="worker",
        kafka_sasl_password=PASSWORDS["worker"],
    )
    environment = {
        **os.environ,
        "KAFKA_ACLS": str(kafka_acls(tmp_path)),
        "BOOTSTRAP": kafka.bootstrap,
        "TOPICS": topic,
        "GROUP": settings.group,
        "PRINCIPAL": "User:worker",
    }
    await asyncio.to_thread(
        subprocess.run, [DEPLOY / "kafka" / "acls.sh"], env=environment, check=True
    )
    await prepare(database)
    await send(kafka.bootstrap, topic, "a", "b")
    async with working(settings):
        await until_applied(database, topic, "a", "b")
    producer = AIOKafkaProducer(
        bootstrap_servers=kafka.sasl_bootstrap,
        enable_idempotence=False,
        security_protocol="SASL_PLAINTEXT",
        sasl_mechanism="PLAIN",
        sasl_plain_username="worker",
        sasl_plain_password=PASSWORDS["worker"],
    )
    await producer.start()
    try:
        with pytest.raises(TopicAuthorizationFailedError):
            await producer.send_and_wait(topic, b"no")
    finally:
        await producer.stop()
