-- Acts: who the actor is, what stands under lock, and the one way to change anything.
-- Every function is SECURITY DEFINER with a fixed search_path; PUBLIC may execute none of them.

-- The second, hand-written copy of the life cycle: carry_out checks each move against it.
CREATE TABLE referral.act_rule (
    kind text NOT NULL, act text NOT NULL, from_state text NOT NULL, to_state text NOT NULL, party text NOT NULL,
    PRIMARY KEY (kind, act, from_state, party)
);
INSERT INTO referral.act_rule
SELECT k, a, f, t, p FROM (VALUES
    ('acknowledge', 'requested',   'received',    'receiver'),
    ('accept',      'requested',   'accepted',    'receiver'),
    ('accept',      'received',    'accepted',    'receiver'),
    ('decline',     'requested',   'rejected',    'receiver'),
    ('decline',     'received',    'rejected',    'receiver'),
    ('cancel',      'requested',   'cancelled',   'sender'),
    ('cancel',      'received',    'cancelled',   'sender'),
    ('start',       'accepted',    'in-progress', 'receiver'),
    ('hold',        'accepted',    'on-hold',     'receiver'),
    ('hold',        'in-progress', 'on-hold',     'receiver'),
    ('resume',      'on-hold',     'in-progress', 'receiver'),
    ('cancel',      'accepted',    'cancelled',   'receiver'),
    ('cancel',      'in-progress', 'cancelled',   'receiver'),
    ('cancel',      'on-hold',     'cancelled',   'receiver'),
    ('fail',        'in-progress', 'failed',      'receiver'),
    ('fail',        'on-hold',     'failed',      'receiver'),
    ('complete',    'in-progress', 'completed',   'receiver')
) AS rule (a, f, t, p), (VALUES ('custody'), ('task')) AS kinds (k)
UNION ALL VALUES
    ('notice', 'acknowledge', 'requested', 'received',  'receiver'),
    ('notice', 'complete',    'received',  'completed', 'receiver'),
    ('notice', 'cancel',      'requested', 'cancelled', 'sender'),
    ('notice', 'cancel',      'received',  'cancelled', 'sender');
GRANT SELECT ON referral.act_rule TO referral_effector;

-- Who is calling. Reads rights from tables at every call (nothing about rights is cached) and sets
-- the transaction-local context. NULL: unknown, ended, idle too long, run out, or no longer in standing.
CREATE FUNCTION referral.begin_actor(credential bytea, at timestamptz) RETURNS jsonb
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    membership uuid; authenticated timestamptz; csrf bytea; scopes text[]; actor jsonb;
BEGIN
    SELECT s.membership_id, s.authenticated_at, s.csrf_hash INTO membership, authenticated, csrf FROM agencies.touch_session(credential, at) s;
    IF membership IS NULL THEN
        SELECT t.membership_id, t.scopes INTO membership, scopes FROM agencies.use_token(credential, at) t;
        IF membership IS NULL THEN RETURN NULL; END IF;
    END IF;
    SELECT jsonb_build_object('id', ms.id, 'member_id', m.id, 'name', m.name, 'country', m.country, 'agency_id', a.id,
            'agency_key', a.key, 'agency_name', a.name, 'agency_type', a.type, 'unit_id', u.id, 'unit_name', u.name, 'role', ms.role,
            'time_zone', u.time_zone, 'authenticated_at', authenticated, 'csrf_hash', encode(csrf, 'hex'), 'scopes', scopes)
        INTO actor
        FROM agencies.membership ms JOIN agencies.member m ON m.id = ms.member_id
            JOIN agencies.unit u ON u.id = ms.unit_id JOIN agencies.agency a ON a.id = ms.agency_id
        WHERE ms.id = membership;
    PERFORM set_config('referral.country', actor ->> 'country', true), set_config('referral.unit', actor ->> 'unit_id', true),
        set_config('referral.agency', actor ->> 'agency_id', true), set_config('referral.membership', actor ->> 'id', true),
        set_config('referral.role', actor ->> 'role', true), set_config('referral.member', actor ->> 'member_id', true), set_config('referral.at', at::text, true),
        set_config('referral.proven', coalesce(authenticated::text, ''), true);
    RETURN actor || jsonb_build_object('glass', referral.my_glass(), 'days', referral.days_entered());
