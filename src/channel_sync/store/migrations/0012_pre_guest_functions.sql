-- What a person changes of guests: corrected, split off, given a booking, blocked. A guest is named
-- by a booking (its main guest) or by id; everything is written to the guest's history.

CREATE FUNCTION guest_email_key(email text) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
    -- As the program folds an ordinary address; the planner looks at the others again.
    SELECT lower(normalize(folded)) FROM regexp_replace(email, '^\s+|\s+$', '', 'g') AS folded
     WHERE folded ~ '^[^@\s]+@[^@\s]+\.[^@\s]+$'
$$;
COMMENT ON FUNCTION guest_email_key IS 'An e-mail as it is compared; null for no address.';

CREATE FUNCTION root_guest_id(property_id text, guest_id bigint) RETURNS bigint
LANGUAGE sql STABLE SET search_path = channel_sync, pg_temp AS $$
    WITH RECURSIVE chain AS (
        SELECT g.guest_id, g.merged_into FROM guest AS g
         WHERE g.property_id = $1 AND g.guest_id = $2
        UNION ALL
        SELECT g.guest_id, g.merged_into FROM chain AS c
          JOIN guest AS g ON g.property_id = $1 AND g.guest_id = c.merged_into
    )
    SELECT c.guest_id FROM chain AS c WHERE c.merged_into IS NULL
$$;
COMMENT ON FUNCTION root_guest_id IS 'The guest that a merged one has become.';

CREATE FUNCTION find_guest(property_id text, named text) RETURNS guest
LANGUAGE plpgsql SET search_path = channel_sync, pg_temp AS $$
DECLARE
    booking     reservation;
    found_guest guest;
    wanted      bigint;
BEGIN
    BEGIN
        booking := find_reservation(property_id, named);
        wanted := booking.guest_id;
        IF wanted IS NULL THEN
            RAISE EXCEPTION USING ERRCODE = 'CS001', MESSAGE =
                format('%s has no guest yet: the worker links it within seconds', named);
        END IF;
    EXCEPTION WHEN SQLSTATE 'CS002' THEN
        IF named ~ '^#?\d{1,18}$' THEN
            wanted := ltrim(named, '#')::bigint;
        END IF;
    END;
    SELECT * INTO found_guest FROM guest AS g
     WHERE g.property_id = $1 AND g.guest_id = wanted FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'CS002', MESSAGE =
            format('%s has no booking and no guest %s', $1, coalesce(named, '(null)'));
    END IF;
    RETURN found_guest;
END
$$;
COMMENT ON FUNCTION find_guest IS
    'By a booking''s reference (its main guest), else by id, with or without "#"; locked.';

CREATE FUNCTION refuse_merged(asked guest) RETURNS void
LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    IF asked.merged_into IS NOT NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'CS001', MESSAGE = format(
            'guest %s was merged into guest %s: unmerge it first', asked.guest_id,
            asked.merged_into);
    END IF;
END
$$;

CREATE FUNCTION shown_guest(asked guest) RETURNS jsonb
LANGUAGE sql IMMUTABLE AS $$
    SELECT jsonb_build_object(
        'guest_number', asked.guest_number, 'name', asked.name, 'email', asked.email,
        'phone', asked.phone, 'language', asked.language, 'country', asked.country,
        'blocked', asked.blocked)
$$;
COMMENT ON FUNCTION shown_guest IS 'What of a guest has a history.';

CREATE FUNCTION write_guest_history(
    property_id text, guest_id bigint, event text, facts jsonb, reservation_id bigint)
RETURNS void
LANGUAGE sql SET search_path = channel_sync, pg_temp AS $$
    INSERT INTO guest_history (property_id, guest_id, actor_type, actor, event, facts,
                               reservation_id, reason)
    VALUES ($1, $2, 'staff', person(), $3, $4, $5, coalesce(spoken('reason'), ''))
$$;

CREATE FUNCTION tell_of_guest(property_id text, event text) RETURNS void
LANGUAGE plpgsql SET search_path = channel_sync, pg_temp AS $$
DECLARE
    reason text := spoken('reason');
BEGIN
    -- The reason stands with the guest: here nobody could tell whom to erase it with.
    PERFORM speak(spoken('actor'), spoken('event'), NULL);
    PERFORM write_history(property_id, NULL, NULL, 'guest ' || event, '{}');
    PERFORM speak(spoken('actor'), spoken('event'), reason);
END
$$;
COMMENT ON FUNCTION tell_of_guest IS
    'For readers of the booking history: some guest of the property changed.';

