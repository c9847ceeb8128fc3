-- What was given to the effector, to whoever may call it.
GRANT EXECUTE ON FUNCTION referral.lock_erasure(text, uuid, uuid), referral.erasure_key(uuid), referral.gone_since(uuid), referral.erase(jsonb) TO referral_app;
GRANT EXECUTE ON FUNCTION referral.kept_long_enough(jsonb, timestamptz), referral.lock_kept(uuid), referral.erase(jsonb) TO referral_worker;
