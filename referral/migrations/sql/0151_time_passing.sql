-- Time passes for many cases at once: due clocks are claimed, and what their rungs do is carried out, in
-- one call each. One case after the other spends nearly all of its time on the way to the database and
-- back. What is checked is what carry_out checks of the clockwork; whatever moves more than a rung, tells
-- more than somebody, or begins more than the next limit goes through carry_out, case by case.

-- What the engine needs of these referrals, their cases being locked, in the order given: what state_of
-- says of one, except that nobody is acting, so that nobody's part is asked. ``dues``: which clock of
-- each it is about, if one is.
CREATE FUNCTION referral.passing_states(referrals uuid[], dues uuid[], at timestamptz) RETURNS SETOF jsonb
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH found AS MATERIALIZED (
        SELECT w.id, w.place_in, r.id AS referral_id, r.case_id, r.person_id, r.holder_unit, c.place, (at AT TIME ZONE u.time_zone)::date AS on_day
        FROM ROWS FROM (unnest(referrals), unnest(dues)) WITH ORDINALITY AS w (referral_id, id, place_in)
            JOIN referral.referral r ON r.id = w.referral_id JOIN referral.case c ON c.id = r.case_id JOIN agencies.unit u ON u.id = r.holder_unit
    ), held AS MATERIALIZED (  -- asked once of each unit, however many of its cases are among them
        SELECT h.holder_unit, h.place, h.on_day, agencies.held_mandates(h.holder_unit, h.place, h.on_day) AS mandates
        FROM (SELECT DISTINCT f.holder_unit, f.place, f.on_day FROM found f) h
    )
    SELECT jsonb_build_object('due', f.id,
        'case', (SELECT jsonb_build_object('id', c.id, 'country', c.country, 'reference', c.reference, 'place', c.place, 'urgency', c.urgency,
            'reported', c.reported, 'filed_by_unit', c.filed_by_unit, 'filed_at', c.filed_at, 'occurred_at', c.occurred_at, 'lead_referral', c.lead_referral, 'imported', c.imported, 'version', c.version, 'legal_hold', c.legal_hold,
            'excluded', (SELECT coalesce(jsonb_agg(a.key), '[]') FROM referral.exclusion x JOIN agencies.agency a ON a.id = x.excluded WHERE x.case_id = c.id AND x.lifted_at IS NULL))
            FROM referral.case c WHERE c.id = f.case_id),
        'referral', (SELECT to_jsonb(r) FROM referral.referral r WHERE r.id = f.referral_id),
        'hand_offs', (SELECT coalesce(jsonb_agg(jsonb_build_object('id', h.id, 'step', h.step, 'kind', h.kind, 'mandate', h.mandate, 'state', h.state,
            'opening', h.opening, 'outcome', h.outcome, 'sender_unit', h.sender_unit, 'receiver_unit', h.receiver_unit, 'receiver_agency', h.receiver_agency,
            'receiver_member', h.receiver_member, 'rivals', h.rivals, 'batch', h.batch, 'travels', h.travels, 'version', h.version, 'no_decline', h.no_decline,
            'no_agency', h.no_agency, 'jurisdiction', h.jurisdiction, 'requested_at', h.requested_at, 'first_contact_at', h.first_contact_at, 'imported', h.imported, 'mandates', NULL)
            ORDER BY h.requested_at, h.id), '[]') FROM referral.hand_off h WHERE h.referral_id = f.referral_id),
        'clocks', (SELECT coalesce(jsonb_agg(jsonb_build_object('id', k.id, 'clock', k.clock, 'step', k.step, 'hand_off', k.hand_off_id, 'starts_at', k.starts_at,
            'due_at', k.due_at, 'state', k.state, 'rung', k.rung, 'rungs', k.rungs, 'extensions', k.extensions, 'stood', k.stood, 'immediate', k.immediate, 'basis', k.basis) ORDER BY k.starts_at, k.id), '[]')
            FROM referral.clock k WHERE k.referral_id = f.referral_id AND k.state <> 'stopped'),
        'facts', (SELECT coalesce(jsonb_agg(jsonb_build_object('person_id', x.person_id, 'facts', x.facts)), '[]') FROM (
            SELECT c.* FROM referral.case_facts c WHERE c.case_id = f.case_id AND c.person_id IS NULL
            UNION ALL SELECT c.* FROM referral.case_facts c WHERE c.case_id = f.case_id AND c.person_id = f.person_id) x),
        'hidden', (SELECT coalesce(jsonb_agg(x.j), '[]') FROM (
            SELECT jsonb_build_object('person_id', i.person_id, 'room', 'person_identity', 'facts', i.facts) AS j FROM referral.person_identity i WHERE i.person_id = f.person_id AND i.facts IS NOT NULL
            UNION ALL SELECT jsonb_build_object('person_id', s.person_id, 'room', 'person_safety', 'facts', s.facts) FROM referral.person_safety s WHERE s.person_id = f.person_id AND s.facts IS NOT NULL
            UNION ALL SELECT jsonb_build_object('person_id', n.person_id, 'room', 'person_narrative', 'facts', n.facts) FROM referral.person_narrative n WHERE n.person_id = f.person_id AND n.facts IS NOT NULL) x),
        'keys', (SELECT coalesce(jsonb_agg(jsonb_build_object('subject', d.subject, 'kind', d.kind, 'version', d.version, 'wrapped', d.wrapped)), '[]')
            FROM vault.data_key d WHERE d.subject IN (f.case_id, f.person_id) AND d.case_id = f.case_id),
        'events', (SELECT coalesce(jsonb_agg(DISTINCT e.event), '[]') FROM referral.event e WHERE e.case_id = f.case_id AND (e.referral_id = f.referral_id OR e.referral_id IS NULL)),
        'holder_mandates', h.mandates, 'mine', '[]'::jsonb, 'tracks', '[]'::jsonb, 'person', NULL, 'numbered', NULL,
        'head', (SELECT jsonb_build_object('stream_id', s.stream_id, 'seq', s.seq, 'hash', s.hash, 'at', s.at) FROM referral.stream_head s WHERE s.subject = f.case_id))
    FROM found f JOIN held h ON (h.holder_unit, h.place, h.on_day) = (f.holder_unit, f.place, f.on_day) ORDER BY f.place_in;
