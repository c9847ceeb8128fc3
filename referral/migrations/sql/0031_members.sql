-- What administrators and supervisors do to their people, asked of the tables once more: the caller
-- names her session, never herself. Each answers with a word; anything but the good one changed nothing.

-- A role that takes two: asked by one, answered by another; nobody answers her own question.
CREATE TABLE agencies.role_grant (
    id          uuid PRIMARY KEY,
    member_id   uuid NOT NULL REFERENCES agencies.member (id),
    agency_id   uuid NOT NULL,
    unit_id     uuid NOT NULL,
    role        text NOT NULL,
    asked_by    uuid NOT NULL REFERENCES agencies.membership (id),
    asked_at    timestamptz NOT NULL,
    answered_by uuid REFERENCES agencies.membership (id),
    answered_at timestamptz,
    answer      text CHECK (answer IN ('given', 'refused')),
    FOREIGN KEY (unit_id, agency_id) REFERENCES agencies.unit (id, agency_id),
    CHECK ((answer IS NULL) = (answered_at IS NULL) AND (answer IS NULL) = (answered_by IS NULL)),
    CHECK (answered_by <> asked_by)
);
CREATE UNIQUE INDEX role_grant_open ON agencies.role_grant (member_id, unit_id, role) WHERE answer IS NULL;
CREATE INDEX ON agencies.role_grant (agency_id) WHERE answer IS NULL;

-- The seat somebody acts from; `fresh`: only with a proof less than 15 minutes old. No row: no session.
CREATE FUNCTION agencies.seat_of(holder bytea, fresh boolean, at timestamptz)
RETURNS TABLE (id uuid, member_id uuid, agency_id uuid, unit_id uuid, role text)
LANGUAGE sql STABLE ROWS 1 SET search_path = pg_catalog, pg_temp AS $$
SELECT m.id, m.member_id, m.agency_id, m.unit_id, m.role
  FROM agencies.session s JOIN agencies.membership m ON m.id = s.membership_id
 WHERE s.id_hash = holder
   AND m.member_id = CASE WHEN fresh THEN agencies.account_of(holder, at) ELSE agencies.signed_in_as(holder, at) END
$$;

-- Whether this seat may be looked after from that one: the same unit (supervisor), the same agency
-- (administrator), or (`own`) the same person.
CREATE FUNCTION agencies.looks_after(seat uuid, holder bytea, own boolean, at timestamptz) RETURNS uuid
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
SELECT who.id
  FROM agencies.seat_of(holder, false, at) who JOIN agencies.membership theirs ON theirs.id = seat
 WHERE (who.role = 'AGENCY_ADMIN' AND theirs.agency_id = who.agency_id)
    OR (who.role = 'SUPERVISOR' AND theirs.unit_id = who.unit_id)
    OR (own AND theirs.member_id = who.member_id)
$$;

CREATE FUNCTION agencies.day_at(unit uuid, at timestamptz) RETURNS date
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
SELECT (at AT TIME ZONE u.time_zone)::date FROM agencies.unit u WHERE u.id = unit
$$;

-- A new person, who may only enrol; roles are given next. 'added', 'not-permitted', 'user-name-taken'.
CREATE FUNCTION agencies.admit_member(
    holder bytea, new_id uuid, new_user_name text, new_name text, new_secret_hash bytea, at timestamptz, until timestamptz)
RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    who record;
BEGIN
    SELECT * INTO who FROM agencies.seat_of(holder, true, at);
    IF who.role IS DISTINCT FROM 'AGENCY_ADMIN' THEN
        RETURN 'not-permitted';
    END IF;
    INSERT INTO agencies.member (id, country, kind, user_name, name, active)
    SELECT new_id, a.country, 'person', new_user_name, new_name, true FROM agencies.agency a WHERE a.id = who.agency_id
    ON CONFLICT (lower(user_name)) DO NOTHING;
    IF NOT FOUND THEN
        RETURN 'user-name-taken';
    END IF;
    INSERT INTO agencies.enrolment (member_id, secret_hash, given_by, given_at, expires_at)
    VALUES (new_id, new_secret_hash, who.id, at, until);
    RETURN 'added';
END $$;

