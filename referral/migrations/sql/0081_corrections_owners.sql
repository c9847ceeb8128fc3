DO $$
DECLARE f regprocedure;
BEGIN
    EXECUTE 'GRANT CREATE ON SCHEMA referral TO referral_effector';
    FOREACH f IN ARRAY ARRAY['referral.post_reassignments(uuid, jsonb)', 'referral.strike(uuid, uuid[], text)', 'referral.leads(uuid)',
        'referral.twins(uuid, uuid)', 'referral.may_point(uuid, uuid)', 'referral.point(uuid, uuid, jsonb)']::regprocedure[] LOOP
        EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', f);
        EXECUTE format('ALTER FUNCTION %s OWNER TO referral_effector', f);
    END LOOP;
    GRANT EXECUTE ON FUNCTION referral.twins(uuid, uuid), referral.may_point(uuid, uuid) TO referral_app;
    EXECUTE 'REVOKE CREATE ON SCHEMA referral FROM referral_effector';
END $$;
