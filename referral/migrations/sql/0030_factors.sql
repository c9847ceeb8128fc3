-- Second factors, what stands between the first and the second, and one's own sessions.
-- The app reaches all of it through these functions only; secrets arrive and rest as SHA-256, the
-- secret of one-time codes sealed. `holder` is the SHA-256 of a secret of the caller's: her session,
-- or an enrolment under way. Whose factors it may change is asked of the tables, not of the caller.

CREATE TABLE agencies.passkey (
    id            uuid PRIMARY KEY,
    member_id     uuid NOT NULL REFERENCES agencies.member (id),
    credential_id bytea NOT NULL UNIQUE CHECK (octet_length(credential_id) BETWEEN 1 AND 1023),
    public_key    bytea NOT NULL,
    sign_count    bigint NOT NULL CHECK (sign_count >= 0),
    name          text NOT NULL CHECK (length(name) BETWEEN 1 AND 60),
    enrolled_at   timestamptz NOT NULL,
    used_at       timestamptz,
    blocked_at    timestamptz                      -- its counter went back: there is a copy of it somewhere
);
CREATE INDEX ON agencies.passkey (member_id);

CREATE TABLE agencies.code_generator (
    id          uuid PRIMARY KEY,                  -- the subject of its data key
    member_id   uuid NOT NULL REFERENCES agencies.member (id),
    secret      bytea NOT NULL,                    -- sealed
    last_step   bigint NOT NULL DEFAULT 0,         -- of the last code that was taken: each counts once
    begun_at    timestamptz NOT NULL,
    enrolled_at timestamptz                        -- NULL until a first code has shown that it works
);
CREATE UNIQUE INDEX code_generator_one ON agencies.code_generator (member_id) WHERE enrolled_at IS NOT NULL;
CREATE INDEX ON agencies.code_generator (member_id);

-- What a browser has begun and not finished. `id_hash`: of its own cookie, or of its session.
CREATE TABLE agencies.ceremony (
    id_hash    bytea NOT NULL CHECK (octet_length(id_hash) = 32),
    purpose    text NOT NULL CHECK (purpose IN ('second', 'enrol', 'assert', 'create')),
    member_id  uuid REFERENCES agencies.member (id),
    challenge  bytea,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (id_hash, purpose),
    CHECK ((purpose IN ('assert', 'create')) = (challenge IS NOT NULL)),
    CHECK (purpose = 'assert' OR member_id IS NOT NULL)
);
CREATE INDEX ON agencies.ceremony (expires_at);

-- A secret told to somebody once, with which she may enrol anew, and nothing else.
CREATE TABLE agencies.enrolment (
    member_id   uuid PRIMARY KEY REFERENCES agencies.member (id),
    secret_hash bytea NOT NULL CHECK (octet_length(secret_hash) = 32),
    given_by    uuid NOT NULL REFERENCES agencies.membership (id),
    given_at    timestamptz NOT NULL,
    expires_at  timestamptz NOT NULL CHECK (expires_at <= given_at + interval '72 hours'),
    used_at     timestamptz
);

-- The key of a code generator lies with the other keys, and turns with them.
CREATE POLICY factors ON vault.data_key TO referral_owner USING (kind = 'factor') WITH CHECK (kind = 'factor');

-- Whose account this secret may change: a session with a proof less than 15 minutes old, or an
-- enrolment under way. NULL: nobody's.
CREATE FUNCTION agencies.account_of(holder bytea, at timestamptz) RETURNS uuid
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
SELECT m.member_id
  FROM agencies.session s JOIN agencies.membership m ON m.id = s.membership_id
 WHERE s.id_hash = holder AND s.expires_at > at AND s.authenticated_at > at - interval '15 minutes'
   AND s.seen_at > at - agencies.may_rest(s.device_id, interval '15 minutes')
   AND agencies.in_standing(s.membership_id, at)
UNION ALL
SELECT c.member_id
  FROM agencies.ceremony c JOIN agencies.member m ON m.id = c.member_id AND m.active
 WHERE c.id_hash = holder AND c.purpose = 'enrol' AND c.expires_at > at
