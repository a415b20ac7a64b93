-- The hotel's own bookings: walk-ins and telephone bookings. Their channel is `direct` and they
-- have no base, so that no message ever speaks of them; the planner gives them their rooms.

-- Bookings that a channel of that name sent before now: the name is the hotel's own from here on.
UPDATE reservation SET channel = 'direct (channel)' WHERE channel = 'direct';
UPDATE reservation_reference SET channel = 'direct (channel)' WHERE channel = 'direct';

CREATE FUNCTION booking_columns() RETURNS text[]
LANGUAGE sql IMMUTABLE AS $$
    SELECT '{booker_name,contact_email,contact_phone,contact_address,country,language,booking_comments}'::text[]
$$;
COMMENT ON FUNCTION booking_columns IS 'What a person may say of a booking as a whole.';

CREATE FUNCTION columns_of_line(room_line jsonb) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE SET search_path = channel_sync, pg_temp AS $$
DECLARE
    as_they_are CONSTANT text[] := '{arrival,departure,adults,children,rate_plan,amount,currency,comments,guest_names,staff_note}';
    translated  CONSTANT text[] := '{category,guests,nights}';
    beside      CONSTANT text[] := '{line,line_is_stable,units,status,room,booker}';
    columns     jsonb;
    unknown     text;
BEGIN
    IF jsonb_typeof(room_line) IS DISTINCT FROM 'object' THEN
        RAISE EXCEPTION USING ERRCODE = 'CS001', MESSAGE =
            'say what is booked: {"category": …, "arrival": …, "departure": …}';
    END IF;
    SELECT string_agg(key, ', ' ORDER BY key) INTO unknown FROM jsonb_object_keys(room_line) AS key
     WHERE key <> ALL (as_they_are || translated || beside || booking_columns());
    IF unknown IS NOT NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'CS001', MESSAGE = format(
            'a room line has no %s; it has %s', unknown,
            array_to_string(as_they_are || translated || booking_columns(), ', '));
    END IF;
    IF coalesce(room_line ->> 'status', 'confirmed') <> 'confirmed' THEN
        RAISE EXCEPTION USING ERRCODE = 'CS001', MESSAGE =
            format('a stay is booked as confirmed, not as %s', room_line ->> 'status');
    END IF;
    columns := room_line - (translated || beside || booking_columns());
    IF room_line ? 'category' THEN
        columns := columns || jsonb_build_object('booked_category', room_line -> 'category');
    END IF;
    IF jsonb_typeof(room_line -> 'guests') = 'array' THEN
        columns := columns || jsonb_build_object('guest_names', (
            SELECT coalesce(jsonb_agg(full_name(guest) ORDER BY place), '[]')
              FROM jsonb_array_elements(room_line -> 'guests')
                   WITH ORDINALITY AS g(guest, place)
             WHERE full_name(guest) IS NOT NULL));
    END IF;
    IF jsonb_typeof(room_line -> 'nights') = 'array' AND NOT room_line ? 'amount' THEN
        columns := columns || jsonb_build_object('amount', (
            SELECT sum((night ->> 'amount')::numeric)
              FROM jsonb_array_elements(room_line -> 'nights') AS night));
    END IF;
    RETURN columns;
EXCEPTION WHEN data_exception THEN
    RAISE EXCEPTION USING ERRCODE = 'CS001', MESSAGE = SQLERRM;
END
$$;
COMMENT ON FUNCTION columns_of_line IS
    'The columns of a stay that a canonical room line speaks of; keys it does not know: refused.';

CREATE FUNCTION full_name(person jsonb) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
    SELECT nullif(concat_ws(' ', nullif(trim(person ->> 'first_name'), ''),
                            nullif(trim(person ->> 'last_name'), '')), '')
$$;
COMMENT ON FUNCTION full_name IS 'First name and last name of a guest or booker; null: neither.';

CREATE FUNCTION read_booking(was reservation, room_line jsonb, booker jsonb) RETURNS reservation
LANGUAGE plpgsql IMMUTABLE SET search_path = channel_sync, pg_temp AS $$
DECLARE
    person jsonb := coalesce(nullif(booker, 'null'), nullif(room_line -> 'booker', 'null'), '{}');
    said   jsonb := jsonb_strip_nulls(jsonb_build_object(
        'booker_name', full_name(person), 'contact_email', person ->> 'email',
        'contact_phone', person ->> 'phone', 'contact_address', person ->> 'address',
        'country', person ->> 'country', 'language', person ->> 'language'));
    columns jsonb;
BEGIN
    IF jsonb_typeof(person) <> 'object' THEN
        RAISE EXCEPTION USING ERRCODE = 'CS001', MESSAGE =
            'a booker has first_name, last_name, email, phone, address, country and language';
    END IF;
    SELECT coalesce(jsonb_object_agg(e.key, e.value), '{}') INTO columns
      FROM jsonb_each(room_line) AS e WHERE e.key = ANY (booking_columns());
    RETURN jsonb_populate_record(was, said || columns);
END
$$;
COMMENT ON FUNCTION read_booking IS 'A booking with what is said of its booker.';