CREATE FUNCTION write_guest(wished guest, event text) RETURNS void
LANGUAGE plpgsql SET search_path = channel_sync, pg_temp AS $$
DECLARE
    was   guest;
    facts jsonb;
BEGIN
    SELECT * INTO was FROM guest AS g
     WHERE g.property_id = wished.property_id AND g.guest_id = wished.guest_id;
    facts := facts_between(shown_guest(was), shown_guest(wished));
    IF facts = '{}' THEN
        RETURN;
    END IF;
    IF wished.email IS DISTINCT FROM was.email THEN
        wished.email_key := free_email_key(wished.property_id, wished.guest_id, wished.email);
    END IF;
    UPDATE guest AS g
       SET guest_number = wished.guest_number, name = wished.name, email = wished.email,
           phone = wished.phone, language = wished.language, country = wished.country,
           email_key = wished.email_key, base = wished.base, blocked = wished.blocked,
           to_look = true
     WHERE g.property_id = wished.property_id AND g.guest_id = wished.guest_id;
    PERFORM write_guest_history(wished.property_id, wished.guest_id, event, facts, NULL);
    PERFORM tell_of_guest(wished.property_id, event);
END
$$;
COMMENT ON FUNCTION write_guest IS 'The new state of a guest, with its row of history.';

CREATE FUNCTION free_email_key(property_id text, guest_id bigint, email text) RETURNS text
LANGUAGE sql STABLE SET search_path = channel_sync, pg_temp AS $$
    SELECT guest_email_key($3)
     WHERE NOT EXISTS (SELECT FROM guest AS g
                        WHERE g.property_id = $1 AND g.email_key = guest_email_key($3)
                          AND g.guest_id IS DISTINCT FROM $2)
$$;
COMMENT ON FUNCTION free_email_key IS 'The key of an e-mail, unless it keys another guest.';

CREATE FUNCTION refuse_taken_email(property_id text, guest_id bigint, email text) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = channel_sync, pg_temp AS $$
DECLARE
    other bigint;
BEGIN
    SELECT g.guest_id INTO other FROM guest AS g
     WHERE g.property_id = $1 AND g.email_key = guest_email_key($3)
       AND g.guest_id IS DISTINCT FROM $2;
    IF FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'CS001', MESSAGE = format(
            'the e-mail leads to guest %s: merge the two, or change that one first', other);
    END IF;
END
$$;

CREATE FUNCTION edit_guest(
    property_id text, reference text, changes jsonb, actor text, reason text DEFAULT NULL)
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = channel_sync, pg_temp AS $$
DECLARE
    fields  CONSTANT text[] := '{guest_number,name,email,phone,language,country}';
    today   date := begin_staff_edit(property_id, actor, 'guest edited', reason);
    asked   guest := find_guest(property_id, reference);
    wished  guest;
    unknown text;
BEGIN
    PERFORM refuse_merged(asked);
    IF jsonb_typeof(changes) IS DISTINCT FROM 'object' OR changes = '{}' THEN
        RAISE EXCEPTION USING ERRCODE = 'CS001', MESSAGE = 'say what to change';
    END IF;
    SELECT string_agg(e.key, ', ' ORDER BY e.key) INTO unknown FROM jsonb_each(changes) AS e
     WHERE e.key <> ALL (fields) OR jsonb_typeof(e.value) NOT IN ('string', 'number', 'null');
    IF unknown IS NOT NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'CS001', MESSAGE = format(
            'cannot edit %s; what can be edited, each a text: %s', unknown,
            array_to_string(fields, ', '));
    END IF;
    wished := jsonb_populate_record(asked, changes);
    wished.email := nullif(regexp_replace(wished.email, '^\s+|\s+$', '', 'g'), '');
    IF wished.email IS DISTINCT FROM asked.email THEN
        PERFORM refuse_taken_email(asked.property_id, asked.guest_id, wished.email);
    END IF;
    PERFORM write_guest(wished, 'edited');
    RETURN end_staff_edit(property_id);
END
$$;
COMMENT ON FUNCTION edit_guest IS 'Corrects a guest: the changes as {"column of v_guest": value}.';

CREATE FUNCTION new_guest_id(property_id text) RETURNS bigint
LANGUAGE sql SET search_path = channel_sync, pg_temp AS $$
    UPDATE property AS p SET last_guest_id = p.last_guest_id + 1
     WHERE p.property_id = $1
    RETURNING p.last_guest_id
$$;

