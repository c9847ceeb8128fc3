-- Files of a case (G4): kept as they came, sealed; opened by nobody before they were looked through.
CREATE TABLE referral.attachment (
    id          uuid PRIMARY KEY,
    case_id     uuid NOT NULL REFERENCES referral.case (id),
    referral_id uuid NOT NULL REFERENCES referral.referral (id),
    hand_off_id uuid REFERENCES referral.hand_off (id),   -- of a signed letter
    country     text NOT NULL,
    kind        text NOT NULL CHECK (kind IN ('evidence', 'letter')),
    state       text NOT NULL CHECK (state IN ('quarantined', 'viewable', 'refused')),
    code        text,                              -- why it was refused
    media_type  text NOT NULL CHECK (media_type IN ('image/jpeg', 'image/png', 'application/pdf')),
    size        integer NOT NULL CHECK (size > 0),
    added_at    timestamptz NOT NULL,
    by_unit     uuid NOT NULL REFERENCES agencies.unit (id),
    by_member   uuid NOT NULL,
    looked_at   timestamptz,
    next_at     timestamptz NOT NULL,              -- when the clockwork looks (again)
    tries       smallint NOT NULL DEFAULT 0,
    key_version integer NOT NULL,
    about       bytea NOT NULL,                    -- its name, what it shows, its SHA-256: under the case's key
    CHECK ((state = 'refused') = (code IS NOT NULL)),
    CHECK ((state = 'quarantined') = (looked_at IS NULL)),
    CHECK ((kind = 'letter') = (hand_off_id IS NOT NULL))
);
CREATE INDEX ON referral.attachment (case_id);
CREATE INDEX attachment_due ON referral.attachment (next_at) WHERE state = 'quarantined';

