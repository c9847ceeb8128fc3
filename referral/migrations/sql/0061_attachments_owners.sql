GRANT EXECUTE ON FUNCTION referral.keep_content(uuid, text, bytea) TO referral_app, referral_worker;
GRANT EXECUTE ON FUNCTION referral.claim_attachment(uuid, timestamptz, timestamptz), referral.quarantined(uuid), referral.lock_attachment(uuid), referral.put_back_attachment(uuid) TO referral_worker;
