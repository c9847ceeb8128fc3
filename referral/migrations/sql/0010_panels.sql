-- Panel decisions (a multidisciplinary team): who convened, who sat for which mandate, how each voted,
-- who dissents and why. What follows from the outcome is an event or the end of a hand-off, as ever.
CREATE TABLE referral.panel_decision (
    id           uuid PRIMARY KEY,
    case_id      uuid NOT NULL REFERENCES referral.case (id),
    referral_id  uuid NOT NULL REFERENCES referral.referral (id),
    hand_off_id  uuid REFERENCES referral.hand_off (id),
    country      text NOT NULL,
    step         text NOT NULL,
    outcome      text NOT NULL,
    convenor     uuid NOT NULL REFERENCES agencies.unit (id),
    by_member    uuid NOT NULL,
    occurred_at  timestamptz NOT NULL,
    recorded_at  timestamptz NOT NULL,
    present      text[] NOT NULL,                   -- mandates that sat
    agreeing     smallint NOT NULL CHECK (agreeing BETWEEN 0 AND cardinality(present)),
    quorum       smallint NOT NULL CHECK (quorum <= cardinality(present)),  -- what the law asked for, as it stood
    agree        smallint NOT NULL CHECK (agree <= agreeing)
);
CREATE INDEX ON referral.panel_decision (case_id);

CREATE TABLE referral.panel_member (
    id          uuid PRIMARY KEY,
    decision_id uuid NOT NULL REFERENCES referral.panel_decision (id),
    case_id     uuid NOT NULL REFERENCES referral.case (id),
    referral_id uuid NOT NULL REFERENCES referral.referral (id),
    country     text NOT NULL,
    convenor    uuid NOT NULL REFERENCES agencies.unit (id),
    mandate     text NOT NULL,
    membership  uuid REFERENCES agencies.membership (id),  -- or somebody outside, by name, sealed
    present     boolean NOT NULL,
    vote        text CHECK (vote IN ('agree', 'disagree', 'abstain')),
    signed_at   timestamptz,
    key_version integer NOT NULL,
    name        bytea,                              -- G4, under the case's key
    dissent     bytea,                              -- G4
    UNIQUE (decision_id, mandate),
    UNIQUE (decision_id, membership),               -- nobody sits twice
    CHECK (present = (vote IS NOT NULL)),
    CHECK (present OR num_nonnulls(signed_at, dissent) = 0),
    CHECK (NOT present OR num_nonnulls(membership, name) > 0)  -- a vote is somebody's
);
CREATE INDEX ON referral.panel_member (case_id);

ALTER TABLE referral.panel_decision ENABLE ROW LEVEL SECURITY;
ALTER TABLE referral.panel_decision FORCE ROW LEVEL SECURITY;
ALTER TABLE referral.panel_member ENABLE ROW LEVEL SECURITY;
ALTER TABLE referral.panel_member FORCE ROW LEVEL SECURITY;

-- That a panel decided is an event of the case (G0); who sat and what they wrote is narrative (G4), its
-- convenor's own record, and the holder's to know of the person it decided about: else, where narrative
-- does not travel, nobody could ever read who dissented.
GRANT SELECT ON referral.panel_decision, referral.panel_member TO referral_app;
CREATE POLICY read ON referral.panel_decision FOR SELECT TO referral_app USING (
    country = (SELECT referral.my_country())
    AND EXISTS (SELECT FROM referral.party p WHERE p.case_id = panel_decision.case_id AND p.unit_id = (SELECT referral.my_unit()) AND p.until IS NULL AND 'G0' = ANY (p.groups)));
CREATE POLICY read ON referral.panel_member FOR SELECT TO referral_app USING (
    country = (SELECT referral.my_country())
    AND EXISTS (SELECT FROM referral.party p WHERE p.case_id = panel_member.case_id AND p.unit_id = (SELECT referral.my_unit()) AND p.until IS NULL
        AND ('G4' = ANY (p.groups) OR ('G0' = ANY (p.groups) AND panel_member.convenor = (SELECT referral.my_unit()))
            OR (p.relationship = 'holder' AND p.referral_id = panel_member.referral_id))));

