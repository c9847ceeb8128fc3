DO $$
DECLARE f regprocedure;
BEGIN
    EXECUTE 'GRANT CREATE ON SCHEMA referral TO referral_effector';
    FOREACH f IN ARRAY ARRAY['referral.post_attachments(uuid, jsonb, uuid[])', 'referral.keep_content(uuid, text, bytea)', 'referral.claim_attachment(uuid, timestamptz, timestamptz)',
        'referral.quarantined(uuid)', 'referral.lock_attachment(uuid)', 'referral.put_back_attachment(uuid)']::regprocedure[] LOOP
        EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', f);
        EXECUTE format('ALTER FUNCTION %s OWNER TO referral_effector', f);
    END LOOP;
    EXECUTE 'REVOKE CREATE ON SCHEMA referral FROM referral_effector';
END $$;
GRANT EXECUTE ON FUNCTION referral.keep_content(uuid, text, bytea) TO referral_app, referral_worker;
GRANT EXECUTE ON FUNCTION referral.claim_attachment(uuid, timestamptz, timestamptz), referral.quarantined(uuid), referral.lock_attachment(uuid), referral.put_back_attachment(uuid) TO referral_worker;
