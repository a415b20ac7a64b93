"""A cluster of three brokers loses one after the other under traffic; the worker loses nothing."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from channel_sync.demo.servers import Household
from tests.integration.checker import broken_invariants, compare, faults_of_outcomes, told
from tests.integration.feed import Feed, apply_in_order, template
from tests.integration.program import NOW, Program, outcomes, until_outcomes, until_planned
from tests.integration.rough import RoughTraffic
from tests.parts.brokers import JavaBroker, free_ports, jar_version
from tests.parts.jars import jars_or_skip
from tests.parts.kafka import KafkaPart
from tests.parts.postgres import PostgresPart

NODES = (1, 2, 3)
HOTELS = 8
STAGE = 100
REPLICATED = {
    "default.replication.factor": "3",
    "min.insync.replicas": "2",
    "offsets.topic.replication.factor": "3",
    "transaction.state.log.replication.factor": "3",
    "transaction.state.log.min.isr": "2",
}


@pytest.fixture
def cluster() -> Iterator[tuple[KafkaPart, list[JavaBroker]]]:
    libs = jars_or_skip("Apache Kafka three times")
    ports = {node: free_ports() for node in NODES}
    voters = ",".join(f"{node}@127.0.0.1:{ports[node][2]}" for node in NODES)
    with contextlib.ExitStack() as stack, ThreadPoolExecutor(len(NODES)) as threads:
        brokers = []
        for node in NODES:
            household = stack.enter_context(Household(f"channel-sync-broker-{node}"))
            more = {**REPLICATED, "node.id": str(node), "controller.quorum.voters": voters}
            brokers.append(JavaBroker(household, libs, ports=ports[node], more=more))
        # None of them answers before two are there.
        list(threads.map(JavaBroker.start, brokers))
        bootstrap = ",".join(f"127.0.0.1:{broker.open_port}" for broker in brokers)
        label = f"Apache Kafka {jar_version(libs)}, three nodes"
        yield KafkaPart(bootstrap, label, real=True), brokers


@pytest.mark.real_kafka
async def test_each_broker_of_a_cluster_may_die_under_traffic(
    postgres: PostgresPart, cluster: tuple[KafkaPart, list[JavaBroker]]
) -> None:
    """Leaders of partitions, the coordinator of the group and the controller among them."""
    kafka, brokers = cluster
    made = await template(postgres, HOTELS, "off")
    feed = Feed(kafka.create_topic(partitions=6), kafka.bootstrap, RoughTraffic(HOTELS, seed=6))
    enough = asyncio.Event()
    async with postgres.database(made) as url, postgres.database(made) as in_order:
        async with Program(NOW, url, kafka.bootstrap, feed.topic).working():
            traffic = asyncio.create_task(feed.produce(rate=30, may=lambda: True, until=enough))
            await until_outcomes(url, STAGE)
            for broker in brokers:
                await asyncio.to_thread(broker.kill)
                await until_outcomes(url, await outcomes(url) + STAGE)
                await asyncio.to_thread(broker.start)
            enough.set()
            await traffic
            await feed.flush()
            await until_outcomes(url, sum(feed.reservations.values()))
            await until_planned(url)
        assert await faults_of_outcomes(url, feed.topic, feed.reservations) == []
        assert await broken_invariants(url) == []
        await apply_in_order(in_order, feed)
        differences, _ = await compare(url, in_order)
        assert not differences, told(differences)
