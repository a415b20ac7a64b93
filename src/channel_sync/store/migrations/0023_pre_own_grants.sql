-- Who may call what 0020 to 0022 made.

GRANT SELECT ON v_block TO channel_sync_pms, channel_sync_worker;
DO $do$
DECLARE
    public_function text;
BEGIN
    FOREACH public_function IN ARRAY ARRAY[
        'book_stay', 'amend_stay', 'add_room', 'split_stay', 'block_room', 'unblock_room'
    ] LOOP
        EXECUTE format('GRANT EXECUTE ON FUNCTION %I TO channel_sync_pms, channel_sync_worker',
                       public_function);
    END LOOP;
END
$do$;
