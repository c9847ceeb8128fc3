-- The service's own history, for asking what another law would have made of it. Pseudonymised here, not
-- by whoever asks: no id, no reference, no unit and no member leaves; of what is known only named facts
-- of G1; of what happened mandates, steps, codes and times. To a coordinator of the country, in a
-- transaction whose log entry says so already. Imported years are no history of this service.
CREATE FUNCTION referral.history_of(wanted text, names text[]) RETURNS SETOF jsonb
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF num_nonnulls(referral.my_country()) = 0 OR referral.my_role() IS DISTINCT FROM 'COORDINATOR' THEN
        RAISE EXCEPTION 'this role does not weigh law' USING ERRCODE = 'RF007';
    END IF;
    IF NOT EXISTS (SELECT FROM referral.audit_entry e WHERE e.xid = pg_current_xact_id() AND e.actor = referral.my_membership()::text AND e.act = 'case.read' AND e.object_type = 'history') THEN
        RAISE EXCEPTION 'no entry, no reading' USING ERRCODE = 'RF001';
    END IF;
    RETURN QUERY SELECT jsonb_build_object('at', r.opened_at, 'place', c.place, 'reported', c.reported, 'urgency', c.urgency, 'results', r.results, 'count', p.headcount,
        'filed_by', to_jsonb(agencies.held_mandates(c.filed_by_unit, c.place, (r.opened_at AT TIME ZONE 'UTC')::date)),
        'facts', (SELECT coalesce(jsonb_object_agg(fact.key, fact.value ORDER BY f.person_id NULLS FIRST), '{}') FROM referral.case_facts f, jsonb_each(f.facts) fact
            WHERE f.case_id = c.id AND (f.person_id = p.id OR num_nonnulls(f.person_id) = 0) AND fact.key = ANY (names)),
        'hand_offs', (SELECT coalesce(jsonb_agg(jsonb_build_object('step', h.step, 'mandate', h.mandate, 'state', h.state, 'received_at', h.received_at, 'accepted_at', h.accepted_at,
                'started_at', h.started_at, 'ended_at', h.ended_at, 'overdue_since', h.overdue_since, 'reason_code', h.reason_code, 'outcome', h.outcome,
                'panel', (SELECT jsonb_build_object('present', d.present, 'agree', d.agreeing) FROM referral.panel_decision d WHERE d.hand_off_id = h.id LIMIT 1)) ORDER BY h.requested_at, h.step, h.mandate), '[]')
            FROM referral.hand_off h WHERE h.referral_id = r.id AND NOT h.imported),
        'events', (SELECT coalesce(jsonb_agg(jsonb_build_object('event', v.event, 'occurred_at', v.occurred_at, 'recorded_at', v.recorded_at,
                'panel', (SELECT jsonb_build_object('present', d.present, 'agree', d.agreeing) FROM referral.panel_decision d
                    WHERE d.referral_id = v.referral_id AND num_nonnulls(d.hand_off_id) = 0 AND v.event = d.step || ' ' || d.outcome LIMIT 1)) ORDER BY v.occurred_at, v.event), '[]')
            FROM referral.event v WHERE v.referral_id = r.id AND num_nonnulls(v.by_member) = 1))
    FROM referral.referral r JOIN referral.case c ON c.id = r.case_id JOIN referral.person p ON p.id = r.person_id
    WHERE r.country = referral.my_country() AND r.track = wanted AND NOT c.imported AND num_nonnulls(p.erased_at) = 0
    ORDER BY r.opened_at, c.place, p.number;
END $$;
