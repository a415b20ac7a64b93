-- name: lock_properties
-- The properties of a slice in order of id, locked until it commits, with their versions.
SELECT property_id, version
FROM property
WHERE property_id = ANY($1::text[])
ORDER BY property_id
FOR NO KEY UPDATE;

-- name: load_reservations
-- The reservations of these references, whole and locked, as JSON; null for an unknown one.
WITH asked AS (
    SELECT DISTINCT property_id, channel, reference
    FROM unnest($1::text[], $2::text[], $3::text[]) AS a(property_id, channel, reference)
), known AS (
    SELECT rr.property_id, rr.channel, rr.reference, rr.reservation_id
    FROM reservation_reference rr
    JOIN asked USING (property_id, channel, reference)
), locked AS MATERIALIZED (
    SELECT r.*
    FROM reservation r
    WHERE (r.property_id, r.reservation_id) IN (SELECT property_id, reservation_id FROM known)
    ORDER BY r.property_id, r.reservation_id
    FOR UPDATE
), stays AS MATERIALIZED (
    SELECT s.*
    FROM stay s
    WHERE (s.property_id, s.reservation_id) IN (SELECT property_id, reservation_id FROM known)
    ORDER BY s.property_id, s.reservation_id, s.line
    FOR UPDATE
)
SELECT a.property_id, a.channel, a.reference, k.reservation_id,
       CASE WHEN r.reservation_id IS NULL THEN NULL ELSE (
           to_jsonb(r) || jsonb_build_object(
               'cancellation_fee', r.cancellation_fee::text,
               'references', (
                   SELECT jsonb_agg(o.reference ORDER BY o.reference)
                   FROM reservation_reference o
                   WHERE o.property_id = r.property_id AND o.reservation_id = r.reservation_id),
               'stays', coalesce((
                   SELECT jsonb_agg(to_jsonb(s) || jsonb_build_object('amount', s.amount::text)
                                    ORDER BY length(s.line), s.line)
                   FROM stays s
                   WHERE s.property_id = r.property_id AND s.reservation_id = r.reservation_id),
                   '[]'),
               'tasks', coalesce((
                   SELECT jsonb_agg(to_jsonb(t) ORDER BY t.task_id)
                   FROM task t
                   WHERE t.property_id = r.property_id AND t.reservation_id = r.reservation_id
                     AND t.state = 'open'), '[]'))
       )::text END AS reservation
FROM asked a
LEFT JOIN known k USING (property_id, channel, reference)
LEFT JOIN locked r ON r.property_id = k.property_id AND r.reservation_id = k.reservation_id;

-- name: load_kept
-- What was kept of earlier revisions that these might repeat: by their id or by their content.
SELECT k.property_id, k.reservation_id, k.message_id, (k.revision_order).basis AS basis,
       (k.revision_order).value AS value, (k.revision_order).source AS source, k.content_hash
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[])
     AS a(property_id, channel, reference, message_id, content_hash)
JOIN reservation_reference rr USING (property_id, channel, reference)
JOIN kept_revision k ON k.property_id = rr.property_id AND k.reservation_id = rr.reservation_id
 AND (k.message_id = a.message_id OR k.content_hash = a.content_hash)
GROUP BY k.property_id, k.reservation_id, k.message_id;

-- name: load_blocked
-- The references that have a parked message which later ones must not overtake.
-- A retry ($4) waits only for those that were parked before it.
WITH asked AS (
    SELECT DISTINCT property_id, channel, reference
    FROM unnest($1::text[], $2::text[], $3::text[]) AS a(property_id, channel, reference)
), kin AS (
    SELECT property_id, channel, reference, reference AS known_as
    FROM asked
    UNION
    SELECT a.property_id, a.channel, a.reference, other.reference
    FROM asked a
    JOIN reservation_reference mine USING (property_id, channel, reference)
    JOIN reservation_reference other
      ON other.property_id = mine.property_id AND other.reservation_id = mine.reservation_id
)
SELECT DISTINCT k.property_id, k.channel, k.reference
FROM kin k
JOIN parked p ON p.property_id = k.property_id AND p.channel = k.channel
 AND (p.reference = k.known_as OR k.known_as = ANY (p.replaces))
WHERE p.state = 'parked' AND p.completeness IN ('partial', 'cancel_only')
  AND ($4::bigint IS NULL OR p.parked_id < $4);

