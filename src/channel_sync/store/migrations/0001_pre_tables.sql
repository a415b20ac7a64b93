-- The tables. Every key begins with the property, so the rows of one hotel live together.

CREATE TYPE allocation AS (room text, from_date date, to_date date);
COMMENT ON TYPE allocation IS 'A room for some nights of a stay, half-open.';

CREATE TYPE revision_order AS (basis text, value numeric, source text);
COMMENT ON TYPE revision_order IS
    'When a revision was made: basis is revision, modified_at (microseconds) or arrival (offset).';

-- The hotel ------------------------------------------------------------------------------

CREATE TABLE property (
    property_id         text PRIMARY KEY,
    name                text NOT NULL,
    timezone            text NOT NULL,
    currency            text NOT NULL,
    policy              jsonb NOT NULL DEFAULT '{}',
    own_email_addresses text[] NOT NULL DEFAULT '{}',
    blocked_guests      jsonb NOT NULL DEFAULT '[]',
    version             bigint NOT NULL DEFAULT 0,
    last_reservation_id bigint NOT NULL DEFAULT 0,
    replan_due          boolean NOT NULL DEFAULT false,
    planned_on          date,
    plan_failed_at      timestamptz
);
COMMENT ON COLUMN property.version IS
    'The one counter of the property: every writer adds one per row of history.';
COMMENT ON COLUMN property.replan_due IS
    'Whether the planner has to look at the property again.';
COMMENT ON COLUMN property.planned_on IS
    'The property-local day of the planner''s last look: a new day is a reason to look again.';

COMMENT ON COLUMN property.plan_failed_at IS
    'The planner stumbled over the property then: the others come first.';

CREATE TABLE category (
    property_id text NOT NULL REFERENCES property ON DELETE CASCADE,
    category    text NOT NULL,
    name        text NOT NULL,
    capacity    integer NOT NULL CONSTRAINT category_holds_somebody CHECK (capacity > 0),
    rank        integer NOT NULL,
    units       integer CONSTRAINT category_counts_up CHECK (units >= 0),
    PRIMARY KEY (property_id, category)
);

CREATE TABLE room (
    property_id text NOT NULL REFERENCES property ON DELETE CASCADE,
    room        text NOT NULL,
    category    text NOT NULL,
    capacity    integer NOT NULL CONSTRAINT room_holds_somebody CHECK (capacity > 0),
    position    integer NOT NULL,
    is_active   boolean NOT NULL DEFAULT true,
    PRIMARY KEY (property_id, room),
    FOREIGN KEY (property_id, category) REFERENCES category
);

CREATE TABLE channel (
    property_id text NOT NULL REFERENCES property ON DELETE CASCADE,
    channel     text NOT NULL,
    aliases     text[] NOT NULL DEFAULT '{}',
    categories  jsonb NOT NULL DEFAULT '{}',
    rate_plans  jsonb NOT NULL DEFAULT '{}',
    PRIMARY KEY (property_id, channel)
);

CREATE TABLE block (
    property_id text NOT NULL,
    block_id    bigint GENERATED ALWAYS AS IDENTITY,
    room        text NOT NULL,
    from_date   date NOT NULL,
    to_date     date NOT NULL,
    reason      text,
    actor       text,
    PRIMARY KEY (property_id, block_id),
    FOREIGN KEY (property_id, room) REFERENCES room,
    CONSTRAINT block_ends_after_it_begins CHECK (to_date > from_date)
);
CREATE INDEX block_by_room ON block (property_id, room, from_date);

-- Bookings -------------------------------------------------------------------------------

