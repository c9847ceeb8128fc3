-- Where agencies' own systems are told: endpoints, each kept by its agency's administrator and each with
-- keys of its own; and what may be told to which of them, decided anew for every attempt.

-- Hosts an agency's endpoint may be at. The operator's word, for one country; a name and never a number.
CREATE TABLE agencies.webhook_host (
    country text NOT NULL CHECK (country ~ '^[A-Z]{2}$'),
    host    text NOT NULL CHECK (length(host) <= 253 AND host ~ '^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z][a-z0-9-]*$'),
    port    integer NOT NULL CHECK (port BETWEEN 1 AND 65535),
    PRIMARY KEY (country, host, port)
);
GRANT SELECT ON agencies.webhook_host TO referral_app, referral_effector;

CREATE TABLE referral.webhook (
    id            uuid PRIMARY KEY,
    country       text NOT NULL,
    agency_id     uuid NOT NULL REFERENCES agencies.agency (id),
    url           text NOT NULL CHECK (length(url) <= 500),
    types         text[] NOT NULL CHECK (cardinality(types) > 0),
    opened_at     timestamptz NOT NULL,
    opened_unit   uuid NOT NULL REFERENCES agencies.unit (id),
    test_notice   uuid,                            -- the last test: the one notice that is for it alone
    taken_at      timestamptz,                     -- when it last took an event
    failing_since timestamptz,                     -- of the first failure since
    told_at       timestamptz,                     -- when the agency was told of that
    ended_at      timestamptz,
    ended_because text CHECK (ended_because IN ('administrator', 'gone')),
    version       integer NOT NULL DEFAULT 1,      -- one entry of the log each
    CHECK ((ended_at IS NULL) = (ended_because IS NULL))
);
CREATE INDEX ON referral.webhook (agency_id) WHERE ended_at IS NULL;

-- Sealed under the endpoint's own data key, which nobody who signs in can ask for.
CREATE TABLE referral.webhook_key (
    id          uuid PRIMARY KEY,
    webhook_id  uuid NOT NULL REFERENCES referral.webhook (id),
    country     text NOT NULL,
    scheme      text NOT NULL CHECK (scheme IN ('v1', 'v1a')),
    public      text CHECK (public ~ '^whpk_'),
    key_version integer NOT NULL,
    content     bytea NOT NULL,
    since       timestamptz NOT NULL,
    until       timestamptz                        -- replaced: it signs beside the new one until then
);
CREATE INDEX ON referral.webhook_key (webhook_id);

-- What became of each attempt, in a word of ours: nothing a receiver says is ever kept.
CREATE TABLE referral.webhook_attempt (
    webhook_id uuid NOT NULL REFERENCES referral.webhook (id),
    letter     uuid NOT NULL,
    attempt    integer NOT NULL,
    country    text NOT NULL,
    kind       text NOT NULL,
    at         timestamptz NOT NULL,
    outcome    text NOT NULL CHECK (outcome ~ '^[a-z_]+$'),
    PRIMARY KEY (letter, attempt)
);
CREATE INDEX ON referral.webhook_attempt (webhook_id, at DESC);

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['webhook', 'webhook_key', 'webhook_attempt'] LOOP
        EXECUTE format('ALTER TABLE referral.%I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE referral.%I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON referral.%I TO referral_effector', t);
        EXECUTE format('CREATE POLICY carry_out ON referral.%I TO referral_effector USING (country = (SELECT referral.my_country())) WITH CHECK (country = (SELECT referral.my_country()))', t);
    END LOOP;
END $$;
GRANT SELECT ON referral.webhook, referral.webhook_attempt TO referral_app;
CREATE POLICY read ON referral.webhook FOR SELECT TO referral_app USING (
    country = (SELECT referral.my_country()) AND agency_id = (SELECT referral.my_agency()) AND (SELECT referral.my_role()) = 'AGENCY_ADMIN');
CREATE POLICY read ON referral.webhook_attempt FOR SELECT TO referral_app USING (
    country = (SELECT referral.my_country()) AND EXISTS (SELECT FROM referral.webhook w WHERE w.id = webhook_attempt.webhook_id));
-- Of a key its kind and its public half; what is sealed in it to nobody.
GRANT SELECT (webhook_id, country, scheme, public, since, until) ON referral.webhook_key TO referral_app;
CREATE POLICY read ON referral.webhook_key FOR SELECT TO referral_app USING (
    country = (SELECT referral.my_country()) AND EXISTS (SELECT FROM referral.webhook w WHERE w.id = webhook_key.webhook_id));
