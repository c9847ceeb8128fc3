-- Public figures and hand-overs to a national focal point: prepared by one, answered by another, and
-- from then on what they were. Nothing of a row ever changes; what is wrong is put right by the next.
-- Asked for by one, made by the clockwork: each attempt is noted before it begins, and it ends in a
-- release or in a failure, never in both and never in neither.
CREATE TABLE referral.release_order (
    id            uuid PRIMARY KEY,                 -- of the release too
    country       text NOT NULL,
    kind          text NOT NULL CHECK (kind IN ('public', 'ctdc')),
    period        text NOT NULL CHECK (period ~ '^[0-9]{4}(-Q[1-4])?$'),
    year          smallint NOT NULL CHECK (year BETWEEN 1990 AND 2200 AND year::text = left(period, 4)),
    recipient     text CHECK (length(recipient) BETWEEN 2 AND 200),
    asked_by      uuid NOT NULL REFERENCES agencies.membership (id),
    asked_member  uuid NOT NULL,
    asked_at      timestamptz NOT NULL,
    CHECK ((kind = 'ctdc') = (recipient IS NOT NULL)),
    CHECK (kind = 'public' OR period = year::text)
);
CREATE INDEX ON referral.release_order (country, kind, year);

CREATE TABLE referral.release_attempt (
    order_id  uuid NOT NULL REFERENCES referral.release_order (id),
    country   text NOT NULL,
    number    smallint NOT NULL,
    began_at  timestamptz NOT NULL,
    PRIMARY KEY (order_id, number)
);

CREATE TABLE referral.release_failure (
    order_id   uuid PRIMARY KEY REFERENCES referral.release_order (id),
    country    text NOT NULL,
    why        text NOT NULL CHECK (why IN ('too-few', 'unproved', 'ended', 'not-set-up', 'fault')),
    failed_at  timestamptz NOT NULL
);

CREATE TABLE referral.release (
    id            uuid PRIMARY KEY REFERENCES referral.release_order (id),
    country       text NOT NULL,
    kind          text NOT NULL CHECK (kind IN ('public', 'ctdc')),
    period        text NOT NULL,
    year          smallint NOT NULL,
    definition    text NOT NULL,                    -- digest of the tables fixed in advance
    counted       jsonb NOT NULL,                   -- by table, how many rows it has
    content       bytea NOT NULL,                   -- as it is handed out, byte for byte
    digest        bytea NOT NULL CHECK (digest = sha256(content)),
    beside        smallint NOT NULL CHECK (beside >= 0),  -- of how many published ones of that year and its quarters it was checked against
    asked_member  uuid NOT NULL,
    made_at       timestamptz NOT NULL
);
CREATE INDEX ON referral.release (country, kind, year);

