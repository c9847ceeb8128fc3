-- Acts of two persons, and the glass that may be broken. Seals and exclusions themselves are 0002/0003.

-- What one has asked for and another must approve. The asker is never the approver, in whichever seat
-- (member, not membership), and one of the two supervises.
CREATE TABLE referral.proposal (
    id              uuid PRIMARY KEY,
    case_id         uuid REFERENCES referral.case (id),
    country         text NOT NULL,
    act             text NOT NULL,
    about           uuid[] NOT NULL DEFAULT '{}',  -- of a seal: members to be named; else the thing itself
    ground          text CHECK (ground IN ('RETENTION', 'REQUEST', 'UNLAWFUL', 'OTHER')),  -- of an erasure
    asked_unit      uuid NOT NULL REFERENCES agencies.unit (id),
    asked_by        uuid NOT NULL REFERENCES agencies.membership (id),
    asked_member    uuid NOT NULL,
    asked_role      text NOT NULL,
    asked_at        timestamptz NOT NULL,
    expires_at      timestamptz NOT NULL,
    key_version     integer NOT NULL,
    reason          bytea NOT NULL,                -- G4, under the case's key
    answered_by     uuid,
    answered_member uuid,
    answered_at     timestamptz,
    answer          text CHECK (answer IN ('approved', 'refused')),
    CHECK (answered_member <> asked_member),
    CHECK ((act = 'erase') = (ground IS NOT NULL)),
    CHECK (num_nonnulls(answered_by, answered_member, answered_at, answer) IN (0, 4))
);
CREATE INDEX ON referral.proposal (case_id);

-- Opened in an emergency, by one person, on one case of her own agency, for an hour at most.
CREATE TABLE referral.glass (
    id              uuid PRIMARY KEY,
    case_id         uuid NOT NULL REFERENCES referral.case (id),
    country         text NOT NULL,
    agency_id       uuid NOT NULL REFERENCES agencies.agency (id),
    unit_id         uuid NOT NULL REFERENCES agencies.unit (id),
    opened_by       uuid NOT NULL REFERENCES agencies.membership (id),
    opened_member   uuid NOT NULL,
    opened_at       timestamptz NOT NULL,
    ends_at         timestamptz NOT NULL,
    review_due_at   timestamptz NOT NULL,
    key_version     integer NOT NULL,
    reason          bytea NOT NULL,                -- under a key of its own: its reviewer reads it
    reviewed_by     uuid,
    reviewed_member uuid,
    reviewed_at     timestamptz,
    finding         text CHECK (finding IN ('justified', 'not_justified')),
    words           bytea,
    escalated_at    timestamptz,
    version         integer NOT NULL DEFAULT 1,
    CHECK (ends_at >= opened_at AND ends_at <= opened_at + interval '60 minutes'),
    CHECK (reviewed_member <> opened_member),
    CHECK (num_nonnulls(reviewed_by, reviewed_member, reviewed_at, finding, words) IN (0, 5))
);
CREATE INDEX ON referral.glass (opened_member, opened_at);
CREATE INDEX ON referral.glass (agency_id, opened_at DESC);
CREATE INDEX glass_unreviewed ON referral.glass (review_due_at) WHERE reviewed_at IS NULL AND escalated_at IS NULL;


DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['proposal', 'glass'] LOOP
        EXECUTE format('ALTER TABLE referral.%I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE referral.%I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('GRANT SELECT ON referral.%I TO referral_app', t);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE ON referral.%I TO referral_effector', t);
        EXECUTE format('CREATE POLICY carry_out ON referral.%I TO referral_effector USING (country = (SELECT referral.my_country())) WITH CHECK (country = (SELECT referral.my_country()))', t);
    END LOOP;
END $$;
-- A removal is decided above the agencies: by coordinators and whoever protects data.
CREATE POLICY read_removal ON referral.proposal FOR SELECT TO referral_app USING (
    country = (SELECT referral.my_country()) AND act = 'remove' AND (SELECT referral.my_role()) IN ('COORDINATOR', 'DATA_PROTECTION_OFFICER')
    AND NOT ((SELECT referral.my_member()) = ANY (about)) AND NOT ((SELECT referral.my_agency()) = ANY (about)));
-- Not of a removal: whoever is to be removed would read who says what of her.
CREATE POLICY read ON referral.proposal FOR SELECT TO referral_app USING (
    country = (SELECT referral.my_country()) AND act <> 'remove'
    AND EXISTS (SELECT FROM referral.party p WHERE p.case_id = proposal.case_id AND p.unit_id = (SELECT referral.my_unit()) AND p.until IS NULL AND p.relationship = 'holder'));
-- The breaker, the supervisors of her agency, and who protects data in the country.
CREATE POLICY read ON referral.glass FOR SELECT TO referral_app USING (
    country = (SELECT referral.my_country())
    AND CASE (SELECT referral.my_role()) WHEN 'DATA_PROTECTION_OFFICER' THEN true
        WHEN 'SUPERVISOR' THEN agency_id = (SELECT referral.my_agency())
        WHEN 'OFFICER' THEN opened_by = (SELECT referral.my_membership()) ELSE false END);

GRANT SELECT (id, case_id, country, answer) ON referral.proposal TO referral_auditor_ro;
CREATE POLICY verify ON referral.proposal FOR SELECT TO referral_auditor_ro USING (true);
GRANT SELECT (id, case_id, country, unit_id, ends_at, version) ON referral.glass TO referral_auditor_ro;
CREATE POLICY verify ON referral.glass FOR SELECT TO referral_auditor_ro USING (true);