GRANT SELECT (id, country, version) ON referral.webhook TO referral_auditor_ro;
CREATE POLICY verify ON referral.webhook FOR SELECT TO referral_auditor_ro USING (true);

-- The agency's administrator, who has just proved who she is: nobody else changes an endpoint.
CREATE FUNCTION referral.may_keep_webhooks() RETURNS boolean LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(referral.my_role() = 'AGENCY_ADMIN' AND referral.my_proof() > referral.my_moment() - interval '15 minutes', false)
$$;

-- 'opened', 'not-permitted', 'too-many'. `key`: scheme, public, version, content and wrapped (hexadecimal).
CREATE FUNCTION referral.open_webhook(new_id uuid, new_url text, new_types text[], key jsonb) RETURNS text
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT referral.may_keep_webhooks() THEN
        RETURN 'not-permitted';
    END IF;
    IF (SELECT count(*) FROM referral.webhook w WHERE w.agency_id = referral.my_agency() AND w.ended_at IS NULL) >= 10 THEN
        RETURN 'too-many';
    END IF;
    INSERT INTO referral.webhook (id, country, agency_id, url, types, opened_at, opened_unit)
        VALUES (new_id, referral.my_country(), referral.my_agency(), new_url, new_types, referral.my_moment(), referral.my_unit());
    INSERT INTO vault.data_key (subject, kind, country, version, wrapped, created_at)
        VALUES (new_id, 'webhook', referral.my_country(), (key ->> 'version')::integer, decode(key ->> 'wrapped', 'hex'), referral.my_moment());
    PERFORM referral.add_webhook_key(new_id, key);
    RETURN 'opened';
END $$;

CREATE FUNCTION referral.add_webhook_key(webhook uuid, key jsonb) RETURNS void
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
    INSERT INTO referral.webhook_key (id, webhook_id, country, scheme, public, key_version, content, since)
        VALUES ((key ->> 'id')::uuid, webhook, referral.my_country(), key ->> 'scheme', key ->> 'public',
            (key ->> 'version')::integer, decode(key ->> 'content', 'hex'), referral.my_moment());
$$;

-- The wrapped data key of an endpoint, for sealing its next key; NULL: none of hers, or no fresh proof.
CREATE FUNCTION referral.webhook_data_key(webhook uuid) RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT jsonb_build_object('subject', d.subject, 'kind', d.kind, 'version', d.version, 'wrapped', d.wrapped, 'scheme', k.scheme)
    FROM vault.data_key d JOIN referral.webhook w ON w.id = d.subject JOIN referral.webhook_key k ON k.webhook_id = w.id AND k.until IS NULL
    WHERE w.id = webhook AND w.agency_id = referral.my_agency() AND w.ended_at IS NULL AND referral.may_keep_webhooks()
$$;

-- A new key beside the old one, which signs for a day more. 'rotated', 'not-permitted', 'unknown'.
CREATE FUNCTION referral.rotate_webhook(webhook uuid, key jsonb) RETURNS text
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT referral.may_keep_webhooks() THEN
        RETURN 'not-permitted';
    END IF;
    UPDATE referral.webhook w SET version = w.version + 1 WHERE w.id = webhook AND w.agency_id = referral.my_agency() AND w.ended_at IS NULL;
    IF NOT FOUND THEN
        RETURN 'unknown';
    END IF;
    DELETE FROM referral.webhook_key k WHERE k.webhook_id = webhook AND k.until <= referral.my_moment();
    UPDATE referral.webhook_key k SET until = referral.my_moment() + interval '1 day' WHERE k.webhook_id = webhook AND k.until IS NULL;
    PERFORM referral.add_webhook_key(webhook, key);
    RETURN 'rotated';
END $$;

-- Nothing is sent there any more, and its keys are gone. 'ended', 'not-permitted', 'unknown'.
CREATE FUNCTION referral.end_webhook(webhook uuid) RETURNS text
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT referral.may_keep_webhooks() THEN
        RETURN 'not-permitted';
    END IF;
    IF NOT EXISTS (SELECT FROM referral.webhook w WHERE w.id = webhook AND w.agency_id = referral.my_agency() AND w.ended_at IS NULL) THEN
        RETURN 'unknown';
    END IF;
    PERFORM referral.close_webhook(webhook, 'administrator', referral.my_moment());
    RETURN 'ended';
