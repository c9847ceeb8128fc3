-- Sign-in through an agency's own identity provider: which providers there are (the operator's word),
-- and which of their subjects is which member here (an administrator's). Subjects are known by issuer
-- and `sub`, never by an address of mail. Roles stay our own: a provider says who, never what she may.

CREATE TABLE agencies.provider (
    id          uuid PRIMARY KEY,
    key         text NOT NULL UNIQUE CHECK (key ~ '^[a-z0-9][a-z0-9-]{1,39}$'),
    name        text NOT NULL CHECK (length(name) BETWEEN 2 AND 100),
    country     text NOT NULL,
    agency_id   uuid REFERENCES agencies.agency (id),   -- NULL: it speaks for every agency of the country
    issuer      text NOT NULL UNIQUE CHECK (issuer ~ '^https?://[^?#]+$'),
    client_id   text NOT NULL CHECK (client_id <> ''),
    secret_file text NOT NULL CHECK (secret_file <> ''),  -- where the secret is, never the secret
    two_factors text[] NOT NULL,                        -- 'acr=…', 'amr=…': what it says after two factors
    active      boolean NOT NULL
);

CREATE TABLE agencies.subject (
    provider_id uuid NOT NULL REFERENCES agencies.provider (id),
    subject     text NOT NULL CHECK (length(subject) BETWEEN 1 AND 255),
    member_id   uuid NOT NULL REFERENCES agencies.member (id),
    bound_by    uuid NOT NULL REFERENCES agencies.membership (id),
    bound_at    timestamptz NOT NULL,
    PRIMARY KEY (provider_id, subject),
    UNIQUE (provider_id, member_id)
);
CREATE INDEX ON agencies.subject (member_id);

ALTER TABLE agencies.session ADD COLUMN provider_id uuid REFERENCES agencies.provider (id);

-- What was begun at a provider waits for its answer like a challenge, and is good for one.
ALTER TABLE agencies.ceremony
    DROP CONSTRAINT ceremony_purpose_check, DROP CONSTRAINT ceremony_check, DROP CONSTRAINT ceremony_check1,
    ADD CONSTRAINT ceremony_purpose_check CHECK (purpose IN ('second', 'enrol', 'assert', 'create', 'provider')),
    ADD CONSTRAINT ceremony_check CHECK ((purpose IN ('assert', 'create', 'provider')) = (challenge IS NOT NULL)),
    ADD CONSTRAINT ceremony_check1 CHECK (purpose IN ('assert', 'provider') OR member_id IS NOT NULL);

-- Who a provider's subject is here; NULL: nobody is bound to it, or she may not sign in.
CREATE FUNCTION agencies.known_subject(provider uuid, given_subject text) RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
SELECT s.member_id
  FROM agencies.subject s JOIN agencies.provider p ON p.id = s.provider_id JOIN agencies.member m ON m.id = s.member_id
 WHERE s.provider_id = provider AND s.subject = given_subject AND p.active
   AND m.active AND m.kind = 'person' AND m.country = p.country
$$;

-- A session just opened on a provider's word: the proof is as old as the provider says, never newer.
CREATE FUNCTION agencies.proved_elsewhere(holder bytea, provider uuid, proved_at timestamptz) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
UPDATE agencies.session s SET provider_id = provider, authenticated_at = least(s.authenticated_at, proved_at)
 WHERE s.id_hash = holder
$$;

-- As before, and: on a provider's word alone nobody comes into an agency it does not speak for.
CREATE OR REPLACE FUNCTION agencies.change_seat(old_id_hash bytea, new_id_hash bytea, seat uuid, at timestamptz) RETURNS boolean
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
WITH moved AS (
    UPDATE agencies.session s SET id_hash = new_id_hash, membership_id = seat, seen_at = at
     WHERE s.id_hash = old_id_hash AND agencies.in_standing(seat, at)
       AND agencies.signed_in_as(old_id_hash, at) = (SELECT m.member_id FROM agencies.membership m WHERE m.id = seat)
       AND (s.proof NOT LIKE 'provider%' OR EXISTS (
            SELECT FROM agencies.provider p JOIN agencies.membership m ON m.id = seat
             WHERE p.id = s.provider_id AND (p.agency_id IS NULL OR p.agency_id = m.agency_id)))
    RETURNING 1)
SELECT EXISTS (SELECT 1 FROM moved)
$$;

-- Whether a provider speaks for this agency.
CREATE FUNCTION agencies.speaks_for(provider uuid, agency uuid) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
SELECT EXISTS (SELECT FROM agencies.provider p JOIN agencies.agency a ON a.id = agency AND a.country = p.country
                WHERE p.id = provider AND p.active AND (p.agency_id IS NULL OR p.agency_id = a.id))
$$;

-- The binding itself, for an agency that has been found to be charged with this member. A provider of the
-- whole country would open her seats elsewhere too, so an agency binds to it only who is its own alone.
CREATE FUNCTION agencies.tie(agency uuid, seat uuid, member uuid, provider uuid, new_subject text, at timestamptz) RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT agencies.speaks_for(provider, agency) THEN
        RETURN 'unknown';
    END IF;
    IF new_subject IS NOT NULL AND (SELECT p.agency_id FROM agencies.provider p WHERE p.id = provider) IS NULL AND EXISTS (
        SELECT FROM agencies.membership m WHERE m.member_id = member AND m.agency_id <> agency
           AND (m.valid_until IS NULL OR m.valid_until > agencies.day_at(m.unit_id, at))) THEN
        RETURN 'elsewhere-too';
    END IF;
    IF EXISTS (SELECT FROM agencies.subject s WHERE s.provider_id = provider AND s.subject = new_subject AND s.member_id <> member) THEN
        RETURN 'subject-taken';
    END IF;
    IF EXISTS (SELECT FROM agencies.subject s WHERE s.provider_id = provider AND s.subject = new_subject AND s.member_id = member) THEN
        RETURN 'bound';
    END IF;
    DELETE FROM agencies.subject s WHERE s.provider_id = provider AND s.member_id = member;
    DELETE FROM agencies.session s USING agencies.membership m
     WHERE m.id = s.membership_id AND m.member_id = member AND s.provider_id = provider;
    IF new_subject IS NULL THEN
        RETURN 'unbound';
    END IF;
    INSERT INTO agencies.subject (provider_id, subject, member_id, bound_by, bound_at)
    VALUES (provider, new_subject, member, seat, at);
    RETURN 'bound';
EXCEPTION WHEN unique_violation THEN RETURN 'subject-taken';
END $$;

-- An administrator binds somebody of her agency, or (no subject) unbinds her; nobody binds herself.
-- 'bound', 'unbound', 'not-permitted', 'unknown', 'elsewhere-too', 'subject-taken'.
CREATE FUNCTION agencies.bind_subject(holder bytea, member uuid, provider uuid, new_subject text, at timestamptz) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    who record;
BEGIN
    SELECT * INTO who FROM agencies.seat_of(holder, true, at);
    IF NOT EXISTS (SELECT FROM agencies.membership m JOIN agencies.member x ON x.id = m.member_id AND x.kind = 'person'
                    WHERE m.member_id = member AND m.agency_id = who.agency_id
                      AND (m.valid_until IS NULL OR m.valid_until > agencies.day_at(m.unit_id, at))) THEN
        RETURN 'unknown';
    END IF;
    IF who.role IS DISTINCT FROM 'AGENCY_ADMIN' OR member = who.member_id THEN
        RETURN 'not-permitted';
    END IF;
    RETURN agencies.tie(who.agency_id, who.id, member, provider, new_subject, at);
END $$;

-- Who of an administrator's agency is bound where. Whoever may not know sees an empty list.
CREATE FUNCTION agencies.bound_subjects(holder bytea, at timestamptz) RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
SELECT coalesce(jsonb_agg(jsonb_build_object('member_id', s.member_id, 'name', m.name, 'provider_id', p.id,
           'provider', p.name, 'subject', s.subject, 'bound_at', s.bound_at) ORDER BY m.name, p.name), '[]')
  FROM agencies.seat_of(holder, false, at) who
  JOIN agencies.subject s ON EXISTS (
       SELECT FROM agencies.membership x WHERE x.member_id = s.member_id AND x.agency_id = who.agency_id)
  JOIN agencies.provider p ON p.id = s.provider_id AND agencies.speaks_for(p.id, who.agency_id)
  JOIN agencies.member m ON m.id = s.member_id
 WHERE who.role = 'AGENCY_ADMIN'
$$;

REVOKE EXECUTE ON FUNCTION
    agencies.known_subject(uuid, text),
    agencies.proved_elsewhere(bytea, uuid, timestamptz),
    agencies.speaks_for(uuid, uuid),
    agencies.tie(uuid, uuid, uuid, uuid, text, timestamptz),
    agencies.bind_subject(bytea, uuid, uuid, text, timestamptz),
    agencies.bound_subjects(bytea, timestamptz)
FROM PUBLIC;
GRANT SELECT ON agencies.provider TO referral_app;
GRANT EXECUTE ON FUNCTION
    agencies.known_subject(uuid, text),
    agencies.proved_elsewhere(bytea, uuid, timestamptz),
    agencies.bind_subject(bytea, uuid, uuid, text, timestamptz),
    agencies.bound_subjects(bytea, timestamptz)
TO referral_app;
