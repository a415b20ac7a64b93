-- Rights: nobody has any by default; the worker has what it writes; a PMS has views and functions.

ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
REVOKE ALL ON SCHEMA channel_sync FROM PUBLIC;
REVOKE ALL ON ALL TABLES IN SCHEMA channel_sync FROM PUBLIC;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA channel_sync FROM PUBLIC;
GRANT USAGE ON SCHEMA channel_sync TO channel_sync_worker, channel_sync_pms;

-- The worker reads everything and writes what it decides. It deletes nothing, changes no table,
-- and not the hotel; the nights of rooms are written by triggers alone.
GRANT SELECT ON ALL TABLES IN SCHEMA channel_sync TO channel_sync_worker;
GRANT UPDATE (version, last_reservation_id, replan_due, planned_on, plan_failed_at)
    ON property TO channel_sync_worker;
GRANT INSERT, UPDATE ON reservation, reservation_reference, stay, task, parked,
    consumer_partition TO channel_sync_worker;
GRANT INSERT ON kept_revision, history, message TO channel_sync_worker;
-- A parked message that is tried again gets another outcome; nothing else of it changes.
GRANT UPDATE (property_id, message_id, channel, reference, reservation_id, outcome,
              outcome_reason, outcome_detail, order_basis, revision, today, applied_at)
    ON message TO channel_sync_worker;

-- A PMS reads views and calls functions. A hotel that lets its PMS write tables grants that.
GRANT SELECT ON v_stay, v_history, v_task, v_message, v_receipt, v_availability
    TO channel_sync_pms;
DO $do$
DECLARE
    public_function text;
BEGIN
    FOREACH public_function IN ARRAY ARRAY[
        -- What views call is called with the reader's own rights.
        'property_day', 'room_of', 'shown_facts',
        'availability', 'property_today', 'move_stay', 'pin_stay', 'unpin_stay', 'edit_stay',
        'note_stay', 'check_in', 'check_out', 'mark_no_show', 'cancel_stay', 'reinstate_stay',
        'set_policy', 'set_invoice_contact', 'accept_task', 'dismiss_task'
    ] LOOP
        EXECUTE format('GRANT EXECUTE ON FUNCTION %I TO channel_sync_pms, channel_sync_worker',
                       public_function);
    END LOOP;
END
$do$;