$$;

-- Ceremonies -------------------------------------------------------------------------------------
CREATE FUNCTION agencies.begin_ceremony(
    holder bytea, what text, member uuid, new_challenge bytea, at timestamptz, until timestamptz)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    DELETE FROM agencies.ceremony c WHERE c.expires_at <= at;
    IF until > at + interval '15 minutes' THEN
        RAISE EXCEPTION 'a ceremony is over within 15 minutes' USING ERRCODE = 'check_violation';
    END IF;
    INSERT INTO agencies.ceremony (id_hash, purpose, member_id, challenge, expires_at)
    VALUES (holder, what, member, new_challenge, until)
    ON CONFLICT (id_hash, purpose) DO UPDATE
       SET member_id = excluded.member_id, challenge = excluded.challenge, expires_at = excluded.expires_at;
END $$;

-- Whom this browser is about to be; NULL when nothing of the kind is under way.
CREATE FUNCTION agencies.in_ceremony(holder bytea, what text, at timestamptz) RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
SELECT c.member_id FROM agencies.ceremony c JOIN agencies.member m ON m.id = c.member_id AND m.active
 WHERE c.id_hash = holder AND c.purpose = what AND c.expires_at > at
$$;

-- The challenge that is out, taken back: whatever comes of it, it is good for one answer.
CREATE FUNCTION agencies.take_challenge(holder bytea, what text, at timestamptz)
RETURNS TABLE (challenge bytea, member_id uuid)
LANGUAGE sql SECURITY DEFINER ROWS 1 SET search_path = pg_catalog, pg_temp AS $$
WITH taken AS (
    DELETE FROM agencies.ceremony c WHERE c.id_hash = holder AND c.purpose = what RETURNING c.*)
SELECT taken.challenge, taken.member_id FROM taken WHERE taken.expires_at > at AND taken.challenge IS NOT NULL
$$;

CREATE FUNCTION agencies.end_ceremony(holder bytea) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DELETE FROM agencies.ceremony c WHERE c.id_hash = holder
$$;

-- Factors ----------------------------------------------------------------------------------------
-- What somebody has enrolled, without anything secret.
CREATE FUNCTION agencies.factors_of(member uuid) RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
SELECT jsonb_build_object(
    'passkeys', (SELECT coalesce(jsonb_agg(jsonb_build_object('id', p.id, 'credential_id', encode(p.credential_id, 'hex'), 'name', p.name,
                     'enrolled_at', p.enrolled_at, 'used_at', p.used_at, 'blocked_at', p.blocked_at) ORDER BY p.enrolled_at, p.id), '[]')
                   FROM agencies.passkey p WHERE p.member_id = member),
    'codes_since', (SELECT g.enrolled_at FROM agencies.code_generator g WHERE g.member_id = member AND g.enrolled_at IS NOT NULL),
    'password', (SELECT m.password_hash IS NOT NULL FROM agencies.member m WHERE m.id = member))
$$;

-- A passkey by its own id, of somebody who may sign in. A public key is no secret.
CREATE FUNCTION agencies.passkey_material(credential bytea) RETURNS TABLE (member_id uuid, public_key bytea)
LANGUAGE sql STABLE SECURITY DEFINER ROWS 1 SET search_path = pg_catalog, pg_temp AS $$
SELECT p.member_id, p.public_key
  FROM agencies.passkey p JOIN agencies.member m ON m.id = p.member_id
 WHERE p.credential_id = credential AND p.blocked_at IS NULL AND m.active AND m.kind = 'person'
$$;

