from __future__ import annotations

from pathlib import Path

import pytest

from tests.chaos.soak import Plan, soak
from tests.integration.checker import told
from tests.parts.jars import jars_or_skip
from tests.parts.kafka import KafkaPart


@pytest.mark.real_kafka
async def test_whatever_dies_nothing_that_staff_did_meanwhile_is_undone_or_told_otherwise(
    kafka: KafkaPart, tmp_path: Path
) -> None:
    """The harness with people at the desks: they lose the database like everybody."""
    jars_or_skip("an Apache Kafka to kill")
    plan = Plan(seconds=40, hotels=3, rate=8, auto_resolve="on", people=3)
    verdict = await soak(plan, tmp_path)
    print(verdict.markdown())  # noqa: T201 - the figures of the proof
    assert verdict.holds, told(verdict.faults)
    assert verdict.compared["acts of staff that were done"] > 100
    assert verdict.compared["bookings compared with the rebuild's"] > 50
