"""Every command, run for real against a database of its own."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import yaml
from typer.testing import CliRunner, Result

from channel_sync.cli import app
from tests.parts.kafka import KafkaPart
from tests.parts.postgres import PostgresPart

TODAY = "2026-05-04"
HOUSE = {
    "property": "lindenhof",
    "name": "Lindenhof",
    "timezone": "Europe/Vienna",
    "currency": "EUR",
    "categories": [
        {
            "code": "STD",
            "name": "Standard",
            "capacity": 2,
            "rooms": ["11", {"code": "12", "capacity": 3}],
        },
        {"code": "DLX", "name": "Deluxe", "capacity": 3, "rooms": ["21", "22"]},
        {"code": "PIT", "name": "Pitch", "capacity": 6, "units": 4},
    ],
    "blocks": [{"room": "22", "from": "2026-06-01", "to": "2026-06-10", "reason": "paint"}],
    "channels": {"booking.com": {"aliases": ["BDC"], "categories": {"S-1": "STD"}}},
    "policy": {"reshuffle": "off", "day_starts": "05:00"},
    "own_email_addresses": ["desk@lindenhof.example"],
}

Cli = Callable[..., Coroutine[Any, Any, Result]]


def message(reference: str, **said: Any) -> dict[str, Any]:
    """A canonical message; room lines may leave out what does not matter here."""
    line = {"line": "1", "category": "STD", "arrival": "2026-06-01", "departure": "2026-06-04"}
    return {
        "schema": "channel-sync/1",
        "message_id": f"{reference}-{said.get('revision', 1)}",
        "property": "lindenhof",
        "channel": "booking.com",
        "reference": reference,
        "status": "new",
        "revision": 1,
        "rooms": [{**line, "adults": 2, "amount": "300.00", **said.pop("line", {})}],
        "booker": {
            "first_name": "Ada",
            "last_name": reference,
            "email": f"{reference}@example.org",
        },
        **said,
    }


@pytest.fixture
async def cli(database: str) -> Cli:
    """The command line, with this test's database in its settings."""
    environment = {
        "CHANNEL_SYNC_DATABASE_URL": database,
        "CHANNEL_SYNC_KAFKA_BOOTSTRAP": None,
        "CHANNEL_SYNC_TOPICS": None,
    }

    async def invoke(*arguments: object, **env: str | None) -> Result:
        # In a thread: a command has an event loop of its own.
        return await asyncio.to_thread(
            CliRunner().invoke, app, [str(a) for a in arguments], env={**environment, **env}
        )

    return invoke


@pytest.fixture
async def house(cli: Cli, tmp_path: Path) -> Cli:
    """The same with a hotel in which three want two rooms: A and B have one, C waits."""
    await load(cli, tmp_path, HOUSE)
    await replay(cli, tmp_path, [message(reference) for reference in "ABC"])
    return cli


async def load(cli: Cli, folder: Path, described: dict[str, Any]) -> Result:
    file = folder / "house.yaml"
    file.write_text(yaml.safe_dump(described), encoding="utf-8")
    return done(await cli("property", "load", file, "--today", TODAY))


async def replay(cli: Cli, folder: Path, body: object, *options: str) -> Result:
    file = folder / "messages.json"
    file.write_text(body if isinstance(body, str) else json.dumps(body), encoding="utf-8")
    return done(await cli("replay", file, "--today", TODAY, *options))


def done(result: Result) -> Result:
    assert result.exit_code == 0, (result.stdout, result.stderr, result.exception)
    return result


def refused(result: Result, code: int = 1) -> str:
    """The one line on the error output of a command that could not do it."""
    assert result.exit_code == code, (result.stdout, result.stderr, result.exception)
    lines = result.stderr.splitlines()
    assert len(lines) == 1, result.stderr
    assert lines[0].startswith("channel-sync: ")
    assert "Traceback" not in result.output
    return lines[0]


async def rows(cli: Cli, *arguments: object) -> list[dict[str, Any]]:
    result = done(await cli(*arguments, "--json"))
    return [json.loads(line) for line in result.stdout.splitlines()]