CREATE TABLE referral.release_answer (
    release_id      uuid PRIMARY KEY REFERENCES referral.release (id),
    country         text NOT NULL,
    answer          text NOT NULL CHECK (answer IN ('published', 'handed_over', 'refused')),
    answered_by     uuid NOT NULL REFERENCES agencies.membership (id),
    answered_member uuid NOT NULL,
    answered_at     timestamptz NOT NULL
);

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['release_order', 'release_attempt', 'release_failure', 'release', 'release_answer'] LOOP
        EXECUTE format('ALTER TABLE referral.%I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE referral.%I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('GRANT SELECT ON referral.%I TO referral_app', t);
        EXECUTE format('GRANT SELECT, INSERT ON referral.%I TO referral_effector', t);
        EXECUTE format('CREATE POLICY carry_out ON referral.%I TO referral_effector USING (country = (SELECT referral.my_country())) WITH CHECK (country = (SELECT referral.my_country()))', t);
        EXECUTE format('CREATE POLICY read ON referral.%I FOR SELECT TO referral_app USING (country = (SELECT referral.my_country()) AND (SELECT referral.my_role()) IN (''STATISTICIAN'', ''DATA_PROTECTION_OFFICER''))', t);
        EXECUTE format('CREATE POLICY verify ON referral.%I FOR SELECT TO referral_auditor_ro USING (true)', t);
        -- As of the log: not even their owner changes them without taking this off first.
        EXECUTE format('CREATE TRIGGER frozen BEFORE UPDATE OR DELETE ON referral.%I FOR EACH ROW EXECUTE FUNCTION referral.refuse_change()', t);
        EXECUTE format('CREATE TRIGGER frozen_whole BEFORE TRUNCATE ON referral.%I FOR EACH STATEMENT EXECUTE FUNCTION referral.refuse_change()', t);
    END LOOP;
END $$;
GRANT SELECT (id, country, kind) ON referral.release_order TO referral_auditor_ro;
GRANT SELECT (order_id, country, why) ON referral.release_failure TO referral_auditor_ro;
GRANT SELECT (id, country, kind, digest) ON referral.release TO referral_auditor_ro;
GRANT SELECT (release_id, country, answer) ON referral.release_answer TO referral_auditor_ro;

-- The door: a statistician asks, the clockwork makes it, somebody who protects data and is not she
-- answers, once. What is published was checked against everything published of that year and its
-- quarters before, or it is not published. One act, one entry.
CREATE FUNCTION referral.publish(decided jsonb) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE asked bigint; made bigint; failed bigint; said bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('releases ' || referral.my_country(), 0));
    INSERT INTO referral.release_order SELECT o.* FROM jsonb_populate_recordset(NULL::referral.release_order, decided -> 'release_orders') o
        WHERE o.country = referral.my_country() AND referral.my_role() = 'STATISTICIAN' AND o.asked_by = referral.my_membership() AND o.asked_member = referral.my_member()
            AND NOT EXISTS (SELECT FROM referral.release_order w WHERE w.country = o.country AND w.kind = o.kind AND w.period = o.period
                AND NOT EXISTS (SELECT FROM referral.release r WHERE r.id = w.id) AND NOT EXISTS (SELECT FROM referral.release_failure f WHERE f.order_id = w.id));
    GET DIAGNOSTICS asked = ROW_COUNT;
    IF asked <> coalesce(jsonb_array_length(decided -> 'release_orders'), 0) THEN
        RAISE EXCEPTION 'a statistician asks for a release, in her own name, and for none that is being prepared' USING ERRCODE = 'RF031';
    END IF;
    INSERT INTO referral.release SELECT r.* FROM jsonb_populate_recordset(NULL::referral.release, decided -> 'releases') r
        JOIN referral.release_order o ON (o.id, o.country, o.kind, o.period, o.year, o.asked_member) = (r.id, r.country, r.kind, r.period, r.year, r.asked_member)
        WHERE r.country = referral.my_country() AND referral.my_role() = 'WORKER' AND NOT EXISTS (SELECT FROM referral.release_failure f WHERE f.order_id = r.id);
    GET DIAGNOSTICS made = ROW_COUNT;
    INSERT INTO referral.release_failure SELECT f.* FROM jsonb_populate_recordset(NULL::referral.release_failure, decided -> 'release_failures') f
        JOIN referral.release_order o ON (o.id, o.country) = (f.order_id, f.country)
        WHERE f.country = referral.my_country() AND referral.my_role() = 'WORKER' AND NOT EXISTS (SELECT FROM referral.release r WHERE r.id = f.order_id);
    GET DIAGNOSTICS failed = ROW_COUNT;
    IF made <> coalesce(jsonb_array_length(decided -> 'releases'), 0) OR failed <> coalesce(jsonb_array_length(decided -> 'release_failures'), 0) THEN
        RAISE EXCEPTION 'the clockwork makes what was asked for, or says why it did not, once' USING ERRCODE = 'RF031';
    END IF;
    INSERT INTO referral.release_answer SELECT a.* FROM jsonb_populate_recordset(NULL::referral.release_answer, decided -> 'release_answers') a
        JOIN referral.release r ON r.id = a.release_id
        WHERE a.country = referral.my_country() AND referral.my_role() = 'DATA_PROTECTION_OFFICER' AND a.answered_by = referral.my_membership()
            AND a.answered_member = referral.my_member() AND r.asked_member <> referral.my_member()
            AND a.answer IN ('refused', CASE r.kind WHEN 'public' THEN 'published' ELSE 'handed_over' END)
            AND (a.answer = 'refused' OR r.beside = (SELECT count(*) FROM referral.release o JOIN referral.release_answer p ON p.release_id = o.id
                WHERE o.country = r.country AND o.kind = r.kind AND o.year = r.year AND p.answer <> 'refused'));
    GET DIAGNOSTICS said = ROW_COUNT;
    IF said <> coalesce(jsonb_array_length(decided -> 'release_answers'), 0) OR asked + made + failed + said <> 1 THEN
        RAISE EXCEPTION 'a release is answered once, by another person, who protects data' USING ERRCODE = 'RF031';
    END IF;
    PERFORM referral.told_as_done(decided, 'release', (SELECT jsonb_agg(x) FROM (
        SELECT 'release.asked' AS act, o.id FROM jsonb_to_recordset(decided -> 'release_orders') AS o (id uuid)
        UNION ALL SELECT 'release.prepared', r.id FROM jsonb_to_recordset(decided -> 'releases') AS r (id uuid)
        UNION ALL SELECT 'release.failed', f.order_id FROM jsonb_to_recordset(decided -> 'release_failures') AS f (order_id uuid)
        UNION ALL SELECT 'release.' || a.answer, a.release_id FROM jsonb_to_recordset(decided -> 'release_answers') AS a (release_id uuid, answer text)) x));
    PERFORM referral.log_system(decided - 'release_orders' - 'releases' - 'release_failures' - 'release_answers');