$$;

-- The earliest due clocks of this country, at most one of a case and all within a minute of the first, so
-- that no limit overtakes another's. Cases are locked without waiting, in the order in which their limits
-- are due; what somebody works on is passed over. Each with the state of its referral.
CREATE FUNCTION referral.claim_clocks(at timestamptz, most integer) RETURNS SETOF jsonb
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    cases uuid[] := '{}';
    referrals uuid[];
    clocks uuid[];
    earliest timestamptz;
    due record;
BEGIN
    FOR due IN SELECT k.case_id, k.next_at FROM referral.clock k JOIN referral.case c ON c.id = k.case_id
            WHERE k.state IN ('running', 'lapsed') AND k.next_at <= at ORDER BY k.next_at LIMIT most FOR UPDATE OF c SKIP LOCKED LOOP
        earliest := coalesce(earliest, due.next_at);
        EXIT WHEN due.next_at > earliest + interval '1 minute';
        cases := cases || due.case_id;
    END LOOP;
    -- A new statement sees what whoever held the locks before has committed.
    SELECT array_agg(d.referral_id ORDER BY d.next_at, d.id), array_agg(d.id ORDER BY d.next_at, d.id) INTO referrals, clocks FROM (
        SELECT DISTINCT ON (k.case_id) k.id, k.next_at, k.referral_id FROM referral.referral r JOIN referral.clock k ON k.referral_id = r.id
        WHERE r.case_id = ANY (cases) AND k.state IN ('running', 'lapsed') AND k.next_at <= at ORDER BY k.case_id, k.next_at, k.id) d;
    RETURN QUERY SELECT referral.passing_states(referrals, clocks, at);
END $$;

-- What rungs of many cases do: all of it, or nothing. Each part says of which case it is.
CREATE FUNCTION referral.let_time_pass(decided jsonb) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    cases CONSTANT uuid[] := ARRAY(SELECT x::uuid FROM jsonb_array_elements_text(decided -> 'cases') x);
    kept bigint;