async def stay(cli: Cli, reference: str) -> dict[str, Any]:
    (row,) = await rows(cli, "stays", "--reference", reference)
    return row


async def task(cli: Cli) -> int:
    (row,) = await rows(cli, "tasks", "--open")
    return int(row["task_id"])


# --- listings ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "view"),
    [
        ("stays", "v_stay"),
        ("history", "v_history"),
        ("tasks", "v_task"),
        ("guests", "v_guest"),
        ("messages", "v_message"),
        ("availability", "v_availability"),
    ],
)
async def test_a_listing_bears_the_columns_of_its_view(
    house: Cli, database: str, command: str, view: str
) -> None:
    connection = await asyncpg.connect(database)
    columns = await connection.fetch(
        "SELECT column_name FROM information_schema.columns"
        " WHERE table_schema = 'channel_sync' AND table_name = $1 ORDER BY ordinal_position",
        view,
    )
    await connection.close()
    found = await rows(
        house, command, *(["--from", "2026-06-01"] if view == "v_availability" else [])
    )
    assert found
    assert all(list(row) == [column[0] for column in columns] for row in found)


async def test_a_listing_for_people_is_a_table(house: Cli) -> None:
    text = done(await house("stays")).stdout
    assert "booking" in text.splitlines()[0]
    assert "A/1" in text
    assert "2026-06-01" in text
    assert "proposals" in done(await house("tasks")).stdout
    assert done(await house("history", "--reference", "nobody")).stdout == "no history\n"
    assert "1: upgrade to 21" in done(await house("tasks", "--open")).stdout
    assert "room: 11" in done(await house("history", "--reference", "A")).stdout


async def test_filters_choose_stays(house: Cli) -> None:
    async def references(*options: str) -> list[str]:
        return [row["reference"] for row in await rows(house, "stays", *options)]

    assert await references() == ["A", "B", "C"]
    assert await references("--search", "ada b") == ["B"]
    assert await references("--from", "2026-06-04") == []
    assert await references("--to", "2026-06-02") == ["A", "B", "C"]
    assert await references("--property", "lindenhof") == ["A", "B", "C"]
    done(await house("staff", "cancel", "C", "--today", TODAY))
    assert await references("--open") == ["A", "B"]


@pytest.mark.parametrize("role", ["channel_sync_worker", "channel_sync_pms"])
@pytest.mark.parametrize("listing", ["stays", "history", "tasks", "guests", "availability"])
async def test_a_listing_says_that_there_is_no_such_property(
    cli: Cli, listing: str, role: str
) -> None:
    """A misspelt name would pass for a hotel where nobody waits."""
    asked = await cli(listing, "--property", "nowhere", CHANNEL_SYNC_DATABASE_ROLE=role)
    assert refused(asked) == "channel-sync: there is no property nowhere"


async def test_messages_of_a_property_not_loaded_yet_are_listed(cli: Cli, tmp_path: Path) -> None:
    await replay(cli, tmp_path, message("A"))
    (parked,) = await rows(cli, "messages", "--property", "lindenhof")
    assert parked["outcome_reason"] == "unknown_property"


async def test_filters_choose_history_tasks_and_messages(house: Cli) -> None:
    assert {row["reference"] for row in await rows(house, "history", "--reference", "B")} == {"B"}
    assert await rows(house, "history", "--search", "no such text") == []
    assert await rows(house, "tasks", "--open", "--from", "2026-06-02") == []
    assert len(await rows(house, "messages", "--reference", "A")) == 1
    assert await rows(house, "messages", "--open") == []


async def test_availability_is_listed_by_night(house: Cli) -> None:
    found = await rows(
        house, "availability", "--from", "2026-06-01", "--to", "2026-06-02", "--search", "std"
    )
    assert [(row["night"], row["rooms"], row["free"]) for row in found] == [("2026-06-01", 2, -1)]
    fortnight = await rows(house, "availability", "--today", TODAY)
    assert {row["night"] for row in fortnight} >= {TODAY, "2026-05-17"}


