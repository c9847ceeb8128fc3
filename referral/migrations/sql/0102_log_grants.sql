REVOKE EXECUTE ON FUNCTION referral.begin_operator(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION referral.begin_operator(text) TO referral_migrator;
GRANT EXECUTE ON FUNCTION referral.lock_system_stream(), referral.log_system(jsonb) TO referral_app, referral_worker, referral_migrator;
