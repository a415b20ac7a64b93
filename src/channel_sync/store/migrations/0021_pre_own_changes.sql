-- What a person changes of the hotel's own stays, and one stay made two.

CREATE FUNCTION amend_stay(
    property_id text, reference text, line text, room_line jsonb, actor text,
    reason text DEFAULT NULL, room text DEFAULT NULL, booker jsonb DEFAULT NULL)
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = channel_sync, pg_temp AS $$
DECLARE
    today   date := begin_staff_edit(property_id, actor, 'amended', reason);
    asked   stay := find_stay(property_id, reference, line);
    wished  stay;
    begun   boolean;
    target  text := coalesce(room, room_line ->> 'room');
BEGIN
    IF asked.base IS NOT NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'CS001', MESSAGE = format(
            'the stay is the channel''s (%s): edit it, and the channel''s changes still count',
            reference);
    END IF;
    PERFORM refuse_unless(asked, today, '{confirmed,checked_in}', 'amended');
    IF room_line ->> 'line' <> asked.line THEN
        RAISE EXCEPTION USING ERRCODE = 'CS001', MESSAGE = 'a line keeps its number';
    ELSIF coalesce(room_line ->> 'units', '1') <> '1' THEN
        RAISE EXCEPTION USING ERRCODE = 'CS001', MESSAGE =
            'one stay is amended at a time: add rooms for more';
    END IF;
    wished := read_changes(asked, columns_of_line(coalesce(room_line, '{}')));
    begun := stay_has_begun(asked.status, asked.arrival, today)
             OR (wished.status = 'confirmed' AND wished.arrival < today);
    PERFORM refuse_unknown_category(wished);
    PERFORM refuse_amendment(asked, wished, begun, target, today);
    PERFORM amend_booking(asked, coalesce(room_line, '{}'), booker);
    IF wished.booked_category IS DISTINCT FROM asked.booked_category
       AND wished.booked_category IS DISTINCT FROM asked.manual_category_code THEN
        -- Another category booked is searched: what was given by hand instead of the old one ends.
        wished.manual_category_code := NULL;
    END IF;
    IF target IS NOT NULL THEN
        wished.rooms := CASE WHEN begun
            THEN join_rooms(rooms_until(asked.rooms, today),
                            named_room(wished, target, greatest(wished.arrival, today)))
            ELSE named_room(wished, target, wished.arrival) END;
        wished.held := false;
    END IF;
    IF wished IS DISTINCT FROM asked THEN
        UPDATE stay AS s
           SET arrival = wished.arrival, departure = wished.departure, adults = wished.adults,
               children = wished.children, booked_category = wished.booked_category,
               manual_category_code = wished.manual_category_code, rooms = wished.rooms,
               held = wished.held, rate_plan = wished.rate_plan, amount = wished.amount,
               currency = wished.currency, comments = wished.comments,
               guest_names = wished.guest_names, staff_note = wished.staff_note
         WHERE s.property_id = asked.property_id AND s.reservation_id = asked.reservation_id
           AND s.line = asked.line;
    END IF;
    IF target IS NOT NULL THEN
        PERFORM close_tasks(asked.property_id, asked.reservation_id, asked.line, room_reasons(),
                            'done', format('%s (amended)', actor));
    END IF;
    RETURN end_staff_edit(property_id);
END
$$;
COMMENT ON FUNCTION amend_stay IS
    'Changes a stay of the hotel''s own, category included, by the keys of a canonical room line.';

CREATE FUNCTION refuse_amendment(
    asked stay, wished stay, begun boolean, room text, today date)
RETURNS void
LANGUAGE plpgsql STABLE SET search_path = channel_sync, pg_temp AS $$
BEGIN
    IF wished.status = 'checked_in' AND wished.arrival > today THEN
        RAISE EXCEPTION USING ERRCODE = 'CS001', MESSAGE =
            format('a guest in house cannot arrive on %s', wished.arrival);
    ELSIF wished.departure < today THEN
        RAISE EXCEPTION USING ERRCODE = 'CS001', MESSAGE =
            format('the stay would have ended on %s', wished.departure);
    ELSIF begun AND room IS NOT NULL AND wished.departure <= today THEN
        RAISE EXCEPTION USING ERRCODE = 'CS001', MESSAGE =
            format('no night is left to give room %s for', room);
    ELSIF begun AND room IS NULL
          AND (asked.rooms <> '{}' OR (asked.status = 'checked_in' AND NOT is_counted(wished)))
          AND wished.booked_category IS DISTINCT FROM asked.booked_category
          AND wished.booked_category IS DISTINCT FROM asked.manual_category_code THEN
        RAISE EXCEPTION USING ERRCODE = 'CS001', MESSAGE =
            'a guest in house changes the category with the room: say which';
    ELSIF room <> asked.pinned_room THEN
        RAISE EXCEPTION USING ERRCODE = 'CS001', MESSAGE =
            format('the stay is pinned to room %s: unpin it first', asked.pinned_room);
    END IF;
