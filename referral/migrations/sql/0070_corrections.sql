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
