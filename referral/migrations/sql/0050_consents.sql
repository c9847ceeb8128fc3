-- Consent: per purpose and per receiving agency, with an end, and taken back at any moment. Where it is
-- what a referral rests on (lawful_basis CONSENT), who a person is and what befell her (G2-G4) reaches a
-- receiver only through a consent that stands, as a part of its own in `party`, which ends with it.
CREATE TABLE referral.consent (
    id              uuid PRIMARY KEY,
    case_id         uuid NOT NULL REFERENCES referral.case (id),
    referral_id     uuid NOT NULL REFERENCES referral.referral (id),
    country         text NOT NULL,
    purpose         text NOT NULL CHECK (purpose IN ('SERVICES', 'INVESTIGATION', 'RESEARCH')),
    receiver_agency uuid NOT NULL REFERENCES agencies.agency (id),
    groups          text[] NOT NULL CHECK (groups <@ ARRAY['G2', 'G3', 'G4'] AND cardinality(groups) > 0),
    given_at        timestamptz NOT NULL,
    expires_at      timestamptz NOT NULL,
    recorded_at     timestamptz NOT NULL,
    by_unit         uuid NOT NULL,
    by_member       uuid NOT NULL,
    withdrawn_at    timestamptz,
    withdrawn_by    uuid,                          -- the membership that wrote the withdrawal down
    key_version     integer NOT NULL,
    content         bytea NOT NULL,                -- who gave it, how, in which language, what was told: under the case's key
    CHECK (expires_at > given_at),
    CHECK ((withdrawn_at IS NULL) = (withdrawn_by IS NULL))
);
CREATE INDEX ON referral.consent (case_id);
ALTER TABLE referral.party ADD FOREIGN KEY (consent_id) REFERENCES referral.consent (id);
ALTER TABLE referral.party DROP CONSTRAINT party_relationship_check;
ALTER TABLE referral.party ADD CONSTRAINT party_relationship_check CHECK (relationship IN
    ('holder', 'past_holder', 'sender', 'pending', 'participant', 'past_recipient', 'break_glass', 'consented'));
ALTER TABLE referral.party ADD CHECK ((relationship = 'consented') = (consent_id IS NOT NULL));

ALTER TABLE referral.consent ENABLE ROW LEVEL SECURITY;
ALTER TABLE referral.consent FORCE ROW LEVEL SECURITY;
GRANT SELECT ON referral.consent TO referral_app;
GRANT SELECT, INSERT, UPDATE ON referral.consent TO referral_effector;
CREATE POLICY carry_out ON referral.consent TO referral_effector USING (country = (SELECT referral.my_country())) WITH CHECK (country = (SELECT referral.my_country()));
-- That there is one, for what and until when, is of the envelope; what it says is sealed.
CREATE POLICY read ON referral.consent FOR SELECT TO referral_app USING (
    country = (SELECT referral.my_country())
    AND EXISTS (SELECT FROM referral.party p WHERE p.case_id = consent.case_id AND p.unit_id = (SELECT referral.my_unit()) AND p.until IS NULL AND 'G0' = ANY (p.groups)));
GRANT SELECT (id, case_id, country, referral_id, withdrawn_at) ON referral.consent TO referral_auditor_ro;
CREATE POLICY verify ON referral.consent FOR SELECT TO referral_auditor_ro USING (true);