-- Seal and exclusions of a case, into every part of it.
CREATE FUNCTION referral.narrow_case(the_case uuid) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE referral.case c SET sealed = EXISTS (SELECT FROM referral.seal s WHERE s.case_id = the_case AND s.lifted_at IS NULL) WHERE c.id = the_case;
    UPDATE referral.party p SET
        barred = ARRAY(SELECT x.excluded FROM referral.exclusion x WHERE x.case_id = the_case AND x.lifted_at IS NULL ORDER BY x.excluded),
        sealed = p.relationship = 'break_glass' OR (p.relationship <> 'pending' AND s.case_id IS NOT NULL),
        named = CASE WHEN p.relationship = 'break_glass' THEN ARRAY(SELECT n FROM unnest(p.named) n WHERE s.case_id IS NULL OR n = ANY (s.named))
            WHEN p.relationship = 'pending' THEN '{}' ELSE coalesce(s.named, '{}') END
        FROM (SELECT 1) AS one LEFT JOIN referral.seal s ON s.case_id = the_case AND s.lifted_at IS NULL
        WHERE p.case_id = the_case AND p.until IS NULL;
END $$;

-- Who may know of a case is decided by who holds it. What an approval leads to is derived here from
-- what was asked, and taken from nobody.
CREATE FUNCTION referral.post_need(the_case uuid, decided jsonb) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE kept bigint; approved referral.proposal;
BEGIN
    IF NOT EXISTS (SELECT FROM referral.party p WHERE p.case_id = the_case AND referral.is_mine(p) AND p.relationship = 'holder') THEN
        RAISE EXCEPTION 'who holds a case decides who else may know of it' USING ERRCODE = 'RF021';
    END IF;
    IF EXISTS (SELECT FROM referral.case c WHERE c.id = the_case AND c.legal_hold) AND (EXISTS (SELECT FROM jsonb_to_recordset(decided -> 'proposals') AS p (act text) WHERE p.act IN ('void', 'merge'))
            OR EXISTS (SELECT FROM jsonb_to_recordset(decided -> 'answers') AS a (id uuid, answer text) JOIN referral.proposal p ON p.id = a.id WHERE a.answer = 'approved' AND p.act IN ('void', 'merge'))) THEN
        RAISE EXCEPTION 'under a legal hold nothing is struck out or merged' USING ERRCODE = 'RF027';
    END IF;
    INSERT INTO referral.proposal SELECT p.* FROM jsonb_populate_recordset(NULL::referral.proposal, decided -> 'proposals') p
        WHERE p.case_id = the_case AND p.asked_unit = referral.my_unit() AND p.asked_by = referral.my_membership() AND p.asked_member = referral.my_member()
            AND p.asked_role = referral.my_role() AND num_nonnulls(p.answered_by, p.answered_member, p.answered_at, p.answer) = 0
            AND p.expires_at > referral.my_moment() AND p.expires_at <= referral.my_moment() + interval '72 hours'
            AND CASE p.act WHEN 'seal' THEN cardinality(p.about) > 0 WHEN 'unseal' THEN true
                WHEN 'merge' THEN cardinality(p.about) = 1 AND referral.may_point(the_case, p.about[1])
                WHEN 'void' THEN cardinality(p.about) = 1 AND EXISTS (SELECT FROM referral.referral r WHERE r.id = p.about[1] AND r.case_id = the_case AND r.state = 'open' AND r.holder_unit = referral.my_unit())
                WHEN 'lift_exclusion' THEN EXISTS (SELECT FROM referral.exclusion x WHERE x.id = p.about[1] AND x.case_id = the_case AND x.lifted_at IS NULL) ELSE false END;
    GET DIAGNOSTICS kept = ROW_COUNT;
    IF kept <> coalesce(jsonb_array_length(decided -> 'proposals'), 0) THEN
        RAISE EXCEPTION 'one asks in one''s own name, for what two may do' USING ERRCODE = 'RF021';
    END IF;
    -- Keeping out takes one person: it cannot wait. Whoever holds part of the case is not excluded but removed.
    INSERT INTO referral.exclusion SELECT x.* FROM jsonb_populate_recordset(NULL::referral.exclusion, decided -> 'exclusions') x
        WHERE x.case_id = the_case AND x.by_unit = referral.my_unit() AND x.by_member = referral.my_membership() AND num_nonnulls(x.lifted_at) = 0
            AND x.excluded NOT IN (referral.my_member(), referral.my_agency())
            AND NOT EXISTS (SELECT FROM referral.referral r JOIN agencies.unit u ON u.id = r.holder_unit LEFT JOIN agencies.membership m ON m.id = r.holder_member
                WHERE r.case_id = the_case AND x.excluded IN (u.agency_id, m.member_id));
    GET DIAGNOSTICS kept = ROW_COUNT;
    IF kept <> coalesce(jsonb_array_length(decided -> 'exclusions'), 0) THEN
        RAISE EXCEPTION 'who holds excludes others, and nobody excludes a holder' USING ERRCODE = 'RF021';
    END IF;

    FOR approved IN
        UPDATE referral.proposal p SET answered_by = referral.my_membership(), answered_member = referral.my_member(), answered_at = referral.my_moment(), answer = a.answer
            FROM jsonb_to_recordset(decided -> 'answers') AS a (id uuid, answer text)
            WHERE p.id = a.id AND p.case_id = the_case AND p.act NOT IN ('remove', 'bundle') AND num_nonnulls(p.answer) = 0 AND p.expires_at > referral.my_moment()
                AND p.asked_member <> referral.my_member() AND 'SUPERVISOR' IN (p.asked_role, referral.my_role())
            RETURNING p.*
    LOOP
        kept := kept + 1;
        CONTINUE WHEN approved.answer <> 'approved';
        IF approved.act = 'seal' THEN
            INSERT INTO referral.seal (case_id, country, named, at) VALUES (the_case, referral.my_country(), approved.about, referral.my_moment())
                ON CONFLICT (case_id) DO UPDATE SET named = excluded.named, at = excluded.at, lifted_at = NULL;
        ELSIF approved.act = 'unseal' THEN
            UPDATE referral.seal SET lifted_at = referral.my_moment() WHERE case_id = the_case;
        ELSIF approved.act = 'merge' THEN
            PERFORM referral.point(the_case, approved.about[1], decided);
        ELSIF approved.act = 'void' THEN
            PERFORM referral.strike(the_case, approved.about, 'ENTERED_IN_ERROR');
        ELSE
            UPDATE referral.exclusion SET lifted_at = referral.my_moment() WHERE id = approved.about[1] AND case_id = the_case;
        END IF;
    END LOOP;
    IF kept <> coalesce(jsonb_array_length(decided -> 'exclusions'), 0) + coalesce(jsonb_array_length(decided -> 'answers'), 0) THEN
        RAISE EXCEPTION 'another person answers, in time and once, and one of the two supervises' USING ERRCODE = 'RF021';
    END IF;

    PERFORM referral.narrow_case(the_case);
