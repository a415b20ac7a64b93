-- Settling tasks: what the channel wished and a person now grants, or a task that is put aside.

CREATE FUNCTION party_of(wished stay, policy jsonb) RETURNS bigint
LANGUAGE sql IMMUTABLE SET search_path = channel_sync, pg_temp AS $$
    -- A child of unknown age counts.
    SELECT coalesce(wished.adults, 0) + (SELECT count(*) FROM unnest(wished.children) AS age
        WHERE coalesce(age >= coalesce((policy ->> 'child_counts_from')::integer, 3), true))
$$;
COMMENT ON FUNCTION party_of IS 'How many beds a party needs: adults, and children old enough.';

CREATE FUNCTION best_room(
    wished stay, wanted_category text, from_night date, today date, party bigint)
RETURNS text
LANGUAGE sql STABLE SET search_path = channel_sync, pg_temp AS $$
    -- Best fit: the fewest idle nights around the stay, from today on; an open side counts 365.
    SELECT r.room
      FROM room AS r
     CROSS JOIN LATERAL (
          SELECT max(held.night) FILTER (WHERE held.night < from_night) AS before,
                 min(held.night) FILTER (WHERE held.night >= wished.departure) AS after,
                 count(*) FILTER (WHERE held.night >= from_night
                                    AND held.night < wished.departure) AS taken
            FROM room_night AS held
           WHERE held.property_id = wished.property_id AND held.room = r.room
             AND held.night >= today
             AND (held.reservation_id, held.line)
                 IS DISTINCT FROM (wished.reservation_id, wished.line)) AS around
     WHERE r.property_id = wished.property_id AND r.category = wanted_category AND r.is_active
       AND r.capacity >= party AND around.taken = 0
     ORDER BY least(from_night - coalesce(around.before + 1, today), 365)
              + least(coalesce(around.after - wished.departure, 365), 365), r.position
     LIMIT 1
$$;
COMMENT ON FUNCTION best_room IS 'The free, fitting room of a category that idles least; or null.';

CREATE FUNCTION rooms_for(was stay, wished stay, hotel property, today date)
RETURNS allocation[]
LANGUAGE plpgsql STABLE SET search_path = channel_sync, pg_temp AS $$
DECLARE
    begun   boolean := stay_has_begun(was.status, was.arrival, today)
                       OR (wished.status = 'confirmed' AND wished.arrival < today);
    start   date := CASE WHEN begun THEN greatest(wished.arrival, today) ELSE wished.arrival END;
    kept    allocation[] := CASE WHEN begun THEN rooms_until(was.rooms, least(start, today))
                                 ELSE '{}' END;
    along   allocation[];
    present room;
    wanted  text;
    party   bigint := party_of(wished, hotel.policy);
    fits    boolean;
    chosen  text;
BEGIN
    IF is_counted(wished) AND was.rooms = '{}' AND was.pinned_room IS NULL
       AND was.manual_category_code IS NULL THEN
        IF EXISTS (SELECT FROM availability(hotel.property_id, start, wished.departure) AS a
                    WHERE a.category = wished.booked_category
                      AND a.free - (NOT (was.booked_category IS NOT DISTINCT FROM a.category
                                         AND was.status IN ('confirmed', 'checked_in')
                                         AND a.night >= was.arrival
                                         AND a.night < was.departure))::integer < 0) THEN
            RAISE EXCEPTION USING ERRCODE = 'CS001', MESSAGE = format(
                'no %s is free from %s to %s', wished.booked_category, start, wished.departure);
        END IF;
        RETURN '{}';
    ELSIF start >= wished.departure THEN
        RETURN kept;
    END IF;
    IF begun AND cardinality(was.rooms) > 1 AND wished.arrival <= today
       AND wished.booked_category IS NOT DISTINCT FROM was.booked_category THEN
        -- A change of room that is planned already stays planned.
        along := stretch_rooms(was.rooms, wished.arrival, wished.departure, today);
        IF room_conflict(was.property_id, was.reservation_id, was.line, along, today) IS NULL THEN
            RETURN along;
        END IF;
    END IF;
    SELECT * INTO present FROM room AS r
     WHERE r.property_id = was.property_id AND r.room = room_of(was.rooms, today);
    wanted := CASE WHEN wished.booked_category IS DISTINCT FROM was.booked_category
                   THEN wished.booked_category
                   ELSE coalesce(was.manual_category_code, present.category,
                                 wished.booked_category) END;
    -- A room that a person gave although it is small still serves the same party.
    fits := present.capacity >= party OR party <= party_of(was, hotel.policy);
    IF present.category = wanted AND present.is_active AND fits
       AND room_conflict(was.property_id, was.reservation_id, was.line,
                         ARRAY[(present.room, start, wished.departure)::allocation],
                         start) IS NULL THEN
        chosen := present.room;
    ELSIF was.pinned_room IS NOT NULL AND was.status <> 'cancelled' THEN
        RAISE EXCEPTION USING ERRCODE = 'CS001', MESSAGE = format(
            'room %s, to which the stay is pinned, does not serve from %s to %s: unpin it first',
            was.pinned_room, start, wished.departure);
    ELSE
        chosen := best_room(wished, wanted, start, today, party);
    END IF;
    IF chosen IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'CS001', MESSAGE = format(
            'no room of %s is free for %s from %s to %s', coalesce(wanted, 'an unknown category'),
            party, start, wished.departure);
    END IF;
    RETURN join_rooms(kept, ARRAY[(chosen, start, wished.departure)::allocation]);
