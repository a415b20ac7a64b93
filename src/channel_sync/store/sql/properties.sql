-- name: load_properties
-- Whole properties as JSON, categories in rank order and rooms in room order; unknown ids: no row.
SELECT jsonb_build_object(
           'property_id', p.property_id, 'name', p.name, 'timezone', p.timezone,
           'currency', p.currency, 'policy', p.policy,
           'own_email_addresses', p.own_email_addresses, 'version', p.version,
           'last_reservation_id', p.last_reservation_id,
           'categories', coalesce((
               SELECT jsonb_agg(jsonb_build_object('code', c.category, 'name', c.name,
                                                   'capacity', c.capacity, 'units', c.units)
                                ORDER BY c.rank, c.category)
               FROM category c WHERE c.property_id = p.property_id), '[]'),
           'rooms', coalesce((
               SELECT jsonb_agg(jsonb_build_object('code', r.room, 'category', r.category,
                                                   'capacity', r.capacity, 'active', r.is_active)
                                ORDER BY c.rank, c.category, r.position, r.room)
               FROM room r JOIN category c USING (property_id, category)
               WHERE r.property_id = p.property_id), '[]'),
           'channels', coalesce((
               SELECT jsonb_agg(jsonb_build_object('name', h.channel, 'aliases', h.aliases,
                                                   'categories', h.categories,
                                                   'rate_plans', h.rate_plans)
                                ORDER BY h.channel)
               FROM channel h WHERE h.property_id = p.property_id), '[]'),
           'blocks', coalesce((
               SELECT jsonb_agg(jsonb_build_object('room', b.room, 'from_date', b.from_date,
                                                   'to_date', b.to_date, 'reason', b.reason)
                                ORDER BY b.from_date, b.block_id)
               FROM block b
               WHERE b.property_id = p.property_id
                 AND b.to_date > property_day(p.timezone, p.policy)), '[]'))::text AS property
FROM property p
WHERE p.property_id = ANY ($1::text[])
ORDER BY p.property_id;

-- name: act_as_owner
-- Becomes the owner of the schema, in it, until told otherwise; returns the role before.
SELECT current_setting('role') AS before, set_config('role', 'channel_sync_owner', true),
       set_config('search_path', 'channel_sync, pg_temp', true);

-- name: act_as
-- Becomes a role again.
SELECT set_config('role', $1, true);

-- name: name_actor
-- Names who writes until the transaction ends or another is named.
SELECT speak($1, NULL, NULL);

-- name: lock_property
-- Whether the property is known; if so it is ours alone until the transaction ends.
SELECT property_id FROM property WHERE property_id = $1 FOR NO KEY UPDATE;

-- name: save_property
-- Makes a property, or changes what is said of it (null: not said); policy keys are merged.
INSERT INTO property AS p (property_id, name, timezone, currency, policy, own_email_addresses,
                           blocked_guests)
VALUES ($1, coalesce($2, $1), coalesce($3, 'UTC'), coalesce($4, 'EUR'), coalesce($5::jsonb, '{}'),
        coalesce($6::text[], '{}'), coalesce($7::jsonb, '[]'))
ON CONFLICT (property_id) DO UPDATE
SET name = coalesce($2, p.name), timezone = coalesce($3, p.timezone),
    currency = coalesce($4, p.currency), policy = p.policy || coalesce($5::jsonb, '{}'),
    own_email_addresses = coalesce($6::text[], p.own_email_addresses),
    blocked_guests = coalesce($7::jsonb, p.blocked_guests);

-- name: save_categories
-- The categories of the file, in its order; written only where they differ.
INSERT INTO category AS c (property_id, category, name, capacity, rank, units)
SELECT $1, n.category, n.name, n.capacity, n.rank, n.units
FROM jsonb_to_recordset($2::jsonb)
     AS n(category text, name text, capacity integer, rank integer, units integer)
ON CONFLICT (property_id, category) DO UPDATE
SET name = excluded.name, capacity = excluded.capacity, rank = excluded.rank,
    units = excluded.units
WHERE (c.name, c.capacity, c.rank, c.units)
      IS DISTINCT FROM (excluded.name, excluded.capacity, excluded.rank, excluded.units);

-- name: save_rooms
-- The rooms of the file, in its order; written only where they differ.
INSERT INTO room AS r (property_id, room, category, capacity, position, is_active)
SELECT $1, n.room, n.category, n.capacity, n.position, n.is_active
FROM jsonb_to_recordset($2::jsonb)
     AS n(room text, category text, capacity integer, position integer, is_active boolean)