BEGIN
    IF referral.my_country() IS NULL OR referral.my_role() IS DISTINCT FROM 'WORKER' THEN
        RAISE EXCEPTION 'only the clockwork lets time pass' USING ERRCODE = 'RF007';
    END IF;
    IF EXISTS (SELECT FROM jsonb_object_keys(decided) part WHERE part <> ALL (ARRAY['cases', 'entries', 'clock_moves', 'clocks', 'marks', 'referral_changes', 'outbox'])) THEN
        RAISE EXCEPTION 'this is no part of what time does' USING ERRCODE = 'RF009';
    END IF;
    SELECT count(*) INTO kept FROM (SELECT FROM referral.case c WHERE c.id = ANY (cases) FOR UPDATE) locked;
    IF kept <> cardinality(cases) OR kept = 0 THEN
        RAISE EXCEPTION 'no such case' USING ERRCODE = 'RF008';
    END IF;

    PERFORM referral.post_passed_entries(cases, decided -> 'entries');

    INSERT INTO referral.clock SELECT k.* FROM jsonb_populate_recordset(NULL::referral.clock, decided -> 'clocks') k JOIN referral.referral r ON r.id = k.referral_id AND r.case_id = k.case_id
        WHERE k.case_id = ANY (cases) AND (num_nonnulls(k.hand_off_id) = 0 OR EXISTS (SELECT FROM referral.hand_off h WHERE h.id = k.hand_off_id AND h.referral_id = r.id));
    GET DIAGNOSTICS kept = ROW_COUNT;
    IF kept <> coalesce(jsonb_array_length(decided -> 'clocks'), 0) THEN
        RAISE EXCEPTION 'a clock runs for a referral of a case that was claimed' USING ERRCODE = 'RF014';
    END IF;
    -- Time moves a clock to its next rung; its end it moves never.
    UPDATE referral.clock k SET state = m.state, rung = m.rung, next_at = m.next_at, stopped_at = m.stopped_at
        FROM jsonb_to_recordset(decided -> 'clock_moves') AS m (case_id uuid, id uuid, state text, rung smallint, next_at timestamptz, stopped_at timestamptz,
            stood jsonb, extensions smallint, due_at timestamptz, rungs jsonb, derivation jsonb, calendar text)
        WHERE k.id = m.id AND k.case_id = m.case_id AND k.case_id = ANY (cases) AND m.state <> 'paused'
            AND num_nonnulls(m.stood, m.extensions, m.due_at, m.rungs, m.derivation, m.calendar) = 0;
    GET DIAGNOSTICS kept = ROW_COUNT;
    IF kept <> coalesce(jsonb_array_length(decided -> 'clock_moves'), 0) THEN
        RAISE EXCEPTION 'time moves a clock of a case that was claimed to its next rung, once' USING ERRCODE = 'RF014';
    END IF;
    UPDATE referral.referral r SET version = r.version + m.entries, needed = coalesce(m.needed, r.needed), withheld = coalesce(m.withheld, r.withheld)
        FROM jsonb_to_recordset(decided -> 'referral_changes') AS m (case_id uuid, id uuid, entries integer, needed jsonb, withheld jsonb, results jsonb)
        WHERE r.id = m.id AND r.case_id = m.case_id AND r.case_id = ANY (cases) AND m.entries > 0 AND num_nonnulls(m.results) = 0;
    GET DIAGNOSTICS kept = ROW_COUNT;
    IF kept <> coalesce(jsonb_array_length(decided -> 'referral_changes'), 0) THEN
        RAISE EXCEPTION 'a referral is changed once, in its own case' USING ERRCODE = 'RF014';
    END IF;
    UPDATE referral.hand_off h SET version = h.version + m.entries, overdue_since = coalesce(h.overdue_since, m.overdue_since), rung = coalesce(m.rung, h.rung)
        FROM jsonb_to_recordset(decided -> 'marks') AS m (case_id uuid, id uuid, overdue_since timestamptz, rung smallint, entries integer,
            first_contact_at timestamptz, cancellation_asked_at timestamptz, attestation_confirmed_at timestamptz, limit_moved boolean)
        WHERE h.id = m.id AND h.case_id = m.case_id AND h.case_id = ANY (cases) AND m.entries > 0
            AND num_nonnulls(m.first_contact_at, m.cancellation_asked_at, m.attestation_confirmed_at, m.limit_moved) = 0;
    GET DIAGNOSTICS kept = ROW_COUNT;
    IF kept <> coalesce(jsonb_array_length(decided -> 'marks'), 0) THEN
        RAISE EXCEPTION 'time marks a hand-off as late, once, and nothing else' USING ERRCODE = 'RF013';
    END IF;
    INSERT INTO referral.outbox (id, country, kind, case_id, hand_off_id, to_unit, to_role, to_member, occurred_at)
        SELECT o.id, referral.my_country(), o.kind, o.case_id, o.hand_off_id, o.to_unit, o.to_role, o.to_member, o.occurred_at
        FROM jsonb_to_recordset(decided -> 'outbox') AS o (case_id uuid, id uuid, kind text, hand_off_id uuid, to_unit uuid, to_role text, to_member uuid, occurred_at timestamptz)
        WHERE o.case_id = ANY (cases) AND (num_nonnulls(o.hand_off_id) = 0 OR EXISTS (SELECT FROM referral.hand_off h WHERE h.id = o.hand_off_id AND h.case_id = o.case_id));
    GET DIAGNOSTICS kept = ROW_COUNT;
    IF kept <> coalesce(jsonb_array_length(decided -> 'outbox'), 0) THEN
        RAISE EXCEPTION 'somebody is told of a case that was claimed' USING ERRCODE = 'RF009';
    END IF;

    PERFORM referral.look_at_passed(decided);