-- name: load_guests
-- The guests under these e-mails and of these ids, as JSON, and whom they were merged into.
-- Each is looked up by itself (OFFSET 0 keeps it so): a join would read every guest there is.
WITH RECURSIVE asked AS (
    SELECT found.property_id, found.guest_id
    FROM unnest($1::text[], $2::text[]) AS a(property_id, email_key),
         LATERAL (SELECT g.property_id, g.guest_id FROM guest g
                  WHERE g.property_id = a.property_id AND g.email_key = a.email_key
                  OFFSET 0) AS found
    UNION ALL
    SELECT found.property_id, found.guest_id
    FROM unnest($1::text[], $2::text[]) AS a(property_id, email_key),
         LATERAL (SELECT g.property_id, g.guest_id FROM guest g
                  WHERE g.property_id = a.property_id AND g.separated_from = a.email_key
                  OFFSET 0) AS found
    UNION ALL
    SELECT property_id, guest_id FROM unnest($3::text[], $4::bigint[]) AS a(property_id, guest_id)
), chain AS (
    SELECT property_id, guest_id FROM asked
    UNION
    SELECT c.property_id, merged.merged_into
    FROM chain c,
         LATERAL (SELECT g.merged_into FROM guest g
                  WHERE g.property_id = c.property_id AND g.guest_id = c.guest_id
                    AND g.merged_into IS NOT NULL
                  OFFSET 0) AS merged
)
SELECT whole.guest
FROM chain c,
     LATERAL (SELECT (to_jsonb(g) || jsonb_build_object('bookings', (
                  SELECT count(*) FROM reservation r
                  WHERE r.property_id = g.property_id AND r.guest_id = g.guest_id)))::text AS guest
              FROM guest g
              WHERE g.property_id = c.property_id AND g.guest_id = c.guest_id
              OFFSET 0) AS whole;

-- name: release_email_keys
-- A key that leaves one guest of this slice may go to another of it.
UPDATE guest g SET email_key = NULL
FROM jsonb_populate_recordset(NULL::guest, $1::jsonb) n
WHERE g.property_id = n.property_id AND g.guest_id = n.guest_id
  AND g.email_key <> coalesce(n.email_key, '');

-- name: save_guests
-- New guests, and the new state of known ones, as far as it is the worker's to write.
INSERT INTO guest (property_id, guest_id, guest_number, name, email, phone, language, country,
                   email_key, separated_from, base, is_listed)
SELECT property_id, guest_id, guest_number, name, email, phone, language, country, email_key,
       separated_from, base, is_listed
FROM jsonb_populate_recordset(NULL::guest, $1::jsonb)
ON CONFLICT (property_id, guest_id) DO UPDATE SET
    name = excluded.name, email = excluded.email, phone = excluded.phone,
    language = excluded.language, country = excluded.country, email_key = excluded.email_key,
    separated_from = excluded.separated_from, base = excluded.base,
    is_listed = excluded.is_listed;

-- name: save_guest_history
-- What the bookings of a slice changed of guests.
INSERT INTO guest_history (property_id, guest_id, actor_type, actor, event, facts, reservation_id,
                           message_id)
SELECT property_id, guest_id, actor_type, actor, event, facts, reservation_id, message_id
FROM jsonb_populate_recordset(NULL::guest_history, $1::jsonb);

-- name: load_plans
-- Rooms held from a day on, pinned rooms waited for, and stays that are counted, by property.
SELECT p.property_id,
       coalesce((
           SELECT jsonb_agg(jsonb_build_array(n.night, n.rooms))
           FROM (SELECT rn.night, array_agg(rn.room) AS rooms
                 FROM room_night rn
                 WHERE rn.property_id = p.property_id AND rn.night >= p.from_date
                 GROUP BY rn.night) n), '[]')::text AS nights,
       coalesce((
           SELECT jsonb_agg(jsonb_build_array(s.reservation_id, s.line, s.pinned_room,
                                              greatest(s.arrival, p.from_date), s.departure))
           FROM stay s
           WHERE s.property_id = p.property_id AND s.status = 'confirmed' AND s.rooms = '{}'
             AND s.pinned_room IS NOT NULL AND s.departure > greatest(s.arrival, p.from_date)),
           '[]')::text AS promised,
       coalesce((
           SELECT jsonb_agg(jsonb_build_array(s.reservation_id, s.line, s.booked_category,
                                              s.arrival, s.departure))
           FROM stay s
           JOIN category c ON c.property_id = s.property_id AND c.category = s.booked_category
           WHERE s.property_id = p.property_id AND c.units IS NOT NULL
             AND s.status IN ('confirmed', 'checked_in') AND (s.rooms = '{}' OR s.held)
             AND s.departure > p.from_date),
           '[]')::text AS counted
