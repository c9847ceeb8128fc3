-- What was told and what was done are joined with each other, not with a table.
ALTER FUNCTION referral.look_at_passed(jsonb) SET enable_hashjoin = on;
GRANT EXECUTE ON FUNCTION referral.claim_clocks(timestamptz, integer), referral.let_time_pass(jsonb) TO referral_worker;