-- A role is given, or, where it watches over others, asked for: another person answers.
CREATE FUNCTION agencies.give_or_ask(giver uuid, new_id uuid, subject uuid, agency uuid, unit uuid, new_role text, at timestamptz) RETURNS text
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM agencies.membership x WHERE x.member_id = subject AND x.unit_id = unit AND x.role = new_role
                AND (x.valid_until IS NULL OR x.valid_until > agencies.day_at(unit, at))) THEN
        RETURN 'already-held';
    END IF;
    IF agencies.watches(new_role) THEN
        INSERT INTO agencies.role_grant (id, member_id, agency_id, unit_id, role, asked_by, asked_at)
        VALUES (new_id, subject, agency, unit, new_role, giver, at) ON CONFLICT DO NOTHING;
        RETURN CASE WHEN FOUND THEN 'asked' ELSE 'already-held' END;
    END IF;
    RETURN agencies.seat(new_id, subject, agency, unit, new_role, at);
END $$;

-- 'given'; 'asked' for roles that take two (an administrator too: else one could make her own second);
-- 'not-permitted', 'already-held', 'duties-conflict', 'unknown'.
CREATE FUNCTION agencies.give_role(holder bytea, new_id uuid, subject uuid, unit uuid, new_role text, at timestamptz) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    who record;
BEGIN
    SELECT * INTO who FROM agencies.seat_of(holder, true, at);
    IF who.role IS DISTINCT FROM 'AGENCY_ADMIN' OR new_role = 'SYSTEM_ADMIN' OR subject = who.member_id THEN
        RETURN 'not-permitted';
    END IF;
    -- Somebody of this agency, or whom this agency has just admitted.
    IF NOT EXISTS (SELECT FROM agencies.unit u WHERE u.id = unit AND u.agency_id = who.agency_id)
       OR NOT EXISTS (SELECT FROM agencies.member m WHERE m.id = subject AND m.active AND m.kind = 'person' AND (
            EXISTS (SELECT FROM agencies.membership x WHERE x.member_id = m.id AND x.agency_id = who.agency_id)
            OR EXISTS (SELECT FROM agencies.enrolment e JOIN agencies.membership g ON g.id = e.given_by
                        WHERE e.member_id = m.id AND g.agency_id = who.agency_id))) THEN
        RETURN 'unknown';
    END IF;
    RETURN agencies.give_or_ask(who.id, new_id, subject, who.agency_id, unit, new_role, at);
END $$;

CREATE FUNCTION agencies.seat(new_id uuid, subject uuid, agency uuid, unit uuid, new_role text, at timestamptz) RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO agencies.membership (id, member_id, agency_id, unit_id, role, valid_from)
    VALUES (new_id, subject, agency, unit, new_role, agencies.day_at(unit, at));
    RETURN 'given';
EXCEPTION
    WHEN check_violation THEN RETURN 'duties-conflict';
    WHEN exclusion_violation THEN RETURN 'already-held';
END $$;

-- The second person: an administrator, supervisor or data protection officer of the agency, who neither
-- asked nor is the one to be given the role. 'given', 'refused', 'not-permitted', 'unknown', or as above.
CREATE FUNCTION agencies.answer_grant(holder bytea, which uuid, agreed boolean, at timestamptz) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    who record;
    wanted agencies.role_grant;
    outcome text := 'refused';
BEGIN
    SELECT * INTO who FROM agencies.seat_of(holder, true, at);
    SELECT g.* INTO wanted FROM agencies.role_grant g
     WHERE g.id = which AND g.agency_id = who.agency_id AND g.answer IS NULL FOR UPDATE;
    IF wanted.id IS NULL THEN
        RETURN 'unknown';
    END IF;
    IF who.role NOT IN ('AGENCY_ADMIN', 'SUPERVISOR', 'DATA_PROTECTION_OFFICER') OR who.member_id = wanted.member_id
       OR who.member_id = (SELECT m.member_id FROM agencies.membership m WHERE m.id = wanted.asked_by) THEN
        RETURN 'not-permitted';
    END IF;
    IF agreed THEN
        outcome := agencies.seat(gen_random_uuid(), wanted.member_id, wanted.agency_id, wanted.unit_id, wanted.role, at);
        IF outcome <> 'given' THEN
            RETURN outcome;
        END IF;
    END IF;
    UPDATE agencies.role_grant g SET answer = outcome, answered_by = who.id, answered_at = at WHERE g.id = which;
    RETURN outcome;
