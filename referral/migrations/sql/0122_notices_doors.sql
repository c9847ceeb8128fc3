-- What people see of notices, and say about how they want them. The app reads no table of this: each
-- function tells the caller what is hers.

-- The session behind a cookie, looked at and not touched: what merely waits must not keep it alive.
CREATE FUNCTION agencies.look_at_session(given_id_hash bytea, at timestamptz, idle interval DEFAULT '15 minutes') RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
SELECT s.membership_id FROM agencies.session s
 WHERE s.id_hash = given_id_hash AND s.expires_at > at AND s.seen_at > at - agencies.may_rest(s.device_id, idle)
   AND agencies.in_standing(s.membership_id, at)
$$;
REVOKE EXECUTE ON FUNCTION agencies.look_at_session(bytea, timestamptz, interval) FROM PUBLIC;

-- Her notices, newest first. The hand-off, or the case, is named only to whom it is open; of a case she has been kept
-- out of since, nothing is left.
CREATE FUNCTION referral.my_notices(before timestamptz, before_id uuid, most integer) RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
SELECT coalesce(jsonb_agg(n.j ORDER BY n.since DESC, n.id DESC), '[]') FROM (
    SELECT d.since, d.id, jsonb_build_object('id', d.id, 'kind', o.kind, 'occurred_at', o.occurred_at, 'since', d.since, 'read_at', d.read_at,
        'danger', referral.as_notice(o) -> 'danger', 'by_role', o.to_role,
        'hand_off_id', CASE WHEN o.hand_off_id IS NOT NULL AND referral.knows_of(o.case_id, o.hand_off_id) THEN o.hand_off_id END,
        'case_id', CASE WHEN referral.knows_of(o.case_id, NULL) THEN o.case_id END,
        'letter', m.letter, 'mail', m.state) AS j
    FROM referral.delivery d JOIN referral.outbox o ON o.id = d.notice
        LEFT JOIN referral.delivery m ON m.notice = d.notice AND m.channel = 'mail' AND m.recipient = d.recipient
    WHERE d.recipient = referral.my_membership() AND d.channel = 'in_app' AND d.state = 'told'
      AND (d.since, d.id) < (before, before_id)
      AND (o.case_id IS NULL OR referral.may_be_told(o.case_id, o.to_unit, referral.my_member(), referral.my_agency()))
    ORDER BY d.since DESC, d.id DESC LIMIT most) n
$$;

-- How many she has not read, up to a hundred.
CREATE FUNCTION referral.unread_notices() RETURNS integer
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
SELECT count(*)::integer FROM (
    SELECT FROM referral.delivery d JOIN referral.outbox o ON o.id = d.notice
    WHERE d.recipient = referral.my_membership() AND d.channel = 'in_app' AND d.read_at IS NULL AND d.state = 'told'
      AND (o.case_id IS NULL OR referral.may_be_told(o.case_id, o.to_unit, referral.my_member(), referral.my_agency()))
    LIMIT 100) unread
$$;

CREATE FUNCTION referral.read_notices(which uuid[], at timestamptz) RETURNS integer
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
WITH marked AS (
    UPDATE referral.delivery d SET read_at = at
     WHERE d.id = ANY (which) AND d.recipient = referral.my_membership() AND d.channel = 'in_app' AND d.read_at IS NULL RETURNING 1
), told AS (SELECT count(*)::integer AS n FROM marked)
SELECT t.n FROM told t, LATERAL (SELECT pg_notify('referral_notices', referral.my_membership()::text) WHERE t.n > 0
    UNION ALL SELECT NULL WHERE t.n = 0) said
$$;

CREATE FUNCTION referral.my_preference() RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
SELECT to_jsonb(p) - 'member_id' - 'country' FROM referral.notice_preference p WHERE p.member_id = referral.my_member()
$$;

-- How she wants to be told, whole. Whoever saves it says that the address is good (again).
CREATE FUNCTION referral.prefer(wanted jsonb, at timestamptz) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF referral.my_member() IS NULL THEN
        RAISE EXCEPTION 'nobody is acting' USING ERRCODE = 'RF006';
    END IF;
    INSERT INTO referral.notice_preference (member_id, country, address, language, mode, digest_hour, quiet_from, quiet_until, changed_at)
    SELECT referral.my_member(), referral.my_country(), w.address, w.language, w.mode, w.digest_hour, w.quiet_from, w.quiet_until, at
      FROM jsonb_to_record(wanted) AS w (address text, language text, mode text, digest_hour smallint, quiet_from smallint, quiet_until smallint)
    ON CONFLICT (member_id) DO UPDATE SET address = excluded.address, language = excluded.language, mode = excluded.mode,
        digest_hour = excluded.digest_hour, quiet_from = excluded.quiet_from, quiet_until = excluded.quiet_until, changed_at = at,
        refused_at = NULL;