END
$$;
COMMENT ON FUNCTION refuse_amendment IS 'A guest in house is moved by a person alone.';

CREATE FUNCTION amend_booking(asked stay, room_line jsonb, booker jsonb) RETURNS void
LANGUAGE plpgsql SET search_path = channel_sync, pg_temp AS $$
DECLARE
    was    reservation;
    wished reservation;
BEGIN
    SELECT * INTO was FROM reservation AS r
     WHERE r.property_id = asked.property_id AND r.reservation_id = asked.reservation_id;
    wished := read_booking(was, room_line, booker);
    IF wished IS NOT DISTINCT FROM was THEN
        RETURN;
    ELSIF was.base IS NOT NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'CS001', MESSAGE =
            'the booker is the channel''s: edit the booking';
    END IF;
    UPDATE reservation AS r
       SET booker_name = wished.booker_name, contact_email = wished.contact_email,
           contact_phone = wished.contact_phone, contact_address = wished.contact_address,
           country = wished.country, language = wished.language,
           booking_comments = wished.booking_comments
     WHERE r.property_id = was.property_id AND r.reservation_id = was.reservation_id;
END
$$;
COMMENT ON FUNCTION amend_booking IS 'What an amendment says of the booker.';

CREATE FUNCTION split_stay(
    property_id text, reference text, line text, from_date date, actor text,
    reason text DEFAULT NULL, room text DEFAULT NULL)
RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = channel_sync, pg_temp AS $$
DECLARE
    today   date := begin_staff_edit(property_id, actor, 'split', reason);
    booking reservation := find_reservation(property_id, reference);
    asked   stay := find_stay(property_id, reference, line);
    later   stay := asked;
    settled boolean := asked.rooms <> '{}' AND NOT asked.held;
BEGIN
    PERFORM refuse_unless(asked, today, '{confirmed,checked_in}', 'split');
    IF from_date IS NULL OR from_date <= asked.arrival OR from_date >= asked.departure THEN
        RAISE EXCEPTION USING ERRCODE = 'CS001', MESSAGE = format(
            'a stay from %s to %s can be split on a day between the two, not on %s',
            asked.arrival, asked.departure, coalesce(from_date::text, 'none'));
    ELSIF from_date < today THEN
        RAISE EXCEPTION USING ERRCODE = 'CS001', MESSAGE =
            format('nights before %s are over: split from then on', today);
    END IF;
    later.line := next_line(booking)::text;
    later.arrival := from_date;
    later.rooms := CASE WHEN settled THEN rooms_from(asked.rooms, from_date) ELSE '{}' END;
    UPDATE stay AS s SET departure = from_date
     WHERE s.property_id = asked.property_id AND s.reservation_id = asked.reservation_id
       AND s.line = asked.line;
    IF settled THEN
        -- A split alone moves nobody: nothing is left to the planner.
        UPDATE stay AS s SET to_place = false
         WHERE s.property_id = asked.property_id AND s.reservation_id = asked.reservation_id
           AND s.line = asked.line AND s.to_place;
    END IF;
    IF room IS NOT NULL THEN
        later.rooms := named_room(later, room, from_date);
    END IF;
    IF room <> asked.pinned_room THEN
        later.pinned_room := NULL;
    END IF;
    INSERT INTO stay (property_id, reservation_id, line, status, arrival, departure, adults,
                      children, booked_category, manual_category_code, pinned_room, rooms,
                      last_room, rate_plan, currency, comments, guest_names, staff_note, to_place)
    VALUES (later.property_id, later.reservation_id, later.line, 'confirmed', later.arrival,
            later.departure, later.adults, later.children, later.booked_category,
            later.manual_category_code, later.pinned_room, later.rooms,
            CASE WHEN later.rooms = '{}' THEN coalesce(room_of(asked.rooms, from_date),
                                                       asked.last_room) END,
            later.rate_plan, later.currency, later.comments, later.guest_names,
            later.staff_note, later.rooms = '{}');
    PERFORM end_staff_edit(property_id);
    RETURN later.line;
END
$$;
COMMENT ON FUNCTION split_stay IS
    'One stay becomes two lines from a date on; the price stays with the first. Returns the second.';

CREATE FUNCTION rooms_from(rooms allocation[], start date) RETURNS allocation[]
LANGUAGE sql IMMUTABLE SET search_path = channel_sync, pg_temp AS $$
    SELECT coalesce(array_agg((a.room, greatest(a.from_date, start), a.to_date)::allocation
                              ORDER BY a.from_date), '{}')
      FROM unnest(rooms) AS a
     WHERE a.to_date > start
$$;
COMMENT ON FUNCTION rooms_from IS 'The allocations of the nights from a date on.';
