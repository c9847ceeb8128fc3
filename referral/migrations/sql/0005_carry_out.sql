-- carry_out: what the engine decided in Python becomes rows here, in one call, after this file has
-- checked it again from its own tables. No entry, no effect. Parties (who may see what) are derived
-- here from the effects themselves and never taken from the caller.

-- Entries: contiguous after the head, hashed over the very bytes stored, and only into the streams
-- of this case, of the caller, or of the system.
CREATE FUNCTION referral.post_entries(the_case uuid, decided jsonb) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    posted CONSTANT jsonb := decided -> 'entries';
    wrong text;
BEGIN
    IF coalesce(jsonb_array_length(posted), 0) = 0 THEN
        RAISE EXCEPTION 'no entry, no effect' USING ERRCODE = 'RF001';
    END IF;
    IF decided ? 'keys' THEN
        INSERT INTO vault.data_key (subject, kind, case_id, country, version, wrapped, created_at)
            SELECT k.subject, k.kind, k.case_id, referral.my_country(), k.version, decode(k.wrapped, 'hex'), k.created_at
            FROM jsonb_to_recordset(decided -> 'keys') AS k (subject uuid, kind text, case_id uuid, version integer, wrapped text, created_at timestamptz);
    END IF;
    IF decided ? 'streams' THEN
        INSERT INTO referral.stream_head (stream_id, kind, subject, country, seq, hash)
            SELECT s.stream_id, s.kind, s.subject, referral.my_country(), 0, decode(repeat('00', 32), 'hex')
            FROM jsonb_to_recordset(decided -> 'streams') AS s (stream_id uuid, kind text, subject uuid);
    END IF;

    WITH parsed AS MATERIALIZED (
        SELECT x.*, x.header::jsonb AS h FROM jsonb_to_recordset(posted) AS x (id uuid, header text, hash text)
    ), e AS MATERIALIZED (
        SELECT p.*, (p.h ->> 'seq')::bigint AS seq, (p.h ->> 'stream')::uuid AS stream_id FROM parsed p
    ), chained AS (
        SELECT e.*, row_number() OVER w AS n, lag(e.hash) OVER w AS hash_before FROM e WINDOW w AS (PARTITION BY e.stream_id ORDER BY e.seq)
    )
    SELECT string_agg(c.h ->> 'act', ', ') INTO wrong
    FROM chained c LEFT JOIN referral.stream_head s ON s.stream_id = c.stream_id
    WHERE (s.subject IN (the_case, referral.my_membership()) OR (s.kind = 'system' AND referral.my_role() = 'WORKER')) IS NOT TRUE
        OR c.seq <> s.seq + c.n
        OR c.h ->> 'prev' <> coalesce(c.hash_before, encode(s.hash, 'hex'))
        OR (c.h ->> 'at')::timestamptz <= s.at
        OR c.hash <> encode(sha256(convert_to(c.header, 'UTF8')), 'hex')
        OR c.h ->> 'id' <> c.id::text;
    IF wrong IS NOT NULL THEN
        RAISE EXCEPTION 'entries do not continue their stream: %', wrong USING ERRCODE = 'RF002';
    END IF;

    -- The columns repeat the header; each header is parsed once.
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
    )
    UPDATE referral.stream_head s SET seq = l.seq, hash = decode(l.hash, 'hex'), at = l.at
        FROM (SELECT DISTINCT ON (stream_id) (e.h ->> 'stream')::uuid AS stream_id, (e.h ->> 'seq')::bigint AS seq, e.hash, (e.h ->> 'at')::timestamptz AS at
              FROM e ORDER BY 1, 2 DESC) l
        WHERE s.stream_id = l.stream_id;
    UPDATE referral.case c SET version = s.seq FROM referral.stream_head s WHERE c.id = the_case AND s.subject = the_case;
END $$;

