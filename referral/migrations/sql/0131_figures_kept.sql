-- Who may read statistics of a whole country, who keeps them, and what marks a closed month.

-- Answers in another's name, by who recorded them; referrals that follow a closed one, by track. Counts
-- only, for who oversees the country.
CREATE FUNCTION referral.attested_in_country(begins timestamptz, ends timestamptz)
RETURNS TABLE (unit_id uuid, attested integer, unconfirmed integer, oldest timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT h.sender_unit, count(*)::integer, count(*) FILTER (WHERE h.attestation_confirmed_at IS NULL)::integer,
        min(h.requested_at) FILTER (WHERE h.attestation_confirmed_at IS NULL)
    FROM referral.hand_off h WHERE h.country = (SELECT referral.my_country()) AND h.requested_at >= begins AND h.requested_at < ends
        AND h.attested AND NOT h.imported AND h.kind <> 'notice' AND h.in_error IS NOT TRUE AND (SELECT referral.oversees()) GROUP BY 1;
$$;
CREATE FUNCTION referral.re_entries_in_country(begins timestamptz, ends timestamptz)
RETURNS TABLE (track text, entries integer)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT r.track, count(*)::integer FROM referral.referral r WHERE r.country = (SELECT referral.my_country()) AND r.opened_at >= begins AND r.opened_at < ends
        AND num_nonnulls(r.follows) = 1 AND (r.outcome IN ('ENTERED_IN_ERROR', 'MERGED')) IS NOT TRUE AND (SELECT referral.oversees()) GROUP BY 1;
$$;
CREATE INDEX referral_re_entry ON referral.referral (country, opened_at) WHERE follows IS NOT NULL;
CREATE INDEX hand_off_attested ON referral.hand_off (country, requested_at) WHERE attested;

-- Marks ----------------------------------------------------------------------------------------
-- Whatever changes leaves one, whichever month it is of: who changes cannot know which months are being
-- closed at this moment. One for each moment something was asked for: for a group, one.
CREATE FUNCTION referral.mark_hand_offs() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO referral.figure_mark (country, at) SELECT DISTINCT c.country, c.requested_at FROM changed c;
    INSERT INTO referral.figure_unit_mark (country, unit_id, at) SELECT c.country, c.sender_unit, c.requested_at FROM changed c
        UNION SELECT c.country, c.receiver_unit, c.requested_at FROM changed c;
    RETURN NULL;
END $$;
CREATE FUNCTION referral.mark_clocks() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO referral.figure_mark (country, at)
        SELECT DISTINCT c.country, coalesce(c.asked_at, c.starts_at) FROM changed c;
    INSERT INTO referral.figure_unit_mark (country, unit_id, at)
        SELECT DISTINCT c.country, u.unit_id, u.at FROM changed c, LATERAL (
            SELECT unnest(ARRAY[h.sender_unit, h.receiver_unit]) AS unit_id, c.asked_at AS at FROM referral.hand_off h WHERE h.id = c.hand_off_id
            UNION ALL SELECT r.holder_unit, c.starts_at FROM referral.referral r WHERE num_nulls(c.hand_off_id) = 1 AND r.id = c.referral_id) u;
    RETURN NULL;
END $$;
-- What was entered in error takes the limits of its referral with it, those long stopped as well; and
-- these are of the unit that holds it.
CREATE FUNCTION referral.mark_referrals() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO referral.figure_mark (country, at) SELECT DISTINCT c.country, k.starts_at FROM changed c
        JOIN referral.clock k ON k.referral_id = c.id AND k.hand_off_id IS NULL WHERE c.outcome IN ('ENTERED_IN_ERROR', 'MERGED');
    INSERT INTO referral.figure_unit_mark (country, unit_id, at)
        SELECT DISTINCT c.country, u.unit_id, k.starts_at FROM changed c JOIN former b ON b.id = c.id AND (b.holder_unit, b.outcome) IS DISTINCT FROM (c.holder_unit, c.outcome)
            JOIN referral.clock k ON k.referral_id = c.id AND k.hand_off_id IS NULL, unnest(ARRAY[b.holder_unit, c.holder_unit]) AS u (unit_id);
    RETURN NULL;
END $$;
-- Who may open what: the unit whose part it is counts anew whatever of the case it sent, received or holds.
CREATE FUNCTION referral.mark_parts() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO referral.figure_unit_mark (country, unit_id, at)
        SELECT DISTINCT c.country, c.unit_id, u.at FROM changed c, LATERAL (
            SELECT h.requested_at AS at FROM referral.hand_off h WHERE h.case_id = c.case_id AND c.unit_id IN (h.sender_unit, h.receiver_unit)
            UNION ALL SELECT k.starts_at FROM referral.referral r JOIN referral.clock k ON k.referral_id = r.id AND k.hand_off_id IS NULL
                WHERE r.case_id = c.case_id AND r.holder_unit = c.unit_id) u;
    RETURN NULL;
END $$;
CREATE TRIGGER mark_changed AFTER UPDATE ON referral.referral REFERENCING OLD TABLE AS former NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION referral.mark_referrals();
CREATE TRIGGER mark_new AFTER INSERT ON referral.hand_off REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION referral.mark_hand_offs();
CREATE TRIGGER mark_changed AFTER UPDATE ON referral.hand_off REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION referral.mark_hand_offs();
CREATE TRIGGER mark_new AFTER INSERT ON referral.clock REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION referral.mark_clocks();
CREATE TRIGGER mark_changed AFTER UPDATE ON referral.clock REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION referral.mark_clocks();
CREATE TRIGGER mark_new AFTER INSERT ON referral.party REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION referral.mark_parts();
CREATE TRIGGER mark_changed AFTER UPDATE ON referral.party REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION referral.mark_parts();
CREATE TRIGGER mark_gone AFTER DELETE ON referral.party REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION referral.mark_parts();

-- Keeping --------------------------------------------------------------------------------------
-- What there is to do in the clockwork's country, or NULL if another worker is at it. Whoever gets an
-- answer has the country's lock until its transaction ends: no mark is swept by one worker while
-- another closes the month it is of. Marks of months not kept yet say nothing and go.
CREATE FUNCTION referral.figures_due() RETURNS jsonb
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF referral.my_role() IS DISTINCT FROM 'WORKER' OR NOT pg_try_advisory_xact_lock(hashtextextended('figures ' || referral.my_country(), 0)) THEN
        RETURN NULL;
    END IF;
    DELETE FROM referral.figure_mark k WHERE NOT EXISTS (SELECT FROM referral.figure_month m WHERE m.country = k.country AND k.at >= m.begins_at AND k.at < m.ends_at);
    RETURN jsonb_build_object(
        'first', least((SELECT min(h.requested_at) FROM referral.hand_off h WHERE h.country = (SELECT referral.my_country())),
            (SELECT min(k.starts_at) FROM referral.clock k WHERE k.hand_off_id IS NULL AND k.country = (SELECT referral.my_country()))),
        'kept', (SELECT coalesce(jsonb_agg(jsonb_build_object('month', m.month, 'rolled_at', m.rolled_at, 'waiting', m.waiting,
            'marked', EXISTS (SELECT FROM referral.figure_mark k WHERE k.country = m.country AND k.at >= m.begins_at AND k.at < m.ends_at)) ORDER BY m.month), '[]')
            FROM referral.figure_month m WHERE m.country = referral.my_country()));
END $$;

-- One month, made anew from what stands. Each statement sees at least what the one before it saw: a change
-- whose mark is taken here is in the cells; one that comes later leaves its mark.
CREATE FUNCTION referral.roll_month(the_month date, zone text, at timestamptz) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET work_mem = '128MB' AS $$  -- a month at once
DECLARE
    begins CONSTANT timestamptz := the_month::timestamp AT TIME ZONE zone;
    ends CONSTANT timestamptz := (the_month + interval '1 month') AT TIME ZONE zone;
BEGIN
    IF referral.my_role() IS DISTINCT FROM 'WORKER' THEN
        RAISE EXCEPTION 'figures are kept by the clockwork' USING ERRCODE = 'RF007';
    END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended('figures ' || referral.my_country(), 0));
    DELETE FROM referral.figure_mark k WHERE k.country = referral.my_country() AND k.at >= begins AND k.at < ends;
    DELETE FROM referral.figure_cell c WHERE c.country = referral.my_country() AND c.month = the_month;
    DELETE FROM referral.figure_limit l WHERE l.country = referral.my_country() AND l.month = the_month;
    INSERT INTO referral.figure_cell SELECT referral.my_country(), c.* FROM referral.cells_of(referral.counted_for('country'), begins, ends, zone, ARRAY['agency_id', 'jurisdiction', 'track', 'step', 'version']) c;
    INSERT INTO referral.figure_limit SELECT referral.my_country(), l.* FROM referral.limits_of(referral.counted_for('country'), begins, ends, zone, ARRAY['agency_id', 'jurisdiction', 'track', 'step', 'version', 'clock']) l;
    INSERT INTO referral.figure_month AS m (country, month, begins_at, ends_at, rolled_at, waiting)
        SELECT referral.my_country(), the_month, begins, ends, at, coalesce(sum(c.counts[2] + c.counts[3]), 0) FROM referral.figure_cell c
            WHERE c.country = referral.my_country() AND c.month = the_month
        ON CONFLICT (country, month) DO UPDATE SET begins_at = excluded.begins_at, ends_at = excluded.ends_at, rolled_at = excluded.rolled_at, waiting = excluded.waiting;
