-- name: move
-- Puts a stay into another room, from a date on if one is given.
SELECT move_stay(property_id => $1, reference => $2, line => $3, room => $4, from_date => $5,
                 actor => $6, reason => $7);

-- name: pin
-- Ties a stay to the room it has.
SELECT pin_stay(property_id => $1, reference => $2, line => $3, actor => $4, reason => $5);

-- name: unpin
-- Ends the tie between a stay and its room.
SELECT unpin_stay(property_id => $1, reference => $2, line => $3, actor => $4, reason => $5);

-- name: edit
-- Changes columns of a stay or of its booking.
SELECT edit_stay(property_id => $1, reference => $2, line => $3, changes => $4, actor => $5,
                 reason => $6);

-- name: note
-- Writes the staff's own note.
SELECT note_stay(property_id => $1, reference => $2, line => $3, staff_note => $4, actor => $5);

-- name: check_in
-- Marks a stay as arrived.
SELECT check_in(property_id => $1, reference => $2, line => $3, actor => $4, reason => $5);

-- name: check_out
-- Marks a stay as left; its room is free from today.
SELECT check_out(property_id => $1, reference => $2, line => $3, actor => $4, reason => $5);

-- name: no_show
-- Marks a stay as not arrived; its room is free from today.
SELECT mark_no_show(property_id => $1, reference => $2, line => $3, actor => $4, reason => $5);

-- name: cancel
-- Cancels a stay, or a whole booking where no line is named.
SELECT cancel_stay(property_id => $1, reference => $2, line => $3, actor => $4, reason => $5);

-- name: reinstate
-- Revives a stay that staff cancelled.
SELECT reinstate_stay(property_id => $1, reference => $2, line => $3, actor => $4, reason => $5);

-- name: policy
-- Sets what the channel may do to the rooms of one booking; null: as the property.
SELECT set_policy(property_id => $1, reference => $2, ota_room_policy => $3, actor => $4);

-- name: invoice_contact
-- Sets whom the invoice of a booking goes to.
SELECT set_invoice_contact(property_id => $1, reference => $2, contact => $3, actor => $4);

-- name: accept
-- Applies what a task wishes, as an edit of staff.
SELECT accept_task(property_id => $1, task_id => $2, actor => $3, reason => $4);

-- name: dismiss
-- Puts a task aside.
SELECT dismiss_task(property_id => $1, task_id => $2, actor => $3, reason => $4);

-- name: properties_of_reference
-- The properties that know a reference, two at most.
SELECT DISTINCT s.property_id FROM v_stay AS s WHERE s.reference = $1 ORDER BY 1 LIMIT 2;

-- name: property_of_task
-- The property and the state of a task.
SELECT t.property_id, t.state FROM v_task AS t WHERE t.task_id = $1;

-- name: book
-- Makes a booking of the hotel's own; its reference.
SELECT book_stay(property_id => $1, room_line => $2, actor => $3, reason => $4, reference => $5,
                 room => $6);

-- name: amend
-- Changes a stay of the hotel's own.
SELECT amend_stay(property_id => $1, reference => $2, line => $3, room_line => $4, actor => $5,
                  reason => $6, room => $7);

-- name: add_room
-- Adds a room to a booking; its line.
SELECT add_room(property_id => $1, reference => $2, room_line => $3, actor => $4, reason => $5,
                room => $6);

-- name: split
-- Makes two stays of one from a date on; the line of the second.
SELECT split_stay(property_id => $1, reference => $2, line => $3, from_date => $4, actor => $5,
                  reason => $6, room => $7);

-- name: block
-- Takes a room out of order.
SELECT block_room(property_id => $1, room => $2, from_date => $3, to_date => $4, actor => $5,
                  reason => $6);

-- name: unblock
-- Puts a room in order again on some nights, or on all (null).
SELECT unblock_room(property_id => $1, room => $2, from_date => $3, to_date => $4, actor => $5,
                    reason => $6);
