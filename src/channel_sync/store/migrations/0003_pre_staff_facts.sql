-- What people write: kept consistent before, recorded after, whoever writes, however they write.
--
-- The worker is exempt: it decides everything itself. Its connections run as channel_sync_worker,
-- and the exemption is the trigger's own condition on current_user. The condition is judged before
-- the trigger's function (SECURITY DEFINER) is entered, in the writer's context: inside a staff
-- function that is the owner, even where the worker itself called it.

CREATE FUNCTION spoken(setting text) RETURNS text
LANGUAGE sql STABLE AS $$
    SELECT nullif(current_setting('channel_sync.' || setting, true), '')
$$;
COMMENT ON FUNCTION spoken IS
    'What was said of the change in hand for its transaction: actor, event or reason; else null.';

CREATE FUNCTION speak(actor text, event text, reason text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('channel_sync.actor', coalesce(actor, ''), true);
    PERFORM set_config('channel_sync.event', coalesce(event, ''), true);
    PERFORM set_config('channel_sync.reason', coalesce(reason, ''), true);
END
$$;
COMMENT ON FUNCTION speak IS
    'Names who does what and why, until it is called again or the transaction ends.';

CREATE FUNCTION person() RETURNS text
LANGUAGE sql STABLE AS $$
    -- The role of SET ROLE survives into SECURITY DEFINER functions; current_user does not.
    SELECT coalesce(spoken('actor'), nullif(current_setting('role', true), 'none'), session_user)
$$;
COMMENT ON FUNCTION person IS 'Who writes: the actor named, else the database role.';

CREATE FUNCTION write_history(
    property_id text, reservation_id bigint, line text, event text, facts jsonb)
RETURNS bigint
LANGUAGE plpgsql SET search_path = channel_sync, pg_temp AS $$
DECLARE
    next_version bigint;
BEGIN
    UPDATE property AS p SET version = p.version + 1, replan_due = true
     WHERE p.property_id = write_history.property_id
    RETURNING p.version INTO next_version;
    INSERT INTO history (property_id, version, reservation_id, line, actor_type, actor, event,
                         facts, reason)
    VALUES (property_id, next_version, reservation_id, line, 'staff', person(), event, facts,
            coalesce(spoken('reason'), ''));
    RETURN next_version;
END
$$;
COMMENT ON FUNCTION write_history IS 'One row of history by a person; the planner looks again.';

-- Before: derived columns are right --------------------------------------------------------

CREATE FUNCTION keep_stay_consistent() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = channel_sync, pg_temp AS $$
DECLARE
    today      date := property_today(NEW.property_id);
    was        stay := CASE WHEN TG_OP = 'UPDATE' THEN OLD END;
    had        allocation[] := coalesce(was.rooms, '{}');
    -- Given: other allocations than before, or a hold made good.
    given      boolean := NEW.rooms <> '{}'
                          AND (NEW.rooms <> had OR (was.held IS TRUE AND NOT NEW.held));
    dates      boolean := (NEW.arrival, NEW.departure) IS DISTINCT FROM (was.arrival, was.departure);
    party      boolean := (NEW.adults, NEW.children) IS DISTINCT FROM (was.adults, was.children);
    entered    boolean := NEW.status IS DISTINCT FROM was.status;
    from_night date := '-infinity';
    problem    text;
BEGIN
    IF NEW.status = 'cancelled' THEN
        IF entered THEN
            NEW.rooms := '{}';
            NEW.held := false;
            NEW.pinned_room := NULL;
            NEW.manual_category_code := NULL;
            NEW.to_place := false;
            NEW.cancelled_by := coalesce(NEW.cancelled_by, 'staff');
        END IF;
    ELSIF NEW.status IN ('checked_out', 'no_show') THEN
        NEW.cancelled_by := NULL;
        IF entered THEN
            NEW.rooms := rooms_until(NEW.rooms, today);
            NEW.held := false;
            NEW.to_place := false;
        END IF;
    ELSE
        NEW.cancelled_by := NULL;
        IF entered AND NEW.status = 'checked_in' THEN
            NEW.held := false;
        END IF;
        IF given THEN
            PERFORM refuse_unknown_rooms(NEW);
            NEW.held := false;
            NEW.to_place := false;
            NEW.room_chosen_by_staff := true;
            NEW.manual_category_code := manual_category_of(NEW);
        ELSIF NEW.rooms <> '{}' AND dates THEN
            IF stay_has_begun(was.status, was.arrival, today)
               AND stay_has_begun(NEW.status, NEW.arrival, today) THEN
                from_night := today;
            END IF;
            NEW.rooms := stretch_rooms(had, NEW.arrival, NEW.departure, from_night);
            problem := room_conflict(NEW.property_id, NEW.reservation_id, NEW.line, NEW.rooms,
                                     from_night);
            IF problem IS NOT NULL AND from_night > '-infinity' THEN
                RAISE EXCEPTION USING ERRCODE = 'CS001', MESSAGE =
                    format('%s: move the guest in house first', problem);
            ELSIF problem IS NOT NULL THEN
                NEW.rooms := '{}';
            END IF;
        END IF;
        IF NEW.booked_category IS DISTINCT FROM was.booked_category AND NOT given
           AND manual_category_of(NEW) IS NULL THEN
            NEW.manual_category_code := NULL;
        END IF;
        IF NEW.status = 'confirmed' AND NOT given AND NEW.arrival >= today
           AND (dates OR party OR entered
                OR NEW.booked_category IS DISTINCT FROM was.booked_category) THEN
            NEW.to_place := true;
        END IF;
    END IF;
    IF NEW.rooms = '{}' AND had <> '{}' THEN
        NEW.held := false;
        NEW.room_chosen_by_staff := false;
        IF NEW.last_room IS NOT DISTINCT FROM was.last_room THEN
            NEW.last_room := room_of(had, today);
        END IF;
    END IF;
    PERFORM refuse_leaving_the_pin(NEW, was, today);
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION keep_stay_consistent IS
    'Manual category, hold, cancellation and the rooms of changed dates, for people''s writes.';

CREATE FUNCTION refuse_unknown_rooms(wished stay) RETURNS void
LANGUAGE plpgsql SET search_path = channel_sync, pg_temp AS $$
DECLARE
    unknown text;
BEGIN
    SELECT a.room INTO unknown FROM unnest(wished.rooms) AS a
     WHERE NOT EXISTS (SELECT FROM room AS r
                        WHERE r.property_id = wished.property_id AND r.room = a.room);
    IF FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'CS002', MESSAGE =
            format('%s has no room %s', wished.property_id, coalesce(unknown, '(null)'));
    END IF;
END
$$;

CREATE FUNCTION manual_category_of(wished stay) RETURNS text
LANGUAGE sql STABLE SET search_path = channel_sync, pg_temp AS $$
    SELECT CASE WHEN wished.rooms = '{}' THEN nullif(wished.manual_category_code,
                                                     wished.booked_category)
                ELSE (SELECT nullif(r.category, wished.booked_category) FROM room AS r
                       WHERE r.property_id = wished.property_id
                         AND r.room = wished.rooms[cardinality(wished.rooms)].room) END
$$;
COMMENT ON FUNCTION manual_category_of IS
    'The category of the last room if another was booked; without a room, what was manual before.';

CREATE FUNCTION refuse_leaving_the_pin(wished stay, was stay, today date) RETURNS void
LANGUAGE plpgsql SET search_path = channel_sync, pg_temp AS $$
BEGIN
    IF wished.pinned_room IS NULL OR wished.held OR wished.status = 'cancelled'
       OR (wished.pinned_room IS NOT DISTINCT FROM was.pinned_room AND wished.rooms = was.rooms)
    THEN
        RETURN;
    END IF;
    IF EXISTS (SELECT FROM unnest(wished.rooms) AS a
                WHERE a.to_date > today AND a.room <> wished.pinned_room) THEN
        RAISE EXCEPTION USING ERRCODE = 'CS001', MESSAGE =
            format('the stay is pinned to room %s: unpin it first', wished.pinned_room);
    END IF;
END
$$;

CREATE TRIGGER a_stay_is_kept_consistent BEFORE INSERT OR UPDATE ON stay
    FOR EACH ROW WHEN (current_user <> 'channel_sync_worker')
    EXECUTE FUNCTION keep_stay_consistent();

-- After: history, and the tasks that a fact settles ------------------------------------------

CREATE FUNCTION as_fact(field text, value jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE AS $$
    -- Money as text: a JSON number would not come back exact.
    SELECT CASE WHEN field IN ('amount', 'cancellation_fee') AND value <> 'null'
                THEN to_jsonb(value #>> '{}') ELSE coalesce(value, 'null') END
$$;

CREATE FUNCTION facts_between(old_row jsonb, new_row jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(jsonb_object_agg(n.key, jsonb_build_array(
               as_fact(n.key, old_row -> n.key), as_fact(n.key, n.value))), '{}')
      FROM jsonb_each(new_row) AS n
     WHERE n.value IS DISTINCT FROM coalesce(old_row -> n.key, 'null')
       AND (old_row IS NOT NULL OR n.value NOT IN ('null', 'false', '[]'))
       AND n.key NOT IN ('property_id', 'reservation_id', 'confirmation_number', 'line',
                         'to_place', 'status_order', 'content_order', 'arrived', 'revision',
                         'last_content_hash')
$$;
COMMENT ON FUNCTION facts_between IS
    'What changed between two rows, {"column": [old, new]}; of a new row, what is not empty.';

CREATE FUNCTION record_stay_fact() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = channel_sync, pg_temp AS $$
DECLARE
    today date := property_today(NEW.property_id);
    was   stay := CASE WHEN TG_OP = 'UPDATE' THEN OLD END;
    facts jsonb := facts_between(CASE WHEN TG_OP = 'UPDATE' THEN to_jsonb(OLD) END, to_jsonb(NEW));
    event text := coalesce(spoken('event'), CASE TG_OP WHEN 'INSERT' THEN 'booked' ELSE 'edited' END);
    rooms text[] := ARRAY[room_of(was.rooms, today), room_of(NEW.rooms, today)];
BEGIN
    IF facts = '{}' THEN
        IF NEW.to_place IS DISTINCT FROM was.to_place THEN
            UPDATE property AS p SET replan_due = true WHERE p.property_id = NEW.property_id;
        END IF;
        RETURN NULL;
    END IF;
    IF rooms[1] IS DISTINCT FROM rooms[2] THEN
        facts := facts || jsonb_build_object('room', to_jsonb(rooms));
    END IF;
    PERFORM write_history(NEW.property_id, NEW.reservation_id, NEW.line, event, facts);
    PERFORM close_settled_tasks(was, NEW, event);
    RETURN NULL;
END
$$;

CREATE FUNCTION close_tasks(
    property_id text, reservation_id bigint, line text, reasons text[], state text, closed_by text)
RETURNS void
LANGUAGE sql SET search_path = channel_sync, pg_temp AS $$
    UPDATE task AS t SET state = $5, closed_at = now(), closed_by = $6
     WHERE t.property_id = $1 AND t.reservation_id = $2 AND t.line IS NOT DISTINCT FROM $3
       AND t.state = 'open' AND (t.reason = ANY ($4) OR $4 IS NULL)
$$;
COMMENT ON FUNCTION close_tasks IS
    'Closes the open tasks of one stay (of the booking itself: line null); reasons null: all.';

CREATE FUNCTION room_reasons() RETURNS text[]
LANGUAGE sql IMMUTABLE AS $$
    SELECT ARRAY['no_room', 'pinned_room_conflict', 'over_capacity', 'unmapped_category']
$$;
COMMENT ON FUNCTION room_reasons IS 'The reasons that exclude each other on one stay.';

CREATE FUNCTION drop_granted_wishes(now_is stay, by_whom text) RETURNS void
LANGUAGE sql SET search_path = channel_sync, pg_temp AS $$
    WITH wishes AS (
        SELECT t.task_id, coalesce(jsonb_agg(c.wish) FILTER (
                   WHERE as_fact(c.wish ->> 'field', to_jsonb(now_is) -> (c.wish ->> 'field'))
                         IS DISTINCT FROM c.wish -> 'new'), '[]') AS still
          FROM task AS t, jsonb_array_elements(t.details -> 'changes') AS c(wish)
         WHERE t.property_id = now_is.property_id AND t.reservation_id = now_is.reservation_id
           AND t.line = now_is.line AND t.state = 'open'
           AND t.reason IN ('in_house_change', 'status_conflict')
         GROUP BY t.task_id
    )
    UPDATE task AS t
       SET details = t.details || jsonb_build_object('changes', w.still),
           state = CASE w.still WHEN '[]' THEN 'superseded' ELSE t.state END,
           closed_at = CASE w.still WHEN '[]' THEN now() END,
           closed_by = CASE w.still WHEN '[]' THEN by_whom END
      FROM wishes AS w
     WHERE t.property_id = now_is.property_id AND t.task_id = w.task_id
       AND w.still <> t.details -> 'changes'
$$;
COMMENT ON FUNCTION drop_granted_wishes IS
    'What staff did by hand needs no asking any more.';

CREATE FUNCTION close_settled_tasks(was stay, now_is stay, event text) RETURNS void
LANGUAGE plpgsql SET search_path = channel_sync, pg_temp AS $$
DECLARE
    by_whom text := format('%s (%s)', person(), event);
    was_in  text[] := ARRAY(SELECT a.room FROM unnest(was.rooms) AS a ORDER BY 1);
    is_in   text[] := ARRAY(SELECT a.room FROM unnest(now_is.rooms) AS a ORDER BY 1);
BEGIN
    IF now_is.status = 'cancelled' THEN
        PERFORM close_tasks(now_is.property_id, now_is.reservation_id, now_is.line, NULL,
                            'superseded', by_whom);
        IF NOT EXISTS (SELECT FROM stay AS s
                        WHERE s.property_id = now_is.property_id
                          AND s.reservation_id = now_is.reservation_id
                          AND s.status <> 'cancelled') THEN
            PERFORM close_tasks(now_is.property_id, now_is.reservation_id, NULL, NULL,
                                'superseded', by_whom);
        END IF;
        RETURN;
    END IF;
    IF is_in <> '{}' AND NOT now_is.held AND (is_in <> was_in OR was.held) THEN
        PERFORM close_tasks(now_is.property_id, now_is.reservation_id, now_is.line,
                            room_reasons(), 'done', by_whom);
    END IF;
    IF now_is.status IN ('checked_out', 'no_show') AND was.status <> now_is.status THEN
        PERFORM close_tasks(now_is.property_id, now_is.reservation_id, now_is.line,
                            room_reasons(), 'superseded', by_whom);
    END IF;
    PERFORM drop_granted_wishes(now_is, by_whom);
    IF now_is.status = 'checked_in' AND was.status <> 'checked_in' THEN
        UPDATE task AS t SET state = 'superseded', closed_at = now(), closed_by = by_whom
         WHERE t.property_id = now_is.property_id AND t.reservation_id = now_is.reservation_id
           AND (t.line = now_is.line OR t.line IS NULL) AND t.state = 'open' AND t.notice;
    END IF;
END
$$;
COMMENT ON FUNCTION close_settled_tasks IS
    'A room given by a person settles room tasks; check-in ends notices; a cancel ends all.';

CREATE FUNCTION record_reservation_fact() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = channel_sync, pg_temp AS $$
DECLARE
    facts jsonb := facts_between(CASE WHEN TG_OP = 'UPDATE' THEN to_jsonb(OLD) END, to_jsonb(NEW));
    event text := coalesce(spoken('event'), CASE TG_OP WHEN 'INSERT' THEN 'booked' ELSE 'edited' END);
BEGIN
    IF facts <> '{}' THEN
        PERFORM write_history(NEW.property_id, NEW.reservation_id, NULL, event, facts);
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER staff_facts_of_a_stay_are_history AFTER INSERT OR UPDATE ON stay
    FOR EACH ROW WHEN (current_user <> 'channel_sync_worker')
    EXECUTE FUNCTION record_stay_fact();
CREATE TRIGGER staff_facts_of_a_reservation_are_history AFTER INSERT OR UPDATE ON reservation
    FOR EACH ROW WHEN (current_user <> 'channel_sync_worker')
    EXECUTE FUNCTION record_reservation_fact();