END $$;

CREATE FUNCTION referral.keep_figures(the_month date, told jsonb) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF referral.my_role() IS DISTINCT FROM 'WORKER' THEN
        RAISE EXCEPTION 'figures are kept by the clockwork' USING ERRCODE = 'RF007';
    END IF;
    DELETE FROM referral.figure f WHERE f.country = referral.my_country() AND f.month = the_month;
    INSERT INTO referral.figure (country, month, cut, agency_id, jurisdiction, track, step, version, counts, tallies, estimates, legal, proposed)
        SELECT referral.my_country(), the_month, f.cut, f.agency_id, f.jurisdiction, f.track, f.step, f.version, f.counts, f.tallies, f.estimates, f.legal, f.proposed
        FROM jsonb_to_recordset(told) AS f (cut text, agency_id uuid, jurisdiction text, track text, step text, version text,
            counts integer[], tallies integer[], estimates float8[], legal integer[], proposed integer[]);
END $$;

-- The months of one unit that are due, of those that are over: never made, or changed since and not made for
-- ``rest``. Of units somebody supervises. Which unit; NULL: none is due, or another worker is at it. Marks go
-- first and each statement sees what the one before it saw, as above.
CREATE FUNCTION referral.roll_unit(zone text, at timestamptz, rest interval) RETURNS uuid
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET work_mem = '128MB' AS $$
DECLARE the_unit uuid; months date[]; since timestamptz; before timestamptz; counted text; cut text; apart text[];
BEGIN
    IF referral.my_role() IS DISTINCT FROM 'WORKER' OR NOT pg_try_advisory_xact_lock(hashtextextended('figures ' || referral.my_country(), 0)) THEN
        RETURN NULL;
    END IF;
    DELETE FROM referral.figure_unit_mark k WHERE NOT EXISTS (SELECT FROM referral.figure_unit_month m
        WHERE m.country = k.country AND m.unit_id = k.unit_id AND k.at >= m.begins_at AND k.at < m.ends_at);
    SELECT u.id, array_agg(m.month ORDER BY m.month), min(m.begins_at), max(m.ends_at) INTO the_unit, months, since, before
        FROM agencies.unit u JOIN referral.figure_month m ON m.country = u.country AND m.ends_at <= at
            LEFT JOIN referral.figure_unit_month k ON k.country = u.country AND k.unit_id = u.id AND k.month = m.month
        WHERE u.country = referral.my_country() AND EXISTS (SELECT FROM agencies.membership s WHERE s.unit_id = u.id AND s.role = 'SUPERVISOR' AND coalesce(s.valid_until > at::date, true))
            AND (num_nulls(k.month) = 1 OR (k.rolled_at <= at - rest AND EXISTS (SELECT FROM referral.figure_unit_mark x
                WHERE x.country = k.country AND x.unit_id = k.unit_id AND x.at >= k.begins_at AND x.at < k.ends_at)))
        GROUP BY u.id ORDER BY u.id LIMIT 1;
    IF num_nulls(the_unit) = 1 THEN
        RETURN NULL;
    END IF;
    DELETE FROM referral.figure_unit_mark k USING referral.figure_month m WHERE m.country = referral.my_country() AND m.month = ANY (months)
        AND k.country = m.country AND k.unit_id = the_unit AND k.at >= m.begins_at AND k.at < m.ends_at;
    DELETE FROM referral.figure_unit_cell c WHERE c.country = referral.my_country() AND c.unit_id = the_unit AND c.month = ANY (months);
    DELETE FROM referral.figure_unit_limit l WHERE l.country = referral.my_country() AND l.unit_id = the_unit AND l.month = ANY (months);
    counted := format('h.country = %L AND (h.receiver_unit = %L OR h.sender_unit = %2$L) AND %s', referral.my_country(), the_unit, referral.open_to_all_of(the_unit));
    FOR cut, apart IN VALUES ('track', ARRAY['track']), ('agency', ARRAY['agency_id', 'track']) LOOP
        INSERT INTO referral.figure_unit_cell SELECT referral.my_country(), the_unit, c.month, cut, c.agency_id, c.track, c.counts, c.spans, c.opened
            FROM referral.cells_of(counted, since, before, zone, apart) c WHERE c.month = ANY (months);
        INSERT INTO referral.figure_unit_limit SELECT referral.my_country(), the_unit, l.month, cut, l.agency_id, l.track, l.basis, l.counts, l.due, l.overruns
            FROM referral.limits_of(counted, since, before, zone, apart) l WHERE l.month = ANY (months);
    END LOOP;
    INSERT INTO referral.figure_unit_month AS m (country, unit_id, month, begins_at, ends_at, rolled_at)
        SELECT k.country, the_unit, k.month, k.begins_at, k.ends_at, at FROM referral.figure_month k WHERE k.country = referral.my_country() AND k.month = ANY (months)
        ON CONFLICT (country, unit_id, month) DO UPDATE SET begins_at = excluded.begins_at, ends_at = excluded.ends_at, rolled_at = excluded.rolled_at;
    RETURN the_unit;
