-- name: property
-- The name of a property and its day at the front desk.
SELECT p.name, property_day(p.timezone, p.policy) AS today
  FROM property AS p WHERE p.property_id = $1;

-- name: rooms
-- Rooms in room order, categories in rank order.
SELECT r.room, r.category, r.is_active
  FROM room AS r
  JOIN category AS c USING (property_id, category)
 WHERE r.property_id = $1
 ORDER BY c.rank, c.category, r.position, r.room;

-- name: spans
-- Who has a room on these nights: stays, and blocks (without a reference).
SELECT a.room, s.booked_category AS category, a.from_date, a.to_date, r.reference, s.line, s.held,
       coalesce(s.pinned_room = a.room, false) AS pinned,
       s.status = 'checked_in' OR (s.status = 'confirmed' AND s.arrival < $4) AS begun,
       asked.reason AS why
  FROM stay AS s
 CROSS JOIN LATERAL unnest(s.rooms) AS a
  JOIN reservation AS r USING (property_id, reservation_id)
  LEFT JOIN LATERAL (
       SELECT t.reason FROM task AS t
        WHERE t.property_id = s.property_id AND t.reservation_id = s.reservation_id
          AND t.line = s.line AND t.state = 'open' AND s.held AND t.reason IN
              ('no_room', 'pinned_room_conflict', 'over_capacity', 'unmapped_category')
        LIMIT 1) AS asked ON true
 WHERE s.property_id = $1 AND s.departure >= $2 AND s.arrival < $3
   AND a.to_date > $2 AND a.from_date < $3 AND a.to_date > a.from_date
UNION ALL
SELECT b.room, NULL, b.from_date, b.to_date, NULL, NULL, false, false, false, b.reason
  FROM block AS b
 WHERE b.property_id = $1 AND b.to_date > $2 AND b.from_date < $3
 ORDER BY 1, 3, 5;

-- name: waiting
-- Stays of these nights that have no room and need one, with why a person is asked.
SELECT NULL::text AS room, s.booked_category AS category, s.arrival AS from_date,
       s.departure AS to_date, r.reference, s.line, false AS held,
       false AS pinned, s.arrival < $4 AS begun,
       concat_ws(': ', asked.reason, asked.why) AS why
  FROM stay AS s
  JOIN reservation AS r USING (property_id, reservation_id)
  LEFT JOIN LATERAL (
       SELECT t.reason, t.details ->> 'why' AS why FROM task AS t
        WHERE t.property_id = s.property_id AND t.reservation_id = s.reservation_id
          AND t.line = s.line AND t.state = 'open' AND t.reason IN
              ('no_room', 'pinned_room_conflict', 'over_capacity', 'unmapped_category')
        LIMIT 1) AS asked ON true
 WHERE s.property_id = $1 AND s.status = 'confirmed' AND s.rooms = '{}'
   AND s.departure > s.arrival AND s.departure > $2 AND s.arrival < $3
   AND r.replaced_by IS NULL
   AND (asked.reason IS NOT NULL OR s.booked_category IS NULL OR NOT EXISTS (
        SELECT FROM category AS c WHERE c.property_id = s.property_id
           AND c.category = s.booked_category AND c.units IS NOT NULL))
 ORDER BY s.arrival, r.reference, s.line;

-- name: counted
-- How many stays each counted category has on each of these nights.
SELECT c.category, c.units, $2::date + i AS night, count(s.line)::integer AS stays
  FROM category AS c
 CROSS JOIN generate_series(0, $3::date - $2::date - 1) AS i
  LEFT JOIN stay AS s ON s.property_id = c.property_id AND s.booked_category = c.category
       AND s.status IN ('confirmed', 'checked_in') AND (s.rooms = '{}' OR s.held)
       AND s.arrival <= $2::date + i AND s.departure > $2::date + i
 WHERE c.property_id = $1 AND c.units IS NOT NULL
 GROUP BY c.rank, c.category, c.units, i
 ORDER BY c.rank, c.category, i;
