-- Two guests that are one, and back; changes of a guest undone.

CREATE FUNCTION merge_guests(
    property_id text, reference text, into_guest text, actor text, reason text DEFAULT NULL)
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = channel_sync, pg_temp AS $$
DECLARE
    today  date := begin_staff_edit(property_id, actor, 'guests merged', reason);
    source guest := find_guest(property_id, reference);
    target guest := find_guest(property_id, into_guest);
BEGIN
    PERFORM refuse_merged(source);
    PERFORM refuse_merged(target);
    IF source.guest_id = target.guest_id THEN
        RAISE EXCEPTION USING ERRCODE = 'CS001', MESSAGE =
            format('both are guest %s already', source.guest_id);
    END IF;
    UPDATE guest AS g
       SET merged_into = target.guest_id, merged_at = clock_timestamp(),
           merged_bookings = jsonb_build_object(
               'main', (SELECT coalesce(jsonb_agg(r.reservation_id), '[]') FROM reservation AS r
                         WHERE r.property_id = source.property_id
                           AND r.guest_id = source.guest_id),
               'booker', (SELECT coalesce(jsonb_agg(r.reservation_id), '[]') FROM reservation AS r
                           WHERE r.property_id = source.property_id
                             AND r.booker_guest_id = source.guest_id))
     WHERE g.property_id = source.property_id AND g.guest_id = source.guest_id;
    PERFORM close_tasks(r.property_id, r.reservation_id, NULL, '{guest_conflict}', 'done',
                        format('%s (merged)', actor))
       FROM reservation AS r
      WHERE r.property_id = source.property_id
        AND (r.guest_id, r.booker_guest_id) IN ((source.guest_id, target.guest_id),
                                                (target.guest_id, source.guest_id));
    UPDATE reservation AS r
       SET guest_id = CASE r.guest_id WHEN source.guest_id THEN target.guest_id
                                      ELSE r.guest_id END,
           booker_guest_id = CASE r.booker_guest_id WHEN source.guest_id THEN target.guest_id
                                                    ELSE r.booker_guest_id END
     WHERE r.property_id = source.property_id
       AND source.guest_id IN (r.guest_id, r.booker_guest_id);
    PERFORM write_guest_history(source.property_id, source.guest_id, 'merged', '{}', NULL);
    PERFORM write_guest_history(target.property_id, target.guest_id, 'merged', '{}', NULL);
    PERFORM tell_of_guest(source.property_id, 'merged');
    RETURN end_staff_edit(property_id);
END
$$;
COMMENT ON FUNCTION merge_guests IS
    'One guest becomes another, whose id and data stay; its keys lead there from now on.';

CREATE FUNCTION merged_guest(property_id text, named text) RETURNS guest
LANGUAGE plpgsql SET search_path = channel_sync, pg_temp AS $$
DECLARE
    asked       guest := find_guest(property_id, named);
    booking     bigint;
    found_guest guest;
BEGIN
    IF asked.merged_into IS NOT NULL THEN
        RETURN asked;
    END IF;
    SELECT rr.reservation_id INTO booking FROM reservation_reference AS rr
     WHERE rr.property_id = $1 AND named IN (rr.reference, rr.channel || '/' || rr.reference)
     LIMIT 1;
    SELECT * INTO found_guest FROM guest AS g
     WHERE g.property_id = $1 AND g.merged_into = asked.guest_id
     ORDER BY g.merged_bookings -> 'main' @> to_jsonb(booking) DESC NULLS LAST, g.merged_at DESC
     LIMIT 1 FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'CS001', MESSAGE =
            format('no guest was merged into guest %s', asked.guest_id);
    END IF;
    RETURN found_guest;
END
$$;
COMMENT ON FUNCTION merged_guest IS
    'The merged guest meant: by its id, by a booking it brought along, or the last one merged.';