CREATE FUNCTION give_booking(booking reservation, guest_id bigint) RETURNS void
LANGUAGE plpgsql SET search_path = channel_sync, pg_temp AS $$
BEGIN
    UPDATE reservation AS r SET guest_id = give_booking.guest_id, guest_set_by_staff = true
     WHERE r.property_id = booking.property_id AND r.reservation_id = booking.reservation_id;
    PERFORM close_tasks(booking.property_id, booking.reservation_id, NULL, '{guest_conflict}',
                        'done', format('%s (%s)', person(), spoken('event')));
END
$$;
COMMENT ON FUNCTION give_booking IS 'The main guest that staff chose: no message chooses another.';

CREATE FUNCTION split_guest(
    property_id text, reference text, actor text, name text DEFAULT NULL,
    email text DEFAULT NULL, reason text DEFAULT NULL)
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = channel_sync, pg_temp AS $$
DECLARE
    today   date := begin_staff_edit(property_id, actor, 'guest split off', reason);
    booking reservation := find_reservation(property_id, reference);
    made    guest;
    taken   text;
BEGIN
    made.property_id := booking.property_id;
    made.name := coalesce(split_guest.name, booking.booker_name);
    made.email := nullif(regexp_replace(coalesce(split_guest.email, booking.contact_email),
                                        '^\s+|\s+$', '', 'g'), '');
    made.phone := booking.contact_phone;
    made.language := booking.language;
    made.country := booking.country;
    IF split_guest.email IS NOT NULL THEN
        PERFORM refuse_taken_email(made.property_id, NULL, made.email);
    END IF;
    made.email_key := free_email_key(made.property_id, NULL, made.email);
    -- Its next booking under this address and name comes to the new guest.
    taken := guest_email_key(booking.contact_email);
    IF taken IS DISTINCT FROM made.email_key THEN
        made.separated_from := taken;
    END IF;
    IF made.email_key IS NULL AND guest_email_key(made.email) IS NOT NULL THEN
        made.email := NULL;
    END IF;
    made.guest_id := new_guest_id(made.property_id);
    INSERT INTO guest (property_id, guest_id, guest_number, name, email, phone, language, country,
                       email_key, separated_from, base, to_look)
    VALUES (made.property_id, made.guest_id, made.guest_id::text, made.name, made.email,
            made.phone, made.language, made.country, made.email_key, made.separated_from,
            jsonb_build_object('name', booking.booker_name, 'email', booking.contact_email,
                               'phone', made.phone, 'language', made.language,
                               'country', made.country), true);
    PERFORM write_guest_history(made.property_id, made.guest_id, 'created',
                                facts_between(NULL, shown_guest(made)), booking.reservation_id);
    PERFORM give_booking(booking, made.guest_id);
    RETURN end_staff_edit(property_id);
END
$$;
COMMENT ON FUNCTION split_guest IS
    'A new guest from the booking''s own snapshot, with exactly that booking.';

CREATE FUNCTION set_main_guest(
    property_id text, reference text, to_guest text, actor text, reason text DEFAULT NULL)
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = channel_sync, pg_temp AS $$
DECLARE
    today   date := begin_staff_edit(property_id, actor, 'guest set', reason);
    booking reservation := find_reservation(property_id, reference);
    target  guest := find_guest(property_id, to_guest);
BEGIN
    PERFORM refuse_merged(target);
    PERFORM give_booking(booking, target.guest_id);
    RETURN end_staff_edit(property_id);
END
$$;
COMMENT ON FUNCTION set_main_guest IS 'Another guest is the main guest of a booking.';

CREATE FUNCTION block_guest(
    property_id text, reference text, actor text, blocked boolean DEFAULT true,
    reason text DEFAULT NULL)
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = channel_sync, pg_temp AS $$
DECLARE
    wish   CONSTANT text := CASE WHEN coalesce(blocked, true) THEN 'blocked' ELSE 'unblocked' END;
    today  date := begin_staff_edit(property_id, actor, 'guest ' || wish, reason);
    asked  guest := find_guest(property_id, reference);
BEGIN
    PERFORM refuse_merged(asked);
    IF asked.blocked = (wish = 'blocked') THEN
        RAISE EXCEPTION USING ERRCODE = 'CS001', MESSAGE =
            format('guest %s is %s already', asked.guest_id, wish);
    END IF;
    asked.blocked := wish = 'blocked';
    PERFORM write_guest(asked, wish);
    RETURN end_staff_edit(property_id);
END
$$;
COMMENT ON FUNCTION block_guest IS
    'Whom the hotel does not want: bookings to come get a task; blocked false takes it back.';