-- Given to who holds the person, written down in her own name; taken back to whoever has a part in the
-- case (it always succeeds, once); another basis is a supervisor's of the holding unit.
CREATE FUNCTION referral.post_consents(the_case uuid, decided jsonb, acting_on uuid[]) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE kept bigint;
BEGIN
    INSERT INTO referral.consent SELECT c.* FROM jsonb_populate_recordset(NULL::referral.consent, decided -> 'consents') c
        JOIN agencies.agency a ON a.id = c.receiver_agency AND a.country = c.country
        WHERE c.case_id = the_case AND c.referral_id = ANY (acting_on) AND c.withdrawn_at IS NULL
            AND c.by_unit = referral.my_unit() AND c.by_member = referral.my_membership();
    GET DIAGNOSTICS kept = ROW_COUNT;
    IF kept <> coalesce(jsonb_array_length(decided -> 'consents'), 0) THEN
        RAISE EXCEPTION 'a consent is written down by who holds the person, in her own name' USING ERRCODE = 'RF021';
    END IF;
    UPDATE referral.consent c SET withdrawn_at = w.at, withdrawn_by = referral.my_membership()
        FROM jsonb_to_recordset(decided -> 'consent_withdrawals') AS w (id uuid, at timestamptz)
        WHERE c.id = w.id AND c.case_id = the_case AND c.withdrawn_at IS NULL
            AND EXISTS (SELECT FROM referral.party p WHERE p.case_id = the_case AND referral.is_mine(p) AND 'G0' = ANY (p.groups));
    GET DIAGNOSTICS kept = ROW_COUNT;
    IF kept <> coalesce(jsonb_array_length(decided -> 'consent_withdrawals'), 0) THEN
        RAISE EXCEPTION 'a consent is taken back once, by who has a part in the case' USING ERRCODE = 'RF021';
    END IF;
    UPDATE referral.referral r SET lawful_basis = b.lawful_basis, version = r.version + 1
        FROM jsonb_to_recordset(decided -> 'bases') AS b (id uuid, lawful_basis text)
        WHERE r.id = b.id AND r.case_id = the_case AND r.holder_unit = referral.my_unit() AND referral.my_role() = 'SUPERVISOR';
    GET DIAGNOSTICS kept = ROW_COUNT;
    IF kept <> coalesce(jsonb_array_length(decided -> 'bases'), 0) THEN
        RAISE EXCEPTION 'another lawful basis is the supervisor''s of who holds the person' USING ERRCODE = 'RF021';
    END IF;
END $$;

-- What parts in the case follow from consent, after every act that may change it. A part that came with
-- a hand-off has of G2-G4 nothing by itself where the referral rests on consent, and all that its step
-- says travels where it does not; beside it stands one part for each consent that reaches its agency.
CREATE FUNCTION referral.settle_consents(the_case uuid, at timestamptz) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE referral.party p SET groups = CASE r.lawful_basis WHEN 'CONSENT' THEN ARRAY(SELECT g FROM unnest(p.groups) g WHERE g NOT IN ('G2', 'G3', 'G4'))
            ELSE ARRAY(SELECT g FROM unnest(p.groups || array_remove(h.travels, 'G5')) g GROUP BY g ORDER BY g) END
        FROM referral.referral r, referral.hand_off h
        WHERE p.case_id = the_case AND p.until IS NULL AND p.relationship IN ('holder', 'participant') AND r.id = p.referral_id AND h.id = p.hand_off_id
            AND CASE r.lawful_basis WHEN 'CONSENT' THEN p.groups && ARRAY['G2', 'G3', 'G4'] ELSE NOT (array_remove(h.travels, 'G5') <@ p.groups) END;
    UPDATE referral.party p SET until = greatest(at, p.since)
        WHERE p.case_id = the_case AND p.until IS NULL AND p.relationship = 'consented' AND (
            EXISTS (SELECT FROM referral.consent c JOIN referral.referral r ON r.id = c.referral_id WHERE c.id = p.consent_id AND (c.withdrawn_at IS NOT NULL OR r.lawful_basis <> 'CONSENT'))
            OR NOT EXISTS (SELECT FROM referral.party own WHERE own.case_id = the_case AND own.hand_off_id = p.hand_off_id AND own.unit_id = p.unit_id
                AND own.until IS NULL AND own.relationship IN ('holder', 'participant')));
    INSERT INTO referral.party (id, case_id, referral_id, hand_off_id, country, unit_id, relationship, groups, since, expires_at, consent_id, barred, sealed, named)
        SELECT gen_random_uuid(), the_case, p.referral_id, p.hand_off_id, p.country, p.unit_id, 'consented',
            ARRAY(SELECT g FROM unnest(c.groups) g WHERE g = ANY (h.travels) ORDER BY g), at, c.expires_at, c.id, p.barred, p.sealed, p.named
        FROM referral.party p JOIN referral.referral r ON r.id = p.referral_id AND r.lawful_basis = 'CONSENT'
            JOIN referral.hand_off h ON h.id = p.hand_off_id
            JOIN referral.consent c ON c.referral_id = p.referral_id AND c.receiver_agency = h.receiver_agency AND c.withdrawn_at IS NULL AND c.expires_at > at
                AND c.purpose <> 'RESEARCH'
        WHERE p.case_id = the_case AND p.until IS NULL AND p.relationship IN ('holder', 'participant') AND p.unit_id = h.receiver_unit AND c.groups && h.travels
            AND NOT EXISTS (SELECT FROM referral.party there WHERE there.case_id = the_case AND there.consent_id = c.id AND there.hand_off_id = p.hand_off_id AND there.until IS NULL);
END $$;
