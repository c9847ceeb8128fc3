-- Meetings (case conference, monthly task force): who was invited and came, what stood on the agenda,
-- which tasks were given to whom until when. About several cases or none, so not part of one case's
-- stream: entries go into the convening member's own, and the meeting's version counts them.
CREATE TABLE referral.meeting (
    id         uuid PRIMARY KEY,
    country    text NOT NULL,
    kind       text NOT NULL CHECK (kind IN ('conference', 'task_force')),
    body       text,                               -- the mandate it meets as, if one is charged with it
    unit_id    uuid NOT NULL REFERENCES agencies.unit (id),
    called_by  uuid NOT NULL,
    called_at  timestamptz NOT NULL,
    planned_at timestamptz NOT NULL,
    held_at    timestamptz,
    version    integer NOT NULL DEFAULT 1
);
CREATE INDEX ON referral.meeting (unit_id, planned_at DESC);

-- Opaque: a body that meets about late hand-offs need not be party to any of them.
CREATE TABLE referral.meeting_item (
    id          uuid PRIMARY KEY,
    meeting_id  uuid NOT NULL REFERENCES referral.meeting (id),
    country     text NOT NULL,
    convenor    uuid NOT NULL,
    case_id     uuid NOT NULL REFERENCES referral.case (id),
    hand_off_id uuid REFERENCES referral.hand_off (id),  -- none: a limit of the referral itself is late
    reference   text NOT NULL,
    step        text,
    mandate     text,
    since       timestamptz,                        -- escalated to the agenda at this moment
    UNIQUE NULLS NOT DISTINCT (meeting_id, case_id, hand_off_id)
);
-- What a body's agenda is looked up in: few rows, for most hand-offs end in time.
CREATE INDEX hand_off_late ON referral.hand_off (country)
    WHERE (overdue_since IS NOT NULL OR review_at IS NOT NULL) AND state IN ('requested', 'received', 'accepted', 'in-progress', 'on-hold') AND NOT imported;

CREATE TABLE referral.meeting_unit (
    id         uuid PRIMARY KEY,
    meeting_id uuid NOT NULL REFERENCES referral.meeting (id),
    country    text NOT NULL,
    convenor   uuid NOT NULL,
    unit_id    uuid NOT NULL REFERENCES agencies.unit (id),
    attendance text NOT NULL CHECK (attendance IN ('invited', 'present', 'absent')),
    UNIQUE (meeting_id, unit_id)
);
CREATE INDEX ON referral.meeting_unit (unit_id);

CREATE TABLE referral.meeting_task (
    id          uuid PRIMARY KEY,
    meeting_id  uuid NOT NULL REFERENCES referral.meeting (id),
    country     text NOT NULL,
    convenor    uuid NOT NULL,
    item_id     uuid REFERENCES referral.meeting_item (id),
    owner_unit  uuid NOT NULL REFERENCES agencies.unit (id),
    due_on      date NOT NULL,
    key_version integer NOT NULL,
    content     bytea NOT NULL                     -- what was decided, under the meeting's own key
);
CREATE INDEX ON referral.meeting_task (meeting_id);


DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['meeting', 'meeting_item', 'meeting_unit', 'meeting_task'] LOOP
        EXECUTE format('ALTER TABLE referral.%I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE referral.%I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('GRANT SELECT ON referral.%I TO referral_app', t);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE ON referral.%I TO referral_effector', t);
        EXECUTE format('CREATE POLICY carry_out ON referral.%I TO referral_effector USING (country = (SELECT referral.my_country())) WITH CHECK (country = (SELECT referral.my_country()))', t);
    END LOOP;
END $$;

-- The unit that convenes sees all of it, an invited one the meeting and its own invitation.
CREATE POLICY read ON referral.meeting_unit FOR SELECT TO referral_app USING (
    country = (SELECT referral.my_country()) AND (SELECT referral.my_role()) IN ('OFFICER', 'SUPERVISOR', 'COORDINATOR')
    AND (unit_id = (SELECT referral.my_unit()) OR convenor = (SELECT referral.my_unit())));
