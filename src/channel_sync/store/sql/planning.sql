-- name: take_due_property
-- One property that somebody changed, or whose day has turned, locked; others take the others.
SELECT property_id, timezone, coalesce(policy ->> 'day_starts', '04:00') AS day_starts, version,
       CASE WHEN searched_version = version THEN searched END AS searched
FROM property
WHERE replan_due OR planned_on IS DISTINCT FROM property_today(property_id)
ORDER BY plan_failed_at NULLS FIRST, replan_due DESC, property_id
LIMIT 1
FOR NO KEY UPDATE SKIP LOCKED;

-- name: count_due
-- How many properties wait for the planner.
SELECT count(*) FROM property
WHERE replan_due OR planned_on IS DISTINCT FROM property_today(property_id);

-- name: load_waiting
-- The bookings with a stay that waits or that staff changed, or with an open room task.
WITH waiting AS (
    SELECT reservation_id
    FROM stay
    WHERE property_id = $1 AND status = 'confirmed' AND (held OR to_place OR rooms = '{}')
      AND (departure > $2 OR to_place)
      AND (to_place OR booked_category IS NULL OR booked_category NOT IN
           (SELECT category FROM category WHERE property_id = $1 AND units IS NOT NULL))
    UNION
    SELECT reservation_id
    FROM task
    WHERE property_id = $1 AND state = 'open'
      AND reason IN ('no_room', 'pinned_room_conflict', 'over_capacity', 'unmapped_category')
)
SELECT r.property_id, r.channel, r.reference
FROM reservation r
JOIN waiting USING (reservation_id)
WHERE r.property_id = $1
ORDER BY r.reservation_id;

-- name: load_guests_to_look_at
-- The guests that staff changed since the planner's last look; every one if the list changed.
SELECT (to_jsonb(g) || jsonb_build_object('bookings', 0))::text AS guest
FROM guest g
WHERE g.property_id = $1 AND g.to_look
UNION ALL
SELECT (to_jsonb(g) || jsonb_build_object('bookings', 0))::text
FROM guest g
JOIN property p USING (property_id)
WHERE g.property_id = $1 AND p.guests_due AND NOT g.to_look;

-- name: guests_looked_at
-- The planner has looked at the guests that staff changed.
UPDATE guest SET to_look = false WHERE property_id = $1 AND to_look;

-- name: list_looked_at
-- The planner has compared every guest with the list.
UPDATE property SET guests_due = false WHERE property_id = $1 AND guests_due;

-- name: load_guestless
-- Bookings without a guest, so many at most, and those whose guest is unwanted and nobody was
-- told, or is wanted again while a person is still asked.
WITH guestless AS (
    SELECT r.reservation_id
    FROM reservation r
    WHERE r.property_id = $1 AND r.guest_id IS NULL AND NOT r.guest_set_by_staff
      AND NOT r.is_tombstone AND r.replaced_by IS NULL
    ORDER BY r.reservation_id
    LIMIT $3
), untold AS (
    SELECT r.reservation_id
    FROM guest g
    JOIN reservation r ON r.property_id = g.property_id AND r.guest_id = g.guest_id
    WHERE g.property_id = $1 AND (g.blocked OR g.is_listed) AND r.replaced_by IS NULL
      AND EXISTS (SELECT FROM stay s
                  WHERE s.property_id = $1 AND s.reservation_id = r.reservation_id
                    AND s.status IN ('confirmed', 'checked_in', 'enquiry') AND s.departure >= $2)
      AND NOT EXISTS (SELECT FROM task t
                      WHERE t.property_id = $1 AND t.reservation_id = r.reservation_id
                        AND t.reason = 'blocked_guest' AND t.state <> 'superseded'
                        AND (t.details ->> 'guest_id')::bigint = g.guest_id)
), wanted_again AS (
    SELECT t.reservation_id
    FROM task t
    JOIN reservation r USING (property_id, reservation_id)
    JOIN guest g ON g.property_id = r.property_id AND g.guest_id = r.guest_id
    WHERE t.property_id = $1 AND t.state = 'open' AND t.reason = 'blocked_guest'
      AND NOT (g.blocked OR g.is_listed)
)
SELECT r.property_id, r.channel, r.reference, r.guest_id
FROM reservation r
WHERE r.property_id = $1
  AND r.reservation_id IN (SELECT reservation_id FROM guestless
                           UNION SELECT reservation_id FROM untold
                           UNION SELECT reservation_id FROM wanted_again)
ORDER BY r.reservation_id;

-- name: mark_planned
-- The planner has looked; what it wrote itself is no reason to look again, but stays that it has
-- yet to search for ($2: those searched for already; null: all are) are.
UPDATE property
SET replan_due = $2::text[] IS NOT NULL, planned_on = property_today(property_id),
    plan_failed_at = NULL, searched = $2,
    searched_version = CASE WHEN $2::text[] IS NOT NULL THEN version END
WHERE property_id = $1;