END $$;

-- What stands of a proposal and its case, locked; NULL when the caller may not know of the case.
CREATE FUNCTION referral.lock_proposal(wanted uuid, on_day date) RETURNS jsonb
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE the_case uuid; the_referral uuid; found jsonb; asked_about uuid[];
BEGIN
    SELECT p.case_id, p.about INTO the_case, asked_about FROM referral.proposal p WHERE p.id = wanted;
    IF NOT referral.knows_of(the_case, NULL) THEN RETURN NULL; END IF;
    PERFORM FROM referral.case c WHERE c.id = the_case FOR UPDATE;
    SELECT jsonb_build_object('act', p.act, 'about', p.about, 'asked_member', p.asked_member, 'asked_unit', p.asked_unit, 'asked_role', p.asked_role, 'expires_at', p.expires_at, 'answer', p.answer)
        INTO found FROM referral.proposal p WHERE p.id = wanted;
    SELECT p.referral_id INTO the_referral FROM referral.party p WHERE p.case_id = the_case AND referral.is_mine(p)
        ORDER BY p.relationship = 'holder' DESC, p.referral_id = ANY (asked_about) DESC, p.referral_id LIMIT 1;
    RETURN jsonb_build_object('proposal', found, 'state', referral.state_of(the_case, the_referral, NULL, on_day));
END $$;

-- Where the glass may be broken: a case that somebody of the caller's agency works on, by its reference,
-- unless she is kept out of it. NULL otherwise, as if there were none.
CREATE FUNCTION referral.glass_ground(wanted text) RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT jsonb_build_object('case_id', c.id, 'holder_unit', r.holder_unit,
        'open', (SELECT g.id FROM referral.glass g WHERE g.opened_member = referral.my_member() AND g.ends_at > referral.my_moment() LIMIT 1),
        'lately', (SELECT count(*) FROM referral.glass g WHERE g.opened_member = referral.my_member() AND g.opened_at > referral.my_moment() - interval '30 days'),
        'officers', (SELECT coalesce(jsonb_agg(DISTINCT m.unit_id), '[]') FROM agencies.membership m JOIN agencies.unit u ON u.id = m.unit_id
            WHERE m.role = 'DATA_PROTECTION_OFFICER' AND u.country = referral.my_country()))
    FROM referral.case c JOIN referral.referral r ON r.id = c.lead_referral
    WHERE c.reference = wanted AND c.country = referral.my_country() AND referral.my_role() IN ('OFFICER', 'SUPERVISOR')
        AND EXISTS (SELECT FROM referral.party p JOIN agencies.unit u ON u.id = p.unit_id WHERE p.case_id = c.id AND u.agency_id = referral.my_agency()
            AND p.until IS NULL AND p.expires_at > referral.my_moment() AND p.relationship IN ('holder', 'participant')
            AND NOT (referral.my_member() = ANY (p.barred)) AND NOT (referral.my_agency() = ANY (p.barred)) AND (NOT p.sealed OR referral.my_member() = ANY (p.named)));
$$;

