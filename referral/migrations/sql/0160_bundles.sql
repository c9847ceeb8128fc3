-- Receipts of acceptances, and bundles of evidence of one referral: asked for by one, approved by another.

-- The acceptance of a hand-off as the log has it, to its two parties: whoever sent it and whoever was
-- asked, also when their part is over. NULL otherwise, as if there were none.
CREATE FUNCTION referral.acceptance_of(wanted uuid) RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT jsonb_build_object('id', e.id, 'header', e.header)
    FROM referral.hand_off h JOIN referral.audit_entry e ON e.object_id = h.id AND e.act = 'hand_off.accepted'
    WHERE h.id = wanted AND referral.my_unit() IN (h.sender_unit, h.receiver_unit) AND referral.knows_of(h.case_id, h.id)
    ORDER BY e.seq DESC LIMIT 1;
$$;

-- What was asked for stands in the proposal of the same id (act 'bundle', about the referral).
CREATE TABLE referral.bundle (
    id          uuid PRIMARY KEY REFERENCES referral.proposal (id),
    case_id     uuid NOT NULL REFERENCES referral.case (id),
    referral_id uuid NOT NULL REFERENCES referral.referral (id),
    country     text NOT NULL,
    key_version integer NOT NULL,
    choice      bytea NOT NULL,                    -- for whom, which groups, what stays closed: under the case's key
    made_at     timestamptz,                       -- when it was approved
    expires_at  timestamptz,
    record      bytea,                             -- what it says of the case, under its key; gone a day later
    CHECK (num_nonnulls(made_at, expires_at) IN (0, 2)),
    CHECK (record IS NULL OR made_at IS NOT NULL),
    CHECK (expires_at <= made_at + interval '24 hours')
);
CREATE INDEX ON referral.bundle (case_id);
CREATE INDEX bundle_kept ON referral.bundle (expires_at) WHERE record IS NOT NULL;
ALTER TABLE referral.bundle ENABLE ROW LEVEL SECURITY;
ALTER TABLE referral.bundle FORCE ROW LEVEL SECURITY;
GRANT SELECT ON referral.bundle TO referral_app;
GRANT SELECT, INSERT, UPDATE ON referral.bundle TO referral_effector;
CREATE POLICY carry_out ON referral.bundle TO referral_effector USING (country = (SELECT referral.my_country())) WITH CHECK (country = (SELECT referral.my_country()));
CREATE POLICY read ON referral.bundle FOR SELECT TO referral_app USING (
    country = (SELECT referral.my_country())
    AND EXISTS (SELECT FROM referral.party p WHERE p.case_id = bundle.case_id AND p.referral_id = bundle.referral_id AND p.unit_id = (SELECT referral.my_unit()) AND p.until IS NULL AND p.relationship = 'holder'));
GRANT SELECT (id, case_id, country, made_at) ON referral.bundle TO referral_auditor_ro;
CREATE POLICY verify ON referral.bundle FOR SELECT TO referral_auditor_ro USING (true);

-- Whether the caller's unit holds this referral, and she has just shown who she is.
CREATE FUNCTION referral.may_bundle(the_case uuid, the_referral uuid) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(referral.my_proof() > referral.my_moment() - interval '15 minutes', false)
        AND EXISTS (SELECT FROM referral.party p WHERE p.case_id = the_case AND p.referral_id = the_referral AND referral.is_mine(p) AND p.relationship = 'holder');
$$;

-- The whole stream of a case with its bodies, still sealed, up to the entry by which a bundle was made:
-- to whoever holds the referral, for the day the bundle stands.
CREATE FUNCTION referral.bundle_bodies(wanted uuid) RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT jsonb_agg(jsonb_build_object('id', e.id, 'header', e.header, 'body', b.content) ORDER BY e.seq)
    FROM referral.bundle x JOIN referral.audit_entry made ON made.object_id = x.id AND made.act = 'bundle.made'
        JOIN referral.audit_entry e ON e.stream_id = made.stream_id AND e.seq <= made.seq
        LEFT JOIN referral.audit_body b ON b.entry_id = e.id
    WHERE x.id = wanted AND x.expires_at > referral.my_moment() AND referral.may_bundle(x.case_id, x.referral_id);
$$;

-- Asked for in one's own name, of a referral one's unit holds; approved by another person, in time and
-- once, one of the two supervising; both with a fresh proof of who they are.
CREATE FUNCTION referral.make_bundle(decided jsonb) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    the_case CONSTANT uuid := (decided ->> 'case_id')::uuid;
    kept bigint; wrong text;
