"""The steps that do something: messages received, edits of staff, repairs of guests."""

from __future__ import annotations

import json
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

from tests.acceptance import functions
from tests.acceptance.compare import same
from tests.acceptance.functions import NoSuchFunctionError, RefusedError
from tests.acceptance.loading import load
from tests.acceptance.scenario import Message, Step, as_date, as_moment, plain
from tests.acceptance.stage import Stage, StepFailedError

ACTOR = "reception"
STAFF_FUNCTIONS = {
    "move": "move_stay",
    "pin": "pin_stay",
    "unpin": "unpin_stay",
    "edit": "edit_stay",
    "note": "note_stay",
    "check_in": "check_in",
    "check_out": "check_out",
    "no_show": "mark_no_show",
    "cancel": "cancel_stay",
    "reinstate": "reinstate_stay",
    "policy": "set_policy",
    "invoice_contact": "set_invoice_contact",
    "book": "book_stay",
    "amend": "amend_stay",
    "add_room": "add_room",
    "split": "split_stay",
    "block": "block_room",
    "unblock": "unblock_room",
    "accept": "accept_task",
    "dismiss": "dismiss_task",
}
GUEST_VERBS = frozenset(
    {"edit", "split", "set_main", "merge", "unmerge", "restore", "block", "erase"}
)
GUEST_NAMES = {"to": "to_guest", "into": "into_guest"}
"""How the functions name the other guest."""
TASK_VERBS = frozenset({"accept", "dismiss", "assign"})
OPEN_TASK = """
SELECT task_id FROM channel_sync.v_task
 WHERE property_id = $1 AND reference = $2 AND reason = $3 AND state = 'open'
   AND ($4::text IS NULL OR line = $4)
 ORDER BY line LIMIT 1
"""
PROPERTY_KEYS = frozenset({"id", "property"})


async def receive(stage: Stage, step: Step, folder: Path) -> None:
    """One slice of messages through the real pipeline; looks at the outcome if one is given."""
    from channel_sync.pipeline import apply_slice

    records = tuple(_record(stage, message, folder) for message in step["receive"]["batch"])
    result = await apply_slice(stage.worker, records, today_of=stage.calendar)
    if "outcome" not in step:
        return
    last = result.applied[-1] if result.applied else None
    outcome = str(last.outcome) if last else None
    if not same(step["outcome"], outcome):
        why = f" ({last.outcome_reason})" if last and last.outcome_reason else ""
        raise StepFailedError(f"outcome: expected {step['outcome']}, actual {outcome}{why}")


async def staff(stage: Stage, step: Step) -> None:
    """One edit of staff; `error: true` beside it expects a refusal."""
    verb, given = _single(step, "staff")
    given.setdefault("actor", ACTOR)
    await _expecting(step, _do_staff(stage, verb, given))


async def guest(stage: Stage, step: Step) -> None:
    """One repair of a guest; `error: true` beside it expects a refusal."""
    verb, given = _single(step, "guest")
    if verb not in GUEST_VERBS:
        raise StepFailedError(f"`guest` knows no {verb!r}")
    given.setdefault("actor", ACTOR)
    given = {GUEST_NAMES.get(key, key): value for key, value in given.items()}
    names = (f"{verb}_guest", f"{verb}_guests", f"guest_{verb}")
    call = functions.call(stage, names, {"property_id": stage.property_id, **given})
    await _expecting(step, call)


async def load_property(stage: Stage, described: dict[str, Any], step: Step | None = None) -> None:
    """Loads the property as `property load` does, under this scenario's id; `error: true` beside
    it expects a refusal.
    """
    given = {key: value for key, value in described.items() if key not in PROPERTY_KEYS}
    await _expecting(step or {}, _load(stage, plain(given)))


async def _load(stage: Stage, given: dict[str, Any]) -> None:
    from channel_sync.errors import ConfigurationError, Refused

    before = dict(stage.policy)
    stage.policy.update(given.get("policy") or {})  # first: it says when the day starts
    try:
        await load(stage.owner_url, {"property": stage.property_id, **given}, stage.today)
    except (ConfigurationError, Refused) as error:
        stage.policy.clear()
        stage.policy.update(before)
        raise RefusedError(str(error)) from error


