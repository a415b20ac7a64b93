-- The database as the migrations make it: a picture, not to be run. Views are shown by their
-- columns and functions by their signatures; the text of both is in the migrations.

-- Types
CREATE TYPE allocation AS (room text, from_date date, to_date date);
CREATE TYPE revision_order AS (basis text, value numeric, source text);

-- Relations
CREATE TABLE block (
    property_id text NOT NULL,
    block_id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    room text NOT NULL,
    from_date date NOT NULL,
    to_date date NOT NULL,
    reason text,
    actor text,
    CONSTRAINT block_ends_after_it_begins CHECK ((to_date > from_date)),
    CONSTRAINT block_pkey PRIMARY KEY (property_id, block_id),
    CONSTRAINT block_property_id_room_fkey FOREIGN KEY (property_id, room) REFERENCES room(property_id, room)
);
CREATE TABLE category (
    property_id text NOT NULL,
    category text NOT NULL,
    name text NOT NULL,
    capacity integer NOT NULL,
    rank integer NOT NULL,
    units integer,
    CONSTRAINT category_counts_up CHECK ((units >= 0)),
    CONSTRAINT category_holds_somebody CHECK ((capacity > 0)),
    CONSTRAINT category_pkey PRIMARY KEY (property_id, category),
    CONSTRAINT category_property_id_fkey FOREIGN KEY (property_id) REFERENCES property(property_id) ON DELETE CASCADE
);
CREATE TABLE channel (
    property_id text NOT NULL,
    channel text NOT NULL,
    aliases text[] NOT NULL DEFAULT '{}'::text[],
    categories jsonb NOT NULL DEFAULT '{}'::jsonb,
    rate_plans jsonb NOT NULL DEFAULT '{}'::jsonb,
    CONSTRAINT channel_pkey PRIMARY KEY (property_id, channel),
    CONSTRAINT channel_property_id_fkey FOREIGN KEY (property_id) REFERENCES property(property_id) ON DELETE CASCADE
);
CREATE TABLE consumer_partition (
    topic text NOT NULL,
    partition integer NOT NULL,
    next_offset bigint,
    epoch bigint NOT NULL DEFAULT 0,
    claimed_by text,
    claimed_at timestamp with time zone,
    internal_errors integer NOT NULL DEFAULT 0,
    halted_at timestamp with time zone,
    halt_reason text,
    resume_at bigint,
    last_offset bigint,
    last_recorded_at timestamp with time zone,
    CONSTRAINT consumer_partition_pkey PRIMARY KEY (topic, partition)
);
CREATE TABLE guest (
    property_id text NOT NULL,
    guest_id bigint NOT NULL,
    guest_number text,
    name text,
    email text,
    phone text,
    language text,
    country text,
    email_key text,
    separated_from text,
    base jsonb NOT NULL DEFAULT '{}'::jsonb,
    blocked boolean NOT NULL DEFAULT false,
    is_listed boolean NOT NULL DEFAULT false,
    to_look boolean NOT NULL DEFAULT false,
    merged_into bigint,
    merged_bookings jsonb,
    merged_at timestamp with time zone,
    erased_at timestamp with time zone,
    CONSTRAINT guest_is_not_merged_into_itself CHECK ((merged_into <> guest_id)),
    CONSTRAINT guest_pkey PRIMARY KEY (property_id, guest_id),
    CONSTRAINT guest_property_id_fkey FOREIGN KEY (property_id) REFERENCES property(property_id),
    CONSTRAINT guest_property_id_merged_into_fkey FOREIGN KEY (property_id, merged_into) REFERENCES guest(property_id, guest_id),
    CONSTRAINT merged_guest_says_when CHECK (((merged_into IS NULL) = (merged_at IS NULL)))
);
CREATE TABLE guest_history (
    property_id text NOT NULL,
    guest_history_id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    guest_id bigint NOT NULL,
    at timestamp with time zone NOT NULL DEFAULT now(),
    actor_type text NOT NULL,
    actor text NOT NULL,
    event text NOT NULL,
    facts jsonb NOT NULL,
    reservation_id bigint,
    message_id text,
    reason text NOT NULL DEFAULT ''::text,
    undone_fields text[] NOT NULL DEFAULT '{}'::text[],
    CONSTRAINT guest_history_actor_is_known CHECK ((actor_type = ANY (ARRAY['channel'::text, 'staff'::text, 'system'::text]))),
    CONSTRAINT guest_history_pkey PRIMARY KEY (property_id, guest_history_id),
    CONSTRAINT guest_history_property_id_guest_id_fkey FOREIGN KEY (property_id, guest_id) REFERENCES guest(property_id, guest_id)
);
CREATE TABLE history (
    property_id text NOT NULL,
    version bigint NOT NULL,
    reservation_id bigint,
    line text,
    at timestamp with time zone NOT NULL DEFAULT now(),
    actor_type text NOT NULL,
    actor text NOT NULL,
    event text NOT NULL,
    facts jsonb NOT NULL,
    reason text NOT NULL DEFAULT ''::text,
    rule text NOT NULL DEFAULT ''::text,
    message_id text,
    revision text,
    today date,
    CONSTRAINT history_actor_is_known CHECK ((actor_type = ANY (ARRAY['channel'::text, 'staff'::text, 'system'::text]))),
    CONSTRAINT history_pkey PRIMARY KEY (property_id, version)
);
CREATE TABLE hotel_version (
    property_id text NOT NULL,
    version bigint NOT NULL,
    today date NOT NULL,
    at timestamp with time zone NOT NULL DEFAULT now(),
    hotel jsonb NOT NULL,
    CONSTRAINT hotel_version_pkey PRIMARY KEY (property_id, version),
    CONSTRAINT hotel_version_property_id_fkey FOREIGN KEY (property_id) REFERENCES property(property_id) ON DELETE CASCADE
);
CREATE TABLE kept_revision (
    property_id text NOT NULL,
    reservation_id bigint NOT NULL,
    message_id text NOT NULL,
    revision_order revision_order NOT NULL,
    content_hash text NOT NULL,
    CONSTRAINT kept_revision_pkey PRIMARY KEY (property_id, reservation_id, message_id),
    CONSTRAINT kept_revision_property_id_reservation_id_fkey FOREIGN KEY (property_id, reservation_id) REFERENCES reservation(property_id, reservation_id)
);
CREATE TABLE message (
    property_id text NOT NULL DEFAULT ''::text,
    recorded_at timestamp with time zone NOT NULL,
    topic text NOT NULL,
    partition integer NOT NULL,
    "offset" bigint NOT NULL,
    ordinal integer NOT NULL,
    message_id text,
    channel text,
    reference text,
    reservation_id bigint,
    outcome text NOT NULL,
    outcome_reason text NOT NULL DEFAULT ''::text,
    outcome_detail text NOT NULL DEFAULT ''::text,
    order_basis text,
    revision text,
    today date,
    format text,
    body text,
    received_at timestamp with time zone NOT NULL,
    applied_at timestamp with time zone NOT NULL DEFAULT now(),
    version bigint,
    dialect text,
    CONSTRAINT message_pkey PRIMARY KEY (property_id, recorded_at, topic, partition, "offset", ordinal)
) PARTITION BY RANGE (recorded_at);
CREATE TABLE migration (
    number integer NOT NULL,
    name text NOT NULL,
    sha256 text NOT NULL,
    applied_at timestamp with time zone NOT NULL DEFAULT now(),
    CONSTRAINT migration_pkey PRIMARY KEY (number)
);
CREATE TABLE parked (
    parked_id bigint NOT NULL GENERATED BY DEFAULT AS IDENTITY,
    property_id text NOT NULL DEFAULT ''::text,
    topic text NOT NULL,
    partition integer NOT NULL,
    "offset" bigint NOT NULL,
    ordinal integer NOT NULL,
    recorded_at timestamp with time zone NOT NULL,
    message_id text,
    channel text,
    reference text,
    replaces text[] NOT NULL DEFAULT '{}'::text[],
    completeness text,
    reason text NOT NULL,
    detail text NOT NULL DEFAULT ''::text,
    format text,
    headers jsonb NOT NULL DEFAULT '{}'::jsonb,
    body text,
    body_sha256 text NOT NULL,
    body_bytes bigint NOT NULL,
    state text NOT NULL DEFAULT 'parked'::text,
    parked_at timestamp with time zone NOT NULL DEFAULT now(),
    closed_at timestamp with time zone,
    closed_by text,
    CONSTRAINT message_is_parked_once UNIQUE (topic, partition, "offset", ordinal),
    CONSTRAINT parked_pkey PRIMARY KEY (parked_id),
    CONSTRAINT parked_state_is_known CHECK ((state = ANY (ARRAY['parked'::text, 'retried'::text, 'discarded'::text])))
);
CREATE TABLE planner_look (
    property_id text NOT NULL,
    look_id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    version bigint NOT NULL,
    today date NOT NULL,
    at timestamp with time zone NOT NULL DEFAULT now(),
    CONSTRAINT planner_look_pkey PRIMARY KEY (property_id, look_id),
    CONSTRAINT planner_look_property_id_fkey FOREIGN KEY (property_id) REFERENCES property(property_id) ON DELETE CASCADE
);
CREATE TABLE property (
    property_id text NOT NULL,
    name text NOT NULL,
    timezone text NOT NULL,
    currency text NOT NULL,
    policy jsonb NOT NULL DEFAULT '{}'::jsonb,
    own_email_addresses text[] NOT NULL DEFAULT '{}'::text[],
    blocked_guests jsonb NOT NULL DEFAULT '[]'::jsonb,
    version bigint NOT NULL DEFAULT 0,
    last_reservation_id bigint NOT NULL DEFAULT 0,
    replan_due boolean NOT NULL DEFAULT false,
    planned_on date,
    plan_failed_at timestamp with time zone,
    last_guest_id bigint NOT NULL DEFAULT 0,
    guests_due boolean NOT NULL DEFAULT false,
    searched text[],
    searched_version bigint,
    CONSTRAINT property_pkey PRIMARY KEY (property_id)
);
CREATE TABLE reservation (
    property_id text NOT NULL,
    reservation_id bigint NOT NULL,
    channel text NOT NULL,
    reference text NOT NULL,
    confirmation_number text GENERATED ALWAYS AS (((property_id || '-'::text) || (reservation_id)::text)) STORED,
    base jsonb,
    booker_name text,
    contact_email text,
    contact_phone text,
    contact_address text,
    country text,
    language text,
    booking_comments text,
    payment jsonb,
    cancellation_fee numeric,
    invoice_contact jsonb,
    ota_room_policy text,
    created_from_modification boolean NOT NULL DEFAULT false,
    is_tombstone boolean NOT NULL DEFAULT false,
    replaced_by bigint,
    revision text,
    status_order revision_order,
    content_order revision_order,
    arrived jsonb,
    last_content_hash text,
    guest_id bigint,
    booker_guest_id bigint,
    guest_set_by_staff boolean NOT NULL DEFAULT false,
    CONSTRAINT booker_is_a_guest FOREIGN KEY (property_id, booker_guest_id) REFERENCES guest(property_id, guest_id),
    CONSTRAINT main_guest_is_a_guest FOREIGN KEY (property_id, guest_id) REFERENCES guest(property_id, guest_id),
    CONSTRAINT reservation_pkey PRIMARY KEY (property_id, reservation_id),
    CONSTRAINT reservation_policy_is_known CHECK ((ota_room_policy = ANY (ARRAY['keep_manual'::text, 'follow_channel'::text, 'freeze_room'::text]))),
    CONSTRAINT reservation_property_id_fkey FOREIGN KEY (property_id) REFERENCES property(property_id)
);
CREATE TABLE reservation_reference (
    property_id text NOT NULL,
    channel text NOT NULL,
    reference text NOT NULL,
    reservation_id bigint NOT NULL,
    CONSTRAINT reservation_reference_pkey PRIMARY KEY (property_id, channel, reference),
    CONSTRAINT reservation_reference_property_id_reservation_id_fkey FOREIGN KEY (property_id, reservation_id) REFERENCES reservation(property_id, reservation_id)
);
CREATE TABLE room (
    property_id text NOT NULL,
    room text NOT NULL,
    category text NOT NULL,
    capacity integer NOT NULL,
    "position" integer NOT NULL,
    is_active boolean NOT NULL DEFAULT true,
    CONSTRAINT room_holds_somebody CHECK ((capacity > 0)),
    CONSTRAINT room_pkey PRIMARY KEY (property_id, room),
    CONSTRAINT room_property_id_category_fkey FOREIGN KEY (property_id, category) REFERENCES category(property_id, category),
    CONSTRAINT room_property_id_fkey FOREIGN KEY (property_id) REFERENCES property(property_id) ON DELETE CASCADE
);
CREATE TABLE room_night (
    property_id text NOT NULL,
    night date NOT NULL,
    room text NOT NULL,
    reservation_id bigint,
    line text,
    block_id bigint,
    CONSTRAINT no_room_is_held_twice_on_one_night PRIMARY KEY (property_id, night, room)
);
CREATE TABLE stay (
    property_id text NOT NULL,
    reservation_id bigint NOT NULL,
    line text NOT NULL,
    status text NOT NULL,
    arrival date NOT NULL,
    departure date NOT NULL,
    adults integer,
    children integer[] NOT NULL DEFAULT '{}'::integer[],
    booked_category text,
    manual_category_code text,
    pinned_room text,
    held boolean NOT NULL DEFAULT false,
    rooms allocation[] NOT NULL DEFAULT '{}'::allocation[],
    last_room text,
    rate_plan text,
    amount numeric,
    currency text,
    comments text,
    guest_names text[] NOT NULL DEFAULT '{}'::text[],
    staff_note text,
    cancelled_by text,
    room_chosen_by_staff boolean NOT NULL DEFAULT false,
    to_place boolean NOT NULL DEFAULT false,
    base jsonb,
    CONSTRAINT cancelled_stay_holds_no_room CHECK (((status <> 'cancelled'::text) OR (rooms = '{}'::allocation[]))),
    CONSTRAINT cancelled_stay_says_by_whom CHECK (((status = 'cancelled'::text) = (cancelled_by IS NOT NULL))),
    CONSTRAINT held_stay_has_a_room CHECK (((NOT held) OR (rooms <> '{}'::allocation[]))),
    CONSTRAINT stay_cancelled_by_someone CHECK ((cancelled_by = ANY (ARRAY['channel'::text, 'staff'::text]))),
    CONSTRAINT stay_counts_adults CHECK ((adults >= 0)),
    CONSTRAINT stay_does_not_depart_before_arrival CHECK ((departure >= arrival)),
    CONSTRAINT stay_pkey PRIMARY KEY (property_id, reservation_id, line),
    CONSTRAINT stay_property_id_reservation_id_fkey FOREIGN KEY (property_id, reservation_id) REFERENCES reservation(property_id, reservation_id),
    CONSTRAINT stay_status_is_known CHECK ((status = ANY (ARRAY['confirmed'::text, 'checked_in'::text, 'checked_out'::text, 'no_show'::text, 'cancelled'::text, 'enquiry'::text])))
);
CREATE TABLE task (
    task_id bigint NOT NULL GENERATED BY DEFAULT AS IDENTITY,
    property_id text NOT NULL,
    reservation_id bigint NOT NULL,
    line text,
    reason text NOT NULL,
    notice boolean NOT NULL DEFAULT false,
    state text NOT NULL DEFAULT 'open'::text,
    details jsonb NOT NULL DEFAULT '{}'::jsonb,
    proposals jsonb NOT NULL DEFAULT '[]'::jsonb,
    opened_at timestamp with time zone NOT NULL DEFAULT now(),
    opened_by_message text,
    closed_at timestamp with time zone,
    closed_by text,
    CONSTRAINT closed_task_says_when CHECK (((state = 'open'::text) = (closed_at IS NULL))),
    CONSTRAINT task_pkey PRIMARY KEY (property_id, task_id),
    CONSTRAINT task_property_id_reservation_id_fkey FOREIGN KEY (property_id, reservation_id) REFERENCES reservation(property_id, reservation_id),
    CONSTRAINT task_state_is_known CHECK ((state = ANY (ARRAY['open'::text, 'done'::text, 'dismissed'::text, 'superseded'::text])))
);
CREATE VIEW v_availability (
    property_id text,
    category text,
    night date,
    rooms integer,
    blocked integer,
    sold integer,
    assigned integer,
    free integer
);
CREATE VIEW v_block (
    property_id text,
    block_id bigint,
    room text,
    category text,
    from_date date,
    to_date date,
    reason text,
    actor text
);
CREATE VIEW v_guest (
    property_id text,
    guest_id bigint,
    guest_number text,
    name text,
    email text,
    phone text,
    language text,
    "references" text[],
    booked_references text[],
    blocked boolean,
    country text,
    email_is_usable boolean,
    erased_at timestamp with time zone
);
CREATE VIEW v_guest_history (
    property_id text,
    guest_id bigint,
    at timestamp with time zone,
    actor_type text,
    actor text,
    field text,
    old text,
    new text,
    reference text,
    event text,
    message_id text,
    reason text,
    guest_history_id bigint
);
CREATE VIEW v_history (
    property_id text,
    version bigint,
    reference text,
    line text,
    at timestamp with time zone,
    actor_type text,
    actor text,
    event text,
    field text,
    old text,
    new text,
    reason text,
    message_id text,
    revision text
);
CREATE VIEW v_message (
    property_id text,
    topic text,
    partition integer,
    "offset" bigint,
    message_id text,
    reference text,
    outcome text,
    outcome_reason text,
    outcome_detail text,
    order_basis text,
    received_at timestamp with time zone,
    applied_at timestamp with time zone
);
CREATE VIEW v_receipt (
    property_id text,
    channel text,
    reference text,
    message_id text,
    accepted boolean,
    confirmation_number text,
    error text
);
CREATE VIEW v_stay (
    property_id text,
    channel text,
    reference text,
    line text,
    channel_line text,
    status text,
    arrival date,
    departure date,
    adults integer,
    children integer[],
    booked_category text,
    assigned_category text,
    room text,
    rooms jsonb,
    held boolean,
    manual_category boolean,
    pinned boolean,
    pinned_room text,
    rate_plan text,
    amount numeric,
    currency text,
    comments text,
    booking_comments text,
    staff_note text,
    guest_id bigint,
    booker_guest_id bigint,
    booker_name text,
    contact_email text,
    contact_phone text,
    contact_address text,
    invoice_contact jsonb,
    payment jsonb,
    cancellation_fee numeric,
    ota_room_policy text,
    created_from_modification boolean,
    confirmation_number text,
    revision text,
    guest_names text[],
    country text,
    language text
);
CREATE VIEW v_task (
    property_id text,
    task_id bigint,
    reference text,
    line text,
    reason text,
    notice boolean,
    state text,
    details jsonb,
    proposals jsonb,
    arrival date,
    opened_at timestamp with time zone,
    opened_by_message text,
    closed_at timestamp with time zone,
    closed_by text
);

