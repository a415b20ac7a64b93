-- How far the planner's search for moves has come, where one look at a property was not enough.

ALTER TABLE property
    ADD COLUMN searched text[],
    ADD COLUMN searched_version bigint;
COMMENT ON COLUMN property.searched IS
    'Stays (reservation id/line) that the planner has searched for since searched_version.';
GRANT UPDATE (searched, searched_version) ON property TO channel_sync_worker;
