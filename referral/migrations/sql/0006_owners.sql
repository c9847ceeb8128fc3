-- Owners and grants. begin_actor reads credentials, so it belongs to the owner of those tables.
DO $$
DECLARE f regprocedure;
BEGIN
    EXECUTE 'GRANT CREATE ON SCHEMA referral TO referral_effector';
    FOR f IN SELECT p.oid::regprocedure FROM pg_proc p WHERE p.pronamespace = 'referral'::regnamespace LOOP
        EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', f);
    END LOOP;
    FOREACH f IN ARRAY ARRAY['referral.claim_key(bytea)', 'referral.states_of(uuid[], uuid[], date[], uuid)', 'referral.state_of(uuid, uuid, uuid, date)', 'referral.lock_hand_off(uuid, date)', 'referral.lock_referral(uuid, date)',
        'referral.claim_clock(uuid, timestamptz)', 'referral.push_clock(uuid, timestamptz, timestamptz)', 'referral.lock_own_stream()', 'referral.keys_for(uuid)', 'referral.knows_of(uuid, uuid)', 'referral.kept_out(uuid)',
        'referral.keep_entries(jsonb)', 'referral.post_entries(uuid, jsonb)', 'referral.post_case(uuid, jsonb)', 'referral.post_moves(uuid, jsonb)', 'referral.post_custody(uuid, jsonb, jsonb)',
        'referral.post_hand_offs(uuid, jsonb)', 'referral.own_persons(uuid, jsonb)', 'referral.post_marks(uuid, jsonb)', 'referral.post_words(uuid, jsonb)',
        'referral.post_consequences(uuid, jsonb, uuid[])', 'referral.look_again(uuid, jsonb)', 'referral.post_answer(jsonb)', 'referral.carry_out(jsonb)']::regprocedure[] LOOP
        EXECUTE format('ALTER FUNCTION %s OWNER TO referral_effector', f);
        -- They touch few rows and each by its key. A plan made while a table was small (or its
        -- statistics old) would read all of it for every act: measured 9 ms instead of 3.
        EXECUTE format('ALTER FUNCTION %s SET enable_seqscan = off', f);
        EXECUTE format('ALTER FUNCTION %s SET enable_hashjoin = off', f);
        EXECUTE format('ALTER FUNCTION %s SET enable_mergejoin = off', f);
        -- For the same reason no other values would want another plan: each is made once per session.
        EXECUTE format('ALTER FUNCTION %s SET plan_cache_mode = force_generic_plan', f);
    END LOOP;
    -- Except where what was told and what was done are joined with each other, not with a table: a
    -- thousand persons filed at once are thousands of both, and every pair would be looked at.
    EXECUTE 'ALTER FUNCTION referral.look_again(uuid, jsonb) SET enable_hashjoin = on';
    EXECUTE 'REVOKE CREATE ON SCHEMA referral FROM referral_effector';
END $$;
GRANT EXECUTE ON FUNCTION referral.my_country(), referral.my_unit(), referral.my_agency(), referral.my_membership(), referral.my_role(), referral.my_member(),
    referral.my_moment(), referral.my_proof() TO referral_app, referral_effector, referral_worker, referral_auditor_ro;
GRANT EXECUTE ON FUNCTION referral.is_mine(referral.party) TO referral_effector;
GRANT EXECUTE ON FUNCTION referral.begin_actor(bytea, timestamptz), referral.claim_key(bytea), referral.lock_hand_off(uuid, date), referral.lock_referral(uuid, date),
    referral.lock_own_stream(), referral.keys_for(uuid), referral.kept_out(uuid), referral.in_charge(uuid, uuid), referral.carry_out(jsonb) TO referral_app;
GRANT EXECUTE ON FUNCTION referral.begin_worker(text), referral.claim_clock(uuid, timestamptz), referral.push_clock(uuid, timestamptz, timestamptz), referral.carry_out(jsonb) TO referral_worker;