-- The glass: broken with a fresh proof by her to whom it is then sealed; closed by her or by time;
-- reviewed by another. What it opens is what her agency has of the case, never who reported it.
CREATE FUNCTION referral.break_glass(decided jsonb) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE kept bigint; wrong text;
BEGIN
    IF referral.my_country() IS NULL OR referral.my_role() NOT IN ('OFFICER', 'SUPERVISOR', 'DATA_PROTECTION_OFFICER') THEN
        RAISE EXCEPTION 'this role breaks no glass and reviews none' USING ERRCODE = 'RF007';
    END IF;
    IF EXISTS (SELECT FROM jsonb_object_keys(decided) part WHERE part <> ALL (ARRAY['entries', 'keys', 'streams', 'idempotency', 'glasses', 'glass_ends', 'glass_reviews', 'outbox'])) THEN
        RAISE EXCEPTION 'this is no part of breaking the glass' USING ERRCODE = 'RF009';
    END IF;
    PERFORM referral.post_entries(NULL, decided);
    IF decided ? 'idempotency' THEN PERFORM referral.post_answer(decided -> 'idempotency'); END IF;

    INSERT INTO referral.glass SELECT g.* FROM jsonb_populate_recordset(NULL::referral.glass, decided -> 'glasses') g
        JOIN referral.case c ON c.id = g.case_id
        WHERE g.opened_by = referral.my_membership() AND g.opened_member = referral.my_member() AND g.unit_id = referral.my_unit() AND g.agency_id = referral.my_agency()
            AND g.opened_at = referral.my_moment() AND g.ends_at > g.opened_at AND g.review_due_at = referral.my_moment() + interval '72 hours' AND g.version = 1
            AND num_nonnulls(g.reviewed_by, g.reviewed_member, g.reviewed_at, g.finding, g.words, g.escalated_at) = 0
            AND referral.my_proof() > referral.my_moment() - interval '15 minutes'
            AND referral.glass_ground(c.reference) IS NOT NULL AND num_nonnulls(referral.glass_ground(c.reference) ->> 'open') = 0;
    GET DIAGNOSTICS kept = ROW_COUNT;
    IF kept <> coalesce(jsonb_array_length(decided -> 'glasses'), 0) THEN
        RAISE EXCEPTION 'the glass is broken by one person, on one case of her agency, after a fresh proof' USING ERRCODE = 'RF022';
    END IF;
    INSERT INTO referral.party (id, case_id, referral_id, country, unit_id, relationship, groups, since, sealed, named, expires_at)
        SELECT gen_random_uuid(), g.case_id, p.referral_id, referral.my_country(), referral.my_unit(), 'break_glass',
            array_remove(array_agg(DISTINCT opened.a_group), 'G5'), referral.my_moment(), true, ARRAY[referral.my_member()], g.ends_at
        FROM jsonb_to_recordset(decided -> 'glasses') AS x (id uuid) JOIN referral.glass g ON g.id = x.id
            JOIN referral.party p ON p.case_id = g.case_id AND p.until IS NULL AND p.expires_at > referral.my_moment() AND p.relationship IN ('holder', 'participant')
            JOIN agencies.unit u ON u.id = p.unit_id AND u.agency_id = referral.my_agency(), unnest(p.groups || ARRAY['G0']) AS opened (a_group)
        GROUP BY g.case_id, p.referral_id, g.ends_at;

    UPDATE referral.glass g SET ends_at = referral.my_moment(), version = g.version + 1 FROM jsonb_to_recordset(decided -> 'glass_ends') AS e (id uuid)
        WHERE g.id = e.id AND g.opened_member = referral.my_member() AND g.ends_at > referral.my_moment() AND g.opened_at <= referral.my_moment();
    GET DIAGNOSTICS kept = ROW_COUNT;
    IF kept <> coalesce(jsonb_array_length(decided -> 'glass_ends'), 0) THEN
        RAISE EXCEPTION 'the glass is closed by who broke it' USING ERRCODE = 'RF022';
    END IF;
    UPDATE referral.party p SET expires_at = referral.my_moment(), until = referral.my_moment() FROM jsonb_to_recordset(decided -> 'glass_ends') AS e (id uuid) JOIN referral.glass g ON g.id = e.id
        WHERE p.case_id = g.case_id AND p.relationship = 'break_glass' AND p.unit_id = g.unit_id AND g.opened_member = ANY (p.named) AND p.until IS NULL;

    UPDATE referral.glass g SET reviewed_by = referral.my_membership(), reviewed_member = referral.my_member(), reviewed_at = referral.my_moment(), finding = r.finding,
            words = r.words, version = g.version + 1
        FROM jsonb_populate_recordset(NULL::referral.glass, decided -> 'glass_reviews') r
        WHERE g.id = r.id AND g.reviewed_at IS NULL AND g.opened_member <> referral.my_member()
            AND CASE referral.my_role() WHEN 'DATA_PROTECTION_OFFICER' THEN true WHEN 'SUPERVISOR' THEN g.agency_id = referral.my_agency() ELSE false END;
    GET DIAGNOSTICS kept = ROW_COUNT;
    IF kept <> coalesce(jsonb_array_length(decided -> 'glass_reviews'), 0) THEN
        RAISE EXCEPTION 'a glass is reviewed once, by a supervisor or who protects data, never by who broke it' USING ERRCODE = 'RF022';
    END IF;
    INSERT INTO referral.outbox (id, country, kind, case_id, to_unit, to_role, occurred_at)
        SELECT o.id, referral.my_country(), o.kind, g.case_id, o.to_unit, o.to_role, o.occurred_at
        FROM jsonb_to_recordset(decided -> 'outbox') AS o (id uuid, kind text, to_unit uuid, to_role text, occurred_at timestamptz),
            jsonb_to_recordset(decided -> 'glasses') AS x (id uuid) JOIN referral.glass g ON g.id = x.id;

    WITH told AS (
        SELECT x.header::jsonb ->> 'act' AS act, (x.header::jsonb ->> 'object')::uuid AS object FROM jsonb_to_recordset(decided -> 'entries') AS x (header text)
    ), done AS (
        SELECT 'glass.opened' AS act, g.id FROM jsonb_to_recordset(decided -> 'glasses') AS g (id uuid)
        UNION ALL SELECT 'glass.closed', e.id FROM jsonb_to_recordset(decided -> 'glass_ends') AS e (id uuid)
        UNION ALL SELECT 'glass.reviewed', r.id FROM jsonb_to_recordset(decided -> 'glass_reviews') AS r (id uuid)
    )
    SELECT string_agg(coalesce(t.act, d.act), ', ') INTO wrong FROM told t FULL JOIN done d ON d.act = t.act AND d.id = t.object WHERE t.act IS NULL OR d.act IS NULL;
    IF wrong IS NOT NULL OR (SELECT count(*) FROM jsonb_array_elements(decided -> 'entries')) <> 1 THEN
        RAISE EXCEPTION 'the entries do not say what was done: %', coalesce(wrong, 'one act, one entry') USING ERRCODE = 'RF015';
    END IF;
END $$;

-- The key of a glass, to whom row security shows it.
CREATE FUNCTION referral.glass_key(wanted uuid) RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT jsonb_build_object('subject', d.subject, 'kind', d.kind, 'version', d.version, 'wrapped', d.wrapped)
    FROM vault.data_key d JOIN referral.glass g ON g.id = d.subject
    WHERE d.subject = wanted AND d.kind = 'glass' AND CASE referral.my_role() WHEN 'DATA_PROTECTION_OFFICER' THEN true
        WHEN 'SUPERVISOR' THEN g.agency_id = referral.my_agency() WHEN 'OFFICER' THEN g.opened_by = referral.my_membership() ELSE false END;