END $$;

-- The clockwork acts for a country, belongs to no unit, and may only let time pass.
CREATE FUNCTION referral.begin_worker(for_country text) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT set_config('referral.country', for_country, true), set_config('referral.unit', '', true),
        set_config('referral.agency', '', true), set_config('referral.membership', '', true),
        set_config('referral.member', '', true), set_config('referral.at', '', true), set_config('referral.proven', '', true), set_config('referral.role', 'WORKER', true);
    SELECT NULL::void;
$$;

-- A stored answer, or that the same key is being worked on right now. A plain insert would make the
-- duplicate wait instead, so the advisory lock comes first (security.md 7.1).
CREATE FUNCTION referral.claim_key(the_key bytea) RETURNS jsonb
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE stored jsonb;
BEGIN
    IF NOT pg_try_advisory_xact_lock(('x' || left(encode(sha256(convert_to(referral.my_membership()::text, 'UTF8') || the_key), 'hex'), 16))::bit(64)::bigint) THEN
        RETURN jsonb_build_object('state', 'in-use');
    END IF;
    SELECT jsonb_build_object('state', 'stored', 'request_hash', encode(i.request_hash, 'hex'), 'status', i.status, 'answer', i.answer)
        INTO stored FROM referral.idempotency i WHERE i.membership_id = referral.my_membership() AND i.key_hash = the_key;
    RETURN coalesce(stored, jsonb_build_object('state', 'free'));
END $$;