END $$;

-- A role ends today. Sessions in it find out with their next request. 'ended', 'not-permitted', 'unknown'.
CREATE FUNCTION agencies.end_role(holder bytea, seat uuid, at timestamptz) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    who record;
    held agencies.membership;
BEGIN
    SELECT * INTO who FROM agencies.seat_of(holder, true, at);
    SELECT m.* INTO held FROM agencies.membership m WHERE m.id = seat AND m.agency_id = who.agency_id
       AND (m.valid_until IS NULL OR m.valid_until > agencies.day_at(m.unit_id, at)) FOR UPDATE;
    IF held.id IS NULL THEN
        RETURN 'unknown';
    END IF;
    IF who.role IS DISTINCT FROM 'AGENCY_ADMIN' OR held.member_id = who.member_id THEN
        RETURN 'not-permitted';
    END IF;
    UPDATE agencies.membership m SET valid_until = greatest(m.valid_from, agencies.day_at(m.unit_id, at)) WHERE m.id = seat;
    DELETE FROM agencies.session s WHERE s.membership_id = seat;
    RETURN 'ended';
END $$;

-- All access over at once, or given again. Somebody who works for another agency too is not this one's
-- alone to shut out: her roles here can be ended. 'done', 'not-permitted', 'unknown', 'elsewhere-too'.
CREATE FUNCTION agencies.set_active(holder bytea, subject uuid, wanted boolean, at timestamptz) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    who record;
BEGIN
    SELECT * INTO who FROM agencies.seat_of(holder, true, at);
    IF NOT EXISTS (SELECT FROM agencies.membership m WHERE m.member_id = subject AND m.agency_id = who.agency_id) THEN
        RETURN 'unknown';
    END IF;
    IF who.role IS DISTINCT FROM 'AGENCY_ADMIN' OR subject = who.member_id THEN
        RETURN 'not-permitted';
    END IF;
    IF EXISTS (SELECT FROM agencies.membership m WHERE m.member_id = subject AND m.agency_id <> who.agency_id
                AND (m.valid_until IS NULL OR m.valid_until > agencies.day_at(m.unit_id, at))) THEN
        RETURN 'elsewhere-too';
    END IF;
    UPDATE agencies.member m SET active = wanted WHERE m.id = subject;
    DELETE FROM agencies.session s USING agencies.membership m WHERE m.id = s.membership_id AND m.member_id = subject;
    UPDATE agencies.api_token t SET revoked_at = at FROM agencies.membership m
     WHERE m.id = t.membership_id AND m.member_id = subject AND t.revoked_at IS NULL;
    RETURN 'done';
END $$;

-- 'noted', 'not-permitted', 'deputy-elsewhere' (one of the same unit, for she sees what the absent one
-- sees), 'overlaps'.
CREATE FUNCTION agencies.note_absence(
    holder bytea, new_id uuid, seat uuid, first_day date, day_after date, deputy uuid, at timestamptz) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    noter CONSTANT uuid := agencies.looks_after(seat, holder, true, at);
BEGIN
    IF noter IS NULL THEN
        RETURN 'not-permitted';
    END IF;
    IF deputy IS NOT NULL AND NOT EXISTS (
        SELECT FROM agencies.membership d JOIN agencies.membership s ON s.id = seat
         WHERE d.id = deputy AND d.unit_id = s.unit_id AND d.member_id <> s.member_id AND agencies.in_standing(d.id, at)
           AND d.role IN ('OFFICER', 'SUPERVISOR')) THEN
        RETURN 'deputy-elsewhere';
    END IF;
    INSERT INTO agencies.absence (id, membership_id, deputy_id, valid_from, valid_until, noted_by, noted_at)
    VALUES (new_id, seat, deputy, first_day, day_after, noter, at);
    RETURN 'noted';
EXCEPTION WHEN exclusion_violation THEN RETURN 'overlaps';
END $$;

