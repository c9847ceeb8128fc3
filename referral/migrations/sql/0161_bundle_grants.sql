GRANT EXECUTE ON FUNCTION referral.acceptance_of(uuid), referral.bundle_bodies(uuid), referral.make_bundle(jsonb) TO referral_app;
GRANT EXECUTE ON FUNCTION referral.forget_bundles(timestamptz) TO referral_worker;