END
$$;
COMMENT ON FUNCTION rooms_for IS
    'The rooms of a stay as wished: its own if that serves, else the best; none: refused.';

CREATE FUNCTION grant_to_stay(was stay, changes jsonb, hotel property, today date) RETURNS void
LANGUAGE plpgsql SET search_path = channel_sync, pg_temp AS $$
DECLARE
    wished  stay := read_changes(was, changes);
    placed  boolean := changes ?| '{arrival,departure,adults,children,booked_category,status}';
BEGIN
    IF wished.status = 'cancelled' THEN
        UPDATE stay AS s SET status = 'cancelled', cancelled_by = 'channel'
         WHERE s.property_id = was.property_id AND s.reservation_id = was.reservation_id
           AND s.line = was.line AND s.status <> 'cancelled';
        RETURN;
    END IF;
    placed := placed AND wished.status IN ('confirmed', 'checked_in');
    UPDATE stay AS s
       SET status = wished.status, arrival = wished.arrival, departure = wished.departure,
           adults = wished.adults, children = wished.children,
           booked_category = wished.booked_category, rate_plan = wished.rate_plan,
           amount = wished.amount, currency = wished.currency, comments = wished.comments,
           guest_names = wished.guest_names,
           rooms = CASE WHEN placed THEN rooms_for(was, wished, hotel, today) ELSE s.rooms END,
           held = s.held AND NOT placed
     WHERE s.property_id = was.property_id AND s.reservation_id = was.reservation_id
       AND s.line = was.line;
    IF placed THEN
        -- Placed here and now: nothing is left to the planner.
        UPDATE stay AS s SET to_place = false
         WHERE s.property_id = was.property_id AND s.reservation_id = was.reservation_id
           AND s.line = was.line AND s.to_place;
    END IF;
END
$$;
COMMENT ON FUNCTION grant_to_stay IS 'What the channel wished of one stay, as an edit of staff.';

CREATE FUNCTION open_task(property_id text, task_id bigint) RETURNS task
LANGUAGE plpgsql SET search_path = channel_sync, pg_temp AS $$
DECLARE
    found_task task;
BEGIN
    SELECT * INTO found_task FROM task AS t
     WHERE t.property_id = $1 AND t.task_id = $2 FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'CS002', MESSAGE =
            format('%s has no task %s', $1, coalesce($2::text, '(null)'));
    ELSIF found_task.state <> 'open' THEN
        RAISE EXCEPTION USING ERRCODE = 'CS001', MESSAGE = format(
            'task %s is %s already (%s)', $2, found_task.state, found_task.closed_by);
    END IF;
    RETURN found_task;
END
$$;
COMMENT ON FUNCTION open_task IS 'One open task, locked.';

CREATE FUNCTION take_as_base(asked task) RETURNS void
LANGUAGE sql SET search_path = channel_sync, pg_temp AS $$
    -- What a person accepts of a cancelled booking is what the channel last said and we took.
    UPDATE stay AS s SET base = asked.details -> 'bases' -> s.line
     WHERE s.property_id = asked.property_id AND s.reservation_id = asked.reservation_id
       AND asked.details -> 'bases' ? s.line;
    UPDATE reservation AS r SET base = asked.details -> 'booking_base'
     WHERE r.property_id = asked.property_id AND r.reservation_id = asked.reservation_id
       AND asked.details ? 'booking_base';
