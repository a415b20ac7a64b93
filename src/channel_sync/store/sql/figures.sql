-- name: open_tasks
-- Open tasks by reason: how many of each age, and how old the oldest is.
SELECT reason,
       count(*) FILTER (WHERE opened_at > now() - interval '1 hour') AS hour,
       count(*) FILTER (WHERE opened_at <= now() - interval '1 hour'
                          AND opened_at > now() - interval '1 day') AS day,
       count(*) FILTER (WHERE opened_at <= now() - interval '1 day') AS older,
       extract(epoch FROM now() - min(opened_at))::float8 AS oldest_seconds
  FROM task
 WHERE state = 'open'
 GROUP BY reason;

-- name: urgent_seconds
-- How long the oldest task waits that is no notice and whose guest comes by tomorrow or is there.
SELECT coalesce(max(extract(epoch FROM now() - t.opened_at)), 0)::float8
  FROM task AS t
  JOIN property AS p USING (property_id)
  JOIN stay AS s USING (property_id, reservation_id)
 WHERE t.state = 'open' AND NOT t.notice
   AND (t.line IS NULL OR s.line = t.line)
   AND s.status IN ('confirmed', 'checked_in')
   AND s.arrival <= property_day(p.timezone, p.policy) + 1;

-- name: parked
-- Messages set aside by the word their reason begins with: how many, and how old the oldest is.
SELECT coalesce(substring(reason FROM '^[a-z][a-z0-9_]{0,39}'), 'other') AS reason,
       count(*) AS messages,
       extract(epoch FROM now() - min(parked_at))::float8 AS oldest_seconds
  FROM parked
 WHERE state = 'parked'
 GROUP BY 1;
