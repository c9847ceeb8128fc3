-- Operations (a joint visit, a rescue): what, where and when are sealed, and only the persons named in
-- it ever see that there is one. No date stands in any column but that of its entry into this table.
CREATE TABLE referral.operation (
    id          uuid PRIMARY KEY,
    country     text NOT NULL,
    unit_id     uuid NOT NULL REFERENCES agencies.unit (id),
    planned_by  uuid NOT NULL,
    state       text NOT NULL CHECK (state IN ('planned', 'ended', 'aborted')),
    case_id     uuid REFERENCES referral.case (id), -- the filing it ended in
    version     integer NOT NULL DEFAULT 1,
    key_version integer NOT NULL,
    content     bytea NOT NULL,                    -- kind, when, where, what, who, under a key of its own
    ending      bytea,                             -- why it was aborted, or what was found
    CHECK ((state = 'ended') = (case_id IS NOT NULL)),
    CHECK (state <> 'aborted' OR ending IS NOT NULL)
);

CREATE TABLE referral.operation_participant (
    id           uuid PRIMARY KEY,
    operation_id uuid NOT NULL REFERENCES referral.operation (id),
    country      text NOT NULL,
    membership   uuid NOT NULL REFERENCES agencies.membership (id),
    UNIQUE (operation_id, membership)
);
CREATE INDEX ON referral.operation_participant (membership);

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['operation', 'operation_participant'] LOOP
        EXECUTE format('ALTER TABLE referral.%I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE referral.%I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('GRANT SELECT ON referral.%I TO referral_app', t);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE ON referral.%I TO referral_effector', t);
        EXECUTE format('CREATE POLICY carry_out ON referral.%I TO referral_effector USING (country = (SELECT referral.my_country())) WITH CHECK (country = (SELECT referral.my_country()))', t);
    END LOOP;
END $$;

-- By person, not by unit: a colleague or a supervisor who is not named sees nothing.
CREATE POLICY read ON referral.operation_participant FOR SELECT TO referral_app USING (
    country = (SELECT referral.my_country()) AND membership = (SELECT referral.my_membership())
    AND (SELECT referral.my_role()) IN ('OFFICER', 'SUPERVISOR'));
CREATE POLICY read ON referral.operation FOR SELECT TO referral_app USING (
    country = (SELECT referral.my_country()) AND (SELECT referral.my_role()) IN ('OFFICER', 'SUPERVISOR')
    AND EXISTS (SELECT FROM referral.operation_participant p WHERE p.operation_id = operation.id AND p.membership = (SELECT referral.my_membership())));

GRANT SELECT (id, country, version) ON referral.operation TO referral_auditor_ro;
CREATE POLICY verify ON referral.operation FOR SELECT TO referral_auditor_ro USING (true);

CREATE FUNCTION referral.operation_key(wanted uuid) RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT jsonb_build_object('subject', d.subject, 'kind', d.kind, 'version', d.version, 'wrapped', d.wrapped, 'since', d.created_at)
    FROM vault.data_key d WHERE d.subject = wanted AND d.kind = 'operation' AND referral.my_role() IN ('OFFICER', 'SUPERVISOR')
        AND EXISTS (SELECT FROM referral.operation_participant p WHERE p.operation_id = wanted AND p.membership = referral.my_membership());
$$;

-- Planned by one of its participants in her own name, with people who work on cases and still do; ended
-- once, by one of them: in a case her own unit has filed since it was planned, or aborted with the reason.
CREATE FUNCTION referral.operate(decided jsonb) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    at CONSTANT timestamp := ((decided #>> '{entries,0,header}')::jsonb ->> 'at')::timestamptz AT TIME ZONE 'UTC';
    kept bigint;
BEGIN
    PERFORM referral.begin_together(decided, ARRAY['OFFICER', 'SUPERVISOR'], ARRAY['operations', 'operation_participants', 'operation_ends']);
    INSERT INTO referral.operation SELECT o.* FROM jsonb_populate_recordset(NULL::referral.operation, decided -> 'operations') o
        WHERE o.unit_id = referral.my_unit() AND o.planned_by = referral.my_membership() AND o.state = 'planned' AND o.version = 1 AND o.ending IS NULL
            AND EXISTS (SELECT FROM vault.data_key d WHERE d.subject = o.id AND d.kind = 'operation')
            AND EXISTS (SELECT FROM jsonb_to_recordset(decided -> 'operation_participants') AS p (operation_id uuid, membership uuid) WHERE p.operation_id = o.id AND p.membership = referral.my_membership());
    GET DIAGNOSTICS kept = ROW_COUNT;
    IF kept <> coalesce(jsonb_array_length(decided -> 'operations'), 0) THEN
        RAISE EXCEPTION 'an operation is planned by one of its participants, with its key' USING ERRCODE = 'RF019';
    END IF;
    INSERT INTO referral.operation_participant SELECT p.* FROM jsonb_populate_recordset(NULL::referral.operation_participant, decided -> 'operation_participants') p
        JOIN jsonb_to_recordset(decided -> 'operations') AS o (id uuid) ON o.id = p.operation_id
        JOIN agencies.membership m ON m.id = p.membership AND m.role IN ('OFFICER', 'SUPERVISOR') AND m.valid_from <= (at + interval '14 hours')::date
            AND (m.valid_until IS NOT DISTINCT FROM NULL OR (at - interval '12 hours')::date < m.valid_until)
        JOIN agencies.unit u ON u.id = m.unit_id AND u.country = referral.my_country();
    GET DIAGNOSTICS kept = ROW_COUNT;
    IF kept <> coalesce(jsonb_array_length(decided -> 'operation_participants'), 0) THEN
        RAISE EXCEPTION 'who takes part is named when it is planned, and works on cases of this country' USING ERRCODE = 'RF019';
    END IF;
    UPDATE referral.operation o SET state = e.state, case_id = e.case_id, ending = e.ending, version = o.version + 1
        FROM jsonb_populate_recordset(NULL::referral.operation, decided -> 'operation_ends') e
        WHERE o.id = e.id AND o.state = 'planned'
            AND EXISTS (SELECT FROM referral.operation_participant p WHERE p.operation_id = o.id AND p.membership = referral.my_membership())
            AND CASE e.state
                WHEN 'ended' THEN EXISTS (SELECT FROM referral.case c JOIN vault.data_key d ON d.subject = o.id AND d.kind = 'operation'
                    WHERE c.id = e.case_id AND c.filed_by_unit = referral.my_unit() AND c.filed_at >= d.created_at)
                WHEN 'aborted' THEN num_nonnulls(e.case_id) = 0 AND e.ending IS NOT NULL
                ELSE false END;
    GET DIAGNOSTICS kept = ROW_COUNT;
    IF kept <> coalesce(jsonb_array_length(decided -> 'operation_ends'), 0) THEN
        RAISE EXCEPTION 'an operation ends once, by a participant, in what her unit filed from it or with a reason' USING ERRCODE = 'RF019';
    END IF;
    PERFORM referral.told_as_done(decided, 'operation', (SELECT jsonb_agg(x) FROM (
        SELECT 'operation.planned' AS act, o.id FROM jsonb_to_recordset(decided -> 'operations') AS o (id uuid)
        UNION ALL SELECT 'operation.' || e.state, e.id FROM jsonb_to_recordset(decided -> 'operation_ends') AS e (id uuid, state text)) x));
END $$;
