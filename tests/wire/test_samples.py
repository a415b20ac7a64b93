"""The messages that providers publish: each is read, or set aside for the reason expected of it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from itertools import chain
from pathlib import Path

import asyncpg
import pytest
import yaml

from channel_sync.wire.decode import FORMATS
from channel_sync.wire.luhn import is_luhn
from tools.samples import SAMPLES, message_files, rows

pytestmark = pytest.mark.skipif(
    not SAMPLES.is_dir(), reason="the samples are not here: ../shared/samples is missing"
)

HAS_XML = any(name not in {"canonical", "channex"} and "xml" in name for name in FORMATS) or (
    "opentravel" in FORMATS
)
EXPECTED = {
    "cloudbeds-ota/AckBooking_pull.json": {"parked: no_reservation"},
    "cloudbeds-ota/AckBooking_push.json": {"parked: no_reservation"},
    "cloudbeds-ota/CancelBooking.json": {"tombstoned"},
    "cloudbeds-ota/GetBookingList_response.json": {"parked: needs_fetch"},
    "cloudbeds-ota/NotifyBooking.json": {"parked: needs_fetch"},
    "alpinebits/2018-10_GuestRequests-OTA_ResRetrieveRS-reservation-empty.xml": {
        "parked: no_reservation"
    },
    "vertical-booking/OTA_HotelResNotifRS_warning.xml": {"parked: no_reservation"},
}
READ = {"created", "modified", "cancelled", "tombstoned", "enquiry", "unchanged", "duplicate"}
HOUSE = {
    "property": "seaview",
    "name": "Sea View",
    "timezone": "Europe/Lisbon",
    "currency": "EUR",
    "categories": [{"code": "DBL", "name": "Double", "capacity": 2, "rooms": ["101", "102"]}],
}
TODAY = "2010-01-01"


def is_readable(file: str) -> bool:
    return HAS_XML or not file.endswith(".xml")


def test_every_sample_is_read_or_set_aside_for_the_reason_expected() -> None:
    found: dict[str, set[str]] = {}
    for row in rows():
        if is_readable(row.file):
            found.setdefault(row.file, set()).add(row.outcome)
    assert found
    wrong = {
        file: outcomes
        for file, outcomes in found.items()
        if not outcomes <= EXPECTED.get(file, READ)
    }
    assert wrong == {}


def card_numbers(raw: str) -> set[str]:
    """Every run of digits in a sample that may be a card's number, and those that a key names."""
    runs = set(re.findall(r"(?<!\d)\d{13,19}(?!\d)", raw))
    return {run for run in runs if is_luhn(run)} | set(
        re.findall(r"(?i)CardNumber[^0-9<>]{1,40}?(\d{13,19})", raw)
    )


def passwords(raw: str) -> set[str]:
    return set(re.findall(r'(?i)(?:password|secret)"?\s*[:=]\s*"([^"]+)"', raw))


async def dump(url: str) -> str:
    """Every row of every table of ours, as text."""
    connection = await asyncpg.connect(url)
    try:
        tables = await connection.fetch(
            "SELECT format('%I.%I', schemaname, tablename) AS name"
            "  FROM pg_tables WHERE schemaname LIKE 'channel_sync%'"
        )
        found = [
            await connection.fetch(f"SELECT t::text AS row FROM {table['name']} t")
            for table in tables
        ]
    finally:
        await connection.close()
    return "\n".join(row["row"] for row in chain.from_iterable(found))


def command(url: str, *arguments: str) -> str:
    """What a command prints and logs, both."""
    ran = subprocess.run(
        [sys.executable, "-m", "channel_sync", *arguments],
        env={**os.environ, "CHANNEL_SYNC_DATABASE_URL": url, "CHANNEL_SYNC_LOG_LEVEL": "debug"},
        capture_output=True,
        text=True,
        check=False,
    )
    return ran.stdout + ran.stderr


async def test_no_number_code_or_password_of_a_sample_is_anywhere(
    database: str, tmp_path: Path
) -> None:
    """In no table, no log and no output (rules, section 9)."""
    house = tmp_path / "house.yaml"
    house.write_text(yaml.safe_dump(HOUSE), encoding="utf-8")
    command(database, "property", "load", str(house), "--today", TODAY)
    files = [str(path) for path in message_files()]
    told = command(database, "replay", *files, "--property", "seaview", "--today", TODAY, "--json")
    outcomes = [json.loads(line)["outcome"] for line in told.splitlines() if line[:1] == "{"]
    assert len(outcomes) >= len(files)
    for arguments in (
        ("messages", "--json"),
        ("history", "--json"),
        ("stays", "--json"),
        ("parked", "list", "--json"),
        ("explain", files[0], "--property", "seaview", "--today", TODAY),
        ("explain", files[-1], "--property", "seaview", "--today", TODAY),
    ):
        told += command(database, *arguments)
    kept = await dump(database) + told
    raw = "\n".join(path.read_text(encoding="utf-8") for path in message_files())
    assert len(card_numbers(raw)) >= 2
    assert len(passwords(raw)) >= 2
    digits = re.sub(r"(?<=\d)[ -](?=\d)", "", kept)
    assert {number for number in card_numbers(raw) if number in kept or number in digits} == set()
    assert {word for word in passwords(raw) if word in kept} == set()
    assert re.findall(r"(?i)(?:SeriesCode|cvv|cvc)\W{1,8}\d{3,4}", kept) == []