-- Apart, so that no list ever reads a file. The original is evidence; the view is a copy made anew.
CREATE TABLE referral.attachment_content (
    attachment_id uuid NOT NULL REFERENCES referral.attachment (id),
    copy          text NOT NULL CHECK (copy IN ('original', 'view')),
    case_id       uuid NOT NULL REFERENCES referral.case (id),
    country       text NOT NULL,
    content       bytea NOT NULL,                  -- under the case's key
    PRIMARY KEY (attachment_id, copy)
);

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['attachment', 'attachment_content'] LOOP
        EXECUTE format('ALTER TABLE referral.%I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE referral.%I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('GRANT SELECT ON referral.%I TO referral_app', t);
        EXECUTE format('GRANT SELECT, INSERT ON referral.%I TO referral_effector', t);
        EXECUTE format('CREATE POLICY carry_out ON referral.%I TO referral_effector USING (country = (SELECT referral.my_country())) WITH CHECK (country = (SELECT referral.my_country()))', t);
    END LOOP;
END $$;
GRANT UPDATE ON referral.attachment TO referral_effector;

-- As the narrative: to those it travelled to; and to who holds her, what the own unit has added.
CREATE POLICY read ON referral.attachment FOR SELECT TO referral_app USING (
    country = (SELECT referral.my_country())
    AND EXISTS (SELECT FROM referral.party p WHERE p.case_id = attachment.case_id AND p.unit_id = (SELECT referral.my_unit()) AND p.until IS NULL
        AND ('G4' = ANY (p.groups) OR (p.relationship = 'holder' AND attachment.by_unit = (SELECT referral.my_unit())))));
-- Nobody opens what is in quarantine or was refused, whoever it was that sent it.
CREATE POLICY read ON referral.attachment_content FOR SELECT TO referral_app USING (
    country = (SELECT referral.my_country())
    AND EXISTS (SELECT FROM referral.attachment a WHERE a.id = attachment_content.attachment_id AND a.state = 'viewable'));

-- The clockwork sees which files wait, and nothing else of them.
GRANT SELECT (id, country, state, next_at) ON referral.attachment TO referral_worker;
CREATE POLICY due ON referral.attachment FOR SELECT TO referral_worker USING (true);
GRANT SELECT (id, case_id, country, state) ON referral.attachment TO referral_auditor_ro;
CREATE POLICY verify ON referral.attachment FOR SELECT TO referral_auditor_ro USING (true);

-- Added in one's own name to what one's unit holds; looked through by the clockwork, once.
CREATE FUNCTION referral.post_attachments(the_case uuid, decided jsonb, acting_on uuid[]) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE kept bigint;
BEGIN
    INSERT INTO referral.attachment SELECT a.* FROM jsonb_populate_recordset(NULL::referral.attachment, decided -> 'attachments') a
        WHERE a.case_id = the_case AND a.referral_id = ANY (acting_on) AND a.state = 'quarantined' AND a.tries = 0
            AND a.by_unit = referral.my_unit() AND a.by_member = referral.my_membership()
            AND (a.kind = 'evidence' OR EXISTS (SELECT FROM referral.hand_off h WHERE h.id = a.hand_off_id AND h.referral_id = a.referral_id AND h.sender_unit = referral.my_unit()));
    GET DIAGNOSTICS kept = ROW_COUNT;
    IF kept <> coalesce(jsonb_array_length(decided -> 'attachments'), 0) THEN
        RAISE EXCEPTION 'a file is added in one''s own name, to a referral one holds' USING ERRCODE = 'RF020';
    END IF;
    UPDATE referral.attachment a SET state = f.state, code = f.code, looked_at = f.looked_at
        FROM jsonb_to_recordset(decided -> 'attachment_findings') AS f (id uuid, state text, code text, looked_at timestamptz)
        WHERE a.id = f.id AND a.case_id = the_case AND a.state = 'quarantined' AND referral.my_role() = 'WORKER';
    GET DIAGNOSTICS kept = ROW_COUNT;
    IF kept <> coalesce(jsonb_array_length(decided -> 'attachment_findings'), 0) THEN
        RAISE EXCEPTION 'a file is looked through once, by the clockwork' USING ERRCODE = 'RF020';
    END IF;
END $$;

-- The bytes pass beside the decision: a JSON of ten million bytes would be read four times over.
-- The original once, by who added it, while it waits; the view once, by who has looked.
CREATE FUNCTION referral.keep_content(wanted uuid, of_copy text, sealed bytea) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO referral.attachment_content (attachment_id, copy, case_id, country, content)
        SELECT a.id, of_copy, a.case_id, a.country, sealed FROM referral.attachment a
        WHERE a.id = wanted AND CASE of_copy WHEN 'original' THEN a.state = 'quarantined' AND a.by_member = referral.my_membership()
            WHEN 'view' THEN a.state = 'viewable' AND referral.my_role() = 'WORKER' ELSE false END;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no such file to keep this of' USING ERRCODE = 'RF020';
    END IF;
END $$;

-- A file that waits, taken in hand until a moment: whoever takes it has that long, then it waits again.
-- No lock is kept meanwhile: a scanner takes seconds, and somebody may have to accept the case.
CREATE FUNCTION referral.claim_attachment(wanted uuid, at timestamptz, until timestamptz) RETURNS jsonb
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    UPDATE referral.attachment a SET next_at = until, tries = a.tries + 1
    WHERE a.id = wanted AND a.state = 'quarantined' AND a.next_at <= at AND referral.my_role() = 'WORKER'
    RETURNING jsonb_build_object('media_type', a.media_type, 'tries', a.tries, 'key', (SELECT jsonb_build_object('subject', d.subject, 'kind', d.kind, 'version', d.version, 'wrapped', d.wrapped)
        FROM vault.data_key d WHERE d.subject = a.case_id));
$$;

CREATE FUNCTION referral.quarantined(wanted uuid) RETURNS bytea
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT c.content FROM referral.attachment_content c JOIN referral.attachment a ON a.id = c.attachment_id
    WHERE a.id = wanted AND c.copy = 'original' AND a.state = 'quarantined' AND referral.my_role() = 'WORKER';
$$;

-- A verdict is there: the case locked, what the entry needs; NULL when another was quicker.
CREATE FUNCTION referral.lock_attachment(wanted uuid) RETURNS jsonb
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE the_case uuid;
BEGIN
    SELECT a.case_id INTO the_case FROM referral.attachment a WHERE a.id = wanted AND referral.my_role() = 'WORKER';
    PERFORM FROM referral.case c WHERE c.id = the_case FOR UPDATE;
    RETURN (SELECT jsonb_build_object('case_id', a.case_id, 'by_unit', a.by_unit,
            'head', (SELECT jsonb_build_object('stream_id', s.stream_id, 'seq', s.seq, 'hash', s.hash, 'at', s.at) FROM referral.stream_head s WHERE s.subject = the_case))
        FROM referral.attachment a WHERE a.id = wanted AND a.state = 'quarantined' AND referral.my_role() = 'WORKER');
END $$;

-- No verdict through no fault of the file: the try is not counted.
CREATE FUNCTION referral.put_back_attachment(wanted uuid) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    UPDATE referral.attachment SET tries = tries - 1 WHERE id = wanted AND state = 'quarantined' AND tries > 0 AND referral.my_role() = 'WORKER';
$$;
