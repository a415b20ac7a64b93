-- name: is_known
-- Whether there is a property of that id, asked by a function that a PMS may call too.
SELECT property_today($1) IS NOT NULL;

-- name: stays
-- Stays by property, whether they are open, nights and text.
SELECT s.*
  FROM v_stay AS s
 WHERE ($1::text IS NULL OR s.property_id = $1)
   AND ($2::text IS NULL OR (s.property_id, s.channel, s.reference) IN
        (SELECT r.property_id, r.channel, r.reference
           FROM reservation_reference AS known
           JOIN reservation AS r USING (property_id, reservation_id)
          WHERE known.reference = $2 AND ($1 IS NULL OR known.property_id = $1)))
   AND (NOT $3::boolean OR s.status IN ('confirmed', 'checked_in'))
   AND ($4::date IS NULL OR s.departure > $4)
   AND ($5::date IS NULL OR s.arrival < $5)
   AND ($6::text IS NULL OR strpos(lower(concat_ws(' ',
        s.reference, s.channel, s.status, s.room, s.booked_category, s.assigned_category,
        s.booker_name, s.contact_email, s.contact_phone, s.comments, s.booking_comments,
        s.staff_note, s.confirmation_number)), lower($6)) > 0)
 ORDER BY s.property_id, s.arrival, s.reference, s.line;

-- name: history
-- Rows of history in their order, by property, booking, time and text.
SELECT h.*
  FROM v_history AS h
 WHERE ($1::text IS NULL OR h.property_id = $1)
   AND ($2::text IS NULL OR (h.property_id, h.reference) IN
        (SELECT r.property_id, r.reference
           FROM reservation_reference AS known
           JOIN reservation AS r USING (property_id, reservation_id)
          WHERE known.reference = $2 AND ($1 IS NULL OR known.property_id = $1)))
   AND ($3::date IS NULL OR h.at >= $3)
   AND ($4::date IS NULL OR h.at < $4)
   AND ($5::text IS NULL OR strpos(lower(concat_ws(' ',
        h.reference, h.actor, h.event, h.field, h.old, h.new, h.reason, h.message_id)),
        lower($5)) > 0)
 ORDER BY h.property_id, h.version, h.field;

-- name: tasks
-- Tasks by property, booking, state, arrival and text; the next arrival first.
SELECT t.*
  FROM v_task AS t
 WHERE ($1::text IS NULL OR t.property_id = $1)
   AND ($2::text IS NULL OR (t.property_id, t.reference) IN
        (SELECT r.property_id, r.reference
           FROM reservation_reference AS known
           JOIN reservation AS r USING (property_id, reservation_id)
          WHERE known.reference = $2 AND ($1 IS NULL OR known.property_id = $1)))
   AND (NOT $3::boolean OR t.state = 'open')
   AND ($4::date IS NULL OR t.arrival >= $4)
   AND ($5::date IS NULL OR t.arrival < $5)
   AND ($6::text IS NULL OR strpos(lower(concat_ws(' ',
        t.reference, t.reason, t.state, t.closed_by, t.details)), lower($6)) > 0)
 ORDER BY t.property_id, t.arrival, t.task_id;

-- name: messages
-- Messages in the order received, by property, reference, outcome, time and text.
SELECT m.*
  FROM v_message AS m
 WHERE ($1::text IS NULL OR m.property_id = $1)
   AND ($2::text IS NULL OR m.reference = $2)
   AND (NOT $3::boolean OR m.outcome IN ('parked', 'deferred'))
   AND ($4::date IS NULL OR m.received_at >= $4)
   AND ($5::date IS NULL OR m.received_at < $5)
   AND ($6::text IS NULL OR strpos(lower(concat_ws(' ',
        m.reference, m.outcome, m.outcome_reason, m.message_id, m.topic)), lower($6)) > 0)
 ORDER BY m.received_at, m.topic, m.partition, m."offset", m.reference;

-- name: availability
-- Nights of every category, from today for two weeks unless said.
SELECT p.property_id, a.*
  FROM property AS p
 CROSS JOIN LATERAL (SELECT coalesce($2::date, property_day(p.timezone, p.policy)) AS first) AS day
 CROSS JOIN LATERAL availability(p.property_id, day.first, coalesce($3::date, day.first + 14)) AS a
 WHERE ($1::text IS NULL OR p.property_id = $1)
   AND ($4::text IS NULL OR lower(a.category) = lower($4))
 ORDER BY p.property_id, a.night, a.category;

-- name: guests
-- Guests by property, booking (as main guest or booker) and text.
SELECT g.*
  FROM v_guest AS g
 WHERE ($1::text IS NULL OR g.property_id = $1)
   AND ($2::text IS NULL OR (g.property_id, g.guest_id) IN
        (SELECT s.property_id, unnest(ARRAY[s.guest_id, s.booker_guest_id])
           FROM v_stay AS s
          WHERE ($1 IS NULL OR s.property_id = $1) AND s.reference = $2))
   AND ($3::text IS NULL OR strpos(lower(concat_ws(' ',
        g.guest_number, g.name, g.email, g.phone)), lower($3)) > 0)
 ORDER BY g.property_id, g.guest_id;
