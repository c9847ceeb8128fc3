-- carry_out: what the engine decided in Python becomes rows here, in one call, after this file has
-- checked it again from its own tables. No entry, no effect, and no entry without its effect.
-- Parties (who may see what) are derived here from the effects themselves and never taken from the
-- caller; columns that say who acted, or that only a later act may set, are not taken either.

-- Entries kept: contiguous after each head, hashed over the very bytes stored, in the caller's own name,
-- all of them or none. Into which streams one may write says whoever calls this, by whose part it is.
-- IS DISTINCT FROM throughout: what a header leaves out compares as NULL, and must not pass for right.
CREATE FUNCTION referral.keep_entries(posted jsonb) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    actor CONSTANT text := CASE referral.my_role() WHEN 'WORKER' THEN 'clockwork' WHEN 'OPERATOR' THEN 'operator' ELSE referral.my_membership()::text END;
    wrong text;
BEGIN
    WITH e AS MATERIALIZED (
        SELECT p.*, (p.h ->> 'seq')::bigint AS seq, (p.h ->> 'stream')::uuid AS stream_id, (p.h ->> 'at')::timestamptz AS at
        FROM (SELECT x.*, x.header::jsonb AS h FROM jsonb_to_recordset(posted) AS x (id uuid, header text, hash text, subject uuid, content text)) p
    ), chained AS (
        SELECT e.*, row_number() OVER w AS n, lag(e.hash) OVER w AS hash_before, lag(e.at) OVER w AS at_before FROM e WINDOW w AS (PARTITION BY e.stream_id ORDER BY e.seq)
    )
    SELECT string_agg(coalesce(c.h ->> 'act', 'an entry without an act'), ', ') INTO wrong
    FROM chained c LEFT JOIN referral.stream_head s ON s.stream_id = c.stream_id
    WHERE c.seq IS DISTINCT FROM s.seq + c.n
        OR c.h ->> 'prev' IS DISTINCT FROM coalesce(c.hash_before, encode(s.hash, 'hex'))
        OR (c.h ->> 'at' ~ '^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$') IS NOT TRUE OR c.at <= coalesce(c.at_before, s.at)
        OR c.hash IS DISTINCT FROM encode(sha256(convert_to(c.header, 'UTF8')), 'hex')
        OR c.h ->> 'id' IS DISTINCT FROM c.id::text
        OR c.h ->> 'actor' IS DISTINCT FROM actor
        OR c.h ->> 'agency' IS DISTINCT FROM referral.my_agency()::text
        OR c.h ->> 'body_sealed' IS DISTINCT FROM encode(sha256(decode(c.content, 'hex')), 'hex')
        OR c.subject IS DISTINCT FROM s.subject;
    IF wrong IS NOT NULL THEN
        RAISE EXCEPTION 'entries do not continue their stream: %', wrong USING ERRCODE = 'RF002';
    END IF;

    -- The columns repeat the header.
    WITH e AS MATERIALIZED (
        SELECT p.*, (p.h ->> 'seq')::bigint AS seq, (p.h ->> 'stream')::uuid AS stream_id, (p.h ->> 'at')::timestamptz AS at
        FROM (SELECT x.*, x.header::jsonb AS h FROM jsonb_to_recordset(posted) AS x (id uuid, header text, hash text, subject uuid, key_version integer, content text)) p
    ), entered AS (
        INSERT INTO referral.audit_entry (id, stream_id, seq, country, header, hash, at, act, actor, agency_id, object_type, object_id)
        SELECT e.id, e.stream_id, e.seq, referral.my_country(), e.header, decode(e.hash, 'hex'),
            e.at, e.h ->> 'act', e.h ->> 'actor', (e.h ->> 'agency')::uuid, e.h ->> 'object_type', (e.h ->> 'object')::uuid
        FROM e
    ), bodies AS (
        INSERT INTO referral.audit_body (entry_id, subject, country, key_version, content)
        SELECT e.id, e.subject, referral.my_country(), e.key_version, decode(e.content, 'hex') FROM e
    ), last AS MATERIALIZED (
        SELECT DISTINCT ON (e.stream_id) e.stream_id, e.subject, e.seq, e.hash, e.at FROM e ORDER BY e.stream_id, e.seq DESC
    ), headed AS (
        UPDATE referral.stream_head s SET seq = l.seq, hash = decode(l.hash, 'hex'), at = l.at FROM last l
        WHERE s.stream_id = l.stream_id AND s.stream_id = ANY (ARRAY(SELECT x.stream_id FROM last x))  -- by key, never all heads
    )
    UPDATE referral.case c SET version = l.seq FROM last l WHERE c.id = l.subject AND c.id = ANY (ARRAY(SELECT x.subject FROM last x));
END $$;

-- What one act says: into the streams of this case, of the caller, or of the system.
CREATE FUNCTION referral.post_entries(the_case uuid, decided jsonb) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    posted CONSTANT jsonb := decided -> 'entries';
    persons CONSTANT uuid[] := CASE WHEN decided ? 'keys' THEN referral.own_persons(the_case, decided) END;  -- once, not for each key
    kept bigint;
    wrong text;
