-- What a person changes of a booking, and what becomes of a stay at the front desk.

CREATE FUNCTION edit_stay(
    property_id text, reference text, line text, changes jsonb, actor text,
    reason text DEFAULT NULL)
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = channel_sync, pg_temp AS $$
DECLARE
    of_stay    CONSTANT text[] := '{arrival,departure,adults,children,rate_plan,amount,currency,comments,staff_note,guest_names}';
    of_booking CONSTANT text[] := '{booking_comments,booker_name,contact_email,contact_phone,contact_address}';
    today      date := begin_staff_edit(property_id, actor, 'edited', reason);
    asked      stay;
    booking    reservation := find_reservation(property_id, reference);
    wished     stay;
    wished_of_booking reservation;
    unknown    text;
BEGIN
    IF jsonb_typeof(changes) IS DISTINCT FROM 'object' OR changes = '{}' THEN
        RAISE EXCEPTION USING ERRCODE = 'CS001', MESSAGE = 'say what to change';
    END IF;
    SELECT string_agg(key, ', ' ORDER BY key) INTO unknown FROM jsonb_object_keys(changes) AS key
     WHERE key <> ALL (of_stay || of_booking);
    IF unknown IS NOT NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'CS001', MESSAGE = format(
            'cannot edit %s; what can be edited: %s', unknown,
            array_to_string(of_stay || of_booking, ', '));
    END IF;
    IF changes ?| of_stay THEN
        asked := find_stay(property_id, reference, line);
        wished := read_changes(asked, changes - of_booking);
        IF wished.status = 'checked_in' AND wished.arrival > today THEN
            RAISE EXCEPTION USING ERRCODE = 'CS001', MESSAGE =
                format('a guest in house cannot arrive on %s', wished.arrival);
        END IF;
        IF wished IS DISTINCT FROM asked THEN
            UPDATE stay AS s
               SET arrival = wished.arrival, departure = wished.departure,
                   adults = wished.adults, children = wished.children,
                   rate_plan = wished.rate_plan, amount = wished.amount,
                   currency = wished.currency, comments = wished.comments,
                   staff_note = wished.staff_note, guest_names = wished.guest_names
             WHERE s.property_id = asked.property_id AND s.line = asked.line
               AND s.reservation_id = asked.reservation_id;
        END IF;
    END IF;
    IF changes ?| of_booking THEN
        wished_of_booking := jsonb_populate_record(booking, changes - of_stay);
        IF wished_of_booking IS DISTINCT FROM booking THEN
            UPDATE reservation AS r
               SET booking_comments = wished_of_booking.booking_comments,
                   booker_name = wished_of_booking.booker_name,
                   contact_email = wished_of_booking.contact_email,
                   contact_phone = wished_of_booking.contact_phone,
                   contact_address = wished_of_booking.contact_address
             WHERE r.property_id = booking.property_id
               AND r.reservation_id = booking.reservation_id;
        END IF;
    END IF;
    RETURN end_staff_edit(property_id);
END
$$;
COMMENT ON FUNCTION edit_stay IS 'A local edit: the changes as {"column of v_stay": new value}.';

CREATE FUNCTION read_changes(asked stay, changes jsonb) RETURNS stay
LANGUAGE plpgsql STABLE SET search_path = channel_sync, pg_temp AS $$
DECLARE
    wished stay;
    field  text;
BEGIN
    FOREACH field IN ARRAY ARRAY['arrival', 'departure'] LOOP
        IF changes ? field AND coalesce(changes ->> field, '') !~ '^\d{4}-\d{2}-\d{2}$' THEN
            RAISE EXCEPTION USING ERRCODE = 'CS001', MESSAGE =
                format('%s is a date like 2026-04-10, not %s', field,
                       coalesce(changes ->> field, 'nothing'));
        END IF;
    END LOOP;
    FOREACH field IN ARRAY ARRAY['children', 'guest_names'] LOOP
        IF changes ? field AND jsonb_typeof(changes -> field) <> 'array' THEN
            RAISE EXCEPTION USING ERRCODE = 'CS001', MESSAGE =
                format('%s is a list, not %s', field, changes -> field);
        END IF;
    END LOOP;
    BEGIN
        wished := jsonb_populate_record(asked, changes);
    EXCEPTION WHEN data_exception THEN
        RAISE EXCEPTION USING ERRCODE = 'CS001', MESSAGE = SQLERRM;
    END;
    IF wished.departure < wished.arrival THEN
        RAISE EXCEPTION USING ERRCODE = 'CS001', MESSAGE = format(
            'departure %s lies before arrival %s', wished.departure, wished.arrival);
    ELSIF wished.adults < 0 OR EXISTS (SELECT FROM unnest(wished.children) AS age WHERE age < 0) THEN
        RAISE EXCEPTION USING ERRCODE = 'CS001', MESSAGE =
            'adults and the ages of children are not negative';
    ELSIF wished.amount IN ('NaN', 'Infinity', '-Infinity') THEN
        RAISE EXCEPTION USING ERRCODE = 'CS001', MESSAGE =
            format('amount is a number, not %s', wished.amount);
    ELSIF wished.currency !~ '^[A-Z]{3}$' THEN
        RAISE EXCEPTION USING ERRCODE = 'CS001', MESSAGE =
            format('currency is a code like EUR, not %s', wished.currency);
    END IF;
    RETURN wished;