CREATE FUNCTION named_room(wished stay, room text, from_night date) RETURNS allocation[]
LANGUAGE plpgsql STABLE SET search_path = channel_sync, pg_temp AS $$
DECLARE
    target  room;
    rooms   allocation[] := ARRAY[(room, from_night, wished.departure)::allocation];
    problem text;
BEGIN
    SELECT * INTO target FROM room AS r
     WHERE r.property_id = wished.property_id AND r.room = named_room.room;
    IF NOT FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'CS002', MESSAGE =
            format('%s has no room %s', wished.property_id, room);
    ELSIF NOT target.is_active THEN
        RAISE EXCEPTION USING ERRCODE = 'CS001', MESSAGE = format('room %s is closed', room);
    END IF;
    problem := room_conflict(wished.property_id, wished.reservation_id, wished.line, rooms,
                             '-infinity');
    IF problem IS NOT NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'CS001', MESSAGE = problem;
    END IF;
    RETURN rooms;
END
$$;
COMMENT ON FUNCTION named_room IS
    'The room that a person names, from a night to departure; not to be had: refused.';

CREATE FUNCTION refuse_unknown_category(wished stay) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = channel_sync, pg_temp AS $$
BEGIN
    IF wished.booked_category IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'CS001', MESSAGE = 'say which category is booked, or a room';
    ELSIF NOT EXISTS (SELECT FROM category AS c WHERE c.property_id = wished.property_id
                         AND c.category = wished.booked_category) THEN
        RAISE EXCEPTION USING ERRCODE = 'CS002', MESSAGE =
            format('%s has no category %s', wished.property_id, wished.booked_category);
    END IF;
END
$$;

CREATE FUNCTION add_line(
    booking reservation, line text, columns jsonb, room text, today date)
RETURNS void
LANGUAGE plpgsql SET search_path = channel_sync, pg_temp AS $$
DECLARE
    wished stay;
    rooms  allocation[] := '{}';
BEGIN
    wished.property_id := booking.property_id;
    wished.reservation_id := booking.reservation_id;
    wished.line := line;
    wished := read_changes(wished, columns);
    IF wished.arrival IS NULL OR wished.departure IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'CS001', MESSAGE =
            'say from when to when: arrival and departure';
    ELSIF wished.departure < today THEN
        RAISE EXCEPTION USING ERRCODE = 'CS001', MESSAGE =
            format('the stay would have ended on %s', wished.departure);
    END IF;
    IF wished.booked_category IS NULL THEN
        wished.booked_category := (SELECT r.category FROM room AS r
                                    WHERE r.property_id = booking.property_id
                                      AND r.room = add_line.room);
    END IF;
    IF room IS NOT NULL THEN
        -- Of a guest who came before today the nights that are over are nobody's to give.
        rooms := named_room(wished, room, greatest(wished.arrival, least(today, wished.departure)));
    END IF;
    PERFORM refuse_unknown_category(wished);
    INSERT INTO stay (property_id, reservation_id, line, status, arrival, departure, adults,
                      children, booked_category, rooms, rate_plan, amount, currency, comments,
                      guest_names, staff_note, to_place)
    VALUES (booking.property_id, booking.reservation_id, line, 'confirmed', wished.arrival,
            wished.departure, wished.adults, coalesce(wished.children, '{}'),
            wished.booked_category, rooms, wished.rate_plan, wished.amount,
            coalesce(wished.currency, (SELECT p.currency FROM property AS p
                                        WHERE p.property_id = booking.property_id
                                          AND wished.amount IS NOT NULL)),
            wished.comments, coalesce(wished.guest_names, '{}'), wished.staff_note,
            rooms = '{}');
END
$$;
COMMENT ON FUNCTION add_line IS
    'A stay without a base: in the room named, or left to the planner (section 5).';

CREATE FUNCTION add_lines(
    booking reservation, first_line integer, room_line jsonb, room text, today date)
RETURNS void
LANGUAGE plpgsql SET search_path = channel_sync, pg_temp AS $$
DECLARE
    columns jsonb := columns_of_line(room_line);
    units   integer;
BEGIN
    IF coalesce(room_line ->> 'units', '1') !~ '^[1-9]\d?$' THEN
        RAISE EXCEPTION USING ERRCODE = 'CS001', MESSAGE =
            format('units is a number from 1 to 99, not %s', room_line ->> 'units');
    ELSIF room_line ->> 'line' <> first_line::text THEN
        RAISE EXCEPTION USING ERRCODE = 'CS001', MESSAGE =
            format('the next line is %s, not %s', first_line, room_line ->> 'line');
    END IF;
    units := coalesce(room_line ->> 'units', '1')::integer;
    IF units > 1 AND room IS NOT NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'CS001', MESSAGE =
            format('room %s cannot be given to %s stays', room, units);
    END IF;
    FOR line IN first_line .. first_line + units - 1 LOOP
        PERFORM add_line(booking, line::text, columns, room, today);
    END LOOP;
END
$$;
COMMENT ON FUNCTION add_lines IS 'As many equal stays as a room line has units.';