# --- property ------------------------------------------------------------------------------


async def test_a_property_is_shown_as_it_was_loaded(cli: Cli, tmp_path: Path) -> None:
    await load(cli, tmp_path, HOUSE)
    shown = done(await cli("property", "show", "--property", "lindenhof")).stdout
    again = yaml.safe_load(shown)
    again["blocks"] = [{**b, "from": str(b["from"]), "to": str(b["to"])} for b in again["blocks"]]
    assert again == HOUSE
    (tmp_path / "again.yaml").write_text(shown, encoding="utf-8")
    done(await cli("property", "load", tmp_path / "again.yaml"))
    assert done(await cli("property", "show")).stdout == shown


async def test_a_room_added_serves_who_waits(house: Cli, tmp_path: Path) -> None:
    standard = {**HOUSE["categories"][0], "rooms": ["11", "12", "13"]}  # type: ignore[index]
    more = {"property": "lindenhof", "categories": [standard, *HOUSE["categories"][1:]]}  # type: ignore[index]
    await load(house, tmp_path, more)
    assert (await stay(house, "C"))["room"] == "13"


async def test_a_property_file_with_a_fault_is_wrong_use(cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "house.yaml"
    file.write_text("property: x\ncategorys: []\n", encoding="utf-8")
    assert "categorys" in refused(await cli("property", "load", file), 2)
    assert "no property x" in refused(await cli("property", "show", "--property", "x"))
    refused(await cli("property", "show"))


async def test_a_code_that_leads_to_no_category_is_warned_of(cli: Cli, tmp_path: Path) -> None:
    typo = {"booking.com": {"categories": {"S-1": "STDD", "S-2": "STD"}}}
    result = await load(cli, tmp_path, {**HOUSE, "channels": typo})
    warning = "booking.com: S-1 leads to STDD, which is no category here"
    assert result.stderr == f"channel-sync: warning: {warning}\n"


# --- replay and explain --------------------------------------------------------------------


@pytest.mark.parametrize("shape", ["one", "array", "lines"])
async def test_replay_reads_one_message_arrays_and_lines(
    cli: Cli, tmp_path: Path, shape: str
) -> None:
    await load(cli, tmp_path, HOUSE)
    messages = [message("A"), message("B")]
    bodies = {
        "one": json.dumps(messages[0], indent=2),
        "array": json.dumps(messages, indent=1),
        "lines": "\n".join(map(json.dumps, messages)) + "\n",
    }
    result = await replay(cli, tmp_path, bodies[shape])
    lines = result.stdout.splitlines()
    assert len(lines) == (1 if shape == "one" else 2)
    assert lines[0].startswith("created    booking.com A ")
    assert "2026-06-01 → 2026-06-04, STD, room 1" in lines[0]


async def test_replay_says_each_outcome_once(house: Cli, tmp_path: Path) -> None:
    result = await replay(
        house,
        tmp_path,
        [message("A"), message("B", status="cancelled", revision=2), message("D", rooms=None)],
        "--json",
    )
    found = [json.loads(line) for line in result.stdout.splitlines()]
    assert [(row["reference"], row["outcome"]) for row in found] == [
        ("A", "duplicate"),
        ("B", "cancelled"),
        ("D", "parked"),
    ]
    assert (await stay(house, "C"))["room"] is not None, "the room that B left"


async def test_a_broken_line_costs_only_itself(cli: Cli, tmp_path: Path) -> None:
    await load(cli, tmp_path, HOUSE)
    body = f"{json.dumps(message('A'))}\n{{broken\n{json.dumps(message('B'))}\n"
    lines = (await replay(cli, tmp_path, body)).stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["created", "parked", "created"]


async def test_explain_says_and_writes_nothing(house: Cli, tmp_path: Path) -> None:
    before = await rows(house, "history")
    file = tmp_path / "message.json"
    changed = message("A", revision=2, status="modified", line={"departure": "2026-06-05"})
    file.write_text(json.dumps(changed), encoding="utf-8")
    text = done(await house("explain", file, "--today", TODAY)).stdout
    assert text.startswith("booking.com A: modified")
    for word in ("read", "order", "changes", "by rule", "departure 2026-06-04 → 2026-06-05"):
        assert word in text
    (row,) = await rows(house, "explain", file, "--today", TODAY)
    assert row["outcome"] == "modified"
    assert row["order_basis"] == "revision"
    assert await rows(house, "history") == before


async def test_explain_says_from_where_a_providers_message_was_read(house: Cli) -> None:
    file = Path(__file__).parents[1] / "wire" / "fixtures" / "channex" / "new.json"
    told = ("explain", file, "--property", "lindenhof", "--today", TODAY)
    text = " ".join(done(await house(*told)).stdout.split())
    assert text.startswith("booking.com 3908412277: created")
    assert "rooms.arrival ← data.attributes.rooms[].checkin_date" in text
    assert 'left in extra data.attributes.acknowledge_status = "pending"' in text
    (row,) = await rows(house, *told)
    assert (row["format"], row["property_id"]) == ("channex", "lindenhof")
    assert row["sources"]["rooms.category"] == ["data.attributes.rooms[].room_type_id"]
    assert row["extra"]["data"]["attributes"]["guarantee"]["cvv"] == "[removed]"


async def test_explain_warns_by_the_operators_schemas_and_decides_the_same(
    house: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = Path(__file__).parents[1] / "wire" / "fixtures" / "opentravel" / "siteminder_new.xml"
    told = ("explain", file, "--property", "lindenhof", "--today", TODAY)
    (without,) = await rows(house, *told)
    schema = tmp_path / "ota.xsd"
    schema.write_text(  # of which every message is a breach
        '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"'
        ' targetNamespace="http://www.opentravel.org/OTA/2003/05">'
        '<xs:element name="OTA_ResRetrieveRS" type="xs:string"/></xs:schema>'
    )
    monkeypatch.setenv("CHANNEL_SYNC_XSD_DIR", str(tmp_path))
    (row,) = await rows(house, *told)
    assert any(warning.startswith("not valid by ota.xsd: ") for warning in row["warnings"])
    other = {key for key in row if row[key] != without[key]}
    assert other <= {"warnings", "offset"}, "a file's offset is the time of reading"
    assert "not valid by ota.xsd" in done(await house(*told)).stdout
    schema.write_text("<")
    failed = await house(*told)
    assert failed.exit_code == 2
    assert "CHANNEL_SYNC_XSD_DIR: ota.xsd: " in failed.stderr


async def test_explain_names_the_rule_that_keeps_a_room_given_by_hand(
    house: Cli, tmp_path: Path
) -> None:
    done(await house("staff", "move", "A", "--room", "21", "--actor", "anna", "--today", TODAY))
    file = tmp_path / "message.json"
    changed = message("A", revision=2, status="modified", line={"departure": "2026-06-05"})
    file.write_text(json.dumps(changed), encoding="utf-8")
    text = " ".join(done(await house("explain", file, "--today", TODAY)).stdout.split())
    assert "4: dates or occupancy / manual X, X has a room" in text
    assert "21 keeps the manual category DLX" in text


# --- staff ---------------------------------------------------------------------------------


async def test_staff_move_pin_and_unpin(house: Cli) -> None:
    done(
        await house(
            *("staff", "move", "A", "--room", "21", "--actor", "anna", "--reason", "upgrade"),
            *("--today", TODAY),
        )
    )
    found = await rows(house, "history", "--reference", "A", "--search", "upgrade")
    (row,) = [one for one in found if one["field"] == "room"]
    assert (row["new"], row["actor_type"], row["actor"], row["reason"]) == (
        "21",
        "staff",
        "anna",
        "upgrade",
    )
    done(await house("staff", "pin", "A", "--today", TODAY))
    assert (await stay(house, "A"))["pinned_room"] == "21"
    assert "pinned" in refused(await house("staff", "move", "A", "--room", "11", "--today", TODAY))
    done(await house("staff", "unpin", "A", "--today", TODAY))
    assert (await stay(house, "A"))["pinned"] is False


async def test_staff_move_from_a_date_on(house: Cli) -> None:
    done(
        await house(
            *("staff", "move", "A", "--room", "21", "--from", "2026-06-03", "--today", TODAY)
        )
    )
    assert [each["room"] for each in (await stay(house, "A"))["rooms"]][-1] == "21"
    assert len((await stay(house, "A"))["rooms"]) == 2


async def test_staff_edit_note_policy_and_invoice_contact(house: Cli) -> None:
    done(await house("staff", "edit", "A", "--set", "amount=90.00", "--set", "children=[2]"))
    done(await house("staff", "note", "A", "--text", "Vegan"))
    done(await house("staff", "policy", "A", "--policy", "freeze_room"))
    done(
        await house("staff", "invoice-contact", "A", "--name", "Lind AB", "--email", "a@b.example")
    )
    found = await stay(house, "A")
    assert found["amount"] == "90.00"
    assert found["children"] == [2]
    assert found["staff_note"] == "Vegan"
    assert found["ota_room_policy"] == "freeze_room"
    assert found["invoice_contact"] == {"name": "Lind AB", "email": "a@b.example"}
    done(await house("staff", "policy", "A", "--policy", "property"))
    assert (await stay(house, "A"))["ota_room_policy"] is None


async def test_staff_follow_a_guest_through_the_house(house: Cli) -> None:
    arrival = ("--today", "2026-06-01")
    done(await house("staff", "check-in", "A", *arrival))
    assert (await stay(house, "A"))["status"] == "checked_in"
    done(await house("staff", "check-out", "A", "--today", "2026-06-03"))
    assert (await stay(house, "A"))["status"] == "checked_out"
    done(await house("staff", "no-show", "B", *arrival))
    assert (await stay(house, "B"))["status"] == "no_show"
    done(await house("staff", "cancel", "C", *arrival))
    assert (await stay(house, "C"))["status"] == "cancelled"
    done(await house("staff", "reinstate", "C", *arrival))
    assert (await stay(house, "C"))["status"] == "confirmed"


async def test_staff_assign_settles_a_task(house: Cli) -> None:
    number = await task(house)
    assert "99" in refused(await house("staff", "assign", number, "--room", "99", "--today", TODAY))
    done(await house("staff", "assign", number, "--proposal", 1, "--today", TODAY))
    assert (await stay(house, "C"))["room"] == "21"
    assert await rows(house, "tasks", "--open") == []
    refused(await house("staff", "assign", number, "--proposal", 1))


async def test_staff_accept_and_dismiss(house: Cli, tmp_path: Path) -> None:
    number = await task(house)
    refused(await house("staff", "dismiss", number))
    done(await house("staff", "cancel", "C", "--today", TODAY))
    file = tmp_path / "later.json"
    longer = message("A", revision=2, status="modified", line={"departure": "2026-06-06"})
    file.write_text(json.dumps(longer), encoding="utf-8")
    done(await house("replay", file, "--today", "2026-06-02"))
    done(await house("staff", "accept", await task(house), "--today", "2026-06-02"))
    assert (await stay(house, "A"))["departure"] == "2026-06-06"
    gone = message("A", revision=3, status="cancelled")
    file.write_text(json.dumps(gone), encoding="utf-8")
    done(await house("replay", file, "--today", "2026-06-02"))
    done(await house("staff", "dismiss", await task(house)))
    assert await rows(house, "tasks", "--open") == []


async def test_staff_are_told_what_is_not_there(house: Cli) -> None:
    unknown = "channel-sync: no property knows the reference NOBODY"
    assert refused(await house("staff", "pin", "NOBODY")) == unknown
    refused(await house("staff", "pin", "A", "--line", "7"))
    refused(await house("staff", "accept", 4711))


async def test_staff_name_the_property_where_two_know_a_reference(
    house: Cli, tmp_path: Path
) -> None:
    await load(house, tmp_path, {**HOUSE, "property": "other"})
    await replay(house, tmp_path, message("A", property="other"))
    assert "--property" in refused(await house("staff", "pin", "A", "--today", TODAY))
    done(await house("staff", "pin", "A", "--property", "other", "--today", TODAY))
    (pinned,) = [row for row in await rows(house, "stays") if row["pinned"]]
    assert pinned["property_id"] == "other"


# --- parked --------------------------------------------------------------------------------


async def test_what_the_operators_limit_parked_is_retried_under_the_limit_of_now(
    house: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Replay, explain and retry read a message as the worker does."""
    long = message("LONG", line={"departure": "2027-06-05"})
    file = tmp_path / "long.json"
    file.write_text(json.dumps(long), encoding="utf-8")
    monkeypatch.setenv("CHANNEL_SYNC_MAX_STAY_NIGHTS", "300")
    await replay(house, tmp_path, [long])
    (row,) = await rows(house, "parked", "list")
    assert row["reason"] == "stay_too_long"
    number = row["parked_id"]
    assert "at most 300 nights" in done(await house("explain", file, "--today", TODAY)).stdout
    assert "stay_too_long" in done(await house("parked", "retry", number, "--today", TODAY)).stdout
    monkeypatch.setenv("CHANNEL_SYNC_MAX_STAY_NIGHTS", "400")
    retried = done(await house("parked", "retry", number, "--today", TODAY)).stdout
    assert retried.startswith("created ")


async def test_a_parked_message_is_shown_retried_and_discarded(cli: Cli, tmp_path: Path) -> None:
    await replay(cli, tmp_path, [message("A"), message("B", rooms=None)])
    found = await rows(cli, "parked", "list")
    assert [row["reason"] for row in found] == ["unknown_property", "unknown_property"]
    first, second = (row["parked_id"] for row in found)
    text = done(await cli("parked", "show", first)).stdout
    assert '"reference": "A"' in text
    (row,) = await rows(cli, "parked", "show", first)
    assert json.loads(row["body"])["reference"] == "A"
    await load(cli, tmp_path, HOUSE)
    retried = done(await cli("parked", "retry", first, "--today", TODAY)).stdout
    assert retried.startswith("created ")
    assert (await stay(cli, "A"))["room"] is not None
    assert "no_rooms" in done(await cli("parked", "retry", "--all", "--today", TODAY)).stdout
    done(await cli("parked", "discard", second, "--actor", "anna"))
    assert await rows(cli, "parked", "list") == []
    assert {row["state"] for row in await rows(cli, "parked", "list", "--all")} == {
        "retried",
        "discarded",
    }
    refused(await cli("parked", "discard", second))
    refused(await cli("parked", "show", 4711))
    assert done(await cli("parked", "list")).stdout == "nothing is parked\n"


# --- operating -----------------------------------------------------------------------------


async def test_migrate_may_run_again(cli: Cli, blank_database: str) -> None:
    blank = {"CHANNEL_SYNC_DATABASE_URL": blank_database}
    assert "migrate" in refused(await cli("stays", **blank), 2)
    assert "migrations applied" in done(await cli("migrate", **blank)).stdout
    assert done(await cli("migrate", **blank)).stdout == "nothing to migrate\n"
    assert done(await cli("stays", **blank)).stdout == "no stays\n"


async def test_check_proves_what_is_set(
    cli: Cli, kafka: KafkaPart, make_topic: Callable[..., str]
) -> None:
    topic = make_topic()
    broker = {"CHANNEL_SYNC_KAFKA_BOOTSTRAP": kafka.bootstrap, "CHANNEL_SYNC_TOPICS": topic}
    text = done(await cli("check", **broker)).stdout
    assert f"topic {topic}" in text
    assert "CHANNEL_SYNC_GROUP" in text
    result = await cli("check", "--json", **{**broker, "CHANNEL_SYNC_TOPICS": "nowhere"})
    assert "nowhere" in refused(result)
    found = {row["name"]: row["ok"] for row in map(json.loads, result.stdout.splitlines())}
    assert found["database"] is True
    assert found["topic nowhere"] is False


async def test_check_without_a_broker_is_wrong_use(cli: Cli) -> None:
    result = await cli("check")
    assert "KAFKA_BOOTSTRAP" in refused(result, 2)


def test_check_says_in_one_line_that_the_broker_is_away(database: str) -> None:
    """In a process of its own: the client's log has nowhere to go but the error output."""
    away = {
        "CHANNEL_SYNC_DATABASE_URL": database,
        "CHANNEL_SYNC_KAFKA_BOOTSTRAP": "127.0.0.1:1",
        "CHANNEL_SYNC_TOPICS": "bookings",
    }
    proved = subprocess.run(
        [sys.executable, "-m", "channel_sync", "check", "--json"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **away},
    )
    assert proved.returncode == 1
    (said,) = proved.stderr.splitlines()
    assert said.startswith("channel-sync: broker: the broker at 127.0.0.1:1 cannot be reached")


async def test_run_without_a_broker_is_wrong_use(cli: Cli) -> None:
    result = await cli("run")
    assert "KAFKA_BOOTSTRAP" in refused(result, 2)


async def test_resume_lifts_a_halt_once(cli: Cli, database: str) -> None:
    connection = await asyncpg.connect(database)
    await connection.execute(
        "INSERT INTO channel_sync.consumer_partition (topic, partition, halted_at, halt_reason)"
        " VALUES ('bookings', 3, now(), 'internal errors')"
    )
    await connection.close()
    assert done(await cli("resume", "bookings", 3)).stdout == "bookings/3: resumed\n"
    assert "not halted" in refused(await cli("resume", "bookings", 3))


async def test_schema_prints_a_json_schema(cli: Cli) -> None:
    schema = json.loads(done(await cli("schema")).stdout)
    assert "rooms" in schema["properties"]


# --- what goes wrong -----------------------------------------------------------------------


async def test_a_database_that_is_away_is_one_line(cli: Cli) -> None:
    away = {"CHANNEL_SYNC_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nothing"}
    assert "does not answer" in refused(await cli("stays", **away))


async def test_a_missing_database_is_configuration(cli: Cli, postgres: PostgresPart) -> None:
    wrong = {"CHANNEL_SYNC_DATABASE_URL": postgres.url("no_such_database")}
    assert "no_such_database" in refused(await cli("stays", **wrong), 2)


@pytest.mark.parametrize("url", [None, "mysql://example/x"])
async def test_a_wrong_setting_is_configuration(cli: Cli, url: str | None) -> None:
    wrong = {"CHANNEL_SYNC_DATABASE_URL": url}
    assert "DATABASE_URL" in refused(await cli("stays", **wrong), 2)


@pytest.mark.parametrize(
    "arguments",
    [
        ("stays", "--from", "tomorrow"),
        ("stays", "--nonsense"),
        ("nonsense",),
        ("replay", "no-such-file.json"),
        ("staff", "assign", "1"),
        ("staff", "assign", "1", "--room", "1", "--proposal", "1"),
        ("staff", "policy", "A", "--policy", "nonsense"),
        ("staff", "edit", "A", "--set", "nonsense"),
        ("parked", "retry"),
        ("rebuild", "--from-messages", "--into", "nonsense"),
        ("rebuild", "--from-messages", "--into", "postgresql://[::1/empty"),
        ("rebuild", "--from-messages", "--into", "postgresql://db.example:port/empty"),
    ],
    ids=" ".join,
)
async def test_wrong_use_is_said_on_the_error_output(cli: Cli, arguments: tuple[str, ...]) -> None:
    result = await cli(*arguments)
    assert result.exit_code == 2
    assert "Error: " in result.stderr
    assert not result.stdout


def test_the_module_is_the_command(database: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "channel_sync", "stays", "--json"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "CHANNEL_SYNC_DATABASE_URL": database},
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
