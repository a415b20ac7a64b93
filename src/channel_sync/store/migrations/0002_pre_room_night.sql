-- Who holds a room on a night, derived by triggers; property-local dates; allocations as values.

CREATE FUNCTION property_day(timezone text, policy jsonb) RETURNS date
LANGUAGE sql STABLE AS $$
    SELECT coalesce(
        nullif(current_setting('channel_sync.today', true), '')::date,
        (now() AT TIME ZONE timezone - coalesce(policy ->> 'day_starts', '04:00')::interval)::date)
$$;
COMMENT ON FUNCTION property_day IS
    'The property-local date; the setting channel_sync.today, for replays and tests only, wins.';

CREATE FUNCTION property_today(property_id text) RETURNS date
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = channel_sync, pg_temp AS $$
    SELECT property_day(p.timezone, p.policy) FROM property AS p WHERE p.property_id = $1
$$;
COMMENT ON FUNCTION property_today IS
    'The date at the front desk: the previous day before the policy day_starts (default 04:00).';

-- Allocations --------------------------------------------------------------------------------

CREATE FUNCTION room_of(rooms allocation[], on_date date) RETURNS text
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    night date := greatest(on_date, rooms[1].from_date);
    last  integer := coalesce(cardinality(rooms), 0);
BEGIN
    FOR i IN 1 .. last LOOP
        IF night >= rooms[i].from_date AND night < rooms[i].to_date THEN
            RETURN rooms[i].room;
        END IF;
    END LOOP;
    RETURN rooms[last].room;
END
$$;
COMMENT ON FUNCTION room_of IS
    'The room of a date, or of arrival while that lies ahead, or the last one had; null: none.';

CREATE FUNCTION rooms_until(rooms allocation[], until date) RETURNS allocation[]
LANGUAGE sql IMMUTABLE SET search_path = channel_sync, pg_temp AS $$
    SELECT coalesce(array_agg((a.room, a.from_date, least(a.to_date, until))::allocation
                              ORDER BY a.from_date), '{}')
      FROM unnest(rooms) AS a
     WHERE a.from_date < until
$$;
COMMENT ON FUNCTION rooms_until IS 'The allocations of the nights before a date.';

CREATE FUNCTION join_rooms(earlier allocation[], later allocation[]) RETURNS allocation[]
LANGUAGE plpgsql IMMUTABLE SET search_path = channel_sync, pg_temp AS $$
DECLARE
    joined allocation[] := earlier;
    last   integer;
    each   allocation;
BEGIN
    FOREACH each IN ARRAY later LOOP
        last := cardinality(joined);
        IF last > 0 AND joined[last].room = each.room AND joined[last].to_date = each.from_date THEN
            joined[last] := (each.room, joined[last].from_date, each.to_date)::allocation;
        ELSE
            joined := joined || each;
        END IF;
    END LOOP;
    RETURN joined;
END
$$;
COMMENT ON FUNCTION join_rooms IS 'Earlier allocations and later ones; one room run on is one.';

CREATE FUNCTION stretch_rooms(rooms allocation[], arrival date, departure date, from_night date)
RETURNS allocation[]
LANGUAGE plpgsql IMMUTABLE SET search_path = channel_sync, pg_temp AS $$
DECLARE
    start     date := greatest(arrival, from_night);
    stretched allocation[];
    last      integer;
BEGIN
    IF start >= departure THEN
        RETURN rooms_until(rooms, from_night);
    END IF;
    SELECT coalesce(array_agg((a.room, greatest(a.from_date, start),
                               least(a.to_date, departure))::allocation ORDER BY a.from_date), '{}')
      INTO stretched
      FROM unnest(rooms) AS a
     WHERE a.to_date > start AND a.from_date < departure;
    last := cardinality(stretched);
    IF last > 0 THEN
        stretched[1] := (stretched[1].room, start, stretched[1].to_date)::allocation;
        stretched[last] := (stretched[last].room, stretched[last].from_date, departure)::allocation;
    ELSIF (SELECT count(DISTINCT a.room) = 1 FROM unnest(rooms) AS a) OR from_night > '-infinity'
    THEN
        stretched := ARRAY[(room_of(rooms, from_night), start, departure)::allocation];
    END IF;
    RETURN join_rooms(rooms_until(rooms, from_night), stretched);
END
$$;
COMMENT ON FUNCTION stretch_rooms IS
    'The same rooms for other dates, nights before from_night untouched; empty where unclear.';

CREATE FUNCTION room_conflict(
    property_id text, reservation_id bigint, line text, rooms allocation[], from_night date)
RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = channel_sync, pg_temp AS $$
    SELECT CASE WHEN held.block_id IS NOT NULL
                THEN format('room %s is blocked on the night of %s', held.room, held.night)
                ELSE format('room %s is held by %s on the night of %s',
                            held.room, r.reference, held.night) END
      FROM unnest($4) AS wanted
      JOIN room_night AS held ON held.property_id = $1 AND held.room = wanted.room
           AND held.night >= greatest(wanted.from_date, $5) AND held.night < wanted.to_date
      LEFT JOIN reservation AS r ON r.property_id = $1 AND r.reservation_id = held.reservation_id
     WHERE (held.reservation_id, held.line) IS DISTINCT FROM ($2, $3)
     ORDER BY held.night, held.room
     LIMIT 1
