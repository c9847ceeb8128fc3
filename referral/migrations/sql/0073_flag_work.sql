-- Somebody who held open referrals is gone. Nothing waits for her: agencies.acting_holder gives what she
-- held to whoever is on duty, else to her whole unit. Each unit and its supervisor is told so, once.
CREATE FUNCTION referral.flag_work(seats uuid[]) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
INSERT INTO referral.outbox (id, country, kind, case_id, hand_off_id, to_unit, to_role, occurred_at)
SELECT gen_random_uuid(), r.country, 'member.work_waiting', r.case_id, r.custody, r.holder_unit, told.role, referral.my_moment()
  FROM referral.referral r CROSS JOIN (VALUES ('SUPERVISOR'), (NULL)) told (role)
 WHERE r.holder_member = ANY (seats) AND r.state = 'open' AND r.country = referral.my_country()
$$;
DO $$
BEGIN
    EXECUTE 'GRANT CREATE ON SCHEMA referral TO referral_effector';
    EXECUTE 'REVOKE EXECUTE ON FUNCTION referral.flag_work(uuid[]) FROM PUBLIC';
    EXECUTE 'ALTER FUNCTION referral.flag_work(uuid[]) OWNER TO referral_effector';
    EXECUTE 'REVOKE CREATE ON SCHEMA referral FROM referral_effector';
END $$;
GRANT EXECUTE ON FUNCTION referral.flag_work(uuid[]) TO referral_owner;