-- Filing, and what an amendment adds: rows of a case. The acting unit files for itself only.
CREATE FUNCTION referral.post_case(the_case uuid, decided jsonb) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO referral.case SELECT * FROM jsonb_populate_recordset(NULL::referral.case, decided -> 'cases') c
        WHERE c.filed_by_unit = referral.my_unit() AND c.filed_by_member = referral.my_membership() AND c.id = the_case;
    INSERT INTO referral.household SELECT * FROM jsonb_populate_recordset(NULL::referral.household, decided -> 'households');
    INSERT INTO referral.person SELECT * FROM jsonb_populate_recordset(NULL::referral.person, decided -> 'persons')
        ON CONFLICT (id) DO UPDATE SET headcount = excluded.headcount, identified = excluded.identified;
    INSERT INTO referral.workplace SELECT * FROM jsonb_populate_recordset(NULL::referral.workplace, decided -> 'workplaces')
        ON CONFLICT (case_id) DO UPDATE SET facts = excluded.facts;
    INSERT INTO referral.case_facts SELECT * FROM jsonb_populate_recordset(NULL::referral.case_facts, decided -> 'case_facts')
        ON CONFLICT (case_id, person_id) DO UPDATE SET facts = excluded.facts, amended_at = excluded.amended_at;
    INSERT INTO referral.screening SELECT * FROM jsonb_populate_recordset(NULL::referral.screening, decided -> 'screenings');
    INSERT INTO referral.person_identity SELECT * FROM jsonb_populate_recordset(NULL::referral.person_identity, decided -> 'identities')
        ON CONFLICT (person_id) DO UPDATE SET content = coalesce(excluded.content, person_identity.content), facts = coalesce(excluded.facts, person_identity.facts), key_version = excluded.key_version;
    INSERT INTO referral.person_safety SELECT * FROM jsonb_populate_recordset(NULL::referral.person_safety, decided -> 'safeties')
        ON CONFLICT (person_id) DO UPDATE SET content = coalesce(excluded.content, person_safety.content), facts = coalesce(excluded.facts, person_safety.facts), key_version = excluded.key_version;
    INSERT INTO referral.person_narrative SELECT * FROM jsonb_populate_recordset(NULL::referral.person_narrative, decided -> 'narratives')
        ON CONFLICT (person_id) DO UPDATE SET content = coalesce(excluded.content, person_narrative.content), facts = coalesce(excluded.facts, person_narrative.facts), key_version = excluded.key_version;
    INSERT INTO referral.reporter SELECT * FROM jsonb_populate_recordset(NULL::referral.reporter, decided -> 'reporters') r WHERE r.agency_id = referral.my_agency();
    INSERT INTO referral.referral SELECT * FROM jsonb_populate_recordset(NULL::referral.referral, decided -> 'referrals') r WHERE r.holder_unit = referral.my_unit();
    INSERT INTO referral.party (id, case_id, referral_id, hand_off_id, country, unit_id, relationship, groups, since)
        SELECT gen_random_uuid(), the_case, r.id, NULL, r.country, r.holder_unit, 'holder', ARRAY['G0', 'G1', 'G2', 'G3', 'G4', 'G5'], r.holder_since
        FROM jsonb_populate_recordset(NULL::referral.referral, decided -> 'referrals') r;
END $$;

-- Moves of hand-offs: each one checked against act_rule and against who the parties are.
CREATE FUNCTION referral.post_moves(the_case uuid, moves jsonb) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE moved bigint;
BEGIN
    UPDATE referral.hand_off h SET
        state = m.to_state, version = h.version + m.entries, occurred_at = m.occurred_at, reason_code = m.reason_code, outcome = m.outcome,
        received_at = coalesce(h.received_at, m.received_at), accepted_at = coalesce(h.accepted_at, m.accepted_at),
        started_at = coalesce(h.started_at, m.started_at), ended_at = m.ended_at, review_at = m.review_at, due_at = m.due_at,
        immediate = coalesce(m.immediate, false), basis = m.basis, receiver_member = coalesce(m.receiver_member, h.receiver_member),
        overdue_since = CASE WHEN m.met THEN NULL ELSE h.overdue_since END,
        attested = h.attested OR coalesce(m.attested, false), warnings = h.warnings || coalesce(m.warnings, '[]')
    FROM jsonb_to_recordset(moves) AS m (id uuid, act text, from_state text, to_state text, entries integer, occurred_at timestamptz, reason_code text, outcome text,
            received_at timestamptz, accepted_at timestamptz, started_at timestamptz, ended_at timestamptz, review_at timestamptz, due_at timestamptz,
            immediate boolean, basis text, receiver_member uuid, met boolean, attested boolean, warnings jsonb),
        referral.act_rule rule, referral.referral r
    WHERE h.id = m.id AND h.case_id = the_case AND h.state = m.from_state AND r.id = h.referral_id
        AND rule.kind = h.kind AND rule.act = m.act AND rule.from_state = m.from_state AND rule.to_state = m.to_state
        AND CASE rule.party
            WHEN 'receiver' THEN h.receiver_unit = referral.my_unit() OR (m.attested AND referral.my_unit() IN (h.sender_unit, r.holder_unit))
            ELSE referral.my_unit() IN (h.sender_unit, r.holder_unit)
                OR (m.reason_code = 'SUPERSEDED' AND EXISTS (SELECT FROM jsonb_to_recordset(moves) AS a (id uuid, act text, attested boolean)
                    JOIN referral.hand_off w ON w.id = a.id WHERE a.act = 'accept' AND w.kind = 'custody' AND w.referral_id = h.referral_id
                    AND (w.receiver_unit = referral.my_unit() OR a.attested)))
            END;
    GET DIAGNOSTICS moved = ROW_COUNT;
    IF moved <> jsonb_array_length(moves) THEN
        RAISE EXCEPTION 'a move is not in the table of acts, or not for this party (% of %)', moved, jsonb_array_length(moves) USING ERRCODE = 'RF003';
    END IF;

    -- Who may see what follows from what happened: a task or notice taken gives what its step says
    -- travels; what has ended leaves both sides that hand-off alone.
    UPDATE referral.party p SET
        relationship = CASE WHEN p.relationship = 'sender' THEN 'sender' WHEN ended.it THEN 'past_recipient'
            WHEN h.kind = 'custody' THEN p.relationship ELSE 'participant' END,
        groups = CASE WHEN ended.it THEN ARRAY['OWN'] WHEN h.kind = 'custody' THEN p.groups ELSE h.travels END,
        until = CASE WHEN h.kind = 'custody' AND m.act = 'accept' THEN statement_timestamp() END,
        since = CASE WHEN ended.it THEN p.since ELSE statement_timestamp() END
    FROM jsonb_to_recordset(moves) AS m (id uuid, act text, to_state text)
        JOIN referral.hand_off h ON h.id = m.id,
        LATERAL (SELECT m.to_state IN ('rejected', 'cancelled', 'completed', 'failed') AS it) ended
    WHERE p.case_id = the_case AND p.hand_off_id = m.id AND p.until IS NULL
        AND CASE WHEN ended.it THEN p.relationship IN ('pending', 'participant', 'sender')
            ELSE p.relationship = 'pending' AND (m.act = 'accept' OR (m.act = 'acknowledge' AND h.kind = 'notice')) END;
