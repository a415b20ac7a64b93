-- What a person does to a stay. Each function locks the property, names the actor, and does one
-- UPDATE; the triggers do the rest. Errors are sentences for the front desk: CS001 refused, CS002
-- not found. Each returns the property's version afterwards.

CREATE FUNCTION lock_property(property_id text) RETURNS property
LANGUAGE plpgsql SET search_path = channel_sync, pg_temp AS $$
DECLARE
    found_property property;
BEGIN
    SELECT * INTO found_property FROM property AS p
     WHERE p.property_id = lock_property.property_id FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'CS002', MESSAGE =
            format('there is no property %s', coalesce(lock_property.property_id, '(null)'));
    END IF;
    RETURN found_property;
END
$$;
COMMENT ON FUNCTION lock_property IS 'Whoever writes a property does so alone.';

CREATE FUNCTION begin_staff_edit(property_id text, actor text, event text, reason text)
RETURNS date
LANGUAGE plpgsql SET search_path = channel_sync, pg_temp AS $$
BEGIN
    PERFORM lock_property(property_id);
    IF coalesce(trim(actor), '') = '' THEN
        RAISE EXCEPTION USING ERRCODE = 'CS001', MESSAGE = 'say who does it (actor)';
    END IF;
    PERFORM speak(actor, event, reason);
    RETURN property_today(property_id);
END
$$;
COMMENT ON FUNCTION begin_staff_edit IS 'Locks, names the actor; returns property-local today.';

CREATE FUNCTION end_staff_edit(property_id text) RETURNS bigint
LANGUAGE plpgsql SET search_path = channel_sync, pg_temp AS $$
BEGIN
    -- A later plain UPDATE in the same transaction is not this actor's.
    PERFORM speak(NULL, NULL, NULL);
    RETURN (SELECT p.version FROM property AS p WHERE p.property_id = $1);
END
$$;
COMMENT ON FUNCTION end_staff_edit IS 'Forgets the actor; returns the version reached.';

CREATE FUNCTION find_reservation(property_id text, reference text) RETURNS reservation
LANGUAGE plpgsql STABLE SET search_path = channel_sync, pg_temp AS $$
DECLARE
    found_ids bigint[];
    found_row reservation;
BEGIN
    SELECT array_agg(DISTINCT rr.reservation_id) INTO found_ids FROM reservation_reference AS rr
     WHERE rr.property_id = $1 AND rr.reference = $2;
    IF found_ids IS NULL THEN
        SELECT array_agg(DISTINCT rr.reservation_id) INTO found_ids
          FROM reservation_reference AS rr
         WHERE rr.property_id = $1
           AND rr.reference = substr($2, strpos($2, '/') + 1)
           AND lower(rr.channel) = lower(split_part($2, '/', 1));
    END IF;
    IF found_ids IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'CS002', MESSAGE =
            format('%s has no booking %s', $1, coalesce($2, '(null)'));
    END IF;
    IF cardinality(found_ids) > 1 THEN
        RAISE EXCEPTION USING ERRCODE = 'CS001', MESSAGE = format(
            'several channels have a booking %s: say %s', $2,
            (SELECT string_agg(rr.channel || '/' || $2, ' or ' ORDER BY rr.channel)
               FROM reservation_reference AS rr
              WHERE rr.property_id = $1 AND rr.reference = $2));
    END IF;
    SELECT * INTO found_row FROM reservation AS r
     WHERE r.property_id = $1 AND r.reservation_id = found_ids[1];
    RETURN found_row;
END
$$;
COMMENT ON FUNCTION find_reservation IS
    'By any reference it was ever known by, as "channel/reference" where two channels share one.';

CREATE FUNCTION find_stay(property_id text, reference text, line text) RETURNS stay
LANGUAGE plpgsql SET search_path = channel_sync, pg_temp AS $$
DECLARE
    booking reservation := find_reservation(property_id, reference);
    lines   text[];
    found_stay stay;