-- name: record_look
-- A look of the planner that changed something, under the version that it found.
INSERT INTO planner_look (property_id, version, today) VALUES ($1, $2, $3);

-- name: take_property
-- One property, locked, to be planned whether or not it is due.
SELECT property_id, timezone, coalesce(policy ->> 'day_starts', '04:00') AS day_starts, version,
       CASE WHEN searched_version = version THEN searched END AS searched
FROM property
WHERE property_id = $1
FOR NO KEY UPDATE;

-- name: mark_failed
-- A property that the planner stumbles over comes after all others.
UPDATE property SET plan_failed_at = now() WHERE property_id = $1;

-- name: mark_due
-- Somebody has to look at the property again.
UPDATE property SET replan_due = true WHERE property_id = $1;

-- name: find_task
-- The booking of an open task, by the task's id or by reference, line and reason.
SELECT t.task_id, r.property_id, r.channel, r.reference, t.line, t.reason
FROM task t
JOIN reservation r USING (property_id, reservation_id)
WHERE t.state = 'open'
  AND ($1::text IS NULL OR t.property_id = $1)
  AND ($2::bigint IS NULL OR t.task_id = $2)
  AND ($3::text IS NULL OR EXISTS (
        SELECT 1 FROM reservation_reference rr
        WHERE rr.property_id = t.property_id AND rr.reservation_id = t.reservation_id
          AND $3 IN (rr.reference, rr.channel || '/' || rr.reference)))
  AND ($4::text IS NULL OR t.line = $4)
  AND ($5::text IS NULL OR t.reason = $5)
ORDER BY t.task_id
LIMIT 2;

-- name: load_parked
-- One parked message, locked for its retry; is_alone: nothing else is known of its record, which
-- may hold more than could be read at the time.
SELECT p.parked_id, p.topic, p.partition, p."offset", p.ordinal, p.recorded_at, p.property_id,
       p.channel, p.reference, whole.headers, whole.body, p.state,
       NOT EXISTS (
           SELECT FROM message m
           WHERE m.recorded_at = p.recorded_at AND m.topic = p.topic
             AND m.partition = p.partition AND m."offset" = p."offset" AND m.ordinal <> p.ordinal
       ) AS is_alone
FROM parked p
LEFT JOIN LATERAL (
    SELECT first.body, first.headers::text AS headers
    FROM parked first
    WHERE first.topic = p.topic AND first.partition = p.partition
      AND first."offset" = p."offset" AND first.recorded_at = p.recorded_at
      AND first.body IS NOT NULL
    ORDER BY first.ordinal <> p.ordinal, first.ordinal
    LIMIT 1) AS whole ON true
WHERE p.parked_id = $1
FOR UPDATE OF p;

-- name: load_parked_behind
-- What was parked behind a booking's parked message, in the order of arrival.
WITH known_as AS (
    SELECT $3::text AS reference
    UNION
    SELECT other.reference
    FROM reservation_reference mine
    JOIN reservation_reference other USING (property_id, reservation_id)
    WHERE mine.property_id = $1 AND mine.channel = $2 AND mine.reference = $3
)
SELECT parked_id
FROM parked
WHERE property_id = $1 AND channel = $2 AND state = 'parked' AND reason = 'behind_parked'
  AND (reference || replaces) && ARRAY(SELECT reference FROM known_as)
ORDER BY topic, partition, "offset", ordinal;

-- name: close_parked
-- A parked message has its outcome now, or a person gave it up.
UPDATE parked SET state = $2, closed_at = now(), closed_by = $3
WHERE parked_id = $1 AND state = 'parked';

-- name: replace_messages
-- A retried message has another outcome than "parked"; its further reservations get a row each.
WITH retried AS (
    SELECT * FROM jsonb_populate_recordset(NULL::message, $1::jsonb)
), replaced AS (
    UPDATE message m SET
        property_id = n.property_id, message_id = n.message_id, channel = n.channel,
        reference = n.reference, reservation_id = n.reservation_id, outcome = n.outcome,
        outcome_reason = n.outcome_reason, outcome_detail = n.outcome_detail,
        order_basis = n.order_basis, revision = n.revision, today = n.today, version = n.version,
        dialect = n.dialect, applied_at = now()
    FROM retried n
    WHERE m.recorded_at = n.recorded_at AND m.topic = n.topic AND m.partition = n.partition
      AND m."offset" = n."offset" AND m.ordinal = n.ordinal
    RETURNING m.ordinal
)
INSERT INTO message (property_id, recorded_at, topic, partition, "offset", ordinal, message_id,
                     channel, reference, reservation_id, outcome, outcome_reason, outcome_detail,
                     order_basis, revision, today, version, format, dialect, body, received_at)
SELECT property_id, recorded_at, topic, partition, "offset", ordinal, message_id, channel,
       reference, reservation_id, outcome, outcome_reason, outcome_detail, order_basis, revision,
       today, version, format, dialect, body, received_at
FROM retried
WHERE ordinal NOT IN (SELECT ordinal FROM replaced);