BEGIN
    IF coalesce(jsonb_array_length(posted), 0) = 0 THEN
        RAISE EXCEPTION 'no entry, no effect' USING ERRCODE = 'RF001';
    END IF;
    -- A key made for a subject in advance would be the key its rightful holder later seals with.
    IF decided ? 'keys' THEN
        INSERT INTO vault.data_key (subject, kind, case_id, country, version, wrapped, created_at)
            SELECT k.subject, k.kind, k.case_id, referral.my_country(), k.version, decode(k.wrapped, 'hex'), k.created_at
            FROM jsonb_to_recordset(decided -> 'keys') AS k (subject uuid, kind text, case_id uuid, version integer, wrapped text, created_at timestamptz)
            WHERE CASE k.kind
                WHEN 'member' THEN k.subject = referral.my_membership() AND k.case_id IS NULL
                WHEN 'case' THEN k.subject = the_case AND k.case_id = the_case AND decided ? 'cases'
                WHEN 'meeting' THEN k.case_id IS NULL AND k.subject IN (SELECT m.id FROM jsonb_to_recordset(decided -> 'meetings') AS m (id uuid))
                WHEN 'proposal' THEN k.case_id IS NULL AND k.subject IN (SELECT p.id FROM jsonb_to_recordset(coalesce(decided -> 'removals', '[]') || coalesce(decided -> 'erasure_asks', '[]')) AS p (id uuid))
                WHEN 'hold' THEN k.case_id IS NULL AND k.subject IN (SELECT o.id FROM jsonb_to_recordset(decided -> 'holds') AS o (id uuid))
                WHEN 'glass' THEN k.case_id IS NULL AND k.subject IN (SELECT g.id FROM jsonb_to_recordset(decided -> 'glasses') AS g (id uuid))
                WHEN 'operation' THEN k.case_id IS NULL AND k.subject IN (SELECT o.id FROM jsonb_to_recordset(decided -> 'operations') AS o (id uuid))
                WHEN 'person' THEN k.case_id = the_case AND k.subject = ANY (persons)
                WHEN 'system' THEN decided ? 'system' AND k.case_id IS NULL AND k.subject IN (SELECT s.subject FROM jsonb_to_recordset(decided -> 'streams') AS s (subject uuid))
                ELSE false END;
        GET DIAGNOSTICS kept = ROW_COUNT;
        IF kept <> jsonb_array_length(decided -> 'keys') THEN
            RAISE EXCEPTION 'a key is made for what the caller files or holds, and for nothing else' USING ERRCODE = 'RF016';
        END IF;
    END IF;
    IF decided ? 'streams' THEN
        INSERT INTO referral.stream_head (stream_id, kind, subject, country, seq, hash)
            SELECT s.stream_id, s.kind, s.subject, referral.my_country(), 0, decode(repeat('00', 32), 'hex')
            FROM jsonb_to_recordset(decided -> 'streams') AS s (stream_id uuid, kind text, subject uuid)
            WHERE (s.kind = 'member' AND s.subject = referral.my_membership()) OR (s.kind = 'case' AND s.subject = the_case AND decided ? 'cases')
                OR (s.kind = 'system' AND decided ? 'system');
        GET DIAGNOSTICS kept = ROW_COUNT;
        IF kept <> jsonb_array_length(decided -> 'streams') THEN
            RAISE EXCEPTION 'a stream is opened for the caller, for the case she files or for her country' USING ERRCODE = 'RF016';
        END IF;
    END IF;

    WITH e AS MATERIALIZED (  -- a plain column: what is worked out may not be looked up by key under row security
        SELECT p.h, (p.h ->> 'stream')::uuid AS stream_id FROM (SELECT x.header::jsonb AS h FROM jsonb_to_recordset(posted) AS x (header text)) p
    )
    SELECT string_agg(coalesce(e.h ->> 'act', 'an entry without an act'), ', ') INTO wrong
    FROM e LEFT JOIN referral.stream_head s ON s.stream_id = e.stream_id
    WHERE (s.subject IN (the_case, referral.my_membership()) OR (s.kind = 'system' AND s.country = referral.my_country() AND decided ? 'system')) IS NOT TRUE
        -- What was done to a case is told in the case's stream, not in somebody's own.
        OR (s.kind = 'member' AND e.h ->> 'act' NOT IN ('act.refused', 'case.read') AND e.h ->> 'act' NOT LIKE 'member.%'
            AND NOT (e.h ->> 'act' LIKE 'meeting.%' AND decided ?| ARRAY['meetings', 'meeting_records'])
            AND NOT (e.h ->> 'act' LIKE 'glass.%' AND decided ?| ARRAY['glasses', 'glass_ends', 'glass_reviews'])
            AND NOT (e.h ->> 'act' LIKE 'operation.%' AND decided ?| ARRAY['operations', 'operation_ends']));
    IF wrong IS NOT NULL THEN
        RAISE EXCEPTION 'entries do not continue their stream: %', wrong USING ERRCODE = 'RF002';
    END IF;
    PERFORM referral.keep_entries(posted);
END $$;

-- Whose facts the caller may write: persons she files now (of no other case: their ids are new), and
-- persons of the referrals she holds. A holder of one child does not write about another.
CREATE FUNCTION referral.own_persons(the_case uuid, decided jsonb) RETURNS uuid[]
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT ARRAY(SELECT r.person_id FROM referral.referral r JOIN referral.person p ON p.id = r.person_id
            WHERE r.case_id = the_case AND r.holder_unit = referral.my_unit() AND num_nonnulls(p.erased_at) = 0
        UNION SELECT p.id FROM jsonb_to_recordset(decided -> 'persons') AS p (id uuid)
            WHERE NOT EXISTS (SELECT FROM referral.person x WHERE x.id = p.id)
                AND (decided ? 'cases' OR EXISTS (SELECT FROM referral.referral r WHERE r.case_id = the_case AND r.holder_unit = referral.my_unit())));
$$;

-- Filing, and what an amendment adds: rows of a case. The acting unit files for itself only; in a case
-- that stands already only a holder writes, and only about her own persons.
CREATE FUNCTION referral.post_case(the_case uuid, decided jsonb) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    persons CONSTANT uuid[] := referral.own_persons(the_case, decided);
    kept bigint;
BEGIN
    IF decided ? 'cases' THEN
        INSERT INTO referral.case SELECT * FROM jsonb_populate_recordset(NULL::referral.case, decided -> 'cases') c
            WHERE c.filed_by_unit = referral.my_unit() AND c.filed_by_member = referral.my_membership() AND c.id = the_case AND num_nonnulls(c.duplicate_of, c.erased_at) = 0 AND NOT c.legal_hold
                AND c.version = (SELECT s.seq FROM referral.stream_head s WHERE s.subject = the_case)
                AND (c.lead_referral IS NULL OR c.lead_referral IN (SELECT r.id FROM jsonb_to_recordset(decided -> 'referrals') AS r (id uuid)));
        GET DIAGNOSTICS kept = ROW_COUNT;
        IF kept <> 1 OR jsonb_array_length(decided -> 'cases') <> 1 THEN
            RAISE EXCEPTION 'one call files one case, for the acting unit' USING ERRCODE = 'RF012';
        END IF;
    ELSIF NOT EXISTS (SELECT FROM referral.referral r WHERE r.case_id = the_case AND r.holder_unit = referral.my_unit()) OR decided ? 'reporters' THEN
        RAISE EXCEPTION 'only a holder writes about the case' USING ERRCODE = 'RF012';
    END IF;
    IF EXISTS (SELECT FROM unnest(ARRAY['persons', 'case_facts', 'identities', 'safeties', 'narratives', 'screenings', 'overrides', 'blinds', 'referrals']) AS part,
            jsonb_array_elements(coalesce(decided -> part, '[]')) piece, coalesce(piece ->> 'person_id', CASE part WHEN 'persons' THEN piece ->> 'id' END) AS person
            WHERE (person::uuid = ANY (persons) OR (part = 'case_facts' AND person IS NULL)) IS NOT TRUE) THEN
        RAISE EXCEPTION 'only the holder of a person writes about that person' USING ERRCODE = 'RF012';
    END IF;
    INSERT INTO referral.household SELECT * FROM jsonb_populate_recordset(NULL::referral.household, decided -> 'households');
    INSERT INTO referral.person SELECT * FROM jsonb_populate_recordset(NULL::referral.person, decided -> 'persons') p WHERE num_nonnulls(p.erased_at) = 0
        ON CONFLICT (id) DO UPDATE SET headcount = excluded.headcount, identified = excluded.identified;
    INSERT INTO referral.workplace SELECT * FROM jsonb_populate_recordset(NULL::referral.workplace, decided -> 'workplaces')
        ON CONFLICT (case_id) DO UPDATE SET facts = excluded.facts, key_version = excluded.key_version;
    INSERT INTO referral.case_facts SELECT * FROM jsonb_populate_recordset(NULL::referral.case_facts, decided -> 'case_facts')
        ON CONFLICT (case_id, person_id) DO UPDATE SET facts = excluded.facts, amended_at = excluded.amended_at;
    INSERT INTO referral.screening (id, case_id, person_id, country, at, by_member, findings)
        SELECT s.id, s.case_id, s.person_id, s.country, s.at, referral.my_membership(), s.findings FROM jsonb_populate_recordset(NULL::referral.screening, decided -> 'screenings') s;
    INSERT INTO referral.screening_override SELECT o.* FROM jsonb_populate_recordset(NULL::referral.screening_override, decided -> 'overrides') o
        JOIN referral.referral r ON r.id = o.referral_id AND r.person_id = o.person_id AND r.holder_unit = referral.my_unit()
        WHERE o.by_unit = referral.my_unit() AND o.by_member = referral.my_membership() AND o.case_id = the_case AND o.result <> 'erased';
    GET DIAGNOSTICS kept = ROW_COUNT;
    IF kept <> coalesce(jsonb_array_length(decided -> 'overrides'), 0) THEN
        RAISE EXCEPTION 'a result is overridden by the holder, in her own name' USING ERRCODE = 'RF012';
    END IF;
    INSERT INTO referral.blind_index SELECT * FROM jsonb_populate_recordset(NULL::referral.blind_index, decided -> 'blinds');
    INSERT INTO referral.person_identity SELECT * FROM jsonb_populate_recordset(NULL::referral.person_identity, decided -> 'identities')
        ON CONFLICT (person_id) DO UPDATE SET content = coalesce(excluded.content, person_identity.content), facts = coalesce(excluded.facts, person_identity.facts), key_version = excluded.key_version;
    INSERT INTO referral.person_safety SELECT * FROM jsonb_populate_recordset(NULL::referral.person_safety, decided -> 'safeties')
        ON CONFLICT (person_id) DO UPDATE SET content = coalesce(excluded.content, person_safety.content), facts = coalesce(excluded.facts, person_safety.facts), key_version = excluded.key_version;
    INSERT INTO referral.person_narrative SELECT * FROM jsonb_populate_recordset(NULL::referral.person_narrative, decided -> 'narratives')
        ON CONFLICT (person_id) DO UPDATE SET content = coalesce(excluded.content, person_narrative.content), facts = coalesce(excluded.facts, person_narrative.facts), key_version = excluded.key_version;
    INSERT INTO referral.reporter SELECT o.case_id, o.person_id, o.country, referral.my_agency(), o.key_version, o.content FROM jsonb_populate_recordset(NULL::referral.reporter, decided -> 'reporters') o;
    -- A new referral is open, held by the acting unit, and has no history: only acts give it one.
    WITH opened AS (
        INSERT INTO referral.referral SELECT r.* FROM jsonb_populate_recordset(NULL::referral.referral, decided -> 'referrals') r
            WHERE r.holder_unit = referral.my_unit() AND (r.holder_member IS NULL OR r.holder_member = referral.my_membership())
                AND r.state = 'open' AND r.version = 1 AND num_nonnulls(r.custody, r.closed_at, r.outcome) = 0
        RETURNING id, country, holder_unit, holder_since
    ), held AS (
        INSERT INTO referral.party (id, case_id, referral_id, hand_off_id, country, unit_id, relationship, groups, since)
            SELECT gen_random_uuid(), the_case, r.id, NULL, r.country, r.holder_unit, 'holder', ARRAY['G0', 'G1', 'G2', 'G3', 'G4', 'G5'], r.holder_since FROM opened r
        RETURNING 1
    )
    SELECT count(*) INTO kept FROM held;
    IF kept <> coalesce(jsonb_array_length(decided -> 'referrals'), 0) THEN
        RAISE EXCEPTION 'a new referral is open and held by the acting unit' USING ERRCODE = 'RF012';
    END IF;