-- 'used', or 'blocked' when the counter did not go forward: then a copy exists, and it is out of use
-- from now on, whichever of the two came first. Authenticators that do not count always say 0.
CREATE FUNCTION agencies.use_passkey(credential bytea, new_count bigint, at timestamptz) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    counted bigint;
BEGIN
    SELECT p.sign_count INTO counted FROM agencies.passkey p
     WHERE p.credential_id = credential AND p.blocked_at IS NULL FOR UPDATE;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    IF new_count <= counted AND NOT (new_count = 0 AND counted = 0) THEN
        UPDATE agencies.passkey p SET blocked_at = at WHERE p.credential_id = credential;
        RETURN 'blocked';
    END IF;
    UPDATE agencies.passkey p SET sign_count = new_count, used_at = at WHERE p.credential_id = credential;
    RETURN 'used';
END $$;

-- False when the holder may not, or somebody has this passkey already.
CREATE FUNCTION agencies.keep_passkey(
    holder bytea, credential bytea, new_public_key bytea, count bigint, new_name text, at timestamptz)
RETURNS boolean
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
WITH kept AS (
    INSERT INTO agencies.passkey (id, member_id, credential_id, public_key, sign_count, name, enrolled_at)
    SELECT gen_random_uuid(), account, credential, new_public_key, count, new_name, at
      FROM agencies.account_of(holder, at) account WHERE account IS NOT NULL
    ON CONFLICT (credential_id) DO NOTHING RETURNING 1)
SELECT EXISTS (SELECT 1 FROM kept)
$$;

-- The sealed secret of the code generator in use (`waiting`: of the one being enrolled), and its key.
CREATE FUNCTION agencies.code_material(member uuid, waiting boolean) RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
SELECT jsonb_build_object('id', g.id, 'secret', encode(g.secret, 'hex'), 'subject', d.subject, 'kind', d.kind,
           'version', d.version, 'wrapped', encode(d.wrapped, 'hex'))
  FROM agencies.code_generator g JOIN vault.data_key d ON d.subject = g.id AND d.kind = 'factor'
 WHERE g.member_id = member AND (g.enrolled_at IS NULL) = waiting
$$;

CREATE FUNCTION agencies.begin_codes(
    holder bytea, new_id uuid, sealed bytea, root_version integer, wrapped_key bytea, at timestamptz)
RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    account CONSTANT uuid := agencies.account_of(holder, at);
BEGIN
    IF account IS NULL THEN
        RETURN false;
    END IF;
    PERFORM agencies.forget_codes(account, only_waiting => true);
    INSERT INTO vault.data_key (subject, kind, case_id, country, version, wrapped, created_at)
    SELECT new_id, 'factor', NULL, m.country, root_version, wrapped_key, at FROM agencies.member m WHERE m.id = account;
    INSERT INTO agencies.code_generator (id, member_id, secret, begun_at) VALUES (new_id, account, sealed, at);
    RETURN true;
END $$;

-- A first code was right: from now on it counts, and the one before it does not.
CREATE FUNCTION agencies.keep_codes(holder bytea, the_id uuid, step bigint, at timestamptz) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    account CONSTANT uuid := agencies.account_of(holder, at);
BEGIN
    IF NOT EXISTS (SELECT FROM agencies.code_generator g WHERE g.id = the_id AND g.member_id = account AND g.enrolled_at IS NULL) THEN
        RETURN false;
    END IF;
    PERFORM agencies.forget_codes(account, only_waiting => false);
    UPDATE agencies.code_generator g SET enrolled_at = at, last_step = step WHERE g.id = the_id;
    RETURN true;
END $$;

-- True when this code's time step lies after the last one taken: no code is good twice.
CREATE FUNCTION agencies.use_code(the_id uuid, step bigint) RETURNS boolean
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
WITH used AS (
    UPDATE agencies.code_generator g SET last_step = step
     WHERE g.id = the_id AND g.enrolled_at IS NOT NULL AND g.last_step < step RETURNING 1)
SELECT EXISTS (SELECT 1 FROM used)
$$;

CREATE FUNCTION agencies.forget_codes(member uuid, only_waiting boolean) RETURNS void
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
DELETE FROM vault.data_key d USING agencies.code_generator g
 WHERE d.subject = g.id AND d.kind = 'factor' AND g.member_id = member AND (g.enrolled_at IS NULL) = only_waiting;