-- Everything the engine needs of these referrals, their cases being locked, in the order given; where a
-- case is asked about without one, of the case alone. ``days``: the day by which mandates are judged;
-- ``wanted``: the hand-off somebody acts on, whose receiver must be able to take it.
CREATE FUNCTION referral.states_of(cases uuid[], referrals uuid[], days date[], wanted uuid) RETURNS TABLE (referral_id uuid, state jsonb)
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH found AS MATERIALIZED (
        SELECT w.place_in, w.case_id, w.on_day, r.id AS referral_id, r.person_id, r.holder_unit, c.place
        FROM ROWS FROM (unnest(cases), unnest(referrals), unnest(days)) WITH ORDINALITY AS w (case_id, referral_id, on_day, place_in)
            LEFT JOIN referral.case c ON c.id = w.case_id LEFT JOIN referral.referral r ON r.id = w.referral_id
    ), held AS MATERIALIZED (  -- asked once of each unit, however many of its cases are among them
        SELECT h.holder_unit, h.place, h.on_day, agencies.held_mandates(h.holder_unit, h.place, h.on_day) AS mandates
        FROM (SELECT DISTINCT f.holder_unit, f.place, f.on_day FROM found f WHERE f.referral_id IS NOT NULL) h
    )
    SELECT f.referral_id, jsonb_build_object(
        'case', (SELECT jsonb_build_object('id', c.id, 'country', c.country, 'reference', c.reference, 'place', c.place, 'urgency', c.urgency,
            'reported', c.reported, 'filed_by_unit', c.filed_by_unit, 'filed_at', c.filed_at, 'occurred_at', c.occurred_at, 'lead_referral', c.lead_referral, 'imported', c.imported, 'version', c.version, 'legal_hold', c.legal_hold,
            'excluded', (SELECT coalesce(jsonb_agg(a.key), '[]') FROM referral.exclusion x JOIN agencies.agency a ON a.id = x.excluded WHERE x.case_id = c.id AND x.lifted_at IS NULL))
            FROM referral.case c WHERE c.id = f.case_id),
        'referral', (SELECT to_jsonb(r) || jsonb_build_object('holder_member', agencies.acting_holder(r.holder_member, referral.my_membership(), referral.my_moment()))
            FROM referral.referral r WHERE r.id = f.referral_id),
        'hand_offs', (SELECT coalesce(jsonb_agg(jsonb_build_object('id', h.id, 'step', h.step, 'kind', h.kind, 'mandate', h.mandate, 'state', h.state,
            'opening', h.opening, 'outcome', h.outcome, 'sender_unit', h.sender_unit, 'receiver_unit', h.receiver_unit, 'receiver_agency', h.receiver_agency,
            'receiver_member', h.receiver_member, 'rivals', h.rivals, 'batch', h.batch, 'travels', h.travels, 'version', h.version, 'no_decline', h.no_decline,
            'no_agency', h.no_agency, 'jurisdiction', h.jurisdiction, 'requested_at', h.requested_at, 'first_contact_at', h.first_contact_at, 'imported', h.imported,
            'mandates', CASE WHEN h.id = wanted AND h.state IN ('requested', 'received') THEN agencies.held_mandates(h.receiver_unit, h.jurisdiction, f.on_day) END) ORDER BY h.requested_at, h.id), '[]')
            FROM referral.hand_off h WHERE h.referral_id = f.referral_id),
        'clocks', (SELECT coalesce(jsonb_agg(jsonb_build_object('id', k.id, 'clock', k.clock, 'step', k.step, 'hand_off', k.hand_off_id, 'starts_at', k.starts_at,
            'due_at', k.due_at, 'state', k.state, 'rung', k.rung, 'rungs', k.rungs, 'extensions', k.extensions, 'stood', k.stood, 'immediate', k.immediate, 'basis', k.basis) ORDER BY k.starts_at, k.id), '[]')
            FROM referral.clock k WHERE k.referral_id = f.referral_id AND k.state <> 'stopped'),
        'facts', (SELECT coalesce(jsonb_agg(jsonb_build_object('person_id', x.person_id, 'facts', x.facts)), '[]') FROM (
            SELECT c.* FROM referral.case_facts c WHERE c.case_id = f.case_id AND c.person_id IS NULL  -- two look-ups by key: a case may have a thousand persons
            UNION ALL SELECT c.* FROM referral.case_facts c WHERE c.case_id = f.case_id AND c.person_id = f.person_id) x),
        'hidden', (SELECT coalesce(jsonb_agg(x.j), '[]') FROM (
            SELECT jsonb_build_object('person_id', i.person_id, 'room', 'person_identity', 'facts', i.facts) AS j FROM referral.person_identity i WHERE i.person_id = f.person_id AND i.facts IS NOT NULL
            UNION ALL SELECT jsonb_build_object('person_id', s.person_id, 'room', 'person_safety', 'facts', s.facts) FROM referral.person_safety s WHERE s.person_id = f.person_id AND s.facts IS NOT NULL
            UNION ALL SELECT jsonb_build_object('person_id', n.person_id, 'room', 'person_narrative', 'facts', n.facts) FROM referral.person_narrative n WHERE n.person_id = f.person_id AND n.facts IS NOT NULL) x),
        'tracks', (SELECT coalesce(jsonb_agg(DISTINCT o.track), '[]') FROM referral.referral o WHERE (o.case_id = f.case_id) IS TRUE AND o.person_id = f.person_id),
        'numbered', (SELECT max(p.number) FROM referral.person p WHERE p.case_id = f.case_id),
        'person', (SELECT jsonb_build_object('number', p.number, 'identified', p.identified, 'headcount', p.headcount, 'role', p.role) FROM referral.person p WHERE p.id = f.person_id),
        'keys', (SELECT coalesce(jsonb_agg(jsonb_build_object('subject', d.subject, 'kind', d.kind, 'version', d.version, 'wrapped', d.wrapped)), '[]')
            FROM vault.data_key d WHERE d.subject IN (f.case_id, f.person_id) AND d.case_id = f.case_id),
        'events', (SELECT coalesce(jsonb_agg(DISTINCT e.event), '[]') FROM referral.event e WHERE e.case_id = f.case_id AND (e.referral_id = f.referral_id OR e.referral_id IS NULL)),
        'holder_mandates', (SELECT h.mandates FROM held h WHERE (h.holder_unit, h.place, h.on_day) = (f.holder_unit, f.place, f.on_day)),
        -- Time itself has no part in a case: nobody's is looked for.
        'mine', CASE WHEN num_nonnulls(referral.my_membership()) = 0 THEN '[]' ELSE (SELECT coalesce(jsonb_agg(jsonb_build_object('relationship', p.relationship, 'referral_id', p.referral_id,
            'hand_off_id', p.hand_off_id, 'groups', p.groups, 'barred', p.barred, 'sealed', p.sealed, 'named', p.named, 'expires_at', CASE WHEN isfinite(p.expires_at) THEN p.expires_at END)), '[]')
            FROM (
            SELECT x.* FROM referral.party x WHERE wanted IS NULL AND x.case_id = f.case_id AND referral.is_mine(x)
            UNION ALL SELECT x.* FROM referral.party x WHERE wanted IS NOT NULL AND x.referral_id = f.referral_id AND (x.case_id = f.case_id AND referral.is_mine(x)) IS TRUE) p) END,
        'head', (SELECT jsonb_build_object('stream_id', s.stream_id, 'seq', s.seq, 'hash', s.hash, 'at', s.at) FROM referral.stream_head s WHERE s.subject = f.case_id))
    FROM found f ORDER BY f.place_in;