def set_day(stage: Stage, step: Step) -> None:
    """The property-local day, or clock reading, of the steps that follow."""
    if "today" in step:
        stage.calendar.today, stage.calendar.now = as_date(step["today"]), None
    else:
        stage.calendar.now = as_moment(step["now"])


def set_planner(stage: Stage, step: Step) -> None:
    """Holds or frees the planner; YAML reads a bare `off` as false."""
    stage.planner_is_on = step["planner"] in {True, "on"}


async def _do_staff(stage: Stage, verb: str, given: dict[str, Any]) -> None:
    given["property_id"] = stage.property_id
    if verb in TASK_VERBS:
        task = {key: given.pop(key, None) for key in ("reference", "reason", "line")}
        given["task_id"] = await _task_id(stage, task)
    if verb == "assign":
        await _assign(stage, given)
        return
    if verb not in STAFF_FUNCTIONS:
        raise StepFailedError(f"`staff` knows no {verb!r}")
    await functions.call(stage, (STAFF_FUNCTIONS[verb],), given)


async def _task_id(stage: Stage, task: dict[str, Any]) -> int:
    line = None if task["line"] is None else str(task["line"])
    rows = await stage.rows(
        OPEN_TASK, stage.property_id, str(task["reference"]), str(task["reason"]), line
    )
    if not rows:
        raise RefusedError(f"{task['reference']} has no open task {task['reason']}")
    return int(rows[0]["task_id"])


async def _assign(stage: Stage, given: dict[str, Any]) -> None:
    from channel_sync.assign import assign
    from channel_sync.errors import Refused

    room = given.get("room")
    try:
        await assign(
            stage.worker,
            property_id=stage.property_id,
            task_id=given["task_id"],
            proposal=given.get("proposal"),
            room=None if room is None else str(room),
            actor=given["actor"],
            today_of=stage.calendar,
        )
    except Refused as error:
        raise RefusedError(str(error)) from error


async def _expecting(step: Step, doing: Any) -> None:
    try:
        await doing
    except RefusedError as error:
        if not step.get("error"):
            raise StepFailedError(f"refused: {error}") from error
        return
    except NoSuchFunctionError as error:
        raise StepFailedError(str(error)) from error
    if step.get("error"):
        raise StepFailedError("a refusal was expected, and it was done")


def _single(step: Step, kind: str) -> tuple[str, dict[str, Any]]:
    """The verb of a `staff` or `guest` step, and what is given to it."""
    asked = step[kind]
    if not isinstance(asked, dict) or len(asked) != 1:
        raise StepFailedError(f"`{kind}` takes one command, not {asked}")
    verb, given = next(iter(asked.items()))
    return str(verb), dict(given or {})


def _record(stage: Stage, message: Message, folder: Path) -> Any:
    from channel_sync.records import Record

    headers = {"property": stage.property_id}
    if "file" in message:
        body = _for_this_run(stage, (folder / message["file"]).read_bytes())
        if "format" in message:
            headers["format"] = message["format"]
    else:
        body = json.dumps(_addressed(stage, message)).encode()
        headers["format"] = "canonical"
        headers["property"] = _addressed(stage, message)["property"]
    offset = stage.next_offset
    stage.next_offset += 1
    noon = datetime.combine(stage.today, time(12, 0), UTC)
    return Record(
        topic=stage.topic,
        partition=0,
        offset=offset,
        recorded_at=noon + timedelta(seconds=offset),
        body=body,
        key=headers["property"].encode(),
        headers=headers,
    )


def _for_this_run(stage: Stage, body: bytes) -> bytes:
    """A file whose JSON names the scenario's property, or any where the scenario gives its own no
    name, is for this run's property.
    """
    try:
        read = json.loads(body)
    except ValueError:
        return body
    messages = read if isinstance(read, list) else [read]
    ours = [
        message
        for message in messages
        if isinstance(message, dict)
        and "property" in message
        and stage.own_name in {None, message["property"]}
    ]
    for message in ours:
        message["property"] = stage.property_id
    return json.dumps(read).encode() if ours else body


def _addressed(stage: Stage, message: Message) -> Message:
    """With the id of this run's property, unless it is for another property on purpose."""
    meant = message.get("property")
    ours = meant is None or meant == stage.own_name
    return {**message, "property": stage.property_id if ours else meant}
