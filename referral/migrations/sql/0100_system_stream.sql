-- What concerns no case and nobody's own doing stands in the system's stream, one for each country:
-- root keys, calendars, released figures, the log's own epochs.
CREATE UNIQUE INDEX one_system_stream ON referral.stream_head (country) WHERE kind = 'system';

-- The operator acts on a server's console, for a country at a time, and reads no case.
CREATE FUNCTION referral.begin_operator(for_country text) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT referral.begin_worker(for_country), set_config('referral.role', 'OPERATOR', true);
    SELECT NULL::void;
$$;

-- Who may say what of the system: the part of an act before its dot.
CREATE VIEW referral.system_voice WITH (security_invoker = true) AS SELECT * FROM (VALUES
    ('OPERATOR', 'key'), ('OPERATOR', 'log'), ('WORKER', 'glass'), ('WORKER', 'log'), ('WORKER', 'retention'), ('WORKER', 'webhook'), ('WORKER', 'release'),
    ('COORDINATOR', 'calendar'), ('STATISTICIAN', 'release'), ('SUPERVISOR', 'release'), ('DATA_PROTECTION_OFFICER', 'release')
) AS voice (role, thing);
GRANT SELECT ON referral.system_voice TO referral_effector;

CREATE FUNCTION referral.lock_system_stream() RETURNS jsonb
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE head jsonb;
BEGIN
    IF NOT EXISTS (SELECT FROM referral.system_voice v WHERE v.role = referral.my_role()) THEN
        RAISE EXCEPTION 'this role does not speak for the system' USING ERRCODE = 'RF007';
    END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended('system stream ' || referral.my_country(), 0));
    SELECT jsonb_build_object('stream_id', s.stream_id, 'seq', s.seq, 'hash', s.hash, 'at', s.at, 'subject', s.subject, 'wrapped', d.wrapped, 'version', d.version)
        INTO head FROM referral.stream_head s JOIN vault.data_key d ON d.subject = s.subject
        WHERE s.kind = 'system' AND s.country = referral.my_country();
    RETURN head;
END $$;

-- Entries of the system's stream, each by a role that speaks of its thing. What such an act changes
-- has a door of its own, which calls this one.
CREATE FUNCTION referral.log_system(decided jsonb) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE wrong text;
BEGIN
    IF referral.my_country() IS NULL OR referral.my_role() IS NULL THEN
        RAISE EXCEPTION 'nobody is acting' USING ERRCODE = 'RF006';
    END IF;
    SELECT string_agg(part, ', ') INTO wrong FROM jsonb_object_keys(decided) part WHERE part <> ALL (ARRAY['entries', 'keys', 'streams', 'idempotency']);
    IF wrong IS NOT NULL THEN
        RAISE EXCEPTION 'the system''s stream only tells: %', wrong USING ERRCODE = 'RF009';
    END IF;
    SELECT string_agg(x.header::jsonb ->> 'act', ', ') INTO wrong FROM jsonb_to_recordset(decided -> 'entries') AS x (header text)
        WHERE NOT EXISTS (SELECT FROM referral.system_voice v WHERE v.role = referral.my_role() AND v.thing = split_part(x.header::jsonb ->> 'act', '.', 1))
            -- One stream by its key; asked as OR EXISTS, every stream there is would be read first.
            OR (SELECT s.kind FROM referral.stream_head s WHERE s.stream_id = (x.header::jsonb ->> 'stream')::uuid) <> 'system';
    IF wrong IS NOT NULL THEN
        RAISE EXCEPTION 'this role does not say so of the system: %', wrong USING ERRCODE = 'RF007';
    END IF;
    PERFORM referral.post_entries(NULL, decided || '{"system": true}');
    IF decided ? 'idempotency' THEN PERFORM referral.post_answer(decided -> 'idempotency'); END IF;
END $$;
