-- What a PMS, a gateway and the listings read. Columns bear the names of the JSON of the listings.

CREATE VIEW v_stay AS
SELECT s.property_id, r.channel, r.reference, s.line, s.base ->> 'channel_line' AS channel_line,
       s.status, s.arrival, s.departure, s.adults, s.children, s.booked_category,
       own.category AS assigned_category, here.room, to_jsonb(s.rooms) AS rooms, s.held,
       s.manual_category_code IS NOT NULL AS manual_category,
       s.pinned_room IS NOT NULL AS pinned, s.pinned_room, s.rate_plan, s.amount, s.currency,
       s.comments, r.booking_comments, s.staff_note,
       NULL::bigint AS guest_id, NULL::bigint AS booker_guest_id,
       r.booker_name, r.contact_email, r.contact_phone, r.contact_address, r.invoice_contact,
       r.payment, r.cancellation_fee, r.ota_room_policy, r.created_from_modification,
       r.confirmation_number, r.revision, s.guest_names, r.country, r.language
  FROM stay AS s
  JOIN reservation AS r USING (property_id, reservation_id)
  JOIN property AS p USING (property_id)
  LEFT JOIN LATERAL (SELECT room_of(s.rooms, property_day(p.timezone, p.policy)) AS room
                      WHERE s.rooms <> '{}') AS here ON true
  LEFT JOIN room AS own ON own.property_id = s.property_id AND own.room = here.room
 WHERE r.replaced_by IS NULL;
COMMENT ON VIEW v_stay IS 'Every stay as the hotel holds it, with its booking.';
COMMENT ON COLUMN v_stay.line IS 'Ours; it never changes. The channel''s is channel_line.';
COMMENT ON COLUMN v_stay.room IS 'The room of property-local today, or of arrival; null: none.';
COMMENT ON COLUMN v_stay.rooms IS 'All allocations: room, from_date, to_date (half-open).';
COMMENT ON COLUMN v_stay.guest_id IS 'Null until guests are linked.';
COMMENT ON COLUMN v_stay.booker_guest_id IS 'Null until guests are linked.';

CREATE FUNCTION shown_facts(facts jsonb) RETURNS TABLE (field text, old text, new text)
LANGUAGE sql IMMUTABLE AS $$
    SELECT shown.field, shown.fact #>> '{0}', shown.fact #>> '{1}'
      FROM jsonb_each(facts) AS f(field, fact),
           LATERAL (
               SELECT f.field, f.fact WHERE f.field <> 'manual_category_code'
               UNION ALL
               -- The code itself is the program's; people see whether there is one, and the pin.
               SELECT CASE f.field WHEN 'pinned_room' THEN 'pinned' ELSE 'manual_category' END,
                      jsonb_build_array(f.fact -> 0 <> 'null', f.fact -> 1 <> 'null')
                WHERE f.field IN ('manual_category_code', 'pinned_room')
                  AND (f.fact -> 0 = 'null') <> (f.fact -> 1 = 'null')
           ) AS shown(field, fact)
     WHERE f.field !~ '^(base|booking_base)(\.|$)'
       AND f.field NOT IN ('to_place', 'last_room', 'room_chosen_by_staff', 'cancelled_by',
                           'is_tombstone', 'replaced_by', 'references', 'status_order', 'content_order', 'arrived', 'revision',
                           'last_content_hash')
$$;
COMMENT ON FUNCTION shown_facts IS 'The facts of a row of history that are columns of v_stay.';

CREATE VIEW v_history AS
SELECT h.property_id, h.version, r.reference, h.line, h.at, h.actor_type, h.actor, h.event,
       f.field, f.old, f.new, h.reason, h.message_id, h.revision
  FROM history AS h
  LEFT JOIN reservation AS r USING (property_id, reservation_id)
  LEFT JOIN LATERAL shown_facts(h.facts) AS f ON true;
COMMENT ON VIEW v_history IS
    'What happened, a row for each value that changed; read on with version > the last one seen.';
COMMENT ON COLUMN v_history.reference IS 'The newest reference of the reservation.';
COMMENT ON COLUMN v_history.field IS
    'A column of v_stay; null where the event changed nothing that v_stay shows.';

CREATE VIEW v_task AS
SELECT t.property_id, t.task_id, r.reference, t.line, t.reason, t.notice, t.state, t.details,
       t.proposals,
       (SELECT min(s.arrival) FROM stay AS s
         WHERE s.property_id = t.property_id AND s.reservation_id = t.reservation_id
           AND (s.line = t.line OR t.line IS NULL)) AS arrival,
       t.opened_at, t.opened_by_message, t.closed_at, t.closed_by
  FROM task AS t
  JOIN reservation AS r USING (property_id, reservation_id);
COMMENT ON VIEW v_task IS 'What a person is asked to do, and what became of it.';
COMMENT ON COLUMN v_task.arrival IS
    'Of the stay; of the booking''s first stay where the task concerns the booking as a whole.';

CREATE VIEW v_message AS
SELECT m.property_id, m.topic, m.partition, m."offset", m.message_id, m.reference, m.outcome,
       m.outcome_reason, m.outcome_detail, m.order_basis, m.received_at, m.applied_at
  FROM message AS m;
COMMENT ON VIEW v_message IS 'Every reservation of every message consumed has exactly one outcome.';