FROM unnest($1::text[], $2::date[]) AS p(property_id, from_date);

-- name: load_neighbours
-- The stays ahead that may be moved to make room for another, by property and its date of today.
SELECT s.property_id, s.reservation_id, s.line, r.channel, r.reference, s.arrival, s.adults,
       s.children, s.room_chosen_by_staff, to_jsonb(s.rooms)::text AS rooms
FROM unnest($1::text[], $2::date[]) AS p(property_id, today)
JOIN stay s ON s.property_id = p.property_id AND s.departure > p.today
JOIN reservation r ON r.property_id = s.property_id AND r.reservation_id = s.reservation_id
WHERE s.status = 'confirmed' AND s.arrival > p.today AND s.rooms <> '{}'
  AND s.pinned_room IS NULL AND s.manual_category_code IS NULL AND NOT s.held AND NOT s.to_place
ORDER BY s.property_id, s.reservation_id, length(s.line), s.line;

-- name: save_reservations
-- New reservations, and the new state of known ones.
INSERT INTO reservation (
    property_id, reservation_id, channel, reference, base, booker_name, contact_email,
    contact_phone, contact_address, country, language, guest_id, booker_guest_id,
    guest_set_by_staff, booking_comments, payment, cancellation_fee, invoice_contact, ota_room_policy, created_from_modification, is_tombstone,
    replaced_by, revision, status_order, content_order, arrived, last_content_hash)
SELECT property_id, reservation_id, channel, reference, base, booker_name, contact_email,
       contact_phone, contact_address, country, language, guest_id, booker_guest_id,
       guest_set_by_staff, booking_comments, payment, cancellation_fee, invoice_contact, ota_room_policy, created_from_modification,
       is_tombstone, replaced_by, revision, status_order, content_order, arrived, last_content_hash
FROM jsonb_populate_recordset(NULL::reservation, $1::jsonb)
ON CONFLICT (property_id, reservation_id) DO UPDATE SET
    reference = excluded.reference, base = excluded.base, booker_name = excluded.booker_name,
    contact_email = excluded.contact_email, contact_phone = excluded.contact_phone,
    contact_address = excluded.contact_address, country = excluded.country,
    language = excluded.language, guest_id = excluded.guest_id,
    booker_guest_id = excluded.booker_guest_id,
    guest_set_by_staff = excluded.guest_set_by_staff,
    booking_comments = excluded.booking_comments, payment = excluded.payment, cancellation_fee = excluded.cancellation_fee,
    invoice_contact = excluded.invoice_contact, ota_room_policy = excluded.ota_room_policy,
    created_from_modification = excluded.created_from_modification,
    is_tombstone = excluded.is_tombstone, replaced_by = excluded.replaced_by,
    revision = excluded.revision,
    status_order = excluded.status_order, content_order = excluded.content_order,
    arrived = excluded.arrived, last_content_hash = excluded.last_content_hash;

-- name: save_references
-- Every reference leads to its reservation; one that was taken over leads to its heir.
INSERT INTO reservation_reference (property_id, channel, reference, reservation_id)
SELECT property_id, channel, reference, reservation_id
FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[])
     AS a(property_id, channel, reference, reservation_id)
ON CONFLICT (property_id, channel, reference)
DO UPDATE SET reservation_id = excluded.reservation_id
WHERE reservation_reference.reservation_id <> excluded.reservation_id;

-- name: update_stays
-- The new state of known stays, where their rooms are still those that were decided upon.
UPDATE stay s SET
    status = n.status, arrival = n.arrival, departure = n.departure, adults = n.adults,
    children = n.children, booked_category = n.booked_category,
    manual_category_code = n.manual_category_code, pinned_room = n.pinned_room, held = n.held,
    rooms = n.rooms, last_room = n.last_room, rate_plan = n.rate_plan, amount = n.amount,
    currency = n.currency, comments = n.comments, guest_names = n.guest_names,
    staff_note = n.staff_note, cancelled_by = n.cancelled_by,
    room_chosen_by_staff = n.room_chosen_by_staff, to_place = n.to_place, base = n.base
FROM jsonb_populate_recordset(NULL::stay, $1::jsonb) n
JOIN jsonb_populate_recordset(NULL::stay, $2::jsonb) o
  ON o.property_id = n.property_id AND o.reservation_id = n.reservation_id AND o.line = n.line
WHERE s.property_id = n.property_id AND s.reservation_id = n.reservation_id AND s.line = n.line
  AND s.rooms = o.rooms;

-- name: insert_stays
-- Stays that are new.
INSERT INTO stay SELECT * FROM jsonb_populate_recordset(NULL::stay, $1::jsonb);