BEGIN
    IF referral.my_country() IS NULL OR referral.my_role() NOT IN ('OFFICER', 'SUPERVISOR') THEN
        RAISE EXCEPTION 'this role makes no bundle' USING ERRCODE = 'RF007';
    END IF;
    IF the_case IS NULL OR EXISTS (SELECT FROM jsonb_object_keys(decided) part WHERE part <> ALL (ARRAY['case_id', 'entries', 'idempotency', 'bundle_proposals', 'bundles', 'bundle_answers', 'outbox'])) THEN
        RAISE EXCEPTION 'this is no part of a bundle' USING ERRCODE = 'RF009';
    END IF;
    PERFORM FROM referral.case c WHERE c.id = the_case FOR UPDATE;
    PERFORM referral.post_entries(the_case, decided);
    IF decided ? 'idempotency' THEN PERFORM referral.post_answer(decided -> 'idempotency'); END IF;

    INSERT INTO referral.proposal SELECT p.* FROM jsonb_populate_recordset(NULL::referral.proposal, decided -> 'bundle_proposals') p
        WHERE p.case_id = the_case AND p.act = 'bundle' AND p.asked_unit = referral.my_unit() AND p.asked_by = referral.my_membership() AND p.asked_member = referral.my_member()
            AND p.asked_role = referral.my_role() AND num_nonnulls(p.answered_by, p.answered_member, p.answered_at, p.answer) = 0
            AND p.expires_at > referral.my_moment() AND p.expires_at <= referral.my_moment() + interval '72 hours'
            AND cardinality(p.about) = 1 AND referral.may_bundle(the_case, p.about[1]);
    GET DIAGNOSTICS kept = ROW_COUNT;
    IF kept <> coalesce(jsonb_array_length(decided -> 'bundle_proposals'), 0) THEN
        RAISE EXCEPTION 'a bundle is asked for in one''s own name, by who holds the referral' USING ERRCODE = 'RF024';
    END IF;
    INSERT INTO referral.bundle SELECT b.* FROM jsonb_populate_recordset(NULL::referral.bundle, decided -> 'bundles') b
        JOIN jsonb_to_recordset(decided -> 'bundle_proposals') AS p (id uuid, about uuid[]) ON p.id = b.id AND p.about[1] = b.referral_id
        WHERE b.case_id = the_case AND num_nonnulls(b.made_at, b.expires_at, b.record) = 0;
    GET DIAGNOSTICS kept = ROW_COUNT;
    IF kept <> coalesce(jsonb_array_length(decided -> 'bundle_proposals'), 0) OR kept <> coalesce(jsonb_array_length(decided -> 'bundles'), 0) THEN
        RAISE EXCEPTION 'each is a proposal and its bundle, of one referral' USING ERRCODE = 'RF024';
    END IF;

    UPDATE referral.proposal p SET answered_by = referral.my_membership(), answered_member = referral.my_member(), answered_at = referral.my_moment(), answer = a.answer
        FROM jsonb_to_recordset(decided -> 'bundle_answers') AS a (id uuid, answer text)
        WHERE p.id = a.id AND p.case_id = the_case AND p.act = 'bundle' AND num_nonnulls(p.answer) = 0 AND p.expires_at > referral.my_moment()
            AND p.asked_member <> referral.my_member() AND 'SUPERVISOR' IN (p.asked_role, referral.my_role()) AND referral.may_bundle(the_case, p.about[1]);
    GET DIAGNOSTICS kept = ROW_COUNT;
    IF kept <> coalesce(jsonb_array_length(decided -> 'bundle_answers'), 0) THEN
        RAISE EXCEPTION 'another person answers, in time and once, and one of the two supervises' USING ERRCODE = 'RF024';
    END IF;
    UPDATE referral.bundle b SET made_at = referral.my_moment(), expires_at = referral.my_moment() + interval '24 hours', record = a.record
        FROM jsonb_to_recordset(decided -> 'bundle_answers') AS a (id uuid, answer text, record bytea)
        WHERE b.id = a.id AND a.answer = 'approved' AND a.record IS NOT NULL;
    INSERT INTO referral.outbox (id, country, kind, case_id, to_unit, to_role, occurred_at)
        SELECT o.id, referral.my_country(), o.kind, the_case, o.to_unit, o.to_role, o.occurred_at
        FROM jsonb_to_recordset(decided -> 'outbox') AS o (id uuid, kind text, to_unit uuid, to_role text, occurred_at timestamptz)
        WHERE o.kind LIKE 'proposal.%' AND o.to_unit = referral.my_unit();

    WITH told AS (
        SELECT (x.header::jsonb ->> 'act') || ' ' || (x.header::jsonb ->> 'object_type') || ' ' || (x.header::jsonb ->> 'object') AS it
        FROM jsonb_to_recordset(decided -> 'entries') AS x (header text)
    ), made AS (
        SELECT 'proposal.asked proposal ' || p.id AS it FROM jsonb_to_recordset(decided -> 'bundle_proposals') AS p (id uuid)
        UNION ALL SELECT 'proposal.' || a.answer || ' proposal ' || a.id FROM jsonb_to_recordset(decided -> 'bundle_answers') AS a (id uuid, answer text)
        UNION ALL SELECT 'bundle.made bundle ' || b.id FROM referral.bundle b JOIN jsonb_to_recordset(decided -> 'bundle_answers') AS a (id uuid) ON a.id = b.id
            WHERE b.made_at = referral.my_moment()
    )
    SELECT string_agg(coalesce(t.it, m.it), ', ') INTO wrong FROM told t FULL JOIN made m ON m.it = t.it WHERE t.it IS NULL OR m.it IS NULL;
    IF wrong IS NOT NULL OR NOT decided ?| ARRAY['bundle_proposals', 'bundle_answers'] OR EXISTS (SELECT FROM jsonb_to_recordset(decided -> 'bundle_answers') AS a (id uuid, answer text)
            LEFT JOIN referral.bundle b ON b.id = a.id WHERE (a.answer = 'approved') IS DISTINCT FROM (b.made_at IS NOT NULL)) THEN
        RAISE EXCEPTION 'the entries do not say what was done: %', coalesce(wrong, 'nothing, or an approval without its record') USING ERRCODE = 'RF015';
    END IF;
