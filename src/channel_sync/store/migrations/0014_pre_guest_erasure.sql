-- A guest erased on request: personal data go from every table; bookings and counts remain.

CREATE FUNCTION personal_fields() RETURNS text[]
LANGUAGE sql IMMUTABLE AS $$
    SELECT '{booker_name,contact_email,contact_phone,contact_address,country,language,
             booking_comments,payment,invoice_contact,comments,guest_names,staff_note}'::text[]
$$;
COMMENT ON FUNCTION personal_fields IS 'Columns of bookings and stays that say who a guest is.';

CREATE FUNCTION without_personal_base(base jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE jsonb_typeof(base) WHEN 'object'
           THEN base || (SELECT coalesce(jsonb_object_agg(p, NULL), '{}')
                           FROM unnest(personal_fields()) AS p WHERE base ? p)
           ELSE base END
$$;
COMMENT ON FUNCTION without_personal_base IS 'What a channel said, without what is personal.';

CREATE FUNCTION without_personal_facts(facts jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE AS $$
    -- Which fields changed stays known; the values go. What was never null becomes empty.
    SELECT coalesce(jsonb_object_agg(f.key, CASE
        WHEN f.key = 'guest_names' THEN '[[], []]'
        WHEN regexp_replace(f.key, '^(booking_)?base\.', '') = ANY (personal_fields())
        THEN '[null, null]'
        WHEN f.key IN ('base', 'booking_base') AND jsonb_typeof(f.value) = 'array'
        THEN jsonb_build_array(without_personal_base(f.value -> 0),
                               without_personal_base(f.value -> 1))
        ELSE f.value END), '{}')
      FROM jsonb_each(facts) AS f
$$;

CREATE FUNCTION without_personal_details(details jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE AS $$
    SELECT details
        || CASE WHEN details ? 'changes' THEN jsonb_build_object('changes', (
               SELECT coalesce(jsonb_agg(c), '[]')
                 FROM jsonb_array_elements(details -> 'changes') AS c
                WHERE c ->> 'field' <> ALL (personal_fields()))) ELSE '{}' END
        || CASE WHEN details ? 'bases' THEN jsonb_build_object('bases', (
               SELECT coalesce(jsonb_object_agg(b.key, without_personal_base(b.value)), '{}')
                 FROM jsonb_each(details -> 'bases') AS b)) ELSE '{}' END
        || CASE WHEN details ? 'booking_base' THEN jsonb_build_object(
               'booking_base', without_personal_base(details -> 'booking_base')) ELSE '{}' END
$$;
COMMENT ON FUNCTION without_personal_details IS 'What a task asks, without what is personal.';

CREATE FUNCTION erase_bookings(property_id text, ids bigint[]) RETURNS void
LANGUAGE plpgsql SET search_path = channel_sync, pg_temp AS $$
BEGIN
    UPDATE reservation AS r
       SET booker_name = NULL, contact_email = NULL, contact_phone = NULL, contact_address = NULL,
           country = NULL, language = NULL, booking_comments = NULL, payment = NULL,
           invoice_contact = NULL, base = without_personal_base(r.base)
     WHERE r.property_id = $1 AND r.reservation_id = ANY (ids);
    UPDATE stay AS s
       SET comments = NULL, guest_names = '{}', staff_note = NULL,
           base = without_personal_base(s.base)
     WHERE s.property_id = $1 AND s.reservation_id = ANY (ids);
    UPDATE task AS t SET details = without_personal_details(t.details)
     WHERE t.property_id = $1 AND t.reservation_id = ANY (ids);
    -- Last: the triggers above wrote the old values down once more. A person's reason is free text.
    UPDATE history AS h
       SET facts = without_personal_facts(h.facts),
           reason = CASE h.actor_type WHEN 'staff' THEN '' ELSE h.reason END
     WHERE h.property_id = $1 AND h.reservation_id = ANY (ids);
END
$$;

CREATE FUNCTION erase_messages(property_id text, ids bigint[], words text[]) RETURNS void
LANGUAGE plpgsql SET search_path = channel_sync, pg_temp AS $$
BEGIN
    -- The body of a message of several reservations lies with the first of them.
    WITH theirs AS (
        SELECT DISTINCT m.recorded_at, m.topic, m.partition, m."offset"
          FROM message AS m
         WHERE m.reservation_id = ANY (ids) AND m.property_id = $1
            OR (m.property_id, m.channel, m.reference) IN (
                   SELECT rr.property_id, rr.channel, rr.reference
                     FROM reservation_reference AS rr
                    WHERE rr.property_id = $1 AND rr.reservation_id = ANY (ids))
            OR m.property_id IN ($1, '') AND m.body IS NOT NULL
               AND EXISTS (SELECT FROM unnest(words) AS w WHERE strpos(lower(m.body), w) > 0)
    )
    UPDATE message AS m SET body = NULL, outcome_detail = ''
      FROM theirs AS t
     WHERE m.recorded_at = t.recorded_at AND m.topic = t.topic AND m.partition = t.partition
       AND m."offset" = t."offset";
    UPDATE parked AS p SET body = NULL, detail = '', headers = '{}'
     WHERE (p.property_id = $1 AND (p.channel, p.reference) IN (
               SELECT rr.channel, rr.reference FROM reservation_reference AS rr
                WHERE rr.property_id = $1 AND rr.reservation_id = ANY (ids)))
        OR (p.property_id IN ($1, '') AND EXISTS (
               SELECT FROM unnest(words) AS w
                WHERE strpos(lower(concat_ws(' ', p.body, p.detail, p.headers::text)), w) > 0));
END
$$;
COMMENT ON FUNCTION erase_messages IS
    'Bodies of messages about these bookings, and of any that name one of these words.';

CREATE FUNCTION names_any(value text, words text[]) RETURNS boolean
LANGUAGE sql IMMUTABLE AS $$
    SELECT EXISTS (SELECT FROM unnest(words) AS w WHERE strpos(lower(value), w) > 0)
$$;

CREATE FUNCTION unless_naming(value text, words text[]) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN NOT names_any(value, words) THEN value END
$$;

CREATE FUNCTION without_words(value jsonb, words text[]) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    CASE jsonb_typeof(value)
        WHEN 'string' THEN
            RETURN CASE WHEN names_any(value #>> '{}', words) THEN 'null' ELSE value END;
        WHEN 'array' THEN
            RETURN (SELECT coalesce(jsonb_agg(without_words(e.value, words) ORDER BY e.place)
                                        FILTER (WHERE jsonb_typeof(e.value) <> 'string'
                                                   OR NOT names_any(e.value #>> '{}', words)),
                                    '[]')
                      FROM jsonb_array_elements(value) WITH ORDINALITY AS e(value, place));
        WHEN 'object' THEN
            RETURN (SELECT coalesce(jsonb_object_agg(e.key, without_words(e.value, words)), '{}')
                      FROM jsonb_each(value) AS e);
        ELSE
            RETURN value;
    END CASE;
END
$$;
COMMENT ON FUNCTION without_words IS 'A value without the texts that name one of these words.';

CREATE FUNCTION erase_from_booked(property_id text, ids bigint[], words text[]) RETURNS void
LANGUAGE plpgsql SET search_path = channel_sync, pg_temp AS $$
BEGIN
    -- Bookings under the guest's e-mail for somebody else: only what is the guest's own goes.
    UPDATE reservation AS r
       SET booker_name = unless_naming(r.booker_name, words),
           contact_email = unless_naming(r.contact_email, words),
           contact_phone = unless_naming(r.contact_phone, words),
           contact_address = unless_naming(r.contact_address, words),
           booking_comments = unless_naming(r.booking_comments, words),
           payment = without_words(r.payment, words),
           invoice_contact = without_words(r.invoice_contact, words),
           base = without_words(r.base, words)
     WHERE r.property_id = $1 AND r.reservation_id = ANY (ids);
    UPDATE stay AS s
       SET comments = unless_naming(s.comments, words),
           staff_note = unless_naming(s.staff_note, words),
           guest_names = ARRAY(SELECT n FROM unnest(s.guest_names) WITH ORDINALITY AS g(n, place)
                                WHERE NOT names_any(n, words) ORDER BY place),
           base = without_words(s.base, words)
     WHERE s.property_id = $1 AND s.reservation_id = ANY (ids);
    UPDATE task AS t SET details = without_words(t.details, words)
     WHERE t.property_id = $1 AND t.reservation_id = ANY (ids);
    UPDATE history AS h
       SET facts = (SELECT coalesce(jsonb_object_agg(f.key, jsonb_build_array(
                               without_words(f.value -> 0, words),
                               without_words(f.value -> 1, words))), '{}')
                      FROM jsonb_each(h.facts) AS f),
           reason = coalesce(unless_naming(h.reason, words), '')
     WHERE h.property_id = $1 AND h.reservation_id = ANY (ids)
       AND names_any(h.facts::text || h.reason, words);
END
$$;

CREATE FUNCTION erase_guest(
    property_id text, reference text, actor text, reason text DEFAULT NULL)
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = channel_sync, pg_temp AS $$
DECLARE
    -- The reason is not kept: it might say whom it is about.
    today  date := begin_staff_edit(property_id, actor, 'guest erased', NULL);
    asked  guest := find_guest(property_id, reference);
    guests bigint[];
    mine   bigint[];
    booked bigint[];
    words  text[];
BEGIN
    PERFORM refuse_merged(asked);
    WITH RECURSIVE merged AS (
        SELECT asked.guest_id AS guest_id
        UNION ALL
        SELECT g.guest_id FROM merged AS m
          JOIN guest AS g ON g.property_id = asked.property_id AND g.merged_into = m.guest_id
    )
    SELECT array_agg(m.guest_id) INTO guests FROM merged AS m;
    SELECT array_agg(r.reservation_id) FILTER (WHERE r.guest_id = ANY (guests)),
           array_agg(r.reservation_id) FILTER (
               WHERE r.guest_id = ANY (guests) IS NOT TRUE)
      INTO mine, booked
      FROM reservation AS r
     WHERE r.property_id = asked.property_id
       AND (r.guest_id = ANY (guests) OR r.booker_guest_id = ANY (guests));
    words := guest_words(asked.property_id, guests, coalesce(mine, '{}'));
    PERFORM erase_bookings(asked.property_id, coalesce(mine, '{}'));
    PERFORM erase_from_booked(asked.property_id, coalesce(booked, '{}'), words);
    PERFORM erase_messages(asked.property_id, coalesce(mine || booked, mine, booked, '{}'), words);
    UPDATE guest AS g
       SET name = NULL, email = NULL, phone = NULL, language = NULL, country = NULL,
           email_key = NULL, separated_from = NULL, base = '{}', guest_number = g.guest_id::text,
           erased_at = now(), to_look = true
     WHERE g.property_id = asked.property_id AND g.guest_id = ANY (guests);
    -- Who was kept apart from this guest is still known by name, no longer by its e-mail.
    UPDATE guest AS g SET separated_from = NULL
     WHERE g.property_id = asked.property_id AND g.separated_from = ANY (words);
    UPDATE guest_history AS h
       SET facts = (SELECT coalesce(jsonb_object_agg(key, '[null, null]'::jsonb), '{}')
                      FROM jsonb_object_keys(h.facts) AS key),
           reason = '', undone_fields = ARRAY(SELECT jsonb_object_keys(h.facts))
     WHERE h.property_id = asked.property_id AND h.guest_id = ANY (guests);
    PERFORM write_guest_history(asked.property_id, asked.guest_id, 'erased', '{}', NULL);
    PERFORM tell_of_guest(asked.property_id, 'erased');
    RETURN end_staff_edit(property_id);
END
$$;
COMMENT ON FUNCTION erase_guest IS
    'Personal data of a guest go, from bookings, history, tasks and messages; bookings remain.';

CREATE FUNCTION guest_words(property_id text, guests bigint[], ids bigint[]) RETURNS text[]
LANGUAGE sql STABLE SET search_path = channel_sync, pg_temp AS $$
    -- In lower case; a word too short would be found everywhere, and what another guest shares
    -- (an address of a family) is that guest's too.
    WITH found AS (
        SELECT DISTINCT lower(regexp_replace(w, '^\s+|\s+$', '', 'g')) AS w FROM (
        SELECT unnest(ARRAY[g.name, g.email, g.phone, g.email_key, g.base ->> 'name',
                            g.base ->> 'email', g.base ->> 'phone'])
          FROM guest AS g WHERE g.property_id = $1 AND g.guest_id = ANY (guests)
        UNION ALL
        SELECT unnest(ARRAY[f.value ->> 0, f.value ->> 1])
          FROM guest_history AS h, jsonb_each(h.facts) AS f
         WHERE h.property_id = $1 AND h.guest_id = ANY (guests)
           AND f.key IN ('name', 'email', 'phone')
        UNION ALL
        SELECT unnest(ARRAY[r.booker_name, r.contact_email, r.contact_phone, r.contact_address,
                            r.base ->> 'contact_email', r.base ->> 'contact_phone'])
          FROM reservation AS r WHERE r.property_id = $1 AND r.reservation_id = ANY (ids)
        ) AS said(w)
    )
    SELECT coalesce(array_agg(found.w), '{}') FROM found
     WHERE length(found.w) >= 5
       AND NOT EXISTS (SELECT FROM guest AS g
                        WHERE g.property_id = $1 AND g.guest_id <> ALL (guests)
                          AND found.w IN (g.email_key, lower(g.email), lower(g.phone),
                                          lower(g.name)))
$$;
COMMENT ON FUNCTION guest_words IS 'By what a guest is recognised in free text and in messages.';