GRANT SELECT (id, case_id, country) ON referral.panel_decision TO referral_auditor_ro;
CREATE POLICY verify ON referral.panel_decision FOR SELECT TO referral_auditor_ro USING (true);

GRANT SELECT, INSERT ON referral.panel_decision, referral.panel_member TO referral_effector;
CREATE POLICY carry_out ON referral.panel_decision TO referral_effector USING (country = (SELECT referral.my_country())) WITH CHECK (country = (SELECT referral.my_country()));
CREATE POLICY carry_out ON referral.panel_member TO referral_effector USING (country = (SELECT referral.my_country())) WITH CHECK (country = (SELECT referral.my_country()));

-- A panel's decision is recorded by the unit that convenes it, in its own name, with the very outcome
-- it decided; those who are said to have sat are those who are listed, and as many agree
-- as voted so. A member of the service sits for a mandate that her agency holds.
CREATE FUNCTION referral.post_panels(the_case uuid, decided jsonb, acting_on uuid[]) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE kept bigint;
BEGIN
    INSERT INTO referral.panel_decision SELECT d.* FROM jsonb_populate_recordset(NULL::referral.panel_decision, decided -> 'panels') d
        WHERE d.referral_id = ANY (acting_on) AND d.case_id = the_case AND d.convenor = referral.my_unit() AND d.by_member = referral.my_membership()
            AND (EXISTS (SELECT FROM jsonb_to_recordset(decided -> 'events') AS v (referral_id uuid, event text) WHERE v.referral_id = d.referral_id AND v.event = d.step || ' ' || d.outcome)
                OR EXISTS (SELECT FROM jsonb_to_recordset(decided -> 'moves') AS m (id uuid, act text, outcome text) JOIN referral.hand_off h ON h.id = m.id
                    WHERE m.id = d.hand_off_id AND m.act = 'complete' AND m.outcome = d.outcome AND h.referral_id = d.referral_id))
            AND (SELECT (array_agg(s.mandate ORDER BY s.mandate) FILTER (WHERE s.present), count(*) FILTER (WHERE s.vote = 'agree'))
                FROM jsonb_to_recordset(decided -> 'panel_members') AS s (decision_id uuid, mandate text, present boolean, vote text) WHERE s.decision_id = d.id)
                = (ARRAY(SELECT unnest(d.present) ORDER BY 1), d.agreeing::bigint);
    GET DIAGNOSTICS kept = ROW_COUNT;
    IF kept <> coalesce(jsonb_array_length(decided -> 'panels'), 0) THEN
        RAISE EXCEPTION 'a panel''s decision is recorded by who convened it, with its outcome and its votes' USING ERRCODE = 'RF017';
    END IF;
    INSERT INTO referral.panel_member SELECT s.* FROM jsonb_populate_recordset(NULL::referral.panel_member, decided -> 'panel_members') s
        JOIN jsonb_to_recordset(decided -> 'panels') AS d (id uuid, referral_id uuid) ON d.id = s.decision_id AND d.referral_id = s.referral_id WHERE s.case_id = the_case AND s.convenor = referral.my_unit()
            AND (num_nonnulls(s.membership) = 0 OR EXISTS (SELECT FROM agencies.membership m JOIN agencies.mandate held ON held.agency_id = m.agency_id
                WHERE m.id = s.membership AND held.country = referral.my_country() AND held.mandate = s.mandate));
    GET DIAGNOSTICS kept = ROW_COUNT;
    IF kept <> coalesce(jsonb_array_length(decided -> 'panel_members'), 0) THEN
        RAISE EXCEPTION 'who sat, sat in the panel that is recorded, for a mandate of her agency' USING ERRCODE = 'RF017';
    END IF;
END $$;