DELETE FROM agencies.code_generator g WHERE g.member_id = member AND (g.enrolled_at IS NULL) = only_waiting;
$$;

-- One factor less: a passkey by its id, or (no id) the codes.
CREATE FUNCTION agencies.drop_factor(holder bytea, passkey_id uuid, at timestamptz) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    account CONSTANT uuid := agencies.account_of(holder, at);
BEGIN
    IF passkey_id IS NOT NULL THEN
        DELETE FROM agencies.passkey p WHERE p.id = passkey_id AND p.member_id = account;
        RETURN FOUND;
    END IF;
    IF NOT EXISTS (SELECT FROM agencies.code_generator g WHERE g.member_id = account AND g.enrolled_at IS NOT NULL) THEN
        RETURN false;
    END IF;
    PERFORM agencies.forget_codes(account, only_waiting => false);
    RETURN true;
END $$;

-- A new password ends every other session of its owner.
CREATE FUNCTION agencies.set_password(holder bytea, new_hash text, at timestamptz) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    account CONSTANT uuid := agencies.account_of(holder, at);
BEGIN
    IF account IS NULL THEN
        RETURN false;
    END IF;
    UPDATE agencies.member m SET password_hash = new_hash WHERE m.id = account;
    DELETE FROM agencies.session s USING agencies.membership m
     WHERE m.id = s.membership_id AND m.member_id = account AND s.id_hash <> holder;
    RETURN true;
END $$;

-- One's own sessions and devices -------------------------------------------------------------------
-- Whose live session this is; unlike account_of without a fresh proof, for looking and for ending.
CREATE FUNCTION agencies.signed_in_as(holder bytea, at timestamptz) RETURNS uuid
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
SELECT m.member_id FROM agencies.session s JOIN agencies.membership m ON m.id = s.membership_id
 WHERE s.id_hash = holder AND s.expires_at > at AND agencies.in_standing(s.membership_id, at)
   AND s.seen_at > at - agencies.may_rest(s.device_id, interval '15 minutes')
$$;

CREATE FUNCTION agencies.own_sessions(holder bytea, at timestamptz) RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
SELECT coalesce(jsonb_agg(jsonb_build_object('id', s.id, 'here', s.id_hash = holder, 'created_at', s.created_at, 'seen_at', s.seen_at,
           'proof', s.proof, 'browser', s.browser, 'device', d.name, 'unit', a.unit_name, 'role', a.role) ORDER BY s.id_hash = holder DESC, s.seen_at DESC), '[]')
  FROM agencies.session s JOIN agencies.actor a ON a.membership_id = s.membership_id
  LEFT JOIN agencies.device d ON d.id = s.device_id
 WHERE a.member_id = agencies.signed_in_as(holder, at) AND s.expires_at > at
   AND s.seen_at > at - agencies.may_rest(s.device_id, interval '15 minutes')
$$;

-- Another seat of the same person: a new id, while proof, device and the absolute end stay.
CREATE FUNCTION agencies.change_seat(old_id_hash bytea, new_id_hash bytea, seat uuid, at timestamptz) RETURNS boolean
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
WITH moved AS (
    UPDATE agencies.session s SET id_hash = new_id_hash, membership_id = seat, seen_at = at
     WHERE s.id_hash = old_id_hash AND agencies.in_standing(seat, at)
       AND agencies.signed_in_as(old_id_hash, at) = (SELECT m.member_id FROM agencies.membership m WHERE m.id = seat)
    RETURNING 1)
SELECT EXISTS (SELECT 1 FROM moved)
$$;

-- Ends one of one's own, or (no id) all but this one. How many were ended.
CREATE FUNCTION agencies.end_own_sessions(holder bytea, which uuid, at timestamptz) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
WITH ended AS (
    DELETE FROM agencies.session s USING agencies.membership m
     WHERE m.id = s.membership_id AND m.member_id = agencies.signed_in_as(holder, at)
       AND CASE WHEN which IS NULL THEN s.id_hash <> holder ELSE s.id = which END RETURNING 1)