-- Indexes
CREATE UNIQUE INDEX an_email_keys_at_most_one_guest ON channel_sync.guest USING btree (property_id, email_key) WHERE (email_key IS NOT NULL);
CREATE INDEX block_by_room ON channel_sync.block USING btree (property_id, room, from_date);
CREATE INDEX guest_history_of_guest ON channel_sync.guest_history USING btree (property_id, guest_id, guest_history_id);
CREATE INDEX guest_merged_into_another ON channel_sync.guest USING btree (property_id, merged_into) WHERE (merged_into IS NOT NULL);
CREATE INDEX guest_not_wanted ON channel_sync.guest USING btree (property_id, guest_id) WHERE (blocked OR is_listed);
CREATE INDEX guest_separated_from_email ON channel_sync.guest USING btree (property_id, separated_from) WHERE (separated_from IS NOT NULL);
CREATE INDEX guest_to_look_at ON channel_sync.guest USING btree (property_id, guest_id) WHERE to_look;
CREATE INDEX history_of_reservation ON channel_sync.history USING btree (property_id, reservation_id, version);
CREATE INDEX kept_revision_by_content ON channel_sync.kept_revision USING btree (property_id, reservation_id, content_hash);
CREATE INDEX message_of_reservation ON ONLY channel_sync.message USING btree (property_id, reference);
CREATE UNIQUE INDEX one_open_task_per_reason ON channel_sync.task USING btree (property_id, reservation_id, COALESCE(line, ''::text), reason) WHERE (state = 'open'::text);
CREATE INDEX parked_of_reference ON channel_sync.parked USING btree (property_id, reference) WHERE (state = 'parked'::text);
CREATE INDEX reservation_by_reference ON channel_sync.reservation USING btree (property_id, reference);
CREATE INDEX reservation_of_booker ON channel_sync.reservation USING btree (property_id, booker_guest_id) WHERE (booker_guest_id IS NOT NULL);
CREATE INDEX reservation_of_guest ON channel_sync.reservation USING btree (property_id, guest_id);
CREATE INDEX reservation_reference_by_text ON channel_sync.reservation_reference USING btree (property_id, reference);
CREATE INDEX reservation_reference_of_reservation ON channel_sync.reservation_reference USING btree (property_id, reservation_id);
CREATE INDEX reservation_without_guest ON channel_sync.reservation USING btree (property_id, reservation_id) WHERE ((guest_id IS NULL) AND (NOT guest_set_by_staff) AND (NOT is_tombstone) AND (replaced_by IS NULL));
CREATE INDEX stay_by_night ON channel_sync.stay USING btree (property_id, departure, arrival);
CREATE INDEX stay_that_waits ON channel_sync.stay USING btree (property_id, arrival) WHERE ((status = 'confirmed'::text) AND (held OR to_place OR (rooms = '{}'::allocation[])));
CREATE UNIQUE INDEX task_by_id ON channel_sync.task USING btree (task_id);