END $$;

-- Entries of many streams, as post_entries checks and keeps those of one: contiguous after each head,
-- hashed over the very bytes stored, in the clockwork's name, each in the stream of its own case.
CREATE FUNCTION referral.post_passed_entries(cases uuid[], posted jsonb) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE wrong text;
BEGIN
    WITH e AS MATERIALIZED (
        SELECT p.*, (p.h ->> 'seq')::bigint AS seq, (p.h ->> 'stream')::uuid AS stream_id, (p.h ->> 'at')::timestamptz AS at
        FROM (SELECT x.*, x.header::jsonb AS h FROM jsonb_to_recordset(posted) AS x (case_id uuid, id uuid, header text, hash text, subject uuid, content text)) p
    ), chained AS (
        SELECT e.*, row_number() OVER w AS n, lag(e.hash) OVER w AS hash_before, lag(e.at) OVER w AS at_before FROM e WINDOW w AS (PARTITION BY e.stream_id ORDER BY e.seq)
    )
    SELECT string_agg(coalesce(c.h ->> 'act', 'an entry without an act'), ', ') INTO wrong
    FROM chained c LEFT JOIN referral.stream_head s ON s.stream_id = c.stream_id
    WHERE (s.kind = 'case' AND s.subject = c.case_id AND c.case_id = ANY (cases)) IS NOT TRUE
        OR c.seq IS DISTINCT FROM s.seq + c.n
        OR c.h ->> 'prev' IS DISTINCT FROM coalesce(c.hash_before, encode(s.hash, 'hex'))
        OR (c.h ->> 'at' ~ '^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$') IS NOT TRUE OR c.at <= coalesce(c.at_before, s.at)
        OR c.hash IS DISTINCT FROM encode(sha256(convert_to(c.header, 'UTF8')), 'hex')
        OR c.h ->> 'id' IS DISTINCT FROM c.id::text
        OR c.h ->> 'actor' IS DISTINCT FROM 'clockwork'
        OR c.h ->> 'agency' IS DISTINCT FROM NULL
        OR (c.h ->> 'object_type' IN ('hand_off', 'referral')) IS NOT TRUE
        OR c.h ->> 'body_sealed' IS DISTINCT FROM encode(sha256(decode(c.content, 'hex')), 'hex')
        OR c.subject IS DISTINCT FROM s.subject;
    IF wrong IS NOT NULL THEN
        RAISE EXCEPTION 'entries do not continue their stream: %', wrong USING ERRCODE = 'RF002';
    END IF;
    IF (SELECT count(DISTINCT x.case_id) FROM jsonb_to_recordset(posted) AS x (case_id uuid)) <> cardinality(cases) THEN
        RAISE EXCEPTION 'no entry, no effect' USING ERRCODE = 'RF001';
    END IF;

    WITH e AS MATERIALIZED (
        SELECT x.*, x.header::jsonb AS h
        FROM jsonb_to_recordset(posted) AS x (id uuid, header text, hash text, subject uuid, key_version integer, content text)
    ), entered AS (
        INSERT INTO referral.audit_entry (id, stream_id, seq, country, header, hash, at, act, actor, agency_id, object_type, object_id)
        SELECT e.id, (e.h ->> 'stream')::uuid, (e.h ->> 'seq')::bigint, referral.my_country(), e.header, decode(e.hash, 'hex'),
            (e.h ->> 'at')::timestamptz, e.h ->> 'act', e.h ->> 'actor', (e.h ->> 'agency')::uuid, e.h ->> 'object_type', (e.h ->> 'object')::uuid
        FROM e
    ), bodies AS (
        INSERT INTO referral.audit_body (entry_id, subject, country, key_version, content)
        SELECT e.id, e.subject, referral.my_country(), e.key_version, decode(e.content, 'hex') FROM e
    ), last AS MATERIALIZED (
        SELECT DISTINCT ON (e.h ->> 'stream') (e.h ->> 'stream')::uuid AS stream_id, e.subject, (e.h ->> 'seq')::bigint AS seq, e.hash, (e.h ->> 'at')::timestamptz AS at
        FROM e ORDER BY e.h ->> 'stream', (e.h ->> 'seq')::bigint DESC
    ), headed AS (
        UPDATE referral.stream_head s SET seq = l.seq, hash = decode(l.hash, 'hex'), at = l.at FROM last l WHERE s.stream_id = l.stream_id
    )
    UPDATE referral.case c SET version = l.seq FROM last l WHERE c.id = l.subject;