END $$;

-- Who reached nobody: to a supervisor what was for her unit, to who administers an agency what was for its
-- people, to a coordinator her country; the newest, one more than a page shows. No case, no hand-off; an
-- agency that is not to be named is not.
CREATE FUNCTION referral.unreached_in(at timestamptz) RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
SELECT coalesce(jsonb_agg(jsonb_build_object('kind', n.kind, 'cause', n.cause, 'occurred_at', n.occurred_at, 'by_role', n.to_role,
        'whose', CASE WHEN NOT n.confidential OR n.agency_id = referral.my_agency() THEN n.name END) ORDER BY n.occurred_at DESC, n.id), '[]')
FROM (
    SELECT o.id, o.kind, o.cause, o.occurred_at, o.to_role, a.id AS agency_id, a.confidential, a.name || ', ' || u.name AS name
      FROM referral.outbox o JOIN agencies.unit u ON u.id = o.to_unit JOIN agencies.agency a ON a.id = u.agency_id
     WHERE o.country = referral.my_country() AND o.reach = 'unreached' AND o.rung = 0 AND o.occurred_at > at - interval '30 days'
       AND CASE referral.my_role() WHEN 'SUPERVISOR' THEN u.id = referral.my_unit() WHEN 'AGENCY_ADMIN' THEN a.id = referral.my_agency()
           WHEN 'COORDINATOR' THEN true ELSE false END
       AND NOT EXISTS (SELECT FROM referral.exclusion x WHERE x.case_id = o.case_id AND x.lifted_at IS NULL AND x.excluded IN (referral.my_member(), referral.my_agency()))
     ORDER BY o.occurred_at DESC, o.id LIMIT 201) n
$$;

-- Of which people of her unit (supervisor) or agency (who administers it) no mail address is known, or it
-- refuses.
CREATE FUNCTION referral.without_address(at timestamptz) RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
SELECT coalesce(jsonb_agg(DISTINCT jsonb_build_object('member_id', s.member_id, 'refused', p.refused_at IS NOT NULL)), '[]')
  FROM agencies.seats_in(ARRAY(SELECT u.id FROM agencies.unit u WHERE CASE referral.my_role()
        WHEN 'SUPERVISOR' THEN u.id = referral.my_unit() WHEN 'AGENCY_ADMIN' THEN u.agency_id = referral.my_agency() ELSE false END), at) s
  LEFT JOIN referral.notice_preference p ON p.member_id = s.member_id
 WHERE NOT s.stands_in AND (p.address IS NULL OR p.refused_at IS NOT NULL)
$$;

-- What both parties of a hand-off must see: that its other side could not be told.
CREATE FUNCTION referral.unreached_of(wanted uuid) RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
SELECT coalesce(jsonb_agg(jsonb_build_object('kind', o.kind, 'cause', o.cause, 'occurred_at', o.occurred_at,
        'mine', o.to_unit = referral.my_unit()) ORDER BY o.occurred_at, o.id), '[]')
  FROM referral.hand_off h JOIN referral.outbox o ON o.hand_off_id = h.id
 WHERE h.id = wanted AND o.reach = 'unreached' AND o.rung = 0 AND (o.to_unit = h.sender_unit OR o.to_unit = h.receiver_unit AND h.state = 'requested')
   AND referral.knows_of(h.case_id, h.id)
$$;

-- For the badge that lives: whose session it is and how much she has not read; NULL once it is over.
CREATE FUNCTION referral.watch_notices(credential bytea, at timestamptz) RETURNS jsonb
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE a agencies.actor;
BEGIN
    SELECT x.* INTO a FROM agencies.actor x WHERE x.membership_id = agencies.look_at_session(credential, at);
    IF a.membership_id IS NULL THEN RETURN NULL; END IF;
    PERFORM set_config('referral.country', a.country, true), set_config('referral.unit', a.unit_id::text, true),
        set_config('referral.agency', a.agency_id::text, true), set_config('referral.membership', a.membership_id::text, true),
        set_config('referral.role', a.role, true), set_config('referral.member', a.member_id::text, true),
        set_config('referral.at', at::text, true), set_config('referral.proven', '', true);
    RETURN jsonb_build_object('membership_id', a.membership_id, 'unread', referral.unread_notices());
END $$;
REVOKE EXECUTE ON FUNCTION referral.watch_notices(bytea, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION referral.watch_notices(bytea, timestamptz) TO referral_app;
