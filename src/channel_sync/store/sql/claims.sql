-- name: claim
-- Takes a partition over: whoever held it fails its next compare. Makes the row at first.
INSERT INTO consumer_partition AS mine (topic, partition, epoch, claimed_by, claimed_at)
VALUES ($1, $2, 1, $3, now())
ON CONFLICT (topic, partition) DO UPDATE
   SET epoch = mine.epoch + 1, claimed_by = excluded.claimed_by, claimed_at = now()
RETURNING epoch, next_offset, halted_at, halt_reason, internal_errors, last_offset,
          last_recorded_at;

-- name: begin
-- Says where a partition begins that was never consumed.
UPDATE consumer_partition
   SET next_offset = $4
 WHERE topic = $1 AND partition = $2 AND epoch = $3 AND next_offset IS NULL
RETURNING next_offset;

-- name: load
-- The row as it is, for the worker that does not trust its memory.
SELECT epoch, next_offset, halted_at, halt_reason, internal_errors, last_offset, last_recorded_at
  FROM consumer_partition
 WHERE topic = $1 AND partition = $2;

-- name: move
-- Moves the offset, if nobody else has: the first statement of every slice's transaction.
UPDATE consumer_partition
   SET next_offset = $5::bigint, last_offset = $5::bigint - 1, last_recorded_at = $6
 WHERE topic = $1 AND partition = $2 AND epoch = $3 AND next_offset = $4
RETURNING next_offset;

-- name: record_internal_errors
-- Keeps the count of consecutive internal errors beyond the life of a worker.
UPDATE consumer_partition
   SET internal_errors = $4
 WHERE topic = $1 AND partition = $2 AND epoch = $3
RETURNING internal_errors;

-- name: record_halt
-- Halts a partition until a person resumes it, at resume_at if its own offset is gone.
UPDATE consumer_partition
   SET halted_at = now(), halt_reason = $4, resume_at = $5
 WHERE topic = $1 AND partition = $2 AND epoch = $3 AND halted_at IS NULL
RETURNING halted_at;

-- name: resume
-- Lifts a halt; the worker sees it by itself.
UPDATE consumer_partition
   SET halted_at = NULL, halt_reason = NULL, internal_errors = 0,
       next_offset = coalesce(resume_at, next_offset), resume_at = NULL,
       last_offset = CASE WHEN resume_at IS NULL THEN last_offset END
 WHERE topic = $1 AND partition = $2 AND halted_at IS NOT NULL
RETURNING next_offset;

-- name: load_all
-- Every partition ever claimed.
SELECT topic, partition, next_offset, epoch, claimed_by, claimed_at, internal_errors,
       halted_at, halt_reason, resume_at
  FROM consumer_partition
 ORDER BY topic, partition;