END $$;

-- Moves of hand-offs: each one checked against act_rule and against who the parties are. What the
-- sender may do, the holder does: whoever has passed the person on no longer steers her case. History
-- is nobody's work and does not move. An answer given in another's name comes with its attestation.
-- Taking back what is not hers an actor can only as a consequence of her own answer: rivals of what
-- she accepted, and what nobody needs once her act closes the referral or lets the holder keep a step.
CREATE FUNCTION referral.post_moves(the_case uuid, decided jsonb) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    moves CONSTANT jsonb := decided -> 'moves';
    moved bigint;
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
    WHERE h.id = m.id AND h.case_id = the_case AND h.state = m.from_state AND r.id = h.referral_id AND NOT h.imported
        AND rule.kind = h.kind AND rule.act = m.act AND rule.from_state = m.from_state AND rule.to_state = m.to_state
        AND m.entries = CASE WHEN m.act = 'accept' AND m.from_state = 'requested' THEN 2 ELSE 1 END
        AND (m.receiver_member IS NULL OR m.receiver_member = referral.my_membership())
        AND (m.reason_code IN ('ENTERED_IN_ERROR', 'MERGED')) IS NOT TRUE  -- that takes two persons (post_need)
        AND CASE rule.party
            WHEN 'receiver' THEN h.receiver_unit = referral.my_unit() OR (m.attested AND r.holder_unit = referral.my_unit()
                AND EXISTS (SELECT FROM jsonb_to_recordset(decided -> 'notes') AS n (hand_off_id uuid, kind text) WHERE n.hand_off_id = m.id AND n.kind = 'attestation'))
            ELSE r.holder_unit = referral.my_unit()
                OR EXISTS (SELECT FROM jsonb_to_recordset(moves) AS a (id uuid, act text, attested boolean) JOIN referral.hand_off w ON w.id = a.id
                    WHERE w.referral_id = h.referral_id AND w.id <> h.id AND (w.receiver_unit = referral.my_unit() OR a.attested) AND CASE m.reason_code
                        WHEN 'SUPERSEDED' THEN (a.act = 'accept' AND (w.kind = 'custody' AND h.kind = 'custody' OR (w.step, w.opening) = (h.step, h.opening)))
                            OR (a.act IN ('complete', 'decline', 'fail') AND EXISTS (SELECT FROM jsonb_to_recordset(decided -> 'events') AS v (event text) WHERE v.event LIKE '% held'))
                        WHEN 'NO_LONGER_NEEDED' THEN a.act IN ('accept', 'complete', 'decline', 'fail')
                            AND EXISTS (SELECT FROM jsonb_to_recordset(decided -> 'closures') AS c (id uuid) WHERE c.id = h.referral_id)
                        ELSE false END)
            END;
    GET DIAGNOSTICS moved = ROW_COUNT;
    IF moved <> jsonb_array_length(moves) THEN
        RAISE EXCEPTION 'a move is not in the table of acts, or not for this party (% of %)', moved, jsonb_array_length(moves) USING ERRCODE = 'RF003';
    END IF;
    -- Whoever accepts custody has the person from that moment: never one without the other.
    IF EXISTS (SELECT FROM jsonb_to_recordset(moves) AS m (id uuid, act text) JOIN referral.hand_off h ON h.id = m.id
            WHERE m.act = 'accept' AND h.kind = 'custody' AND NOT EXISTS (SELECT FROM jsonb_to_recordset(decided -> 'custody') AS c (hand_off_id uuid) WHERE c.hand_off_id = m.id)) THEN
        RAISE EXCEPTION 'an acceptance of custody moves custody' USING ERRCODE = 'RF004';
    END IF;

    -- Who may see what follows from what happened: a task or notice taken gives what its step says
    -- travels (never who reported: that stays with the agency that heard it); what has ended leaves
    -- both sides that hand-off alone.
    UPDATE referral.party p SET
        relationship = CASE WHEN p.relationship = 'sender' THEN 'sender' WHEN ended.it THEN 'past_recipient'
            WHEN h.kind = 'custody' THEN p.relationship ELSE 'participant' END,
        groups = CASE WHEN ended.it THEN ARRAY['OWN'] WHEN h.kind = 'custody' THEN p.groups ELSE array_remove(h.travels, 'G5') END,
        until = CASE WHEN h.kind = 'custody' AND m.act = 'accept' THEN statement_timestamp() END,
        since = CASE WHEN ended.it THEN p.since ELSE statement_timestamp() END
    FROM jsonb_to_recordset(moves) AS m (id uuid, act text, to_state text)
        JOIN referral.hand_off h ON h.id = m.id,
        LATERAL (SELECT m.to_state IN ('rejected', 'cancelled', 'completed', 'failed') AS it) ended
    WHERE p.case_id = the_case AND p.hand_off_id = m.id AND p.until IS NULL
        AND CASE WHEN ended.it THEN p.relationship IN ('pending', 'participant', 'sender')
            ELSE p.relationship = 'pending' AND (m.act = 'accept' OR (m.act = 'acknowledge' AND h.kind = 'notice')) END;
