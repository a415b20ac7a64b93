-- The tape: what it takes, beside history and messages, to tell all that happened again in order.
--
-- A message and an edit find their place by property.version, and are told on the property-local
-- day that they were decided on. The planner's looks that changed something, and what the hotel
-- was, have a place of their own.

ALTER TABLE message ADD COLUMN version bigint, ADD COLUMN dialect text;
COMMENT ON COLUMN message.version IS
    'The property''s version once it was applied: its place among all that happened there.';
COMMENT ON COLUMN message.dialect IS 'The header that says how its format is spoken.';
GRANT UPDATE (version, dialect) ON message TO channel_sync_worker;

ALTER TABLE history ADD COLUMN today date;
COMMENT ON COLUMN history.today IS
    'The property-local day of what staff or planner did; a message''s stands with the message.';

CREATE FUNCTION keep_day() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = channel_sync, pg_temp AS $$
BEGIN
    NEW.today := property_today(NEW.property_id);
    RETURN NEW;
END
$$;
CREATE TRIGGER the_day_of_an_edit_is_kept BEFORE INSERT ON history
    FOR EACH ROW WHEN (NEW.actor_type <> 'channel' AND NEW.today IS NULL)
    EXECUTE FUNCTION keep_day();

CREATE TABLE planner_look (
    property_id text NOT NULL REFERENCES property ON DELETE CASCADE,
    look_id     bigint GENERATED ALWAYS AS IDENTITY,
    version     bigint NOT NULL,
    today       date NOT NULL,
    at          timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (property_id, look_id)
);
COMMENT ON TABLE planner_look IS 'The planner''s looks that changed something.';
COMMENT ON COLUMN planner_look.version IS 'The property''s version that it found.';
GRANT SELECT, INSERT ON planner_look TO channel_sync_worker;

CREATE TABLE hotel_version (
    property_id text NOT NULL REFERENCES property ON DELETE CASCADE,
    version     bigint NOT NULL,
    today       date NOT NULL,
    at          timestamptz NOT NULL DEFAULT now(),
    hotel       jsonb NOT NULL,
    PRIMARY KEY (property_id, version)
);
COMMENT ON TABLE hotel_version IS
    'What a hotel was from a version on: its rows, table by table. Written when a change commits.';
GRANT SELECT ON hotel_version TO channel_sync_worker;

CREATE FUNCTION hotel_rows(property_id text) RETURNS jsonb
LANGUAGE sql STABLE SET search_path = channel_sync, pg_temp AS $$
    SELECT jsonb_build_object(
        -- Not whom the hotel does not want: who leaves that list is to be forgotten.
        'property', (SELECT jsonb_build_object(
                                'property_id', p.property_id, 'name', p.name,
                                'timezone', p.timezone, 'currency', p.currency,
                                'policy', p.policy,
                                'own_email_addresses', p.own_email_addresses)
                       FROM property AS p WHERE p.property_id = $1),
        'category', (SELECT coalesce(jsonb_agg(to_jsonb(c) ORDER BY c.category), '[]')
                       FROM category AS c WHERE c.property_id = $1),
        'room',     (SELECT coalesce(jsonb_agg(to_jsonb(r) ORDER BY r.room), '[]')
                       FROM room AS r WHERE r.property_id = $1),
        'channel',  (SELECT coalesce(jsonb_agg(to_jsonb(h) ORDER BY h.channel), '[]')
                       FROM channel AS h WHERE h.property_id = $1),
        'block',    (SELECT coalesce(jsonb_agg(to_jsonb(b) ORDER BY b.block_id), '[]')
                       FROM block AS b WHERE b.property_id = $1))
$$;
COMMENT ON FUNCTION hotel_rows IS 'A hotel as it is now, as hotel_version keeps it.';

CREATE FUNCTION keep_hotel() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = channel_sync, pg_temp AS $$
DECLARE
    changed text := CASE TG_OP WHEN 'DELETE' THEN OLD.property_id ELSE NEW.property_id END;
    reached bigint := (SELECT p.version FROM property AS p WHERE p.property_id = changed);
BEGIN
    -- Deferred: fired for each row at the commit, and all but the first find it done.
    IF reached IS NOT NULL AND NOT EXISTS (
           SELECT FROM hotel_version AS h
            WHERE h.property_id = changed AND h.version = reached) THEN
        INSERT INTO hotel_version (property_id, version, today, hotel)
        VALUES (changed, reached, property_today(changed), hotel_rows(changed));
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION keep_hotel IS 'Keeps what the hotel became under the version it reached.';

CREATE CONSTRAINT TRIGGER a_new_property_is_kept AFTER INSERT ON property
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION keep_hotel();
CREATE CONSTRAINT TRIGGER a_changed_property_is_kept AFTER UPDATE ON property
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN ((OLD.name, OLD.timezone, OLD.currency, OLD.policy, OLD.own_email_addresses)
          IS DISTINCT FROM
          (NEW.name, NEW.timezone, NEW.currency, NEW.policy, NEW.own_email_addresses))
    EXECUTE FUNCTION keep_hotel();

DO $do$
DECLARE
    hotel_table text;
BEGIN
    FOREACH hotel_table IN ARRAY ARRAY['category', 'room', 'channel', 'block'] LOOP
        EXECUTE format(
            'CREATE CONSTRAINT TRIGGER a_changed_hotel_is_kept_%1$s'
            ' AFTER INSERT OR UPDATE OR DELETE ON %1$I'
            ' DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION keep_hotel()',
            hotel_table);
    END LOOP;
END
$do$;

INSERT INTO hotel_version (property_id, version, today, hotel)
SELECT p.property_id, p.version, property_today(p.property_id), hotel_rows(p.property_id)
  FROM property AS p;