END $$;

-- The next order of the country that nobody is at: what was asked, the places, what was published of
-- that year and its quarters, oldest first. Whoever took it holds a lock until her connection ends, so
-- that what somebody was ended over is free at once; the attempt is noted before it begins.
CREATE FUNCTION referral.take_release(at timestamptz) RETURNS jsonb
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE o referral.release_order; tried smallint;
BEGIN
    IF referral.my_role() IS DISTINCT FROM 'WORKER' THEN
        RAISE EXCEPTION 'the clockwork prepares releases' USING ERRCODE = 'RF031';
    END IF;
    FOR o IN SELECT w.* FROM referral.release_order w WHERE w.country = referral.my_country() ORDER BY w.asked_at, w.id LOOP
        CONTINUE WHEN EXISTS (SELECT FROM referral.release r WHERE r.id = o.id) OR EXISTS (SELECT FROM referral.release_failure f WHERE f.order_id = o.id);
        CONTINUE WHEN NOT pg_try_advisory_lock(hashtextextended('release ' || o.id, 0));
        -- Somebody may have ended it between the look and the lock: a look of its own sees that.
        CONTINUE WHEN EXISTS (SELECT FROM referral.release r WHERE r.id = o.id) OR EXISTS (SELECT FROM referral.release_failure f WHERE f.order_id = o.id);
        SELECT count(*) INTO tried FROM referral.release_attempt a WHERE a.order_id = o.id;
        INSERT INTO referral.release_attempt VALUES (o.id, o.country, tried + 1, at);
        RETURN to_jsonb(o) || jsonb_build_object('tried', tried,
            'places', (SELECT coalesce(jsonb_object_agg(j.code, coalesce(j.names ->> 'en', j.code)), '{}') FROM agencies.jurisdiction j
                WHERE j.country = o.country AND j.parent = o.country AND j.kind = 'subdivision'),
            'earlier', (SELECT coalesce(jsonb_agg(convert_from(r.content, 'UTF8') ORDER BY p.answered_at, r.id), '[]')
                FROM referral.release r JOIN referral.release_answer p ON p.release_id = r.id
                WHERE r.country = o.country AND r.kind = o.kind AND r.year = o.year AND p.answer <> 'refused'));
    END LOOP;
    RETURN NULL;
END $$;

-- What everybody may read, signed in or not: the newest published release of each period, and nothing
-- else of anything; with its content the one of the period asked for.
CREATE FUNCTION referral.published(for_country text, of_period text) RETURNS jsonb
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE told jsonb; before CONSTANT text := coalesce(current_setting('referral.country', true), '');
BEGIN
    PERFORM set_config('referral.country', for_country, true);
    SELECT coalesce(jsonb_agg(jsonb_build_object('period', x.period, 'published_at', x.answered_at, 'digest', encode(x.digest, 'hex'),
            'content', CASE WHEN x.period = of_period THEN encode(x.content, 'base64') END) ORDER BY left(x.period, 4) DESC, x.period), '[]') INTO told
        FROM (SELECT DISTINCT ON (r.period) r.period, r.digest, r.content, a.answered_at FROM referral.release r JOIN referral.release_answer a ON a.release_id = r.id
            WHERE r.country = for_country AND r.kind = 'public' AND a.answer = 'published' ORDER BY r.period, a.answered_at DESC, r.id) x;
    PERFORM set_config('referral.country', before, true);
    RETURN told;
END $$;

