-- Provisioning by an agency's identity provider (SCIM). Whoever calls names a token; which agency it may
-- provision is asked of the tables each time: scope `scim`, of a system, administrator of that agency.
-- Nobody of another agency exists for it. Roles that take two come as a question, as everywhere.

CREATE TABLE agencies.provisioned (
    agency_id   uuid NOT NULL REFERENCES agencies.agency (id),
    member_id   uuid NOT NULL REFERENCES agencies.member (id),
    external_id text CHECK (length(external_id) BETWEEN 1 AND 255),
    active      boolean NOT NULL,
    PRIMARY KEY (agency_id, member_id),
    UNIQUE (agency_id, external_id)
);
CREATE INDEX ON agencies.provisioned (member_id);

CREATE FUNCTION agencies.provisioner(holder bytea, at timestamptz) RETURNS TABLE (id uuid, agency_id uuid, country text)
LANGUAGE sql STABLE ROWS 1 SET search_path = pg_catalog, pg_temp AS $$
SELECT a.membership_id, a.agency_id, a.country
  FROM agencies.use_token(holder, at) t JOIN agencies.actor a ON a.membership_id = t.membership_id
 WHERE 'scim' = ANY (t.scopes) AND a.kind = 'system' AND a.role = 'AGENCY_ADMIN'
$$;

-- Whether somebody still works for another agency.
CREATE FUNCTION agencies.works_elsewhere(member uuid, agency uuid, at timestamptz) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
SELECT EXISTS (SELECT FROM agencies.membership m WHERE m.member_id = member AND m.agency_id <> agency
                AND (m.valid_until IS NULL OR m.valid_until > agencies.day_at(m.unit_id, at)))
$$;

-- Everybody of an agency, as its provider may see her: who was provisioned, or has or had a role here.
CREATE FUNCTION agencies.people_of(agency uuid, at timestamptz) RETURNS TABLE (member_id uuid, user_name text, external_id text, told jsonb)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
SELECT m.id, m.user_name, p.external_id, jsonb_build_object('id', m.id, 'user_name', m.user_name, 'name', m.name, 'external_id', p.external_id,
           'active', m.active AND coalesce(p.active, true),
           'subject', (SELECT s.subject FROM agencies.subject s JOIN agencies.provider v ON v.id = s.provider_id
                        WHERE s.member_id = m.id AND v.agency_id = agency AND v.active ORDER BY v.key LIMIT 1),
           'groups', (SELECT coalesce(jsonb_agg(jsonb_build_object('unit', u.id, 'name', u.name, 'role', x.role) ORDER BY u.name, x.role), '[]')
                        FROM agencies.membership x JOIN agencies.unit u ON u.id = x.unit_id
                       WHERE x.member_id = m.id AND x.agency_id = agency AND (x.valid_until IS NULL OR x.valid_until > agencies.day_at(x.unit_id, at))))
  FROM agencies.member m LEFT JOIN agencies.provisioned p ON p.member_id = m.id AND p.agency_id = agency
 WHERE m.kind = 'person' AND (p.member_id IS NOT NULL OR EXISTS (
       SELECT FROM agencies.membership x WHERE x.member_id = m.id AND x.agency_id = agency))
$$;

-- NULL: this token provisions nobody. Filters are equal or none.
CREATE FUNCTION agencies.scim_users(holder bytea, by_id uuid, by_user_name text, by_external_id text, skip integer, most integer, at timestamptz)
RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
WITH who AS (SELECT * FROM agencies.provisioner(holder, at)),
found AS (
    SELECT f.* FROM who, LATERAL agencies.people_of(who.agency_id, at) f
     WHERE (by_id IS NULL OR f.member_id = by_id) AND (by_user_name IS NULL OR lower(f.user_name) = lower(by_user_name))
       AND (by_external_id IS NULL OR f.external_id = by_external_id)),
page AS (SELECT f.told, f.user_name FROM found f ORDER BY f.user_name OFFSET skip LIMIT most)
SELECT jsonb_build_object('total', (SELECT count(*) FROM found),
                          'users', (SELECT coalesce(jsonb_agg(p.told ORDER BY p.user_name), '[]') FROM page p))
  FROM who
$$;

