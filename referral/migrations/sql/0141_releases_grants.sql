-- Who counts holds no grant on any table: only on what answers counts.
GRANT USAGE ON SCHEMA referral TO referral_reporter;
GRANT SELECT ON agencies.jurisdiction TO referral_effector;
GRANT EXECUTE ON FUNCTION referral.count_people(text, integer, text, text[]), referral.count_trafficked(text, integer, text) TO referral_reporter;
GRANT EXECUTE ON FUNCTION referral.publish(jsonb), referral.published(text, text) TO referral_app;
GRANT EXECUTE ON FUNCTION referral.publish(jsonb), referral.take_release(timestamptz) TO referral_worker;
