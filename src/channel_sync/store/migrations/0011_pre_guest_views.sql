-- Guests as a PMS reads them, and bookings with their guests.

CREATE OR REPLACE VIEW v_stay AS
SELECT s.property_id, r.channel, r.reference, s.line, s.base ->> 'channel_line' AS channel_line,
       s.status, s.arrival, s.departure, s.adults, s.children, s.booked_category,
       own.category AS assigned_category, here.room, to_jsonb(s.rooms) AS rooms, s.held,
       s.manual_category_code IS NOT NULL AS manual_category,
       s.pinned_room IS NOT NULL AS pinned, s.pinned_room, s.rate_plan, s.amount, s.currency,
       s.comments, r.booking_comments, s.staff_note, r.guest_id, r.booker_guest_id,
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
COMMENT ON COLUMN v_stay.guest_id IS 'The main guest; null until the worker has linked one.';
COMMENT ON COLUMN v_stay.booker_guest_id IS
    'Who is known under the booking''s e-mail, where the main guest is another.';

CREATE OR REPLACE FUNCTION shown_facts(facts jsonb)
RETURNS TABLE (field text, old text, new text)
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
                           'is_tombstone', 'replaced_by', 'references', 'status_order',
                           'content_order', 'arrived', 'revision', 'last_content_hash',
                           'guest_set_by_staff')
$$;

CREATE VIEW v_guest AS
SELECT g.property_id, g.guest_id, g.guest_number, g.name, g.email, g.phone, g.language,
       ARRAY(SELECT r.reference FROM reservation AS r
              WHERE r.property_id = g.property_id AND r.guest_id = g.guest_id
                AND r.replaced_by IS NULL
              ORDER BY r.reservation_id) AS references,
       ARRAY(SELECT r.reference FROM reservation AS r
              WHERE r.property_id = g.property_id AND r.booker_guest_id = g.guest_id
                AND r.guest_id IS DISTINCT FROM g.guest_id AND r.replaced_by IS NULL
              ORDER BY r.reservation_id) AS booked_references,
       g.blocked OR g.is_listed AS blocked, g.country,
       g.email IS NULL OR g.email_key IS NOT NULL AS email_is_usable, g.erased_at
  FROM guest AS g
 WHERE g.merged_into IS NULL;
COMMENT ON VIEW v_guest IS 'Every guest; one that was merged into another is not shown.';
COMMENT ON COLUMN v_guest.references IS 'The bookings whose main guest this is.';
COMMENT ON COLUMN v_guest.booked_references IS
    'The bookings that came in under this guest''s e-mail and whose main guest is another.';
COMMENT ON COLUMN v_guest.email_is_usable IS
    'Whether bookings find the guest by this address: not one that is no address, an alias of a '
    'channel, the hotel''s own, or one that leads to another guest.';

CREATE VIEW v_guest_history AS
SELECT h.property_id, h.guest_id, h.at, h.actor_type, h.actor, f.key AS field,
       f.value ->> 0 AS old, f.value ->> 1 AS new, r.reference, h.event, h.message_id, h.reason,
       h.guest_history_id
  FROM guest_history AS h
  LEFT JOIN LATERAL jsonb_each(h.facts) AS f ON true
  LEFT JOIN reservation AS r USING (property_id, reservation_id);
COMMENT ON VIEW v_guest_history IS
    'What was changed of guests, a row for each value, by which booking or person.';
