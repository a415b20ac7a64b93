-- Guests: who stays and who booked, known again by e-mail; and what was ever changed of them.

CREATE TABLE guest (
    property_id     text NOT NULL REFERENCES property,
    guest_id        bigint NOT NULL,
    guest_number    text,
    name            text,
    email           text,
    phone           text,
    language        text,
    country         text,
    email_key       text,
    separated_from  text,
    base            jsonb NOT NULL DEFAULT '{}',
    blocked         boolean NOT NULL DEFAULT false,
    is_listed       boolean NOT NULL DEFAULT false,
    to_look         boolean NOT NULL DEFAULT false,
    merged_into     bigint,
    merged_bookings jsonb,
    merged_at       timestamptz,
    erased_at       timestamptz,
    PRIMARY KEY (property_id, guest_id),
    FOREIGN KEY (property_id, merged_into) REFERENCES guest,
    CONSTRAINT guest_is_not_merged_into_itself CHECK (merged_into <> guest_id),
    CONSTRAINT merged_guest_says_when CHECK ((merged_into IS NULL) = (merged_at IS NULL))
);
COMMENT ON TABLE guest IS 'One person of one property; the id never changes.';
COMMENT ON COLUMN guest.guest_number IS 'The hotel''s own number; it identifies nothing.';
COMMENT ON COLUMN guest.email_key IS
    'The e-mail as it is compared; null: none, one that is unusable, or one that keys another.';
COMMENT ON COLUMN guest.separated_from IS
    'The e-mail key under which a booking of this name came in while it keyed another guest.';
COMMENT ON COLUMN guest.base IS
    'What a channel last said and we took; a field that differs from it was edited by staff.';
COMMENT ON COLUMN guest.is_listed IS 'Whether an entry of the property''s blocked_guests fits.';
COMMENT ON COLUMN guest.to_look IS 'Staff changed the guest; the planner has yet to look at it.';
COMMENT ON COLUMN guest.merged_bookings IS
    'The bookings that went over with a merge, by what the guest was in them: main and booker.';

CREATE UNIQUE INDEX an_email_keys_at_most_one_guest ON guest (property_id, email_key)
    WHERE email_key IS NOT NULL;
CREATE INDEX guest_separated_from_email ON guest (property_id, separated_from)
    WHERE separated_from IS NOT NULL;
CREATE INDEX guest_merged_into_another ON guest (property_id, merged_into)
    WHERE merged_into IS NOT NULL;
CREATE INDEX guest_to_look_at ON guest (property_id, guest_id) WHERE to_look;
CREATE INDEX guest_not_wanted ON guest (property_id, guest_id) WHERE blocked OR is_listed;

CREATE TABLE guest_history (
    property_id      text NOT NULL,
    guest_history_id bigint GENERATED ALWAYS AS IDENTITY,
    guest_id         bigint NOT NULL,
    at               timestamptz NOT NULL DEFAULT now(),
    actor_type       text NOT NULL CONSTRAINT guest_history_actor_is_known CHECK
                     (actor_type IN ('channel', 'staff', 'system')),
    actor            text NOT NULL,
    event            text NOT NULL,
    facts            jsonb NOT NULL,
    reservation_id   bigint,
    message_id       text,
    reason           text NOT NULL DEFAULT '',
    undone_fields    text[] NOT NULL DEFAULT '{}',
    PRIMARY KEY (property_id, guest_history_id),
    FOREIGN KEY (property_id, guest_id) REFERENCES guest
);
COMMENT ON COLUMN guest_history.facts IS 'What changed: {"field": [old, new]}.';
COMMENT ON COLUMN guest_history.undone_fields IS 'Fields that a restore took back since.';
CREATE INDEX guest_history_of_guest ON guest_history (property_id, guest_id, guest_history_id);

ALTER TABLE property
    ADD COLUMN last_guest_id bigint NOT NULL DEFAULT 0,
    ADD COLUMN guests_due boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN property.guests_due IS
    'The blocked list changed: the planner has yet to look at every guest.';

ALTER TABLE reservation
    ADD COLUMN guest_id bigint,
    ADD COLUMN booker_guest_id bigint,
    ADD COLUMN guest_set_by_staff boolean NOT NULL DEFAULT false,
    ADD CONSTRAINT main_guest_is_a_guest FOREIGN KEY (property_id, guest_id) REFERENCES guest,
    ADD CONSTRAINT booker_is_a_guest FOREIGN KEY (property_id, booker_guest_id) REFERENCES guest;
COMMENT ON COLUMN reservation.booker_guest_id IS
    'The guest who is known under the booking''s e-mail where the main guest is another.';
COMMENT ON COLUMN reservation.guest_set_by_staff IS
    'Staff chose the main guest: no message chooses another.';
CREATE INDEX reservation_of_guest ON reservation (property_id, guest_id);
CREATE INDEX reservation_of_booker ON reservation (property_id, booker_guest_id)
    WHERE booker_guest_id IS NOT NULL;
CREATE INDEX reservation_without_guest ON reservation (property_id, reservation_id)
    WHERE guest_id IS NULL AND NOT guest_set_by_staff AND NOT is_tombstone
      AND replaced_by IS NULL;

-- Bookings made before there were guests are linked by the planner, some at each of its looks.
UPDATE property SET replan_due = true WHERE last_reservation_id > 0;

CREATE OR REPLACE FUNCTION property_changes() RETURNS trigger
LANGUAGE plpgsql SET search_path = channel_sync, pg_temp AS $$
BEGIN
    NEW.version := greatest(NEW.version, OLD.version + 1);
    NEW.replan_due := true;
    NEW.guests_due := NEW.guests_due OR NEW.blocked_guests IS DISTINCT FROM OLD.blocked_guests;
    RETURN NEW;
END
$$;

CREATE FUNCTION guest_is_set_by_staff() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    NEW.guest_set_by_staff := true;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION guest_is_set_by_staff IS
    'A main guest that a PMS writes by plain SQL is as good as one set by the function.';
CREATE TRIGGER a_guest_set_by_plain_sql_is_kept BEFORE UPDATE ON reservation
    FOR EACH ROW WHEN (current_user NOT IN ('channel_sync_worker', 'channel_sync_owner')
                       AND NEW.guest_id IS DISTINCT FROM OLD.guest_id)
    EXECUTE FUNCTION guest_is_set_by_staff();