END $$;

-- Locks ----------------------------------------------------------------------------------------
DO $$
DECLARE t text; f regprocedure;
BEGIN
    FOREACH t IN ARRAY ARRAY['figure', 'figure_cell', 'figure_limit', 'figure_month', 'figure_mark',
            'figure_unit_month', 'figure_unit_cell', 'figure_unit_limit', 'figure_unit_mark'] LOOP
        EXECUTE format('ALTER TABLE referral.%I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE referral.%I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON referral.%I TO referral_effector', t);
        EXECUTE format('CREATE POLICY carry_out ON referral.%I TO referral_effector USING (country = (SELECT referral.my_country())) WITH CHECK (country = (SELECT referral.my_country()))', t);
    END LOOP;
    FOREACH t IN ARRAY ARRAY['figure', 'figure_cell', 'figure_limit', 'figure_month'] LOOP
        EXECUTE format('GRANT SELECT ON referral.%I TO referral_app', t);
        EXECUTE format('CREATE POLICY read ON referral.%I FOR SELECT TO referral_app USING (country = (SELECT referral.my_country()) AND (SELECT referral.oversees()))', t);
    END LOOP;
    FOREACH t IN ARRAY ARRAY['figure_cell', 'figure_limit'] LOOP  -- the estimates are made from them
        EXECUTE format('GRANT SELECT ON referral.%I TO referral_worker', t);
        EXECUTE format('CREATE POLICY keep ON referral.%I FOR SELECT TO referral_worker USING (country = (SELECT referral.my_country()))', t);
    END LOOP;
    FOREACH f IN ARRAY ARRAY['referral.span_of(timestamptz, timestamptz, timestamptz, timestamptz, boolean, boolean)', 'referral.second_of(timestamptz)', 'referral.oversees()',
        'referral.counted_for(text)', 'referral.mark_hand_offs()', 'referral.mark_clocks()', 'referral.mark_referrals()', 'referral.mark_parts()', 'referral.clock_asked()', 'referral.clocks_asked()', 'referral.open_to_all_of(uuid)',
        'referral.counted_in(timestamptz, timestamptz, text, text[])', 'referral.cells_of(text, timestamptz, timestamptz, text, text[])', 'referral.limits_of(text, timestamptz, timestamptz, text, text[])']::regprocedure[] LOOP
        EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', f);
    END LOOP;
END $$;
GRANT EXECUTE ON FUNCTION referral.span_of(timestamptz, timestamptz, timestamptz, timestamptz, boolean, boolean), referral.oversees() TO referral_app, referral_effector;
GRANT EXECUTE ON FUNCTION referral.second_of(timestamptz), referral.counted_for(text), referral.open_to_all_of(uuid), referral.counted_in(timestamptz, timestamptz, text, text[]),
    referral.cells_of(text, timestamptz, timestamptz, text, text[]), referral.limits_of(text, timestamptz, timestamptz, text, text[]) TO referral_effector;
