-- Rooms out of order, as a person says it; what a block does to stays is `block_wins`.

CREATE FUNCTION block_as_fact(laid block) RETURNS jsonb
LANGUAGE sql IMMUTABLE AS $$
    SELECT jsonb_strip_nulls(jsonb_build_object(
        'room', laid.room, 'from_date', laid.from_date, 'to_date', laid.to_date,
        'reason', laid.reason))
$$;

CREATE FUNCTION refuse_unknown_room(property_id text, room text) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = channel_sync, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM room AS r WHERE r.property_id = $1 AND r.room = $2) THEN
        RAISE EXCEPTION USING ERRCODE = 'CS002', MESSAGE =
            format('%s has no room %s', $1, coalesce($2, '(null)'));
    END IF;
END
$$;

CREATE FUNCTION block_room(
    property_id text, room text, from_date date, to_date date, actor text,
    reason text DEFAULT NULL)
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = channel_sync, pg_temp AS $$
DECLARE
    today date := begin_staff_edit(property_id, actor, 'blocked', reason);
    laid  block;
BEGIN
    PERFORM refuse_unknown_room(property_id, room);
    IF from_date IS NULL OR to_date IS NULL OR to_date <= from_date THEN
        RAISE EXCEPTION USING ERRCODE = 'CS001', MESSAGE = format(
            'a block ends after it begins: not from %s to %s', coalesce(from_date::text, 'none'),
            coalesce(to_date::text, 'none'));
    ELSIF to_date <= today THEN
        RAISE EXCEPTION USING ERRCODE = 'CS001', MESSAGE =
            format('the nights before %s are over', to_date);
    END IF;
    INSERT INTO block (property_id, room, from_date, to_date, reason, actor)
    VALUES (property_id, room, from_date, to_date, reason, actor)
    RETURNING * INTO laid;
    PERFORM write_history(property_id, NULL, NULL, 'blocked',
                          jsonb_build_object('block', jsonb_build_array(NULL, block_as_fact(laid))));
    RETURN end_staff_edit(property_id);
END
$$;
COMMENT ON FUNCTION block_room IS
    'Takes a room out of order: stays not begun are placed anew, over one in house it is refused.';

CREATE FUNCTION unblock_room(
    property_id text, room text, from_date date, to_date date, actor text,
    reason text DEFAULT NULL)
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = channel_sync, pg_temp AS $$
DECLARE
    today  date := begin_staff_edit(property_id, actor, 'unblocked', reason);
    first  date := coalesce(from_date, '-infinity');
    -- As a block is: the night of `to_date` is not meant.
    beyond date := coalesce(to_date, 'infinity');
    laid   block;
    lifted block;
    found_one boolean := false;
BEGIN
    PERFORM refuse_unknown_room(property_id, room);
    FOR laid IN SELECT * FROM block AS b
                 WHERE b.property_id = unblock_room.property_id AND b.room = unblock_room.room
                   AND b.from_date < beyond AND b.to_date > first
                   AND (unblock_room.from_date IS NOT NULL OR b.to_date > today)
                 ORDER BY b.from_date
    LOOP
        found_one := true;
        DELETE FROM block AS b WHERE b.property_id = laid.property_id
                                 AND b.block_id = laid.block_id;
        -- What of it lies before and after the nights named goes on being blocked.
        INSERT INTO block (property_id, room, from_date, to_date, reason, actor)
        SELECT laid.property_id, laid.room, n.from_date, n.to_date, laid.reason, laid.actor
          FROM (VALUES (laid.from_date, least(first, laid.to_date)),
                       (greatest(beyond, laid.from_date), laid.to_date)) AS n(from_date, to_date)
         WHERE n.to_date > n.from_date;
        lifted := laid;
        lifted.from_date := greatest(laid.from_date, first);
        lifted.to_date := least(laid.to_date, beyond);
        PERFORM write_history(property_id, NULL, NULL, 'unblocked', jsonb_build_object(
            'block', jsonb_build_array(block_as_fact(lifted), NULL)));
    END LOOP;
    IF NOT found_one THEN
        RAISE EXCEPTION USING ERRCODE = 'CS002', MESSAGE =
            format('room %s is not blocked then', room);
    END IF;
    RETURN end_staff_edit(property_id);
END
$$;
COMMENT ON FUNCTION unblock_room IS
    'Puts a room back in order on the nights named (null: open to that side); who waits is tried.';

CREATE VIEW v_block AS
SELECT b.property_id, b.block_id, b.room, r.category, b.from_date, b.to_date, b.reason, b.actor
  FROM block AS b
  JOIN room AS r USING (property_id, room);
COMMENT ON VIEW v_block IS 'Rooms out of order, from inclusive, to exclusive.';

COMMENT ON COLUMN v_history.field IS
    'A column of v_stay, or `block` for a room out of order; null where nothing of these changed.';
