-- Erasure of a case or of one person, legal holds, and what has been kept long enough. Columns of older
-- tables that it needs (erased_at, legal_hold, ground) stand where these are made.

-- While one stands nothing of the case is erased, struck out or merged. Set by one, lifted by two.
CREATE TABLE referral.legal_hold (
    id          uuid PRIMARY KEY,
    case_id     uuid NOT NULL REFERENCES referral.case (id),
    country     text NOT NULL,
    set_unit    uuid NOT NULL REFERENCES agencies.unit (id),
    set_by      uuid NOT NULL REFERENCES agencies.membership (id),
    set_at      timestamptz NOT NULL,
    key_version integer NOT NULL,
    content     bytea NOT NULL,                    -- why, and on what it rests (a court's letter): under a key of its own
    lifted_at   timestamptz
);
CREATE INDEX ON referral.legal_hold (case_id);

-- What the clockwork has noticed, once: the period of the country's file is over. It erases nothing.
CREATE TABLE referral.retention (
    case_id   uuid PRIMARY KEY REFERENCES referral.case (id),
    country   text NOT NULL,
    reference text NOT NULL,
    closed_at timestamptz NOT NULL,                -- of the last referral
    noted_at  timestamptz NOT NULL
);
CREATE INDEX referral_closed ON referral.referral (country, closed_at) WHERE state = 'closed';

-- What was erased: of a case that is gone this is what may still be told, and to whom.
CREATE TABLE referral.erasure (
    id        uuid PRIMARY KEY REFERENCES referral.proposal (id),
    case_id   uuid NOT NULL REFERENCES referral.case (id),
    person_id uuid REFERENCES referral.person (id),  -- of one person; none: the whole case
    country   text NOT NULL,
    reference text NOT NULL,
    number    smallint,
    ground    text NOT NULL,
    erased_at timestamptz NOT NULL,
    units     uuid[] NOT NULL                      -- who had a part in it to the last: told that it is gone
);
CREATE INDEX ON referral.erasure (case_id);

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['legal_hold', 'retention', 'erasure'] LOOP
        EXECUTE format('ALTER TABLE referral.%I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE referral.%I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('GRANT SELECT ON referral.%I TO referral_app', t);
        EXECUTE format('GRANT SELECT, INSERT ON referral.%I TO referral_effector', t);
        EXECUTE format('CREATE POLICY carry_out ON referral.%I TO referral_effector USING (country = (SELECT referral.my_country())) WITH CHECK (country = (SELECT referral.my_country()))', t);
        EXECUTE format('CREATE POLICY verify ON referral.%I FOR SELECT TO referral_auditor_ro USING (true)', t);
    END LOOP;
    -- What is destroyed: rows of sealed and clear fields, and keys. Only the effector, only by forget().
    FOREACH t IN ARRAY ARRAY['household', 'case_facts', 'workplace', 'screening', 'person_identity', 'person_safety', 'person_narrative', 'reporter', 'docket', 'note',
            'blind_index', 'panel_member', 'attachment_content', 'meeting_task', 'idempotency', 'audit_body'] LOOP
        EXECUTE format('GRANT DELETE ON referral.%I TO referral_effector', t);
    END LOOP;
    FOREACH t IN ARRAY ARRAY['legal_hold', 'note', 'event', 'panel_decision', 'screening_override'] LOOP
        EXECUTE format('GRANT UPDATE ON referral.%I TO referral_effector', t);
    END LOOP;
END $$;
GRANT DELETE ON vault.data_key TO referral_effector;
GRANT SELECT (id, case_id, country, lifted_at) ON referral.legal_hold TO referral_auditor_ro;
GRANT SELECT (case_id, country) ON referral.retention TO referral_auditor_ro;
GRANT SELECT (id, case_id, person_id, country) ON referral.erasure TO referral_auditor_ro;
GRANT SELECT (person_id) ON referral.screening_override TO referral_auditor_ro;
GRANT SELECT (referral_id) ON referral.attachment, referral.panel_decision TO referral_auditor_ro;

-- Bodies of the log go with the case they are about, and no other way.
CREATE FUNCTION referral.refuse_forgetting() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_OP = 'DELETE' AND EXISTS (SELECT FROM referral.erasure e WHERE e.case_id = OLD.subject AND e.country = OLD.country) THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'the audit log is append-only: % on % refused', TG_OP, TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON referral.audit_body FOR EACH ROW EXECUTE FUNCTION referral.refuse_forgetting();

-- Whoever holds the case knows of a hold and of a period that is over; whoever protects data, of all.
CREATE POLICY read ON referral.legal_hold FOR SELECT TO referral_app USING (
    country = (SELECT referral.my_country())
    AND EXISTS (SELECT FROM referral.party p WHERE p.case_id = legal_hold.case_id AND p.unit_id = (SELECT referral.my_unit()) AND p.until IS NULL AND p.relationship = 'holder'));
CREATE POLICY read_officer ON referral.legal_hold FOR SELECT TO referral_app USING (
    country = (SELECT referral.my_country()) AND (SELECT referral.my_role()) = 'DATA_PROTECTION_OFFICER' AND NOT referral.kept_out(case_id));
CREATE POLICY read ON referral.retention FOR SELECT TO referral_app USING (
    country = (SELECT referral.my_country())
    AND EXISTS (SELECT FROM referral.party p WHERE p.case_id = retention.case_id AND p.unit_id = (SELECT referral.my_unit()) AND p.until IS NULL AND p.relationship = 'holder'));
CREATE POLICY read_officer ON referral.retention FOR SELECT TO referral_app USING (
    country = (SELECT referral.my_country()) AND (SELECT referral.my_role()) = 'DATA_PROTECTION_OFFICER' AND NOT referral.kept_out(case_id));
CREATE POLICY read ON referral.erasure FOR SELECT TO referral_app USING (
    country = (SELECT referral.my_country()) AND (SELECT referral.my_unit()) = ANY (units)
    AND (SELECT referral.my_role()) IN ('OFFICER', 'SUPERVISOR') AND NOT referral.kept_out(case_id));
CREATE POLICY read_officer ON referral.erasure FOR SELECT TO referral_app USING (
    country = (SELECT referral.my_country()) AND (SELECT referral.my_role()) IN ('DATA_PROTECTION_OFFICER', 'AUDITOR'));
CREATE POLICY read_erasure ON referral.proposal FOR SELECT TO referral_app USING (
    country = (SELECT referral.my_country()) AND act IN ('erase', 'lift_hold') AND (SELECT referral.my_role()) = 'DATA_PROTECTION_OFFICER' AND NOT referral.kept_out(case_id));

-- What stands against erasing this case, or this person of it: codes, empty when nothing does. Of a
-- person without a referral of her own (a relative, the accused) the whole case has to be over.
CREATE FUNCTION referral.against_erasing(the_case uuid, the_person uuid) RETURNS text[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT ARRAY(SELECT code FROM (
        SELECT 1 AS n, 'gone' AS code WHERE NOT EXISTS (SELECT FROM referral.case c WHERE c.id = the_case AND num_nonnulls(c.erased_at) = 0
            AND (num_nonnulls(the_person) = 0 OR EXISTS (SELECT FROM referral.person p WHERE p.id = the_person AND p.case_id = the_case AND num_nonnulls(p.erased_at) = 0)))
        UNION ALL SELECT 2, 'hold' WHERE EXISTS (SELECT FROM referral.case c WHERE c.id = the_case AND c.legal_hold)
        UNION ALL SELECT 3, 'open' WHERE EXISTS (SELECT FROM referral.referral r WHERE r.case_id = the_case AND r.state = 'open' AND (num_nonnulls(the_person) = 0 OR r.person_id = the_person
            OR NOT EXISTS (SELECT FROM referral.referral o WHERE o.case_id = the_case AND o.person_id = the_person)))
        UNION ALL SELECT 4, 'glass' WHERE EXISTS (SELECT FROM referral.glass g WHERE g.case_id = the_case AND num_nonnulls(g.reviewed_at) = 0)
        UNION ALL SELECT 5, 'file' WHERE EXISTS (SELECT FROM referral.attachment a WHERE a.case_id = the_case AND a.state = 'quarantined')) found ORDER BY n);
$$;

-- Everything an act here needs to know, the case locked: by its reference, by a proposal, by a hold. NULL
-- for whoever neither holds the case nor protects data, and for whoever is kept out of it.
CREATE FUNCTION referral.lock_erasure(wanted text, proposed uuid, holding uuid) RETURNS jsonb
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE the_case uuid;
BEGIN
    SELECT found.id INTO the_case FROM (
        SELECT c.id FROM referral.case c WHERE c.reference = wanted
        UNION ALL SELECT p.case_id FROM referral.proposal p WHERE p.id = proposed AND p.act IN ('erase', 'lift_hold')
        UNION ALL SELECT o.case_id FROM referral.legal_hold o WHERE o.id = holding) found;
    IF the_case IS NULL OR referral.kept_out(the_case) OR NOT (referral.my_role() = 'DATA_PROTECTION_OFFICER'
            OR EXISTS (SELECT FROM referral.party p WHERE p.case_id = the_case AND referral.is_mine(p) AND p.relationship = 'holder')) THEN
        RETURN NULL;
    END IF;
    PERFORM FROM referral.case c WHERE c.id = the_case FOR UPDATE;
    RETURN (SELECT jsonb_build_object('case_id', c.id, 'legal_hold', c.legal_hold, 'erased_at', c.erased_at,
        'against', referral.against_erasing(c.id, NULL), 'noted', EXISTS (SELECT FROM referral.retention t WHERE t.case_id = c.id),
        'persons', (SELECT jsonb_agg(jsonb_build_object('id', p.id, 'number', p.number, 'against', referral.against_erasing(c.id, p.id)) ORDER BY p.number) FROM referral.person p WHERE p.case_id = c.id),
        -- About everybody in it: what may name a person whose own rows go. Who asks for her says which go too.
        'notes', (SELECT coalesce(jsonb_agg(jsonb_build_object('id', n.id, 'kind', n.kind, 'written_at', n.written_at) ORDER BY n.written_at, n.id), '[]') FROM referral.note n
            WHERE n.case_id = c.id AND n.kind IN ('note', 'narrative') AND num_nonnulls(n.person_id, n.hand_off_id) = 0 AND octet_length(n.content) > 0),
        'waiting', (SELECT coalesce(jsonb_agg(jsonb_build_object('act', q.act, 'about', q.about)), '[]') FROM referral.proposal q
            WHERE q.case_id = c.id AND q.act IN ('erase', 'lift_hold') AND num_nonnulls(q.answer) = 0 AND q.expires_at > referral.my_moment()),
        'asked', (SELECT jsonb_build_object('act', q.act, 'about', q.about, 'asked_member', q.asked_member, 'asked_unit', q.asked_unit, 'expires_at', q.expires_at, 'answer', q.answer,
            'against', referral.against_erasing(c.id, q.about[1])) FROM referral.proposal q WHERE q.id = proposed),
        'lifted', (SELECT num_nonnulls(o.lifted_at) = 1 FROM referral.legal_hold o WHERE o.id = holding),
        'holders', (SELECT jsonb_agg(DISTINCT r.holder_unit) FROM referral.referral r WHERE r.case_id = c.id),
        'officers', (SELECT coalesce(jsonb_agg(DISTINCT m.unit_id), '[]') FROM agencies.membership m JOIN agencies.unit u ON u.id = m.unit_id
            WHERE m.role = 'DATA_PROTECTION_OFFICER' AND u.country = c.country),
        'head', (SELECT jsonb_build_object('stream_id', s.stream_id, 'seq', s.seq, 'hash', s.hash, 'at', s.at) FROM referral.stream_head s WHERE s.subject = c.id),
        'key', (SELECT jsonb_build_object('subject', d.subject, 'kind', d.kind, 'version', d.version, 'wrapped', d.wrapped) FROM vault.data_key d WHERE d.subject = c.id))
        FROM referral.case c WHERE c.id = the_case);
END $$;

-- The key of a proposal or a hold, and what it is about (whoever protects data reads no envelope), to whom
-- row security shows it; NULL once it was destroyed.
CREATE FUNCTION referral.erasure_key(wanted uuid) RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT jsonb_build_object('subject', d.subject, 'kind', d.kind, 'version', d.version, 'wrapped', d.wrapped,
        'reference', (SELECT c.reference FROM referral.case c WHERE c.id = it.case_id), 'number', (SELECT p.number FROM referral.person p WHERE p.id = it.person_id),
        'notes_gone', (SELECT count(*) FROM referral.note n WHERE n.case_id = it.case_id AND n.id = ANY (it.notes)),
        'notes_left', (SELECT count(*) FROM referral.note n WHERE n.case_id = it.case_id AND n.id <> ALL (it.notes) AND num_nonnulls(it.person_id) = 1
            AND n.kind IN ('note', 'narrative') AND num_nonnulls(n.person_id, n.hand_off_id) = 0 AND octet_length(n.content) > 0))
    FROM vault.data_key d JOIN (SELECT q.id, q.case_id, CASE q.act WHEN 'erase' THEN q.about[1] END AS person_id, CASE q.act WHEN 'erase' THEN q.about[2:] ELSE '{}' END AS notes
            FROM referral.proposal q WHERE q.act IN ('erase', 'lift_hold')
        UNION ALL SELECT o.id, o.case_id, NULL, '{}' FROM referral.legal_hold o) it ON it.id = d.subject
    WHERE d.subject = wanted AND d.kind IN ('proposal', 'hold') AND NOT referral.kept_out(it.case_id) AND (referral.my_role() = 'DATA_PROTECTION_OFFICER'
        OR EXISTS (SELECT FROM referral.party p WHERE p.case_id = it.case_id AND referral.is_mine(p) AND p.relationship = 'holder'));
$$;

-- Since when is gone what this id (of a case, a referral, a hand-off) leads to: to those who had a part in
-- it to the last. NULL for everybody else, to whom it never was.
CREATE FUNCTION referral.gone_since(wanted uuid) RETURNS timestamptz
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT min(e.erased_at) FROM (
        SELECT wanted AS case_id, NULL::uuid AS person_id
        UNION ALL SELECT r.case_id, r.person_id FROM referral.referral r WHERE r.id = wanted
        UNION ALL SELECT h.case_id, h.person_id FROM referral.hand_off h WHERE h.id = wanted
        UNION ALL SELECT c.id, NULL FROM referral.case c WHERE c.client_id = wanted AND c.filed_by_unit = referral.my_unit()) it
        JOIN referral.erasure e ON e.case_id = it.case_id AND coalesce(e.person_id = it.person_id, num_nonnulls(e.person_id) = 0)
    WHERE referral.my_unit() = ANY (e.units) AND referral.my_role() IN ('OFFICER', 'SUPERVISOR') AND NOT referral.kept_out(e.case_id);
$$;

-- Destroys what is known of these persons (``whole``: and of the case itself). What stays: envelopes,
-- hand-offs with their times and states, limits, parties that are over, and every header of the log; they
-- say that something was done, by whom and when, and nothing of whom. Reasons, outcomes and what was
-- decided about a person go too: a decision about somebody must not outlive her erasure.
CREATE FUNCTION referral.forget(the_case uuid, persons uuid[], whole boolean) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    nothing CONSTANT bytea := '';
    referrals CONSTANT uuid[] := ARRAY(SELECT r.id FROM referral.referral r WHERE r.case_id = the_case AND r.person_id = ANY (persons));
    hand_offs CONSTANT uuid[] := ARRAY(SELECT h.id FROM referral.hand_off h WHERE h.case_id = the_case AND h.referral_id = ANY (referrals));
    files CONSTANT uuid[] := ARRAY(SELECT a.id FROM referral.attachment a WHERE a.case_id = the_case AND (whole OR a.referral_id = ANY (referrals)));
    items CONSTANT uuid[] := ARRAY(SELECT i.id FROM referral.meeting_item i WHERE i.case_id = the_case AND (whole OR i.hand_off_id = ANY (hand_offs)));
BEGIN
    -- Keys first: whatever else were forgotten here could not be read any more.
    DELETE FROM vault.data_key d WHERE d.subject = ANY (persons) OR (whole AND (d.case_id = the_case
        OR d.subject IN (SELECT g.id FROM referral.glass g WHERE g.case_id = the_case UNION ALL SELECT q.id FROM referral.proposal q WHERE q.case_id = the_case
            UNION ALL SELECT o.id FROM referral.legal_hold o WHERE o.case_id = the_case UNION ALL SELECT o.id FROM referral.operation o WHERE o.case_id = the_case)));
    DELETE FROM referral.blind_index b WHERE b.case_id = the_case AND b.person_id = ANY (persons);
    DELETE FROM referral.person_identity x WHERE x.person_id = ANY (persons);
    DELETE FROM referral.person_safety x WHERE x.person_id = ANY (persons);
    DELETE FROM referral.person_narrative x WHERE x.person_id = ANY (persons);
    DELETE FROM referral.case_facts x WHERE x.case_id = the_case AND (whole OR x.person_id = ANY (persons));
    DELETE FROM referral.screening x WHERE x.case_id = the_case AND x.person_id = ANY (persons);
    DELETE FROM referral.reporter x WHERE x.case_id = the_case AND (whole OR x.person_id = ANY (persons));
    DELETE FROM referral.docket x WHERE x.case_id = the_case AND (whole OR x.hand_off_id = ANY (hand_offs));
    DELETE FROM referral.note x WHERE x.case_id = the_case AND x.kind <> 'note' AND (whole OR x.hand_off_id = ANY (hand_offs) OR x.person_id = ANY (persons));
    DELETE FROM referral.panel_member x WHERE x.case_id = the_case AND (whole OR x.referral_id = ANY (referrals));
    DELETE FROM referral.attachment_content x WHERE x.attachment_id = ANY (files);
    DELETE FROM referral.meeting_task x WHERE x.item_id = ANY (items);
    -- Rows that the log counts stay, and say nothing any more.
    UPDATE referral.note x SET content = nothing WHERE x.case_id = the_case AND (whole OR x.hand_off_id = ANY (hand_offs) OR x.person_id = ANY (persons));
    UPDATE referral.screening_override x SET engine = 'erased', result = 'erased', reason = nothing WHERE x.case_id = the_case AND x.person_id = ANY (persons);
    UPDATE referral.consent x SET content = nothing WHERE x.case_id = the_case AND (whole OR x.referral_id = ANY (referrals));
    UPDATE referral.attachment x SET about = nothing WHERE x.id = ANY (files);
    UPDATE referral.panel_decision x SET outcome = 'erased' WHERE x.case_id = the_case AND (whole OR x.referral_id = ANY (referrals));
    UPDATE referral.proposal x SET reason = nothing WHERE x.case_id = the_case AND (whole OR x.about && (persons || referrals || hand_offs));
    UPDATE referral.bundle x SET record = NULL WHERE x.case_id = the_case AND (whole OR x.referral_id = ANY (referrals));
    UPDATE referral.event x SET event = 'erased' WHERE x.case_id = the_case AND (whole OR x.referral_id = ANY (referrals));
    UPDATE referral.referral x SET results = '[]', needed = '[]', withheld = '[]', outcome = CASE WHEN x.outcome IN ('ENTERED_IN_ERROR', 'MERGED') THEN x.outcome END WHERE x.id = ANY (referrals);
    UPDATE referral.hand_off x SET reason = jsonb_build_object('step', x.step, 'rule', 'erased', 'sources', '[]'::jsonb), reason_code = NULL, outcome = NULL, warnings = '[]' WHERE x.id = ANY (hand_offs);
    UPDATE referral.party x SET until = referral.my_moment() WHERE x.case_id = the_case AND (whole OR x.referral_id = ANY (referrals)) AND x.until IS NULL;
    UPDATE referral.person x SET erased_at = referral.my_moment(), identified = false, household_id = NULL WHERE x.case_id = the_case AND x.id = ANY (persons);
    -- Of one person goes what the log's bodies say of her own referrals; of a case, every body.
    DELETE FROM referral.audit_body b USING referral.audit_entry e WHERE e.id = b.entry_id AND b.subject = the_case AND (whole OR e.object_id = ANY (persons || referrals || hand_offs || files)
        OR e.object_id IN (SELECT c.id FROM referral.consent c WHERE c.referral_id = ANY (referrals) UNION ALL SELECT d.id FROM referral.panel_decision d WHERE d.referral_id = ANY (referrals)
            UNION ALL SELECT o.id FROM referral.screening_override o WHERE o.case_id = the_case AND o.person_id = ANY (persons)));
    IF NOT whole THEN
        RETURN;
    END IF;
    DELETE FROM referral.workplace x WHERE x.case_id = the_case;
    DELETE FROM referral.household x WHERE x.case_id = the_case;
    DELETE FROM referral.idempotency i WHERE i.answer ->> 'case_id' = the_case::text;
    UPDATE referral.exclusion x SET reason = nothing WHERE x.case_id = the_case;
    UPDATE referral.legal_hold x SET content = nothing WHERE x.case_id = the_case;
    UPDATE referral.glass x SET reason = nothing, words = CASE WHEN num_nonnulls(x.words) = 1 THEN nothing END WHERE x.case_id = the_case;
    UPDATE referral.operation x SET content = nothing, ending = CASE WHEN num_nonnulls(x.ending) = 1 THEN nothing END WHERE x.case_id = the_case;
    UPDATE referral.meeting_item x SET reference = 'erased', step = NULL, mandate = NULL, since = NULL WHERE x.id = ANY (items);
    UPDATE referral.case c SET warnings = '[]', erased_at = referral.my_moment() WHERE c.id = the_case;
END $$;

-- Asked by who holds the case, approved by who protects data; a hold set by either at once, lifted by
-- two; a period that is over noted by the clockwork. What follows is worked out here; the entries must
-- say exactly that.
CREATE FUNCTION referral.erase(decided jsonb) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    the_case CONSTANT uuid := (decided ->> 'case_id')::uuid;
    my_role CONSTANT text := referral.my_role();
    kept bigint; answered bigint := 0; wrong text; asked referral.proposal; done text[] := '{}';
BEGIN
    IF referral.my_country() IS NULL OR my_role NOT IN ('OFFICER', 'SUPERVISOR', 'DATA_PROTECTION_OFFICER', 'WORKER') OR (my_role = 'WORKER') <> (decided ? 'retentions') THEN
        RAISE EXCEPTION 'this role erases nothing' USING ERRCODE = 'RF007';
    END IF;
    IF the_case IS NULL OR EXISTS (SELECT FROM jsonb_object_keys(decided) part
            WHERE part <> ALL (CASE my_role WHEN 'WORKER' THEN ARRAY['case_id', 'entries', 'retentions', 'outbox'] ELSE ARRAY['case_id', 'entries', 'keys', 'idempotency', 'erasure_asks', 'erasure_answers', 'holds', 'outbox'] END)) THEN
        RAISE EXCEPTION 'this is no part of an erasure' USING ERRCODE = 'RF009';
    END IF;
    PERFORM FROM referral.case c WHERE c.id = the_case AND num_nonnulls(c.erased_at) = 0 FOR UPDATE;
    IF NOT FOUND OR referral.kept_out(the_case) OR (my_role IN ('OFFICER', 'SUPERVISOR')
            AND NOT EXISTS (SELECT FROM referral.party p WHERE p.case_id = the_case AND referral.is_mine(p) AND p.relationship = 'holder')) THEN
        RAISE EXCEPTION 'no such case' USING ERRCODE = 'RF008';
    END IF;
    PERFORM referral.post_entries(the_case, decided);

    INSERT INTO referral.retention SELECT t.* FROM jsonb_populate_recordset(NULL::referral.retention, decided -> 'retentions') t
        WHERE t.case_id = the_case AND t.reference = (SELECT c.reference FROM referral.case c WHERE c.id = the_case) AND t.closed_at = (SELECT max(r.closed_at) FROM referral.referral r WHERE r.case_id = the_case)
            AND NOT EXISTS (SELECT FROM referral.referral r WHERE r.case_id = the_case AND r.state = 'open');
    GET DIAGNOSTICS kept = ROW_COUNT;
    IF kept <> coalesce(jsonb_array_length(decided -> 'retentions'), 0) THEN
        RAISE EXCEPTION 'a period ends after everything of the case has closed' USING ERRCODE = 'RF028';
    END IF;
    IF kept > 0 THEN done := done || ('case.retention_passed ' || the_case); END IF;

    INSERT INTO referral.legal_hold SELECT o.* FROM jsonb_populate_recordset(NULL::referral.legal_hold, decided -> 'holds') o
        WHERE o.case_id = the_case AND o.set_unit = referral.my_unit() AND o.set_by = referral.my_membership() AND num_nonnulls(o.lifted_at) = 0;
    GET DIAGNOSTICS kept = ROW_COUNT;
    IF kept <> coalesce(jsonb_array_length(decided -> 'holds'), 0) THEN
        RAISE EXCEPTION 'a hold is set in one''s own name' USING ERRCODE = 'RF028';
    END IF;
    SELECT done || coalesce(array_agg('hold.set ' || o.id), '{}') INTO done FROM jsonb_to_recordset(decided -> 'holds') AS o (id uuid);

    INSERT INTO referral.proposal SELECT q.* FROM jsonb_populate_recordset(NULL::referral.proposal, decided -> 'erasure_asks') q
        WHERE q.case_id = the_case AND my_role IN ('OFFICER', 'SUPERVISOR') AND q.asked_unit = referral.my_unit() AND q.asked_by = referral.my_membership() AND q.asked_member = referral.my_member()
            AND q.asked_role = my_role AND num_nonnulls(q.answered_by, q.answered_member, q.answered_at, q.answer) = 0
            AND q.expires_at > referral.my_moment() AND q.expires_at <= referral.my_moment() + interval '14 days' AND CASE q.act
            WHEN 'erase' THEN greatest(cardinality(q.about) - 1, 0) = (SELECT count(*) FROM referral.note n WHERE n.case_id = the_case AND n.id = ANY (q.about[2:])
                    AND n.kind IN ('note', 'narrative') AND num_nonnulls(n.person_id, n.hand_off_id) = 0)
                AND referral.against_erasing(the_case, q.about[1]) = '{}'
                AND (q.ground <> 'RETENTION' OR EXISTS (SELECT FROM referral.retention t WHERE t.case_id = the_case))
            WHEN 'lift_hold' THEN cardinality(q.about) = 1 AND EXISTS (SELECT FROM referral.legal_hold o WHERE o.id = q.about[1] AND o.case_id = the_case AND num_nonnulls(o.lifted_at) = 0)
            ELSE false END;
    GET DIAGNOSTICS kept = ROW_COUNT;
    IF kept <> coalesce(jsonb_array_length(decided -> 'erasure_asks'), 0) THEN
        RAISE EXCEPTION 'an erasure is asked for in one''s own name, of what is over and under no hold' USING ERRCODE = 'RF028';
    END IF;
    SELECT done || coalesce(array_agg('proposal.asked ' || q.id), '{}') INTO done FROM jsonb_to_recordset(decided -> 'erasure_asks') AS q (id uuid);

    FOR asked IN
        UPDATE referral.proposal q SET answered_by = referral.my_membership(), answered_member = referral.my_member(), answered_at = referral.my_moment(), answer = a.answer
            FROM jsonb_to_recordset(decided -> 'erasure_answers') AS a (id uuid, answer text)
            WHERE q.id = a.id AND q.case_id = the_case AND q.act IN ('erase', 'lift_hold') AND my_role = 'DATA_PROTECTION_OFFICER' AND num_nonnulls(q.answer) = 0
                AND q.expires_at > referral.my_moment() AND q.asked_member <> referral.my_member()
            RETURNING q.*
    LOOP
        answered := answered + 1;
        done := done || ('proposal.' || asked.answer || ' ' || asked.id);
        CONTINUE WHEN asked.answer <> 'approved';
        IF asked.act = 'lift_hold' THEN
            UPDATE referral.legal_hold o SET lifted_at = referral.my_moment() WHERE o.id = asked.about[1] AND o.case_id = the_case AND num_nonnulls(o.lifted_at) = 0;
            GET DIAGNOSTICS kept = ROW_COUNT;
            IF kept <> 1 THEN RAISE EXCEPTION 'a hold is lifted once' USING ERRCODE = 'RF028'; END IF;
            done := done || ('hold.lifted ' || asked.about[1]);
            CONTINUE;
        END IF;
        IF EXISTS (SELECT FROM referral.case c WHERE c.id = the_case AND c.legal_hold) THEN
            RAISE EXCEPTION 'under a legal hold nothing is erased' USING ERRCODE = 'RF027';
        END IF;
        IF referral.against_erasing(the_case, asked.about[1]) <> '{}' THEN
            RAISE EXCEPTION 'what is open, opened in an emergency or looked through is not erased' USING ERRCODE = 'RF028';
        END IF;
        INSERT INTO referral.erasure (id, case_id, person_id, country, reference, number, ground, erased_at, units)
            SELECT asked.id, the_case, asked.about[1], c.country, c.reference, (SELECT p.number FROM referral.person p WHERE p.id = asked.about[1]), asked.ground, referral.my_moment(),
                -- Under a seal nobody is told who is not named on it, and units are not named.
                CASE WHEN c.sealed THEN '{}' ELSE ARRAY(SELECT DISTINCT p.unit_id FROM referral.party p JOIN referral.referral r ON r.id = p.referral_id
                    WHERE p.case_id = the_case AND p.until IS NULL AND p.expires_at > referral.my_moment() AND (cardinality(asked.about) = 0 OR r.person_id = asked.about[1])) END
            FROM referral.case c WHERE c.id = the_case;
        IF cardinality(asked.about) = 0 THEN
            PERFORM referral.forget(the_case, ARRAY(SELECT p.id FROM referral.person p WHERE p.case_id = the_case), true);
            done := done || ('case.erased ' || the_case);
        ELSE
            PERFORM referral.forget(the_case, asked.about[1:1], false);
            UPDATE referral.note n SET content = '' WHERE n.case_id = the_case AND n.id = ANY (asked.about[2:]);  -- they name her
            done := done || ('person.erased ' || asked.about[1]);
        END IF;
    END LOOP;
    IF answered <> coalesce(jsonb_array_length(decided -> 'erasure_answers'), 0) THEN
        RAISE EXCEPTION 'another person answers, who protects data, in time and once' USING ERRCODE = 'RF028';
    END IF;
    UPDATE referral.case c SET legal_hold = EXISTS (SELECT FROM referral.legal_hold o WHERE o.case_id = the_case AND num_nonnulls(o.lifted_at) = 0) WHERE c.id = the_case;
    INSERT INTO referral.outbox (id, country, kind, case_id, to_unit, to_role, occurred_at)
        SELECT o.id, referral.my_country(), o.kind, the_case, o.to_unit, o.to_role, o.occurred_at
        FROM jsonb_to_recordset(decided -> 'outbox') AS o (id uuid, kind text, to_unit uuid, to_role text, occurred_at timestamptz) WHERE o.kind LIKE 'erasure.%' OR o.kind LIKE 'hold.%';

    IF decided ? 'idempotency' THEN PERFORM referral.post_answer(decided -> 'idempotency'); END IF;  -- after what forgets older ones

    WITH told AS (
        SELECT (x.header::jsonb ->> 'act') || ' ' || (x.header::jsonb ->> 'object') AS it FROM jsonb_to_recordset(decided -> 'entries') AS x (header text)
    ), made AS (SELECT unnest(done) AS it)
    SELECT string_agg(coalesce(t.it, m.it), ', ') INTO wrong FROM told t FULL JOIN made m ON m.it = t.it WHERE t.it IS NULL OR m.it IS NULL;
    IF wrong IS NOT NULL OR cardinality(done) = 0 OR (SELECT count(*) FROM jsonb_array_elements(decided -> 'entries')) <> cardinality(done) THEN
        RAISE EXCEPTION 'the entries do not say what was done: %', coalesce(wrong, 'one entry each') USING ERRCODE = 'RF015';
    END IF;
END $$;

-- Cases that have been kept long enough: every referral closed so many years ago as its track is kept ("*": the
-- others), under no hold, not noted yet. For the clockwork, in its country; a hundred at a time.
CREATE FUNCTION referral.kept_long_enough(years jsonb, at timestamptz) RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT c.id FROM referral.case c JOIN referral.referral lead ON lead.id = c.lead_referral
    WHERE referral.my_role() = 'WORKER' AND lead.country = referral.my_country() AND lead.state = 'closed'
        AND lead.closed_at <= at - make_interval(years => coalesce((years ->> lead.track)::int, (years ->> '*')::int))
        AND num_nonnulls(c.erased_at) = 0 AND NOT c.legal_hold AND NOT EXISTS (SELECT FROM referral.retention t WHERE t.case_id = c.id)
        AND NOT EXISTS (SELECT FROM referral.referral r WHERE r.case_id = c.id
            AND (r.state <> 'closed' OR r.closed_at > at - make_interval(years => coalesce((years ->> r.track)::int, (years ->> '*')::int))))
    ORDER BY lead.closed_at, c.id LIMIT 100;
$$;

-- One of them, locked unless somebody is there already: what the entry needs, and who is to be asked.
CREATE FUNCTION referral.lock_kept(wanted uuid) RETURNS jsonb
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM FROM referral.case c WHERE c.id = wanted AND referral.my_role() = 'WORKER' AND num_nonnulls(c.erased_at) = 0
        AND NOT EXISTS (SELECT FROM referral.retention t WHERE t.case_id = c.id) FOR UPDATE SKIP LOCKED;
    IF NOT FOUND THEN RETURN NULL; END IF;
    RETURN (SELECT jsonb_build_object('closed_at', max(r.closed_at), 'country', min(r.country), 'reference', (SELECT c.reference FROM referral.case c WHERE c.id = wanted), 'holders', jsonb_agg(DISTINCT r.holder_unit),
        'head', (SELECT jsonb_build_object('stream_id', s.stream_id, 'seq', s.seq, 'hash', s.hash, 'at', s.at) FROM referral.stream_head s WHERE s.subject = wanted),
        'key', (SELECT jsonb_build_object('subject', d.subject, 'kind', d.kind, 'version', d.version, 'wrapped', d.wrapped) FROM vault.data_key d WHERE d.subject = wanted))
        FROM referral.referral r WHERE r.case_id = wanted);
END $$;