END $$;

-- Custody: to the receiver of a custody hand-off that was accepted in this very call, and only so. No
-- other question about who takes the person stays open (architecture 3, invariant 2).
CREATE FUNCTION referral.post_custody(the_case uuid, passed jsonb, moves jsonb) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    -- A list, not a join: the planner takes a join for a hundred rows, and then reads an index of everybody's.
    passing CONSTANT uuid[] := ARRAY(SELECT c.referral_id FROM jsonb_to_recordset(passed) AS c (referral_id uuid));
    moved bigint;
BEGIN
    UPDATE referral.party p SET relationship = 'past_holder', groups = ARRAY['G0']
        WHERE p.case_id = the_case AND p.referral_id = ANY (passing) AND p.relationship = 'holder' AND p.until IS NULL;
    UPDATE referral.referral r SET holder_unit = h.receiver_unit, holder_member = c.member, holder_since = c.at, custody = h.id, version = r.version + 1
        FROM jsonb_to_recordset(passed) AS c (referral_id uuid, hand_off_id uuid, member uuid, at timestamptz)
        JOIN referral.hand_off h ON h.id = c.hand_off_id AND h.kind = 'custody' AND h.state = 'accepted'
        JOIN jsonb_to_recordset(moves) AS m (id uuid, act text) ON m.id = h.id AND m.act = 'accept'
        WHERE r.id = c.referral_id AND r.id = h.referral_id AND r.case_id = the_case AND r.closed_at IS NULL
            AND (c.member IS NULL OR (c.member = referral.my_membership() AND h.receiver_unit = referral.my_unit()));
    GET DIAGNOSTICS moved = ROW_COUNT;
    IF moved <> jsonb_array_length(passed) THEN
        RAISE EXCEPTION 'custody moves only by an acceptance' USING ERRCODE = 'RF004';
    END IF;
    IF EXISTS (SELECT FROM referral.hand_off h WHERE h.case_id = the_case AND h.referral_id = ANY (passing) AND h.kind = 'custody'
            -- (written so that the index of every open hand-off is no candidate: it would be read whole)
            AND h.state IN ('requested', 'received') AND coalesce(h.imported, false) = false) THEN
        RAISE EXCEPTION 'an acceptance of custody takes the rivals back' USING ERRCODE = 'RF004';
    END IF;
    INSERT INTO referral.party (id, case_id, referral_id, hand_off_id, country, unit_id, relationship, groups, since)
        SELECT gen_random_uuid(), the_case, h.referral_id, h.id, h.country, h.receiver_unit, 'holder',
            CASE WHEN EXISTS (SELECT FROM referral.reporter o WHERE o.case_id = the_case AND o.agency_id = h.receiver_agency) THEN h.travels || ARRAY['G0', 'G1', 'G5'] ELSE array_remove(h.travels, 'G5') || ARRAY['G0', 'G1'] END, c.at
        FROM jsonb_to_recordset(passed) AS c (hand_off_id uuid, at timestamptz) JOIN referral.hand_off h ON h.id = c.hand_off_id;
END $$;

-- New hand-offs: always "requested", sent for the holder, to a unit the directory charges with that
-- mandate there; the receiver may see the envelope and the facts until it accepts. What only a later
-- act may set (answers, attestation, lapses) is not taken from the caller. One of imported history (of
-- an imported case only) is nobody's work: its receiver keeps that hand-off alone, and who only stands
-- in for it sees nothing.
CREATE FUNCTION referral.post_hand_offs(the_case uuid, opened jsonb) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE inserted bigint;
BEGIN
    INSERT INTO referral.hand_off SELECT h.* FROM jsonb_populate_recordset(NULL::referral.hand_off, opened) h
        JOIN referral.referral r ON r.id = h.referral_id JOIN referral.case c ON c.id = r.case_id JOIN agencies.unit u ON u.id = h.receiver_unit
        WHERE r.case_id = the_case AND h.case_id = the_case AND h.person_id = r.person_id AND h.track = r.track AND h.country = r.country
            AND h.protocol_version = r.protocol_version AND h.protocol_digest = r.protocol_digest
            AND h.state = 'requested' AND h.version = 1 AND NOT h.attested AND h.rung = 0 AND h.sender_unit = r.holder_unit
            AND h.receiver_agency = u.agency_id
            AND num_nonnulls(h.receiver_member, h.received_at, h.accepted_at, h.first_contact_at, h.started_at, h.ended_at, h.review_at, h.overdue_since,
                h.reason_code, h.outcome, h.cancellation_asked_at, h.attestation_confirmed_at, h.in_error) = 0
            AND h.travels <@ ARRAY['G0', 'G1', 'G2', 'G3', 'G4', 'G5'] AND h.jurisdiction IN (c.place, c.country)
            AND CASE WHEN h.imported THEN true  -- history went where the record says
                WHEN h.mandate = 'filer' THEN h.receiver_unit = c.filed_by_unit
                WHEN h.mandate ~ '^[a-z_]+$' THEN h.receiver_unit = r.holder_unit
                ELSE agencies.may_be_asked(h.receiver_unit, h.mandate, h.jurisdiction, h.requested_at) END;
    GET DIAGNOSTICS inserted = ROW_COUNT;
    IF inserted <> jsonb_array_length(opened) THEN
        RAISE EXCEPTION 'a hand-off is sent for the holder, as a request, to who serves the mandate there' USING ERRCODE = 'RF005';
    END IF;
    IF EXISTS (SELECT FROM jsonb_populate_recordset(NULL::referral.hand_off, opened) h JOIN referral.exclusion x ON x.case_id = the_case AND x.lifted_at IS NULL AND x.excluded = h.receiver_agency) THEN
        RAISE EXCEPTION 'an excluded agency is never asked' USING ERRCODE = 'RF020';
    END IF;
    IF EXISTS (SELECT FROM jsonb_populate_recordset(NULL::referral.hand_off, opened) h WHERE h.imported)
            AND NOT EXISTS (SELECT FROM referral.case c WHERE c.id = the_case AND c.imported) THEN
        RAISE EXCEPTION 'only an imported case has imported hand-offs' USING ERRCODE = 'RF011';
    END IF;
    INSERT INTO referral.party (id, case_id, referral_id, hand_off_id, country, unit_id, relationship, groups, since)
        SELECT gen_random_uuid(), the_case, h.referral_id, h.id, h.country, side.unit_id, side.relationship, side.groups, h.requested_at
        FROM jsonb_populate_recordset(NULL::referral.hand_off, opened) h,
            LATERAL (VALUES (h.receiver_unit, CASE WHEN h.imported THEN 'past_recipient' ELSE 'pending' END, CASE WHEN h.imported THEN ARRAY['OWN'] ELSE ARRAY['G0', 'G1'] END),
                (h.sender_unit, 'sender', ARRAY['G0'])) AS side (unit_id, relationship, groups)
        WHERE NOT (h.imported AND h.no_agency AND side.relationship <> 'sender');
