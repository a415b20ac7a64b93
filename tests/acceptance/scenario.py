"""Reads a scenario file and fills in what it leaves out, before anything is permuted."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import yaml

Step = dict[str, Any]
Message = dict[str, Any]

FIRST_DAY = date(2026, 3, 1)
"""The day of a scenario that names none."""
AMOUNT = "100.00"
FIRST_NAMES = ("Alma", "Boris", "Celia", "Dario", "Edda", "Fjodor", "Greta", "Hugo", "Irma", "Jon")
LAST_NAMES = ("Abel", "Brandt", "Costa", "Duarte", "Ekman", "Falk", "Gomes", "Hansen", "Ito")
VERBS = ("receive", "staff", "guest", "property", "today", "now", "planner", "expect")
BESIDE = frozenset({"outcome", "error"})
"""What may stand in a step beside its verb."""


class ScenarioError(ValueError):
    """The file does not follow the format."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """One file; its messages lack nothing but the property's id."""

    name: str
    path: Path
    today: date
    property: dict[str, Any]
    steps: tuple[Step, ...]
    xfail: str | None = None
    order: str = ""
    """Which order of the permuted batches this is, for the failure message."""


def load(path: Path) -> Scenario:
    """The scenario in a YAML or JSON file.

    Raises:
        ScenarioError: it does not follow the format.
    """
    text = path.read_text(encoding="utf-8")
    try:
        raw = json.loads(text) if path.suffix == ".json" else yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ScenarioError(f"{path.name}: not YAML: {error}") from error
    if not isinstance(raw, dict) or not isinstance(raw.get("steps"), list):
        raise ScenarioError(f"{path.name}: a scenario is a mapping with a list of `steps`")
    today = as_date(raw.get("today") or FIRST_DAY)
    steps = tuple(_read_step(path, number, step) for number, step in enumerate(raw["steps"], 1))
    _fill([message for step in steps for message in messages(step)], today)
    return Scenario(
        name=str(raw.get("name", path.stem)),
        path=path,
        today=today,
        property=dict(raw.get("property") or {}),
        steps=steps,
        xfail=raw.get("xfail"),
    )


def verb(step: Step) -> str:
    """What the step does."""
    return next(word for word in VERBS if word in step)


def messages(step: Step) -> list[Message]:
    """The canonical messages of a `receive` step, files left out."""
    return [one for one in step.get("receive", {}).get("batch", ()) if "file" not in one]


def orders(scenario: Scenario) -> Iterator[Scenario]:
    """The scenario once for each distinct order of its permuted batches."""
    choices: list[list[tuple[list[Message], str]]] = []
    for step in scenario.steps:
        batch = step.get("receive", {}).get("batch", [])
        shuffled = step.get("receive", {}).get("permute", False)
        choices.append(list(_distinct_orders(batch)) if shuffled else [(batch, "")])
    for chosen in itertools.product(*choices):
        steps = tuple(
            {**step, "receive": {**step["receive"], "batch": batch}} if "receive" in step else step
            for step, (batch, _) in zip(scenario.steps, chosen, strict=True)
        )
        order = "; ".join(label for _, label in chosen if label)
        yield replace(scenario, steps=steps, order=order)


def as_date(value: object) -> date:
    """A date that YAML read as a date, a moment or a text."""
    if isinstance(value, datetime):
        return value.date()
    return value if isinstance(value, date) else date.fromisoformat(str(value))


def as_moment(value: object) -> datetime:
    """A property-local clock reading; a zone, should it bear one, is not looked at."""
    if not isinstance(value, datetime):
        value = datetime.fromisoformat(str(value))
    return value.replace(tzinfo=None)


def plain(value: object) -> Any:
    """The same as JSON would carry it: dates and moments as texts, keys as texts."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, date | time):
        return value.isoformat()
    return value


def _read_step(path: Path, number: int, raw: object) -> Step:
    if not isinstance(raw, dict):
        raise ScenarioError(f"{path.name}, step {number}: a step is a mapping")
    found = [key for key in raw if key not in BESIDE]
    if len(found) != 1 or found[0] not in VERBS:
        raise ScenarioError(f"{path.name}, step {number}: one of {', '.join(VERBS)}; not {found}")
    step = dict(raw)
    if "receive" in step:
        received = step["receive"]
        if isinstance(received, list):
            received = {"batch": received}
        elif "batch" not in received:
            received = {"batch": [received]}
        batch = [plain(message) for message in received["batch"]]
        step["receive"] = {"permute": received.get("permute", False), "batch": batch}
    return step


def _fill(found: list[Message], today: date) -> None:
    """In the order of the file, so that what is filled in depends on no permuting.

    A key that is there and null stays away from the message: that leaves a value unsaid.
    """
    bookers = _bookers(found)
    start = datetime.combine(today, time(0, 0), UTC)
    for number, message in enumerate(found, 1):
        message.setdefault("schema", "channel-sync/1")
        message.setdefault("message_id", f"message-{number}")
        message.setdefault("channel", "booking.com")
        message.setdefault("modified_at", (start + timedelta(minutes=number)).isoformat())
        message.setdefault("booker", bookers[message.get("reference")])
        for line in message.get("rooms") or ():
            line.setdefault("amount", AMOUNT)
        for key in ("message_id", "modified_at", "booker"):
            if message[key] is None:
                del message[key]


def _bookers(found: Iterable[Message]) -> dict[object, dict[str, str]]:
    """One person for each reference; a reference that replaces another keeps its person."""
    root: dict[object, object] = {}

    def root_of(reference: object) -> object:
        while root.setdefault(reference, reference) != reference:
            reference = root[reference]
        return reference

    for message in found:
        mine = root_of(message.get("reference"))
        for older in message.get("replaces") or ():
            root[root_of(older)] = mine
    people: dict[object, dict[str, str]] = {}
    for reference in list(root):
        people.setdefault(root_of(reference), _person(len(people)))
    return {reference: people[root_of(reference)] for reference in root}


def _person(number: int) -> dict[str, str]:
    first = FIRST_NAMES[number % len(FIRST_NAMES)]
    last = LAST_NAMES[(number + number // len(FIRST_NAMES)) % len(LAST_NAMES)]
    email = f"{first}.{last}.{number + 1}@guests.example".lower()
    return {"first_name": first, "last_name": last, "email": email}


def _distinct_orders(batch: list[Message]) -> Iterator[tuple[list[Message], str]]:
    """Each order once, though messages be equal but for the time filled in."""
    seen: set[tuple[str, ...]] = set()
    for order in itertools.permutations(batch):
        key = tuple(
            json.dumps({k: v for k, v in one.items() if k != "modified_at"}, sort_keys=True)
            if "message_id" in one
            else json.dumps(one, sort_keys=True)
            for one in order
        )
        if key not in seen:
            seen.add(key)
            label = ", ".join(str(one.get("message_id", one.get("file"))) for one in order)
            yield list(order), label
