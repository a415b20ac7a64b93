-- Rights on guests: the worker writes what it links, a PMS reads views and calls functions.

REVOKE ALL ON guest, guest_history, v_guest, v_guest_history FROM PUBLIC;
GRANT SELECT ON guest, guest_history, v_guest, v_guest_history TO channel_sync_worker;
GRANT INSERT, UPDATE ON guest TO channel_sync_worker;
GRANT INSERT ON guest_history TO channel_sync_worker;
GRANT UPDATE (last_guest_id, guests_due) ON property TO channel_sync_worker;
GRANT SELECT ON v_guest, v_guest_history TO channel_sync_pms;
DO $do$
DECLARE
    each record;
BEGIN
    FOR each IN
        SELECT p.oid::regprocedure AS function, p.proname
          FROM pg_proc AS p
         WHERE p.pronamespace = 'channel_sync'::regnamespace
           AND p.proname IN ('guest_is_set_by_staff', 'guest_email_key', 'root_guest_id', 'find_guest', 'refuse_merged',
                             'shown_guest', 'write_guest_history', 'tell_of_guest', 'write_guest',
                             'free_email_key', 'refuse_taken_email', 'new_guest_id',
                             'give_booking', 'merged_guest', 'personal_fields',
                             'without_personal_facts', 'without_personal_base',
                             'without_personal_details', 'erase_bookings', 'erase_messages',
                             'erase_from_booked', 'unless_naming', 'without_words',
                             'names_any', 'guest_words',
                             'edit_guest', 'split_guest', 'set_main_guest', 'block_guest',
                             'merge_guests', 'unmerge_guest', 'restore_guest', 'erase_guest')
    LOOP
        EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', each.function);
        IF each.proname IN ('edit_guest', 'split_guest', 'set_main_guest', 'block_guest',
                            'merge_guests', 'unmerge_guest', 'restore_guest', 'erase_guest') THEN
            EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO channel_sync_pms,'
                           ' channel_sync_worker', each.function);
        END IF;
    END LOOP;
END
$do$;