END $$;

-- Marks on a hand-off: the receiver or the holder met the person, the sender asks to cancel, the
-- receiver confirms, only time makes late. A mark that says nothing belongs to a docket number.
CREATE FUNCTION referral.post_marks(the_case uuid, decided jsonb) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE marked bigint;
BEGIN
    -- What is due next is read from the clocks themselves; what was late is not, once more time was given.
    UPDATE referral.hand_off h SET version = h.version + coalesce(m.entries, 1), first_contact_at = coalesce(m.first_contact_at, h.first_contact_at),
        overdue_since = CASE WHEN m.limit_moved AND next.due_at > h.overdue_since THEN NULL ELSE coalesce(h.overdue_since, m.overdue_since) END, rung = coalesce(m.rung, h.rung),
        due_at = CASE WHEN m.limit_moved THEN next.due_at ELSE h.due_at END, immediate = CASE WHEN m.limit_moved THEN coalesce(next.immediate, false) ELSE h.immediate END,
        basis = CASE WHEN m.limit_moved THEN next.basis ELSE h.basis END,
        cancellation_asked_at = coalesce(m.cancellation_asked_at, h.cancellation_asked_at),
        attestation_confirmed_at = coalesce(m.attestation_confirmed_at, h.attestation_confirmed_at)
        FROM jsonb_to_recordset(decided -> 'marks') AS m (id uuid, first_contact_at timestamptz, overdue_since timestamptz, rung smallint,
            cancellation_asked_at timestamptz, attestation_confirmed_at timestamptz, entries integer, limit_moved boolean)
            LEFT JOIN LATERAL (SELECT k.due_at, k.immediate, k.basis FROM referral.clock k
                WHERE k.hand_off_id = m.id AND k.state IN ('running', 'lapsed') AND k.stopped_at IS NULL ORDER BY k.due_at LIMIT 1) next ON m.limit_moved, referral.referral r
        WHERE h.id = m.id AND h.case_id = the_case AND r.id = h.referral_id AND coalesce(m.entries, 1) > 0
            AND (m.limit_moved IS NOT TRUE OR EXISTS (SELECT FROM jsonb_to_recordset(decided -> 'clock_moves') AS c (id uuid, stood jsonb, extensions smallint)
                JOIN referral.clock k ON k.id = c.id WHERE k.hand_off_id = m.id AND num_nonnulls(c.stood, c.extensions) > 0)) AND CASE
            WHEN referral.my_role() = 'WORKER' THEN num_nonnulls(m.first_contact_at, m.cancellation_asked_at, m.attestation_confirmed_at) = 0
            WHEN num_nonnulls(m.overdue_since, m.rung) > 0 THEN false
            WHEN num_nonnulls(m.first_contact_at, m.cancellation_asked_at, m.attestation_confirmed_at) = 0 THEN
                m.limit_moved IS TRUE OR EXISTS (SELECT FROM jsonb_to_recordset(decided -> 'dockets') AS d (hand_off_id uuid) WHERE d.hand_off_id = m.id)
            ELSE (m.first_contact_at IS NULL OR referral.my_unit() IN (h.receiver_unit, r.holder_unit))
                AND (m.cancellation_asked_at IS NULL OR referral.my_unit() = h.sender_unit)
                AND (m.attestation_confirmed_at IS NULL OR referral.my_unit() = h.receiver_unit) END;
    GET DIAGNOSTICS marked = ROW_COUNT;
    IF marked <> jsonb_array_length(decided -> 'marks') THEN
        RAISE EXCEPTION 'a mark is set by whom it concerns' USING ERRCODE = 'RF013';
    END IF;
END $$;

-- What people write and number, in their own name: a note on the case by who works on it, the words of
-- an answer with the answer, a docket number of one's own agency on one's own hand-off.
CREATE FUNCTION referral.post_words(the_case uuid, decided jsonb) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE kept bigint;
BEGIN
    INSERT INTO referral.note SELECT n.* FROM jsonb_populate_recordset(NULL::referral.note, decided -> 'notes') n
        WHERE n.by_unit = referral.my_unit() AND n.by_member = referral.my_membership() AND CASE
            WHEN n.hand_off_id IS NOT NULL THEN n.kind IN ('decline', 'feedback', 'reason', 'attestation')
                AND EXISTS (SELECT FROM jsonb_to_recordset(decided -> 'moves') AS m (id uuid) WHERE m.id = n.hand_off_id)
            ELSE n.kind IN ('note', 'narrative') AND (decided ? 'cases' OR EXISTS (SELECT FROM referral.party p WHERE p.case_id = the_case AND referral.is_mine(p)
                AND p.relationship IN ('holder', 'participant'))) END;  -- what is filed now is the caller's, whose role may be to file only
    GET DIAGNOSTICS kept = ROW_COUNT;
    IF kept <> coalesce(jsonb_array_length(decided -> 'notes'), 0) THEN
        RAISE EXCEPTION 'a note is written in one''s own name, by who works on the case' USING ERRCODE = 'RF013';
    END IF;
    INSERT INTO referral.docket SELECT d.* FROM jsonb_populate_recordset(NULL::referral.docket, decided -> 'dockets') d
        JOIN referral.hand_off h ON h.id = d.hand_off_id AND h.case_id = the_case JOIN referral.referral r ON r.id = h.referral_id
        WHERE d.agency_id = referral.my_agency() AND referral.my_unit() IN (h.receiver_unit, h.sender_unit, r.holder_unit)
        ON CONFLICT (hand_off_id, agency_id) DO UPDATE SET number = excluded.number, key_version = excluded.key_version;
    GET DIAGNOSTICS kept = ROW_COUNT;
    IF kept <> coalesce(jsonb_array_length(decided -> 'dockets'), 0) THEN
        RAISE EXCEPTION 'a docket number is of one''s own agency, on one''s own hand-off' USING ERRCODE = 'RF013';
    END IF;
END $$;

-- What follows for referrals: closing, needs, events, clocks. Only where the caller holds, or has just
-- moved a hand-off of that referral, or is time itself. ``acting_on``: those referrals.
CREATE FUNCTION referral.post_consequences(the_case uuid, decided jsonb, acting_on uuid[]) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    changed bigint;
    wanted CONSTANT bigint := coalesce(jsonb_array_length(decided -> 'closures'), 0);
