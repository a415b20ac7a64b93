"""Nothing in the worker can write to Kafka: the way back to a channel is a gateway's.

Import contracts cannot say this, since importing aiokafka loads its producer; names can.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.house.sources import PACKAGE, modules, short, tree

NAMES = {
    "AIOKafkaProducer",
    "AIOKafkaAdminClient",
    "Producer",
    "SerializingProducer",
    "KafkaProducer",
    "AdminClient",
    "send_and_wait",
    "send_batch",
    "produce",
    "send_offsets_to_transaction",
}
WORKER = [path for path in modules() if PACKAGE / "demo" not in path.parents]


@pytest.mark.parametrize("path", WORKER, ids=short)
def test_nothing_outside_the_demo_names_a_producer(path: Path) -> None:
    assert names_of_producers(tree(path)) == set()


@pytest.mark.parametrize(
    "text",
    [
        "from aiokafka import AIOKafkaProducer",
        "import aiokafka.producer",
        "from aiokafka.producer import producer as p",
        "import aiokafka\naiokafka.AIOKafkaProducer()",
        "from confluent_kafka import Producer as P",
        "client.produce('topic', b'')",
        "await client.send_and_wait('topic', b'')",
        "getattr(aiokafka, 'AIOKafkaProducer')()",
    ],
)
def test_the_search_finds_a_producer(text: str) -> None:
    assert names_of_producers(ast.parse(text))


def names_of_producers(module: ast.Module) -> set[str]:
    """Names, attributes, imports, and strings that could be looked up."""
    found: set[str] = set()
    for node in ast.walk(module):
        match node:
            case ast.Name(id=name) | ast.Attribute(attr=name):
                found |= {name} & NAMES
            case ast.Constant(value=str(name)):
                found |= {name} & (NAMES - {"produce"})
            case ast.ImportFrom(module=origin, names=aliases):
                found |= {alias.name for alias in aliases} & NAMES
                found |= {str(origin)} if "producer" in str(origin).lower().split(".") else set()
            case ast.Import(names=aliases):
                found |= {a.name for a in aliases if "producer" in a.name.lower().split(".")}
            case _:
                pass
    return found