SELECT count(*) FROM ended
$$;

CREATE FUNCTION agencies.own_devices(holder bytea, at timestamptz) RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
SELECT coalesce(jsonb_agg(jsonb_build_object('id', d.id, 'name', d.name, 'registered_at', d.registered_at) ORDER BY d.registered_at), '[]')
  FROM agencies.device d WHERE d.member_id = agencies.signed_in_as(holder, at)
$$;

-- This session rests longer from now on, and so do later ones from the same device.
CREATE FUNCTION agencies.register_device(holder bytea, device bytea, device_name text, at timestamptz) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    account CONSTANT uuid := agencies.account_of(holder, at);
    new_id CONSTANT uuid := gen_random_uuid();
BEGIN
    IF account IS NULL OR NOT EXISTS (SELECT FROM agencies.session s WHERE s.id_hash = holder) THEN
        RETURN false;
    END IF;
    INSERT INTO agencies.device (id, member_id, secret_hash, name, registered_at) VALUES (new_id, account, device, device_name, at);
    UPDATE agencies.session s SET device_id = new_id WHERE s.id_hash = holder;
    RETURN true;
END $$;

CREATE FUNCTION agencies.forget_device(holder bytea, which uuid, at timestamptz) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    DELETE FROM agencies.device d WHERE d.id = which AND d.member_id = agencies.signed_in_as(holder, at);
    RETURN FOUND;
END $$;

-- Recovery ---------------------------------------------------------------------------------------
-- May this session's owner give somebody a new start: a supervisor of one of her units, or an
-- administrator of one of her agencies, never herself. Returns the membership that gives.
CREATE FUNCTION agencies.may_recover(holder bytea, subject uuid, at timestamptz) RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
SELECT giver.id
  FROM agencies.session s JOIN agencies.membership giver ON giver.id = s.membership_id
 WHERE s.id_hash = holder AND giver.member_id = agencies.account_of(holder, at) AND giver.member_id <> subject
   AND EXISTS (SELECT FROM agencies.membership theirs JOIN agencies.member m ON m.id = theirs.member_id
                WHERE theirs.member_id = subject AND m.active AND m.kind = 'person' AND agencies.in_standing(theirs.id, at)
                  AND (giver.role = 'SUPERVISOR' AND theirs.unit_id = giver.unit_id
                       OR giver.role = 'AGENCY_ADMIN' AND theirs.agency_id = giver.agency_id))
$$;

-- Roles that watch over others, and that of an administrator: nobody comes by one through one person.
CREATE FUNCTION agencies.watches(role text) RETURNS boolean
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
SELECT role IN ('SUPERVISOR', 'AUDITOR', 'DATA_PROTECTION_OFFICER', 'AGENCY_ADMIN')
$$;

-- An administrator's new start for who watches over others, her among them, takes a second person.
CREATE FUNCTION agencies.takes_two(giver uuid, subject uuid, at timestamptz) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
SELECT EXISTS (SELECT FROM agencies.membership g WHERE g.id = giver AND g.role = 'AGENCY_ADMIN')
   AND EXISTS (SELECT FROM agencies.membership m WHERE m.member_id = subject AND agencies.in_standing(m.id, at)
                AND agencies.watches(m.role))
$$;

CREATE FUNCTION agencies.must_ask(holder bytea, subject uuid, at timestamptz) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
SELECT coalesce(agencies.takes_two(agencies.may_recover(holder, subject, at), subject, at), false)
$$;

