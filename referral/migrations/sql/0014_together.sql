-- What acts of several have in common, whether people meet or set out: one act of the caller's own
-- stream, about no case, in one call.

-- Who acts, what may come with it, its entry and the answer kept for whoever sends it again.
CREATE FUNCTION referral.begin_together(decided jsonb, roles text[], parts text[]) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF referral.my_country() IS NULL OR (referral.my_role() = ANY (roles)) IS NOT TRUE THEN
        RAISE EXCEPTION 'this role neither convenes nor sets out' USING ERRCODE = 'RF007';
    END IF;
    IF EXISTS (SELECT FROM jsonb_object_keys(decided) part WHERE part <> ALL (ARRAY['entries', 'keys', 'streams', 'idempotency'] || parts)) THEN
        RAISE EXCEPTION 'this is no part of what people do together' USING ERRCODE = 'RF009';
    END IF;
    PERFORM referral.post_entries(NULL, decided);
    IF decided ? 'idempotency' THEN PERFORM referral.post_answer(decided -> 'idempotency'); END IF;
END $$;

-- No entry without its effect, no effect without its entry: one of each, about the very same thing.
CREATE FUNCTION referral.told_as_done(decided jsonb, kind text, done jsonb) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE told CONSTANT jsonb := (decided #>> '{entries,0,header}')::jsonb;
BEGIN
    IF jsonb_array_length(decided -> 'entries') <> 1 OR coalesce(jsonb_array_length(done), 0) <> 1
            OR (told ->> 'act', told ->> 'object_type', told ->> 'object') IS DISTINCT FROM (done #>> '{0,act}', kind, done #>> '{0,id}') THEN
        RAISE EXCEPTION 'the entry does not say what was done: %', coalesce(told ->> 'act', 'one act, one entry') USING ERRCODE = 'RF015';
    END IF;
END $$;
