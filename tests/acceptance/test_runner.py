"""The runner itself: what it fills in, what it takes for the same, and that it can fail."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from tests.acceptance.audit import audit
from tests.acceptance.compare import difference, entry_matches, pair, same
from tests.acceptance.conftest import Theatre
from tests.acceptance.runner import ScenarioFailedError, play
from tests.acceptance.scenario import ScenarioError, load, messages, orders
from tests.acceptance.stage import Stage, StepFailedError

TAMPER = "UPDATE channel_sync.stay SET adults = 9"
HOUSE = 'property: {categories: [{code: STD, name: S, capacity: 2, rooms: ["1", "2"]}]}'
LINE = '{line: "1", category: STD, arrival: 2026-04-01, departure: 2026-04-03, adults: 2}'


def written(folder: Path, *steps: str) -> Path:
    file = folder / "scenario.yaml"
    lines = ["name: a test", "today: 2026-03-01", HOUSE, "steps:", *(f"  - {s}" for s in steps)]
    file.write_text("\n".join(lines), encoding="utf-8")
    return file


@pytest.mark.parametrize(
    ("expected", "actual"),
    [
        ("any", 0),
        (None, None),
        ({"any_of": [None, "a"]}, None),
        ({"any_of": ["11", "12"]}, "12"),
        ("2026-04-01", date(2026, 4, 1)),
        (date(2026, 4, 1), "2026-04-01"),
        ("100.00", Decimal("100.0")),
        ("100.0", "100.00"),
        (101, "101"),
        (True, "true"),
        ([2, 5], [2, 5]),
        ({"name": "x"}, {"name": "x", "email": None}),
    ],
)
def test_values_that_say_the_same_are_the_same(expected: object, actual: object) -> None:
    assert same(expected, actual)


@pytest.mark.parametrize(
    ("expected", "actual"),
    [("any", None), (None, ""), ("101", "0101"), ([2], [2, 5]), ({"any_of": ["1"]}, "2")],
)
def test_values_that_differ_are_not(expected: object, actual: object) -> None:
    assert not same(expected, actual)


def test_proposals_are_an_ordered_prefix() -> None:
    row = {"proposals": [{"kind": "upgrade", "room": "21"}, {"kind": "downgrade", "room": "1"}]}
    assert entry_matches({"proposals": [{"kind": "upgrade"}]}, row)
    assert not entry_matches({"proposals": [{"kind": "downgrade"}]}, row)
    assert entry_matches({"first_proposal": {"room": "21"}}, row)
    assert entry_matches({"no_proposal_of_kind": "reshuffle"}, row)
    assert not entry_matches({"no_proposal_of_kind": "downgrade"}, row)


def test_each_entry_has_a_row_of_its_own() -> None:
    rows = [{"room": "1", "line": "1"}, {"room": "1", "line": "2"}]
    assert len(pair([{"room": "1"}, {"line": "1"}], rows)) == 2
    assert len(pair([{"line": "1"}, {"line": "1"}], rows)) == 1
    assert "expected !" in difference([{"line": "3"}], rows)


def test_what_is_left_out_is_filled_in_before_any_permuting(tmp_path: Path) -> None:
    one, two = (f"{{reference: A, status: new, rooms: [{LINE}]}}", "{reference: A, status: new}")
    scenario = load(written(tmp_path, f"receive: {{permute: true, batch: [{one}, {two}]}}"))
    found = [messages(ordered.steps[0]) for ordered in orders(scenario)]
    assert len(found) == 2
    assert found[0] == found[1][::-1]
    first, second = found[0]
    assert first["modified_at"] < second["modified_at"]
    assert first["booker"] == second["booker"]
    assert first["message_id"] != second["message_id"]
    assert first["rooms"][0]["amount"] == "100.00"
    assert first["rooms"][0]["arrival"] == "2026-04-01"


def test_an_order_that_differs_in_nothing_is_played_once(tmp_path: Path) -> None:
    twice = "{message_id: m, reference: A, status: new, revision: 1}"
    scenario = load(written(tmp_path, f"receive: {{permute: true, batch: [{twice}, {twice}]}}"))
    assert len(list(orders(scenario))) == 1


@pytest.mark.parametrize("step", ["nonsense: 1", "{staff: {}, guest: {}}", "just a text"])
def test_a_step_that_is_none_is_refused(tmp_path: Path, step: str) -> None:
    with pytest.raises(ScenarioError, match="step 1"):
        load(written(tmp_path, step))


@pytest.mark.parametrize(
    ("steps", "words"),
    [
        ([f"{{receive: {{reference: A, status: new, rooms: [{LINE}]}}, outcome: stale}}"], "stale"),
        (["expect: {stays: [{reference: A}]}"], "expected !"),
        (["expect: {nonsense: 1}"], "nonsense"),
        (["staff: {fly: {reference: A}}"], "fly"),
        (['staff: {move: {reference: A, line: "1", room: "1"}}'], "refused"),
        (["guest: {split: {reference: A, colour: red}}"], "no argument"),
        (
            [
                f"receive: {{reference: A, status: new, rooms: [{LINE}]}}",
                "{staff: {pin: {reference: A}}, error: true}",
            ],
            "it was done",
        ),
        (["property: {timezone: Europe/Atlantis}"], "no time zone"),
        (["{property: {name: Better}, error: true}"], "it was done"),
        (
            [
                f"receive: {{reference: A, status: new, rooms: [{LINE}]}}",
                "expect: {no_history_since: true}",
            ],
            "history was written",
        ),
    ],
)
async def test_a_scenario_that_is_not_so_fails_and_says_why(
    theatre: Theatre, tmp_path: Path, steps: list[str], words: str
) -> None:
    with pytest.raises(ScenarioFailedError, match=words) as failure:
        await play(load(written(tmp_path, *steps)), theatre.worker, theatre.owner_url)
    assert f"step {len(steps)}" in str(failure.value)


async def test_the_audit_finds_a_row_that_no_event_tells_of(
    theatre: Theatre, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def tampered(stage: Stage) -> None:
        await stage.worker.execute(TAMPER)  # the worker's role: no trigger writes it down
        await audit(stage)

    monkeypatch.setattr("tests.acceptance.runner.audit", tampered)
    scenario = load(written(tmp_path, f"receive: {{reference: A, status: new, rooms: [{LINE}]}}"))
    with pytest.raises(StepFailedError, match="adults is 9, the history says 2"):
        await play(scenario, theatre.worker, theatre.owner_url)