CREATE TABLE reservation (
    property_id               text NOT NULL REFERENCES property,
    reservation_id            bigint NOT NULL,
    channel                   text NOT NULL,
    reference                 text NOT NULL,
    confirmation_number       text GENERATED ALWAYS AS
                              (property_id || '-' || reservation_id::text) STORED,
    base                      jsonb,
    booker_name               text,
    contact_email             text,
    contact_phone             text,
    contact_address           text,
    country                   text,
    language                  text,
    booking_comments          text,
    payment                   jsonb,
    cancellation_fee          numeric,
    invoice_contact           jsonb,
    ota_room_policy           text CONSTRAINT reservation_policy_is_known CHECK
                              (ota_room_policy IN ('keep_manual', 'follow_channel', 'freeze_room')),
    created_from_modification boolean NOT NULL DEFAULT false,
    is_tombstone              boolean NOT NULL DEFAULT false,
    replaced_by               bigint,
    revision                  text,
    status_order              revision_order,
    content_order             revision_order,
    arrived                   jsonb,
    last_content_hash         text,
    PRIMARY KEY (property_id, reservation_id)
);
COMMENT ON COLUMN reservation.replaced_by IS
    'The reservation that goes on where this one turned out to be an older reference of it.';
CREATE INDEX reservation_by_reference ON reservation (property_id, reference);
COMMENT ON COLUMN reservation.base IS
    'What the channel last said of the reservation as a whole and we took; null: the hotel''s own.';

CREATE TABLE reservation_reference (
    property_id    text NOT NULL,
    channel        text NOT NULL,
    reference      text NOT NULL,
    reservation_id bigint NOT NULL,
    PRIMARY KEY (property_id, channel, reference),
    FOREIGN KEY (property_id, reservation_id) REFERENCES reservation
);
COMMENT ON TABLE reservation_reference IS
    'Every reference a reservation was ever known by; the older ones still find it.';
CREATE INDEX reservation_reference_by_text ON reservation_reference (property_id, reference);
CREATE INDEX reservation_reference_of_reservation
    ON reservation_reference (property_id, reservation_id);

CREATE TABLE stay (
    property_id          text NOT NULL,
    reservation_id       bigint NOT NULL,
    line                 text NOT NULL,
    status               text NOT NULL CONSTRAINT stay_status_is_known CHECK (status IN
                         ('confirmed', 'checked_in', 'checked_out', 'no_show', 'cancelled',
                          'enquiry')),
    arrival              date NOT NULL,
    departure            date NOT NULL,
    adults               integer CONSTRAINT stay_counts_adults CHECK (adults >= 0),
    children             integer[] NOT NULL DEFAULT '{}',
    booked_category      text,
    manual_category_code text,
    pinned_room          text,
    held                 boolean NOT NULL DEFAULT false,
    rooms                allocation[] NOT NULL DEFAULT '{}',
    last_room            text,
    rate_plan            text,
    amount               numeric,
    currency             text,
    comments             text,
    guest_names          text[] NOT NULL DEFAULT '{}',
    staff_note           text,
    cancelled_by         text CONSTRAINT stay_cancelled_by_someone CHECK
                         (cancelled_by IN ('channel', 'staff')),
    room_chosen_by_staff boolean NOT NULL DEFAULT false,
    to_place             boolean NOT NULL DEFAULT false,
    base                 jsonb,
    PRIMARY KEY (property_id, reservation_id, line),
    FOREIGN KEY (property_id, reservation_id) REFERENCES reservation,
    CONSTRAINT stay_does_not_depart_before_arrival CHECK (departure >= arrival),
    CONSTRAINT cancelled_stay_holds_no_room CHECK (status <> 'cancelled' OR rooms = '{}'),
    CONSTRAINT cancelled_stay_says_by_whom CHECK ((status = 'cancelled') = (cancelled_by IS NOT NULL)),
    CONSTRAINT held_stay_has_a_room CHECK (NOT held OR rooms <> '{}')
);
COMMENT ON TABLE stay IS
    'One room line as the hotel holds it. A local edit is a difference between base and the row.';
COMMENT ON COLUMN stay.to_place IS
    'Staff changed facts that decide the room; the planner has yet to place the stay.';
CREATE INDEX stay_by_night ON stay (property_id, departure, arrival);
CREATE INDEX stay_that_waits ON stay (property_id, arrival)
    WHERE status = 'confirmed' AND (held OR to_place OR rooms = '{}');

