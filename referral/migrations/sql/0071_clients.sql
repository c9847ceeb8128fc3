-- Agencies' own systems: each a client that proves itself for a token of an hour at most, bound to the
-- one membership of a system and to no more scopes than it was given. A token proves nobody's presence.

CREATE TABLE agencies.client (
    client_id     text PRIMARY KEY CHECK (client_id ~ '^[A-Za-z0-9._-]{8,100}$'),
    membership_id uuid NOT NULL REFERENCES agencies.membership (id),
    secret_hash   bytea CHECK (octet_length(secret_hash) = 32),
    keys          jsonb,                                -- public keys, where it signs instead
    scopes        text[] NOT NULL CHECK (cardinality(scopes) > 0),
    active        boolean NOT NULL,
    CHECK ((secret_hash IS NULL) <> (keys IS NULL))
);
CREATE INDEX ON agencies.client (membership_id);

-- Signed proofs that were used: each is good once, until it has run out by itself.
CREATE TABLE agencies.client_proof (
    client_id  text NOT NULL REFERENCES agencies.client (client_id),
    proof_hash bytea NOT NULL CHECK (octet_length(proof_hash) = 32),
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (client_id, proof_hash)
);
CREATE INDEX ON agencies.client_proof (expires_at);

ALTER TABLE agencies.api_token
    DROP CONSTRAINT api_token_scopes_check,
    ADD CONSTRAINT api_token_scopes_check CHECK (cardinality(scopes) > 0 AND scopes <@ ARRAY[
        'cases:read', 'cases:write', 'hand_offs:read', 'hand_offs:write',
        'oversight:read', 'directory:read', 'audit:read', 'scim']),
    ADD COLUMN client_id text REFERENCES agencies.client (client_id);

-- Whether a client may have a token at all: in use, of a system, its membership in standing.
CREATE FUNCTION agencies.client_in_standing(client text, at timestamptz) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
SELECT EXISTS (SELECT FROM agencies.client c JOIN agencies.actor a ON a.membership_id = c.membership_id
                WHERE c.client_id = client AND c.active AND a.kind = 'system' AND agencies.in_standing(c.membership_id, at))
$$;

-- The public keys of a client that signs; NULL: there is no such client.
CREATE FUNCTION agencies.client_keys(client text, at timestamptz) RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
SELECT c.keys FROM agencies.client c WHERE c.client_id = client AND agencies.client_in_standing(client, at)
$$;

-- 'issued', 'invalid_client', 'invalid_scope'. `secret`: SHA-256 of what it sent, or NULL where it signed;
-- then `proof` is the SHA-256 of the proof's own id, good until `proof_until`, and good once.
CREATE FUNCTION agencies.client_token(
    client text, secret bytea, proof bytea, proof_until timestamptz, new_id_hash bytea, wanted text[], at timestamptz)
RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    known agencies.client;
BEGIN
    SELECT c.* INTO known FROM agencies.client c WHERE c.client_id = client AND agencies.client_in_standing(client, at);
    IF known.client_id IS NULL OR (secret IS NULL) <> (known.secret_hash IS NULL) OR (secret IS NULL) = (proof IS NULL)
       OR (secret IS NOT NULL AND secret <> known.secret_hash) THEN
        RETURN 'invalid_client';
    END IF;
    IF proof IS NOT NULL THEN
        DELETE FROM agencies.client_proof p WHERE p.expires_at <= at;
        INSERT INTO agencies.client_proof (client_id, proof_hash, expires_at) VALUES (client, proof, proof_until)
        ON CONFLICT DO NOTHING;
        IF NOT FOUND THEN
            RETURN 'invalid_client';
        END IF;
    END IF;
    IF cardinality(wanted) = 0 THEN
        wanted := known.scopes;
    END IF;
    IF NOT wanted <@ known.scopes THEN
        RETURN 'invalid_scope';
    END IF;
    DELETE FROM agencies.api_token t WHERE t.client_id = client AND t.expires_at <= at;
    INSERT INTO agencies.api_token (id_hash, membership_id, name, scopes, expires_at, client_id)
    VALUES (new_id_hash, known.membership_id, client, wanted, at + interval '1 hour', client);
    RETURN 'issued';
END $$;

REVOKE EXECUTE ON FUNCTION
    agencies.client_in_standing(text, timestamptz),
    agencies.client_keys(text, timestamptz),
    agencies.client_token(text, bytea, bytea, timestamptz, bytea, text[], timestamptz)
FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
    agencies.client_keys(text, timestamptz),
    agencies.client_token(text, bytea, bytea, timestamptz, bytea, text[], timestamptz)
TO referral_app;