-- Units and roles, each pair a group. AGENCY_ADMIN and those that take two are asked for, never given.
CREATE FUNCTION agencies.scim_groups(holder bytea, by_unit uuid, by_role text, at timestamptz) RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
SELECT coalesce(jsonb_agg(jsonb_build_object('unit', u.id, 'name', u.name, 'role', r.role, 'members', (
           SELECT coalesce(jsonb_agg(jsonb_build_object('id', m.id, 'name', m.name) ORDER BY m.name, m.id), '[]')
             FROM agencies.membership x JOIN agencies.member m ON m.id = x.member_id AND m.kind = 'person'
            WHERE x.unit_id = u.id AND x.role = r.role AND (x.valid_until IS NULL OR x.valid_until > agencies.day_at(u.id, at))))
       ORDER BY u.name, u.id, r.role), '[]')
  FROM agencies.provisioner(holder, at) who JOIN agencies.unit u ON u.agency_id = who.agency_id
  CROSS JOIN unnest(ARRAY['OFFICER', 'SUPERVISOR', 'COORDINATOR', 'AUDITOR', 'DATA_PROTECTION_OFFICER', 'STATISTICIAN', 'AGENCY_ADMIN']) r (role)
 WHERE (by_unit IS NULL OR u.id = by_unit) AND (by_role IS NULL OR r.role = by_role)
$$;

-- 'created', 'uniqueness', 'not-permitted'. A new person has no role, and no way in yet.
CREATE FUNCTION agencies.scim_create(holder bytea, new_id uuid, new_user_name text, new_name text, new_external_id text, at timestamptz) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    who record;
BEGIN
    SELECT * INTO who FROM agencies.provisioner(holder, at);
    IF who.id IS NULL THEN
        RETURN 'not-permitted';
    END IF;
    INSERT INTO agencies.member (id, country, kind, user_name, name, active)
    VALUES (new_id, who.country, 'person', new_user_name, new_name, true);
    INSERT INTO agencies.provisioned (agency_id, member_id, external_id, active) VALUES (who.agency_id, new_id, new_external_id, true);
    RETURN 'created';
EXCEPTION WHEN unique_violation THEN RETURN 'uniqueness';
END $$;

