-- name: properties
-- The properties there are.
SELECT property_id FROM property ORDER BY property_id;

-- name: load_messages
-- Every reservation of every message of a property, with the body it came in.
SELECT m.topic, m.partition, m."offset", m.ordinal, m.recorded_at, m.applied_at, m.message_id,
       m.channel, m.reference, m.reservation_id, m.outcome, m.today, m.version, m.format,
       m.dialect, whole.body
FROM message m
LEFT JOIN message whole
  ON whole.recorded_at = m.recorded_at AND whole.topic = m.topic
 AND whole.partition = m.partition AND whole."offset" = m."offset" AND whole.ordinal = 0
WHERE m.property_id = $1
ORDER BY m.version, m.applied_at, m.topic, m.partition, m."offset", m.ordinal;

-- name: load_history
-- Every event of a property in order, with the property-local day of what was no message.
SELECT h.version, h.reservation_id, h.line, h.at, h.actor_type, h.actor, h.event,
       h.facts::text AS facts, h.reason, h.rule, h.message_id, h.revision,
       coalesce(h.today, (h.at AT TIME ZONE p.timezone
                          - coalesce(p.policy ->> 'day_starts', '04:00')::interval)::date) AS today
FROM history h
JOIN property p USING (property_id)
WHERE h.property_id = $1
ORDER BY h.version;

-- name: load_hotels
-- What the hotel was, from version to version.
SELECT version, today, hotel::text AS hotel FROM hotel_version WHERE property_id = $1
ORDER BY version;

-- name: load_looks
-- The planner's looks that changed something.
SELECT version, today, at FROM planner_look WHERE property_id = $1 ORDER BY look_id;

-- name: load_settled
-- The tasks that staff accepted or dismissed, and when. Others may have ended with them, by the same
-- hand: superseded, or done because the stay got its room. Of a stay that a person left in the room
-- it has, no row of history tells that its task was done.
SELECT t.reservation_id, t.line, t.reason, t.closed_at, t.closed_by, t.state
FROM task t
WHERE t.property_id = $1
  AND ((t.state = 'dismissed' AND t.closed_by LIKE '% (dismissed)')
       OR (t.state = 'done' AND t.closed_by LIKE '% (accepted)'
           AND t.reason NOT IN ('no_room', 'pinned_room_conflict', 'over_capacity',
                                'unmapped_category'))
       OR (t.state = 'done' AND t.closed_by ~ ' \((moved|amended)\)$'
           AND NOT EXISTS (SELECT FROM history h
                           WHERE h.property_id = t.property_id AND h.at = t.closed_at
                             AND h.reservation_id = t.reservation_id)))
ORDER BY t.closed_at, t.task_id;

-- name: load_bookings
-- The reservations, every reference each was known by, and the messages handled for each.
SELECT r.reservation_id, r.channel, r.reference, r.replaced_by,
       ARRAY(SELECT rr.reference FROM reservation_reference rr
              WHERE rr.property_id = r.property_id AND rr.reservation_id = r.reservation_id
              ORDER BY rr.reference) AS reference_list,
       ARRAY(SELECT k.message_id FROM kept_revision k
              WHERE k.property_id = r.property_id AND k.reservation_id = r.reservation_id
              ORDER BY k.message_id) AS message_ids
FROM reservation r
WHERE r.property_id = $1
ORDER BY r.reservation_id;

-- name: set_day
-- The property-local day of what is told from here on.
SELECT set_config('channel_sync.today', $1, false);

-- name: act_as_owner
-- Becomes the owner of the schema until the transaction ends.
SELECT set_config('role', 'channel_sync_owner', true);

-- name: speak
-- Names who does what, and why.
SELECT speak($1, $2, $3);

-- name: find_booking
-- A reservation told already, by any of these references of its channel.
SELECT DISTINCT r.reservation_id, r.channel, r.reference
FROM reservation_reference rr
JOIN reservation r USING (property_id, reservation_id)
WHERE rr.property_id = $1 AND rr.channel = $2 AND rr.reference = ANY ($3::text[]);

-- name: find_open_task
-- The open task of a booking, or of a stay of it, for a reason.
SELECT t.task_id
FROM task t
WHERE t.property_id = $1 AND t.reservation_id = $2 AND t.line IS NOT DISTINCT FROM $3
  AND t.reason = $4 AND t.state = 'open';

-- name: settle_task
-- A task that a person did, and nothing else.
UPDATE task SET state = 'done', closed_at = now(), closed_by = $3
WHERE property_id = $1 AND task_id = $2;