CREATE TABLE room_night (
    property_id    text NOT NULL,
    night          date NOT NULL,
    room           text NOT NULL,
    reservation_id bigint,
    line           text,
    block_id       bigint,
    CONSTRAINT no_room_is_held_twice_on_one_night PRIMARY KEY (property_id, night, room)
);
COMMENT ON TABLE room_night IS
    'Who holds a room on a night; derived from stays and blocks by triggers, whoever writes.';

CREATE TABLE kept_revision (
    property_id    text NOT NULL,
    reservation_id bigint NOT NULL,
    message_id     text NOT NULL,
    revision_order revision_order NOT NULL,
    content_hash   text NOT NULL,
    PRIMARY KEY (property_id, reservation_id, message_id),
    FOREIGN KEY (property_id, reservation_id) REFERENCES reservation
);
COMMENT ON TABLE kept_revision IS
    'What is kept of every revision handled, so that a repeat is known for ever.';
CREATE INDEX kept_revision_by_content
    ON kept_revision (property_id, reservation_id, content_hash);

-- What happened, and what a person has to do ---------------------------------------------

CREATE TABLE history (
    property_id    text NOT NULL,
    version        bigint NOT NULL,
    reservation_id bigint,
    line           text,
    at             timestamptz NOT NULL DEFAULT now(),
    actor_type     text NOT NULL CONSTRAINT history_actor_is_known CHECK
                   (actor_type IN ('channel', 'staff', 'system')),
    actor          text NOT NULL,
    event          text NOT NULL,
    facts          jsonb NOT NULL,
    reason         text NOT NULL DEFAULT '',
    rule           text NOT NULL DEFAULT '',
    message_id     text,
    revision       text,
    PRIMARY KEY (property_id, version)
);
COMMENT ON COLUMN history.facts IS 'What changed: {"field": [old, new]}.';
CREATE INDEX history_of_reservation ON history (property_id, reservation_id, version);

CREATE TABLE task (
    task_id           bigint GENERATED BY DEFAULT AS IDENTITY,
    property_id       text NOT NULL,
    reservation_id    bigint NOT NULL,
    line              text,
    reason            text NOT NULL,
    notice            boolean NOT NULL DEFAULT false,
    state             text NOT NULL DEFAULT 'open' CONSTRAINT task_state_is_known CHECK
                      (state IN ('open', 'done', 'dismissed', 'superseded')),
    details           jsonb NOT NULL DEFAULT '{}',
    proposals         jsonb NOT NULL DEFAULT '[]',
    opened_at         timestamptz NOT NULL DEFAULT now(),
    opened_by_message text,
    closed_at         timestamptz,
    closed_by         text,
    PRIMARY KEY (property_id, task_id),
    FOREIGN KEY (property_id, reservation_id) REFERENCES reservation,
    CONSTRAINT closed_task_says_when CHECK ((state = 'open') = (closed_at IS NULL))
);
CREATE UNIQUE INDEX one_open_task_per_reason
    ON task (property_id, reservation_id, coalesce(line, ''), reason) WHERE state = 'open';
CREATE UNIQUE INDEX task_by_id ON task (task_id);

-- Messages -------------------------------------------------------------------------------

CREATE TABLE message (
    property_id    text NOT NULL DEFAULT '',
    recorded_at    timestamptz NOT NULL,
    topic          text NOT NULL,
    partition      integer NOT NULL,
    "offset"       bigint NOT NULL,
    ordinal        integer NOT NULL,
    message_id     text,
    channel        text,
    reference      text,
    reservation_id bigint,
    outcome        text NOT NULL,
    outcome_reason text NOT NULL DEFAULT '',
    outcome_detail text NOT NULL DEFAULT '',
    order_basis    text,
    revision       text,
    today          date,
    format         text,
    body           text,
    received_at    timestamptz NOT NULL,
    applied_at     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (property_id, recorded_at, topic, partition, "offset", ordinal)
) PARTITION BY RANGE (recorded_at);
COMMENT ON TABLE message IS
    'One row for each reservation of each message consumed, by month of the Kafka record.';