END $$;

CREATE FUNCTION referral.close_webhook(webhook uuid, why text, at timestamptz) RETURNS void
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
    UPDATE referral.webhook w SET ended_at = at, ended_because = why, version = w.version + 1 WHERE w.id = webhook;
    DELETE FROM referral.webhook_key k WHERE k.webhook_id = webhook;
$$;

-- One event that is about nothing, by the same way as all others. 'tested', 'not-permitted', 'unknown'.
CREATE FUNCTION referral.test_webhook(webhook uuid, notice uuid) RETURNS text
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT referral.may_keep_webhooks() THEN
        RETURN 'not-permitted';
    END IF;
    UPDATE referral.webhook w SET test_notice = notice, version = w.version + 1
     WHERE w.id = webhook AND w.agency_id = referral.my_agency() AND w.ended_at IS NULL;
    IF NOT FOUND THEN
        RETURN 'unknown';
    END IF;
    INSERT INTO referral.outbox (id, country, kind, to_unit, to_member, occurred_at)
        VALUES (notice, referral.my_country(), 'webhook.tested', referral.my_unit(), referral.my_membership(), referral.my_moment());
    RETURN 'tested';
END $$;

-- What an endpoint's agency may know of a notice at this moment; NULL: nothing. Nothing of a sealed case,
-- which is for the persons named on the seal; nothing of a case the agency, or anybody who works there, is
-- kept out of. More than ids only while it has a part; a confidential agency's id to itself alone.
CREATE FUNCTION referral.webhook_knows(webhook referral.webhook, o referral.outbox, at timestamptz) RETURNS jsonb
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT jsonb_build_object('referral', h.referral_id, 'data', jsonb_build_object('hand_off_id', h.id) || CASE WHEN EXISTS (
            SELECT FROM referral.party p JOIN agencies.unit u ON u.id = p.unit_id
             WHERE p.case_id = h.case_id AND p.referral_id = h.referral_id AND u.agency_id = webhook.agency_id AND p.until IS NULL
               AND p.expires_at > at AND p.relationship <> 'break_glass' AND NOT p.sealed AND webhook.agency_id <> ALL (p.barred)
               AND ('G0' = ANY (p.groups) OR ('OWN' = ANY (p.groups) AND p.hand_off_id = h.id)))
        THEN jsonb_build_object('track', h.track, 'urgency', h.urgency,
            'sender_agency_id', CASE WHEN NOT sa.confidential OR sa.id = webhook.agency_id THEN sa.id END,
            'receiver_agency_id', CASE WHEN NOT ra.confidential OR ra.id = webhook.agency_id THEN ra.id END)
        ELSE '{}' END)
    FROM referral.hand_off h JOIN agencies.unit su ON su.id = h.sender_unit JOIN agencies.agency sa ON sa.id = su.agency_id
        JOIN agencies.agency ra ON ra.id = h.receiver_agency
    WHERE h.id = o.hand_off_id AND NOT h.imported
      AND NOT EXISTS (SELECT FROM referral.seal s WHERE s.case_id = h.case_id AND s.lifted_at IS NULL)
      AND NOT EXISTS (SELECT FROM referral.exclusion x WHERE x.case_id = h.case_id AND x.lifted_at IS NULL AND (x.excluded = webhook.agency_id
            OR EXISTS (SELECT FROM agencies.membership m WHERE m.member_id = x.excluded AND m.agency_id = webhook.agency_id)))
$$;

