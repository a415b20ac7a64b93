-- Of a record of which several reservations are parked, the first keeps body and headers for all.
-- An erasure finds the guest in a body that lies with another reservation of its message.

COMMENT ON COLUMN parked.body IS
    'The whole message without card data, with the first that was parked of it; null with the others, and where it could not be scrubbed.';

CREATE OR REPLACE FUNCTION forget_parked_bodies(before timestamptz) RETURNS integer
LANGUAGE sql AS $$
    WITH forgotten AS (
        UPDATE parked AS p SET body = NULL, headers = '{}'
        WHERE (p.body IS NOT NULL OR p.headers <> '{}')
          AND NOT EXISTS (
              SELECT FROM parked AS any_of_it
              WHERE any_of_it.topic = p.topic AND any_of_it.partition = p.partition
                AND any_of_it."offset" = p."offset" AND any_of_it.recorded_at = p.recorded_at
                AND (any_of_it.state = 'parked' OR any_of_it.closed_at >= before))
        RETURNING 1
    )
    SELECT count(*)::integer FROM forgotten
$$;
COMMENT ON FUNCTION forget_parked_bodies IS
    'Ends the bodies of parked messages of which everything was closed before a time; run by migrate.';

CREATE OR REPLACE FUNCTION erase_messages(property_id text, ids bigint[], words text[])
RETURNS void
LANGUAGE plpgsql SET search_path = channel_sync, pg_temp AS $$
BEGIN
    -- The body of a message of several reservations lies with the first of them, and so it does
    -- with what is parked; its hotel may be another one.
    WITH theirs AS (
        SELECT DISTINCT m.recorded_at, m.topic, m.partition, m."offset"
          FROM message AS m
          JOIN message AS whole USING (recorded_at, topic, partition, "offset")
         WHERE m.property_id IN ($1, '') AND whole.ordinal = 0
           AND (m.reservation_id = ANY (ids)
                OR (m.channel, m.reference) IN (
                       SELECT rr.channel, rr.reference FROM reservation_reference AS rr
                        WHERE rr.property_id = $1 AND rr.reservation_id = ANY (ids))
                OR names_any(whole.body, words))
    )
    UPDATE message AS m SET body = NULL, outcome_detail = ''
      FROM theirs AS t
     WHERE m.recorded_at = t.recorded_at AND m.topic = t.topic AND m.partition = t.partition
       AND m."offset" = t."offset";
    WITH theirs AS (
        SELECT DISTINCT p.recorded_at, p.topic, p.partition, p."offset"
          FROM parked AS p
          JOIN parked AS whole USING (recorded_at, topic, partition, "offset")
         WHERE p.property_id IN ($1, '')
           AND ((p.channel, p.reference) IN (
                    SELECT rr.channel, rr.reference FROM reservation_reference AS rr
                     WHERE rr.property_id = $1 AND rr.reservation_id = ANY (ids))
                OR names_any(concat_ws(' ', whole.body, whole.detail, whole.headers::text), words))
    )
    UPDATE parked AS p SET body = NULL, detail = '', headers = '{}'
      FROM theirs AS t
     WHERE p.recorded_at = t.recorded_at AND p.topic = t.topic AND p.partition = t.partition
       AND p."offset" = t."offset";
END
$$;
