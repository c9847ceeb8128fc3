GRANT EXECUTE ON FUNCTION referral.twins(uuid, uuid), referral.may_point(uuid, uuid) TO referral_app;