END $$;

-- A day is over: what a bundle said is forgotten; that it was made, by whom and of what, is not.
CREATE FUNCTION referral.forget_bundles(at timestamptz) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE one text; found bigint := 0; gone bigint;
BEGIN
    IF referral.my_role() <> 'WORKER' THEN RAISE EXCEPTION 'only time does this' USING ERRCODE = 'RF007'; END IF;
    FOR one IN SELECT DISTINCT u.country FROM agencies.unit u LOOP
        PERFORM set_config('referral.country', one, true);
        UPDATE referral.bundle b SET record = NULL WHERE b.country = one AND b.record IS NOT NULL AND b.expires_at <= at;
        GET DIAGNOSTICS gone = ROW_COUNT;
        found := found + gone;
    END LOOP;
    RETURN found;
END $$;

-- Acceptances that wait longer than was promised: after the last entry that has its place, or under no
-- checkpoint yet. The clockwork sees of the log when which act happened, and no more.
CREATE VIEW log.unkept WITH (security_invoker = true) AS
WITH epoch AS (
    SELECT max(p.epoch) AS number FROM log.epoch p
), last AS (
    SELECT e.xid, e.id FROM log.position p JOIN referral.audit_entry e ON e.id = p.entry_id
    WHERE p.epoch = (SELECT number FROM epoch) ORDER BY p.position DESC LIMIT 1
), signed AS (
    SELECT coalesce(max(c.size), 0) AS size FROM log.checkpoint c WHERE c.epoch = (SELECT number FROM epoch)
)
SELECT e.id, e.at FROM referral.audit_entry e
    WHERE e.act = 'hand_off.accepted' AND (e.xid, e.id) > (coalesce((SELECT xid FROM last), '0'::xid8), coalesce((SELECT id FROM last), '00000000-0000-0000-0000-000000000000'::uuid))
UNION ALL
SELECT e.id, e.at FROM log.position p JOIN referral.audit_entry e ON e.id = p.entry_id
    WHERE p.epoch = (SELECT number FROM epoch) AND p.position >= (SELECT size FROM signed) AND e.act = 'hand_off.accepted';
GRANT SELECT ON log.unkept TO referral_worker;
GRANT SELECT (id, xid, at, act) ON referral.audit_entry TO referral_worker;
CREATE POLICY due ON referral.audit_entry FOR SELECT TO referral_worker USING (true);

-- Whoever browses the log by time reads only that stretch of it; such an index costs an entry nothing.
CREATE INDEX audit_entry_at ON referral.audit_entry USING brin (at);