-- name: property_version
-- How far a property has been told.
SELECT version FROM property WHERE property_id = $1;

-- name: load_facts
-- What was written of bookings after a version.
SELECT line, event, facts::text AS facts
FROM history
WHERE property_id = $1 AND version > $2
ORDER BY version;

-- name: update_stay
-- A plain change of a stay's columns, as a PMS may write it.
UPDATE stay s SET
    status = n.status, arrival = n.arrival, departure = n.departure, adults = n.adults,
    children = n.children, booked_category = n.booked_category,
    manual_category_code = n.manual_category_code, pinned_room = n.pinned_room, held = n.held,
    rooms = n.rooms, last_room = n.last_room, rate_plan = n.rate_plan, amount = n.amount,
    currency = n.currency, comments = n.comments, guest_names = n.guest_names,
    staff_note = n.staff_note, cancelled_by = n.cancelled_by, base = n.base
FROM stay o, jsonb_populate_record(o, $4::jsonb) n
WHERE o.property_id = $1 AND o.reservation_id = $2 AND o.line = $3
  AND s.property_id = o.property_id AND s.reservation_id = o.reservation_id AND s.line = o.line;

-- name: update_booking
-- A plain change of a booking's columns, as a PMS may write it.
UPDATE reservation r SET
    booker_name = n.booker_name, contact_email = n.contact_email, base = n.base,
    contact_phone = n.contact_phone, contact_address = n.contact_address, country = n.country,
    language = n.language, booking_comments = n.booking_comments, payment = n.payment,
    cancellation_fee = n.cancellation_fee, invoice_contact = n.invoice_contact,
    ota_room_policy = n.ota_room_policy
FROM reservation o, jsonb_populate_record(o, $3::jsonb) n
WHERE o.property_id = $1 AND o.reservation_id = $2
  AND r.property_id = o.property_id AND r.reservation_id = o.reservation_id;

-- name: save_hotel_property
-- The property itself, as it was.
INSERT INTO property AS p (property_id, name, timezone, currency, policy, own_email_addresses)
SELECT n.property_id, n.name, n.timezone, n.currency, n.policy, n.own_email_addresses
FROM jsonb_populate_record(NULL::property, $1::jsonb) n
ON CONFLICT (property_id) DO UPDATE
SET name = excluded.name, timezone = excluded.timezone, currency = excluded.currency,
    policy = excluded.policy, own_email_addresses = excluded.own_email_addresses;

-- name: drop_hotel_blocks
-- Blocks that were lifted, or are another's room or nights now.
DELETE FROM block b
WHERE b.property_id = $1
  AND NOT EXISTS (SELECT FROM jsonb_populate_recordset(NULL::block, $2::jsonb) n
                  WHERE n.block_id = b.block_id
                    AND (n.room, n.from_date, n.to_date) = (b.room, b.from_date, b.to_date));

-- name: save_hotel_categories
-- The categories, as they were.
INSERT INTO category AS c
SELECT * FROM jsonb_populate_recordset(NULL::category, $1::jsonb)
ON CONFLICT (property_id, category) DO UPDATE
SET name = excluded.name, capacity = excluded.capacity, rank = excluded.rank,
    units = excluded.units
WHERE c IS DISTINCT FROM excluded;

-- name: save_hotel_rooms
-- The rooms, as they were.
INSERT INTO room AS r
SELECT * FROM jsonb_populate_recordset(NULL::room, $1::jsonb)
ON CONFLICT (property_id, room) DO UPDATE
SET category = excluded.category, capacity = excluded.capacity, position = excluded.position,
    is_active = excluded.is_active
WHERE r IS DISTINCT FROM excluded;

-- name: drop_hotel_rooms
-- Rooms that the hotel had no longer.
DELETE FROM room r
WHERE r.property_id = $1
  AND r.room NOT IN (SELECT n.room FROM jsonb_populate_recordset(NULL::room, $2::jsonb) n);

-- name: drop_hotel_categories
-- Categories that the hotel had no longer.
DELETE FROM category c
WHERE c.property_id = $1
  AND c.category NOT IN (SELECT n.category
                         FROM jsonb_populate_recordset(NULL::category, $2::jsonb) n);

-- name: save_hotel_channels
-- The channels, as they were.
INSERT INTO channel AS h
SELECT * FROM jsonb_populate_recordset(NULL::channel, $1::jsonb)
ON CONFLICT (property_id, channel) DO UPDATE
SET aliases = excluded.aliases, categories = excluded.categories,
    rate_plans = excluded.rate_plans
WHERE h IS DISTINCT FROM excluded;

