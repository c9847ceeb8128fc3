-- A hand-off is explained by the law it was made under. The version and digest of its referral stand
-- in its own row as well: whose part is over (OWN) reads the hand-off and no longer the referral.
ALTER TABLE referral.hand_off ADD COLUMN protocol_version text, ADD COLUMN protocol_digest text;

-- Under FORCE an owner's UPDATE changes no row and says nothing; the count is asked for.
DO $$
DECLARE there bigint; moved bigint;
BEGIN
    ALTER TABLE referral.hand_off NO FORCE ROW LEVEL SECURITY;
    ALTER TABLE referral.referral NO FORCE ROW LEVEL SECURITY;
    SELECT count(*) INTO there FROM referral.hand_off;
    UPDATE referral.hand_off h SET protocol_version = r.protocol_version, protocol_digest = r.protocol_digest
        FROM referral.referral r WHERE r.id = h.referral_id;
    GET DIAGNOSTICS moved = ROW_COUNT;
    IF moved <> there THEN
        RAISE EXCEPTION '% of % hand-offs have a referral', moved, there;
    END IF;
    ALTER TABLE referral.hand_off FORCE ROW LEVEL SECURITY;
    ALTER TABLE referral.referral FORCE ROW LEVEL SECURITY;
END $$;

ALTER TABLE referral.hand_off ALTER COLUMN protocol_version SET NOT NULL, ALTER COLUMN protocol_digest SET NOT NULL;
