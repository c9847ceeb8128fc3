-- What was told and what was done are joined with each other, not with a table.
ALTER FUNCTION referral.look_at_passed(jsonb) SET enable_hashjoin = on;
-- Every running limit of a country is looked at, not a few.
ALTER FUNCTION referral.limits_running(text[], date, integer) RESET ALL;
ALTER FUNCTION referral.limits_running(text[], date, integer) SET search_path = pg_catalog, pg_temp;
GRANT EXECUTE ON FUNCTION referral.claim_clocks(timestamptz, integer), referral.let_time_pass(jsonb), referral.claim_limits(uuid[], timestamptz), referral.recount_limits(jsonb),
    referral.looked_through(uuid, timestamptz, boolean) TO referral_worker;
GRANT EXECUTE ON FUNCTION referral.change_calendar(jsonb), referral.limits_running(text[], date, integer), referral.agenda_until(text, timestamptz, timestamptz) TO referral_app;
GRANT EXECUTE ON FUNCTION referral.days_entered() TO referral_owner;