$$;
COMMENT ON FUNCTION room_conflict IS
    'Why a stay cannot have these rooms from a night on, as a sentence; null: they are free.';

CREATE FUNCTION stay_has_begun(status text, arrival date, today date) RETURNS boolean
LANGUAGE sql IMMUTABLE AS $$
    SELECT status = 'checked_in' OR (status = 'confirmed' AND arrival < today)
$$;

-- Nights -------------------------------------------------------------------------------------

-- Statement-level, so that a swap of two rooms in one UPDATE passes: all old nights go before any
-- new one comes. Only rows whose allocations changed are touched. The settings and MATERIALIZED
-- keep the delete on the whole primary key: the planner cannot know how few nights the changed rows
-- have, and would scan the table, or every night of each room (thirty times slower, measured).

CREATE FUNCTION stay_takes_nights() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = channel_sync, pg_temp AS $$
BEGIN
    INSERT INTO room_night (property_id, night, room, reservation_id, line)
    SELECT n.property_id, a.from_date + i, a.room, n.reservation_id, n.line
      FROM new_rows AS n, unnest(n.rooms) AS a, generate_series(0, a.to_date - a.from_date - 1) AS i
     ORDER BY 1, 2, 3;
    RETURN NULL;
END
$$;

CREATE FUNCTION stay_leaves_nights() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = channel_sync, pg_temp
SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off SET jit = off AS $$
BEGIN
    WITH gone AS MATERIALIZED (
        SELECT o.property_id, o.reservation_id, o.line, a.room, a.from_date + i AS night
          FROM old_rows AS o, unnest(o.rooms) AS a,
               generate_series(0, a.to_date - a.from_date - 1) AS i
    )
    DELETE FROM room_night AS held USING gone
     WHERE held.property_id = gone.property_id AND held.night = gone.night
       AND held.room = gone.room AND held.reservation_id = gone.reservation_id
       AND held.line = gone.line;
    RETURN NULL;
END
$$;

CREATE FUNCTION stay_changes_nights() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = channel_sync, pg_temp
SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off SET jit = off AS $$
BEGIN
    WITH gone AS MATERIALIZED (
        SELECT o.property_id, o.reservation_id, o.line, a.room, a.from_date + i AS night
          FROM (SELECT property_id, reservation_id, line, rooms FROM old_rows
                EXCEPT SELECT property_id, reservation_id, line, rooms FROM new_rows) AS o,
               unnest(o.rooms) AS a, generate_series(0, a.to_date - a.from_date - 1) AS i
    )
    DELETE FROM room_night AS held USING gone
     WHERE held.property_id = gone.property_id AND held.night = gone.night
       AND held.room = gone.room AND held.reservation_id = gone.reservation_id
       AND held.line = gone.line;
    INSERT INTO room_night (property_id, night, room, reservation_id, line)
    SELECT n.property_id, a.from_date + i, a.room, n.reservation_id, n.line
      FROM (SELECT property_id, reservation_id, line, rooms FROM new_rows
            EXCEPT SELECT property_id, reservation_id, line, rooms FROM old_rows) AS n,
           unnest(n.rooms) AS a, generate_series(0, a.to_date - a.from_date - 1) AS i
     ORDER BY 1, 2, 3;
    RETURN NULL;
END
$$;

CREATE TRIGGER stay_takes_nights AFTER INSERT ON stay
    REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION stay_takes_nights();
CREATE TRIGGER stay_changes_nights AFTER UPDATE ON stay
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION stay_changes_nights();
CREATE TRIGGER stay_leaves_nights AFTER DELETE ON stay
    REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION stay_leaves_nights();

CREATE FUNCTION block_takes_nights() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = channel_sync, pg_temp AS $$
BEGIN
    DELETE FROM room_night AS held
     WHERE held.property_id = NEW.property_id AND held.block_id = NEW.block_id
       AND TG_OP = 'UPDATE' AND held.night >= OLD.from_date AND held.night < OLD.to_date
       AND held.room = OLD.room;
    -- Nights that are over and were slept in stay as they were.
    INSERT INTO room_night (property_id, night, room, block_id)
    SELECT NEW.property_id, NEW.from_date + i, NEW.room, NEW.block_id
      FROM generate_series(0, NEW.to_date - NEW.from_date - 1) AS i
     WHERE NEW.from_date + i >= property_today(NEW.property_id)
        OR NOT EXISTS (SELECT FROM room_night AS held
                        WHERE held.property_id = NEW.property_id
                          AND held.night = NEW.from_date + i AND held.room = NEW.room);
    RETURN NULL;
END
$$;

CREATE FUNCTION block_leaves_nights() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = channel_sync, pg_temp AS $$
BEGIN
    DELETE FROM room_night AS held
     WHERE held.property_id = OLD.property_id AND held.room = OLD.room
       AND held.night >= OLD.from_date AND held.night < OLD.to_date
       AND held.block_id = OLD.block_id;
    RETURN NULL;
END
$$;

-- Row by row: blocks are few, and one that moves is one row.
CREATE TRIGGER block_takes_nights AFTER INSERT OR UPDATE ON block
    FOR EACH ROW EXECUTE FUNCTION block_takes_nights();
CREATE TRIGGER block_leaves_nights AFTER DELETE ON block
    FOR EACH ROW EXECUTE FUNCTION block_leaves_nights();