CREATE VIEW v_receipt AS
SELECT m.property_id, m.channel, m.reference, m.message_id,
       m.outcome <> 'parked' AS accepted, r.confirmation_number,
       CASE WHEN m.outcome = 'parked'
            THEN concat_ws(': ', m.outcome_reason, nullif(m.outcome_detail, '')) END AS error
  FROM message AS m
  LEFT JOIN reservation AS r USING (property_id, reservation_id);
COMMENT ON VIEW v_receipt IS 'What a gateway answers the channel, for each message.';

-- Availability -------------------------------------------------------------------------------

CREATE FUNCTION availability(property_id text, "from" date, "to" date)
RETURNS TABLE (category text, night date, rooms integer, blocked integer, sold integer,
               assigned integer, free integer)
-- Without jit: the planner guesses high, and compiling takes a second where counting takes 20 ms.
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = channel_sync, pg_temp SET jit = off AS $$
    WITH nights AS (
        SELECT $2 + i AS night FROM generate_series(0, $3 - $2 - 1) AS i
    ), by_room AS (
        -- By the room: who stands in it, whatever was booked.
        SELECT r.category, held.night,
               count(*) FILTER (WHERE held.block_id IS NOT NULL AND r.is_active) AS blocked,
               count(*) FILTER (WHERE held.block_id IS NULL) AS assigned,
               count(*) FILTER (WHERE r.is_active) AS taken
          FROM room_night AS held
          JOIN room AS r USING (property_id, room)
         WHERE held.property_id = $1 AND held.night >= $2 AND held.night < $3
         GROUP BY r.category, held.night
    ), live AS (
        SELECT s.reservation_id, s.line, s.arrival, s.departure, s.booked_category, s.rooms,
               -- A hold in the category it waits for is counted as occupied already.
               s.held AND s.booked_category IS DISTINCT FROM
                   (SELECT r.category FROM room AS r
                     WHERE r.property_id = $1 AND r.room = s.rooms[1].room) AS waits_elsewhere
          FROM stay AS s
         WHERE s.property_id = $1 AND s.departure > $2 AND s.arrival < $3
           AND s.status IN ('confirmed', 'checked_in')
    ), by_booking AS (
        -- By what was booked, and of those who still needs a room of it.
        SELECT l.booked_category AS category, $2 + i AS night, count(*) AS sold,
               count(*) FILTER (WHERE l.waits_elsewhere OR NOT EXISTS (
                   SELECT FROM unnest(l.rooms) AS a
                    WHERE $2 + i >= a.from_date AND $2 + i < a.to_date)) AS waiting
          FROM live AS l,
               generate_series(greatest(l.arrival, $2) - $2, least(l.departure, $3) - $2 - 1) AS i
         GROUP BY l.booked_category, $2 + i
    ), by_extension AS (
        -- Nights that a guest in house asked for and that a person has not yet granted.
        SELECT coalesce((SELECT r.category FROM room AS r
                          WHERE r.property_id = $1
                            AND r.room = s.rooms[cardinality(s.rooms)].room),
                        s.booked_category) AS category,
               n.night, count(*) AS waiting
          FROM task AS t
          CROSS JOIN LATERAL jsonb_array_elements(t.details -> 'changes') AS c
          JOIN stay AS s ON s.property_id = t.property_id
               AND s.reservation_id = t.reservation_id
               AND s.line = coalesce(c ->> 'line', t.line)
          JOIN nights AS n ON n.night >= s.departure AND n.night < (c ->> 'new')::date
         WHERE t.property_id = $1 AND t.state = 'open' AND t.reason = 'in_house_change'
           AND c ->> 'field' = 'departure' AND s.status IN ('confirmed', 'checked_in')
         GROUP BY 1, 2
    ), capacity AS MATERIALIZED (
        SELECT c.category, c.rank,
               coalesce(c.units, (SELECT count(*) FROM room AS r
                                   WHERE r.property_id = $1 AND r.category = c.category
                                     AND r.is_active)) AS rooms
          FROM category AS c
         WHERE c.property_id = $1
    )
    SELECT c.category, n.night, c.rooms::integer, coalesce(room.blocked, 0)::integer,
           coalesce(booked.sold, 0)::integer, coalesce(room.assigned, 0)::integer,
           (c.rooms - coalesce(room.taken, 0) - coalesce(booked.waiting, 0)
                    - coalesce(extension.waiting, 0))::integer
      FROM capacity AS c
     CROSS JOIN nights AS n
      LEFT JOIN by_room AS room ON room.category = c.category AND room.night = n.night
      LEFT JOIN by_booking AS booked ON booked.category = c.category AND booked.night = n.night
      LEFT JOIN by_extension AS extension
             ON extension.category = c.category AND extension.night = n.night
     ORDER BY c.rank, n.night
$$;
COMMENT ON FUNCTION availability IS
    'Per category and night, from inclusive, to exclusive. free may be negative.';

CREATE VIEW v_availability AS
SELECT p.property_id, a.category, a.night, a.rooms, a.blocked, a.sold, a.assigned, a.free
  FROM property AS p
 CROSS JOIN LATERAL (SELECT property_day(p.timezone, p.policy) AS today) AS day
 CROSS JOIN LATERAL availability(p.property_id, day.today, day.today + 400) AS a;
COMMENT ON VIEW v_availability IS 'The next 400 days of availability.';
