-- Owners and grants of what came with the fourth migration, as in 0006.
DO $$
DECLARE f regprocedure;
BEGIN
    EXECUTE 'GRANT CREATE ON SCHEMA referral TO referral_effector';
    FOREACH f IN ARRAY ARRAY['referral.post_need(uuid, jsonb)', 'referral.lock_proposal(uuid, date)', 'referral.glass_ground(text)', 'referral.break_glass(jsonb)',
        'referral.glass_key(uuid)', 'referral.my_glass()', 'referral.escalate_glass(timestamptz)',
        'referral.country_key(jsonb)', 'referral.find_matches(text[])', 'referral.spend_names(uuid)',
        'referral.narrow_case(uuid)', 'referral.lock_removal(text, uuid, uuid)', 'referral.removal_key(uuid)', 'referral.held_by(uuid, uuid)', 'referral.fall_back(uuid)', 'referral.remove_holder(jsonb)']::regprocedure[] LOOP
        EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', f);
        EXECUTE format('ALTER FUNCTION %s OWNER TO referral_effector', f);
        EXECUTE format('ALTER FUNCTION %s SET enable_seqscan = off', f);
        EXECUTE format('ALTER FUNCTION %s SET plan_cache_mode = force_generic_plan', f);
    END LOOP;
    EXECUTE 'REVOKE CREATE ON SCHEMA referral FROM referral_effector';
END $$;
GRANT EXECUTE ON FUNCTION referral.lock_proposal(uuid, date), referral.glass_ground(text), referral.break_glass(jsonb), referral.glass_key(uuid), referral.my_glass(),
    referral.country_key(jsonb), referral.find_matches(text[]), referral.spend_names(uuid),
    referral.removal_key(uuid), referral.lock_removal(text, uuid, uuid), referral.remove_holder(jsonb) TO referral_app;
GRANT EXECUTE ON FUNCTION referral.my_glass() TO referral_owner;
GRANT EXECUTE ON FUNCTION referral.escalate_glass(timestamptz) TO referral_worker;