-- Triggers
CREATE TRIGGER a_block_wins BEFORE INSERT OR UPDATE OF room, from_date, to_date ON channel_sync.block FOR EACH ROW EXECUTE FUNCTION block_wins();
CREATE CONSTRAINT TRIGGER a_changed_hotel_is_kept_block AFTER INSERT OR DELETE OR UPDATE ON channel_sync.block DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION keep_hotel();
CREATE TRIGGER a_changed_hotel_is_planned_again_block AFTER UPDATE ON channel_sync.block FOR EACH ROW WHEN ((old.* IS DISTINCT FROM new.*)) EXECUTE FUNCTION hotel_changes();
CREATE TRIGGER a_grown_hotel_is_planned_again_block AFTER INSERT OR DELETE ON channel_sync.block FOR EACH ROW EXECUTE FUNCTION hotel_changes();
CREATE TRIGGER block_leaves_nights AFTER DELETE ON channel_sync.block FOR EACH ROW EXECUTE FUNCTION block_leaves_nights();
CREATE TRIGGER block_takes_nights AFTER INSERT OR UPDATE ON channel_sync.block FOR EACH ROW EXECUTE FUNCTION block_takes_nights();
CREATE CONSTRAINT TRIGGER a_changed_hotel_is_kept_category AFTER INSERT OR DELETE OR UPDATE ON channel_sync.category DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION keep_hotel();
CREATE TRIGGER a_changed_hotel_is_planned_again_category AFTER UPDATE ON channel_sync.category FOR EACH ROW WHEN ((old.* IS DISTINCT FROM new.*)) EXECUTE FUNCTION hotel_changes();
CREATE TRIGGER a_grown_hotel_is_planned_again_category AFTER INSERT OR DELETE ON channel_sync.category FOR EACH ROW EXECUTE FUNCTION hotel_changes();
CREATE CONSTRAINT TRIGGER a_changed_hotel_is_kept_channel AFTER INSERT OR DELETE OR UPDATE ON channel_sync.channel DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION keep_hotel();
CREATE TRIGGER a_changed_hotel_is_planned_again_channel AFTER UPDATE ON channel_sync.channel FOR EACH ROW WHEN ((old.* IS DISTINCT FROM new.*)) EXECUTE FUNCTION hotel_changes();
CREATE TRIGGER a_grown_hotel_is_planned_again_channel AFTER INSERT OR DELETE ON channel_sync.channel FOR EACH ROW EXECUTE FUNCTION hotel_changes();
CREATE TRIGGER the_day_of_an_edit_is_kept BEFORE INSERT ON channel_sync.history FOR EACH ROW WHEN (((new.actor_type <> 'channel'::text) AND (new.today IS NULL))) EXECUTE FUNCTION keep_day();
CREATE CONSTRAINT TRIGGER a_changed_property_is_kept AFTER UPDATE ON channel_sync.property DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN ((((((old.name IS DISTINCT FROM new.name) OR (old.timezone IS DISTINCT FROM new.timezone)) OR (old.currency IS DISTINCT FROM new.currency)) OR (old.policy IS DISTINCT FROM new.policy)) OR (old.own_email_addresses IS DISTINCT FROM new.own_email_addresses))) EXECUTE FUNCTION keep_hotel();
CREATE TRIGGER a_changed_property_is_planned_again BEFORE UPDATE ON channel_sync.property FOR EACH ROW WHEN (((((((old.name IS DISTINCT FROM new.name) OR (old.timezone IS DISTINCT FROM new.timezone)) OR (old.currency IS DISTINCT FROM new.currency)) OR (old.policy IS DISTINCT FROM new.policy)) OR (old.own_email_addresses IS DISTINCT FROM new.own_email_addresses)) OR (old.blocked_guests IS DISTINCT FROM new.blocked_guests))) EXECUTE FUNCTION property_changes();
CREATE CONSTRAINT TRIGGER a_new_property_is_kept AFTER INSERT ON channel_sync.property DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION keep_hotel();
CREATE TRIGGER a_guest_set_by_plain_sql_is_kept BEFORE UPDATE ON channel_sync.reservation FOR EACH ROW WHEN (((CURRENT_USER <> ALL (ARRAY['channel_sync_worker'::name, 'channel_sync_owner'::name])) AND (new.guest_id IS DISTINCT FROM old.guest_id))) EXECUTE FUNCTION guest_is_set_by_staff();
CREATE TRIGGER staff_facts_of_a_reservation_are_history AFTER INSERT OR UPDATE ON channel_sync.reservation FOR EACH ROW WHEN ((CURRENT_USER <> 'channel_sync_worker'::name)) EXECUTE FUNCTION record_reservation_fact();
CREATE CONSTRAINT TRIGGER a_changed_hotel_is_kept_room AFTER INSERT OR DELETE OR UPDATE ON channel_sync.room DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION keep_hotel();
CREATE TRIGGER a_changed_hotel_is_planned_again_room AFTER UPDATE ON channel_sync.room FOR EACH ROW WHEN ((old.* IS DISTINCT FROM new.*)) EXECUTE FUNCTION hotel_changes();
CREATE TRIGGER a_grown_hotel_is_planned_again_room AFTER INSERT OR DELETE ON channel_sync.room FOR EACH ROW EXECUTE FUNCTION hotel_changes();
CREATE TRIGGER a_stay_is_kept_consistent BEFORE INSERT OR UPDATE ON channel_sync.stay FOR EACH ROW WHEN ((CURRENT_USER <> 'channel_sync_worker'::name)) EXECUTE FUNCTION keep_stay_consistent();
CREATE TRIGGER staff_facts_of_a_stay_are_history AFTER INSERT OR UPDATE ON channel_sync.stay FOR EACH ROW WHEN ((CURRENT_USER <> 'channel_sync_worker'::name)) EXECUTE FUNCTION record_stay_fact();
CREATE TRIGGER stay_changes_nights AFTER UPDATE ON channel_sync.stay REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION stay_changes_nights();
CREATE TRIGGER stay_leaves_nights AFTER DELETE ON channel_sync.stay REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION stay_leaves_nights();
CREATE TRIGGER stay_takes_nights AFTER INSERT ON channel_sync.stay REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION stay_takes_nights();

