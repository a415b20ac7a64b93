-- name: edit
-- Corrects columns of a guest.
SELECT edit_guest(property_id => $1, reference => $2, changes => $3, actor => $4, reason => $5);

-- name: split
-- Splits a booking off to a new guest of its own.
SELECT split_guest(property_id => $1, reference => $2, name => $3, email => $4, actor => $5,
                   reason => $6);

-- name: set_main
-- Gives a booking to another guest.
SELECT set_main_guest(property_id => $1, reference => $2, to_guest => $3, actor => $4,
                      reason => $5);

-- name: merge
-- Makes one guest of two.
SELECT merge_guests(property_id => $1, reference => $2, into_guest => $3, actor => $4,
                    reason => $5);

-- name: unmerge
-- Takes a merge back.
SELECT unmerge_guest(property_id => $1, reference => $2, actor => $3, reason => $4);

-- name: restore
-- Undoes the last change of a guest, or of one field.
SELECT restore_guest(property_id => $1, reference => $2, field => $3, actor => $4, reason => $5);

-- name: block
-- Marks a guest as not wanted, or takes the mark back.
SELECT block_guest(property_id => $1, reference => $2, blocked => $3, actor => $4, reason => $5);

-- name: erase
-- Erases the personal data of a guest.
SELECT erase_guest(property_id => $1, reference => $2, actor => $3);

-- name: properties_of_guest
-- The properties that know a booking or a guest by this, two at most; merged guests have a history.
SELECT DISTINCT s.property_id FROM v_stay AS s WHERE s.reference = $1
UNION
SELECT h.property_id FROM v_guest_history AS h
 WHERE h.guest_id::text = ltrim($1, '#')
   AND NOT EXISTS (SELECT FROM v_stay AS s WHERE s.reference = $1)
 ORDER BY 1
 LIMIT 2;

-- name: show
-- One guest, named by a booking or by id.
SELECT g.*
  FROM v_guest AS g
 WHERE g.property_id = $1
   AND g.guest_id::text = coalesce(
       (SELECT s.guest_id::text FROM v_stay AS s
         WHERE s.property_id = $1 AND s.reference = $2 LIMIT 1),
       ltrim($2, '#'));

-- name: guest_history
-- What was changed of a guest, the oldest first.
SELECT h.*
  FROM v_guest_history AS h
 WHERE h.property_id = $1 AND h.guest_id = $2
 ORDER BY h.guest_history_id, h.field;