$$;

CREATE FUNCTION referral.state_of(the_case uuid, the_referral uuid, wanted uuid, on_day date) RETURNS jsonb
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT s.state FROM referral.states_of(ARRAY[the_case], ARRAY[the_referral], ARRAY[on_day], wanted) s;
$$;

-- May the actor's unit know of this thing: somebody who works on cases, with a part in the case as it
-- stands (G0), or whose ended part is this very hand-off (OWN).
CREATE FUNCTION referral.knows_of(the_case uuid, wanted uuid) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (SELECT FROM referral.party p WHERE p.case_id = the_case AND referral.is_mine(p)
        AND ('G0' = ANY (p.groups) OR ('OWN' = ANY (p.groups) AND p.hand_off_id = wanted)));
$$;

-- Locks the case (security.md 7.2: case row first) and returns what stands; NULL when the actor has
-- no relationship to it, which is answered exactly as if it did not exist. Lock by id first: a join
-- with FOR UPDATE silently returns no row to the second of two concurrent writers.
-- Whose part is over gets no facts, no keys of persons and nobody else's hand-offs: nothing is left
-- for her to decide. Nor who holds the person now: to her it is still whoever asked her, or a force
-- that declined could learn it by giving its old hand-off a docket number.
CREATE FUNCTION referral.lock_hand_off(wanted uuid, on_day date) RETURNS jsonb
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE the_case uuid; the_referral uuid; state jsonb;
BEGIN
    SELECT h.case_id, h.referral_id INTO the_case, the_referral FROM referral.hand_off h WHERE h.id = wanted;
    IF NOT referral.knows_of(the_case, wanted) THEN RETURN NULL; END IF;
    PERFORM FROM referral.case c WHERE c.id = the_case FOR UPDATE;
    state := referral.state_of(the_case, the_referral, wanted, on_day);
    IF NOT referral.knows_of(the_case, NULL) THEN
        state := state || jsonb_build_object('facts', '[]'::jsonb, 'hidden', '[]'::jsonb, 'clocks', '[]'::jsonb, 'events', '[]'::jsonb, 'holder_mandates', '[]'::jsonb,
            'referral', (state -> 'referral') || jsonb_build_object('custody', NULL, 'holder_member', NULL, 'holder_unit', (SELECT h.sender_unit FROM referral.hand_off h WHERE h.id = wanted)),
            'hand_offs', jsonb_path_query_array(state -> 'hand_offs', '$[*] ? (@.id == $id)', jsonb_build_object('id', wanted)),
            'keys', jsonb_path_query_array(state -> 'keys', '$[*] ? (@.kind == "case")'));
    END IF;
    RETURN state;
END $$;

CREATE FUNCTION referral.lock_referral(wanted uuid, on_day date) RETURNS jsonb
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE the_case uuid;
BEGIN
    SELECT r.case_id INTO the_case FROM referral.referral r WHERE r.id = wanted;
    IF NOT referral.knows_of(the_case, NULL) THEN RETURN NULL; END IF;
    PERFORM FROM referral.case c WHERE c.id = the_case FOR UPDATE;
    RETURN referral.state_of(the_case, wanted, NULL, on_day);
END $$;