-- name: drop_hotel_channels
-- Channels that the hotel had no longer.
DELETE FROM channel h
WHERE h.property_id = $1
  AND h.channel NOT IN (SELECT n.channel
                        FROM jsonb_populate_recordset(NULL::channel, $2::jsonb) n);

-- name: save_hotel_blocks
-- The blocks, as they were, under their numbers; stays that had not begun leave the rooms.
INSERT INTO block (property_id, block_id, room, from_date, to_date, reason, actor)
OVERRIDING SYSTEM VALUE
SELECT n.property_id, n.block_id, n.room, n.from_date, n.to_date, n.reason, n.actor
FROM jsonb_populate_recordset(NULL::block, $1::jsonb) n
WHERE NOT EXISTS (SELECT FROM block b
                  WHERE b.property_id = n.property_id AND b.block_id = n.block_id)
ORDER BY n.block_id;

-- name: load_state
-- Every row that tells of a property's bookings, by natural key, as JSON without numbers of ours.
WITH named AS (
    SELECT r.reservation_id, r.channel || '/' || r.reference AS booking
    FROM reservation r
    WHERE r.property_id = $1
    UNION ALL
    -- A reservation that is gone is known by its messages.
    SELECT m.reservation_id, max(m.channel || '/' || m.reference)
    FROM message m
    WHERE m.property_id = $1 AND m.reservation_id IS NOT NULL
      AND NOT EXISTS (SELECT FROM reservation r
                      WHERE r.property_id = $1 AND r.reservation_id = m.reservation_id)
    GROUP BY m.reservation_id
), rows AS (
    SELECT 'booking' AS kind, r.reservation_id, '' AS part, 0::bigint AS place,
           to_jsonb(r) - ARRAY['reservation_id', 'confirmation_number', 'replaced_by']
           || jsonb_build_object(
               'replaced_by', (SELECT h.booking FROM named h
                                WHERE h.reservation_id = r.replaced_by),
               'references', (SELECT jsonb_agg(rr.reference ORDER BY rr.reference)
                                FROM reservation_reference rr
                               WHERE rr.property_id = $1
                                 AND rr.reservation_id = r.reservation_id),
               'messages_handled', (SELECT jsonb_agg(k.message_id ORDER BY k.message_id)
                                      FROM kept_revision k
                                     WHERE k.property_id = $1
                                       AND k.reservation_id = r.reservation_id)) AS doc
    FROM reservation r
    WHERE r.property_id = $1
    UNION ALL
    SELECT 'stay', s.reservation_id, s.line, 0,
           to_jsonb(s) - ARRAY['reservation_id', 'line'] || jsonb_build_object(
               'nights', (SELECT jsonb_agg(jsonb_build_array(n.night, n.room) ORDER BY n.night)
                            FROM room_night n
                           WHERE n.property_id = $1 AND n.reservation_id = s.reservation_id
                             AND n.line = s.line))
    FROM stay s
    WHERE s.property_id = $1
    UNION ALL
    -- How often the planner looked again at proposals is not told; nor are they compared.
    SELECT 'task', t.reservation_id, coalesce(t.line, ''), 0,
           jsonb_build_object('reason', t.reason, 'notice', t.notice, 'state', t.state,
                              'details', t.details, 'opened_by_message', t.opened_by_message,
                              'closed_by', t.closed_by)
    FROM task t
    WHERE t.property_id = $1
    UNION ALL
    SELECT 'event', h.reservation_id, coalesce(h.line, ''), h.version,
           jsonb_build_object('event', h.event, 'actor_type', h.actor_type, 'actor', h.actor,
                              'facts', h.facts, 'reason', h.reason, 'rule', h.rule,
                              'message_id', h.message_id, 'revision', h.revision)
    FROM history h
    WHERE h.property_id = $1 AND h.reservation_id IS NOT NULL
    UNION ALL
    SELECT 'message', m.reservation_id,
           format('%s/%s@%s %s', m.topic, m.partition, m."offset", m.ordinal), 0,
           jsonb_build_object('outcome', m.outcome, 'outcome_reason', m.outcome_reason,
                              'message_id', m.message_id, 'revision', m.revision,
                              'today', m.today)
    FROM message m
    WHERE m.property_id = $1 AND m.outcome <> 'parked' AND m.reservation_id IS NOT NULL
)
SELECT coalesce(n.booking, 'reservation ' || r.reservation_id) AS booking, r.kind, r.part,
       r.doc::text AS doc
FROM rows r
LEFT JOIN named n USING (reservation_id)
ORDER BY 1, r.kind, r.place, r.part, r.doc::text;
