-- A new start that takes two: an administrator's, of somebody who watches over others. Else she alone
-- could become whoever is to watch her.
CREATE TABLE agencies.recovery_ask (
    id          uuid PRIMARY KEY,
    member_id   uuid NOT NULL REFERENCES agencies.member (id),
    agency_id   uuid NOT NULL REFERENCES agencies.agency (id),
    asked_by    uuid NOT NULL REFERENCES agencies.membership (id),
    asked_at    timestamptz NOT NULL,
    expires_at  timestamptz NOT NULL,
    answered_by uuid REFERENCES agencies.membership (id),
    answered_at timestamptz,
    answer      text CHECK (answer IN ('given', 'refused', 'expired')),
    CHECK (num_nonnulls(answer, answered_at, answered_by) IN (0, 3)),
    CHECK (answered_by <> asked_by OR answer = 'expired')
);
CREATE UNIQUE INDEX recovery_ask_open ON agencies.recovery_ask (member_id, agency_id) WHERE answer IS NULL;

-- One asks, and all the person has stays as it is. 'asked', 'already-asked', 'unknown'.
CREATE FUNCTION agencies.ask_recovery(holder bytea, new_id uuid, subject uuid, at timestamptz, until timestamptz) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    giver CONSTANT uuid := agencies.may_recover(holder, subject, at);
BEGIN
    IF giver IS NULL OR NOT agencies.takes_two(giver, subject, at) OR until > at + interval '72 hours' THEN
        RETURN 'unknown';
    END IF;
    UPDATE agencies.recovery_ask a SET answer = 'expired', answered_by = giver, answered_at = at
     WHERE a.member_id = subject AND a.answer IS NULL AND a.expires_at <= at;
    INSERT INTO agencies.recovery_ask (id, member_id, agency_id, asked_by, asked_at, expires_at)
    SELECT new_id, subject, m.agency_id, giver, at, until FROM agencies.membership m WHERE m.id = giver ON CONFLICT DO NOTHING;
    RETURN CASE WHEN FOUND THEN 'asked' ELSE 'already-asked' END;
END $$;

-- Another confirms, who neither asked nor is the person: an administrator, supervisor or data protection
-- officer of the agency, in whichever seat. Only then is what the person had over. 'given', 'refused',
-- 'not-permitted', 'unknown' (run out, answered, of another agency).
CREATE FUNCTION agencies.answer_recovery(holder bytea, which uuid, agreed boolean, new_secret_hash bytea, at timestamptz, until timestamptz)
RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    who record;
    wanted agencies.recovery_ask;
BEGIN
    SELECT * INTO who FROM agencies.seat_of(holder, true, at);
    SELECT a.* INTO wanted FROM agencies.recovery_ask a
     WHERE a.id = which AND a.agency_id = who.agency_id AND a.answer IS NULL AND a.expires_at > at FOR UPDATE;
    IF wanted.id IS NULL THEN
        RETURN 'unknown';
    END IF;
    IF who.role NOT IN ('AGENCY_ADMIN', 'SUPERVISOR', 'DATA_PROTECTION_OFFICER') OR who.member_id = wanted.member_id
       OR who.member_id = (SELECT m.member_id FROM agencies.membership m WHERE m.id = wanted.asked_by) THEN
        RETURN 'not-permitted';
    END IF;
    IF agreed AND NOT EXISTS (SELECT FROM agencies.membership m JOIN agencies.member p ON p.id = m.member_id
                               WHERE m.member_id = wanted.member_id AND m.agency_id = who.agency_id AND p.active AND agencies.in_standing(m.id, at)) THEN
        RETURN 'unknown';
    END IF;
    UPDATE agencies.recovery_ask a SET answer = CASE WHEN agreed THEN 'given' ELSE 'refused' END, answered_by = who.id, answered_at = at WHERE a.id = which;
    IF NOT agreed THEN
        RETURN 'refused';
    END IF;
    PERFORM agencies.begin_anew(wanted.member_id, new_secret_hash, who.id, at, until);
    RETURN 'given';
END $$;

REVOKE EXECUTE ON FUNCTION agencies.ask_recovery(bytea, uuid, uuid, timestamptz, timestamptz),
    agencies.answer_recovery(bytea, uuid, boolean, bytea, timestamptz, timestamptz) FROM PUBLIC;
GRANT SELECT ON agencies.recovery_ask TO referral_app;
GRANT EXECUTE ON FUNCTION agencies.ask_recovery(bytea, uuid, uuid, timestamptz, timestamptz),
    agencies.answer_recovery(bytea, uuid, boolean, bytea, timestamptz, timestamptz), agencies.must_ask(bytea, uuid, timestamptz) TO referral_app;