COMMENT ON COLUMN message.body IS 'The message without card data; at ordinal 0 only.';
CREATE INDEX message_of_reservation ON message (property_id, reference);
CREATE TABLE message_default PARTITION OF message DEFAULT;

CREATE TABLE parked (
    parked_id    bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    property_id  text NOT NULL DEFAULT '',
    topic        text NOT NULL,
    partition    integer NOT NULL,
    "offset"     bigint NOT NULL,
    ordinal      integer NOT NULL,
    recorded_at  timestamptz NOT NULL,
    message_id   text,
    channel      text,
    reference    text,
    replaces     text[] NOT NULL DEFAULT '{}',
    completeness text,
    reason       text NOT NULL,
    detail       text NOT NULL DEFAULT '',
    format       text,
    headers      jsonb NOT NULL DEFAULT '{}',
    body         text,
    body_sha256  text NOT NULL,
    body_bytes   bigint NOT NULL,
    state        text NOT NULL DEFAULT 'parked' CONSTRAINT parked_state_is_known CHECK
                 (state IN ('parked', 'retried', 'discarded')),
    parked_at    timestamptz NOT NULL DEFAULT now(),
    closed_at    timestamptz,
    closed_by    text,
    CONSTRAINT message_is_parked_once UNIQUE (topic, partition, "offset", ordinal)
);
COMMENT ON COLUMN parked.body IS
    'The whole message without card data; null where it could not be scrubbed.';
COMMENT ON COLUMN parked.replaces IS
    'Older references that it names: what waits behind it may bear one of them.';
CREATE INDEX parked_of_reference ON parked (property_id, reference) WHERE state = 'parked';

CREATE TABLE consumer_partition (
    topic           text NOT NULL,
    partition       integer NOT NULL,
    next_offset     bigint,
    epoch           bigint NOT NULL DEFAULT 0,
    claimed_by      text,
    claimed_at      timestamptz,
    internal_errors integer NOT NULL DEFAULT 0,
    halted_at       timestamptz,
    halt_reason     text,
    resume_at       bigint,
    PRIMARY KEY (topic, partition)
);
COMMENT ON TABLE consumer_partition IS
    'How far each Kafka partition has been applied; moved by compare-and-set with the effects.';
COMMENT ON COLUMN consumer_partition.resume_at IS
    'Where a resume goes on if the offset is gone from Kafka; null: at next_offset.';

CREATE FUNCTION make_message_months(first_month date, months integer) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
    -- Bounds are instants, so they are said in UTC whatever the session's zone.
    begins date := date_trunc('month', first_month)::date;
    ends   date;
    named  text;
    made   integer := 0;
BEGIN
    FOR step IN 1 .. months LOOP
        ends := (begins + interval '1 month')::date;
        named := 'message_' || to_char(begins, 'YYYY_MM');
        IF to_regclass(named) IS NULL THEN
            -- What the default took of this month would forbid the partition: it is moved over.
            EXECUTE format('CREATE TABLE %I (LIKE message INCLUDING DEFAULTS)', named);
            EXECUTE format(
                'WITH moved AS (DELETE FROM message_default WHERE recorded_at >= %1$L'
                ' AND recorded_at < %2$L RETURNING *) INSERT INTO %3$I SELECT * FROM moved',
                begins::text || ' 00:00+00', ends::text || ' 00:00+00', named);
            EXECUTE format(
                'ALTER TABLE message ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
                named, begins::text || ' 00:00+00', ends::text || ' 00:00+00');
            made := made + 1;
        END IF;
        begins := ends;
    END LOOP;
    RETURN made;
END
$$;
COMMENT ON FUNCTION make_message_months IS
    'Makes the monthly partitions of message that are missing, from a month on; run by migrate.';
