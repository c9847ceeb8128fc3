-- Hand-offs made together for several persons: found by their batch, locked and answered in one call.
CREATE INDEX ON referral.hand_off (batch, receiver_unit, state, coalesce(due_at, 'infinity'), id);
CREATE INDEX ON referral.party (referral_id);
-- What somebody's screening found last: of a thousand persons each would read everybody's.
CREATE INDEX screening_of_person ON referral.screening (person_id, at DESC);
-- A case of a thousand persons has thousands of parties: who asks for its own finds them directly.
DROP INDEX referral.party_case_id_idx;
CREATE INDEX party_of_case ON referral.party (case_id, unit_id) WHERE until IS NULL;

-- Everything that is still open of a batch asked of the actor's unit, one hand-off per referral (what
-- follows from one may touch its siblings), with what ``lock_hand_off`` returns of each. NULL when the
-- unit may know of none of it, which is answered exactly as if there were no such batch.
CREATE FUNCTION referral.lock_batch(wanted uuid, on_day date) RETURNS jsonb
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE the_case uuid;
BEGIN
    SELECT h.case_id INTO the_case FROM referral.hand_off h
        WHERE h.batch = wanted AND h.receiver_unit = referral.my_unit() AND referral.knows_of(h.case_id, h.id) LIMIT 1;
    IF the_case IS NULL THEN RETURN NULL; END IF;
    PERFORM FROM referral.case c WHERE c.id = the_case FOR UPDATE;
    RETURN (SELECT coalesce(jsonb_agg(jsonb_build_object('hand_off', o.id, 'state', referral.state_of(the_case, o.referral_id, o.id, on_day)) ORDER BY o.number, o.id), '[]')
        FROM (SELECT DISTINCT ON (h.referral_id) h.id, h.referral_id, p.number FROM referral.hand_off h JOIN referral.person p ON p.id = h.person_id
            WHERE h.batch = wanted AND h.case_id = the_case AND h.receiver_unit = referral.my_unit() AND NOT h.imported
                AND h.state IN ('requested', 'received', 'accepted', 'in-progress', 'on-hold') ORDER BY h.referral_id, h.id) o);
END $$;