$$;
COMMENT ON FUNCTION take_as_base IS 'Moves the base that a conflict of status held back.';

CREATE FUNCTION accept_task(
    property_id text, task_id bigint, actor text, reason text DEFAULT NULL)
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = channel_sync, pg_temp AS $$
DECLARE
    hotel   property := lock_property(property_id);
    today   date := begin_staff_edit(property_id, actor, 'accepted', reason);
    asked   task := open_task(property_id, task_id);
    wish    record;
    booking reservation;
    was     stay;
BEGIN
    IF asked.reason NOT IN ('in_house_change', 'in_house_cancellation', 'price_difference',
                            'status_conflict') THEN
        RAISE EXCEPTION USING ERRCODE = 'CS001', MESSAGE = format(
            '%s asks for nothing that could be accepted: settle it, then dismiss it',
            asked.reason);
    END IF;
    IF reason IS NULL THEN
        PERFORM speak(actor, 'accepted', asked.reason);
    END IF;
    UPDATE task AS t
       SET state = 'done', closed_at = now(), closed_by = format('%s (accepted)', actor)
     WHERE t.property_id = asked.property_id AND t.task_id = asked.task_id;
    FOR wish IN
        SELECT coalesce(c ->> 'line', asked.line) AS line,
               jsonb_object_agg(c ->> 'field', c -> 'new') AS changes
          FROM jsonb_array_elements(coalesce(asked.details -> 'changes', '[]')) AS c
         GROUP BY 1 ORDER BY 1 NULLS FIRST
    LOOP
        IF wish.line IS NULL THEN
            SELECT * INTO booking FROM reservation AS r
             WHERE r.property_id = asked.property_id AND r.reservation_id = asked.reservation_id;
            booking := jsonb_populate_record(booking, wish.changes);
            UPDATE reservation AS r
               SET booker_name = booking.booker_name, contact_email = booking.contact_email,
                   contact_phone = booking.contact_phone,
                   contact_address = booking.contact_address, country = booking.country,
                   language = booking.language, booking_comments = booking.booking_comments,
                   payment = booking.payment, cancellation_fee = booking.cancellation_fee
             WHERE r.property_id = asked.property_id AND r.reservation_id = asked.reservation_id;
            CONTINUE;
        END IF;
        SELECT * INTO was FROM stay AS s
         WHERE s.property_id = asked.property_id AND s.reservation_id = asked.reservation_id
           AND s.line = wish.line FOR NO KEY UPDATE;
        IF NOT FOUND THEN
            RAISE EXCEPTION USING ERRCODE = 'CS002', MESSAGE =
                format('the booking has no line %s', wish.line);
        END IF;
        PERFORM grant_to_stay(was, wish.changes, hotel, today);
    END LOOP;
    PERFORM take_as_base(asked);
    RETURN end_staff_edit(property_id);
END
$$;
COMMENT ON FUNCTION accept_task IS
    'Applies what the channel wished, as an edit of staff, or refuses and changes nothing.';

CREATE FUNCTION dismiss_task(
    property_id text, task_id bigint, actor text, reason text DEFAULT NULL)
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = channel_sync, pg_temp AS $$
DECLARE
    today date := begin_staff_edit(property_id, actor, 'dismissed', reason);
    asked task := open_task(property_id, task_id);
BEGIN
    IF asked.reason = ANY (room_reasons()) AND EXISTS (
           SELECT FROM stay AS s
            WHERE s.property_id = asked.property_id AND s.reservation_id = asked.reservation_id
              AND s.line = asked.line AND (s.rooms = '{}' OR s.held)) THEN
        RAISE EXCEPTION USING ERRCODE = 'CS001', MESSAGE =
            'the stay still has no room: assign one, and the task is done';
    END IF;
    UPDATE task AS t
       SET state = 'dismissed', closed_at = now(), closed_by = format('%s (dismissed)', actor)
     WHERE t.property_id = asked.property_id AND t.task_id = asked.task_id;
    PERFORM speak(actor, 'dismissed', coalesce(reason, asked.reason));
    PERFORM write_history(asked.property_id, asked.reservation_id, asked.line, 'dismissed', '{}');
    RETURN end_staff_edit(property_id);
END
$$;
COMMENT ON FUNCTION dismiss_task IS 'Puts a task aside; never one of a stay without a room.';
