-- What is kept of messages ends when the operator says so; what was handled stays known for ever.

CREATE FUNCTION drop_message_months(before date) RETURNS text[]
LANGUAGE plpgsql AS $$
DECLARE
    month   text;
    dropped text[] := '{}';
BEGIN
    FOR month IN
        SELECT relname
        FROM pg_catalog.pg_inherits
        JOIN pg_catalog.pg_class ON pg_class.oid = inhrelid
        WHERE inhparent = 'message'::regclass
          AND relname ~ '^message_[0-9]{4}_[0-9]{2}$'
          AND relname < 'message_' || to_char(before, 'YYYY_MM')
        ORDER BY relname
    LOOP
        EXECUTE format('ALTER TABLE message DETACH PARTITION %I', month);
        EXECUTE format('DROP TABLE %I', month);
        dropped := dropped || month;
    END LOOP;
    DELETE FROM message_default
    WHERE recorded_at < (date_trunc('month', before)::date::text || ' 00:00+00')::timestamptz;
    RETURN dropped;
END
$$;
COMMENT ON FUNCTION drop_message_months IS
    'Ends the months of message that lie wholly before the month of a date; run by migrate.';

CREATE FUNCTION forget_parked_bodies(before timestamptz) RETURNS integer
LANGUAGE sql AS $$
    WITH forgotten AS (
        UPDATE parked SET body = NULL, headers = '{}'
        WHERE state <> 'parked' AND closed_at < before AND (body IS NOT NULL OR headers <> '{}')
        RETURNING 1
    )
    SELECT count(*)::integer FROM forgotten
$$;
COMMENT ON FUNCTION forget_parked_bodies IS
    'Ends the bodies of parked messages that were closed before a time; run by migrate.';
