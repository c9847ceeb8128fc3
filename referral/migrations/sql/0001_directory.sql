-- The directory: who is legally charged with what, where; who works there; which credential proves it.
-- It has never heard of a case. Every period is half-open: valid_from <= day < valid_until.
-- The roles exist already; the migration runs what follows as `referral_owner`.

-- Places -----------------------------------------------------------------------------------------
CREATE TABLE agencies.jurisdiction (
    code    text PRIMARY KEY,                      -- ISO 3166-1, ISO 3166-2, or the country's own below that
    country text NOT NULL CHECK (country ~ '^[A-Z]{2}$'),
    parent  text REFERENCES agencies.jurisdiction (code),
    kind    text NOT NULL CHECK (kind IN ('country', 'subdivision', 'locality', 'group')),
    names   jsonb NOT NULL CHECK (jsonb_typeof(names) = 'object'),
    CHECK ((kind = 'country') = (parent IS NULL)),
    CHECK (kind <> 'country' OR code = country),
    CHECK (parent <> code)
);
CREATE INDEX ON agencies.jurisdiction (country);
CREATE INDEX ON agencies.jurisdiction (parent);

CREATE TABLE agencies.grouping (
    group_code  text NOT NULL REFERENCES agencies.jurisdiction (code),
    member_code text NOT NULL REFERENCES agencies.jurisdiction (code),
    PRIMARY KEY (member_code, group_code),         -- asked upwards: which groups is this place in
    CHECK (group_code <> member_code)
);
CREATE INDEX ON agencies.grouping (group_code);

-- Agencies, their units, what they are charged with ------------------------------------------------
CREATE TABLE agencies.agency (
    id           uuid PRIMARY KEY,
    country      text NOT NULL CHECK (country ~ '^[A-Z]{2}$'),
    key          text NOT NULL CHECK (key ~ '^[A-Z0-9][A-Z0-9_-]*$'),
    name         text NOT NULL,
    names        jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(names) = 'object'),
    type         text NOT NULL CHECK (type IN (    -- standards 5.6; courts stand under PROSECUTION there
        'LABOUR_INSPECTORATE', 'POLICE', 'SPECIALISED_POLICE_UNIT', 'PROSECUTION',
        'SOCIAL_SERVICES', 'CHILD_PROTECTION', 'SHELTER', 'HEALTH', 'LEGAL_AID', 'IMMIGRATION',
        'HOTLINE', 'COORDINATION_BODY', 'NGO', 'INTERNATIONAL_ORGANISATION')),
    level        text NOT NULL CHECK (level IN ('national', 'provincial', 'municipal')),
    parent_id    uuid REFERENCES agencies.agency (id),
    confidential boolean NOT NULL DEFAULT false,   -- shown as its mandate, never by name, without G3
    source       text NOT NULL,
    valid_from   date NOT NULL,
    valid_until  date CHECK (valid_until > valid_from),
    UNIQUE (country, key),
    CHECK (parent_id <> id)
);
CREATE INDEX ON agencies.agency (parent_id) WHERE parent_id IS NOT NULL;

CREATE TABLE agencies.unit (
    id        uuid PRIMARY KEY,
    agency_id uuid NOT NULL REFERENCES agencies.agency (id),
    country   text NOT NULL CHECK (country ~ '^[A-Z]{2}$'),
    key       text NOT NULL CHECK (key ~ '^[A-Z0-9][A-Z0-9_-]*$'),
    name      text NOT NULL,
    intake    boolean NOT NULL DEFAULT false,
    time_zone text NOT NULL,
    UNIQUE (agency_id, key),
    UNIQUE (id, agency_id)                         -- so that a unit is never named beside a foreign agency
);

