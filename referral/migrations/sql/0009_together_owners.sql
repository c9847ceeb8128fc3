-- Owners and grants of what came with the third migration, as in 0006: the effector owns what reads
-- past the app's policies, PUBLIC may execute nothing.
DO $$
DECLARE f regprocedure;
BEGIN
    EXECUTE 'GRANT CREATE ON SCHEMA referral TO referral_effector';
    FOREACH f IN ARRAY ARRAY['referral.lock_batch(uuid, date)', 'referral.post_panels(uuid, jsonb, uuid[])',
        'referral.begin_together(jsonb, text[], text[])', 'referral.told_as_done(jsonb, text, jsonb)', 'referral.agenda_of(uuid, timestamptz)',
        'referral.meeting_key(uuid)', 'referral.convene(jsonb)', 'referral.operation_key(uuid)', 'referral.operate(jsonb)']::regprocedure[] LOOP
        EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', f);
        EXECUTE format('ALTER FUNCTION %s OWNER TO referral_effector', f);
        EXECUTE format('ALTER FUNCTION %s SET enable_seqscan = off', f);
        EXECUTE format('ALTER FUNCTION %s SET enable_hashjoin = off', f);
        EXECUTE format('ALTER FUNCTION %s SET enable_mergejoin = off', f);
        EXECUTE format('ALTER FUNCTION %s SET plan_cache_mode = force_generic_plan', f);
    END LOOP;
    -- All of a history is read at once: plans for few rows would not do.
    EXECUTE 'REVOKE EXECUTE ON FUNCTION referral.history_of(text, text[]) FROM PUBLIC';
    EXECUTE 'ALTER FUNCTION referral.history_of(text, text[]) OWNER TO referral_effector';
    EXECUTE 'REVOKE CREATE ON SCHEMA referral FROM referral_effector';
END $$;
GRANT EXECUTE ON FUNCTION referral.lock_batch(uuid, date), referral.meeting_key(uuid), referral.agenda_of(uuid, timestamptz), referral.convene(jsonb), referral.operation_key(uuid), referral.operate(jsonb), referral.history_of(text, text[]) TO referral_app;