BEGIN
    INSERT INTO referral.clock SELECT k.* FROM jsonb_populate_recordset(NULL::referral.clock, decided -> 'clocks') k WHERE k.referral_id = ANY (acting_on);
    GET DIAGNOSTICS changed = ROW_COUNT;
    IF changed <> coalesce(jsonb_array_length(decided -> 'clocks'), 0) THEN
        RAISE EXCEPTION 'a clock runs for a referral the caller acts on' USING ERRCODE = 'RF014';
    END IF;
    -- The end of a limit moves with an extension, or when it goes on after it stood still; never else.
    UPDATE referral.clock k SET state = m.state, rung = m.rung, next_at = m.next_at, stopped_at = m.stopped_at, stood = coalesce(m.stood, k.stood), extensions = coalesce(m.extensions, k.extensions),
            due_at = coalesce(m.due_at, k.due_at), rungs = coalesce(m.rungs, k.rungs), derivation = coalesce(m.derivation, k.derivation), calendar = coalesce(m.calendar, k.calendar)
        FROM jsonb_to_recordset(decided -> 'clock_moves') AS m (id uuid, state text, rung smallint, next_at timestamptz, stopped_at timestamptz, stood jsonb, extensions smallint,
            due_at timestamptz, rungs jsonb, derivation jsonb, calendar text)
        WHERE k.id = m.id AND k.case_id = the_case AND k.referral_id = ANY (acting_on) AND coalesce(m.extensions - k.extensions, 0) IN (0, 1)
            AND (m.state <> 'paused' OR (m.next_at IS NULL AND coalesce(m.stood, k.stood) -> -1 -> 'until' = 'null'))
            AND (num_nonnulls(m.due_at, m.rungs, m.derivation, m.calendar) = 0 OR m.extensions > k.extensions
                OR (m.state <> 'paused' AND (k.state = 'paused' OR jsonb_array_length(m.stood) > jsonb_array_length(k.stood))));
    GET DIAGNOSTICS changed = ROW_COUNT;
    IF changed <> (SELECT count(DISTINCT m.id) FROM jsonb_to_recordset(decided -> 'clock_moves') AS m (id uuid)) THEN
        RAISE EXCEPTION 'a clock is stopped by who acts on its referral' USING ERRCODE = 'RF014';
    END IF;
    UPDATE referral.referral r SET version = r.version + m.entries, needed = coalesce(m.needed, r.needed), withheld = coalesce(m.withheld, r.withheld), results = coalesce(m.results, r.results)
        FROM jsonb_to_recordset(decided -> 'referral_changes') AS m (id uuid, entries integer, needed jsonb, withheld jsonb, results jsonb)
        WHERE r.id = m.id AND r.case_id = the_case AND r.id = ANY (acting_on) AND m.entries > 0;
    GET DIAGNOSTICS changed = ROW_COUNT;
    IF changed <> coalesce(jsonb_array_length(decided -> 'referral_changes'), 0) THEN
        RAISE EXCEPTION 'a referral is changed by who acts on it' USING ERRCODE = 'RF014';
    END IF;
    -- Closing is the holder's, or follows from the end of a hand-off: never from opening a letter.
    UPDATE referral.referral r SET state = 'closed', closed_at = m.at, outcome = m.outcome, version = r.version + 1
        FROM jsonb_to_recordset(decided -> 'closures') AS m (id uuid, at timestamptz, outcome text)
        WHERE r.id = m.id AND r.case_id = the_case AND r.closed_at IS NULL AND r.id = ANY (acting_on) AND (m.outcome IN ('ENTERED_IN_ERROR', 'MERGED')) IS NOT TRUE AND (r.holder_unit = referral.my_unit()
            OR EXISTS (SELECT FROM jsonb_to_recordset(decided -> 'moves') AS a (id uuid, to_state text) JOIN referral.hand_off h ON h.id = a.id
                WHERE h.referral_id = r.id AND h.receiver_unit = referral.my_unit() AND a.to_state IN ('rejected', 'completed', 'failed')));
    GET DIAGNOSTICS changed = ROW_COUNT;
    IF changed <> wanted THEN
        RAISE EXCEPTION 'a closed referral is not closed again, and only who acts on one closes it' USING ERRCODE = 'RF010';
    END IF;
    INSERT INTO referral.event SELECT v.* FROM jsonb_populate_recordset(NULL::referral.event, decided -> 'events') v
        WHERE v.referral_id = ANY (acting_on) AND (v.by_member IS NULL OR v.by_member = referral.my_membership())
            AND v.by_unit IN (referral.my_unit(), (SELECT r.holder_unit FROM referral.referral r WHERE r.id = v.referral_id));
    GET DIAGNOSTICS changed = ROW_COUNT;
    IF changed <> coalesce(jsonb_array_length(decided -> 'events'), 0) THEN
        RAISE EXCEPTION 'an event is recorded in one''s own name, for a referral one acts on' USING ERRCODE = 'RF014';
    END IF;
    IF decided ? 'case_changes' THEN
        UPDATE referral.case c SET voice_contact_at = coalesce(m.voice_contact_at, c.voice_contact_at), urgency = coalesce(m.urgency, c.urgency),
            voice_attempts = c.voice_attempts + coalesce(m.voice_attempts, 0::smallint), lead_referral = coalesce(m.lead_referral, c.lead_referral), warnings = c.warnings || coalesce(m.warnings, '[]')
            FROM jsonb_to_record(decided -> 'case_changes') AS m (voice_contact_at timestamptz, urgency text, voice_attempts smallint, lead_referral uuid, warnings jsonb)
            WHERE c.id = the_case AND cardinality(acting_on) > 0 AND coalesce(m.voice_attempts, 0) >= 0
                AND (m.lead_referral IS NULL OR m.lead_referral = ANY (acting_on));
        GET DIAGNOSTICS changed = ROW_COUNT;
        IF changed <> 1 THEN RAISE EXCEPTION 'a case is changed by who acts on it' USING ERRCODE = 'RF014'; END IF;
    END IF;
END $$;