-- A due clock, claimed: the case is locked without waiting (another worker or an act is there already
-- otherwise), and the clock is returned only if it is still due.
CREATE FUNCTION referral.claim_clock(wanted uuid, at timestamptz) RETURNS jsonb
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE the_case uuid; the_referral uuid;
BEGIN
    SELECT k.case_id, k.referral_id INTO the_case, the_referral FROM referral.clock k WHERE k.id = wanted;
    PERFORM FROM referral.case c WHERE c.id = the_case FOR UPDATE SKIP LOCKED;
    IF NOT FOUND THEN RETURN NULL; END IF;
    PERFORM FROM referral.clock k WHERE k.id = wanted AND k.next_at <= at AND k.state IN ('running', 'lapsed');
    IF NOT FOUND THEN RETURN NULL; END IF;
    RETURN referral.state_of(the_case, the_referral, NULL, (SELECT (at AT TIME ZONE u.time_zone)::date
        FROM referral.referral r JOIN agencies.unit u ON u.id = r.holder_unit WHERE r.id = the_referral));
END $$;

-- A row that cannot be worked on is pushed ahead so that it blocks no other deadline. Nobody is reminded by
-- such a limit any more: those who answer for its two sides, and who coordinates, are told at once and each day.
CREATE FUNCTION referral.push_clock(wanted uuid, at timestamptz, until timestamptz) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH pushed AS (
        UPDATE referral.clock k SET next_at = until, pushed_at = CASE WHEN k.pushed_at > at - interval '1 day' THEN k.pushed_at ELSE at END
        WHERE k.id = wanted RETURNING new.case_id, new.referral_id, new.hand_off_id, new.country, old.pushed_at IS DISTINCT FROM new.pushed_at AS tell
    ), told AS (
        SELECT p.*, w.unit_id, w.role FROM pushed p JOIN referral.referral r ON r.id = p.referral_id LEFT JOIN referral.hand_off h ON h.id = p.hand_off_id, LATERAL (
            SELECT DISTINCT side AS unit_id, 'SUPERVISOR' AS role FROM unnest(ARRAY[r.holder_unit, h.sender_unit, h.receiver_unit]) side WHERE num_nonnulls(side) = 1
            UNION ALL SELECT DISTINCT m.unit_id, m.role FROM agencies.membership m JOIN agencies.unit u ON u.id = m.unit_id WHERE u.country = p.country AND m.role = 'COORDINATOR') w
        WHERE p.tell
    )
    INSERT INTO referral.outbox (id, country, kind, case_id, hand_off_id, to_unit, to_role, occurred_at)
        SELECT gen_random_uuid(), t.country, CASE WHEN num_nonnulls(t.hand_off_id) = 1 THEN 'hand_off' ELSE 'referral' END || '.limit_undecided', t.case_id, t.hand_off_id, t.unit_id, t.role, at FROM told t;
$$;

-- The actor's own stream, for refusals and for reads of G2-G5: readers do not queue on the case.
CREATE FUNCTION referral.lock_own_stream() RETURNS jsonb
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE head jsonb;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('stream ' || referral.my_membership()::text, 0));
    SELECT jsonb_build_object('stream_id', s.stream_id, 'seq', s.seq, 'hash', s.hash, 'at', s.at, 'wrapped', d.wrapped, 'version', d.version)
        INTO head FROM referral.stream_head s JOIN vault.data_key d ON d.subject = s.subject
        WHERE s.subject = referral.my_membership();
    RETURN head;
END $$;

-- Keys to what row security already let the actor read: the case's to every party that works on it
-- (the words of a decline are sealed with it), a person's only to those whom something of hers reaches.
CREATE FUNCTION referral.keys_for(the_case uuid) RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(jsonb_agg(jsonb_build_object('subject', d.subject, 'kind', d.kind, 'version', d.version, 'wrapped', d.wrapped)), '[]')
    FROM vault.data_key d WHERE d.case_id = the_case
        AND EXISTS (SELECT FROM referral.party p LEFT JOIN referral.referral r ON r.id = p.referral_id
            WHERE p.case_id = the_case AND referral.is_mine(p)
                AND (d.kind = 'case' OR (r.person_id = d.subject AND p.groups && ARRAY['G2', 'G3', 'G4'])));
$$;
