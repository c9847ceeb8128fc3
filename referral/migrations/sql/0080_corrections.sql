-- Who of the holding unit is in charge: given to a colleague, or back to the whole unit.

-- May this seat be put in charge in this unit: it is one of the unit's, works on cases, and is in standing.
CREATE FUNCTION agencies.may_take_charge(seat uuid, of_unit uuid, at timestamptz) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
SELECT agencies.in_standing(seat, at) AND EXISTS (
    SELECT FROM agencies.membership m WHERE m.id = seat AND m.unit_id = of_unit AND m.role IN ('OFFICER', 'SUPERVISOR'))
$$;
REVOKE EXECUTE ON FUNCTION agencies.may_take_charge(uuid, uuid, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION agencies.may_take_charge(uuid, uuid, timestamptz) TO referral_app, referral_effector;

-- The supervisor of the unit that holds decides; nobody is put in charge of what she may not know of.
CREATE FUNCTION referral.post_reassignments(the_case uuid, decided jsonb) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE changed bigint;
BEGIN
    UPDATE referral.referral r SET holder_member = m.member, version = r.version + 1
        FROM jsonb_to_recordset(decided -> 'reassignments') AS m (id uuid, member uuid)
        WHERE r.id = m.id AND r.case_id = the_case AND r.state = 'open' AND referral.my_role() = 'SUPERVISOR' AND r.holder_member IS DISTINCT FROM m.member
            AND EXISTS (SELECT FROM referral.party p WHERE p.case_id = the_case AND p.referral_id = r.id AND referral.is_mine(p) AND p.relationship = 'holder')
            AND (m.member IS NULL OR agencies.may_take_charge(m.member, r.holder_unit, referral.my_moment()))
            AND NOT EXISTS (SELECT FROM agencies.membership seat WHERE seat.id = m.member AND (
                EXISTS (SELECT FROM referral.exclusion x WHERE x.case_id = the_case AND x.lifted_at IS NULL AND x.excluded = seat.member_id)
                OR EXISTS (SELECT FROM referral.seal s WHERE s.case_id = the_case AND s.lifted_at IS NULL AND seat.member_id <> ALL (s.named))))
            AND EXISTS (SELECT FROM jsonb_to_recordset(decided -> 'entries') AS e (header text)
                WHERE e.header::jsonb ->> 'act' = 'referral.reassigned' AND e.header::jsonb ->> 'object' = m.id::text AND e.header::jsonb ->> 'to' IS NOT DISTINCT FROM m.member::text);
    GET DIAGNOSTICS changed = ROW_COUNT;
    IF changed <> jsonb_array_length(decided -> 'reassignments') THEN
        RAISE EXCEPTION 'a supervisor puts somebody of her own unit in charge, who may know of the case' USING ERRCODE = 'RF024';
    END IF;
    -- Who received it is who has it now; nothing else of the hand-off changes.
    UPDATE referral.hand_off h SET receiver_member = r.holder_member
        FROM jsonb_to_recordset(decided -> 'reassignments') AS m (id uuid) JOIN referral.referral r ON r.id = m.id
        WHERE h.id = r.custody AND h.receiver_unit = r.holder_unit;
END $$;

-- What ends a referral on paper only: it closes with this mark, its open hand-offs are taken back, its
-- limits stop, and none of its hand-offs counts among response times. Nothing is deleted. It follows
-- from the approval of a proposal (post_need) and from nothing else.
CREATE FUNCTION referral.strike(the_case uuid, which uuid[], mark text) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE closed bigint; taken_back uuid[];
BEGIN
    UPDATE referral.referral r SET state = 'closed', closed_at = referral.my_moment(), outcome = mark, version = r.version + 1
        WHERE r.id = ANY (which) AND r.case_id = the_case AND r.state = 'open' AND r.holder_unit = referral.my_unit();
    GET DIAGNOSTICS closed = ROW_COUNT;
    IF closed <> cardinality(which) THEN
        RAISE EXCEPTION 'an open referral is struck out by the unit that holds it' USING ERRCODE = 'RF025';
    END IF;
    WITH back AS (
        UPDATE referral.hand_off h SET state = 'cancelled', reason_code = mark, ended_at = referral.my_moment(), due_at = NULL, version = h.version + 1
            WHERE h.referral_id = ANY (which) AND h.state IN ('requested', 'received', 'accepted', 'in-progress', 'on-hold') AND NOT h.imported RETURNING h.id
    ) SELECT array_agg(back.id) INTO taken_back FROM back;
    UPDATE referral.hand_off h SET in_error = true WHERE h.referral_id = ANY (which);
    UPDATE referral.clock k SET state = 'stopped', stopped_at = referral.my_moment(), next_at = NULL WHERE k.referral_id = ANY (which) AND k.stopped_at IS NULL;
    UPDATE referral.party p SET relationship = CASE p.relationship WHEN 'sender' THEN 'sender' ELSE 'past_recipient' END, groups = ARRAY['OWN']
        WHERE p.case_id = the_case AND p.hand_off_id = ANY (taken_back) AND p.until IS NULL AND p.relationship IN ('pending', 'participant', 'sender');
    PERFORM referral.settle_consents(the_case, referral.my_moment());
END $$;

-- Does the caller's unit hold the lead of this case, and may she know of it.
CREATE FUNCTION referral.leads(the_case uuid) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (SELECT FROM referral.case c JOIN referral.party p ON p.referral_id = c.lead_referral
        WHERE c.id = the_case AND p.case_id = the_case AND referral.is_mine(p) AND p.relationship = 'holder');
$$;

-- Open referrals of the newer case that the older one has too: the same track of the same person. The
-- same is who shares a blind index, or who is the only one concerned in both. For whoever holds both leads.
CREATE FUNCTION referral.twins(newer uuid, older uuid) RETURNS uuid[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(array_agg(r.id ORDER BY r.opened_at, r.id), '{}') FROM referral.referral r
    WHERE r.case_id = newer AND r.state = 'open' AND r.holder_unit = referral.my_unit() AND referral.leads(newer) AND referral.leads(older) AND EXISTS (
        SELECT FROM referral.referral o WHERE o.case_id = older AND o.state = 'open' AND o.track = r.track AND (
            EXISTS (SELECT FROM referral.blind_index a JOIN referral.blind_index b ON b.value = a.value WHERE a.person_id = r.person_id AND b.person_id = o.person_id)
            OR NOT EXISTS (SELECT FROM referral.person p WHERE p.role = 'concerned' AND (p.headcount > 1 OR p.id NOT IN (r.person_id, o.person_id)) AND p.case_id IN (newer, older))));
$$;

-- May the newer case become a pointer to the older one: both leads are the caller's, and no pointer
-- leads to a pointer, or in a circle.
CREATE FUNCTION referral.may_point(newer uuid, older uuid) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT referral.leads(newer) AND referral.leads(older) AND EXISTS (SELECT FROM referral.case n, referral.case o WHERE n.id = newer AND o.id = older
        AND n.country = o.country AND (o.filed_at, o.id) < (n.filed_at, n.id) AND num_nonnulls(n.duplicate_of, o.duplicate_of) = 0);
$$;

CREATE FUNCTION referral.point(newer uuid, older uuid, decided jsonb) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM FROM referral.case o WHERE o.id = older FOR SHARE;  -- nobody merges it away meanwhile; always the older second
    IF NOT referral.may_point(newer, older) OR NOT EXISTS (SELECT FROM jsonb_to_recordset(decided -> 'entries') AS e (header text)
            WHERE e.header::jsonb ->> 'act' = 'case.merged' AND e.header::jsonb ->> 'object' = newer::text AND e.header::jsonb ->> 'to' = older::text) THEN
        RAISE EXCEPTION 'the newer of two cases becomes a pointer to the older, by who holds both' USING ERRCODE = 'RF026';
    END IF;
    PERFORM referral.strike(newer, referral.twins(newer, older), 'MERGED');
    UPDATE referral.case c SET duplicate_of = older WHERE c.id = newer;
END $$;