-- The last look, when everything stands: nothing of another case came in with a row, and the entries
-- say exactly what was done. This is what `referral audit verify` would ask afterwards, asked before.
CREATE FUNCTION referral.look_again(the_case uuid, decided jsonb) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE wrong text;
BEGIN
    SELECT string_agg(DISTINCT part.key, ', ') INTO wrong
    FROM jsonb_each(decided) part, jsonb_array_elements(CASE jsonb_typeof(part.value) WHEN 'array' THEN part.value ELSE '[]' END) piece
    WHERE part.key NOT IN ('keys', 'entries', 'streams') AND (piece ->> 'case_id' <> the_case::text
        OR (piece ->> 'person_id' IS NOT NULL AND NOT EXISTS (SELECT FROM referral.person x WHERE x.id = (piece ->> 'person_id')::uuid AND x.case_id = the_case))
        OR (piece ->> 'household_id' IS NOT NULL AND NOT EXISTS (SELECT FROM referral.household x WHERE x.id = (piece ->> 'household_id')::uuid AND x.case_id = the_case))
        OR (piece ->> 'referral_id' IS NOT NULL AND NOT EXISTS (SELECT FROM referral.referral x WHERE x.id = (piece ->> 'referral_id')::uuid AND x.case_id = the_case))
        OR (piece ->> 'hand_off_id' IS NOT NULL AND NOT EXISTS (SELECT FROM referral.hand_off x WHERE x.id = (piece ->> 'hand_off_id')::uuid AND x.case_id = the_case
            AND x.referral_id = coalesce((piece ->> 'referral_id')::uuid, x.referral_id))));
    IF wrong IS NOT NULL THEN
        RAISE EXCEPTION 'one call changes one case: %', wrong USING ERRCODE = 'RF009';
    END IF;

    WITH entry AS (
        SELECT h ->> 'act' AS act, h ->> 'object_type' AS object_type, (h ->> 'object')::uuid AS object, h ->> 'to' AS stands, (h ->> 'seq')::bigint AS seq
        FROM (SELECT x.header::jsonb AS h FROM jsonb_to_recordset(decided -> 'entries') AS x (header text)) e WHERE h ->> 'act' NOT IN ('act.refused', 'case.read')
    ), told AS (
        SELECT object_type, object, count(*) AS n, (array_agg(stands ORDER BY seq DESC) FILTER (WHERE stands IS NOT NULL))[1] AS stands
        FROM entry WHERE object_type IN ('hand_off', 'referral', 'panel', 'screening', 'attachment', 'consent', 'proposal', 'exclusion') GROUP BY 1, 2
    ), effect AS (
        SELECT 'hand_off' AS object_type, m.id, 'hand_off.' || CASE m.act WHEN 'acknowledge' THEN 'received' WHEN 'accept' THEN 'accepted' WHEN 'decline' THEN 'declined' WHEN 'start' THEN 'started'
                WHEN 'hold' THEN 'held' WHEN 'resume' THEN 'resumed' WHEN 'complete' THEN 'completed' WHEN 'fail' THEN 'failed' WHEN 'cancel' THEN 'cancelled' END AS act, m.entries AS n
            FROM jsonb_to_recordset(decided -> 'moves') AS m (id uuid, act text, entries integer)
        UNION ALL SELECT 'hand_off', m.id, NULL, coalesce(m.entries, 1) FROM jsonb_to_recordset(decided -> 'marks') AS m (id uuid, entries integer)
        UNION ALL SELECT 'hand_off', o.id, 'hand_off.requested', 1 FROM jsonb_to_recordset(decided -> 'hand_offs') AS o (id uuid)
        UNION ALL SELECT 'screening', o.id, 'screening.overridden', 1 FROM jsonb_to_recordset(decided -> 'overrides') AS o (id uuid)
        UNION ALL SELECT 'proposal', p.id, 'proposal.asked', 1 FROM jsonb_to_recordset(decided -> 'proposals') AS p (id uuid)
        UNION ALL SELECT 'proposal', a.id, 'proposal.' || a.answer, 1 FROM jsonb_to_recordset(decided -> 'answers') AS a (id uuid, answer text)
        UNION ALL SELECT 'exclusion', x.id, 'exclusion.set', 1 FROM jsonb_to_recordset(decided -> 'exclusions') AS x (id uuid)
        UNION ALL SELECT 'exclusion', p.about[1], 'exclusion.lifted', 1 FROM jsonb_to_recordset(decided -> 'answers') AS a (id uuid, answer text)
            JOIN referral.proposal p ON p.id = a.id AND p.act = 'lift_exclusion' WHERE a.answer = 'approved'
        UNION ALL SELECT 'referral', r.id, 'referral.closed', 1 FROM referral.referral r
            WHERE decided ? 'answers' AND r.case_id = the_case AND r.closed_at = referral.my_moment() AND r.outcome IN ('ENTERED_IN_ERROR', 'MERGED')
        UNION ALL SELECT 'hand_off', h.id, 'hand_off.cancelled', 1 FROM referral.hand_off h
            WHERE decided ? 'answers' AND h.case_id = the_case AND h.ended_at = referral.my_moment() AND h.reason_code IN ('ENTERED_IN_ERROR', 'MERGED')
        UNION ALL SELECT 'panel', p.id, 'panel.decided', 1 FROM jsonb_to_recordset(decided -> 'panels') AS p (id uuid)
        UNION ALL SELECT 'consent', c.id, 'consent.recorded', 1 FROM jsonb_to_recordset(decided -> 'consents') AS c (id uuid)
        UNION ALL SELECT 'consent', w.id, 'consent.withdrawn', 1 FROM jsonb_to_recordset(decided -> 'consent_withdrawals') AS w (id uuid)
        UNION ALL SELECT 'referral', b.id, 'referral.basis_changed', 1 FROM jsonb_to_recordset(decided -> 'bases') AS b (id uuid)
        UNION ALL SELECT 'referral', m.id, 'referral.reassigned', 1 FROM jsonb_to_recordset(decided -> 'reassignments') AS m (id uuid)
        UNION ALL SELECT 'attachment', a.id, 'attachment.added', 1 FROM jsonb_to_recordset(decided -> 'attachments') AS a (id uuid)
        UNION ALL SELECT 'attachment', f.id, 'attachment.' || CASE f.state WHEN 'viewable' THEN 'passed' ELSE 'refused' END, 1 FROM jsonb_to_recordset(decided -> 'attachment_findings') AS f (id uuid, state text)
        UNION ALL SELECT 'referral', o.id, 'referral.opened', 1 FROM jsonb_to_recordset(decided -> 'referrals') AS o (id uuid)
        UNION ALL SELECT 'referral', c.referral_id, 'referral.custody_moved', 1 FROM jsonb_to_recordset(decided -> 'custody') AS c (referral_id uuid)
        UNION ALL SELECT 'referral', c.id, 'referral.closed', 1 FROM jsonb_to_recordset(decided -> 'closures') AS c (id uuid)
        UNION ALL SELECT 'referral', c.id, NULL, c.entries FROM jsonb_to_recordset(decided -> 'referral_changes') AS c (id uuid, entries integer)
    ), said AS (  -- joined, not asked row by row: one call may file a thousand persons
        SELECT act, object, array_agg(coalesce(stands, '')) AS stands FROM entry GROUP BY 1, 2
    ), done AS (
        SELECT f.object_type, f.id, sum(f.n) AS n, bool_or(f.act IS NOT NULL AND (s.object IS NULL OR (f.act IN ('referral.custody_moved', 'referral.opened')
            AND ((SELECT r.holder_unit::text FROM referral.referral r WHERE r.id = f.id) = ANY (s.stands)) IS NOT TRUE))) AS untold
        FROM effect f LEFT JOIN said s ON s.act = f.act AND s.object = f.id GROUP BY 1, 2
    )
    SELECT string_agg(coalesce(d.object_type, t.object_type) || ' ' || coalesce(d.id, t.object), ', ') INTO wrong
    FROM done d FULL JOIN told t ON t.object_type = d.object_type AND t.object = d.id
    WHERE d.n IS DISTINCT FROM t.n::numeric OR d.untold
        OR (t.object_type = 'hand_off' AND t.stands IS DISTINCT FROM (SELECT h.state FROM referral.hand_off h WHERE h.id = t.object));
    IF wrong IS NOT NULL
            OR (SELECT count(*) FROM jsonb_to_recordset(decided -> 'entries') AS x (header text) WHERE x.header::jsonb ->> 'act' = 'event.recorded' AND x.header::jsonb ->> 'object' = the_case::text)
                <> coalesce(jsonb_array_length(decided -> 'events'), 0)
            OR (SELECT s.stream_id::text FROM referral.stream_head s WHERE s.subject = the_case) IN (SELECT x.header::jsonb ->> 'stream' FROM jsonb_to_recordset(decided -> 'entries') AS x (header text)) IS NOT TRUE THEN
        RAISE EXCEPTION 'the entries do not say what was done: %', coalesce(wrong, 'events, or nothing of the case') USING ERRCODE = 'RF015';
    END IF;
END $$;