-- Everything the person had is over: password, factors, devices, sessions; the new secret is all she has.
CREATE FUNCTION agencies.begin_anew(subject uuid, new_secret_hash bytea, giver uuid, at timestamptz, until timestamptz) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM agencies.forget_codes(subject, only_waiting => true);
    PERFORM agencies.forget_codes(subject, only_waiting => false);
    DELETE FROM agencies.passkey p WHERE p.member_id = subject;
    DELETE FROM agencies.session s USING agencies.membership m WHERE m.id = s.membership_id AND m.member_id = subject;
    DELETE FROM agencies.device d WHERE d.member_id = subject;
    DELETE FROM agencies.ceremony c WHERE c.member_id = subject;
    UPDATE agencies.member m SET password_hash = NULL WHERE m.id = subject;
    INSERT INTO agencies.enrolment (member_id, secret_hash, given_by, given_at, expires_at)
    VALUES (subject, new_secret_hash, giver, at, until)
    ON CONFLICT (member_id) DO UPDATE SET secret_hash = excluded.secret_hash, given_by = excluded.given_by,
        given_at = excluded.given_at, expires_at = excluded.expires_at, used_at = NULL;
END $$;

CREATE FUNCTION agencies.recover(holder bytea, subject uuid, new_secret_hash bytea, at timestamptz, until timestamptz)
RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    giver CONSTANT uuid := agencies.may_recover(holder, subject, at);
BEGIN
    IF giver IS NULL OR agencies.takes_two(giver, subject, at) THEN
        RETURN false;
    END IF;
    PERFORM agencies.begin_anew(subject, new_secret_hash, giver, at, until);
    RETURN true;
END $$;

-- The secret is used up; the member it was given to, or NULL.
CREATE FUNCTION agencies.use_enrolment(given_user_name text, given_secret_hash bytea, at timestamptz) RETURNS uuid
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
UPDATE agencies.enrolment e SET used_at = at
  FROM agencies.member m
 WHERE m.id = e.member_id AND m.active AND lower(m.user_name) = lower(given_user_name)
   AND e.secret_hash = given_secret_hash AND e.used_at IS NULL AND e.expires_at > at
RETURNING e.member_id
$$;

-- When she was last given a new start, and by whom: told to her.
CREATE FUNCTION agencies.last_recovery(holder bytea, at timestamptz) RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
SELECT jsonb_build_object('given_at', e.given_at, 'by', a.name, 'unit', a.unit_name)
  FROM agencies.enrolment e JOIN agencies.actor a ON a.membership_id = e.given_by
 WHERE e.member_id = agencies.signed_in_as(holder, at)
$$;

DO $$
DECLARE f regprocedure;
BEGIN
    FOR f IN SELECT p.oid::regprocedure FROM pg_proc p WHERE p.pronamespace = 'agencies'::regnamespace LOOP
        EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', f);
    END LOOP;
END $$;
GRANT EXECUTE ON FUNCTION
    agencies.begin_ceremony(bytea, text, uuid, bytea, timestamptz, timestamptz),
    agencies.in_ceremony(bytea, text, timestamptz),
    agencies.take_challenge(bytea, text, timestamptz),
    agencies.end_ceremony(bytea),
    agencies.factors_of(uuid),
    agencies.passkey_material(bytea),
    agencies.use_passkey(bytea, bigint, timestamptz),
    agencies.keep_passkey(bytea, bytea, bytea, bigint, text, timestamptz),
    agencies.code_material(uuid, boolean),
    agencies.begin_codes(bytea, uuid, bytea, integer, bytea, timestamptz),
    agencies.keep_codes(bytea, uuid, bigint, timestamptz),
    agencies.use_code(uuid, bigint),
    agencies.drop_factor(bytea, uuid, timestamptz),
    agencies.set_password(bytea, text, timestamptz),
    agencies.own_sessions(bytea, timestamptz),
    agencies.change_seat(bytea, bytea, uuid, timestamptz),
    agencies.end_own_sessions(bytea, uuid, timestamptz),
    agencies.own_devices(bytea, timestamptz),
    agencies.register_device(bytea, bytea, text, timestamptz),
    agencies.forget_device(bytea, uuid, timestamptz),
    agencies.may_recover(bytea, uuid, timestamptz),
    agencies.recover(bytea, uuid, bytea, timestamptz, timestamptz),
    agencies.use_enrolment(text, bytea, timestamptz),
    agencies.last_recovery(bytea, timestamptz)
TO referral_app;
GRANT EXECUTE ON FUNCTION agencies.may_rest(uuid, interval) TO referral_owner;