ON CONFLICT (property_id, room) DO UPDATE
SET category = excluded.category, capacity = excluded.capacity, position = excluded.position,
    is_active = excluded.is_active
WHERE (r.category, r.capacity, r.position, r.is_active)
      IS DISTINCT FROM
      (excluded.category, excluded.capacity, excluded.position, excluded.is_active);

-- name: drop_blocks_of_gone_rooms
-- A room that is in the file no longer is blocked no longer, if nobody is to stay in it.
DELETE FROM block b
WHERE b.property_id = $1 AND b.room <> ALL ($2::text[])
  AND NOT EXISTS (SELECT FROM room_night n
                  WHERE n.property_id = $1 AND n.room = b.room AND n.reservation_id IS NOT NULL
                    AND n.night >= property_today($1));

-- name: drop_gone_rooms
-- Rooms in the file no longer that hold no night to come, no pin, and no block.
DELETE FROM room r
WHERE r.property_id = $1 AND r.room <> ALL ($2::text[])
  AND NOT EXISTS (SELECT FROM block b WHERE b.property_id = $1 AND b.room = r.room)
  AND NOT EXISTS (SELECT FROM room_night n
                  WHERE n.property_id = $1 AND n.room = r.room AND n.night >= property_today($1))
  AND NOT EXISTS (SELECT FROM stay s
                  WHERE s.property_id = $1 AND s.pinned_room = r.room
                    AND s.status IN ('confirmed', 'checked_in'));

-- name: close_gone_rooms
-- The other rooms in the file no longer are closed: who is to stay in them stays.
UPDATE room r SET is_active = false
WHERE r.property_id = $1 AND r.room <> ALL ($2::text[]) AND r.is_active;

-- name: drop_gone_categories
-- Categories in the file no longer that have no room left and that nobody is to come for.
DELETE FROM category c
WHERE c.property_id = $1 AND c.category <> ALL ($2::text[])
  AND NOT EXISTS (SELECT FROM stay s
                  WHERE s.property_id = $1 AND s.booked_category = c.category
                    AND s.status IN ('confirmed', 'checked_in')
                    AND s.departure >= property_today($1))
  AND NOT EXISTS (SELECT FROM room r WHERE r.property_id = $1 AND r.category = c.category);

-- name: rank_gone_categories
-- Categories kept for their closed rooms or their guests stand below those of the file.
UPDATE category c SET rank = -1
WHERE c.property_id = $1 AND c.category <> ALL ($2::text[]) AND c.rank <> -1;

-- name: save_channels
-- The channels of the file, by name; what one of them leaves out stays.
INSERT INTO channel AS h (property_id, channel, aliases, categories, rate_plans)
SELECT $1, n.channel, coalesce(n.aliases, '{}'), coalesce(n.categories, '{}'),
       coalesce(n.rate_plans, '{}')
FROM jsonb_to_recordset($2::jsonb)
     AS n(channel text, aliases text[], categories jsonb, rate_plans jsonb)
ON CONFLICT (property_id, channel) DO NOTHING;

-- name: update_channels
-- What the file says of channels known before.
UPDATE channel h
SET aliases = coalesce(n.aliases, h.aliases), categories = coalesce(n.categories, h.categories),
    rate_plans = coalesce(n.rate_plans, h.rate_plans)
FROM jsonb_to_recordset($2::jsonb)
     AS n(channel text, aliases text[], categories jsonb, rate_plans jsonb)
WHERE h.property_id = $1 AND h.channel = n.channel;

-- name: drop_gone_channels
-- Channels in the file no longer: an empty mapping clears them all.
DELETE FROM channel h WHERE h.property_id = $1 AND h.channel <> ALL ($2::text[]);

-- name: load_blocks
-- The blocks that came from a file.
SELECT block_id, room, from_date, to_date, reason
FROM block
WHERE property_id = $1 AND actor = $2;

-- name: load_standing_blocks
-- The blocks that stand, whoever laid them.
SELECT room, from_date, to_date, reason FROM block WHERE property_id = $1;

-- name: drop_blocks
-- Blocks that are in the file no longer.
DELETE FROM block WHERE property_id = $1 AND block_id = ANY ($2::bigint[]);

-- name: save_block
-- One block; the stays in the room that have not begun are released.
INSERT INTO block (property_id, room, from_date, to_date, reason, actor)
VALUES ($1, $2, $3, $4, $5, $6);