END
$$;
COMMENT ON FUNCTION read_changes IS 'A stay with changes of its columns, each value looked at.';

CREATE FUNCTION note_stay(
    property_id text, reference text, line text, staff_note text, actor text,
    reason text DEFAULT NULL)
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = channel_sync, pg_temp AS $$
DECLARE
    today date := begin_staff_edit(property_id, actor, 'noted', reason);
    asked stay := find_stay(property_id, reference, line);
BEGIN
    UPDATE stay AS s SET staff_note = note_stay.staff_note
     WHERE s.property_id = asked.property_id AND s.reservation_id = asked.reservation_id
       AND s.line = asked.line AND s.staff_note IS DISTINCT FROM note_stay.staff_note;
    RETURN end_staff_edit(property_id);
END
$$;
COMMENT ON FUNCTION note_stay IS 'The staff''s own note; the guest''s remarks are another field.';

CREATE FUNCTION enter_status(asked stay, status text) RETURNS void
LANGUAGE sql SET search_path = channel_sync, pg_temp AS $$
    UPDATE stay AS s SET status = $2, held = false
     WHERE s.property_id = asked.property_id AND s.reservation_id = asked.reservation_id
       AND s.line = asked.line
$$;
COMMENT ON FUNCTION enter_status IS 'The status alone; the triggers know what follows from it.';

CREATE FUNCTION check_in(
    property_id text, reference text, line text, actor text, reason text DEFAULT NULL)
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = channel_sync, pg_temp AS $$
DECLARE
    today date := begin_staff_edit(property_id, actor, 'checked_in', reason);
    asked stay := find_stay(property_id, reference, line);
BEGIN
    PERFORM refuse_unless(asked, today, '{confirmed}', 'checked in');
    IF asked.arrival > today THEN
        RAISE EXCEPTION USING ERRCODE = 'CS001', MESSAGE =
            format('the stay arrives on %s only', asked.arrival);
    ELSIF asked.rooms = '{}' AND NOT is_counted(asked) THEN
        RAISE EXCEPTION USING ERRCODE = 'CS001', MESSAGE =
            'the stay has no room: give it one first';
    END IF;
    PERFORM enter_status(asked, 'checked_in');
    RETURN end_staff_edit(property_id);
END
$$;
COMMENT ON FUNCTION check_in IS 'The guest is here; a room held while waiting becomes the room.';

CREATE FUNCTION check_out(
    property_id text, reference text, line text, actor text, reason text DEFAULT NULL)
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = channel_sync, pg_temp AS $$
DECLARE
    today date := begin_staff_edit(property_id, actor, 'checked_out', reason);
    asked stay := find_stay(property_id, reference, line);
BEGIN
    IF asked.status <> 'checked_in' AND NOT stay_has_begun(asked.status, asked.arrival, today) THEN
        RAISE EXCEPTION USING ERRCODE = 'CS001', MESSAGE = format(
            'the stay is %s: nobody has checked in', replace(asked.status, '_', ' '));
    END IF;
    PERFORM enter_status(asked, 'checked_out');
    RETURN end_staff_edit(property_id);
END
$$;
COMMENT ON FUNCTION check_out IS 'The guest has left: nights from today on are free again.';

CREATE FUNCTION mark_no_show(
    property_id text, reference text, line text, actor text, reason text DEFAULT NULL)
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = channel_sync, pg_temp AS $$
DECLARE
    today date := begin_staff_edit(property_id, actor, 'no_show', reason);
    asked stay := find_stay(property_id, reference, line);
BEGIN
    IF asked.status <> 'confirmed' THEN
        RAISE EXCEPTION USING ERRCODE = 'CS001', MESSAGE = format(
            'the stay is %s: it cannot be a no-show', replace(asked.status, '_', ' '));
    ELSIF asked.arrival > today THEN
        RAISE EXCEPTION USING ERRCODE = 'CS001', MESSAGE =
            format('the stay arrives on %s only', asked.arrival);
    END IF;
    PERFORM enter_status(asked, 'no_show');
    RETURN end_staff_edit(property_id);
END
$$;
COMMENT ON FUNCTION mark_no_show IS 'The guest did not come: nights from today on are free again.';

CREATE FUNCTION cancel_stay(
    property_id text, reference text, line text DEFAULT NULL, actor text DEFAULT NULL,
    reason text DEFAULT NULL)
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = channel_sync, pg_temp AS $$
DECLARE
    today   date := begin_staff_edit(property_id, actor, 'cancelled', reason);
    booking reservation := find_reservation(property_id, reference);
    asked   stay;
    done    boolean := false;