-- name: save_history
-- The events of a slice, a row each, under the versions counted out to them.
INSERT INTO history (property_id, version, reservation_id, line, actor_type, actor, event, facts,
                     reason, rule, message_id, revision)
SELECT property_id, version, reservation_id, line, actor_type, actor, event, facts, reason, rule,
       message_id, revision
FROM jsonb_populate_recordset(NULL::history, $1::jsonb);

-- name: open_tasks
-- Tasks opened in this slice; one opened and closed within it is kept as closed.
INSERT INTO task (property_id, reservation_id, line, reason, notice, state, details, proposals,
                  opened_by_message, closed_at, closed_by)
SELECT property_id, reservation_id, line, reason, notice, state, details, proposals,
       opened_by_message, CASE WHEN state <> 'open' THEN now() END, closed_by
FROM jsonb_populate_recordset(NULL::task, $1::jsonb);

-- name: update_tasks
-- Known tasks renewed or closed.
UPDATE task t SET
    notice = n.notice, state = n.state, details = n.details, proposals = n.proposals,
    closed_by = n.closed_by, closed_at = CASE WHEN n.state <> 'open' THEN now() END
FROM jsonb_populate_recordset(NULL::task, $1::jsonb) n
WHERE t.property_id = n.property_id AND t.task_id = n.task_id AND t.state = 'open';

-- name: save_kept
-- What is kept of the revisions handled, so that a repeat is known.
INSERT INTO kept_revision (property_id, reservation_id, message_id, revision_order, content_hash)
SELECT property_id, reservation_id, message_id, revision_order, content_hash
FROM jsonb_populate_recordset(NULL::kept_revision, $1::jsonb)
ON CONFLICT (property_id, reservation_id, message_id) DO NOTHING;

-- name: save_messages
-- One row for each reservation of each message of the slice.
INSERT INTO message (property_id, recorded_at, topic, partition, "offset", ordinal, message_id,
                     channel, reference, reservation_id, outcome, outcome_reason, outcome_detail,
                     order_basis, revision, today, version, format, dialect, body, received_at)
SELECT property_id, recorded_at, topic, partition, "offset", ordinal, message_id, channel,
       reference, reservation_id, outcome, outcome_reason, outcome_detail, order_basis, revision,
       today, version, format, dialect, body, received_at
FROM jsonb_populate_recordset(NULL::message, $1::jsonb);

-- name: save_parked
-- Messages set aside, without card data. What is parked again keeps what was kept of it; another
-- record in its place, of a topic made anew, does not.
INSERT INTO parked (property_id, topic, partition, "offset", ordinal, recorded_at, message_id,
                    channel, reference, replaces, completeness, reason, detail, format, headers,
                    body, body_sha256, body_bytes)
SELECT property_id, topic, partition, "offset", ordinal, recorded_at, message_id, channel,
       reference, replaces, completeness, reason, detail, format, headers, body, body_sha256,
       body_bytes
FROM jsonb_populate_recordset(NULL::parked, $1::jsonb)
ON CONFLICT (topic, partition, "offset", ordinal) DO UPDATE
SET headers = CASE parked.recorded_at WHEN excluded.recorded_at THEN parked.headers
                                      ELSE excluded.headers END,
    body = CASE parked.recorded_at WHEN excluded.recorded_at THEN parked.body
                                   ELSE excluded.body END,
    body_sha256 = CASE parked.recorded_at WHEN excluded.recorded_at THEN parked.body_sha256
                                          ELSE excluded.body_sha256 END,
    body_bytes = CASE parked.recorded_at WHEN excluded.recorded_at THEN parked.body_bytes
                                         ELSE excluded.body_bytes END,
    recorded_at = excluded.recorded_at,
    property_id = excluded.property_id, message_id = excluded.message_id,
    channel = excluded.channel, reference = excluded.reference, replaces = excluded.replaces,
    completeness = excluded.completeness, reason = excluded.reason, detail = excluded.detail,
    format = excluded.format, state = 'parked', closed_at = NULL, closed_by = NULL;

-- name: bump_properties
-- The properties' counters after the slice, and whether the planner has to look.
UPDATE property p
SET version = n.version, last_reservation_id = n.last_reservation_id,
    replan_due = p.replan_due OR n.replan_due,
    last_guest_id = greatest(p.last_guest_id, n.last_guest_id)
FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::boolean[], $5::bigint[])
     AS n(property_id, version, last_reservation_id, replan_due, last_guest_id)
WHERE p.property_id = n.property_id;
