"""Plays one scenario, step by step, on a fresh property."""

from __future__ import annotations

import itertools
from typing import Any

import asyncpg

from tests.acceptance import steps
from tests.acceptance.audit import audit
from tests.acceptance.expect import check
from tests.acceptance.scenario import Scenario, Step, orders, plain, verb
from tests.acceptance.stage import Calendar, Stage, StepFailedError, connect_pms

PLANNER_ROUNDS = 50
"""More looks at one property after one step mean that the planner never comes to rest."""
_number = itertools.count(1)

EMPTY = """
SET session_replication_role = replica;
DELETE FROM channel_sync.room_night;
DELETE FROM channel_sync.block;
DELETE FROM channel_sync.task;
DELETE FROM channel_sync.stay;
DELETE FROM channel_sync.reservation;
DELETE FROM channel_sync.guest_history;
DELETE FROM channel_sync.guest;
DELETE FROM channel_sync.property;
"""
"""Nothing is left that the planner might look at. What bears the old properties' ids may stay;
with no trigger fired and no key looked at, this is a hundred times faster than TRUNCATE."""


class ScenarioFailedError(AssertionError):
    """Where and how a scenario failed, for people."""


async def play(scenario: Scenario, worker: asyncpg.Pool, owner_url: str) -> None:
    """The scenario in every order of its permuted batches.

    Raises:
        ScenarioFailedError: a step failed.
    """
    for ordered in orders(scenario):
        await _play_order(ordered, worker, owner_url)


async def _play_order(scenario: Scenario, worker: asyncpg.Pool, owner_url: str) -> None:
    await _empty(owner_url)
    given = scenario.property
    pms = await connect_pms(owner_url)
    stage = Stage(
        worker=worker,
        pms=pms,
        owner_url=owner_url,
        property_id=f"house-{next(_number)}",
        own_name=given.get("property", given.get("id")),
        calendar=Calendar(scenario.today),
    )
    try:
        await stage.tell_today()
        await _step(scenario, stage, 0, {"property": {**DEFAULTS, **plain(given)}})
        for number, step in enumerate(scenario.steps, 1):
            await _step(scenario, stage, number, step)
        await audit(stage)
    finally:
        await pms.close()


DEFAULTS: dict[str, Any] = {"name": "Acceptance", "timezone": "UTC", "currency": "EUR"}
"""What a scenario's property may leave out."""


async def _step(scenario: Scenario, stage: Stage, number: int, step: Step) -> None:
    try:
        await _do(scenario, stage, step)
    except StepFailedError as failure:
        where = f"{scenario.path.name}: {scenario.name}"
        order = f"\norder of messages: {scenario.order}" if scenario.order else ""
        raise ScenarioFailedError(
            f"{where}\nstep {number} ({_title(step)}){order}\n\n{failure}"
        ) from None


async def _do(scenario: Scenario, stage: Stage, step: Step) -> None:
    kind = verb(step)
    if kind == "expect":
        await check(stage, step["expect"])
        return
    stage.version_before = await stage.version()
    if kind == "receive":
        await steps.receive(stage, step, scenario.path.parent)
    elif kind == "staff":
        await steps.staff(stage, step)
    elif kind == "guest":
        await steps.guest(stage, step)
    elif kind == "property":
        await steps.load_property(stage, step["property"], step)
    elif kind == "planner":
        steps.set_planner(stage, step)
    else:
        steps.set_day(stage, step)
        await stage.tell_today()
    if stage.planner_is_on:
        await _let_plan(stage)


async def _let_plan(stage: Stage) -> None:
    from channel_sync.planner import plan_next

    for _ in range(PLANNER_ROUNDS):
        if await plan_next(stage.worker, today_of=stage.calendar) is None:
            return
    raise StepFailedError(f"the planner does not come to rest in {PLANNER_ROUNDS} rounds")


async def _empty(owner_url: str) -> None:
    connection = await asyncpg.connect(owner_url)
    try:
        await connection.execute(EMPTY)
    finally:
        await connection.close()


def _title(step: Step) -> str:
    kind = verb(step)
    if kind in {"staff", "guest"} and isinstance(step[kind], dict):
        return f"{kind} {next(iter(step[kind]), '')}"
    if kind == "receive":
        named = [
            f"{one.get('status', 'file')} {one.get('reference', one.get('file'))}"
            for one in step["receive"]["batch"]
        ]
        return f"receive {', '.join(named)}"
    return kind
