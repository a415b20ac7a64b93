-- The record applied last, by which a topic that was made anew is told from the one it replaced.

ALTER TABLE consumer_partition
    ADD COLUMN last_offset      bigint,
    ADD COLUMN last_recorded_at timestamptz;
COMMENT ON COLUMN consumer_partition.last_offset IS
    'The record applied last; null: none since the partition began or was resumed elsewhere.';
COMMENT ON COLUMN consumer_partition.last_recorded_at IS
    'When Kafka recorded it. An older worker moves the offset without it: both stand for themselves.';