-- Functions
CREATE FUNCTION accept_task(property_id text, task_id bigint, actor text, reason text DEFAULT NULL::text) RETURNS bigint LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path=channel_sync, pg_temp; -- body cdc618062b55
CREATE FUNCTION add_line(booking reservation, line text, columns jsonb, room text, today date) RETURNS void LANGUAGE plpgsql VOLATILE SET search_path=channel_sync, pg_temp; -- body 67632451edf1
CREATE FUNCTION add_lines(booking reservation, first_line integer, room_line jsonb, room text, today date) RETURNS void LANGUAGE plpgsql VOLATILE SET search_path=channel_sync, pg_temp; -- body d3c00c731902
CREATE FUNCTION add_room(property_id text, reference text, room_line jsonb, actor text, reason text DEFAULT NULL::text, room text DEFAULT NULL::text) RETURNS text LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path=channel_sync, pg_temp; -- body 6fbe786a6a81
CREATE FUNCTION amend_booking(asked stay, room_line jsonb, booker jsonb) RETURNS void LANGUAGE plpgsql VOLATILE SET search_path=channel_sync, pg_temp; -- body 5b6db84125ef
CREATE FUNCTION amend_stay(property_id text, reference text, line text, room_line jsonb, actor text, reason text DEFAULT NULL::text, room text DEFAULT NULL::text, booker jsonb DEFAULT NULL::jsonb) RETURNS bigint LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path=channel_sync, pg_temp; -- body 2346f85d02e8
CREATE FUNCTION as_fact(field text, value jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE; -- body 54295805b562
CREATE FUNCTION availability(property_id text, "from" date, "to" date) RETURNS TABLE(category text, night date, rooms integer, blocked integer, sold integer, assigned integer, free integer) LANGUAGE sql STABLE SECURITY DEFINER SET search_path=channel_sync, pg_temp SET jit=off; -- body 521ce6ad0519
CREATE FUNCTION begin_staff_edit(property_id text, actor text, event text, reason text) RETURNS date LANGUAGE plpgsql VOLATILE SET search_path=channel_sync, pg_temp; -- body 9c122c6d83b0
CREATE FUNCTION best_room(wished stay, wanted_category text, from_night date, today date, party bigint) RETURNS text LANGUAGE sql STABLE SET search_path=channel_sync, pg_temp; -- body e13ece946ad6
CREATE FUNCTION block_as_fact(laid block) RETURNS jsonb LANGUAGE sql IMMUTABLE; -- body eb1696ce8d9e
CREATE FUNCTION block_guest(property_id text, reference text, actor text, blocked boolean DEFAULT true, reason text DEFAULT NULL::text) RETURNS bigint LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path=channel_sync, pg_temp; -- body 2509a1189a6d
CREATE FUNCTION block_leaves_nights() RETURNS trigger LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path=channel_sync, pg_temp; -- body 22dd22be9ed1
CREATE FUNCTION block_room(property_id text, room text, from_date date, to_date date, actor text, reason text DEFAULT NULL::text) RETURNS bigint LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path=channel_sync, pg_temp; -- body 3a9e15ddad88
CREATE FUNCTION block_takes_nights() RETURNS trigger LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path=channel_sync, pg_temp; -- body 2b3e29ab8429
CREATE FUNCTION block_wins() RETURNS trigger LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path=channel_sync, pg_temp; -- body 1ddafc8e02cf
CREATE FUNCTION book_stay(property_id text, room_line jsonb, actor text, reason text DEFAULT NULL::text, reference text DEFAULT NULL::text, room text DEFAULT NULL::text, booker jsonb DEFAULT NULL::jsonb) RETURNS text LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path=channel_sync, pg_temp; -- body 71935cea87c9
CREATE FUNCTION booking_columns() RETURNS text[] LANGUAGE sql IMMUTABLE; -- body 3f4f690bed68
CREATE FUNCTION cancel_stay(property_id text, reference text, line text DEFAULT NULL::text, actor text DEFAULT NULL::text, reason text DEFAULT NULL::text) RETURNS bigint LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path=channel_sync, pg_temp; -- body d026bc9c1bd5
CREATE FUNCTION check_in(property_id text, reference text, line text, actor text, reason text DEFAULT NULL::text) RETURNS bigint LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path=channel_sync, pg_temp; -- body bb5031b9908a
CREATE FUNCTION check_out(property_id text, reference text, line text, actor text, reason text DEFAULT NULL::text) RETURNS bigint LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path=channel_sync, pg_temp; -- body 00d45928891b
CREATE FUNCTION close_settled_tasks(was stay, now_is stay, event text) RETURNS void LANGUAGE plpgsql VOLATILE SET search_path=channel_sync, pg_temp; -- body aa434dbab3ac
CREATE FUNCTION close_tasks(property_id text, reservation_id bigint, line text, reasons text[], state text, closed_by text) RETURNS void LANGUAGE sql VOLATILE SET search_path=channel_sync, pg_temp; -- body 8fce66461203
CREATE FUNCTION columns_of_line(room_line jsonb) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE SET search_path=channel_sync, pg_temp; -- body 1435cea8379b
CREATE FUNCTION dismiss_task(property_id text, task_id bigint, actor text, reason text DEFAULT NULL::text) RETURNS bigint LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path=channel_sync, pg_temp; -- body 60a126311882
CREATE FUNCTION drop_granted_wishes(now_is stay, by_whom text) RETURNS void LANGUAGE sql VOLATILE SET search_path=channel_sync, pg_temp; -- body 9b23f084a301
CREATE FUNCTION drop_message_months(before date) RETURNS text[] LANGUAGE plpgsql VOLATILE; -- body 2633de8706b9
CREATE FUNCTION edit_guest(property_id text, reference text, changes jsonb, actor text, reason text DEFAULT NULL::text) RETURNS bigint LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path=channel_sync, pg_temp; -- body 81b9d23c4f3c
CREATE FUNCTION edit_stay(property_id text, reference text, line text, changes jsonb, actor text, reason text DEFAULT NULL::text) RETURNS bigint LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path=channel_sync, pg_temp; -- body 56742efbeff9
CREATE FUNCTION end_staff_edit(property_id text) RETURNS bigint LANGUAGE plpgsql VOLATILE SET search_path=channel_sync, pg_temp; -- body be17e309aad5
CREATE FUNCTION enter_status(asked stay, status text) RETURNS void LANGUAGE sql VOLATILE SET search_path=channel_sync, pg_temp; -- body 23d8d51cd709
CREATE FUNCTION erase_bookings(property_id text, ids bigint[]) RETURNS void LANGUAGE plpgsql VOLATILE SET search_path=channel_sync, pg_temp; -- body a6193cadf581
CREATE FUNCTION erase_from_booked(property_id text, ids bigint[], words text[]) RETURNS void LANGUAGE plpgsql VOLATILE SET search_path=channel_sync, pg_temp; -- body 876aedd14cd4
CREATE FUNCTION erase_guest(property_id text, reference text, actor text, reason text DEFAULT NULL::text) RETURNS bigint LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path=channel_sync, pg_temp; -- body 1b95ea497a57
CREATE FUNCTION erase_messages(property_id text, ids bigint[], words text[]) RETURNS void LANGUAGE plpgsql VOLATILE SET search_path=channel_sync, pg_temp; -- body 4d79aa479d2d
CREATE FUNCTION facts_between(old_row jsonb, new_row jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE; -- body d514059e3ba5
CREATE FUNCTION find_guest(property_id text, named text) RETURNS guest LANGUAGE plpgsql VOLATILE SET search_path=channel_sync, pg_temp; -- body ae77e4f1e7ea
CREATE FUNCTION find_reservation(property_id text, reference text) RETURNS reservation LANGUAGE plpgsql STABLE SET search_path=channel_sync, pg_temp; -- body a0476e6ed9ab
CREATE FUNCTION find_stay(property_id text, reference text, line text) RETURNS stay LANGUAGE plpgsql VOLATILE SET search_path=channel_sync, pg_temp; -- body f46140e957b2
CREATE FUNCTION forget_parked_bodies(before timestamp with time zone) RETURNS integer LANGUAGE sql VOLATILE; -- body d44f06a0f1d7
CREATE FUNCTION free_email_key(property_id text, guest_id bigint, email text) RETURNS text LANGUAGE sql STABLE SET search_path=channel_sync, pg_temp; -- body 7f9456684b5b
CREATE FUNCTION full_name(person jsonb) RETURNS text LANGUAGE sql IMMUTABLE; -- body 25b2ef2367d1
CREATE FUNCTION give_booking(booking reservation, guest_id bigint) RETURNS void LANGUAGE plpgsql VOLATILE SET search_path=channel_sync, pg_temp; -- body 29177dbc14ad
CREATE FUNCTION grant_to_stay(was stay, changes jsonb, hotel property, today date) RETURNS void LANGUAGE plpgsql VOLATILE SET search_path=channel_sync, pg_temp; -- body 5858fe9bb427
CREATE FUNCTION guest_email_key(email text) RETURNS text LANGUAGE sql IMMUTABLE; -- body ba71358280cd
CREATE FUNCTION guest_is_set_by_staff() RETURNS trigger LANGUAGE plpgsql VOLATILE; -- body 5c29c039452d
CREATE FUNCTION guest_words(property_id text, guests bigint[], ids bigint[]) RETURNS text[] LANGUAGE sql STABLE SET search_path=channel_sync, pg_temp; -- body a74037ff3ba4
CREATE FUNCTION hotel_changes() RETURNS trigger LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path=channel_sync, pg_temp; -- body 0b0ea98ea1c1
CREATE FUNCTION hotel_rows(property_id text) RETURNS jsonb LANGUAGE sql STABLE SET search_path=channel_sync, pg_temp; -- body 0e5d48f0f4b6
CREATE FUNCTION is_counted(asked stay) RETURNS boolean LANGUAGE sql STABLE SET search_path=channel_sync, pg_temp; -- body e649a0c71df1
CREATE FUNCTION join_rooms(earlier allocation[], later allocation[]) RETURNS allocation[] LANGUAGE plpgsql IMMUTABLE SET search_path=channel_sync, pg_temp; -- body 973e77c3b9e3
CREATE FUNCTION keep_day() RETURNS trigger LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path=channel_sync, pg_temp; -- body bac4e54765e3
CREATE FUNCTION keep_hotel() RETURNS trigger LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path=channel_sync, pg_temp; -- body 007f90a2f588
CREATE FUNCTION keep_stay_consistent() RETURNS trigger LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path=channel_sync, pg_temp; -- body 4783bd119451
CREATE FUNCTION lock_property(property_id text) RETURNS property LANGUAGE plpgsql VOLATILE SET search_path=channel_sync, pg_temp; -- body d848918ba56c
CREATE FUNCTION make_message_months(first_month date, months integer) RETURNS integer LANGUAGE plpgsql VOLATILE; -- body 20a61ebb2102
CREATE FUNCTION manual_category_of(wished stay) RETURNS text LANGUAGE sql STABLE SET search_path=channel_sync, pg_temp; -- body ebc2183897ba
CREATE FUNCTION mark_no_show(property_id text, reference text, line text, actor text, reason text DEFAULT NULL::text) RETURNS bigint LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path=channel_sync, pg_temp; -- body 824a34ef3f09
CREATE FUNCTION merge_guests(property_id text, reference text, into_guest text, actor text, reason text DEFAULT NULL::text) RETURNS bigint LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path=channel_sync, pg_temp; -- body da688256219f
CREATE FUNCTION merged_guest(property_id text, named text) RETURNS guest LANGUAGE plpgsql VOLATILE SET search_path=channel_sync, pg_temp; -- body b5a50ee1317d
CREATE FUNCTION move_stay(property_id text, reference text, line text, room text, actor text, reason text DEFAULT NULL::text, from_date date DEFAULT NULL::date) RETURNS bigint LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path=channel_sync, pg_temp; -- body 736dd90055f7
CREATE FUNCTION named_room(wished stay, room text, from_night date) RETURNS allocation[] LANGUAGE plpgsql STABLE SET search_path=channel_sync, pg_temp; -- body af0eb2eb7d63
CREATE FUNCTION names_any(value text, words text[]) RETURNS boolean LANGUAGE sql IMMUTABLE; -- body 52eaaa10301a
CREATE FUNCTION new_guest_id(property_id text) RETURNS bigint LANGUAGE sql VOLATILE SET search_path=channel_sync, pg_temp; -- body 5af03c5abe42
CREATE FUNCTION new_reference(property_id text, reservation_id bigint) RETURNS text LANGUAGE plpgsql STABLE SET search_path=channel_sync, pg_temp; -- body ada19573fda3
CREATE FUNCTION next_line(booking reservation) RETURNS integer LANGUAGE sql STABLE SET search_path=channel_sync, pg_temp; -- body dfa688452728
CREATE FUNCTION note_stay(property_id text, reference text, line text, staff_note text, actor text, reason text DEFAULT NULL::text) RETURNS bigint LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path=channel_sync, pg_temp; -- body 336fca528201
CREATE FUNCTION open_task(property_id text, task_id bigint) RETURNS task LANGUAGE plpgsql VOLATILE SET search_path=channel_sync, pg_temp; -- body 67bbffceb6cf
CREATE FUNCTION party_of(wished stay, policy jsonb) RETURNS bigint LANGUAGE sql IMMUTABLE SET search_path=channel_sync, pg_temp; -- body 0f8262b030c3
CREATE FUNCTION person() RETURNS text LANGUAGE sql STABLE; -- body 98ff08216577
CREATE FUNCTION personal_fields() RETURNS text[] LANGUAGE sql IMMUTABLE; -- body 5e8788e86425
CREATE FUNCTION pin_stay(property_id text, reference text, line text, actor text, reason text DEFAULT NULL::text) RETURNS bigint LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path=channel_sync, pg_temp; -- body 14b3381aedcb
CREATE FUNCTION property_changes() RETURNS trigger LANGUAGE plpgsql VOLATILE SET search_path=channel_sync, pg_temp; -- body 876c29769d7d
CREATE FUNCTION property_day(timezone text, policy jsonb) RETURNS date LANGUAGE sql STABLE; -- body 5f74e8e937d5
CREATE FUNCTION property_today(property_id text) RETURNS date LANGUAGE sql STABLE SECURITY DEFINER SET search_path=channel_sync, pg_temp; -- body b6eb930c31d8
CREATE FUNCTION read_booking(was reservation, room_line jsonb, booker jsonb) RETURNS reservation LANGUAGE plpgsql IMMUTABLE SET search_path=channel_sync, pg_temp; -- body dad668143913
CREATE FUNCTION read_changes(asked stay, changes jsonb) RETURNS stay LANGUAGE plpgsql STABLE SET search_path=channel_sync, pg_temp; -- body fe8ea9c9cee8
CREATE FUNCTION record_reservation_fact() RETURNS trigger LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path=channel_sync, pg_temp; -- body 4f3abc41e606
CREATE FUNCTION record_stay_fact() RETURNS trigger LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path=channel_sync, pg_temp; -- body fc716e22dcbd
CREATE FUNCTION refuse_amendment(asked stay, wished stay, begun boolean, room text, today date) RETURNS void LANGUAGE plpgsql STABLE SET search_path=channel_sync, pg_temp; -- body f8eacbf96a7d
CREATE FUNCTION refuse_leaving_the_pin(wished stay, was stay, today date) RETURNS void LANGUAGE plpgsql VOLATILE SET search_path=channel_sync, pg_temp; -- body 44f557dafe69
CREATE FUNCTION refuse_merged(asked guest) RETURNS void LANGUAGE plpgsql IMMUTABLE; -- body 5000cb645e2c
CREATE FUNCTION refuse_taken_email(property_id text, guest_id bigint, email text) RETURNS void LANGUAGE plpgsql STABLE SET search_path=channel_sync, pg_temp; -- body 7fc4c7736894
CREATE FUNCTION refuse_unknown_category(wished stay) RETURNS void LANGUAGE plpgsql STABLE SET search_path=channel_sync, pg_temp; -- body 67ac9bd6cca2
CREATE FUNCTION refuse_unknown_room(property_id text, room text) RETURNS void LANGUAGE plpgsql STABLE SET search_path=channel_sync, pg_temp; -- body 77cc6cf556fd
CREATE FUNCTION refuse_unknown_rooms(wished stay) RETURNS void LANGUAGE plpgsql VOLATILE SET search_path=channel_sync, pg_temp; -- body dc77dc974c4f
CREATE FUNCTION refuse_unless(asked stay, today date, allowed text[], wish text) RETURNS void LANGUAGE plpgsql IMMUTABLE SET search_path=channel_sync, pg_temp; -- body d66796c21787
CREATE FUNCTION reinstate_stay(property_id text, reference text, line text, actor text, reason text DEFAULT NULL::text) RETURNS bigint LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path=channel_sync, pg_temp; -- body 827f0e9e6d70
CREATE FUNCTION restore_guest(property_id text, reference text, actor text, field text DEFAULT NULL::text, reason text DEFAULT NULL::text) RETURNS bigint LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path=channel_sync, pg_temp; -- body 81f2bf6875e9
CREATE FUNCTION room_conflict(property_id text, reservation_id bigint, line text, rooms allocation[], from_night date) RETURNS text LANGUAGE sql STABLE SECURITY DEFINER SET search_path=channel_sync, pg_temp; -- body 81e726333a19
CREATE FUNCTION room_of(rooms allocation[], on_date date) RETURNS text LANGUAGE plpgsql IMMUTABLE; -- body 8bf7c32b2113
CREATE FUNCTION room_reasons() RETURNS text[] LANGUAGE sql IMMUTABLE; -- body aef7691587e6
CREATE FUNCTION rooms_for(was stay, wished stay, hotel property, today date) RETURNS allocation[] LANGUAGE plpgsql STABLE SET search_path=channel_sync, pg_temp; -- body 30d5e65c3ba3
CREATE FUNCTION rooms_from(rooms allocation[], start date) RETURNS allocation[] LANGUAGE sql IMMUTABLE SET search_path=channel_sync, pg_temp; -- body 5db877bb2c89
CREATE FUNCTION rooms_until(rooms allocation[], until date) RETURNS allocation[] LANGUAGE sql IMMUTABLE SET search_path=channel_sync, pg_temp; -- body f30b43b343b2
CREATE FUNCTION root_guest_id(property_id text, guest_id bigint) RETURNS bigint LANGUAGE sql STABLE SET search_path=channel_sync, pg_temp; -- body eea7804d95cb
CREATE FUNCTION set_invoice_contact(property_id text, reference text, contact jsonb, actor text, reason text DEFAULT NULL::text) RETURNS bigint LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path=channel_sync, pg_temp; -- body 037f062abde1
CREATE FUNCTION set_main_guest(property_id text, reference text, to_guest text, actor text, reason text DEFAULT NULL::text) RETURNS bigint LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path=channel_sync, pg_temp; -- body fd5488d98add
CREATE FUNCTION set_policy(property_id text, reference text, ota_room_policy text, actor text, reason text DEFAULT NULL::text) RETURNS bigint LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path=channel_sync, pg_temp; -- body 961774ded589
CREATE FUNCTION shown_facts(facts jsonb) RETURNS TABLE(field text, old text, new text) LANGUAGE sql IMMUTABLE; -- body 3f2302842d84
CREATE FUNCTION shown_guest(asked guest) RETURNS jsonb LANGUAGE sql IMMUTABLE; -- body 036f732666f5
CREATE FUNCTION speak(actor text, event text, reason text) RETURNS void LANGUAGE plpgsql VOLATILE; -- body ff96acbdce70
CREATE FUNCTION split_guest(property_id text, reference text, actor text, name text DEFAULT NULL::text, email text DEFAULT NULL::text, reason text DEFAULT NULL::text) RETURNS bigint LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path=channel_sync, pg_temp; -- body b3b1d617cf4e
CREATE FUNCTION split_stay(property_id text, reference text, line text, from_date date, actor text, reason text DEFAULT NULL::text, room text DEFAULT NULL::text) RETURNS text LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path=channel_sync, pg_temp; -- body cfc8ffb2b890
CREATE FUNCTION spoken(setting text) RETURNS text LANGUAGE sql STABLE; -- body 5d46a41629c2
CREATE FUNCTION stay_changes_nights() RETURNS trigger LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path=channel_sync, pg_temp SET enable_hashjoin=off SET enable_mergejoin=off SET enable_seqscan=off SET jit=off; -- body fbd71bfdfc30
CREATE FUNCTION stay_has_begun(status text, arrival date, today date) RETURNS boolean LANGUAGE sql IMMUTABLE; -- body c3648ff72810
CREATE FUNCTION stay_leaves_nights() RETURNS trigger LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path=channel_sync, pg_temp SET enable_hashjoin=off SET enable_mergejoin=off SET enable_seqscan=off SET jit=off; -- body 7b385402270b
CREATE FUNCTION stay_takes_nights() RETURNS trigger LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path=channel_sync, pg_temp; -- body d5e6a7d75db9
CREATE FUNCTION stretch_rooms(rooms allocation[], arrival date, departure date, from_night date) RETURNS allocation[] LANGUAGE plpgsql IMMUTABLE SET search_path=channel_sync, pg_temp; -- body 58aae49804e1
CREATE FUNCTION take_as_base(asked task) RETURNS void LANGUAGE sql VOLATILE SET search_path=channel_sync, pg_temp; -- body 7a6351089c0d
CREATE FUNCTION tell_of_guest(property_id text, event text) RETURNS void LANGUAGE plpgsql VOLATILE SET search_path=channel_sync, pg_temp; -- body 82832697bd28
CREATE FUNCTION unblock_room(property_id text, room text, from_date date, to_date date, actor text, reason text DEFAULT NULL::text) RETURNS bigint LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path=channel_sync, pg_temp; -- body 10a6e3b8cf88
CREATE FUNCTION unless_naming(value text, words text[]) RETURNS text LANGUAGE sql IMMUTABLE; -- body 1f41a895a796
CREATE FUNCTION unmerge_guest(property_id text, reference text, actor text, reason text DEFAULT NULL::text) RETURNS bigint LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path=channel_sync, pg_temp; -- body 6e4e498acd31
CREATE FUNCTION unpin_stay(property_id text, reference text, line text, actor text, reason text DEFAULT NULL::text) RETURNS bigint LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path=channel_sync, pg_temp; -- body 2bcef9dc970b
CREATE FUNCTION without_personal_base(base jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE; -- body 0ff9535473bf
CREATE FUNCTION without_personal_details(details jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE; -- body f796e32bc247
CREATE FUNCTION without_personal_facts(facts jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE; -- body 00b743d25179
CREATE FUNCTION without_words(value jsonb, words text[]) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE; -- body ac3a609240fa
CREATE FUNCTION write_guest(wished guest, event text) RETURNS void LANGUAGE plpgsql VOLATILE SET search_path=channel_sync, pg_temp; -- body 46c58f4947cb
CREATE FUNCTION write_guest_history(property_id text, guest_id bigint, event text, facts jsonb, reservation_id bigint) RETURNS void LANGUAGE sql VOLATILE SET search_path=channel_sync, pg_temp; -- body 5650722de8ee
CREATE FUNCTION write_history(property_id text, reservation_id bigint, line text, event text, facts jsonb) RETURNS bigint LANGUAGE plpgsql VOLATILE SET search_path=channel_sync, pg_temp; -- body a967d8590f1c

-- Grants
GRANT USAGE ON SCHEMA channel_sync TO channel_sync_pms;
GRANT USAGE ON SCHEMA channel_sync TO channel_sync_worker;
GRANT SELECT ON block TO channel_sync_worker;
GRANT SELECT ON category TO channel_sync_worker;
GRANT SELECT ON channel TO channel_sync_worker;
GRANT INSERT, SELECT, UPDATE ON consumer_partition TO channel_sync_worker;
GRANT INSERT, SELECT, UPDATE ON guest TO channel_sync_worker;
GRANT INSERT, SELECT ON guest_history TO channel_sync_worker;
GRANT INSERT, SELECT ON history TO channel_sync_worker;
GRANT SELECT ON hotel_version TO channel_sync_worker;
GRANT INSERT, SELECT ON kept_revision TO channel_sync_worker;
GRANT INSERT, SELECT ON message TO channel_sync_worker;
GRANT UPDATE ON message (applied_at) TO channel_sync_worker;
GRANT UPDATE ON message (channel) TO channel_sync_worker;
GRANT UPDATE ON message (dialect) TO channel_sync_worker;
GRANT UPDATE ON message (message_id) TO channel_sync_worker;
GRANT UPDATE ON message (order_basis) TO channel_sync_worker;
GRANT UPDATE ON message (outcome) TO channel_sync_worker;
GRANT UPDATE ON message (outcome_detail) TO channel_sync_worker;
GRANT UPDATE ON message (outcome_reason) TO channel_sync_worker;
GRANT UPDATE ON message (property_id) TO channel_sync_worker;
GRANT UPDATE ON message (reference) TO channel_sync_worker;
GRANT UPDATE ON message (reservation_id) TO channel_sync_worker;
GRANT UPDATE ON message (revision) TO channel_sync_worker;
GRANT UPDATE ON message (today) TO channel_sync_worker;
GRANT UPDATE ON message (version) TO channel_sync_worker;
GRANT SELECT ON migration TO channel_sync_worker;
GRANT INSERT, SELECT, UPDATE ON parked TO channel_sync_worker;
GRANT INSERT, SELECT ON planner_look TO channel_sync_worker;
GRANT SELECT ON property TO channel_sync_worker;
GRANT UPDATE ON property (guests_due) TO channel_sync_worker;
GRANT UPDATE ON property (last_guest_id) TO channel_sync_worker;
GRANT UPDATE ON property (last_reservation_id) TO channel_sync_worker;
GRANT UPDATE ON property (plan_failed_at) TO channel_sync_worker;
GRANT UPDATE ON property (planned_on) TO channel_sync_worker;
GRANT UPDATE ON property (replan_due) TO channel_sync_worker;
GRANT UPDATE ON property (searched) TO channel_sync_worker;
GRANT UPDATE ON property (searched_version) TO channel_sync_worker;
GRANT UPDATE ON property (version) TO channel_sync_worker;
GRANT INSERT, SELECT, UPDATE ON reservation TO channel_sync_worker;
GRANT INSERT, SELECT, UPDATE ON reservation_reference TO channel_sync_worker;
GRANT SELECT ON room TO channel_sync_worker;
GRANT SELECT ON room_night TO channel_sync_worker;
GRANT INSERT, SELECT, UPDATE ON stay TO channel_sync_worker;
GRANT INSERT, SELECT, UPDATE ON task TO channel_sync_worker;
GRANT SELECT ON v_availability TO channel_sync_pms;
GRANT SELECT ON v_availability TO channel_sync_worker;
GRANT SELECT ON v_block TO channel_sync_pms;
GRANT SELECT ON v_block TO channel_sync_worker;
GRANT SELECT ON v_guest TO channel_sync_pms;
GRANT SELECT ON v_guest TO channel_sync_worker;
GRANT SELECT ON v_guest_history TO channel_sync_pms;
GRANT SELECT ON v_guest_history TO channel_sync_worker;
GRANT SELECT ON v_history TO channel_sync_pms;
GRANT SELECT ON v_history TO channel_sync_worker;
GRANT SELECT ON v_message TO channel_sync_pms;
GRANT SELECT ON v_message TO channel_sync_worker;
GRANT SELECT ON v_receipt TO channel_sync_pms;
GRANT SELECT ON v_receipt TO channel_sync_worker;
GRANT SELECT ON v_stay TO channel_sync_pms;
GRANT SELECT ON v_stay TO channel_sync_worker;
GRANT SELECT ON v_task TO channel_sync_pms;
GRANT SELECT ON v_task TO channel_sync_worker;
GRANT EXECUTE ON FUNCTION accept_task(property_id text, task_id bigint, actor text, reason text) TO channel_sync_pms;
GRANT EXECUTE ON FUNCTION accept_task(property_id text, task_id bigint, actor text, reason text) TO channel_sync_worker;
GRANT EXECUTE ON FUNCTION add_room(property_id text, reference text, room_line jsonb, actor text, reason text, room text) TO channel_sync_pms;
GRANT EXECUTE ON FUNCTION add_room(property_id text, reference text, room_line jsonb, actor text, reason text, room text) TO channel_sync_worker;
GRANT EXECUTE ON FUNCTION amend_stay(property_id text, reference text, line text, room_line jsonb, actor text, reason text, room text, booker jsonb) TO channel_sync_pms;
GRANT EXECUTE ON FUNCTION amend_stay(property_id text, reference text, line text, room_line jsonb, actor text, reason text, room text, booker jsonb) TO channel_sync_worker;
GRANT EXECUTE ON FUNCTION availability(property_id text, "from" date, "to" date) TO channel_sync_pms;
GRANT EXECUTE ON FUNCTION availability(property_id text, "from" date, "to" date) TO channel_sync_worker;
GRANT EXECUTE ON FUNCTION block_guest(property_id text, reference text, actor text, blocked boolean, reason text) TO channel_sync_pms;
GRANT EXECUTE ON FUNCTION block_guest(property_id text, reference text, actor text, blocked boolean, reason text) TO channel_sync_worker;
GRANT EXECUTE ON FUNCTION block_room(property_id text, room text, from_date date, to_date date, actor text, reason text) TO channel_sync_pms;
GRANT EXECUTE ON FUNCTION block_room(property_id text, room text, from_date date, to_date date, actor text, reason text) TO channel_sync_worker;
GRANT EXECUTE ON FUNCTION book_stay(property_id text, room_line jsonb, actor text, reason text, reference text, room text, booker jsonb) TO channel_sync_pms;
GRANT EXECUTE ON FUNCTION book_stay(property_id text, room_line jsonb, actor text, reason text, reference text, room text, booker jsonb) TO channel_sync_worker;
GRANT EXECUTE ON FUNCTION cancel_stay(property_id text, reference text, line text, actor text, reason text) TO channel_sync_pms;
GRANT EXECUTE ON FUNCTION cancel_stay(property_id text, reference text, line text, actor text, reason text) TO channel_sync_worker;
GRANT EXECUTE ON FUNCTION check_in(property_id text, reference text, line text, actor text, reason text) TO channel_sync_pms;
GRANT EXECUTE ON FUNCTION check_in(property_id text, reference text, line text, actor text, reason text) TO channel_sync_worker;
GRANT EXECUTE ON FUNCTION check_out(property_id text, reference text, line text, actor text, reason text) TO channel_sync_pms;
GRANT EXECUTE ON FUNCTION check_out(property_id text, reference text, line text, actor text, reason text) TO channel_sync_worker;
GRANT EXECUTE ON FUNCTION dismiss_task(property_id text, task_id bigint, actor text, reason text) TO channel_sync_pms;
GRANT EXECUTE ON FUNCTION dismiss_task(property_id text, task_id bigint, actor text, reason text) TO channel_sync_worker;
GRANT EXECUTE ON FUNCTION edit_guest(property_id text, reference text, changes jsonb, actor text, reason text) TO channel_sync_pms;
GRANT EXECUTE ON FUNCTION edit_guest(property_id text, reference text, changes jsonb, actor text, reason text) TO channel_sync_worker;
GRANT EXECUTE ON FUNCTION edit_stay(property_id text, reference text, line text, changes jsonb, actor text, reason text) TO channel_sync_pms;
GRANT EXECUTE ON FUNCTION edit_stay(property_id text, reference text, line text, changes jsonb, actor text, reason text) TO channel_sync_worker;
GRANT EXECUTE ON FUNCTION erase_guest(property_id text, reference text, actor text, reason text) TO channel_sync_pms;
GRANT EXECUTE ON FUNCTION erase_guest(property_id text, reference text, actor text, reason text) TO channel_sync_worker;
GRANT EXECUTE ON FUNCTION mark_no_show(property_id text, reference text, line text, actor text, reason text) TO channel_sync_pms;
GRANT EXECUTE ON FUNCTION mark_no_show(property_id text, reference text, line text, actor text, reason text) TO channel_sync_worker;
GRANT EXECUTE ON FUNCTION merge_guests(property_id text, reference text, into_guest text, actor text, reason text) TO channel_sync_pms;
GRANT EXECUTE ON FUNCTION merge_guests(property_id text, reference text, into_guest text, actor text, reason text) TO channel_sync_worker;
GRANT EXECUTE ON FUNCTION move_stay(property_id text, reference text, line text, room text, actor text, reason text, from_date date) TO channel_sync_pms;
GRANT EXECUTE ON FUNCTION move_stay(property_id text, reference text, line text, room text, actor text, reason text, from_date date) TO channel_sync_worker;
GRANT EXECUTE ON FUNCTION note_stay(property_id text, reference text, line text, staff_note text, actor text, reason text) TO channel_sync_pms;
GRANT EXECUTE ON FUNCTION note_stay(property_id text, reference text, line text, staff_note text, actor text, reason text) TO channel_sync_worker;
GRANT EXECUTE ON FUNCTION pin_stay(property_id text, reference text, line text, actor text, reason text) TO channel_sync_pms;
GRANT EXECUTE ON FUNCTION pin_stay(property_id text, reference text, line text, actor text, reason text) TO channel_sync_worker;
GRANT EXECUTE ON FUNCTION property_day(timezone text, policy jsonb) TO channel_sync_pms;
GRANT EXECUTE ON FUNCTION property_day(timezone text, policy jsonb) TO channel_sync_worker;
GRANT EXECUTE ON FUNCTION property_today(property_id text) TO channel_sync_pms;
GRANT EXECUTE ON FUNCTION property_today(property_id text) TO channel_sync_worker;
GRANT EXECUTE ON FUNCTION reinstate_stay(property_id text, reference text, line text, actor text, reason text) TO channel_sync_pms;
GRANT EXECUTE ON FUNCTION reinstate_stay(property_id text, reference text, line text, actor text, reason text) TO channel_sync_worker;
GRANT EXECUTE ON FUNCTION restore_guest(property_id text, reference text, actor text, field text, reason text) TO channel_sync_pms;
GRANT EXECUTE ON FUNCTION restore_guest(property_id text, reference text, actor text, field text, reason text) TO channel_sync_worker;
GRANT EXECUTE ON FUNCTION room_of(rooms allocation[], on_date date) TO channel_sync_pms;
GRANT EXECUTE ON FUNCTION room_of(rooms allocation[], on_date date) TO channel_sync_worker;
GRANT EXECUTE ON FUNCTION set_invoice_contact(property_id text, reference text, contact jsonb, actor text, reason text) TO channel_sync_pms;
GRANT EXECUTE ON FUNCTION set_invoice_contact(property_id text, reference text, contact jsonb, actor text, reason text) TO channel_sync_worker;
GRANT EXECUTE ON FUNCTION set_main_guest(property_id text, reference text, to_guest text, actor text, reason text) TO channel_sync_pms;
GRANT EXECUTE ON FUNCTION set_main_guest(property_id text, reference text, to_guest text, actor text, reason text) TO channel_sync_worker;
GRANT EXECUTE ON FUNCTION set_policy(property_id text, reference text, ota_room_policy text, actor text, reason text) TO channel_sync_pms;
GRANT EXECUTE ON FUNCTION set_policy(property_id text, reference text, ota_room_policy text, actor text, reason text) TO channel_sync_worker;
GRANT EXECUTE ON FUNCTION shown_facts(facts jsonb) TO channel_sync_pms;
GRANT EXECUTE ON FUNCTION shown_facts(facts jsonb) TO channel_sync_worker;
GRANT EXECUTE ON FUNCTION split_guest(property_id text, reference text, actor text, name text, email text, reason text) TO channel_sync_pms;
GRANT EXECUTE ON FUNCTION split_guest(property_id text, reference text, actor text, name text, email text, reason text) TO channel_sync_worker;
GRANT EXECUTE ON FUNCTION split_stay(property_id text, reference text, line text, from_date date, actor text, reason text, room text) TO channel_sync_pms;
GRANT EXECUTE ON FUNCTION split_stay(property_id text, reference text, line text, from_date date, actor text, reason text, room text) TO channel_sync_worker;
GRANT EXECUTE ON FUNCTION unblock_room(property_id text, room text, from_date date, to_date date, actor text, reason text) TO channel_sync_pms;
GRANT EXECUTE ON FUNCTION unblock_room(property_id text, room text, from_date date, to_date date, actor text, reason text) TO channel_sync_worker;
GRANT EXECUTE ON FUNCTION unmerge_guest(property_id text, reference text, actor text, reason text) TO channel_sync_pms;
GRANT EXECUTE ON FUNCTION unmerge_guest(property_id text, reference text, actor text, reason text) TO channel_sync_worker;
GRANT EXECUTE ON FUNCTION unpin_stay(property_id text, reference text, line text, actor text, reason text) TO channel_sync_pms;
GRANT EXECUTE ON FUNCTION unpin_stay(property_id text, reference text, line text, actor text, reason text) TO channel_sync_worker;