END $$;

-- Custody: to the receiver of a custody hand-off that was accepted in this very call, and only so.
CREATE FUNCTION referral.post_custody(the_case uuid, passed jsonb, moves jsonb) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE moved bigint;
BEGIN
    UPDATE referral.party p SET relationship = 'past_holder', groups = ARRAY['G0']
        FROM jsonb_to_recordset(passed) AS c (referral_id uuid)
        WHERE p.case_id = the_case AND p.referral_id = c.referral_id AND p.relationship = 'holder' AND p.until IS NULL;
    UPDATE referral.referral r SET holder_unit = h.receiver_unit, holder_member = c.member, holder_since = c.at, custody = h.id, version = r.version + 1
        FROM jsonb_to_recordset(passed) AS c (referral_id uuid, hand_off_id uuid, member uuid, at timestamptz)
        JOIN referral.hand_off h ON h.id = c.hand_off_id AND h.kind = 'custody' AND h.state = 'accepted'
        JOIN jsonb_to_recordset(moves) AS m (id uuid, act text) ON m.id = h.id AND m.act = 'accept'
        WHERE r.id = c.referral_id AND r.id = h.referral_id AND r.case_id = the_case AND r.state = 'open';
    GET DIAGNOSTICS moved = ROW_COUNT;
    IF moved <> jsonb_array_length(passed) THEN
        RAISE EXCEPTION 'custody moves only by an acceptance' USING ERRCODE = 'RF004';
    END IF;
    INSERT INTO referral.party (id, case_id, referral_id, hand_off_id, country, unit_id, relationship, groups, since)
        SELECT gen_random_uuid(), the_case, h.referral_id, h.id, h.country, h.receiver_unit, 'holder',
            CASE WHEN EXISTS (SELECT FROM referral.reporter o WHERE o.case_id = the_case AND o.agency_id = h.receiver_agency) THEN h.travels || ARRAY['G0', 'G1', 'G5'] ELSE array_remove(h.travels, 'G5') || ARRAY['G0', 'G1'] END, c.at
        FROM jsonb_to_recordset(passed) AS c (hand_off_id uuid, at timestamptz) JOIN referral.hand_off h ON h.id = c.hand_off_id;
END $$;