CREATE FUNCTION new_reference(property_id text, reservation_id bigint) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = channel_sync, pg_temp AS $$
DECLARE
    made text := 'D' || reservation_id;
    more integer := 0;
BEGIN
    WHILE EXISTS (SELECT FROM reservation_reference AS rr
                   WHERE rr.property_id = $1 AND rr.reference = made) LOOP
        more := more + 1;
        made := format('D%s-%s', reservation_id, more);
    END LOOP;
    RETURN made;
END
$$;
COMMENT ON FUNCTION new_reference IS 'A reference that nobody bears in this property.';

CREATE FUNCTION book_stay(
    property_id text, room_line jsonb, actor text, reason text DEFAULT NULL,
    reference text DEFAULT NULL, room text DEFAULT NULL, booker jsonb DEFAULT NULL)
RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = channel_sync, pg_temp AS $$
DECLARE
    today   date := begin_staff_edit(property_id, actor, 'booked', reason);
    columns jsonb := columns_of_line(room_line);
    booking reservation := read_booking(NULL::reservation, room_line, booker);
BEGIN
    SELECT greatest(p.last_reservation_id, (SELECT max(r.reservation_id) FROM reservation AS r
                                             WHERE r.property_id = p.property_id)) + 1
      INTO booking.reservation_id
      FROM property AS p WHERE p.property_id = book_stay.property_id;
    booking.property_id := property_id;
    booking.reference := coalesce(nullif(trim(reference), ''),
                                  new_reference(property_id, booking.reservation_id));
    -- Who sleeps there is better than nobody.
    booking.booker_name := coalesce(booking.booker_name, columns -> 'guest_names' ->> 0);
    IF EXISTS (SELECT FROM reservation_reference AS rr
                WHERE rr.property_id = booking.property_id AND rr.channel = 'direct'
                  AND rr.reference = booking.reference) THEN
        RAISE EXCEPTION USING ERRCODE = 'CS001', MESSAGE =
            format('there is a booking %s already', booking.reference);
    END IF;
    UPDATE property AS p SET last_reservation_id = booking.reservation_id
     WHERE p.property_id = booking.property_id;
    INSERT INTO reservation (property_id, reservation_id, channel, reference, booker_name,
                             contact_email, contact_phone, contact_address, country, language,
                             booking_comments)
    VALUES (booking.property_id, booking.reservation_id, 'direct', booking.reference,
            booking.booker_name, booking.contact_email, booking.contact_phone,
            booking.contact_address, booking.country, booking.language, booking.booking_comments);
    INSERT INTO reservation_reference (property_id, channel, reference, reservation_id)
    VALUES (booking.property_id, 'direct', booking.reference, booking.reservation_id);
    PERFORM add_lines(booking, 1, room_line, coalesce(room, room_line ->> 'room'), today);
    PERFORM end_staff_edit(property_id);
    RETURN booking.reference;
END
$$;
COMMENT ON FUNCTION book_stay IS
    'A booking of the hotel''s own, as a canonical room line; returns its reference.';

CREATE FUNCTION add_room(
    property_id text, reference text, room_line jsonb, actor text, reason text DEFAULT NULL,
    room text DEFAULT NULL)
RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = channel_sync, pg_temp AS $$
DECLARE
    today   date := begin_staff_edit(property_id, actor, 'room_added', reason);
    booking reservation := find_reservation(property_id, reference);
    line    integer := next_line(booking);
    unsaid  text;
BEGIN
    IF NOT EXISTS (SELECT FROM stay AS s
                    WHERE s.property_id = booking.property_id
                      AND s.reservation_id = booking.reservation_id
                      AND s.status IN ('confirmed', 'checked_in')) THEN
        RAISE EXCEPTION USING ERRCODE = 'CS001', MESSAGE = format(
            '%s has no stay that is to come or in house: book anew', reference);
    END IF;
    SELECT string_agg(key, ', ' ORDER BY key) INTO unsaid
      FROM jsonb_object_keys(CASE jsonb_typeof(room_line) WHEN 'object' THEN room_line END) AS key
     WHERE key = 'booker' OR key = ANY (booking_columns());
    IF unsaid IS NOT NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'CS001', MESSAGE =
            format('%s is the whole booking''s: edit the booking', unsaid);
    END IF;
    PERFORM add_lines(booking, line, room_line, coalesce(room, room_line ->> 'room'), today);
    PERFORM end_staff_edit(property_id);
    RETURN line::text;
END
$$;
COMMENT ON FUNCTION add_room IS
    'One more room for a booking, a channel''s too: no message speaks of it; returns its line.';

CREATE FUNCTION next_line(booking reservation) RETURNS integer
LANGUAGE sql STABLE SET search_path = channel_sync, pg_temp AS $$
    SELECT coalesce(max(s.line::integer), 0) + 1 FROM stay AS s
     WHERE s.property_id = booking.property_id AND s.reservation_id = booking.reservation_id
$$;
COMMENT ON FUNCTION next_line IS 'Lines are numbered in the order they come in, for ever.';
