-- name: list
-- Messages set aside, by property, state and text; the oldest first.
SELECT p.parked_id, p.property_id, p.topic, p.partition, p."offset", p.ordinal, p.recorded_at,
       p.message_id, p.channel, p.reference, p.completeness, p.reason, p.detail, p.format,
       p.body_bytes, p.state, p.parked_at, p.closed_at, p.closed_by
  FROM parked AS p
 WHERE ($1::text IS NULL OR p.property_id = $1)
   AND ($2::text IS NULL OR p.reference = $2)
   AND ($3::boolean OR p.state = 'parked')
   AND ($4::text IS NULL OR strpos(lower(concat_ws(' ',
        p.reason, p.detail, p.reference, p.message_id, p.topic)), lower($4)) > 0)
 ORDER BY p.parked_id;

-- name: show
-- One message set aside, with its body, which lies with the first that was parked of its record.
SELECT p.parked_id, p.property_id, p.topic, p.partition, p."offset", p.ordinal, p.recorded_at,
       p.message_id, p.channel, p.reference, p.replaces, p.completeness, p.reason, p.detail,
       p.format, coalesce(whole.headers, p.headers) AS headers, whole.body, p.body_sha256,
       p.body_bytes, p.state, p.parked_at, p.closed_at, p.closed_by
  FROM parked AS p
  LEFT JOIN LATERAL (
       SELECT first.body, first.headers
         FROM parked AS first
        WHERE first.topic = p.topic AND first.partition = p.partition
          AND first."offset" = p."offset" AND first.recorded_at = p.recorded_at
          AND first.body IS NOT NULL
        ORDER BY first.ordinal <> p.ordinal, first.ordinal
        LIMIT 1) AS whole ON true
 WHERE p.parked_id = $1;

-- name: next
-- The next message still set aside, in the order in which they came.
SELECT p.parked_id FROM parked AS p
 WHERE p.state = 'parked' AND p.parked_id > $1
 ORDER BY p.parked_id LIMIT 1;