-- Which endpoint is to be told which of these notices; `asked`: what it must have asked for, one each.
-- Several notices of one act to one agency (its unit, its supervisor) are one event to its system.
CREATE FUNCTION referral.webhooks_for(notices uuid[], asked text[], at timestamptz) RETURNS TABLE (notice uuid, webhook_id uuid)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF referral.my_role() IS DISTINCT FROM 'WORKER' THEN
        RAISE EXCEPTION 'only the clockwork tells' USING ERRCODE = 'RF007';
    END IF;
    RETURN QUERY
    SELECT DISTINCT ON (w.id, o.kind, o.hand_off_id, o.occurred_at) o.id, w.id
      FROM unnest(notices, asked) AS n (id, asked) JOIN referral.outbox o ON o.id = n.id JOIN agencies.unit u ON u.id = o.to_unit
      JOIN referral.webhook w ON w.agency_id = u.agency_id AND w.ended_at IS NULL
     WHERE CASE o.kind WHEN 'webhook.tested' THEN w.test_notice = o.id
                       WHEN 'audit.checkpoint' THEN n.asked = ANY (w.types)
                       ELSE n.asked = ANY (w.types) AND w.opened_at <= o.occurred_at AND referral.webhook_knows(w, o, at) IS NOT NULL
           AND NOT EXISTS (SELECT FROM agencies.unit v JOIN referral.outbox earlier ON earlier.to_unit = v.id AND earlier.occurred_at = o.occurred_at
                WHERE v.agency_id = w.agency_id AND earlier.hand_off_id = o.hand_off_id AND earlier.kind = o.kind AND earlier.id < o.id) END
     ORDER BY w.id, o.kind, o.hand_off_id, o.occurred_at, o.id;
END $$;

-- All that one attempt takes, as things stand now; NULL: the endpoint has ended. `knows` NULL: not for it.
CREATE FUNCTION referral.webhook_to_send(webhook uuid, notice uuid, at timestamptz) RETURNS jsonb
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF referral.my_role() IS DISTINCT FROM 'WORKER' THEN
        RAISE EXCEPTION 'only the clockwork tells' USING ERRCODE = 'RF007';
    END IF;
    RETURN (SELECT jsonb_build_object('url', w.url,
        'hosts', (SELECT coalesce(jsonb_agg(jsonb_build_array(h.host, h.port)), '[]') FROM agencies.webhook_host h WHERE h.country = w.country),
        'keys', (SELECT jsonb_agg(jsonb_build_object('id', k.id, 'content', encode(k.content, 'hex')) ORDER BY k.since DESC)
                   FROM referral.webhook_key k WHERE k.webhook_id = w.id AND coalesce(k.until, 'infinity') > at),
        'wrapped', (SELECT jsonb_build_object('subject', d.subject, 'kind', d.kind, 'version', d.version, 'wrapped', d.wrapped)
                      FROM vault.data_key d WHERE d.subject = w.id AND d.kind = 'webhook'),
        'knows', CASE o.kind WHEN 'webhook.tested' THEN jsonb_build_object('data', '{}'::jsonb)
            WHEN 'audit.checkpoint' THEN (SELECT jsonb_build_object('data', jsonb_build_object('origin', e.origin, 'size', c.size, 'root', encode(c.root, 'base64')))
                FROM log.told t JOIN log.checkpoint c USING (epoch, size) JOIN log.epoch e USING (epoch) WHERE t.notice = o.id)
            ELSE referral.webhook_knows(w, o, at) END)
      FROM referral.webhook w, referral.outbox o WHERE w.id = webhook AND w.ended_at IS NULL AND o.id = notice);
END $$;

-- What became of an attempt. 'ended': the other side said that it is gone. An agency is told once of an
-- endpoint that has ended so, and once of one that has taken nothing for a day.
CREATE FUNCTION referral.webhook_settled(webhook uuid, letter uuid, attempt integer, kind text, outcome text, at timestamptz) RETURNS text
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    known referral.webhook;
BEGIN
    IF referral.my_role() IS DISTINCT FROM 'WORKER' THEN
        RAISE EXCEPTION 'only the clockwork tells' USING ERRCODE = 'RF007';
    END IF;
    SELECT w.* INTO known FROM referral.webhook w WHERE w.id = webhook FOR UPDATE;
    INSERT INTO referral.webhook_attempt (webhook_id, letter, attempt, country, kind, at, outcome)
        VALUES (webhook, letter, attempt, referral.my_country(), kind, at, outcome) ON CONFLICT DO NOTHING;
    DELETE FROM referral.webhook_attempt a WHERE a.webhook_id = webhook AND a.at < webhook_settled.at - interval '30 days';
    IF known.ended_at IS NOT NULL OR outcome = 'withheld' THEN
        RETURN 'noted';
    ELSIF outcome = 'taken' THEN
        UPDATE referral.webhook w SET taken_at = at, failing_since = NULL, told_at = NULL WHERE w.id = webhook;
        RETURN 'noted';
    ELSIF outcome = 'gone' THEN
        PERFORM referral.close_webhook(webhook, 'gone', at);
        PERFORM referral.tell_keepers(known, 'webhook.ended', at);
        RETURN 'ended';
    END IF;
    UPDATE referral.webhook w SET failing_since = coalesce(w.failing_since, at) WHERE w.id = webhook;
    IF known.told_at IS NULL AND known.failing_since <= at - interval '1 day' THEN
        UPDATE referral.webhook w SET told_at = at WHERE w.id = webhook;
        PERFORM referral.tell_keepers(known, 'webhook.failing', at);
    END IF;
    RETURN 'noted';