BEGIN
    IF line IS NULL THEN
        -- The only live one, or the only one there is.
        SELECT coalesce(nullif(array_agg(s.line ORDER BY s.line)
                                   FILTER (WHERE s.status <> 'cancelled'), '{}'),
                        array_agg(s.line ORDER BY s.line))
          INTO lines FROM stay AS s
         WHERE s.property_id = $1 AND s.reservation_id = booking.reservation_id;
        IF cardinality(lines) > 1 THEN
            RAISE EXCEPTION USING ERRCODE = 'CS001', MESSAGE = format(
                '%s has several rooms: say which line, %s', reference,
                array_to_string(lines, ', '));
        END IF;
    ELSE
        lines := ARRAY[line];
    END IF;
    SELECT * INTO found_stay FROM stay AS s
     WHERE s.property_id = $1 AND s.reservation_id = booking.reservation_id AND s.line = lines[1]
       FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'CS002', MESSAGE =
            format('%s has no line %s', reference, coalesce(line, '(it has no room at all)'));
    END IF;
    RETURN found_stay;
END
$$;
COMMENT ON FUNCTION find_stay IS 'One room line, locked; line null: the only live one.';

CREATE FUNCTION refuse_unless(asked stay, today date, allowed text[], wish text) RETURNS void
LANGUAGE plpgsql IMMUTABLE SET search_path = channel_sync, pg_temp AS $$
BEGIN
    IF asked.status <> ALL (allowed) THEN
        RAISE EXCEPTION USING ERRCODE = 'CS001', MESSAGE = format(
            'the stay is %s: it cannot be %s', replace(asked.status, '_', ' '), wish);
    END IF;
    IF asked.status = 'confirmed' AND asked.departure < today THEN
        RAISE EXCEPTION USING ERRCODE = 'CS001', MESSAGE =
            format('the stay ended on %s: it cannot be %s', asked.departure, wish);
    END IF;
END
$$;
COMMENT ON FUNCTION refuse_unless IS 'A stay in another state, or over, is not touched.';

CREATE FUNCTION is_counted(asked stay) RETURNS boolean
LANGUAGE sql STABLE SET search_path = channel_sync, pg_temp AS $$
    SELECT EXISTS (SELECT FROM category AS c
                    WHERE c.property_id = asked.property_id
                      AND c.category = asked.booked_category AND c.units IS NOT NULL)
$$;
COMMENT ON FUNCTION is_counted IS 'Whether the category booked has units instead of rooms.';

-- Rooms ----------------------------------------------------------------------------------

CREATE FUNCTION move_stay(
    property_id text, reference text, line text, room text, actor text, reason text DEFAULT NULL,
    from_date date DEFAULT NULL)
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = channel_sync, pg_temp AS $$
DECLARE
    today   date := begin_staff_edit(property_id, actor, 'moved', reason);
    asked   stay := find_stay(property_id, reference, line);
    begun   boolean := stay_has_begun(asked.status, asked.arrival, today);
    start   date;
    target  room;
    kept    allocation[];
    wished  allocation[];
    problem text;
