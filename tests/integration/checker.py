"""Compares two databases of this program, and one with what was sent to it: by SQL of its own.

Nothing of the program is imported here. Rows meet by natural keys: property, channel, reference,
line; topic, partition, offset, ordinal. Ids that a sequence dealt out, and the times at which
something was written, are left out.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import asyncpg

SHOWN = 20
"""So many differences are told; more are counted."""

WIDTH = 200
"""Characters of each side that are told."""


@dataclass(frozen=True, slots=True)
class Difference:
    """What one database says under a key, and what the other says."""

    what: str
    key: str
    here: tuple[str, ...]
    there: tuple[str, ...]

    def __str__(self) -> str:
        here, there = "; ".join(self.here), "; ".join(self.there)
        both = zip(here, there, strict=False)
        same = next((i for i, (a, b) in enumerate(both) if a != b), min(len(here), len(there)))
        start = max(0, same - 40)  # a little of what is equal, to say where it is
        return f"{self.what} {self.key}\n    …{here[start:][:WIDTH]}\n    …{there[start:][:WIDTH]}"


# Each names a key and what is said under it, both JSON; several rows may share a key.
LISTS: dict[str, str] = {
    "message": """
        SELECT jsonb_build_array(topic, partition, "offset", ordinal) AS key,
               to_jsonb(m) - '{received_at,applied_at,today,reservation_id}'::text[] AS said
        FROM message m
    """,
    "receipt": """
        SELECT jsonb_build_array(property_id, channel, reference, message_id) AS key,
               to_jsonb(v) AS said
        FROM v_receipt v
    """,
    "parked message": """
        SELECT jsonb_build_array(topic, partition, "offset", ordinal) AS key,
               to_jsonb(p) - '{parked_id,parked_at,closed_at}'::text[] AS said
        FROM parked p
    """,
    "booking": """
        SELECT jsonb_build_array(r.property_id, r.channel, r.reference) AS key,
               to_jsonb(r) - '{reservation_id,replaced_by,guest_id,booker_guest_id}'::text[]
               || jsonb_build_object('heir', heir.reference) AS said
        FROM reservation r
        LEFT JOIN reservation heir
          ON heir.property_id = r.property_id AND heir.reservation_id = r.replaced_by
    """,
    "reference": """
        SELECT jsonb_build_array(rr.property_id, rr.channel, rr.reference) AS key,
               to_jsonb(r.reference) AS said
        FROM reservation_reference rr
        JOIN reservation r USING (property_id, reservation_id)
    """,
    "revision kept": """
        SELECT jsonb_build_array(k.property_id, r.channel, r.reference, k.message_id) AS key,
               to_jsonb(k) - 'reservation_id' AS said
        FROM kept_revision k
        JOIN reservation r USING (property_id, reservation_id)
    """,
    "stay": """
        SELECT jsonb_build_array(s.property_id, r.channel, r.reference, s.line) AS key,
               to_jsonb(s) - 'reservation_id' AS said
        FROM stay s
        JOIN reservation r USING (property_id, reservation_id)
    """,
    "stay as shown": """
        SELECT jsonb_build_array(property_id, channel, reference, line) AS key,
               to_jsonb(v) AS said
        FROM v_stay v
    """,
    "room on a night": """
        SELECT jsonb_build_array(n.property_id, n.night, n.room) AS key,
               jsonb_build_array(r.channel, r.reference, n.line) AS said
        FROM room_night n
        LEFT JOIN reservation r USING (property_id, reservation_id)
    """,
    # The proposals of a closed task are as old as the planner's last look at it.
    "task": """
        SELECT jsonb_build_array(property_id, reference, line, reason) AS key,
               to_jsonb(v) - '{task_id,opened_at,closed_at,proposals}'::text[]
               || jsonb_build_object('proposals', CASE state WHEN 'open' THEN proposals END) AS said
        FROM v_task v
    """,
    "history": """
        SELECT jsonb_build_array(h.property_id, h.version) AS key,
               to_jsonb(h) - '{reservation_id,at}'::text[]
               || jsonb_build_object('reference', r.reference) AS said
        FROM history h
        LEFT JOIN reservation r USING (property_id, reservation_id)
    """,
    "guest": """
        SELECT jsonb_build_array(g.property_id, coalesce(g.email_key, g.separated_from), g.name)
               AS key,
               to_jsonb(g) - '{guest_id,merged_into,merged_bookings,merged_at,erased_at}'::text[]
               || jsonb_build_object('bookings', (
                   SELECT jsonb_agg(jsonb_build_array(r.channel, r.reference,
                                                      r.guest_id IS NOT DISTINCT FROM g.guest_id,
                                                      r.booker_guest_id IS NOT DISTINCT FROM
                                                      g.guest_id)
                                    ORDER BY r.channel, r.reference)
                   FROM reservation r
                   WHERE r.property_id = g.property_id
                     AND g.guest_id IN (r.guest_id, r.booker_guest_id))) AS said
        FROM guest g
    """,
    "change of a guest": """
        SELECT jsonb_build_array(h.property_id, coalesce(g.email_key, g.separated_from), g.name,
                                 h.message_id) AS key,
               to_jsonb(h) - '{guest_history_id,guest_id,reservation_id,at}'::text[]
               || jsonb_build_object('reference', r.reference) AS said
        FROM guest_history h
        JOIN guest g USING (property_id, guest_id)
        LEFT JOIN reservation r USING (property_id, reservation_id)
    """,
    "availability": """
        SELECT jsonb_build_array(p.property_id, a.category, a.night) AS key, to_jsonb(a) AS said
        FROM property p
        CROSS JOIN LATERAL (
            SELECT min(arrival) AS first, max(departure) AS last
            FROM stay s
            WHERE s.property_id = p.property_id) AS span
        CROSS JOIN LATERAL availability(p.property_id, span.first, span.last) AS a
    """,
    "property": """
        SELECT jsonb_build_array(property_id) AS key,
               to_jsonb(p) - '{replan_due,planned_on}'::text[] AS said
        FROM property p
    """,
    # From here on what is the same for a hotel whose rooms depend on when its planner looked.
    "outcome": """
        SELECT jsonb_build_array(topic, partition, "offset", ordinal) AS key,
               jsonb_build_array(property_id, recorded_at, message_id, channel, reference,
                                 outcome, order_basis, revision, format, body) AS said
        FROM message
    """,
    "what the channel said of a stay": """
        SELECT jsonb_build_array(s.property_id, r.channel, r.reference, s.line) AS key,
               jsonb_build_array(s.status, s.arrival, s.departure, s.adults, s.children,
                                 s.booked_category, s.rate_plan, s.amount, s.currency, s.comments,
                                 s.guest_names, s.base) AS said
        FROM stay s
        JOIN reservation r USING (property_id, reservation_id)
    """,
    "what the channel changed": """
        SELECT jsonb_build_array(h.property_id, r.channel, r.reference, h.message_id) AS key,
               jsonb_build_array(h.line, h.event, f.key, f.value) AS said
        FROM history h
        JOIN reservation r USING (property_id, reservation_id)
        CROSS JOIN LATERAL jsonb_each(h.facts) f
        WHERE h.actor_type = 'channel'
          AND f.key NOT IN ('rooms', 'room', 'held', 'last_room', 'manual_category_code')
    """,
}

WHATEVER_THE_ROOMS = (
    "outcome",
    "receipt",
    "parked message",
    "booking",
    "reference",
    "revision kept",
    "guest",
    "change of a guest",
    "what the channel said of a stay",
    "what the channel changed",
)
"""What must be equal although the planner's looks fell between other messages."""