CREATE TABLE agencies.mandate (
    id           uuid PRIMARY KEY,
    agency_id    uuid NOT NULL,
    unit_id      uuid NOT NULL,                    -- the unit to which hand-offs for this mandate are addressed
    country      text NOT NULL CHECK (country ~ '^[A-Z]{2}$'),
    mandate      text NOT NULL CHECK (mandate ~ '^[A-Z][A-Z0-9_]*$'),
    jurisdiction text NOT NULL REFERENCES agencies.jurisdiction (code),
    priority     integer NOT NULL DEFAULT 100 CHECK (priority >= 0),    -- the lowest is asked first
    fall_back    boolean NOT NULL DEFAULT false,   -- asked only where nobody holds the mandate itself
    source       text NOT NULL,
    valid_from   date NOT NULL,
    valid_until  date CHECK (valid_until > valid_from),
    FOREIGN KEY (unit_id, agency_id) REFERENCES agencies.unit (id, agency_id),
    CHECK (mandate <> 'NATIONAL_FALL_BACK' OR jurisdiction = country),
    -- One expression, not three columns: else the planner takes this slow index for look-ups.
    EXCLUDE USING gist ((unit_id::text || ' ' || mandate || ' ' || jurisdiction) WITH =,
                        daterange(valid_from, valid_until) WITH &&)
);
-- `serving` walks this index only: what is asked, where, and everything needed to rank the answers.
CREATE INDEX mandate_serving ON agencies.mandate (mandate, jurisdiction, fall_back, priority)
    INCLUDE (unit_id, agency_id, valid_from, valid_until);
CREATE INDEX ON agencies.mandate (agency_id);
CREATE INDEX ON agencies.mandate (unit_id);

-- People and systems -------------------------------------------------------------------------------
CREATE TABLE agencies.member (
    id            uuid PRIMARY KEY,
    country       text NOT NULL CHECK (country ~ '^[A-Z]{2}$'),
    kind          text NOT NULL CHECK (kind IN ('person', 'system')),
    user_name     text NOT NULL CHECK (user_name = lower(user_name) AND user_name ~ '^[^\s]+$'),
    name          text NOT NULL,
    password_hash text CHECK (password_hash LIKE '$argon2id$%'),
    active        boolean NOT NULL DEFAULT true,
    CHECK (kind = 'person' OR password_hash IS NULL)      -- a system has tokens, never a password
);
CREATE UNIQUE INDEX member_user_name ON agencies.member (lower(user_name));

CREATE TABLE agencies.membership (
    id          uuid PRIMARY KEY,
    member_id   uuid NOT NULL REFERENCES agencies.member (id),
    agency_id   uuid NOT NULL,
    unit_id     uuid NOT NULL,
    role        text NOT NULL CHECK (role IN (
        'OFFICER', 'SUPERVISOR', 'COORDINATOR', 'AUDITOR', 'DATA_PROTECTION_OFFICER',
        'STATISTICIAN', 'AGENCY_ADMIN', 'SYSTEM_ADMIN')),
    valid_from  date NOT NULL,
    valid_until date CHECK (valid_until >= valid_from),   -- equal: granted and taken back on one day
    FOREIGN KEY (unit_id, agency_id) REFERENCES agencies.unit (id, agency_id),
    EXCLUDE USING gist ((member_id::text || ' ' || unit_id::text || ' ' || role) WITH =,
                        daterange(valid_from, valid_until) WITH &&)
);
CREATE INDEX ON agencies.membership (unit_id, role);

-- A device its owner has registered for work in the field: sessions on it may rest longer.
CREATE TABLE agencies.device (
    id            uuid PRIMARY KEY,
    member_id     uuid NOT NULL REFERENCES agencies.member (id),
    secret_hash   bytea NOT NULL UNIQUE CHECK (octet_length(secret_hash) = 32),
    name          text NOT NULL,
    registered_at timestamptz NOT NULL
);
CREATE INDEX ON agencies.device (member_id);

CREATE TABLE agencies.session (
    id_hash          bytea PRIMARY KEY CHECK (octet_length(id_hash) = 32),
    id               uuid NOT NULL UNIQUE DEFAULT gen_random_uuid(),   -- for its owner's list; opens nothing
    membership_id    uuid NOT NULL REFERENCES agencies.membership (id),
    created_at       timestamptz NOT NULL,
    seen_at          timestamptz NOT NULL,
    authenticated_at timestamptz NOT NULL,
    expires_at       timestamptz NOT NULL,
    csrf_hash        bytea NOT NULL CHECK (octet_length(csrf_hash) = 32),
    proof            text NOT NULL CHECK (proof ~ '^[a-z_]{1,40}$'),  -- the way identity was last proved
    browser          text NOT NULL CHECK (length(browser) <= 60),      -- as its owner would call it
    device_id        uuid REFERENCES agencies.device (id) ON DELETE SET NULL,
    CHECK (expires_at > created_at AND expires_at <= created_at + interval '12 hours')   -- security 6.2
);
CREATE INDEX ON agencies.session (membership_id);
CREATE INDEX ON agencies.session (expires_at);

