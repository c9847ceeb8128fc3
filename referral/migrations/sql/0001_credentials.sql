-- Credentials: the app may use them only through these functions, never read or write the tables.
-- Each is SECURITY DEFINER with a fixed search_path; secrets arrive and rest as SHA-256 only.
-- The time is handed in, like everywhere.

-- Is this membership good at this moment: member active, role in force on the unit's own calendar day.
CREATE FUNCTION agencies.in_standing(membership uuid, at timestamptz) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
SELECT EXISTS (
    SELECT 1
      FROM agencies.actor a
     WHERE a.membership_id = membership AND a.active
       AND a.valid_from <= (at AT TIME ZONE a.time_zone)::date
       AND (a.valid_until IS NULL OR (at AT TIME ZONE a.time_zone)::date < a.valid_until))
$$;

CREATE FUNCTION agencies.sign_in_material(given_user_name text)
RETURNS TABLE (member_id uuid, password_hash text, active boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
SELECT m.id, m.password_hash, m.active
  FROM agencies.member m
 WHERE lower(m.user_name) = lower(given_user_name) AND m.kind = 'person'
$$;

-- True when opened; false when the membership is not in standing. Sweeps what has run out.
-- `device` is the SHA-256 of a registered device's secret; one of somebody else is none.
CREATE FUNCTION agencies.open_session(
    new_id_hash bytea, membership uuid, new_csrf_hash bytea, at timestamptz, until timestamptz,
    proof text DEFAULT 'password', browser text DEFAULT '', device bytea DEFAULT NULL)
RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    DELETE FROM agencies.session WHERE expires_at <= at;
    IF NOT agencies.in_standing(membership, at) THEN
        RETURN false;
    END IF;
    INSERT INTO agencies.session
        (id_hash, membership_id, created_at, seen_at, authenticated_at, expires_at, csrf_hash, proof, browser, device_id)
    VALUES (new_id_hash, membership, at, at, at, until, new_csrf_hash, proof, browser,
            (SELECT d.id FROM agencies.device d JOIN agencies.membership m ON m.member_id = d.member_id
              WHERE d.secret_hash = device AND m.id = membership));
    RETURN true;
END $$;

-- How long a session may rest: longer on a device registered for work in the field (security 6.2).
CREATE FUNCTION agencies.may_rest(device uuid, idle interval) RETURNS interval
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
SELECT CASE WHEN device IS NULL THEN idle ELSE 2 * idle END
$$;

-- The session behind a cookie, or no row: unknown, run out, idle too long, or no longer in standing.
-- `seen_at` is written at most once a minute, so that reading a page is not a write each time.
CREATE FUNCTION agencies.touch_session(
    given_id_hash bytea, at timestamptz, idle interval DEFAULT '15 minutes')
RETURNS TABLE (membership_id uuid, csrf_hash bytea, created_at timestamptz,
               authenticated_at timestamptz, expires_at timestamptz)
LANGUAGE plpgsql SECURITY DEFINER ROWS 1 SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    found_session agencies.session;
BEGIN
    SELECT s.* INTO found_session FROM agencies.session s
     WHERE s.id_hash = given_id_hash AND s.expires_at > at AND s.seen_at > at - agencies.may_rest(s.device_id, idle)
       AND agencies.in_standing(s.membership_id, at);
    IF NOT FOUND THEN
        RETURN;
    END IF;
    IF found_session.seen_at < at - interval '1 minute' THEN
        UPDATE agencies.session s SET seen_at = at WHERE s.id_hash = given_id_hash AND s.seen_at < at;
    END IF;
    RETURN QUERY SELECT found_session.membership_id, found_session.csrf_hash,
        found_session.created_at, found_session.authenticated_at, found_session.expires_at;
END $$;

-- A fresh proof of identity: the session gets a new id, the old one is dead. The absolute end stays.
-- The membership, or NULL when there was no such live session.
CREATE FUNCTION agencies.renew_session(
    old_id_hash bytea, new_id_hash bytea, at timestamptz, new_csrf_hash bytea DEFAULT NULL,
    idle interval DEFAULT '15 minutes', new_proof text DEFAULT NULL)
RETURNS uuid
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
UPDATE agencies.session s
   SET id_hash = new_id_hash, authenticated_at = at, seen_at = at,
       csrf_hash = coalesce(new_csrf_hash, s.csrf_hash), proof = coalesce(new_proof, s.proof)
 WHERE s.id_hash = old_id_hash AND s.expires_at > at AND s.seen_at > at - agencies.may_rest(s.device_id, idle)
   AND agencies.in_standing(s.membership_id, at)
RETURNING s.membership_id
$$;

CREATE FUNCTION agencies.end_session(given_id_hash bytea) RETURNS boolean
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
WITH ended AS (DELETE FROM agencies.session s WHERE s.id_hash = given_id_hash RETURNING 1)
SELECT EXISTS (SELECT 1 FROM ended)
$$;

-- True when issued; false when the membership is not in standing or the end is not ahead.
CREATE FUNCTION agencies.issue_token(
    new_id_hash bytea, membership uuid, token_name text, token_scopes text[], at timestamptz,
    until timestamptz)
RETURNS boolean
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
WITH issued AS (
    INSERT INTO agencies.api_token (id_hash, membership_id, name, scopes, expires_at)
    SELECT new_id_hash, membership, token_name, token_scopes, until
     WHERE until > at AND agencies.in_standing(membership, at)
    RETURNING 1)
SELECT EXISTS (SELECT 1 FROM issued)
$$;

-- The membership and scopes behind a bearer token, or no row. A token never counts as a fresh proof.
CREATE FUNCTION agencies.use_token(given_id_hash bytea, at timestamptz)
RETURNS TABLE (membership_id uuid, scopes text[], expires_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER ROWS 1 SET search_path = pg_catalog, pg_temp AS $$
SELECT t.membership_id, t.scopes, t.expires_at
  FROM agencies.api_token t
 WHERE t.id_hash = given_id_hash AND t.expires_at > at AND t.revoked_at IS NULL
   AND agencies.in_standing(t.membership_id, at)
$$;

CREATE FUNCTION agencies.revoke_token(given_id_hash bytea, at timestamptz) RETURNS boolean
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
WITH revoked AS (
    UPDATE agencies.api_token t SET revoked_at = at
     WHERE t.id_hash = given_id_hash AND t.revoked_at IS NULL RETURNING 1)
SELECT EXISTS (SELECT 1 FROM revoked)
$$;

REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA agencies FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
    agencies.sign_in_material(text),
    agencies.open_session(bytea, uuid, bytea, timestamptz, timestamptz, text, text, bytea),
    agencies.touch_session(bytea, timestamptz, interval),
    agencies.renew_session(bytea, bytea, timestamptz, bytea, interval, text),
    agencies.end_session(bytea),
    agencies.issue_token(bytea, uuid, text, text[], timestamptz, timestamptz),
    agencies.use_token(bytea, timestamptz),
    agencies.revoke_token(bytea, timestamptz)
TO referral_app;
