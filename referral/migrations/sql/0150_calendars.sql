-- Days a running service is told of: a declared holiday, a date that was moved, one taken back. They
-- join the country's calendars of the files for every later computation. A coordinator enters them with
-- their source; what is entered is never changed, a later entry counts over an earlier one.
CREATE TABLE referral.calendar_change (
    id           uuid PRIMARY KEY,
    country      text NOT NULL,
    kind         text NOT NULL CHECK (kind IN ('declared', 'moved', 'taken_back')),
    name         text NOT NULL CHECK (btrim(name) <> ''),    -- why the day is closed, as it is published
    source       text NOT NULL CHECK (btrim(source) <> ''),  -- the decree, and where it can be read
    entered_at   timestamptz NOT NULL,
    by_unit      uuid NOT NULL,
    by_member    uuid NOT NULL,
    -- Running limits are looked through at once, and once more when no act begun before can be under way.
    looked_at    timestamptz,
    settled_at   timestamptz
);
CREATE INDEX calendar_unsettled ON referral.calendar_change (country) WHERE settled_at IS NULL;
CREATE TABLE referral.calendar_day (
    number    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    change_id uuid NOT NULL REFERENCES referral.calendar_change (id),
    country   text NOT NULL,
    calendar  text NOT NULL,                                 -- its name in calendars.yaml
    place     text NOT NULL,                                 -- empty: the whole country
    day       date NOT NULL,
    closed    boolean NOT NULL
);
CREATE INDEX ON referral.calendar_day (country, number);
CREATE INDEX ON referral.calendar_day (change_id);