END $$;

-- A notice to whoever administers the agency; to who supervises the unit that opened it, if nobody does.
CREATE FUNCTION referral.tell_keepers(webhook referral.webhook, what text, at timestamptz) RETURNS void
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
    WITH keepers AS (
        SELECT DISTINCT m.unit_id FROM agencies.membership m JOIN agencies.unit u ON u.id = m.unit_id
         WHERE m.agency_id = webhook.agency_id AND m.role = 'AGENCY_ADMIN' AND (m.valid_until IS NULL OR m.valid_until > (at AT TIME ZONE u.time_zone)::date))
    INSERT INTO referral.outbox (id, country, kind, to_unit, to_role, occurred_at)
        SELECT gen_random_uuid(), webhook.country, what, k.unit_id, 'AGENCY_ADMIN', at FROM keepers k
        UNION ALL SELECT gen_random_uuid(), webhook.country, what, webhook.opened_unit, 'SUPERVISOR', at WHERE NOT EXISTS (SELECT FROM keepers)
$$;

-- Which checkpoint each agency was told of, by which notice; kept for a week (an attempt is made for three
-- days), the last for good. Sizes alone, and for nobody who signs in.
CREATE TABLE log.told (
    notice    uuid PRIMARY KEY,                    -- in the outbox
    agency_id uuid NOT NULL REFERENCES agencies.agency (id),
    epoch     integer NOT NULL,
    size      bigint NOT NULL,
    told_at   timestamptz NOT NULL,
    UNIQUE (agency_id, epoch, size),
    FOREIGN KEY (epoch, size) REFERENCES log.checkpoint (epoch, size)
);
GRANT SELECT, INSERT, DELETE ON log.told TO referral_effector;
GRANT SELECT ON log.checkpoint, log.epoch TO referral_effector;

-- There is a new checkpoint of the log: every agency of the acting country with an endpoint that asked for
-- it is told of the newest, each checkpoint once and not more than one a minute. The clockwork looks every
-- few seconds, so only what was signed and committed is told.
CREATE FUNCTION referral.tell_checkpoint(at timestamptz) RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    newest log.checkpoint;
    told integer;
BEGIN
    IF referral.my_role() IS DISTINCT FROM 'WORKER' THEN
        RAISE EXCEPTION 'only the clockwork tells' USING ERRCODE = 'RF007';
    END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended('checkpoint told ' || referral.my_country(), 0));
    SELECT c.* INTO newest FROM log.checkpoint c ORDER BY c.epoch DESC, c.size DESC LIMIT 1;
    WITH asking AS MATERIALIZED (
        SELECT DISTINCT ON (w.agency_id) gen_random_uuid() AS notice, w.agency_id, w.opened_unit FROM referral.webhook w
         WHERE w.country = referral.my_country() AND w.ended_at IS NULL AND 'checkpoint' = ANY (w.types) AND newest.size > 0
           AND NOT EXISTS (SELECT FROM log.told t WHERE t.agency_id = w.agency_id
                AND (t.told_at > at - interval '1 minute' OR (t.epoch, t.size) >= (newest.epoch, newest.size)))
         ORDER BY w.agency_id, w.id
    ), noted AS (
        INSERT INTO log.told SELECT a.notice, a.agency_id, newest.epoch, newest.size, at FROM asking a
    )
    INSERT INTO referral.outbox (id, country, kind, to_unit, to_role, occurred_at)
        SELECT a.notice, referral.my_country(), 'audit.checkpoint', a.opened_unit, 'AGENCY_ADMIN', at FROM asking a;
    GET DIAGNOSTICS told = ROW_COUNT;
    DELETE FROM log.told t WHERE told > 0 AND t.told_at < at - interval '7 days'
        AND EXISTS (SELECT FROM log.told later WHERE later.agency_id = t.agency_id AND later.told_at > t.told_at);
    RETURN told;
END $$;