-- New hand-offs: always "requested", sent by the acting unit or for the holder; the receiver may see
-- the envelope and the facts until it accepts. One of imported history (of an imported case only) is
-- nobody's work: its receiver keeps that hand-off alone, and who only stands in for it sees nothing.
CREATE FUNCTION referral.post_hand_offs(the_case uuid, opened jsonb) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE inserted bigint;
BEGIN
    INSERT INTO referral.hand_off SELECT h.* FROM jsonb_populate_recordset(NULL::referral.hand_off, opened) h JOIN referral.referral r ON r.id = h.referral_id
        WHERE r.case_id = the_case AND h.case_id = the_case AND h.state = 'requested' AND h.sender_unit IN (referral.my_unit(), r.holder_unit)
            AND (NOT h.imported OR EXISTS (SELECT FROM referral.case c WHERE c.id = the_case AND c.imported));
    GET DIAGNOSTICS inserted = ROW_COUNT;
    IF inserted <> jsonb_array_length(opened) THEN
        RAISE EXCEPTION 'a hand-off may be sent only by the acting unit or for the holder' USING ERRCODE = 'RF005';
    END IF;
    INSERT INTO referral.party (id, case_id, referral_id, hand_off_id, country, unit_id, relationship, groups, since)
        SELECT gen_random_uuid(), the_case, h.referral_id, h.id, h.country, side.unit_id, side.relationship, side.groups, h.requested_at
        FROM jsonb_populate_recordset(NULL::referral.hand_off, opened) h,
            LATERAL (VALUES (h.receiver_unit, CASE WHEN h.imported THEN 'past_recipient' ELSE 'pending' END, CASE WHEN h.imported THEN ARRAY['OWN'] ELSE ARRAY['G0', 'G1'] END),
                (h.sender_unit, 'sender', ARRAY['G0'])) AS side (unit_id, relationship, groups)
        WHERE NOT (h.imported AND h.no_agency AND side.relationship <> 'sender');
END $$;

CREATE FUNCTION referral.carry_out(decided jsonb) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    the_case CONSTANT uuid := (decided ->> 'case_id')::uuid;
    changed bigint;