-- The answer of an act, kept for whoever sends the same key again.
CREATE FUNCTION referral.post_answer(kept jsonb) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    INSERT INTO referral.idempotency (membership_id, key_hash, request_hash, country, status, answer, created_at)
        SELECT referral.my_membership(), decode(i.key_hash, 'hex'), decode(i.request_hash, 'hex'), referral.my_country(), i.status, i.answer, i.created_at
        FROM jsonb_to_record(kept) AS i (key_hash text, request_hash text, status smallint, answer jsonb, created_at timestamptz);
$$;

CREATE FUNCTION referral.carry_out(decided jsonb) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    the_case CONSTANT uuid := (decided ->> 'case_id')::uuid;
    my_role CONSTANT text := referral.my_role();
    filing CONSTANT boolean := decided ? 'cases';
    effects CONSTANT boolean := EXISTS (SELECT FROM jsonb_object_keys(decided) part WHERE part NOT IN ('case_id', 'entries', 'keys', 'streams', 'idempotency'));
    acting_on uuid[];
BEGIN
    IF referral.my_country() IS NULL OR my_role IS NULL THEN
        RAISE EXCEPTION 'nobody is acting' USING ERRCODE = 'RF006';
    END IF;
    IF EXISTS (SELECT FROM jsonb_object_keys(decided) part WHERE part <> ALL (ARRAY['case_id', 'entries', 'keys', 'streams', 'idempotency', 'cases', 'households', 'persons', 'workplaces',
            'case_facts', 'screenings', 'overrides', 'identities', 'safeties', 'narratives', 'reporters', 'referrals', 'moves', 'custody', 'hand_offs', 'clocks', 'clock_moves', 'marks', 'referral_changes',
            'closures', 'case_changes', 'events', 'notes', 'dockets', 'panels', 'panel_members', 'attachments', 'attachment_findings', 'consents', 'consent_withdrawals', 'bases', 'proposals', 'answers', 'exclusions', 'reassignments', 'blinds', 'outbox'])) OR (effects AND the_case IS NULL) THEN
        RAISE EXCEPTION 'this is no part of a decision, or a decision about no case' USING ERRCODE = 'RF009';
    END IF;
    -- Only people who work on cases touch one, be it only with an entry; a coordinator may file. The
    -- clockwork may only let time pass: it moves no state, closes nothing and writes about nobody.
    IF the_case IS NOT NULL AND my_role NOT IN ('OFFICER', 'SUPERVISOR', 'WORKER') AND NOT (filing AND my_role = 'COORDINATOR')
            OR my_role = 'WORKER' AND EXISTS (SELECT FROM jsonb_object_keys(decided) part WHERE part NOT IN
                ('case_id', 'entries', 'clocks', 'clock_moves', 'marks', 'hand_offs', 'referral_changes', 'case_changes', 'events', 'attachment_findings', 'outbox')) THEN
        RAISE EXCEPTION 'this role does not work on cases' USING ERRCODE = 'RF007';
    END IF;
    IF the_case IS NOT NULL AND NOT filing THEN
        PERFORM FROM referral.case c WHERE c.id = the_case AND num_nonnulls(c.erased_at) = 0 FOR UPDATE;
        IF NOT FOUND OR (my_role <> 'WORKER' AND NOT EXISTS (SELECT FROM referral.party p WHERE p.case_id = the_case AND referral.is_mine(p))) THEN
            RAISE EXCEPTION 'no such case' USING ERRCODE = 'RF008';
        END IF;
    END IF;

    PERFORM referral.post_entries(the_case, decided);
    IF decided ? 'idempotency' THEN PERFORM referral.post_answer(decided -> 'idempotency'); END IF;
    IF decided ?| ARRAY['cases', 'households', 'persons', 'workplaces', 'case_facts', 'screenings', 'overrides', 'identities', 'safeties', 'narratives', 'reporters', 'blinds', 'referrals'] THEN
        PERFORM referral.post_case(the_case, decided);
    END IF;
    IF effects THEN
        -- What the caller holds now or time touches; moves that pass their own check add theirs.
        acting_on := ARRAY(SELECT r.id FROM referral.referral r JOIN referral.person p ON p.id = r.person_id
            WHERE r.case_id = the_case AND (r.holder_unit = referral.my_unit() OR my_role = 'WORKER') AND num_nonnulls(p.erased_at) = 0);
        IF decided ? 'moves' THEN
            PERFORM referral.post_moves(the_case, decided);
            acting_on := acting_on || ARRAY(SELECT h.referral_id FROM jsonb_to_recordset(decided -> 'moves') AS m (id uuid) JOIN referral.hand_off h ON h.id = m.id);
        END IF;
        IF decided ? 'custody' THEN PERFORM referral.post_custody(the_case, decided -> 'custody', decided -> 'moves'); END IF;
        IF decided ? 'hand_offs' THEN
            IF EXISTS (SELECT FROM jsonb_to_recordset(decided -> 'hand_offs') AS h (referral_id uuid, sender_member uuid)
                    WHERE (h.referral_id = ANY (acting_on)) IS NOT TRUE OR coalesce(h.sender_member, referral.my_membership()) IS DISTINCT FROM referral.my_membership()) THEN
                RAISE EXCEPTION 'a hand-off is opened in one''s own name, by who acts on its referral' USING ERRCODE = 'RF005';
            END IF;
            PERFORM referral.post_hand_offs(the_case, decided -> 'hand_offs');
        END IF;
        PERFORM referral.post_consequences(the_case, decided, acting_on);
        IF decided ?| ARRAY['panels', 'panel_members'] THEN PERFORM referral.post_panels(the_case, decided, acting_on); END IF;
        IF decided ?| ARRAY['attachments', 'attachment_findings'] THEN PERFORM referral.post_attachments(the_case, decided, acting_on); END IF;
        IF decided ?| ARRAY['consents', 'consent_withdrawals', 'bases'] THEN PERFORM referral.post_consents(the_case, decided, acting_on); END IF;
        IF decided ?| ARRAY['proposals', 'answers', 'exclusions'] THEN PERFORM referral.post_need(the_case, decided); END IF;
        IF decided ? 'reassignments' THEN PERFORM referral.post_reassignments(the_case, decided); END IF;
        IF decided ? 'marks' THEN PERFORM referral.post_marks(the_case, decided); END IF;
        IF decided ?| ARRAY['notes', 'dockets'] THEN PERFORM referral.post_words(the_case, decided); END IF;
        IF decided ?| ARRAY['consents', 'consent_withdrawals', 'bases'] OR (decided ?| ARRAY['moves', 'custody']
                AND EXISTS (SELECT FROM referral.referral r WHERE r.case_id = the_case AND r.lawful_basis = 'CONSENT')) THEN
            PERFORM referral.settle_consents(the_case, coalesce(referral.my_moment(), statement_timestamp()));
        END IF;
        INSERT INTO referral.outbox (id, country, kind, case_id, hand_off_id, to_unit, to_role, to_member, occurred_at)
            SELECT o.id, referral.my_country(), o.kind, the_case, o.hand_off_id, o.to_unit, o.to_role, o.to_member, o.occurred_at
            FROM jsonb_to_recordset(decided -> 'outbox') AS o (id uuid, kind text, hand_off_id uuid, to_unit uuid, to_role text, to_member uuid, occurred_at timestamptz);
    END IF;
    IF the_case IS NOT NULL THEN PERFORM referral.look_again(the_case, decided); END IF;
END $$;