EVERYTHING = tuple(LISTS)[: tuple(LISTS).index("outcome")]
"""The others tell a part of what these tell."""


Lists = Mapping[str, Mapping[str, tuple[str, ...]]]
"""What a database says: by list and key, in one order."""


async def compare(
    here: str, there: str, *, only: Collection[str] = EVERYTHING
) -> tuple[list[Difference], int]:
    """The differences of two databases (URLs), and how many rows were compared."""
    return differences(await lists_of(here, only), await lists_of(there, only))


def differences(here: Lists, there: Lists) -> tuple[list[Difference], int]:
    """Of two databases by the same lists; and how many rows were compared."""
    found = [
        Difference(what, key, ours.get(key, ()), theirs.get(key, ()))
        for what, ours in here.items()
        for theirs in [there[what]]
        for key in sorted(ours.keys() | theirs.keys())
        if ours.get(key) != theirs.get(key)
    ]
    return found, sum(len(said) for ours in here.values() for said in ours.values())


async def lists_of(url: str, only: Collection[str] = EVERYTHING) -> Lists:
    """What a database says now."""
    found = {}
    connection = await _connect(url)
    try:
        for what in only:
            said: dict[str, list[str]] = defaultdict(list)
            query = f"SELECT key::text, said::text FROM ({LISTS[what]}) AS list"
            for row in await connection.fetch(query):
                said[row["key"]].append(row["said"])
            found[what] = {key: tuple(sorted(values)) for key, values in said.items()}
    finally:
        await connection.close()
    return found


