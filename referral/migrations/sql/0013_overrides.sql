-- A person records another result of the screening, with a reason. The engine's own stays where it is
-- (referral.screening is never written again); this row stands beside it and says what the engine said.
CREATE TABLE referral.screening_override (
    id          uuid PRIMARY KEY,
    case_id     uuid NOT NULL REFERENCES referral.case (id),
    person_id   uuid NOT NULL REFERENCES referral.person (id),
    referral_id uuid NOT NULL REFERENCES referral.referral (id),
    country     text NOT NULL,
    topic       text NOT NULL CHECK (topic IN ('CL', 'FL', 'HT')),
    engine      text NOT NULL,                      -- the result that stood when it was overridden
    result      text NOT NULL CHECK (result IN ('indicated', 'possible', 'not_indicated', 'erased')),
    at          timestamptz NOT NULL,
    by_unit     uuid NOT NULL,
    by_member   uuid NOT NULL,
    key_version integer NOT NULL,
    reason      bytea NOT NULL                      -- G4, under the case's key
);
CREATE INDEX ON referral.screening_override (case_id, person_id);

ALTER TABLE referral.screening_override ENABLE ROW LEVEL SECURITY;
ALTER TABLE referral.screening_override FORCE ROW LEVEL SECURITY;
GRANT SELECT ON referral.screening_override TO referral_app;
-- As the screening itself: G1. The reason is sealed.
CREATE POLICY read ON referral.screening_override FOR SELECT TO referral_app USING (
    country = (SELECT referral.my_country())
    AND EXISTS (SELECT FROM referral.party p WHERE p.case_id = screening_override.case_id AND p.unit_id = (SELECT referral.my_unit()) AND p.until IS NULL AND 'G1' = ANY (p.groups)));
GRANT SELECT (id, case_id, country) ON referral.screening_override TO referral_auditor_ro;
CREATE POLICY verify ON referral.screening_override FOR SELECT TO referral_auditor_ro USING (true);
GRANT SELECT, INSERT ON referral.screening_override TO referral_effector;
CREATE POLICY carry_out ON referral.screening_override TO referral_effector USING (country = (SELECT referral.my_country())) WITH CHECK (country = (SELECT referral.my_country()));
