-- Changes of the hotel itself: the planner looks again, and a block wins over who has not begun.

CREATE FUNCTION property_changes() RETURNS trigger
LANGUAGE plpgsql SET search_path = channel_sync, pg_temp AS $$
BEGIN
    NEW.version := greatest(NEW.version, OLD.version + 1);
    NEW.replan_due := true;
    RETURN NEW;
END
$$;
CREATE TRIGGER a_changed_property_is_planned_again BEFORE UPDATE ON property
    FOR EACH ROW WHEN ((OLD.name, OLD.timezone, OLD.currency, OLD.policy, OLD.own_email_addresses,
                        OLD.blocked_guests)
                       IS DISTINCT FROM
                       (NEW.name, NEW.timezone, NEW.currency, NEW.policy, NEW.own_email_addresses,
                        NEW.blocked_guests))
    EXECUTE FUNCTION property_changes();

CREATE FUNCTION hotel_changes() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = channel_sync, pg_temp AS $$
BEGIN
    -- Once a row of the hotel's: categories, rooms, channels and blocks are few and change rarely.
    UPDATE property AS p SET version = p.version + 1, replan_due = true
     WHERE p.property_id = CASE TG_OP WHEN 'DELETE' THEN OLD.property_id ELSE NEW.property_id END;
    RETURN NULL;
END
$$;

DO $do$
DECLARE
    hotel_table text;
BEGIN
    FOREACH hotel_table IN ARRAY ARRAY['category', 'room', 'channel', 'block'] LOOP
        EXECUTE format(
            'CREATE TRIGGER a_changed_hotel_is_planned_again_%1$s AFTER UPDATE ON %1$I'
            ' FOR EACH ROW WHEN (OLD IS DISTINCT FROM NEW) EXECUTE FUNCTION hotel_changes()',
            hotel_table);
        EXECUTE format(
            'CREATE TRIGGER a_grown_hotel_is_planned_again_%1$s AFTER INSERT OR DELETE ON %1$I'
            ' FOR EACH ROW EXECUTE FUNCTION hotel_changes()',
            hotel_table);
    END LOOP;
END
$do$;

CREATE FUNCTION block_wins() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = channel_sync, pg_temp AS $$
DECLARE
    today  date;
    each   record;
    actor  text := spoken('actor');
    event  text := spoken('event');
    reason text := spoken('reason');
BEGIN
    PERFORM FROM property AS p WHERE p.property_id = NEW.property_id FOR NO KEY UPDATE;
    today := property_today(NEW.property_id);
    IF EXISTS (SELECT FROM room_night AS held
                WHERE held.property_id = NEW.property_id AND held.room = NEW.room
                  AND held.night >= NEW.from_date AND held.night < NEW.to_date
                  AND held.block_id <> NEW.block_id) THEN
        RAISE EXCEPTION USING ERRCODE = 'CS001', MESSAGE =
            format('room %s is blocked already between %s and %s', NEW.room, NEW.from_date,
                   NEW.to_date);
    END IF;
    FOR each IN
        SELECT s.reservation_id, s.line, r.reference,
               stay_has_begun(s.status, s.arrival, today) AS has_begun
          FROM room_night AS held
          JOIN stay AS s USING (property_id, reservation_id, line)
          JOIN reservation AS r USING (property_id, reservation_id)
         WHERE held.property_id = NEW.property_id AND held.room = NEW.room
           AND held.night >= greatest(NEW.from_date, today) AND held.night < NEW.to_date
         GROUP BY s.reservation_id, s.line, r.reference, s.status, s.arrival
         ORDER BY s.reservation_id, s.line
    LOOP
        IF each.has_begun THEN
            RAISE EXCEPTION USING ERRCODE = 'CS001', MESSAGE =
                format('room %s cannot be blocked: %s is in house there', NEW.room,
                       each.reference);
        END IF;
        PERFORM speak(coalesce(actor, NEW.actor), 'released',
                      format('room %s is blocked from %s to %s', NEW.room, NEW.from_date,
                             NEW.to_date) || coalesce(': ' || NEW.reason, ''));
        UPDATE stay AS s SET rooms = '{}', to_place = true
         WHERE s.property_id = NEW.property_id AND s.reservation_id = each.reservation_id
           AND s.line = each.line;
    END LOOP;
    PERFORM speak(actor, event, reason);
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION block_wins IS
    'Stays that have not begun leave the room and are placed anew; over one in house: refused.';

CREATE TRIGGER a_block_wins BEFORE INSERT OR UPDATE OF room, from_date, to_date ON block
    FOR EACH ROW EXECUTE FUNCTION block_wins();