BEGIN
    IF referral.my_country() IS NULL THEN
        RAISE EXCEPTION 'nobody is acting' USING ERRCODE = 'RF006';
    END IF;
    PERFORM referral.post_entries(the_case, decided);
    IF decided ? 'idempotency' THEN
        INSERT INTO referral.idempotency (membership_id, key_hash, request_hash, country, status, answer, created_at)
            SELECT referral.my_membership(), decode(i.key_hash, 'hex'), decode(i.request_hash, 'hex'), referral.my_country(), i.status, i.answer, i.created_at
            FROM jsonb_to_record(decided -> 'idempotency') AS i (key_hash text, request_hash text, status smallint, answer jsonb, created_at timestamptz);
    END IF;
    IF the_case IS NULL THEN RETURN; END IF;

    -- Only people who work on cases change them; the clockwork may only let time pass.
    IF decided ?| ARRAY['cases', 'referrals', 'case_facts', 'moves', 'custody', 'hand_offs', 'closures', 'marks', 'events', 'notes', 'clocks', 'clock_moves']
            AND referral.my_role() NOT IN ('OFFICER', 'SUPERVISOR', 'WORKER')
            OR referral.my_role() = 'WORKER' AND decided ?| ARRAY['cases', 'referrals', 'moves', 'custody', 'case_facts', 'notes'] THEN
        RAISE EXCEPTION 'this role does not work on cases' USING ERRCODE = 'RF007';
    END IF;
    IF NOT decided ? 'cases' AND referral.my_role() <> 'WORKER' THEN
        PERFORM FROM referral.party p WHERE p.case_id = the_case AND p.unit_id = referral.my_unit() AND p.until IS NULL;
        IF NOT FOUND THEN RAISE EXCEPTION 'no such case' USING ERRCODE = 'RF008'; END IF;
    END IF;
    IF EXISTS (SELECT FROM jsonb_each(decided) part, jsonb_array_elements(CASE jsonb_typeof(part.value) WHEN 'array' THEN part.value ELSE '[]' END) piece
            WHERE part.key NOT IN ('keys', 'entries', 'streams') AND piece ? 'case_id' AND piece ->> 'case_id' <> the_case::text) THEN
        RAISE EXCEPTION 'one call changes one case' USING ERRCODE = 'RF009';
    END IF;

    IF decided ?| ARRAY['cases', 'persons', 'referrals', 'case_facts', 'identities', 'safeties', 'narratives'] THEN PERFORM referral.post_case(the_case, decided); END IF;
    IF decided ? 'moves' THEN PERFORM referral.post_moves(the_case, decided -> 'moves'); END IF;
    IF decided ? 'custody' THEN PERFORM referral.post_custody(the_case, decided -> 'custody', decided -> 'moves'); END IF;
    IF decided ? 'hand_offs' THEN PERFORM referral.post_hand_offs(the_case, decided -> 'hand_offs'); END IF;
    IF decided ? 'clocks' THEN
        INSERT INTO referral.clock SELECT * FROM jsonb_populate_recordset(NULL::referral.clock, decided -> 'clocks');
    END IF;
    IF decided ? 'clock_moves' THEN
        UPDATE referral.clock k SET state = m.state, rung = m.rung, next_at = m.next_at, stopped_at = m.stopped_at
            FROM jsonb_to_recordset(decided -> 'clock_moves') AS m (id uuid, state text, rung smallint, next_at timestamptz, stopped_at timestamptz)
            WHERE k.id = m.id AND k.case_id = the_case;
    END IF;
    IF decided ? 'marks' THEN
        UPDATE referral.hand_off h SET version = h.version + 1, first_contact_at = coalesce(m.first_contact_at, h.first_contact_at),
            overdue_since = coalesce(h.overdue_since, m.overdue_since), rung = coalesce(m.rung, h.rung),
            cancellation_asked_at = coalesce(m.cancellation_asked_at, h.cancellation_asked_at),
            attestation_confirmed_at = coalesce(m.attestation_confirmed_at, h.attestation_confirmed_at)
            FROM jsonb_to_recordset(decided -> 'marks') AS m (id uuid, first_contact_at timestamptz, overdue_since timestamptz, rung smallint,
                cancellation_asked_at timestamptz, attestation_confirmed_at timestamptz)
            WHERE h.id = m.id AND h.case_id = the_case;
    END IF;
    IF decided ? 'referral_changes' THEN
        UPDATE referral.referral r SET version = r.version + m.entries, needed = coalesce(m.needed, r.needed), withheld = coalesce(m.withheld, r.withheld), results = coalesce(m.results, r.results)
            FROM jsonb_to_recordset(decided -> 'referral_changes') AS m (id uuid, entries integer, needed jsonb, withheld jsonb, results jsonb)
            WHERE r.id = m.id AND r.case_id = the_case;
    END IF;
    IF decided ? 'closures' THEN
        UPDATE referral.referral r SET state = 'closed', closed_at = m.at, outcome = m.outcome, version = r.version + 1
            FROM jsonb_to_recordset(decided -> 'closures') AS m (id uuid, at timestamptz, outcome text)
            WHERE r.id = m.id AND r.case_id = the_case AND r.state = 'open';
        GET DIAGNOSTICS changed = ROW_COUNT;
        IF changed <> jsonb_array_length(decided -> 'closures') THEN
            RAISE EXCEPTION 'a closed referral is not closed again' USING ERRCODE = 'RF010';
        END IF;
    END IF;
    IF decided ? 'case_changes' THEN
        UPDATE referral.case c SET voice_contact_at = coalesce(m.voice_contact_at, c.voice_contact_at), urgency = coalesce(m.urgency, c.urgency),
            voice_attempts = c.voice_attempts + coalesce(m.voice_attempts, 0::smallint), lead_referral = coalesce(m.lead_referral, c.lead_referral), warnings = c.warnings || coalesce(m.warnings, '[]')
            FROM jsonb_to_record(decided -> 'case_changes') AS m (voice_contact_at timestamptz, urgency text, voice_attempts smallint, lead_referral uuid, warnings jsonb)
            WHERE c.id = the_case;
    END IF;
    IF decided ? 'events' THEN
        INSERT INTO referral.event SELECT * FROM jsonb_populate_recordset(NULL::referral.event, decided -> 'events');
    END IF;
    IF decided ? 'notes' THEN
        INSERT INTO referral.note SELECT * FROM jsonb_populate_recordset(NULL::referral.note, decided -> 'notes');
    END IF;
    IF decided ? 'dockets' THEN
        INSERT INTO referral.docket SELECT * FROM jsonb_populate_recordset(NULL::referral.docket, decided -> 'dockets') d WHERE d.agency_id = referral.my_agency()
            ON CONFLICT (hand_off_id, agency_id) DO UPDATE SET number = excluded.number;
    END IF;
    IF decided ? 'outbox' THEN
        INSERT INTO referral.outbox (id, country, kind, case_id, hand_off_id, to_unit, to_role, occurred_at)
            SELECT o.id, referral.my_country(), o.kind, the_case, o.hand_off_id, o.to_unit, o.to_role, o.occurred_at
            FROM jsonb_to_recordset(decided -> 'outbox') AS o (id uuid, kind text, hand_off_id uuid, to_unit uuid, to_role text, occurred_at timestamptz);
    END IF;
END $$;
