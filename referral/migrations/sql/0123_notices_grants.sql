-- Who may call what; by now these belong to the effector.
GRANT EXECUTE ON FUNCTION referral.claim_notices(timestamptz, integer), referral.post_notices(jsonb, timestamptz), referral.write_letters(timestamptz, integer),
    referral.letter_of(uuid, timestamptz), referral.settle_letter(uuid, text, text, timestamptz, boolean, timestamptz),
    referral.mail_refused(uuid, timestamptz) TO referral_worker;
GRANT EXECUTE ON FUNCTION referral.my_notices(timestamptz, uuid, integer), referral.unread_notices(), referral.read_notices(uuid[], timestamptz),
    referral.my_preference(), referral.prefer(jsonb, timestamptz), referral.unreached_in(timestamptz), referral.without_address(timestamptz),
    referral.unreached_of(uuid) TO referral_app;
GRANT EXECUTE ON FUNCTION referral.unread_notices() TO referral_owner;