CREATE TABLE agencies.api_token (
    id_hash       bytea PRIMARY KEY CHECK (octet_length(id_hash) = 32),
    membership_id uuid NOT NULL REFERENCES agencies.membership (id),
    name          text NOT NULL,
    scopes        text[] NOT NULL CHECK (cardinality(scopes) > 0 AND scopes <@ ARRAY[
        'cases:read', 'cases:write', 'hand_offs:read', 'hand_offs:write',
        'oversight:read', 'directory:read', 'audit:read']),
    expires_at    timestamptz NOT NULL,
    revoked_at    timestamptz
);
CREATE INDEX ON agencies.api_token (membership_id);

-- One person may not hold two duties that are meant to watch each other (security 3.3). The list
-- stands in agencies/identity.py as well; a test holds the two together.
CREATE FUNCTION agencies.refuse_conflicting_duties() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    conflict text;
BEGIN
    PERFORM 1 FROM agencies.member WHERE id = NEW.member_id FOR UPDATE;   -- two grants at once wait for each other
    SELECT held.role INTO conflict
      FROM agencies.membership held
      JOIN (VALUES ('AGENCY_ADMIN', 'AUDITOR'), ('SYSTEM_ADMIN', 'AUDITOR')) AS pair (one, other)
        ON (held.role, NEW.role) IN ((pair.one, pair.other), (pair.other, pair.one))
     WHERE held.member_id = NEW.member_id AND held.id <> NEW.id
       AND daterange(held.valid_from, held.valid_until) && daterange(NEW.valid_from, NEW.valid_until)
     LIMIT 1;
    IF conflict IS NOT NULL THEN
        RAISE EXCEPTION 'duties of % and % may not be in one hand', NEW.role, conflict
            USING ERRCODE = 'check_violation', CONSTRAINT = 'membership_separate_duties';
    END IF;
    IF NOT EXISTS (SELECT 1 FROM agencies.member m JOIN agencies.agency a ON a.country = m.country
                    WHERE m.id = NEW.member_id AND a.id = NEW.agency_id) THEN
        RAISE EXCEPTION 'a member belongs to one country, and this agency is of another'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'membership_one_country';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER separate_duties BEFORE INSERT OR UPDATE ON agencies.membership
    FOR EACH ROW EXECUTE FUNCTION agencies.refuse_conflicting_duties();

-- One membership with all that a request needs to know of its holder.
CREATE VIEW agencies.actor WITH (security_invoker = true) AS
SELECT s.id AS membership_id, m.id AS member_id, m.kind, m.user_name, m.name, m.active, m.country,
       a.id AS agency_id, a.key AS agency_key, a.name AS agency_name, a.type AS agency_type,
       a.confidential, u.id AS unit_id, u.key AS unit_key, u.name AS unit_name, u.time_zone,
       s.role, s.valid_from, s.valid_until
  FROM agencies.membership s
  JOIN agencies.member m ON m.id = s.member_id
  JOIN agencies.unit u ON u.id = s.unit_id
  JOIN agencies.agency a ON a.id = s.agency_id;

-- Rights -----------------------------------------------------------------------------------------
-- The worker asks who receives an escalation; the effector re-checks who holds a mandate.
GRANT USAGE ON SCHEMA agencies TO referral_app, referral_worker, referral_effector;
GRANT SELECT ON agencies.jurisdiction, agencies.grouping, agencies.agency, agencies.unit,
    agencies.mandate TO referral_app, referral_worker, referral_effector;
GRANT SELECT ON agencies.membership, agencies.actor TO referral_app;
GRANT SELECT (id, country, kind, user_name, name, active) ON agencies.member TO referral_app;
REVOKE EXECUTE ON FUNCTION agencies.refuse_conflicting_duties() FROM PUBLIC;