-- She is back (or never went): from today it counts no more. 'ended', 'not-permitted'.
CREATE FUNCTION agencies.end_absence(holder bytea, which uuid, at timestamptz) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE agencies.absence x SET valid_until = greatest(x.valid_from, agencies.day_at(m.unit_id, at))
      FROM agencies.membership m
     WHERE x.id = which AND m.id = x.membership_id AND x.valid_until > agencies.day_at(m.unit_id, at)
       AND agencies.looks_after(x.membership_id, holder, true, at) IS NOT NULL;
    RETURN CASE WHEN FOUND THEN 'ended' ELSE 'not-permitted' END;
END $$;

-- 'noted', 'not-permitted', 'overlaps'.
CREATE FUNCTION agencies.put_on_duty(holder bytea, new_id uuid, seat uuid, first_day date, day_after date, at timestamptz) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    noter CONSTANT uuid := agencies.looks_after(seat, holder, false, at);
BEGIN
    IF noter IS NULL OR NOT agencies.in_standing(seat, at) THEN
        RETURN 'not-permitted';
    END IF;
    INSERT INTO agencies.duty (id, unit_id, membership_id, valid_from, valid_until, noted_by, noted_at)
    SELECT new_id, m.unit_id, m.id, first_day, day_after, noter, at FROM agencies.membership m WHERE m.id = seat;
    RETURN 'noted';
EXCEPTION WHEN exclusion_violation THEN RETURN 'overlaps';
END $$;

CREATE FUNCTION agencies.end_duty(holder bytea, which uuid, at timestamptz) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE agencies.duty d SET valid_until = greatest(d.valid_from, agencies.day_at(d.unit_id, at))
     WHERE d.id = which AND d.valid_until > agencies.day_at(d.unit_id, at)
       AND agencies.looks_after(d.membership_id, holder, false, at) IS NOT NULL;
    RETURN CASE WHEN FOUND THEN 'ended' ELSE 'not-permitted' END;
END $$;

-- A desk more, or a desk by another name; which desk hand-offs arrive at is the register's business.
-- 'added', 'renamed', 'not-permitted', 'key-taken', 'unknown'.
CREATE FUNCTION agencies.keep_unit(holder bytea, which uuid, new_key text, new_name text, at timestamptz) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    who record;
BEGIN
    SELECT * INTO who FROM agencies.seat_of(holder, true, at);
    IF who.role IS DISTINCT FROM 'AGENCY_ADMIN' THEN
        RETURN 'not-permitted';
    END IF;
    IF new_key IS NULL THEN
        UPDATE agencies.unit u SET name = new_name WHERE u.id = which AND u.agency_id = who.agency_id;
        RETURN CASE WHEN FOUND THEN 'renamed' ELSE 'unknown' END;
    END IF;
    INSERT INTO agencies.unit (id, agency_id, country, key, name, intake, time_zone)
    SELECT which, u.agency_id, u.country, new_key, new_name, false, u.time_zone FROM agencies.unit u WHERE u.id = who.unit_id
    ON CONFLICT DO NOTHING;
    RETURN CASE WHEN FOUND THEN 'added' ELSE 'key-taken' END;
END $$;

DO $$
DECLARE f regprocedure;
BEGIN
    FOR f IN SELECT p.oid::regprocedure FROM pg_proc p WHERE p.pronamespace = 'agencies'::regnamespace LOOP
        EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', f);
    END LOOP;
END $$;
GRANT SELECT ON agencies.role_grant TO referral_app;
GRANT EXECUTE ON FUNCTION
    agencies.admit_member(bytea, uuid, text, text, bytea, timestamptz, timestamptz),
    agencies.give_role(bytea, uuid, uuid, uuid, text, timestamptz),
    agencies.answer_grant(bytea, uuid, boolean, timestamptz),
    agencies.end_role(bytea, uuid, timestamptz),
    agencies.set_active(bytea, uuid, boolean, timestamptz),
    agencies.note_absence(bytea, uuid, uuid, date, date, uuid, timestamptz),
    agencies.end_absence(bytea, uuid, timestamptz),
    agencies.put_on_duty(bytea, uuid, uuid, date, date, timestamptz),
    agencies.end_duty(bytea, uuid, timestamptz),
    agencies.keep_unit(bytea, uuid, text, text, timestamptz)
TO referral_app;