END $$;

-- The last look: the entries say exactly what was done, each of a thing of its own case.
CREATE FUNCTION referral.look_at_passed(decided jsonb) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE wrong text;
BEGIN
    WITH told AS (
        SELECT e.case_id, e.h ->> 'object_type' AS object_type, (e.h ->> 'object')::uuid AS object, count(*) AS n,
            (array_agg(e.h ->> 'to' ORDER BY (e.h ->> 'seq')::bigint DESC) FILTER (WHERE e.h ->> 'to' IS NOT NULL))[1] AS stands
        FROM (SELECT x.case_id, x.header::jsonb AS h FROM jsonb_to_recordset(decided -> 'entries') AS x (case_id uuid, header text)) e GROUP BY 1, 2, 3
    ), done AS (
        SELECT m.case_id, 'hand_off' AS object_type, m.id AS object, m.entries AS n FROM jsonb_to_recordset(decided -> 'marks') AS m (case_id uuid, id uuid, entries integer)
        UNION ALL SELECT m.case_id, 'referral', m.id, m.entries FROM jsonb_to_recordset(decided -> 'referral_changes') AS m (case_id uuid, id uuid, entries integer)
    )
    SELECT string_agg(coalesce(d.object_type, t.object_type) || ' ' || coalesce(d.object, t.object), ', ') INTO wrong
    FROM done d FULL JOIN told t ON (t.case_id, t.object_type, t.object) = (d.case_id, d.object_type, d.object)
    WHERE d.n IS DISTINCT FROM t.n OR (t.object_type = 'hand_off' AND t.stands IS DISTINCT FROM (SELECT h.state FROM referral.hand_off h WHERE h.id = t.object));
    IF wrong IS NOT NULL THEN
        RAISE EXCEPTION 'the entries do not say what was done: %', wrong USING ERRCODE = 'RF015';
    END IF;
END $$;
