-- Time passes for many cases at once: due clocks are claimed, and what their rungs do is carried out, in
-- one call each. One case after the other spends nearly all of its time on the way to the database and
-- back. What is checked is what carry_out checks of the clockwork; whatever moves more than a rung, tells
-- more than somebody, or begins more than the next limit goes through carry_out, case by case.

-- What stands of these referrals, by the day it is where each is held; ``dues``: which limit of each it
-- is about, if one is.
CREATE FUNCTION referral.passing_states(referrals uuid[], dues uuid[], at timestamptz) RETURNS SETOF jsonb
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH found AS MATERIALIZED (
        SELECT w.place_in, w.due, r.id, r.case_id, (at AT TIME ZONE u.time_zone)::date AS on_day
        FROM ROWS FROM (unnest(referrals), unnest(dues)) WITH ORDINALITY AS w (referral_id, due, place_in)
            JOIN referral.referral r ON r.id = w.referral_id JOIN agencies.unit u ON u.id = r.holder_unit
    )
    SELECT s.state || jsonb_build_object('due', f.due)
    FROM referral.states_of(ARRAY(SELECT case_id FROM found ORDER BY place_in), ARRAY(SELECT id FROM found ORDER BY place_in), ARRAY(SELECT on_day FROM found ORDER BY place_in), NULL) s
        JOIN found f ON f.id = s.referral_id ORDER BY f.place_in;
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

-- What rungs say: each entry in the stream of its own case, about one of its hand-offs or its referral.
CREATE FUNCTION referral.post_passed_entries(cases uuid[], posted jsonb) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE wrong text;
BEGIN
    WITH e AS MATERIALIZED (
        SELECT p.*, (p.h ->> 'stream')::uuid AS stream_id FROM (SELECT x.case_id, x.header::jsonb AS h FROM jsonb_to_recordset(posted) AS x (case_id uuid, header text)) p
    )
    SELECT string_agg(coalesce(e.h ->> 'act', 'an entry without an act'), ', ') INTO wrong
    FROM e LEFT JOIN referral.stream_head s ON s.stream_id = e.stream_id
    WHERE (s.kind = 'case' AND s.subject = e.case_id AND e.case_id = ANY (cases)) IS NOT TRUE
        OR (e.h ->> 'object_type' IN ('hand_off', 'referral')) IS NOT TRUE;
    IF wrong IS NOT NULL THEN
        RAISE EXCEPTION 'entries do not continue their stream: %', wrong USING ERRCODE = 'RF002';
    END IF;
    IF (SELECT count(DISTINCT x.case_id) FROM jsonb_to_recordset(posted) AS x (case_id uuid)) <> cardinality(cases) THEN
        RAISE EXCEPTION 'no entry, no effect' USING ERRCODE = 'RF001';
    END IF;
    PERFORM referral.keep_entries(posted);
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