async def faults_of_outcomes(
    url: str, topic: str, sent: Mapping[tuple[int, int], int]
) -> list[str]:
    """Where a message has not exactly one outcome for each reservation in it.

    `sent` says, by partition and offset as the broker gave them, how many reservations.
    """
    rows = await _fetch(
        url,
        'SELECT partition, "offset", array_agg(ordinal ORDER BY ordinal) AS ordinals'
        ' FROM message WHERE topic = $1 GROUP BY partition, "offset"',
        topic,
    )
    found = {(row["partition"], row["offset"]): list(row["ordinals"]) for row in rows}
    return [
        f"{topic}/{partition} offset {offset}: sent {count}, outcomes {outcomes}"
        for partition, offset in sorted(sent.keys() | found.keys())
        for count in [sent.get((partition, offset), 0)]
        for outcomes in [found.get((partition, offset), [])]
        if outcomes != list(range(count))
    ]


# Each lists what must not be, a line of text a row.
INVARIANTS: dict[str, str] = {
    "no room is held twice on a night": """
        SELECT format('%s %s %s: %s', property_id, a.room, night::date, count(*))
        FROM stay s, unnest(s.rooms) a,
             generate_series(a.from_date, a.to_date - 1, interval '1 day') night
        GROUP BY property_id, a.room, night HAVING count(*) > 1
    """,
    "the nights are those of the stays": """
        SELECT x::text FROM (
            (SELECT property_id, night, room, reservation_id, line FROM room_night
             WHERE block_id IS NULL
             EXCEPT
             SELECT property_id, night::date, a.room, reservation_id, line
             FROM stay s, unnest(s.rooms) a,
                  generate_series(a.from_date, a.to_date - 1, interval '1 day') night)
            UNION ALL
            (SELECT property_id, night::date, a.room, reservation_id, line
             FROM stay s, unnest(s.rooms) a,
                  generate_series(a.from_date, a.to_date - 1, interval '1 day') night
             EXCEPT
             SELECT property_id, night, room, reservation_id, line FROM room_night)) x
    """,
    "a stay's rooms are those of its nights": """
        SELECT format('%s %s/%s', property_id, reservation_id, line)
        FROM stay s
        CROSS JOIN coalesce(nullif(current_setting('channel_sync.today', true), '')::date,
                            current_date) AS today
        -- Of one who came before today, nights that are over may have no room.
        WHERE status = 'confirmed' AND rooms <> '{}' AND NOT held
          AND (SELECT count(*) FROM unnest(s.rooms) a,
                 generate_series(a.from_date, a.to_date - 1, interval '1 day') night
               WHERE night >= greatest(s.arrival, today) AND night < s.departure)
              <> greatest(s.departure - greatest(s.arrival, today), 0)
    """,
    "a live stay has a room, an open room task, or a category that is counted": """
        SELECT format('%s %s/%s', property_id, reservation_id, line)
        FROM stay s
        CROSS JOIN coalesce(nullif(current_setting('channel_sync.today', true), '')::date,
                            current_date) AS today
        -- Who is over needs none any more, and who stays no night has none.
        WHERE status = 'confirmed' AND departure > greatest(arrival, today) AND rooms = '{}'
          AND NOT EXISTS (
            SELECT FROM category c
            WHERE c.property_id = s.property_id AND c.units IS NOT NULL
              AND c.category = coalesce(s.manual_category_code, s.booked_category))
          AND NOT EXISTS (
            SELECT FROM task t
            WHERE (t.property_id, t.reservation_id, t.line)
                = (s.property_id, s.reservation_id, s.line)
              AND t.state = 'open' AND t.reason IN
                  ('no_room', 'over_capacity', 'pinned_room_conflict', 'unmapped_category'))
    """,
    "a stay that has its room waits for none": """
        SELECT format('%s %s/%s %s', s.property_id, s.reservation_id, s.line, t.reason)
        FROM stay s
        JOIN task t USING (property_id, reservation_id, line)
        WHERE s.rooms <> '{}' AND NOT s.held AND t.state = 'open'
          AND t.reason IN ('no_room', 'over_capacity', 'pinned_room_conflict')
    """,
    "a stay that was called off is in no open room task": """
        SELECT format('%s %s/%s %s', s.property_id, s.reservation_id, s.line, t.reason)
        FROM stay s
        JOIN task t USING (property_id, reservation_id, line)
        WHERE s.status <> 'confirmed' AND t.state = 'open'
          AND t.reason IN ('no_room', 'over_capacity', 'pinned_room_conflict', 'unmapped_category')
    """,
    "a stay has at most one open room task": """
        SELECT format('%s %s/%s', property_id, reservation_id, line)
        FROM task
        WHERE state = 'open'
          AND reason IN ('no_room', 'over_capacity', 'pinned_room_conflict', 'unmapped_category')
        GROUP BY property_id, reservation_id, line HAVING count(*) > 1
    """,
    # A block changes the hotel, which counts too, before it is told of.
    "history has no gap but before a block, and ends at the property's version": """
        SELECT format('%s: to %s %s (%s), version %s', property_id, h.version, h.event, h.gap,
                      p.version)
        FROM property p
        JOIN (SELECT *, version - lag(version) OVER (PARTITION BY property_id ORDER BY version)
                     AS gap,
                     max(version) OVER (PARTITION BY property_id) AS last
              FROM history) AS h USING (property_id)
        WHERE (h.gap > 1 AND h.event NOT IN ('blocked', 'unblocked'))
           OR (h.version = h.last AND h.version <> p.version)
    """,
    "history and stay tell the same": """
        SELECT format('%s %s/%s %s: %s, %s', s.property_id, s.reservation_id, s.line, last.key,
                      last.said, to_jsonb(s) -> last.key)
        FROM stay s
        JOIN (SELECT DISTINCT ON (h.property_id, h.reservation_id, h.line, f.key)
                     h.property_id, h.reservation_id, h.line, f.key, f.value -> 1 AS said
              FROM history h, jsonb_each(h.facts) f
              WHERE f.key IN ('status', 'arrival', 'departure', 'booked_category', 'adults',
                              'children', 'comments', 'held')
              ORDER BY h.property_id, h.reservation_id, h.line, f.key, h.version DESC) AS last
          USING (property_id, reservation_id, line)
        WHERE to_jsonb(s) -> last.key <> last.said
    """,
    "history and guest tell the same": """
        SELECT format('%s %s %s: %s, %s', g.property_id, g.guest_id, last.key,
                      last.said, to_jsonb(g) -> last.key)
        FROM guest g
        JOIN (SELECT DISTINCT ON (h.property_id, h.guest_id, f.key)
                     h.property_id, h.guest_id, f.key, f.value -> 1 AS said
              FROM guest_history h, jsonb_each(h.facts) f
              WHERE f.key IN ('name', 'email', 'phone', 'language', 'country', 'blocked')
              ORDER BY h.property_id, h.guest_id, f.key, h.guest_history_id DESC) AS last
          USING (property_id, guest_id)
        WHERE to_jsonb(g) -> last.key <> last.said
    """,
    "a booking that names its booker has a guest": """
        SELECT format('%s %s', property_id, reference)
        FROM reservation
        WHERE booker_name <> '' AND guest_id IS NULL
    """,
    "no card number is kept": """
        SELECT format('message %s/%s', partition, "offset") FROM message m
        WHERE m::text ~ '4111[ -]?1111[ -]?1111[ -]?1111'
        UNION ALL
        SELECT format('parked %s/%s', partition, "offset") FROM parked p
        WHERE p::text ~ '4111[ -]?1111[ -]?1111[ -]?1111'
        UNION ALL
        SELECT format('booking %s', reference) FROM reservation r
        WHERE r::text ~ '4111[ -]?1111[ -]?1111[ -]?1111'
        UNION ALL
        SELECT format('stay %s/%s', reservation_id, line) FROM stay s
        WHERE s::text ~ '4111[ -]?1111[ -]?1111[ -]?1111'
        UNION ALL
        SELECT format('history %s/%s', property_id, version) FROM history h
        WHERE h::text ~ '4111[ -]?1111[ -]?1111[ -]?1111'
        UNION ALL
        SELECT format('task %s', task_id) FROM task t
        WHERE t::text ~ '4111[ -]?1111[ -]?1111[ -]?1111'
        UNION ALL
        SELECT format('guest %s', guest_id) FROM guest g
        WHERE g::text ~ '4111[ -]?1111[ -]?1111[ -]?1111'
        UNION ALL
        SELECT format('guest history %s', guest_history_id) FROM guest_history h
        WHERE h::text ~ '4111[ -]?1111[ -]?1111[ -]?1111'
    """,
}


async def broken_invariants(url: str) -> list[str]:
    """Sentences that ought to be true of a database and are not, each with its case."""
    return [
        f"{sentence}: {row[0]}"
        for sentence, query in INVARIANTS.items()
        for row in await _fetch(url, query)
    ]


def told(faults: Collection[object]) -> str:
    """The first of them, and how many more."""
    kinds = Counter(fault.what for fault in faults if isinstance(fault, Difference))
    shown = [str(fault) for fault in list(faults)[:SHOWN]]
    more = len(faults) - len(shown)
    return "\n".join([f"{len(faults)} faults {dict(kinds) or ''}", *shown, f"and {more} more"])


async def _connect(url: str) -> asyncpg.Connection:
    settings = {"search_path": "channel_sync, pg_temp", "timezone": "UTC"}
    return await asyncpg.connect(url, server_settings=settings)


async def _fetch(url: str, query: str, *arguments: object) -> list[asyncpg.Record]:
    connection = await _connect(url)
    try:
        return list(await connection.fetch(query, *arguments))
    finally:
        await connection.close()