-- Counting -------------------------------------------------------------------------------------------
-- Everybody a release of that year counts, with the one value she has of each dimension (fixed_tables.yaml).
-- Only G0 and G1: nobody's identity is opened. For the functions below alone; nobody may call it.
CREATE FUNCTION referral.people_of(for_country text, of_year integer, zone text) RETURNS TABLE (headcount bigint, told jsonb, facts jsonb, sector text, topics text[])
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH RECURSIVE top AS (
        SELECT j.code, j.code AS place FROM agencies.jurisdiction j WHERE j.country = for_country AND j.parent = for_country AND j.kind <> 'group'
        UNION ALL SELECT j.code, t.place FROM agencies.jurisdiction j JOIN top t ON j.parent = t.code
    )
    SELECT p.headcount::bigint, jsonb_build_object(
            'period', to_char(c.filed_at AT TIME ZONE zone, 'YYYY"-Q"Q'),
            'place', coalesce(t.place, 'other'),
            'topic', CASE cardinality(r.topics) WHEN 0 THEN 'none' WHEN 1 THEN r.topics[1] ELSE 'several' END,
            'sex', coalesce(f.facts ->> 'sex', 'unknown'),
            'age_band', coalesce(f.facts ->> 'age_band', 'unknown'),
            'agency_type', a.type,
            'outcome', CASE WHEN r.open THEN 'open' WHEN r.accepted THEN 'accepted' ELSE 'closed' END),
        coalesce(f.facts, '{}'), w.facts ->> 'sector', r.topics
    FROM referral.case c
        JOIN referral.person p ON p.case_id = c.id AND p.role = 'concerned'
        JOIN agencies.unit u ON u.id = c.filed_by_unit JOIN agencies.agency a ON a.id = u.agency_id
        LEFT JOIN top t ON t.code = c.place
        LEFT JOIN referral.case_facts f ON f.case_id = c.id AND f.person_id = p.id
        LEFT JOIN referral.case_facts w ON w.case_id = c.id AND num_nonnulls(w.person_id) = 0
        CROSS JOIN LATERAL (
            SELECT count(*) AS referrals, bool_or(r.state = 'open') AS open,
                bool_or(EXISTS (SELECT FROM referral.hand_off h WHERE h.referral_id = r.id AND num_nonnulls(h.accepted_at) = 1)) AS accepted,
                ARRAY(SELECT DISTINCT one ->> 0 FROM referral.referral o, jsonb_array_elements(o.results) one
                    WHERE o.person_id = p.id AND o.outcome IS DISTINCT FROM 'ENTERED_IN_ERROR' AND one ->> 1 = 'indicated' ORDER BY 1) AS topics
            FROM referral.referral r WHERE r.person_id = p.id AND r.outcome IS DISTINCT FROM 'ENTERED_IN_ERROR') r
    WHERE c.country = for_country AND num_nonnulls(c.duplicate_of) = 0 AND r.referrals > 0
        AND extract(year FROM c.filed_at AT TIME ZONE zone) = of_year
$$;

-- Counts of one table: [[values in the order asked for], people]. At most three dimensions (D2).
CREATE FUNCTION referral.count_people(for_country text, of_year integer, zone text, crosses text[]) RETURNS jsonb
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE found jsonb;
BEGIN
    IF cardinality(crosses) NOT BETWEEN 1 AND 3 OR NOT crosses <@ ARRAY['period', 'place', 'topic', 'sex', 'age_band', 'agency_type', 'outcome'] THEN
        RAISE EXCEPTION 'a table crosses at most three of what may be counted' USING ERRCODE = 'RF032';
    END IF;
    PERFORM set_config('referral.country', for_country, true);
    SELECT coalesce(jsonb_agg(jsonb_build_array(x.cell, x.people) ORDER BY x.cell), '[]') INTO found FROM (
        SELECT ARRAY(SELECT p.told ->> d.name FROM unnest(crosses) WITH ORDINALITY AS d (name, n) ORDER BY d.n) AS cell, sum(p.headcount) AS people
        FROM referral.people_of(for_country, of_year, zone) p GROUP BY 1) x;
    PERFORM set_config('referral.country', '', true);
    RETURN found;
END $$;

-- Counts by what the CTDC layout asks for and G1 knows. Only people in whom trafficking is indicated.
CREATE FUNCTION referral.count_trafficked(for_country text, of_year integer, zone text) RETURNS jsonb
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE found jsonb;
BEGIN
    PERFORM set_config('referral.country', for_country, true);
    SELECT coalesce(jsonb_agg(jsonb_build_array(x.known, x.people) ORDER BY x.known), '[]') INTO found FROM (
        SELECT jsonb_strip_nulls(jsonb_build_object('sex', p.facts -> 'sex', 'age_band', p.facts -> 'age_band', 'sector', p.sector,
                'control_methods', (SELECT jsonb_agg(m ORDER BY m) FROM jsonb_array_elements_text(p.facts -> 'control_methods') m),
                'purposes', (SELECT jsonb_agg(m ORDER BY m) FROM jsonb_array_elements_text(p.facts -> 'purposes') m))) AS known,
            sum(p.headcount) AS people
        FROM referral.people_of(for_country, of_year, zone) p WHERE 'HT' = ANY (p.topics) GROUP BY 1) x;
    PERFORM set_config('referral.country', '', true);
    RETURN found;
END $$;
