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
    hand_off_id uuid NOT NULL REFERENCES referral.hand_off (id),
    reference   text NOT NULL,
    step        text NOT NULL,
    mandate     text NOT NULL,
    since       timestamptz,                        -- escalated to the agenda at this moment
    UNIQUE (meeting_id, hand_off_id)
);

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

ALTER TABLE vault.data_key DROP CONSTRAINT data_key_kind_check;
ALTER TABLE vault.data_key ADD CONSTRAINT data_key_kind_check CHECK (kind IN ('case', 'person', 'member', 'system', 'meeting', 'operation'));

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

-- What was called to meet, and what came of it: always by the convening unit, in its own name. What
-- stands on the agenda the caller knows of, or it was escalated to her unit's agenda; what it says is
-- taken from the hand-off itself.
CREATE FUNCTION referral.convene(decided jsonb) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE kept bigint; wrong text;
BEGIN
    IF referral.my_country() IS NULL OR referral.my_role() NOT IN ('OFFICER', 'SUPERVISOR', 'COORDINATOR') THEN
        RAISE EXCEPTION 'this role calls no meeting' USING ERRCODE = 'RF007';
    END IF;
    IF EXISTS (SELECT FROM jsonb_object_keys(decided) part WHERE part <> ALL (ARRAY['entries', 'keys', 'streams', 'idempotency', 'meetings', 'meeting_items', 'meeting_units', 'meeting_records', 'meeting_tasks'])) THEN
        RAISE EXCEPTION 'this is no part of a meeting' USING ERRCODE = 'RF009';
    END IF;
    PERFORM referral.post_entries(NULL, decided);
    IF decided ? 'idempotency' THEN PERFORM referral.post_answer(decided -> 'idempotency'); END IF;

    INSERT INTO referral.meeting SELECT m.* FROM jsonb_populate_recordset(NULL::referral.meeting, decided -> 'meetings') m
        WHERE m.unit_id = referral.my_unit() AND m.called_by = referral.my_membership() AND m.version = 1 AND m.held_at IS NULL
            AND (m.body IN (SELECT held.mandate FROM agencies.mandate held WHERE held.unit_id = referral.my_unit()) OR m.body IS NOT DISTINCT FROM NULL);
    GET DIAGNOSTICS kept = ROW_COUNT;
    IF kept <> coalesce(jsonb_array_length(decided -> 'meetings'), 0) THEN
        RAISE EXCEPTION 'a meeting is called by who convenes it, as a body it is charged with' USING ERRCODE = 'RF018';
    END IF;
    UPDATE referral.meeting m SET held_at = r.held_at, version = m.version + 1
        FROM jsonb_to_recordset(decided -> 'meeting_records') AS r (id uuid, held_at timestamptz)
        WHERE m.id = r.id AND m.unit_id = referral.my_unit() AND m.held_at IS NULL AND r.held_at IS NOT NULL;
    GET DIAGNOSTICS kept = ROW_COUNT;
    IF kept <> coalesce(jsonb_array_length(decided -> 'meeting_records'), 0) THEN
        RAISE EXCEPTION 'a meeting is recorded once, by who convened it' USING ERRCODE = 'RF018';
    END IF;
    -- Only in a meeting that this very call calls or records.
    IF EXISTS (SELECT FROM unnest(ARRAY['meeting_items', 'meeting_units', 'meeting_tasks']) part, jsonb_array_elements(coalesce(decided -> part, '[]')) row
            WHERE NOT EXISTS (SELECT FROM jsonb_array_elements(coalesce(decided -> 'meetings', '[]') || coalesce(decided -> 'meeting_records', '[]')) m WHERE m ->> 'id' = row ->> 'meeting_id')) THEN
        RAISE EXCEPTION 'this belongs to no meeting of the caller' USING ERRCODE = 'RF018';
    END IF;
    INSERT INTO referral.meeting_item (id, meeting_id, country, convenor, hand_off_id, reference, step, mandate, since)
        SELECT i.id, i.meeting_id, h.country, referral.my_unit(), h.id, c.reference, h.step, h.mandate, told.since
        FROM jsonb_to_recordset(decided -> 'meeting_items') AS i (id uuid, meeting_id uuid, hand_off_id uuid)
            JOIN referral.hand_off h ON h.id = i.hand_off_id JOIN referral.case c ON c.id = h.case_id,
            LATERAL (SELECT max(o.occurred_at) AS since FROM referral.outbox o WHERE o.to_unit = referral.my_unit() AND o.hand_off_id = h.id AND o.kind = 'hand_off.agenda') told
        WHERE told.since IS NOT NULL OR referral.knows_of(h.case_id, h.id);
    GET DIAGNOSTICS kept = ROW_COUNT;
    IF kept <> coalesce(jsonb_array_length(decided -> 'meeting_items'), 0) THEN
        RAISE EXCEPTION 'on the agenda stands what the unit knows of, or what was escalated to it' USING ERRCODE = 'RF018';
    END IF;
    INSERT INTO referral.meeting_unit SELECT u.* FROM jsonb_populate_recordset(NULL::referral.meeting_unit, decided -> 'meeting_units') u
        JOIN agencies.unit known ON known.id = u.unit_id AND known.country = referral.my_country() WHERE u.convenor = referral.my_unit()
        ON CONFLICT (meeting_id, unit_id) DO UPDATE SET attendance = excluded.attendance;
    GET DIAGNOSTICS kept = ROW_COUNT;
    IF kept <> coalesce(jsonb_array_length(decided -> 'meeting_units'), 0) THEN
        RAISE EXCEPTION 'units of the country are invited' USING ERRCODE = 'RF018';
    END IF;
    INSERT INTO referral.meeting_task SELECT t.* FROM jsonb_populate_recordset(NULL::referral.meeting_task, decided -> 'meeting_tasks') t
        WHERE t.convenor = referral.my_unit() AND (t.item_id IS NOT DISTINCT FROM NULL OR t.item_id IN (SELECT i.id FROM referral.meeting_item i WHERE i.meeting_id = t.meeting_id))
            AND (t.owner_unit = referral.my_unit() OR t.owner_unit IN (SELECT u.unit_id FROM referral.meeting_unit u WHERE u.meeting_id = t.meeting_id));
    GET DIAGNOSTICS kept = ROW_COUNT;
    IF kept <> coalesce(jsonb_array_length(decided -> 'meeting_tasks'), 0) THEN
        RAISE EXCEPTION 'a task is given to who was invited' USING ERRCODE = 'RF018';
    END IF;

    -- No entry without its effect, no effect without its entry.
    WITH told AS (
        SELECT x.header::jsonb ->> 'act' AS act, (x.header::jsonb ->> 'object')::uuid AS object FROM jsonb_to_recordset(decided -> 'entries') AS x (header text)
    ), done AS (
        SELECT 'meeting.called' AS act, m.id FROM jsonb_to_recordset(decided -> 'meetings') AS m (id uuid)
        UNION ALL SELECT 'meeting.held', r.id FROM jsonb_to_recordset(decided -> 'meeting_records') AS r (id uuid)
    )
    SELECT string_agg(coalesce(t.act, d.act), ', ') INTO wrong FROM told t FULL JOIN done d ON d.act = t.act AND d.id = t.object WHERE t.act IS NULL OR d.act IS NULL;
    IF wrong IS NOT NULL OR (SELECT count(*) FROM jsonb_array_elements(decided -> 'entries')) <> 1 THEN
        RAISE EXCEPTION 'the entries do not say what was done: %', coalesce(wrong, 'one act, one entry') USING ERRCODE = 'RF015';
    END IF;
END $$;