CREATE FUNCTION unmerge_guest(
    property_id text, reference text, actor text, reason text DEFAULT NULL)
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = channel_sync, pg_temp AS $$
DECLARE
    today  date := begin_staff_edit(property_id, actor, 'guests unmerged', reason);
    source guest := merged_guest(property_id, reference);
    holder bigint := root_guest_id(property_id, source.merged_into);
BEGIN
    UPDATE guest AS g
       SET merged_into = NULL, merged_at = NULL, merged_bookings = NULL, to_look = true
     WHERE g.property_id = source.property_id AND g.guest_id = source.guest_id;
    -- A booking that got another guest since keeps that one.
    UPDATE reservation AS r
       SET guest_id = CASE WHEN r.guest_id = holder
                            AND source.merged_bookings -> 'main' @> to_jsonb(r.reservation_id)
                           THEN source.guest_id ELSE r.guest_id END,
           booker_guest_id = CASE WHEN r.booker_guest_id = holder
                                   AND source.merged_bookings -> 'booker'
                                       @> to_jsonb(r.reservation_id)
                                  THEN source.guest_id ELSE r.booker_guest_id END
     WHERE r.property_id = source.property_id
       AND r.reservation_id IN (
               SELECT n::bigint FROM jsonb_array_elements_text(
                   (source.merged_bookings -> 'main')
                   || (source.merged_bookings -> 'booker')) AS n);
    PERFORM write_guest_history(source.property_id, source.guest_id, 'unmerged', '{}', NULL);
    PERFORM write_guest_history(source.property_id, source.merged_into, 'unmerged', '{}', NULL);
    PERFORM tell_of_guest(source.property_id, 'unmerged');
    RETURN end_staff_edit(property_id);
END
$$;
COMMENT ON FUNCTION unmerge_guest IS
    'A merged guest is one of its own again, with the bookings it brought along and its keys.';

CREATE FUNCTION restore_guest(
    property_id text, reference text, actor text, field text DEFAULT NULL,
    reason text DEFAULT NULL)
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = channel_sync, pg_temp AS $$
DECLARE
    today  date := begin_staff_edit(property_id, actor, 'guest restored', reason);
    asked  guest := find_guest(property_id, reference);
    done   guest_history;
    older  jsonb;
    fields text[];
BEGIN
    PERFORM refuse_merged(asked);
    SELECT * INTO done FROM guest_history AS h
     WHERE h.property_id = asked.property_id AND h.guest_id = asked.guest_id
       AND h.event NOT IN ('created', 'restored') AND h.facts <> '{}'
       AND CASE WHEN restore_guest.field IS NULL
                THEN NOT ARRAY(SELECT jsonb_object_keys(h.facts)) <@ h.undone_fields
                ELSE h.facts ? restore_guest.field
                     AND restore_guest.field <> ALL (h.undone_fields) END
     ORDER BY h.guest_history_id DESC LIMIT 1;
    IF NOT FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'CS001', MESSAGE = format(
            'guest %s: no change%s is left to take back', asked.guest_id,
            coalesce(' of ' || restore_guest.field, ''));
    END IF;
    SELECT array_agg(f.key), jsonb_object_agg(f.key, f.value -> 0) INTO fields, older
      FROM jsonb_each(done.facts) AS f
     WHERE f.key <> ALL (done.undone_fields) AND f.key = coalesce(restore_guest.field, f.key);
    UPDATE guest_history AS h SET undone_fields = h.undone_fields || fields
     WHERE h.property_id = done.property_id AND h.guest_history_id = done.guest_history_id;
    asked := jsonb_populate_record(asked, older);
    -- As if it had not been: what the channel says next is compared with the value restored.
    asked.base := asked.base || (older - '{guest_number,blocked}'::text[]);
    PERFORM write_guest(asked, 'restored');
    RETURN end_staff_edit(property_id);
END
$$;
COMMENT ON FUNCTION restore_guest IS
    'Undoes the last change of a guest, or of one field; repeated, it goes further back.';