CREATE POLICY read ON referral.meeting FOR SELECT TO referral_app USING (
    country = (SELECT referral.my_country()) AND (SELECT referral.my_role()) IN ('OFFICER', 'SUPERVISOR', 'COORDINATOR')
    AND (unit_id = (SELECT referral.my_unit()) OR EXISTS (SELECT FROM referral.meeting_unit u WHERE u.meeting_id = meeting.id AND u.unit_id = (SELECT referral.my_unit()))));
CREATE POLICY read ON referral.meeting_item FOR SELECT TO referral_app USING (
    country = (SELECT referral.my_country()) AND (SELECT referral.my_role()) IN ('OFFICER', 'SUPERVISOR', 'COORDINATOR')
    AND (convenor = (SELECT referral.my_unit()) OR EXISTS (SELECT FROM referral.meeting_unit u WHERE u.meeting_id = meeting_item.meeting_id AND u.unit_id = (SELECT referral.my_unit()))));
CREATE POLICY read ON referral.meeting_task FOR SELECT TO referral_app USING (
    country = (SELECT referral.my_country()) AND (SELECT referral.my_role()) IN ('OFFICER', 'SUPERVISOR', 'COORDINATOR')
    AND (convenor = (SELECT referral.my_unit()) OR EXISTS (SELECT FROM referral.meeting_unit u WHERE u.meeting_id = meeting_task.meeting_id AND u.unit_id = (SELECT referral.my_unit()))));

GRANT SELECT (id, country, version) ON referral.meeting TO referral_auditor_ro;
CREATE POLICY verify ON referral.meeting FOR SELECT TO referral_auditor_ro USING (true);

-- The key of a meeting, to whom row security lets read it (written by hand a second time).
CREATE FUNCTION referral.meeting_key(wanted uuid) RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT jsonb_build_object('subject', d.subject, 'kind', d.kind, 'version', d.version, 'wrapped', d.wrapped)
    FROM vault.data_key d JOIN referral.meeting m ON m.id = d.subject
    WHERE d.subject = wanted AND d.kind = 'meeting' AND referral.my_role() IN ('OFFICER', 'SUPERVISOR', 'COORDINATOR')
        AND (m.unit_id = referral.my_unit() OR EXISTS (SELECT FROM referral.meeting_unit u WHERE u.meeting_id = wanted AND u.unit_id = referral.my_unit()));
$$;

-- What is late or left lying in a body's own matters, for the agenda of its meeting: open hand-offs past
-- a limit whose ladder, as it was stored with the limit, ends on this body's agenda (so it is of its
-- tracks), at a place for which the caller's unit may be asked as that body. Opaque: nothing of a person,
-- and neither who asked nor who was asked. To the unit that convenes alone.
CREATE FUNCTION referral.agenda_of(wanted uuid, at timestamptz) RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(jsonb_agg(jsonb_build_object('reference', l.reference, 'track', l.track, 'protocol_version', l.protocol_version, 'protocol_digest', l.protocol_digest,
            'step', l.step, 'mandate', l.mandate, 'state', l.state, 'since', l.since) ORDER BY l.since, l.reference, l.step), '[]')
    FROM (SELECT c.reference, h.track, h.protocol_version, h.protocol_digest, h.step, h.mandate, h.state, coalesce(h.overdue_since, h.review_at) AS since
        FROM referral.meeting m JOIN referral.hand_off h ON h.country = m.country JOIN referral.case c ON c.id = h.case_id
        WHERE m.id = wanted AND m.unit_id = referral.my_unit() AND referral.my_role() IN ('OFFICER', 'SUPERVISOR', 'COORDINATOR') AND m.held_at IS NULL
            AND (h.overdue_since IS NOT NULL OR h.review_at IS NOT NULL) AND h.state IN ('requested', 'received', 'accepted', 'in-progress', 'on-hold') AND NOT h.imported
            AND coalesce(h.overdue_since, h.review_at) <= at
            AND EXISTS (SELECT FROM referral.clock k WHERE k.hand_off_id = h.id AND k.rungs @> jsonb_build_array(jsonb_build_object('kind', 'agenda', 'to', m.body)))
            AND agencies.may_be_asked(m.unit_id, m.body, h.jurisdiction, at)
            AND NOT EXISTS (SELECT FROM referral.meeting_item i WHERE i.meeting_id = m.id AND i.hand_off_id = h.id)
        ORDER BY since, c.reference, h.step LIMIT 200) l;
