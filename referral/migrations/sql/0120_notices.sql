-- Telling: what the outbox says becomes one delivery per recipient and channel. The act's transaction
-- writes the outbox and waits for nobody; all that follows is the worker's, afterwards.

-- reach: has anybody been told? NULL: not looked at yet. `about`: the notice this one is an alarm for.
ALTER TABLE referral.outbox
    ADD COLUMN about uuid REFERENCES referral.outbox (id),
    ADD COLUMN rung smallint NOT NULL DEFAULT 0,
    ADD COLUMN reach text CHECK (reach IN ('waiting', 'reached', 'unreached')),
    ADD COLUMN cause text CHECK (cause ~ '^[a-z_]{1,40}$'),
    ADD COLUMN escalated_at timestamptz;
-- What was written before anybody was told stays as it is: nobody is mailed about the past. Under FORCE
-- an owner's UPDATE changes no row and says nothing.
ALTER TABLE referral.outbox NO FORCE ROW LEVEL SECURITY;
UPDATE referral.outbox SET told_at = occurred_at, reach = 'reached' WHERE told_at IS NULL;
ALTER TABLE referral.outbox FORCE ROW LEVEL SECURITY;
CREATE INDEX ON referral.outbox (hand_off_id) WHERE hand_off_id IS NOT NULL;
CREATE INDEX outbox_unreached ON referral.outbox (country, occurred_at DESC) WHERE reach = 'unreached';

CREATE TABLE referral.delivery (
    id        uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    country   text NOT NULL,
    notice    uuid NOT NULL REFERENCES referral.outbox (id),
    channel   text NOT NULL CHECK (channel ~ '^[a-z_]{1,20}$'),
    recipient uuid NOT NULL,                       -- in_app, mail: a membership; else what the channel sends to
    state     text NOT NULL CHECK (state IN ('waiting', 'queued', 'told', 'failed', 'dropped')),
    since     timestamptz NOT NULL,                -- when it should first have gone out
    due_at    timestamptz NOT NULL,                -- when it is tried next
    together  boolean NOT NULL DEFAULT false,      -- a digest: travels with what else is due for her
    letter    uuid,                                -- what it travels in; the same over all attempts
    attempts  smallint NOT NULL DEFAULT 0,
    queued_at timestamptz,
    told_at   timestamptz,
    failed_at timestamptz,
    read_at   timestamptz,                         -- in_app: seen by its reader
    cause     text CHECK (cause ~ '^[a-z_]{1,40}$'),   -- a code of ours, never words from outside
    UNIQUE (notice, channel, recipient)            -- told once, however often it is planned
);
CREATE INDEX delivery_due ON referral.delivery (due_at) WHERE state = 'waiting';
CREATE INDEX delivery_letter ON referral.delivery (letter) WHERE letter IS NOT NULL;
CREATE INDEX delivery_queued ON referral.delivery (queued_at) WHERE state = 'queued';
CREATE INDEX delivery_shown ON referral.delivery (recipient, since DESC, id) WHERE channel = 'in_app';
CREATE INDEX delivery_unread ON referral.delivery (recipient) WHERE channel = 'in_app' AND read_at IS NULL AND state = 'told';

-- How somebody wants to be told. Of a person, not of a seat. Hours are those of her unit's zone.
CREATE TABLE referral.notice_preference (
    member_id   uuid PRIMARY KEY REFERENCES agencies.member (id),
    country     text NOT NULL,
    address     text CHECK (length(address) <= 254 AND address ~ '^[^@[:space:][:cntrl:],;<>"]+@[^@[:space:][:cntrl:],;<>"]+$'),
    language    text CHECK (language ~ '^[a-z]{2,3}$'),
    mode        text NOT NULL DEFAULT 'each' CHECK (mode IN ('each', 'digest')),
    digest_hour smallint NOT NULL DEFAULT 8 CHECK (digest_hour BETWEEN 0 AND 23),
    quiet_from  smallint CHECK (quiet_from BETWEEN 0 AND 23),
    quiet_until smallint CHECK (quiet_until BETWEEN 0 AND 23),
    refused_at  timestamptz,                       -- the address refused mail, and has not changed since
    changed_at  timestamptz NOT NULL,
    CHECK ((quiet_from IS NULL) = (quiet_until IS NULL))
);

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['delivery', 'notice_preference'] LOOP
        EXECUTE format('ALTER TABLE referral.%I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE referral.%I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE ON referral.%I TO referral_effector', t);
        EXECUTE format('CREATE POLICY carry_out ON referral.%I TO referral_effector USING (country = (SELECT referral.my_country())) WITH CHECK (country = (SELECT referral.my_country()))', t);
    END LOOP;
