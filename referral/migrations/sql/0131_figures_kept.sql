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
    RETURN NULL;
END $$;
CREATE FUNCTION referral.mark_clocks() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO referral.figure_mark (country, at)
        SELECT DISTINCT c.country, coalesce((SELECT h.requested_at FROM referral.hand_off h WHERE h.id = c.hand_off_id), c.starts_at) FROM changed c;
    RETURN NULL;
END $$;
-- What was entered in error takes the limits of its referral with it, those long stopped as well.
CREATE FUNCTION referral.mark_referrals() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO referral.figure_mark (country, at) SELECT DISTINCT c.country, k.starts_at FROM changed c
        JOIN referral.clock k ON k.referral_id = c.id AND k.hand_off_id IS NULL WHERE c.outcome IN ('ENTERED_IN_ERROR', 'MERGED');
    RETURN NULL;
END $$;
CREATE TRIGGER mark_changed AFTER UPDATE ON referral.referral REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION referral.mark_referrals();
CREATE TRIGGER mark_new AFTER INSERT ON referral.hand_off REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION referral.mark_hand_offs();
CREATE TRIGGER mark_changed AFTER UPDATE ON referral.hand_off REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION referral.mark_hand_offs();
CREATE TRIGGER mark_new AFTER INSERT ON referral.clock REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION referral.mark_clocks();
CREATE TRIGGER mark_changed AFTER UPDATE ON referral.clock REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION referral.mark_clocks();

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
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
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
    INSERT INTO referral.figure_cell SELECT referral.my_country(), c.* FROM referral.figure_cells(begins, ends, zone, 'country', ARRAY['agency_id', 'jurisdiction', 'track', 'step', 'version']) c;
    INSERT INTO referral.figure_limit SELECT referral.my_country(), l.* FROM referral.figure_limits(begins, ends, zone, 'country', ARRAY['agency_id', 'jurisdiction', 'track', 'step', 'version', 'clock']) l;
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

-- Locks ----------------------------------------------------------------------------------------
DO $$
DECLARE t text; f regprocedure;
BEGIN
    FOREACH t IN ARRAY ARRAY['figure', 'figure_cell', 'figure_limit', 'figure_month', 'figure_mark'] LOOP
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
        'referral.counted_for(text)', 'referral.mark_hand_offs()', 'referral.mark_clocks()', 'referral.mark_referrals()']::regprocedure[] LOOP
        EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', f);
    END LOOP;
END $$;
GRANT EXECUTE ON FUNCTION referral.span_of(timestamptz, timestamptz, timestamptz, timestamptz, boolean, boolean), referral.oversees() TO referral_app, referral_effector;
GRANT EXECUTE ON FUNCTION referral.second_of(timestamptz), referral.counted_for(text) TO referral_effector;