$$;

-- The caller's own open glass, for the banner on every page.
CREATE FUNCTION referral.my_glass() RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT jsonb_build_object('id', g.id, 'case_id', g.case_id, 'ends_at', g.ends_at) FROM referral.glass g
    WHERE g.opened_member = referral.my_member() AND g.opened_at > referral.my_moment() - interval '1 hour' AND g.ends_at > referral.my_moment() LIMIT 1;
$$;

-- Nobody has looked for three days: who protects data is told, once. For the clockwork, which acts for
-- one country at a time here too; which glasses those are, for its entries in the systems' streams.
CREATE FUNCTION referral.escalate_glass(at timestamptz) RETURNS jsonb
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE one text; found jsonb := '[]'; late_ones jsonb;
BEGIN
    IF referral.my_role() <> 'WORKER' THEN RAISE EXCEPTION 'only time does this' USING ERRCODE = 'RF007'; END IF;
    FOR one IN SELECT DISTINCT u.country FROM agencies.unit u LOOP
        PERFORM set_config('referral.country', one, true);
        WITH late AS (
            UPDATE referral.glass g SET escalated_at = at, version = g.version + 1 WHERE g.country = one AND g.reviewed_at IS NULL AND g.escalated_at IS NULL AND g.review_due_at <= at RETURNING g.*
        ), told AS (
            INSERT INTO referral.outbox (id, country, kind, case_id, to_unit, to_role, occurred_at)
                SELECT gen_random_uuid(), l.country, 'glass.unreviewed', l.case_id, seat.unit_id, seat.role, l.review_due_at
                FROM late l, (SELECT DISTINCT m.unit_id, m.role FROM agencies.membership m JOIN agencies.unit u ON u.id = m.unit_id
                    WHERE u.country = one AND m.role IN ('DATA_PROTECTION_OFFICER', 'COORDINATOR')) seat
        )
        SELECT coalesce(jsonb_agg(jsonb_build_object('id', l.id, 'country', l.country, 'due', l.review_due_at) ORDER BY l.id), '[]') INTO late_ones FROM late l;
        found := found || late_ones;
    END LOOP;
    RETURN found;
END $$;

-- Looking for the same person: blind indexes (HMAC under a key of the country), which nobody reads, and
-- an answer that names an agency at most.
CREATE TABLE referral.blind_index (
    id        uuid PRIMARY KEY,
    case_id   uuid NOT NULL REFERENCES referral.case (id),
    person_id uuid NOT NULL REFERENCES referral.person (id),
    country   text NOT NULL,
    kind      text NOT NULL CHECK (kind IN ('name_birth', 'document', 'telephone')),
    value     bytea NOT NULL CHECK (octet_length(value) = 32)
);
CREATE INDEX ON referral.blind_index (value);
CREATE INDEX ON referral.blind_index (case_id);
CREATE UNIQUE INDEX data_key_of_country ON vault.data_key (country) WHERE kind = 'country';

