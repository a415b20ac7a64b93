-- name: drop_message_months
-- The months of messages before the month of a date end; their names.
SELECT drop_message_months($1);

-- name: forget_parked_bodies
-- The bodies of parked messages closed before a time end; how many.
SELECT forget_parked_bodies($1);