BEGIN
    PERFORM refuse_unless(asked, today, '{confirmed,checked_in}', 'moved');
    SELECT * INTO target FROM room AS r
     WHERE r.property_id = asked.property_id AND r.room = move_stay.room;
    IF NOT FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'CS002', MESSAGE =
            format('%s has no room %s', property_id, coalesce(move_stay.room, '(null)'));
    ELSIF NOT target.is_active THEN
        RAISE EXCEPTION USING ERRCODE = 'CS001', MESSAGE =
            format('room %s is closed', target.room);
    ELSIF asked.pinned_room <> target.room THEN
        RAISE EXCEPTION USING ERRCODE = 'CS001', MESSAGE =
            format('the stay is pinned to room %s: unpin it first', asked.pinned_room);
    END IF;
    start := coalesce(from_date, CASE WHEN begun THEN greatest(today, asked.arrival)
                                      ELSE asked.arrival END);
    IF begun AND start < today THEN
        RAISE EXCEPTION USING ERRCODE = 'CS001', MESSAGE =
            format('nights before %s are over: move from then on', today);
    ELSIF start < asked.arrival
          OR (start >= asked.departure AND NOT (start = asked.arrival AND from_date IS NULL)) THEN
        RAISE EXCEPTION USING ERRCODE = 'CS001', MESSAGE = format(
            'no night is left from %s on: the stay is from %s to %s', start, asked.arrival,
            asked.departure);
    END IF;
    kept := rooms_until(asked.rooms, start);
    IF kept = '{}' AND start > (CASE WHEN begun THEN greatest(today, asked.arrival)
                                     ELSE asked.arrival END) THEN
        RAISE EXCEPTION USING ERRCODE = 'CS001', MESSAGE =
            format('the stay has no room before %s: move it from arrival on', start);
    END IF;
    wished := ARRAY[(target.room, start, asked.departure)::allocation];
    problem := room_conflict(asked.property_id, asked.reservation_id, asked.line, wished,
                             '-infinity');
    IF problem IS NOT NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'CS001', MESSAGE = problem;
    END IF;
    wished := join_rooms(kept, wished);
    IF wished <> asked.rooms OR asked.held THEN
        UPDATE stay AS s SET rooms = wished, held = false
         WHERE s.property_id = asked.property_id AND s.reservation_id = asked.reservation_id
           AND s.line = asked.line;
    END IF;
    -- Also where it stays in its room: a person looked and said so.
    PERFORM close_tasks(asked.property_id, asked.reservation_id, asked.line, room_reasons(),
                        'done', format('%s (moved)', actor));
    RETURN end_staff_edit(property_id);
END
$$;
COMMENT ON FUNCTION move_stay IS
    'Gives a stay a room, from today on if it has begun, or from a date on (two rooms).';

CREATE FUNCTION pin_stay(
    property_id text, reference text, line text, actor text, reason text DEFAULT NULL)
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = channel_sync, pg_temp AS $$
DECLARE
    today date := begin_staff_edit(property_id, actor, 'pinned', reason);
    asked stay := find_stay(property_id, reference, line);
BEGIN
    PERFORM refuse_unless(asked, today, '{confirmed,checked_in}', 'pinned');
    IF asked.rooms = '{}' THEN
        RAISE EXCEPTION USING ERRCODE = 'CS001', MESSAGE =
            'the stay has no room to be pinned to: give it one first';
    ELSIF asked.held THEN
        RAISE EXCEPTION USING ERRCODE = 'CS001', MESSAGE =
            'the stay only holds its room while it waits: assign it a room first';
    ELSIF (SELECT count(DISTINCT a.room) > 1 FROM unnest(asked.rooms) AS a
            WHERE a.to_date > today) THEN
        RAISE EXCEPTION USING ERRCODE = 'CS001', MESSAGE =
            'the stay uses several rooms: it cannot be pinned to one';
    END IF;
    UPDATE stay AS s SET pinned_room = room_of(s.rooms, today)
     WHERE s.property_id = asked.property_id AND s.reservation_id = asked.reservation_id
       AND s.line = asked.line AND s.pinned_room IS DISTINCT FROM room_of(s.rooms, today);
    RETURN end_staff_edit(property_id);
END
$$;
COMMENT ON FUNCTION pin_stay IS 'Ties a stay to the room it has: nothing automatic moves it.';

CREATE FUNCTION unpin_stay(
    property_id text, reference text, line text, actor text, reason text DEFAULT NULL)
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = channel_sync, pg_temp AS $$
DECLARE
    today date := begin_staff_edit(property_id, actor, 'unpinned', reason);
    asked stay := find_stay(property_id, reference, line);
BEGIN
    IF asked.pinned_room IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'CS001', MESSAGE = 'the stay is not pinned';
    END IF;
    UPDATE stay AS s SET pinned_room = NULL
     WHERE s.property_id = asked.property_id AND s.reservation_id = asked.reservation_id
       AND s.line = asked.line;
    RETURN end_staff_edit(property_id);
END
$$;
COMMENT ON FUNCTION unpin_stay IS 'Unties a stay from its room; it stays where it is.';