-- 'changed', 'uniqueness', 'unknown', 'elsewhere-too' (her name is not one agency's alone to change).
CREATE FUNCTION agencies.scim_change(holder bytea, member uuid, new_user_name text, new_name text, new_external_id text, at timestamptz) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    who record;
BEGIN
    SELECT * INTO who FROM agencies.provisioner(holder, at);
    IF NOT EXISTS (SELECT FROM agencies.people_of(who.agency_id, at) f WHERE f.member_id = member) THEN
        RETURN 'unknown';
    END IF;
    IF EXISTS (SELECT FROM agencies.member m WHERE m.id = member AND (m.user_name, m.name) <> (new_user_name, new_name)) THEN
        IF agencies.works_elsewhere(member, who.agency_id, at) THEN
            RETURN 'elsewhere-too';
        END IF;
        UPDATE agencies.member m SET user_name = new_user_name, name = new_name WHERE m.id = member;
    END IF;
    INSERT INTO agencies.provisioned (agency_id, member_id, external_id, active) VALUES (who.agency_id, member, new_external_id, true)
    ON CONFLICT (agency_id, member_id) DO UPDATE SET external_id = excluded.external_id;
    RETURN 'changed';
EXCEPTION WHEN unique_violation THEN RETURN 'uniqueness';
END $$;

-- Out at once, or in again. Who works for another agency too loses her roles here, and nothing there.
-- 'done', 'unknown'.
CREATE FUNCTION agencies.scim_active(holder bytea, member uuid, wanted boolean, at timestamptz) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    who record;
    seats uuid[];
    elsewhere boolean;
BEGIN
    SELECT * INTO who FROM agencies.provisioner(holder, at);
    IF NOT EXISTS (SELECT FROM agencies.people_of(who.agency_id, at) f WHERE f.member_id = member) THEN
        RETURN 'unknown';
    END IF;
    elsewhere := agencies.works_elsewhere(member, who.agency_id, at);
    INSERT INTO agencies.provisioned (agency_id, member_id, active) VALUES (who.agency_id, member, wanted)
    ON CONFLICT (agency_id, member_id) DO UPDATE SET active = excluded.active;
    IF NOT elsewhere THEN
        UPDATE agencies.member m SET active = wanted WHERE m.id = member;
    END IF;
    IF wanted THEN
        RETURN 'done';
    END IF;
    SELECT array_agg(m.id) INTO seats FROM agencies.membership m WHERE m.member_id = member AND m.agency_id = who.agency_id;
    IF elsewhere THEN
        UPDATE agencies.membership m SET valid_until = greatest(m.valid_from, agencies.day_at(m.unit_id, at))
         WHERE m.id = ANY (seats) AND (m.valid_until IS NULL OR m.valid_until > agencies.day_at(m.unit_id, at));
    END IF;
    DELETE FROM agencies.session s WHERE s.membership_id = ANY (seats);
    UPDATE agencies.api_token t SET revoked_at = at WHERE t.membership_id = ANY (seats) AND t.revoked_at IS NULL;
    PERFORM referral.flag_work(seats);
    RETURN 'done';
END $$;

-- Which subject of the agency's own provider she is. As agencies.bind_subject, and 'no-provider'.
CREATE FUNCTION agencies.scim_bind(holder bytea, member uuid, new_subject text, at timestamptz) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    who record;
    own uuid;
BEGIN
    SELECT * INTO who FROM agencies.provisioner(holder, at);
    IF NOT EXISTS (SELECT FROM agencies.people_of(who.agency_id, at) f WHERE f.member_id = member) THEN
        RETURN 'unknown';
    END IF;
    SELECT p.id INTO own FROM agencies.provider p WHERE p.agency_id = who.agency_id AND p.active ORDER BY p.key LIMIT 1;
    IF own IS NULL THEN
        RETURN 'no-provider';
    END IF;
    RETURN agencies.tie(who.agency_id, who.id, member, own, new_subject, at);
END $$;

-- 'given', 'asked', 'already-held', 'duties-conflict', 'unknown'.
CREATE FUNCTION agencies.scim_join(holder bytea, new_id uuid, member uuid, unit uuid, new_role text, at timestamptz) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    who record;
BEGIN
    SELECT * INTO who FROM agencies.provisioner(holder, at);
    IF new_role = 'SYSTEM_ADMIN' OR NOT EXISTS (SELECT FROM agencies.unit u WHERE u.id = unit AND u.agency_id = who.agency_id)
       OR NOT EXISTS (SELECT FROM agencies.people_of(who.agency_id, at) f WHERE f.member_id = member) THEN
        RETURN 'unknown';
    END IF;
    RETURN agencies.give_or_ask(who.id, new_id, member, who.agency_id, unit, new_role, at);
END $$;

-- A role ends today, or is no longer asked for. 'ended', 'unknown'.
CREATE FUNCTION agencies.scim_leave(holder bytea, member uuid, unit uuid, old_role text, at timestamptz) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    who record;
    seats uuid[];
BEGIN
    SELECT * INTO who FROM agencies.provisioner(holder, at);
    DELETE FROM agencies.role_grant g WHERE g.member_id = member AND g.unit_id = unit AND g.role = old_role AND g.asked_by = who.id AND g.answer IS NULL;
    WITH ended AS (
        UPDATE agencies.membership m SET valid_until = greatest(m.valid_from, agencies.day_at(m.unit_id, at))
          FROM agencies.member x
         WHERE m.member_id = member AND m.unit_id = unit AND m.role = old_role AND m.agency_id = who.agency_id AND x.id = m.member_id AND x.kind = 'person'
           AND (m.valid_until IS NULL OR m.valid_until > agencies.day_at(m.unit_id, at)) RETURNING m.id)
    SELECT array_agg(ended.id) INTO seats FROM ended;
    IF seats IS NULL THEN
        RETURN 'unknown';
    END IF;
    DELETE FROM agencies.session s WHERE s.membership_id = ANY (seats);
    PERFORM referral.flag_work(seats);
    RETURN 'ended';
END $$;

DO $$
DECLARE f regprocedure;
BEGIN
    FOR f IN SELECT p.oid::regprocedure FROM pg_proc p WHERE p.pronamespace = 'agencies'::regnamespace LOOP
        EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', f);
    END LOOP;
END $$;
GRANT EXECUTE ON FUNCTION
    agencies.scim_users(bytea, uuid, text, text, integer, integer, timestamptz),
    agencies.scim_groups(bytea, uuid, text, timestamptz),
    agencies.scim_create(bytea, uuid, text, text, text, timestamptz),
    agencies.scim_change(bytea, uuid, text, text, text, timestamptz),
    agencies.scim_active(bytea, uuid, boolean, timestamptz),
    agencies.scim_bind(bytea, uuid, text, timestamptz),
    agencies.scim_join(bytea, uuid, uuid, uuid, text, timestamptz),
    agencies.scim_leave(bytea, uuid, uuid, text, timestamptz)
TO referral_app;