-- A limit that was counted again: when it ended before and why, when it ends now and why.
CREATE TABLE referral.clock_recount (
    id                uuid PRIMARY KEY,
    change_id         uuid NOT NULL REFERENCES referral.calendar_change (id),
    clock_id          uuid NOT NULL REFERENCES referral.clock (id),
    case_id           uuid NOT NULL REFERENCES referral.case (id),
    country           text NOT NULL,
    at                timestamptz NOT NULL,
    due_before        timestamptz NOT NULL,
    derivation_before jsonb NOT NULL,
    calendar_before   text NOT NULL,
    due_after         timestamptz NOT NULL,
    derivation_after  jsonb NOT NULL,
    calendar_after    text NOT NULL
);
CREATE INDEX ON referral.clock_recount (clock_id);
CREATE INDEX ON referral.clock_recount (change_id);

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['calendar_change', 'calendar_day', 'clock_recount'] LOOP
        EXECUTE format('ALTER TABLE referral.%I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE referral.%I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('GRANT SELECT ON referral.%I TO referral_app', t);
        EXECUTE format('GRANT SELECT, INSERT ON referral.%I TO referral_effector', t);
        EXECUTE format('CREATE POLICY carry_out ON referral.%I TO referral_effector USING (country = (SELECT referral.my_country())) WITH CHECK (country = (SELECT referral.my_country()))', t);
    END LOOP;
    FOREACH t IN ARRAY ARRAY['calendar_day', 'clock_recount'] LOOP
        EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON referral.%I FOR EACH ROW EXECUTE FUNCTION referral.refuse_change()', t);
        EXECUTE format('CREATE TRIGGER append_only_whole BEFORE TRUNCATE ON referral.%I FOR EACH STATEMENT EXECUTE FUNCTION referral.refuse_change()', t);
    END LOOP;
END $$;
GRANT UPDATE (looked_at, settled_at) ON referral.calendar_change TO referral_effector;
-- A decree is public, and nothing here is of a case: everybody of the country reads it, and the clockwork.
CREATE POLICY read ON referral.calendar_change FOR SELECT TO referral_app USING (country = (SELECT referral.my_country()));
CREATE POLICY read ON referral.calendar_day FOR SELECT TO referral_app USING (country = (SELECT referral.my_country()));
GRANT SELECT ON referral.calendar_change, referral.calendar_day TO referral_worker;
CREATE POLICY due ON referral.calendar_change FOR SELECT TO referral_worker USING (true);
CREATE POLICY due ON referral.calendar_day FOR SELECT TO referral_worker USING (true);
-- What a limit was before is read by whoever reads the limit.
CREATE POLICY read ON referral.clock_recount FOR SELECT TO referral_app USING (
    country = (SELECT referral.my_country())
    AND EXISTS (SELECT FROM referral.party p WHERE p.case_id = clock_recount.case_id AND p.unit_id = (SELECT referral.my_unit()) AND p.until IS NULL AND 'G0' = ANY (p.groups)));
GRANT SELECT (id, country) ON referral.calendar_change TO referral_auditor_ro;
CREATE POLICY verify ON referral.calendar_change FOR SELECT TO referral_auditor_ro USING (true);

-- How many days are entered for the caller's country: whoever has read fewer reads them anew.
CREATE FUNCTION referral.days_entered() RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT count(*) FROM referral.calendar_day d WHERE d.country = referral.my_country();
$$;

-- Running limits that a change may move, for the list that is looked at before it is confirmed: counted in
-- days, not over before the first day of it. Opaque: nothing of a person, and neither who asked nor who
-- was asked. To coordinators alone. ``names``: those of limits counted in days.
CREATE FUNCTION referral.limits_running(names text[], since date, most integer) RETURNS jsonb
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(jsonb_agg(l.j ORDER BY l.due_at, l.id), '[]') FROM (
        SELECT k.due_at, k.id, jsonb_build_object('reference', c.reference, 'track', r.track, 'protocol_version', r.protocol_version, 'protocol_digest', r.protocol_digest, 'place', c.place,
            'mandate', h.mandate, 'id', k.id, 'clock', k.clock, 'step', k.step, 'hand_off', k.hand_off_id, 'starts_at', k.starts_at, 'due_at', k.due_at, 'state', k.state, 'rung', k.rung,
            'extensions', k.extensions, 'stood', k.stood) AS j
        FROM referral.clock k JOIN referral.referral r ON r.id = k.referral_id JOIN referral.case c ON c.id = k.case_id LEFT JOIN referral.hand_off h ON h.id = k.hand_off_id
        WHERE referral.my_role() = 'COORDINATOR' AND k.country = referral.my_country() AND k.state = 'running' AND k.clock = ANY (names) AND k.due_at >= since - interval '1 day'
        ORDER BY k.due_at, k.id LIMIT most) l;
$$;

-- A coordinator enters days: told in the system's stream, in the same act.
CREATE FUNCTION referral.change_calendar(decided jsonb) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    change jsonb := decided -> 'calendar_changes' -> 0;
    kept bigint;
BEGIN
    IF referral.my_role() IS DISTINCT FROM 'COORDINATOR' THEN
        RAISE EXCEPTION 'a calendar is changed by a coordinator' USING ERRCODE = 'RF007';
    END IF;
    PERFORM referral.log_system(decided - ARRAY['calendar_changes', 'calendar_days', 'seen']);  -- holds the stream: one change at a time
    IF (decided ->> 'seen')::bigint IS DISTINCT FROM referral.days_entered() THEN
        RAISE EXCEPTION 'another change was entered meanwhile' USING ERRCODE = 'RF021';
    END IF;
    INSERT INTO referral.calendar_change (id, country, kind, name, source, entered_at, by_unit, by_member)
        SELECT c.id, referral.my_country(), c.kind, c.name, c.source, referral.my_moment(), referral.my_unit(), referral.my_membership()
        FROM jsonb_to_recordset(decided -> 'calendar_changes') AS c (id uuid, kind text, name text, source text);
    GET DIAGNOSTICS kept = ROW_COUNT;
    IF kept <> 1 OR (SELECT count(*) FROM jsonb_to_recordset(decided -> 'entries') AS x (header text)
            WHERE x.header::jsonb ->> 'act' = 'calendar.changed' AND x.header::jsonb ->> 'object' = change ->> 'id') <> 1 OR jsonb_array_length(decided -> 'entries') <> 1 THEN
        RAISE EXCEPTION 'one act enters one change, and says so' USING ERRCODE = 'RF015';
    END IF;
    -- Nothing that has passed is moved: the earliest day anywhere on earth, at this moment.
    INSERT INTO referral.calendar_day (change_id, country, calendar, place, day, closed)
        SELECT (change ->> 'id')::uuid, referral.my_country(), d.calendar, d.place, d.day, d.closed
        FROM jsonb_to_recordset(decided -> 'calendar_days') AS d (calendar text, place text, day date, closed boolean)
        WHERE d.day >= (referral.my_moment() AT TIME ZONE 'UTC' - interval '12 hours')::date;
    GET DIAGNOSTICS kept = ROW_COUNT;
    IF kept = 0 OR kept <> jsonb_array_length(decided -> 'calendar_days') THEN
        RAISE EXCEPTION 'a change enters days, and none that has passed' USING ERRCODE = 'RF021';
    END IF;
END $$;

-- Referrals with limits that may have to be counted again, their cases locked without waiting.
CREATE FUNCTION referral.claim_limits(referrals uuid[], at timestamptz) RETURNS SETOF jsonb
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE free uuid[];
BEGIN
    free := ARRAY(SELECT c.id FROM referral.case c WHERE c.id IN (SELECT r.case_id FROM referral.referral r WHERE r.id = ANY (referrals)) ORDER BY c.id FOR UPDATE SKIP LOCKED);
    RETURN QUERY SELECT referral.passing_states(
        ARRAY(SELECT r.id FROM referral.referral r WHERE r.id = ANY (referrals) AND r.case_id = ANY (free) ORDER BY r.id), NULL, at);
END $$;

-- Limits counted again after a change: what was is kept beside what is. Time itself does it, for many
-- cases at once, as let_time_pass; the only other way in which the end of a running limit moves.
CREATE FUNCTION referral.recount_limits(decided jsonb) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    cases CONSTANT uuid[] := ARRAY(SELECT x::uuid FROM jsonb_array_elements_text(decided -> 'cases') x);
    kept bigint;
BEGIN
    IF EXISTS (SELECT FROM jsonb_object_keys(decided) part WHERE part <> ALL (ARRAY['cases', 'entries', 'recounts', 'marks', 'referral_changes', 'outbox'])) THEN
        RAISE EXCEPTION 'this is no part of a recount' USING ERRCODE = 'RF009';
    END IF;
    INSERT INTO referral.clock_recount (id, change_id, clock_id, case_id, country, at, due_before, derivation_before, calendar_before, due_after, derivation_after, calendar_after)
        SELECT gen_random_uuid(), m.change, k.id, k.case_id, k.country, m.at, k.due_at, k.derivation, k.calendar, m.due_at, m.derivation, m.calendar
        FROM jsonb_to_recordset(decided -> 'recounts') AS m (case_id uuid, id uuid, change uuid, at timestamptz, due_at timestamptz, derivation jsonb, calendar text)
        JOIN referral.clock k ON k.id = m.id AND k.case_id = m.case_id AND k.state = 'running' AND k.due_at <> m.due_at
        JOIN referral.calendar_change c ON c.id = m.change AND c.country = k.country AND c.settled_at IS NOT DISTINCT FROM NULL
        WHERE k.case_id = ANY (cases);
    GET DIAGNOSTICS kept = ROW_COUNT;
    IF kept = 0 OR kept <> jsonb_array_length(decided -> 'recounts') THEN
        RAISE EXCEPTION 'a running limit is counted again after a change of the calendar' USING ERRCODE = 'RF014';
    END IF;
    UPDATE referral.clock k SET due_at = m.due_at, rungs = m.rungs, next_at = m.next_at, derivation = m.derivation, calendar = m.calendar
        FROM jsonb_to_recordset(decided -> 'recounts') AS m (id uuid, due_at timestamptz, rungs jsonb, next_at timestamptz, derivation jsonb, calendar text)
        WHERE k.id = m.id AND jsonb_array_length(m.rungs) = jsonb_array_length(k.rungs) AND m.next_at IS NOT DISTINCT FROM (m.rungs -> k.rung ->> 'at')::timestamptz;
    GET DIAGNOSTICS kept = ROW_COUNT;
    IF kept <> jsonb_array_length(decided -> 'recounts') THEN
        RAISE EXCEPTION 'rungs that fired stay fired, the others move' USING ERRCODE = 'RF014';
    END IF;
    PERFORM referral.let_time_pass(decided - 'recounts');
    -- What lists show as due is read from the clocks themselves.
    UPDATE referral.hand_off h SET due_at = next.due_at, immediate = next.immediate, basis = next.basis,
            overdue_since = CASE WHEN next.due_at > h.overdue_since THEN NULL ELSE h.overdue_since END
        FROM jsonb_to_recordset(decided -> 'marks') AS m (id uuid), LATERAL (SELECT k.due_at, k.immediate, k.basis FROM referral.clock k
            WHERE k.hand_off_id = m.id AND k.state IN ('running', 'lapsed') AND num_nonnulls(k.stopped_at) = 0 ORDER BY k.due_at LIMIT 1) next
        WHERE h.id = m.id AND h.case_id = ANY (cases);
END $$;

-- All running limits were looked through after a change: at once, and once more.
CREATE FUNCTION referral.looked_through(change uuid, at timestamptz, last boolean) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    UPDATE referral.calendar_change c SET looked_at = coalesce(c.looked_at, at), settled_at = CASE WHEN last THEN at END
        WHERE c.id = change AND referral.my_role() = 'WORKER' AND c.settled_at IS NOT DISTINCT FROM NULL;
$$;

-- The agenda of a body for a month: what is open now, became late before the end of it and has the body at
-- the end of its ladder as it was stored with the limit, where the caller's unit may be asked as that body;
-- and what was left lying there. Opaque: nothing of a person, and neither who asked nor who was asked.
-- ``met``: on how many agendas of the unit it has stood. A limit of a referral itself has no mandate.
CREATE FUNCTION referral.agenda_until(body text, until timestamptz, at timestamptz) RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(jsonb_agg(to_jsonb(l) ORDER BY l.since, l.reference, l.step), '[]') FROM (
        SELECT c.reference, h.track, h.protocol_version, h.protocol_digest, c.place, h.step, h.mandate, h.state, h.jurisdiction,
            CASE WHEN h.overdue_since < until THEN 'overdue' ELSE 'left_lying' END AS why, least(h.overdue_since, h.review_at) AS since,
            (SELECT count(*) FROM referral.meeting_item i WHERE i.hand_off_id = h.id AND i.convenor = referral.my_unit()) AS met
        FROM referral.hand_off h JOIN referral.case c ON c.id = h.case_id
        WHERE h.country = referral.my_country() AND referral.my_role() IN ('OFFICER', 'SUPERVISOR', 'COORDINATOR')
            AND (h.overdue_since IS NOT NULL OR h.review_at IS NOT NULL) AND h.state IN ('requested', 'received', 'accepted', 'in-progress', 'on-hold') AND NOT h.imported
            AND (h.overdue_since < until OR (h.review_at < until AND h.review_at <= at))
            AND EXISTS (SELECT FROM referral.clock k WHERE k.hand_off_id = h.id AND k.rungs @> jsonb_build_array(jsonb_build_object('kind', 'agenda', 'to', body)))
            AND agencies.may_be_asked(referral.my_unit(), body, h.jurisdiction, at)
        UNION ALL
        SELECT c.reference, r.track, r.protocol_version, r.protocol_digest, c.place, k.step, NULL, r.state, c.place, 'limit', k.due_at,
            (SELECT count(*) FROM referral.meeting_item i WHERE i.case_id = c.id AND num_nonnulls(i.hand_off_id) = 0 AND i.convenor = referral.my_unit())
        FROM referral.clock k JOIN referral.referral r ON r.id = k.referral_id JOIN referral.case c ON c.id = k.case_id
        WHERE k.country = referral.my_country() AND referral.my_role() IN ('OFFICER', 'SUPERVISOR', 'COORDINATOR')
            AND num_nonnulls(k.hand_off_id, k.stopped_at) = 0 AND k.state IN ('running', 'lapsed') AND k.due_at < least(until, at) AND r.state = 'open'
            AND k.rungs @> jsonb_build_array(jsonb_build_object('kind', 'agenda', 'to', body)) AND agencies.may_be_asked(referral.my_unit(), body, c.place, at)
        ORDER BY since, reference, step LIMIT 1000) l;
$$;