END $$;
GRANT UPDATE (told_at, reach, cause, escalated_at) ON referral.outbox TO referral_effector;

-- The worker sees that something waits in some country, and nothing else of it.
GRANT SELECT (id, country, xid, told_at) ON referral.outbox TO referral_worker;
CREATE POLICY due ON referral.outbox FOR SELECT TO referral_worker USING (true);
GRANT SELECT (id, country, state, due_at, queued_at) ON referral.delivery TO referral_worker;
CREATE POLICY due ON referral.delivery FOR SELECT TO referral_worker USING (true);

-- The directory's part: who is there ----------------------------------------------------------------
-- The people of these units, and for each who is away her deputy (who may sit elsewhere).
CREATE FUNCTION agencies.seats_in(units uuid[], at timestamptz)
RETURNS TABLE (of_unit uuid, seat uuid, member_id uuid, agency_id uuid, unit_id uuid, role text, time_zone text,
               present boolean, on_duty boolean, deputy uuid, stands_in boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
WITH own AS (
    SELECT a.unit_id AS of_unit, a.membership_id AS seat, a.member_id, a.agency_id, a.unit_id, a.role, a.time_zone,
        agencies.present(a.membership_id, at) AS present,
        EXISTS (SELECT FROM agencies.duty d WHERE d.membership_id = a.membership_id AND d.valid_from <= (at AT TIME ZONE a.time_zone)::date
            AND (at AT TIME ZONE a.time_zone)::date < d.valid_until) AS on_duty,
        (SELECT x.deputy_id FROM agencies.absence x WHERE x.membership_id = a.membership_id AND x.valid_from <= (at AT TIME ZONE a.time_zone)::date
            AND (at AT TIME ZONE a.time_zone)::date < x.valid_until) AS deputy
      FROM agencies.actor a WHERE a.unit_id = ANY (units) AND a.kind = 'person'
       AND a.valid_from <= (at AT TIME ZONE a.time_zone)::date AND (a.valid_until IS NULL OR (at AT TIME ZONE a.time_zone)::date < a.valid_until)
)
SELECT own.*, false FROM own
UNION ALL
SELECT DISTINCT own.of_unit, a.membership_id, a.member_id, a.agency_id, a.unit_id, a.role, a.time_zone, true, false, NULL::uuid, true
  FROM own JOIN agencies.actor a ON a.membership_id = own.deputy
 WHERE a.unit_id <> own.of_unit AND a.kind = 'person' AND agencies.present(a.membership_id, at)
$$;

-- Units where somebody has this role: of one agency, or of a country (in_agency NULL).
CREATE FUNCTION agencies.units_with(wanted text, in_country text, in_agency uuid, at timestamptz) RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
SELECT DISTINCT a.unit_id FROM agencies.actor a
 WHERE a.role = wanted AND a.country = in_country AND a.agency_id = coalesce(in_agency, a.agency_id) AND a.kind = 'person'
   AND agencies.in_standing(a.membership_id, at)
$$;
-- Whose seat it is.
CREATE FUNCTION agencies.member_at(seat uuid) RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
SELECT m.member_id FROM agencies.membership m WHERE m.id = seat
$$;
REVOKE EXECUTE ON FUNCTION agencies.member_at(uuid), agencies.seats_in(uuid[], timestamptz), agencies.units_with(text, text, uuid, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION agencies.member_at(uuid), agencies.seats_in(uuid[], timestamptz), agencies.units_with(text, text, uuid, timestamptz) TO referral_effector;

-- May she be told of this case at all: not under a named exclusion (nor her agency), and where the parts
-- of this unit are sealed, on the seal. Asked when it is planned, when it is sent and when it is shown.
CREATE FUNCTION referral.may_be_told(the_case uuid, unit uuid, member uuid, agency uuid) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
SELECT NOT EXISTS (SELECT FROM referral.exclusion x WHERE x.case_id = the_case AND x.lifted_at IS NULL AND x.excluded IN (member, agency))
   AND (NOT EXISTS (SELECT FROM referral.party p WHERE p.case_id = the_case AND p.unit_id = unit AND p.until IS NULL AND p.sealed)
        OR EXISTS (SELECT FROM referral.party p WHERE p.case_id = the_case AND p.unit_id = unit AND p.until IS NULL
            AND (NOT p.sealed OR member = ANY (p.named))))
$$;

-- Forwarding ----------------------------------------------------------------------------------------
-- Untold rows whose transactions are all over (by `id > last` late commits were lost: measured), in the
-- order of their transactions, each with everybody who might be told. Another worker takes others.
CREATE FUNCTION referral.claim_notices(at timestamptz, most integer) RETURNS jsonb
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE taken uuid[];
BEGIN
    taken := ARRAY(SELECT o.id FROM referral.outbox o
        WHERE o.told_at IS NULL AND o.country = referral.my_country() AND o.xid < pg_snapshot_xmin(pg_current_snapshot())
        ORDER BY o.xid, o.id LIMIT most FOR UPDATE SKIP LOCKED);
    RETURN (SELECT jsonb_build_object(
        'notices', coalesce(jsonb_agg(n.j || jsonb_build_object('kept_out', n.kept_out) ORDER BY n.xid, n.id), '[]'),
        'seats', (SELECT coalesce(jsonb_agg(to_jsonb(s) || jsonb_build_object('address', p.address IS NOT NULL AND p.refused_at IS NULL, 'mode', p.mode,
                'digest_hour', p.digest_hour, 'quiet_from', p.quiet_from, 'quiet_until', p.quiet_until)), '[]')
            FROM agencies.seats_in(ARRAY(SELECT DISTINCT o.to_unit FROM referral.outbox o WHERE o.id = ANY (taken)), at) s
            LEFT JOIN referral.notice_preference p ON p.member_id = s.member_id))
        FROM (SELECT o.xid, o.id, referral.as_notice(o) || jsonb_build_object('rung', o.rung, 'in_charge', ARRAY(
                SELECT x.seat FROM (
                    SELECT o.to_member AS seat
                    UNION SELECT h.receiver_member FROM referral.hand_off h WHERE h.id = o.hand_off_id AND h.receiver_unit = o.to_unit AND o.to_member IS NULL
                    UNION SELECT h.sender_member FROM referral.hand_off h WHERE h.id = o.hand_off_id AND h.sender_unit = o.to_unit AND o.to_member IS NULL
                ) x WHERE x.seat IS NOT NULL AND o.to_role IS NULL)) AS j,
            ARRAY(SELECT s.seat FROM agencies.seats_in(ARRAY[o.to_unit], at) s WHERE o.case_id IS NOT NULL
                AND NOT referral.may_be_told(o.case_id, o.to_unit, s.member_id, s.agency_id)) AS kept_out
            FROM referral.outbox o WHERE o.id = ANY (taken)) n);
END $$;

-- A notice as a channel may see it. Danger: the hand-off is an emergency, or, of no hand-off, the case.
CREATE FUNCTION referral.as_notice(o referral.outbox) RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
SELECT jsonb_build_object('id', o.id, 'country', o.country, 'kind', o.kind, 'case_id', o.case_id, 'hand_off_id', o.hand_off_id,
    'to_unit', o.to_unit, 'to_role', o.to_role, 'to_member', o.to_member, 'occurred_at', o.occurred_at,
    'danger', coalesce((SELECT h.urgency = 'emergency' FROM referral.hand_off h WHERE h.id = o.hand_off_id),
        o.hand_off_id IS NULL AND (SELECT c.urgency = 'emergency' FROM referral.case c WHERE c.id = o.case_id), false))
$$;

-- What was decided of claimed rows: their deliveries, and that they are dealt with. Who has the page open
-- hears of it at the commit. Nobody can be told who may not be, whatever was decided.
CREATE FUNCTION referral.post_notices(decided jsonb, at timestamptz) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE lost uuid;
BEGIN
    IF EXISTS (SELECT FROM jsonb_to_recordset(decided -> 'deliveries') AS d (notice uuid, channel text, recipient uuid)
            JOIN referral.outbox o ON o.id = d.notice
            CROSS JOIN LATERAL (SELECT s.member_id, s.agency_id FROM agencies.seats_in(ARRAY[o.to_unit], at) s WHERE s.seat = d.recipient LIMIT 1) s
            WHERE d.channel IN ('in_app', 'mail') AND o.case_id IS NOT NULL AND NOT referral.may_be_told(o.case_id, o.to_unit, s.member_id, s.agency_id)) THEN
        RAISE EXCEPTION 'somebody who is kept out would be told' USING ERRCODE = 'RF030';
    END IF;
    INSERT INTO referral.delivery (country, notice, channel, recipient, state, since, due_at, together, cause, told_at, failed_at)
        SELECT referral.my_country(), d.notice, d.channel, d.recipient, d.state, d.due_at, d.due_at, d.together, d.cause,
            CASE WHEN d.state = 'told' THEN at END, CASE WHEN d.state = 'failed' THEN at END
        FROM jsonb_to_recordset(decided -> 'deliveries') AS d (notice uuid, channel text, recipient uuid, state text, due_at timestamptz, together boolean, cause text)
        ON CONFLICT (notice, channel, recipient) DO NOTHING;
    UPDATE referral.outbox o SET told_at = at, reach = n.reach, cause = n.cause
        FROM jsonb_to_recordset(decided -> 'notices') AS n (id uuid, reach text, cause text) WHERE o.id = n.id AND o.told_at IS NULL;
    FOR lost IN SELECT n.id FROM jsonb_to_recordset(decided -> 'notices') AS n (id uuid, reach text) WHERE n.reach = 'unreached' LOOP
        PERFORM referral.raise_alarm(lost, at);
    END LOOP;
    PERFORM pg_notify('referral_notices', d.recipient::text)
        FROM (SELECT DISTINCT d.recipient FROM jsonb_to_recordset(decided -> 'deliveries') AS d (channel text, recipient uuid) WHERE d.channel = 'in_app') d;
END $$;

-- Nobody was reached: the recipients' supervisor is told; where that was she, or she was not reached
-- either, who administers the agency and the country's coordinators. The sender of the hand-off is told at
-- once. Once per notice; of one unit once a day, unless it is danger: on the first day nobody may have an
-- address, and all of it stands in the list. Above that there is nobody; it stays visible to coordinators.
CREATE FUNCTION referral.raise_alarm(the_notice uuid, at timestamptz) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE o referral.outbox;
BEGIN
    UPDATE referral.outbox SET escalated_at = at WHERE id = the_notice AND escalated_at IS NULL RETURNING * INTO o;
    IF NOT FOUND OR o.rung > 1 THEN
        RETURN;
    END IF;
    INSERT INTO referral.outbox (id, country, kind, case_id, hand_off_id, to_unit, to_role, occurred_at, about, rung)
    SELECT gen_random_uuid(), o.country, 'notice.unreached', o.case_id, o.hand_off_id, t.unit, t.role, at, coalesce(o.about, o.id), t.rung
    FROM (
        SELECT o.to_unit AS unit, 'SUPERVISOR' AS role, 1 AS rung WHERE o.rung = 0 AND o.to_role IS DISTINCT FROM 'SUPERVISOR'
        UNION ALL
        SELECT u.unit, w.role, 2
        FROM (VALUES ('AGENCY_ADMIN', (SELECT x.agency_id FROM agencies.unit x WHERE x.id = o.to_unit)), ('COORDINATOR', NULL)) AS w (role, agency)
            CROSS JOIN LATERAL agencies.units_with(w.role, o.country, w.agency, at) AS u (unit)
        WHERE o.rung = 1 OR o.to_role = 'SUPERVISOR'
        UNION ALL
        SELECT h.sender_unit, NULL, 2 FROM referral.hand_off h WHERE h.id = o.hand_off_id AND o.rung = 0 AND h.sender_unit <> o.to_unit
    ) t
    WHERE t.role IS NULL OR (referral.as_notice(o) ->> 'danger')::boolean OR NOT EXISTS (
        SELECT FROM referral.outbox x JOIN referral.outbox a ON a.id = x.about WHERE x.kind = 'notice.unreached' AND x.to_unit = t.unit
            AND x.to_role = t.role AND x.occurred_at > at - interval '1 day' AND x.occurred_at <= at AND a.to_unit = o.to_unit);
END $$;

-- Letters ---------------------------------------------------------------------------------------------
-- What is due gets its letter and is queued: once by itself, or with all that is due for the same
-- recipient. What was queued an hour ago and is still not told has lost its job; it gets another.
CREATE FUNCTION referral.write_letters(at timestamptz, most integer) RETURNS TABLE (letter uuid, attempt integer, danger boolean)
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
WITH due AS (
    SELECT d.id, d.letter, d.together, d.channel, d.recipient FROM referral.delivery d
     WHERE d.country = referral.my_country() AND (d.state = 'waiting' AND d.due_at <= at OR d.state = 'queued' AND d.queued_at < at - interval '1 hour')
     ORDER BY d.due_at, d.id LIMIT most FOR UPDATE SKIP LOCKED
), written AS (
    SELECT due.id, coalesce(due.letter, CASE WHEN due.together
        THEN first_value(due.id) OVER (PARTITION BY due.channel, due.recipient, due.together, due.letter IS NULL ORDER BY due.id) ELSE due.id END) AS letter FROM due
), queued AS (
    UPDATE referral.delivery d SET state = 'queued', queued_at = at, letter = w.letter FROM written w
     WHERE d.id = w.id RETURNING d.letter, d.attempts, d.notice
)
SELECT q.letter, max(q.attempts)::integer, bool_or((referral.as_notice(o) ->> 'danger')::boolean)
  FROM queued q JOIN referral.outbox o ON o.id = q.notice GROUP BY q.letter
$$;

-- One letter as it is to be sent; NULL when nothing of it is left to send. Whoever has been kept out since
-- is dropped from it here; where mail goes, and when she is left in peace, is asked now: it may have changed.
CREATE FUNCTION referral.letter_of(wanted uuid, at timestamptz) RETURNS jsonb
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE referral.delivery d SET state = 'dropped', cause = 'kept_out'
      FROM referral.outbox o CROSS JOIN LATERAL agencies.seats_in(ARRAY[o.to_unit], at) s
     WHERE d.letter = wanted AND d.state = 'queued' AND d.channel = 'mail' AND o.id = d.notice AND s.seat = d.recipient
       AND o.case_id IS NOT NULL AND NOT referral.may_be_told(o.case_id, o.to_unit, s.member_id, s.agency_id);
    RETURN (SELECT jsonb_build_object('id', wanted, 'country', min(d.country), 'channel', min(d.channel), 'recipient', (array_agg(d.recipient))[1],
            'attempt', max(d.attempts) + 1, 'since', min(d.since), 'notices', jsonb_agg(referral.as_notice(o) ORDER BY o.occurred_at, o.id),
            'mail', CASE min(d.channel) WHEN 'mail' THEN (SELECT jsonb_build_object('address', p.address, 'language', p.language,
                    'quiet_from', p.quiet_from, 'quiet_until', p.quiet_until, 'time_zone', (SELECT s.time_zone FROM agencies.seats_in(array_agg(o.to_unit), at) s
                        WHERE s.seat = (array_agg(d.recipient))[1] LIMIT 1))
                FROM referral.notice_preference p WHERE p.member_id = agencies.member_at((array_agg(d.recipient))[1]) AND p.refused_at IS NULL) END)
        FROM referral.delivery d JOIN referral.outbox o ON o.id = d.notice WHERE d.letter = wanted AND d.state = 'queued' HAVING count(*) > 0);
END $$;

-- What became of a letter. Only what is still queued is marked, so that a second word changes nothing.
-- told; later (tried again at `again_at`; `alarm`: somebody should know by now); refused (never again).
CREATE FUNCTION referral.settle_letter(wanted uuid, outcome text, told_cause text, again_at timestamptz, alarm boolean, at timestamptz) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE touched uuid[]; lost uuid;
BEGIN
    WITH settled AS (
        UPDATE referral.delivery d SET attempts = d.attempts + 1, cause = told_cause,
            state = CASE outcome WHEN 'told' THEN 'told' WHEN 'later' THEN 'waiting' ELSE 'failed' END,
            due_at = coalesce(again_at, d.due_at),
            told_at = CASE WHEN outcome = 'told' THEN at END, failed_at = CASE WHEN outcome = 'refused' THEN at END
         WHERE d.letter = wanted AND d.state = 'queued' RETURNING d.notice, d.channel
    ) SELECT array_agg(DISTINCT s.notice) INTO touched FROM settled s WHERE s.channel = 'mail';  -- a system is nobody
    IF outcome = 'told' THEN
        UPDATE referral.outbox o SET reach = 'reached', cause = NULL WHERE o.id = ANY (touched);
        RETURN;
    END IF;
    FOR lost IN SELECT o.id FROM referral.outbox o WHERE o.id = ANY (touched) AND o.reach = 'waiting' AND (alarm OR outcome = 'refused')
        AND NOT EXISTS (SELECT FROM referral.delivery d WHERE d.notice = o.id AND d.channel = 'mail' AND d.letter IS DISTINCT FROM wanted AND d.state IN ('waiting', 'queued', 'told')
            AND (NOT alarm OR d.state = 'told' OR d.attempts = 0)) LOOP
        UPDATE referral.outbox o SET reach = 'unreached', cause = told_cause WHERE o.id = lost;
        PERFORM referral.raise_alarm(lost, at);
    END LOOP;
END $$;

-- Her address refused: she is shown it, until she enters another.
CREATE FUNCTION referral.mail_refused(wanted uuid, at timestamptz) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
UPDATE referral.notice_preference p SET refused_at = at WHERE p.member_id = agencies.member_at(wanted)
$$;