-- What one member has looked for, and whose names she has read: budgets are counted here.
CREATE TABLE referral.spending (
    id        uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    country   text NOT NULL,
    member_id uuid NOT NULL,
    what      text NOT NULL CHECK (what IN ('search', 'name', 'told')),
    person_id uuid,
    at        timestamptz NOT NULL
);
CREATE INDEX ON referral.spending (member_id, what, at);

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['blind_index', 'spending'] LOOP
        EXECUTE format('ALTER TABLE referral.%I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE referral.%I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('GRANT SELECT, INSERT ON referral.%I TO referral_effector', t);
        EXECUTE format('CREATE POLICY carry_out ON referral.%I TO referral_effector USING (country = (SELECT referral.my_country())) WITH CHECK (country = (SELECT referral.my_country()))', t);
    END LOOP;
END $$;

-- The country's key, as wrapped; the one that is offered is kept when there is none yet.
CREATE FUNCTION referral.country_key(offered jsonb) RETURNS jsonb
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF referral.my_role() IN ('OFFICER', 'SUPERVISOR', 'COORDINATOR') AND offered IS NOT NULL THEN
        INSERT INTO vault.data_key (subject, kind, country, version, wrapped, created_at)
            SELECT o.subject, 'country', referral.my_country(), o.version, decode(o.wrapped, 'hex'), referral.my_moment()
            FROM jsonb_to_record(offered) AS o (subject uuid, version integer, wrapped text) ON CONFLICT DO NOTHING;
    END IF;
    RETURN (SELECT jsonb_build_object('subject', d.subject, 'kind', d.kind, 'version', d.version, 'wrapped', d.wrapped)
        FROM vault.data_key d WHERE d.kind = 'country' AND d.country = referral.my_country() AND referral.my_role() IN ('OFFICER', 'SUPERVISOR', 'COORDINATOR'));
END $$;

-- Is somebody known already? Of an ordinary case the agency that holds it; of a sealed one, one a
-- shelter holds or one of trafficking only that the coordinator will make contact, and the coordinator
-- is told. Whoever is kept out of a case learns nothing of it at all. Twenty look-ups an hour.
CREATE FUNCTION referral.find_matches(sought text[]) RETURNS jsonb
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE answer jsonb;
BEGIN
    IF referral.my_role() NOT IN ('OFFICER', 'SUPERVISOR', 'COORDINATOR') OR (referral.my_proof() > referral.my_moment() - interval '15 minutes') IS NOT TRUE THEN
        RAISE EXCEPTION 'looked for by people who file, after a fresh proof' USING ERRCODE = 'RF007';
    END IF;
    IF (SELECT count(*) FROM referral.spending s WHERE s.member_id = referral.my_member() AND s.what = 'search' AND s.at > referral.my_moment() - interval '1 hour') >= 20 THEN
        RETURN NULL;
    END IF;
    INSERT INTO referral.spending (country, member_id, what, at) VALUES (referral.my_country(), referral.my_member(), 'search', referral.my_moment());
    WITH found AS MATERIALIZED (
        SELECT DISTINCT c.id, a.name, a.confidential OR c.sealed OR c.reported IS NOT DISTINCT FROM 'HT' OR EXISTS (SELECT FROM referral.referral t WHERE t.case_id = c.id
                AND (t.track LIKE '%trafficking%' OR t.results @> '[["HT", "indicated"]]' OR t.results @> '[["HT", "possible"]]')) AS guarded,
            EXISTS (SELECT FROM referral.exclusion x WHERE x.case_id = c.id AND x.lifted_at IS NULL AND x.excluded IN (referral.my_member(), referral.my_agency())) AS kept_out
        FROM referral.blind_index b JOIN referral.case c ON c.id = b.case_id JOIN referral.referral r ON r.id = c.lead_referral
            JOIN agencies.unit u ON u.id = r.holder_unit JOIN agencies.agency a ON a.id = u.agency_id
        WHERE b.value = ANY (ARRAY(SELECT decode(v, 'hex') FROM unnest(sought) v))
    ), told AS (
        INSERT INTO referral.outbox (id, country, kind, case_id, to_unit, to_role, occurred_at)
            SELECT gen_random_uuid(), referral.my_country(), 'duplicate.possible', f.id, seat.unit_id, 'COORDINATOR', referral.my_moment()
            FROM found f, (SELECT DISTINCT m.unit_id FROM agencies.membership m JOIN agencies.unit u ON u.id = m.unit_id WHERE m.role = 'COORDINATOR' AND u.country = referral.my_country()) seat
            WHERE f.guarded OR f.kept_out
    )
    SELECT jsonb_build_object('agencies', coalesce(jsonb_agg(DISTINCT f.name) FILTER (WHERE NOT f.guarded AND NOT f.kept_out), '[]'),
        'coordinator', coalesce(bool_or(f.guarded AND NOT f.kept_out), false)) INTO answer FROM found f;
    RETURN answer;
END $$;

-- Names are opened within a budget: beyond forty persons an hour only with a fresh proof, and then the
-- supervisor is told (once an hour). The persons are worked out here; true when they may be opened.
CREATE FUNCTION referral.spend_names(the_case uuid) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE opened uuid[]; spent bigint; since CONSTANT timestamptz := referral.my_moment() - interval '1 hour';
BEGIN
    opened := ARRAY(SELECT DISTINCT r.person_id FROM referral.party p JOIN referral.referral r ON r.id = p.referral_id
        JOIN referral.person_identity i ON i.person_id = r.person_id WHERE p.case_id = the_case AND referral.is_mine(p) AND 'G2' = ANY (p.groups));
    SELECT count(*) INTO spent FROM (SELECT s.person_id FROM referral.spending s WHERE s.member_id = referral.my_member() AND s.what = 'name' AND s.at > since
        UNION SELECT unnest(opened)) persons;
    IF spent > 40 AND NOT EXISTS (SELECT FROM referral.spending s WHERE s.member_id = referral.my_member() AND s.what = 'told' AND s.at > since) THEN
        INSERT INTO referral.spending (country, member_id, what, at) VALUES (referral.my_country(), referral.my_member(), 'told', referral.my_moment());
        INSERT INTO referral.outbox (id, country, kind, to_unit, to_role, occurred_at)
            VALUES (gen_random_uuid(), referral.my_country(), 'member.read_budget', referral.my_unit(), 'SUPERVISOR', referral.my_moment());
    END IF;
    IF spent > 40 AND (referral.my_proof() > referral.my_moment() - interval '15 minutes') IS NOT TRUE THEN
        RETURN false;
    END IF;
    INSERT INTO referral.spending (country, member_id, what, person_id, at)
        SELECT referral.my_country(), referral.my_member(), 'name', n, referral.my_moment() FROM unnest(opened) n;
    RETURN true;
END $$;

-- Removing an excluded holder ------------------------------------------------------------------
-- What a removal needs to know, the case locked; found by its reference, or by the proposal. NULL for
-- whoever may not: others, and whoever is herself to be kept out.
CREATE FUNCTION referral.lock_removal(wanted text, who uuid, proposed uuid) RETURNS jsonb
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE the_case uuid; meant uuid := who; asked jsonb;
BEGIN
    IF proposed IS NOT NULL THEN
        SELECT p.case_id, p.about[1], jsonb_build_object('asked_member', p.asked_member, 'asked_unit', p.asked_unit, 'expires_at', p.expires_at, 'answer', p.answer, 'reason', p.reason,
                'key', (SELECT jsonb_build_object('subject', d.subject, 'kind', d.kind, 'version', d.version, 'wrapped', d.wrapped) FROM vault.data_key d WHERE d.subject = p.id))
            INTO the_case, meant, asked FROM referral.proposal p WHERE p.id = proposed AND p.act = 'remove';
    ELSE
        SELECT c.id INTO the_case FROM referral.case c WHERE c.reference = wanted AND num_nonnulls(c.erased_at) = 0;
    END IF;
    IF the_case IS NULL OR referral.my_role() NOT IN ('COORDINATOR', 'DATA_PROTECTION_OFFICER') OR meant IN (referral.my_member(), referral.my_agency()) THEN
        RETURN NULL;
    END IF;
    PERFORM FROM referral.case c WHERE c.id = the_case FOR UPDATE;
    RETURN jsonb_build_object('case_id', the_case, 'asked', asked,
        'kind', CASE WHEN EXISTS (SELECT FROM agencies.agency a WHERE a.id = meant) THEN 'agency' ELSE 'person' END,
        'sealed', EXISTS (SELECT FROM referral.seal s WHERE s.case_id = the_case AND s.lifted_at IS NULL),
        'already', EXISTS (SELECT FROM referral.exclusion x WHERE x.case_id = the_case AND x.excluded = meant AND x.lifted_at IS NULL),
        'fall_back', referral.fall_back(meant),
        'head', (SELECT jsonb_build_object('stream_id', s.stream_id, 'seq', s.seq, 'hash', s.hash, 'at', s.at) FROM referral.stream_head s WHERE s.subject = the_case),
        'key', (SELECT jsonb_build_object('subject', d.subject, 'kind', d.kind, 'version', d.version, 'wrapped', d.wrapped) FROM vault.data_key d WHERE d.subject = the_case),
        'referrals', (SELECT coalesce(jsonb_agg(jsonb_build_object('id', h.id, 'holder_unit', h.holder_unit,
            'custody', (SELECT o.id FROM referral.hand_off o WHERE o.id = h.custody AND o.state IN ('accepted', 'in-progress', 'on-hold'))) ORDER BY h.id), '[]') FROM referral.held_by(the_case, meant) h));
END $$;

-- The key of a proposal to remove, to whom row security shows it.
CREATE FUNCTION referral.removal_key(wanted uuid) RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT jsonb_build_object('subject', d.subject, 'kind', d.kind, 'version', d.version, 'wrapped', d.wrapped)
    FROM vault.data_key d JOIN referral.proposal p ON p.id = d.subject WHERE d.subject = wanted AND d.kind = 'proposal' AND p.act = 'remove'
        AND referral.my_role() IN ('COORDINATOR', 'DATA_PROTECTION_OFFICER') AND NOT (referral.my_member() = ANY (p.about)) AND NOT (referral.my_agency() = ANY (p.about));
$$;

-- Open referrals that an agency, or a person in charge, holds.
CREATE FUNCTION referral.held_by(the_case uuid, who uuid) RETURNS SETOF referral.referral
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT r.* FROM referral.referral r JOIN agencies.unit u ON u.id = r.holder_unit LEFT JOIN agencies.membership m ON m.id = r.holder_member
    WHERE r.case_id = the_case AND r.state = 'open' AND who IN (u.agency_id, m.member_id);
$$;

-- The national body that takes a person nobody else may hold; never of the excluded agency.
CREATE FUNCTION referral.fall_back(excluded uuid) RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT held.unit_id FROM agencies.mandate held JOIN agencies.unit u ON u.id = held.unit_id
    WHERE held.mandate = 'NATIONAL_FALL_BACK' AND u.country = referral.my_country() AND u.agency_id <> excluded
        AND held.valid_from <= (referral.my_moment() AT TIME ZONE u.time_zone)::date AND coalesce(held.valid_until, 'infinity') > (referral.my_moment() AT TIME ZONE u.time_zone)::date
    ORDER BY held.priority, held.unit_id LIMIT 1;
$$;

-- Custody away from an excluded holder: one asks, another approves, both above the agencies. What
-- follows is worked out here; the entries must say exactly that.
CREATE FUNCTION referral.remove_holder(decided jsonb) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    the_case CONSTANT uuid := (decided ->> 'case_id')::uuid;
    kept bigint; answered bigint := 0; wrong text; asked referral.proposal; held referral.referral; taker uuid; given record;
    done text[] := '{}';
BEGIN
    IF referral.my_country() IS NULL OR referral.my_role() NOT IN ('COORDINATOR', 'DATA_PROTECTION_OFFICER') THEN
        RAISE EXCEPTION 'this role removes nobody' USING ERRCODE = 'RF007';
    END IF;
    IF the_case IS NULL OR EXISTS (SELECT FROM jsonb_object_keys(decided) part WHERE part <> ALL (ARRAY['case_id', 'entries', 'keys', 'streams', 'idempotency', 'removals', 'removal_answers', 'outbox'])) THEN
        RAISE EXCEPTION 'this is no part of a removal' USING ERRCODE = 'RF009';
    END IF;
    PERFORM FROM referral.case c WHERE c.id = the_case FOR UPDATE;
    PERFORM referral.post_entries(the_case, decided);
    IF decided ? 'idempotency' THEN PERFORM referral.post_answer(decided -> 'idempotency'); END IF;

    INSERT INTO referral.proposal SELECT p.* FROM jsonb_populate_recordset(NULL::referral.proposal, decided -> 'removals') p
        WHERE p.case_id = the_case AND p.act = 'remove' AND p.asked_unit = referral.my_unit() AND p.asked_by = referral.my_membership() AND p.asked_member = referral.my_member()
            AND p.asked_role = referral.my_role() AND num_nonnulls(p.answered_by, p.answered_member, p.answered_at, p.answer) = 0
            AND p.expires_at > referral.my_moment() AND p.expires_at <= referral.my_moment() + interval '72 hours' AND cardinality(p.about) = 1
            AND p.about[1] NOT IN (referral.my_member(), referral.my_agency()) AND EXISTS (SELECT FROM referral.held_by(the_case, p.about[1]));
    GET DIAGNOSTICS kept = ROW_COUNT;
    IF kept <> coalesce(jsonb_array_length(decided -> 'removals'), 0) THEN
        RAISE EXCEPTION 'a removal is asked for in one''s own name, of somebody who holds' USING ERRCODE = 'RF023';
    END IF;
    SELECT coalesce(array_agg('proposal.asked ' || p.id), '{}') INTO done FROM jsonb_to_recordset(decided -> 'removals') AS p (id uuid);

    FOR asked IN
        UPDATE referral.proposal p SET answered_by = referral.my_membership(), answered_member = referral.my_member(), answered_at = referral.my_moment(), answer = a.answer
            FROM jsonb_to_recordset(decided -> 'removal_answers') AS a (id uuid, answer text)
            WHERE p.id = a.id AND p.case_id = the_case AND p.act = 'remove' AND p.answer IS NULL AND p.expires_at > referral.my_moment()
                AND p.asked_member <> referral.my_member() AND p.about[1] NOT IN (referral.my_member(), referral.my_agency())
            RETURNING p.*
    LOOP
        answered := answered + 1;
        done := done || ('proposal.' || asked.answer || ' ' || asked.id);
        CONTINUE WHEN asked.answer <> 'approved';
        SELECT a.* INTO given FROM jsonb_to_recordset(decided -> 'removal_answers') AS a (id uuid, exclusion uuid, kind text, key_version integer, reason bytea) WHERE a.id = asked.id;
        IF NOT EXISTS (SELECT FROM referral.exclusion x WHERE x.case_id = the_case AND x.excluded = asked.about[1] AND x.lifted_at IS NULL) THEN
            INSERT INTO referral.exclusion (id, case_id, country, kind, excluded, at, by_unit, by_member, key_version, reason)
                VALUES (given.exclusion, the_case, referral.my_country(), given.kind, asked.about[1], referral.my_moment(), referral.my_unit(), referral.my_membership(), given.key_version, given.reason);
            done := done || ('exclusion.set ' || given.exclusion);
        END IF;
        -- Whoever was on a seal was named by whoever held: it comes off, and the new holder may seal again.
        IF EXISTS (SELECT FROM referral.seal s WHERE s.case_id = the_case AND s.lifted_at IS NULL) THEN
            UPDATE referral.seal SET lifted_at = referral.my_moment() WHERE case_id = the_case;
            done := done || ('case.unsealed ' || the_case);
        END IF;
        taker := referral.fall_back(asked.about[1]);
        FOR held IN SELECT * FROM referral.held_by(the_case, asked.about[1]) LOOP
            IF held.custody IS NOT NULL THEN
                UPDATE referral.hand_off h SET state = 'cancelled', reason_code = 'CONFLICT_OF_INTEREST', ended_at = referral.my_moment(), due_at = NULL, version = h.version + 1
                    WHERE h.id = held.custody AND h.state IN ('accepted', 'in-progress', 'on-hold');
                GET DIAGNOSTICS kept = ROW_COUNT;
                IF kept = 1 THEN done := done || ('hand_off.cancelled ' || held.custody); END IF;
                UPDATE referral.clock k SET state = 'stopped', stopped_at = referral.my_moment(), next_at = NULL WHERE k.hand_off_id = held.custody AND k.stopped_at IS NULL;
                UPDATE referral.party p SET groups = ARRAY['OWN'] WHERE p.case_id = the_case AND p.hand_off_id = held.custody AND p.relationship = 'sender' AND p.until IS NULL;
            END IF;
            UPDATE referral.party p SET relationship = 'past_holder', groups = ARRAY['G0'] WHERE p.case_id = the_case AND p.referral_id = held.id AND p.relationship = 'holder' AND p.until IS NULL;
            UPDATE referral.referral r SET holder_unit = taker, holder_member = NULL, holder_since = referral.my_moment(), custody = NULL, version = r.version + 1 WHERE r.id = held.id AND taker IS NOT NULL;
            GET DIAGNOSTICS kept = ROW_COUNT;
            IF kept <> 1 THEN RAISE EXCEPTION 'there is no national body to take the person' USING ERRCODE = 'RF023'; END IF;
            INSERT INTO referral.party (id, case_id, referral_id, country, unit_id, relationship, groups, since)
                VALUES (gen_random_uuid(), the_case, held.id, referral.my_country(), taker, 'holder', ARRAY['G0', 'G1', 'G2', 'G3', 'G4'], referral.my_moment());
            done := done || ('referral.custody_moved ' || held.id || ' ' || taker);
        END LOOP;
        PERFORM referral.narrow_case(the_case);
    END LOOP;
    IF answered <> coalesce(jsonb_array_length(decided -> 'removal_answers'), 0) THEN
        RAISE EXCEPTION 'another person answers, in time and once' USING ERRCODE = 'RF023';
    END IF;
    INSERT INTO referral.outbox (id, country, kind, case_id, to_unit, to_role, occurred_at)
        SELECT o.id, referral.my_country(), o.kind, the_case, o.to_unit, o.to_role, o.occurred_at
        FROM jsonb_to_recordset(decided -> 'outbox') AS o (id uuid, kind text, to_unit uuid, to_role text, occurred_at timestamptz) WHERE o.kind LIKE 'removal.%';

    WITH told AS (
        SELECT (x.header::jsonb ->> 'act') || ' ' || (x.header::jsonb ->> 'object') || CASE WHEN x.header::jsonb ->> 'act' = 'referral.custody_moved' THEN ' ' || (x.header::jsonb ->> 'to') ELSE '' END AS it
        FROM jsonb_to_recordset(decided -> 'entries') AS x (header text)
    ), made AS (SELECT unnest(done) AS it)
    SELECT string_agg(coalesce(t.it, m.it), ', ') INTO wrong FROM told t FULL JOIN made m ON m.it = t.it WHERE t.it IS NULL OR m.it IS NULL;
    IF wrong IS NOT NULL OR cardinality(done) = 0 OR (SELECT count(*) FROM jsonb_array_elements(decided -> 'entries')) <> cardinality(done) THEN
        RAISE EXCEPTION 'the entries do not say what was done: %', coalesce(wrong, 'one entry each') USING ERRCODE = 'RF015';
    END IF;
END $$;
