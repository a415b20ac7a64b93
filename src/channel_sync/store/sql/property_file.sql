-- name: ids
-- Every property.
SELECT p.property_id FROM property AS p ORDER BY p.property_id;

-- name: property
-- What a property file says at its top, and its policy as far as it was said.
SELECT p.name, p.timezone, p.currency, p.policy, p.own_email_addresses, p.blocked_guests
  FROM property AS p WHERE p.property_id = $1;

-- name: categories
-- Categories in rank order.
SELECT c.category, c.name, c.capacity, c.units
  FROM category AS c WHERE c.property_id = $1 ORDER BY c.rank, c.category;

-- name: rooms
-- Rooms in room order.
SELECT r.room, r.category, r.capacity, r.is_active
  FROM room AS r WHERE r.property_id = $1 ORDER BY r.position, r.room;

-- name: blocks
-- Blocks laid by one actor, the file itself: others have to be lifted where they were laid.
SELECT b.room, b.from_date, b.to_date, b.reason
  FROM block AS b
 WHERE b.property_id = $1 AND b.actor = $2
 ORDER BY b.from_date, b.room;

-- name: channels
-- Channels with their other spellings and their codes.
SELECT h.channel, h.aliases, h.categories, h.rate_plans
  FROM channel AS h WHERE h.property_id = $1 ORDER BY h.channel;