BEGIN
    FOR asked IN SELECT * FROM stay AS s
                  WHERE s.property_id = booking.property_id
                    AND s.reservation_id = booking.reservation_id
                    AND CASE WHEN cancel_stay.line IS NULL
                             THEN s.status IN ('confirmed', 'checked_in', 'enquiry')
                             ELSE s.line = cancel_stay.line END
                  ORDER BY s.line FOR NO KEY UPDATE
    LOOP
        IF asked.status IN ('cancelled', 'checked_out') THEN
            RAISE EXCEPTION USING ERRCODE = 'CS001', MESSAGE = format(
                'the stay is %s: it cannot be cancelled', replace(asked.status, '_', ' '));
        END IF;
        PERFORM enter_status(asked, 'cancelled');
        done := true;
    END LOOP;
    IF NOT done AND line IS NOT NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'CS002', MESSAGE =
            format('%s has no line %s', reference, line);
    ELSIF NOT done THEN
        RAISE EXCEPTION USING ERRCODE = 'CS001', MESSAGE =
            format('%s has no stay that could be cancelled', reference);
    END IF;
    RETURN end_staff_edit(property_id);
END
$$;
COMMENT ON FUNCTION cancel_stay IS 'Cancels one stay, or (line null) every live one of a booking.';

CREATE FUNCTION reinstate_stay(
    property_id text, reference text, line text, actor text, reason text DEFAULT NULL)
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = channel_sync, pg_temp AS $$
DECLARE
    today date := begin_staff_edit(property_id, actor, 'reinstated', reason);
    asked stay := find_stay(property_id, reference, line);
BEGIN
    IF asked.status NOT IN ('cancelled', 'no_show') THEN
        RAISE EXCEPTION USING ERRCODE = 'CS001', MESSAGE = format(
            'the stay is %s: there is nothing to reinstate', replace(asked.status, '_', ' '));
    ELSIF asked.cancelled_by = 'channel' THEN
        RAISE EXCEPTION USING ERRCODE = 'CS001', MESSAGE =
            'the channel cancelled the stay: only the channel can bring it back';
    ELSIF asked.departure < today THEN
        RAISE EXCEPTION USING ERRCODE = 'CS001', MESSAGE =
            format('the stay would have ended on %s', asked.departure);
    END IF;
    UPDATE stay AS s SET status = 'confirmed', rooms = '{}', manual_category_code = NULL,
                         pinned_room = NULL, to_place = true
     WHERE s.property_id = asked.property_id AND s.reservation_id = asked.reservation_id
       AND s.line = asked.line;
    RETURN end_staff_edit(property_id);
END
$$;
COMMENT ON FUNCTION reinstate_stay IS 'Takes a cancel or no-show of staff back: placed as new.';

-- The booking as a whole -------------------------------------------------------------------

CREATE FUNCTION set_policy(
    property_id text, reference text, ota_room_policy text, actor text, reason text DEFAULT NULL)
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = channel_sync, pg_temp AS $$
DECLARE
    today   date := begin_staff_edit(property_id, actor, 'policy', reason);
    booking reservation := find_reservation(property_id, reference);
BEGIN
    IF ota_room_policy NOT IN ('keep_manual', 'follow_channel', 'freeze_room') THEN
        RAISE EXCEPTION USING ERRCODE = 'CS001', MESSAGE = format(
            'the policy is keep_manual, follow_channel or freeze_room, not %s', ota_room_policy);
    END IF;
    UPDATE reservation AS r SET ota_room_policy = set_policy.ota_room_policy
     WHERE r.property_id = booking.property_id AND r.reservation_id = booking.reservation_id
       AND r.ota_room_policy IS DISTINCT FROM set_policy.ota_room_policy;
    RETURN end_staff_edit(property_id);
END
$$;
COMMENT ON FUNCTION set_policy IS
    'What a category change of the channel does to this booking; null: as the property has it.';

CREATE FUNCTION set_invoice_contact(
    property_id text, reference text, contact jsonb, actor text, reason text DEFAULT NULL)
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = channel_sync, pg_temp AS $$
DECLARE
    today   date := begin_staff_edit(property_id, actor, 'invoice_contact', reason);
    booking reservation := find_reservation(property_id, reference);
    wished  jsonb := nullif(contact, 'null');
BEGIN
    IF wished IS NOT NULL AND (jsonb_typeof(wished) <> 'object' OR EXISTS (
           SELECT FROM jsonb_each(CASE jsonb_typeof(wished) WHEN 'object' THEN wished END) AS e
            WHERE e.key NOT IN ('name', 'email', 'phone', 'address')
               OR jsonb_typeof(e.value) NOT IN ('string', 'null'))) THEN
        RAISE EXCEPTION USING ERRCODE = 'CS001', MESSAGE =
            'an invoice contact has name, email, phone and address, each a text';
    END IF;
    UPDATE reservation AS r SET invoice_contact = wished
     WHERE r.property_id = booking.property_id AND r.reservation_id = booking.reservation_id
       AND r.invoice_contact IS DISTINCT FROM wished;
    RETURN end_staff_edit(property_id);
END
$$;
COMMENT ON FUNCTION set_invoice_contact IS 'Whom the invoice names; only staff change it.';
