"""Calls the SQL functions of the database as a PMS does, by the names their arguments bear."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.acceptance.scenario import plain

if TYPE_CHECKING:
    import asyncpg

    from tests.acceptance.stage import Stage

ARGUMENTS_OF = """
SELECT coalesce(p.proargnames, '{}') AS names,
       ARRAY(SELECT t::regtype::text FROM unnest(p.proargtypes) AS t) AS types,
       p.pronargs - p.pronargdefaults AS required
  FROM pg_catalog.pg_proc AS p
  JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace
 WHERE n.nspname = 'channel_sync' AND p.proname = $1
 ORDER BY p.pronargs DESC
 LIMIT 1
"""
OTHER_NAMES = {"from": "from_date", "to": "to_date"}
REFUSED = "CS"
"""The class of the SQLSTATEs that our functions raise (CS001 refused, CS002 not found)."""


class RefusedError(Exception):
    """The database said no, and why."""


class NoSuchFunctionError(Exception):
    """The database has no such function, or it does not take what the scenario gives."""


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument of a function; `type` is the SQL type."""

    name: str
    type: str
    required: bool


async def call(stage: Stage, names: tuple[str, ...], given: Mapping[str, Any]) -> None:
    """Calls the first of these functions that exists.

    What no argument is named for goes as one object into the argument that takes JSON.

    Raises:
        NoSuchFunctionError: none exists, or it has no place for something given.
        RefusedError: the function refused.
    """
    import asyncpg

    async with stage.as_pms() as connection:
        name, arguments = await _find(connection, names)
        values = _place(name, arguments, {OTHER_NAMES.get(k, k): v for k, v in given.items()})
        sql = ", ".join(
            f"{argument.name} => ${position}::text::{argument.type}"
            for position, argument in enumerate(values, 1)
        )
        try:
            await connection.execute(
                f"SELECT channel_sync.{name}({sql})", *(_text(value) for value in values.values())
            )
        except asyncpg.PostgresError as error:
            if not str(error.sqlstate).startswith(REFUSED):
                raise
            raise RefusedError(str(error)) from error


async def _find(
    connection: asyncpg.Connection, names: tuple[str, ...]
) -> tuple[str, list[Argument]]:
    for name in names:
        row = await connection.fetchrow(ARGUMENTS_OF, name)
        if row is not None:
            arguments = [
                Argument(argument, sql_type, position < row["required"])
                for position, (argument, sql_type) in enumerate(
                    zip(row["names"], row["types"], strict=False)
                )
            ]
            return name, arguments
    raise NoSuchFunctionError(f"the database has no function channel_sync.{' or '.join(names)}")


def _place(name: str, arguments: list[Argument], given: dict[str, Any]) -> dict[Argument, object]:
    by_name = {argument.name: argument for argument in arguments}
    values: dict[Argument, object] = {
        argument: given[key] for key, argument in by_name.items() if key in given
    }
    left = {key: value for key, value in given.items() if key not in by_name}
    if "reason" in left and not left["reason"]:
        del left["reason"]
    if left:
        json_arguments = [
            argument
            for argument in arguments
            if argument.type == "jsonb" and argument not in values
        ]
        if not json_arguments:
            raise NoSuchFunctionError(f"channel_sync.{name} has no argument for {sorted(left)}")
        values[json_arguments[0]] = left
    for argument in arguments:
        if argument.required:
            values.setdefault(argument, None)
    return values


def _text(value: object) -> str | None:
    """As PostgreSQL reads it."""
    if value is None:
        return None
    value = plain(value)
    if isinstance(value, dict | list):
        return json.dumps(value)
    return str(value).lower() if isinstance(value, bool) else str(value)