$$;

-- What was called to meet, and what came of it: always by the convening unit, in its own name. What
-- stands on the agenda the caller knows of, or it was escalated to her unit's agenda; what it says is
-- taken from the hand-off itself. Agenda and invitations come with the call, attendance and tasks with
-- the record: who was not invited cannot be brought in afterwards and read what others were told.
CREATE FUNCTION referral.convene(decided jsonb) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    calling CONSTANT boolean := jsonb_array_length(coalesce(decided -> 'meetings', '[]')) > 0;
    kept bigint;
BEGIN
    PERFORM referral.begin_together(decided, ARRAY['OFFICER', 'SUPERVISOR', 'COORDINATOR'], ARRAY['meetings', 'meeting_items', 'meeting_units', 'meeting_records', 'meeting_tasks']);

    INSERT INTO referral.meeting SELECT m.* FROM jsonb_populate_recordset(NULL::referral.meeting, decided -> 'meetings') m
        WHERE m.unit_id = referral.my_unit() AND m.called_by = referral.my_membership() AND m.version = 1 AND m.held_at IS NULL
            AND EXISTS (SELECT FROM vault.data_key d WHERE d.subject = m.id AND d.kind = 'meeting')
            AND (m.body IS NOT DISTINCT FROM NULL OR EXISTS (SELECT FROM agencies.mandate held WHERE held.unit_id = referral.my_unit() AND held.mandate = m.body
                AND NOT held.fall_back AND held.mandate <> 'NATIONAL_FALL_BACK'
                AND held.valid_from <= (m.called_at AT TIME ZONE 'UTC' + interval '14 hours')::date
                AND (held.valid_until IS NOT DISTINCT FROM NULL OR (m.called_at AT TIME ZONE 'UTC' - interval '12 hours')::date < held.valid_until)));
    GET DIAGNOSTICS kept = ROW_COUNT;
    IF kept <> coalesce(jsonb_array_length(decided -> 'meetings'), 0) THEN
        RAISE EXCEPTION 'a meeting is called by who convenes it, as a body it is charged with, with its key' USING ERRCODE = 'RF018';
    END IF;
    UPDATE referral.meeting m SET held_at = r.held_at, version = m.version + 1
        FROM jsonb_to_recordset(decided -> 'meeting_records') AS r (id uuid, held_at timestamptz)
        WHERE m.id = r.id AND m.unit_id = referral.my_unit() AND m.held_at IS NULL AND r.held_at IS NOT NULL AND NOT calling;
    GET DIAGNOSTICS kept = ROW_COUNT;
    IF kept <> coalesce(jsonb_array_length(decided -> 'meeting_records'), 0) THEN
        RAISE EXCEPTION 'a meeting is recorded once, by who convened it' USING ERRCODE = 'RF018';
    END IF;
    -- Only in a meeting that this very call calls (agenda, invitations) or records (attendance, tasks).
    IF EXISTS (SELECT FROM (VALUES ('meeting_items', 'meetings'), ('meeting_units', CASE WHEN calling THEN 'meetings' ELSE 'meeting_records' END), ('meeting_tasks', 'meeting_records')) AS allowed (part, within),
                jsonb_array_elements(coalesce(decided -> part, '[]')) row
            WHERE NOT EXISTS (SELECT FROM jsonb_array_elements(coalesce(decided -> within, '[]')) m WHERE m ->> 'id' = row ->> 'meeting_id')) THEN
        RAISE EXCEPTION 'this belongs to no meeting that the caller calls or records' USING ERRCODE = 'RF018';
    END IF;
    INSERT INTO referral.meeting_item (id, meeting_id, country, convenor, case_id, hand_off_id, reference, step, mandate, since)
        SELECT i.id, i.meeting_id, c.country, referral.my_unit(), c.id, h.id, c.reference, h.step, h.mandate, told.since
        FROM jsonb_to_recordset(decided -> 'meeting_items') AS i (id uuid, meeting_id uuid, case_id uuid, hand_off_id uuid)
            LEFT JOIN referral.hand_off h ON h.id = i.hand_off_id JOIN referral.case c ON c.id = CASE WHEN num_nonnulls(i.hand_off_id) = 1 THEN h.case_id ELSE i.case_id END,
            LATERAL (SELECT max(o.occurred_at) AS since FROM referral.outbox o
                WHERE o.to_unit = referral.my_unit() AND o.case_id = c.id AND o.hand_off_id IS NOT DISTINCT FROM h.id AND o.kind = 'hand_off.agenda') told
        WHERE num_nonnulls(c.erased_at) = 0 AND (told.since IS NOT NULL OR (num_nonnulls(h.id) = 1 AND referral.knows_of(h.case_id, h.id)));
    GET DIAGNOSTICS kept = ROW_COUNT;
    IF kept <> coalesce(jsonb_array_length(decided -> 'meeting_items'), 0) THEN
        RAISE EXCEPTION 'on the agenda stands what the unit knows of, or what was escalated to it' USING ERRCODE = 'RF018';
    END IF;
    INSERT INTO referral.meeting_unit SELECT u.* FROM jsonb_populate_recordset(NULL::referral.meeting_unit, decided -> 'meeting_units') u
        JOIN agencies.unit known ON known.id = u.unit_id AND known.country = referral.my_country() WHERE u.convenor = referral.my_unit()
            AND CASE WHEN calling THEN u.attendance = 'invited' ELSE u.attendance IN ('present', 'absent') AND (u.unit_id = referral.my_unit()
                OR EXISTS (SELECT FROM referral.meeting_unit was WHERE was.meeting_id = u.meeting_id AND was.unit_id = u.unit_id)) END
        ON CONFLICT (meeting_id, unit_id) DO UPDATE SET attendance = excluded.attendance;
    GET DIAGNOSTICS kept = ROW_COUNT;
    IF kept <> coalesce(jsonb_array_length(decided -> 'meeting_units'), 0) THEN
        RAISE EXCEPTION 'units of the country are invited, and only who was invited came or stayed away' USING ERRCODE = 'RF018';
    END IF;
    INSERT INTO referral.meeting_task SELECT t.* FROM jsonb_populate_recordset(NULL::referral.meeting_task, decided -> 'meeting_tasks') t
        WHERE t.convenor = referral.my_unit() AND (t.item_id IS NOT DISTINCT FROM NULL OR t.item_id IN (SELECT i.id FROM referral.meeting_item i WHERE i.meeting_id = t.meeting_id))
            AND (t.owner_unit = referral.my_unit() OR t.owner_unit IN (SELECT u.unit_id FROM referral.meeting_unit u WHERE u.meeting_id = t.meeting_id));
    GET DIAGNOSTICS kept = ROW_COUNT;
    IF kept <> coalesce(jsonb_array_length(decided -> 'meeting_tasks'), 0) THEN
        RAISE EXCEPTION 'a task is given to who was invited' USING ERRCODE = 'RF018';
    END IF;
    PERFORM referral.told_as_done(decided, 'meeting', (SELECT jsonb_agg(x) FROM (
        SELECT 'meeting.called' AS act, m.id FROM jsonb_to_recordset(decided -> 'meetings') AS m (id uuid)
        UNION ALL SELECT 'meeting.held', r.id FROM jsonb_to_recordset(decided -> 'meeting_records') AS r (id uuid)) x));
END $$;
