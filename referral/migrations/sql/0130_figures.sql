-- Statistics. What was asked for in one month of the country's calendar is put together into cells,
-- each with every single time in it, so that nothing is lost (referral/figures/cells.py says how they
-- are packed). A closed month is kept; whoever changes something of it leaves a mark in the same
-- transaction, and the clockwork makes that month again, whole. A month that is not kept is read from its
-- index, by the very function that makes the others.

-- The first and the next midnight of a month are a matter of the country's zone, so they stand here.
CREATE TABLE referral.figure_month (
    country   text NOT NULL,
    month     date NOT NULL,
    begins_at timestamptz NOT NULL,
    ends_at   timestamptz NOT NULL,
    rolled_at timestamptz NOT NULL,
    waiting   integer NOT NULL,                    -- hand-offs still open: their times go on
    PRIMARY KEY (country, month)
);
CREATE TABLE referral.figure_mark (
    country text NOT NULL,
    at      timestamptz NOT NULL                   -- when what has changed was asked for
);
CREATE TABLE referral.figure_cell (
    country      text NOT NULL,
    month        date NOT NULL,
    agency_id    uuid NOT NULL,
    jurisdiction text NOT NULL,
    track        text NOT NULL,
    step         text NOT NULL,
    version      text NOT NULL,
    counts       integer[] NOT NULL,
    spans        bytea NOT NULL,
    opened       bytea NOT NULL
);
CREATE INDEX ON referral.figure_cell (country, month, agency_id);
CREATE TABLE referral.figure_limit (
    country      text NOT NULL,
    month        date NOT NULL,
    agency_id    uuid,                             -- NULL: of the referral, whoever holds it
    jurisdiction text NOT NULL,
    track        text NOT NULL,
    step         text NOT NULL,
    version      text NOT NULL,
    clock        text NOT NULL,
    basis        text NOT NULL,
    counts       integer[] NOT NULL,
    due          bytea NOT NULL,
    overruns     bytea NOT NULL
);
CREATE INDEX ON referral.figure_limit (country, month, agency_id);
-- Estimates of a closed month by the cuts people ask for: made from its cells, never anything else.
CREATE TABLE referral.figure (
    country      text NOT NULL,
    month        date NOT NULL,
    cut          text NOT NULL,
    agency_id    uuid,
    jurisdiction text,
    track        text,
    step         text,
    version      text,
    counts       integer[] NOT NULL,
    tallies      integer[] NOT NULL,
    estimates    float8[] NOT NULL,
    legal        integer[] NOT NULL,
    proposed     integer[] NOT NULL,
    UNIQUE NULLS NOT DISTINCT (country, cut, month, agency_id, jurisdiction, track, step, version)
);
CREATE INDEX ON referral.figure (country, cut, agency_id, month);
CREATE INDEX ON referral.figure (country, month);
-- What a unit sent or received in a closed month and everybody who supervises it may open, by track, and
-- by agency asked and track: so that two years of it are put together from a few rows. Whatever somebody may be kept out of (a seal, a
-- named exclusion, a part that runs out) is in no cell and is counted when she asks; a month of which
-- anything changed since, rights included, is counted anew until it is made again.
CREATE TABLE referral.figure_unit_month (
    country   text NOT NULL,
    unit_id   uuid NOT NULL,
    month     date NOT NULL,
    begins_at timestamptz NOT NULL,
    ends_at   timestamptz NOT NULL,
    rolled_at timestamptz NOT NULL,
    PRIMARY KEY (country, unit_id, month)
);
CREATE TABLE referral.figure_unit_mark (
    country text NOT NULL,
    unit_id uuid NOT NULL,
    at      timestamptz NOT NULL                   -- when what has changed was asked for
);
CREATE INDEX figure_unit_mark_of ON referral.figure_unit_mark (country, unit_id, at);
CREATE TABLE referral.figure_unit_cell (
    country text NOT NULL,
    unit_id uuid NOT NULL,
    month   date NOT NULL,
    cut     text NOT NULL,                     -- track, or agency (and track)
    agency_id uuid,                            -- NULL: by track alone
    track   text,
    counts  integer[] NOT NULL,
    spans   bytea NOT NULL,
    opened  bytea NOT NULL
);
CREATE INDEX ON referral.figure_unit_cell (country, unit_id, cut, month);
CREATE TABLE referral.figure_unit_limit (
    country  text NOT NULL,
    unit_id  uuid NOT NULL,
    month    date NOT NULL,
    cut      text NOT NULL,                     -- track, or agency (and track)
    agency_id uuid,                            -- NULL: by track alone, or of the referral
    track    text,
    basis    text NOT NULL,
    counts   integer[] NOT NULL,
    due      bytea NOT NULL,
    overruns bytea NOT NULL
);
CREATE INDEX ON referral.figure_unit_limit (country, unit_id, cut, month);
-- Bytes of times do not get smaller by compression, only slower.
ALTER TABLE referral.figure_cell ALTER spans SET STORAGE EXTERNAL, ALTER opened SET STORAGE EXTERNAL;
ALTER TABLE referral.figure_unit_cell ALTER spans SET STORAGE EXTERNAL, ALTER opened SET STORAGE EXTERNAL;
CREATE INDEX party_narrowed ON referral.party (unit_id) INCLUDE (case_id) WHERE until IS NULL AND (sealed OR barred <> '{}' OR expires_at < 'infinity');

CREATE INDEX hand_off_month ON referral.hand_off (country, requested_at, id)
    INCLUDE (receiver_agency, jurisdiction, track, step, protocol_version, kind, state, received_at, accepted_at, first_contact_at, ended_at,
        opening, attested, attestation_confirmed_at, imported, in_error);
-- When the hand-off of a limit was asked for: a limit is counted in that month, and those of a month lie in
-- their index in the order of their hand-offs. Looked up one by one they cost four times as much.
ALTER TABLE referral.clock ADD asked_at timestamptz;
CREATE FUNCTION referral.clock_asked() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    NEW.asked_at := (SELECT h.requested_at FROM referral.hand_off h WHERE h.id = NEW.hand_off_id);
    RETURN NEW;
END $$;
CREATE TRIGGER asked BEFORE INSERT ON referral.clock FOR EACH ROW EXECUTE FUNCTION referral.clock_asked();
CREATE FUNCTION referral.clocks_asked() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE referral.clock k SET asked_at = NEW.requested_at WHERE k.hand_off_id = NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER asked AFTER UPDATE OF requested_at ON referral.hand_off FOR EACH ROW WHEN (OLD.requested_at <> NEW.requested_at) EXECUTE FUNCTION referral.clocks_asked();
UPDATE referral.clock k SET asked_at = h.requested_at FROM referral.hand_off h WHERE h.id = k.hand_off_id;
CREATE INDEX clock_month ON referral.clock (country, asked_at, hand_off_id) INCLUDE (step, clock, basis, state, due_at, stopped_at) WHERE hand_off_id IS NOT NULL;
CREATE INDEX clock_of_referral ON referral.clock (country, starts_at) WHERE hand_off_id IS NULL;

-- One measure of one hand-off, packed: seconds if it happened, -1 nothing to measure, -2 open, -3 and less
-- ended otherwise; the least integer: an error (referral/figures/durations.py is the same in words).
-- ``later``: the act that cannot be without this one; ``needed``: done without having begun is an error.
CREATE FUNCTION referral.span_of(begun timestamptz, done timestamptz, later timestamptz, ended timestamptz, is_over boolean, needed boolean)
RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE
        WHEN num_nulls(begun) = 1 THEN CASE WHEN needed AND num_nonnulls(done) = 1 THEN -2147483648 ELSE -1 END
        WHEN num_nonnulls(done) = 1 THEN CASE WHEN done < begun THEN -2147483648 ELSE floor(date_part('epoch', done - begun))::integer END
        WHEN num_nonnulls(later) = 1 THEN -2147483648
        WHEN NOT is_over THEN -2
        WHEN coalesce(ended < begun, true) THEN -2147483648
        ELSE -3 - floor(date_part('epoch', ended - begun))::integer END
$$;
CREATE FUNCTION referral.second_of(moment timestamptz) RETURNS bytea LANGUAGE sql STABLE PARALLEL SAFE  -- as date_part is: or it is not inlined
    AS $$ SELECT int8send(floor(date_part('epoch', moment))::bigint) $$;

-- Which hand-offs somebody's figures are over: ``own`` those she sent or received herself, ``unit`` those of
-- her unit, both as far as she could open each of them (the predicate of knows_of); ``country`` all of it,
-- for who oversees the country (security 3.3, "Statistics") and for the clockwork, which keeps months.
CREATE FUNCTION referral.oversees() RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT num_nonnulls(referral.my_country()) = 1 AND coalesce(referral.my_role() IN ('COORDINATOR', 'STATISTICIAN', 'DATA_PROTECTION_OFFICER'), false)
$$;
CREATE FUNCTION referral.counted_for(whose text) RETURNS text LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF (whose IN ('own', 'unit', 'country')) IS NOT TRUE THEN
        RAISE EXCEPTION 'figures are over one''s own hand-offs, a unit''s or a country''s' USING ERRCODE = 'RF007';
    ELSIF whose = 'country' THEN
        RETURN format('h.country = %L AND %L::boolean', referral.my_country(), referral.oversees() OR coalesce(referral.my_role() = 'WORKER', false));
    END IF;
    -- Of its own unit's parts alone: who has none (an administrator, an auditor) counts nothing.
    RETURN format('h.country = %L AND (h.receiver_unit = %2$L OR h.sender_unit = %2$L)', referral.my_country(), referral.my_unit())
        || CASE whose WHEN 'unit' THEN '' WHEN 'own' THEN format(' AND (h.receiver_member = %1$L OR h.sender_member = %1$L)', referral.my_membership()) END
        || $q$ AND EXISTS (SELECT FROM referral.party p WHERE p.case_id = h.case_id AND referral.is_mine(p)
            AND ('G0' = ANY (p.groups) OR ('OWN' = ANY (p.groups) AND p.hand_off_id = h.id)))$q$;
END $$;

-- The hand-offs of a period in cells, by month of the zone and by what is told ``apart`` (names of columns;
-- of the others a cell has NULL). Notices ask for nothing, and what was entered in error counts nowhere.
-- ``counted``: the words for whose they are, made here and never told from outside.
CREATE FUNCTION referral.cells_of(counted text, begins timestamptz, ends timestamptz, zone text, apart text[])
RETURNS TABLE (month date, agency_id uuid, jurisdiction text, track text, step text, version text, counts integer[], spans bytea, opened bytea)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET enable_hashjoin = off SET enable_sort = off AS $$  -- in the order of indexes; groups are few
BEGIN
    RETURN QUERY EXECUTE format($q$
        WITH spanned AS (
            WITH asked AS (  -- a fence: each span is worked out once, not in every count, and by parallel workers
                SELECT h.*, h.state IN ('rejected', 'completed', 'failed', 'cancelled') AS is_over FROM referral.hand_off h
                WHERE h.requested_at >= $1 AND h.requested_at < $2 AND h.kind <> 'notice' AND h.in_error IS NOT TRUE AND %s
            )
            SELECT a.*, CASE WHEN NOT a.imported THEN a.state END AS live, NOT a.imported AND NOT a.attested AS timed, date_trunc('month', a.requested_at AT TIME ZONE $3)::date AS month,
                referral.span_of(a.requested_at, a.received_at, a.accepted_at, a.ended_at, a.is_over, true) AS m1,
                referral.span_of(a.received_at, a.accepted_at, a.first_contact_at, a.ended_at, a.is_over, true) AS m2,
                referral.span_of(a.accepted_at, a.first_contact_at, NULL, a.ended_at, a.is_over, true) AS m3,
                referral.span_of(a.first_contact_at, CASE WHEN a.state = 'completed' THEN a.ended_at END, NULL, a.ended_at, a.is_over, false) AS m4
            FROM asked a
        )
        SELECT s.month, CASE WHEN 'agency_id' = ANY ($4) THEN s.receiver_agency END, CASE WHEN 'jurisdiction' = ANY ($4) THEN s.jurisdiction END, CASE WHEN 'track' = ANY ($4) THEN s.track END,
            CASE WHEN 'step' = ANY ($4) THEN s.step END, CASE WHEN 'version' = ANY ($4) THEN s.protocol_version END, ARRAY[
                count(s.live),
                count(*) FILTER (WHERE s.live IN ('requested', 'received')),
                count(*) FILTER (WHERE s.live IN ('accepted', 'in-progress', 'on-hold')),
                count(*) FILTER (WHERE s.live = 'rejected'),
                count(*) FILTER (WHERE s.live = 'completed'),
                count(*) FILTER (WHERE s.live = 'failed'),
                count(*) FILTER (WHERE s.live = 'cancelled'),
                count(*) FILTER (WHERE NOT s.imported AND s.attested),
                count(*) FILTER (WHERE NOT s.imported AND s.attested AND s.attestation_confirmed_at IS NULL),
                count(*) FILTER (WHERE s.accepted_at IS NOT NULL AND s.live IN ('failed', 'cancelled')),
                count(*) FILTER (WHERE NOT s.imported AND s.opening > 1),
                count(*) FILTER (WHERE s.live = 'completed' AND s.first_contact_at IS NULL),
                count(*) FILTER (WHERE s.timed AND -2147483648 IN (s.m1, s.m2, s.m3, s.m4)),
                count(*) FILTER (WHERE s.imported),
                count(*) FILTER (WHERE s.timed AND s.m1 = -2147483648), count(*) FILTER (WHERE s.timed AND s.m2 = -2147483648),
                count(*) FILTER (WHERE s.timed AND s.m3 = -2147483648), count(*) FILTER (WHERE s.timed AND s.m4 = -2147483648)]::integer[],
            coalesce(string_agg(int4send(s.m1) || int4send(s.m2) || int4send(s.m3) || int4send(s.m4), ''::bytea) FILTER (WHERE s.timed), ''),
            coalesce(string_agg(CASE WHEN s.m1 = -2 THEN referral.second_of(s.requested_at) ELSE ''::bytea END || CASE WHEN s.m2 = -2 THEN referral.second_of(s.received_at) ELSE ''::bytea END
                || CASE WHEN s.m3 = -2 THEN referral.second_of(s.accepted_at) ELSE ''::bytea END || CASE WHEN s.m4 = -2 THEN referral.second_of(s.first_contact_at) ELSE ''::bytea END, ''::bytea)
                FILTER (WHERE s.timed AND NOT s.is_over), '')
        FROM spanned s GROUP BY 1, 2, 3, 4, 5, 6
    $q$, counted) USING begins, ends, zone, apart;
END $$;

-- Limits that began with the hand-offs of a period, and those of referrals as a whole that began in it:
-- begun; met; missed and stopped since; moot (the hand-off was taken back in time); paused. ``due``: of
-- those that run. Answers given in another's name keep no limit and miss none.
CREATE FUNCTION referral.limits_of(counted text, begins timestamptz, ends timestamptz, zone text, apart text[])
RETURNS TABLE (month date, agency_id uuid, jurisdiction text, track text, step text, version text, clock text, basis text, counts integer[], due bytea, overruns bytea)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET enable_hashjoin = off SET enable_sort = off SET max_parallel_workers_per_gather = 0 AS $$  -- two indexes side by side
BEGIN
    RETURN QUERY EXECUTE format($q$
        WITH begun AS (
            SELECT h.requested_at AS at, h.receiver_agency, h.jurisdiction, h.track, k.step, h.protocol_version, k.clock, k.basis, k.state, k.due_at, k.stopped_at, h.state = 'cancelled' AS back
            FROM referral.hand_off h JOIN referral.clock k ON k.hand_off_id = h.id AND k.country = h.country AND k.asked_at = h.requested_at AND k.asked_at >= $1 AND k.asked_at < $2
            WHERE h.requested_at >= $1 AND h.requested_at < $2 AND h.kind <> 'notice' AND h.in_error IS NOT TRUE AND NOT h.imported AND NOT h.attested AND %1$s
            UNION ALL
            SELECT h.starts_at, NULL, h.jurisdiction, h.track, h.step, h.protocol_version, h.clock, h.basis, h.state, h.due_at, h.stopped_at, false FROM (
                SELECT k.*, k.starts_at AS requested_at, c.place AS jurisdiction, r.track, r.protocol_version, r.holder_unit AS receiver_unit, r.holder_unit AS sender_unit, r.holder_member AS receiver_member, r.holder_member AS sender_member
                FROM referral.clock k JOIN referral.referral r ON r.id = k.referral_id JOIN referral.case c ON c.id = k.case_id
                WHERE k.hand_off_id IS NULL AND NOT c.imported AND (r.outcome IN ('ENTERED_IN_ERROR', 'MERGED')) IS NOT TRUE) h
            WHERE h.starts_at >= $1 AND h.starts_at < $2 AND %1$s
        )
        SELECT date_trunc('month', b.at AT TIME ZONE $3)::date, CASE WHEN 'agency_id' = ANY ($4) THEN b.receiver_agency END, CASE WHEN 'jurisdiction' = ANY ($4) THEN b.jurisdiction END,
            CASE WHEN 'track' = ANY ($4) THEN b.track END, CASE WHEN 'step' = ANY ($4) THEN b.step END, CASE WHEN 'version' = ANY ($4) THEN b.protocol_version END,
            CASE WHEN 'clock' = ANY ($4) THEN b.clock END, b.basis, ARRAY[
                count(*),
                count(*) FILTER (WHERE b.stopped_at <= b.due_at AND NOT b.back),
                count(*) FILTER (WHERE b.stopped_at > b.due_at),
                count(*) FILTER (WHERE b.stopped_at <= b.due_at AND b.back),
                count(*) FILTER (WHERE b.stopped_at IS NULL AND b.state = 'paused')]::integer[],
            coalesce(string_agg(referral.second_of(b.due_at), ''::bytea) FILTER (WHERE b.stopped_at IS NULL AND b.state <> 'paused'), ''),
            coalesce(string_agg(int4send(floor(date_part('epoch', b.stopped_at - b.due_at))::integer), ''::bytea) FILTER (WHERE b.stopped_at > b.due_at), '')
        FROM begun b GROUP BY 1, 2, 3, 4, 5, 6, 7, 8
    $q$, counted) USING begins, ends, zone, apart;
END $$;

-- What anybody who works on cases in a unit could open, whoever she is and whenever she asks: by one part
-- that nothing narrows. ``narrowed``: the cases of which a part of the unit's is narrowed.
CREATE FUNCTION referral.open_to_all_of(the_unit uuid) RETURNS text LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT format($q$EXISTS (SELECT FROM referral.party p WHERE p.case_id = h.case_id AND p.unit_id = %L AND p.until IS NULL
        AND p.expires_at = 'infinity' AND p.barred = '{}' AND NOT p.sealed AND ('G0' = ANY (p.groups) OR ('OWN' = ANY (p.groups) AND p.hand_off_id = h.id)))$q$, the_unit)
$$;

-- How a period is counted: the months kept of the caller's unit that are still true (of a supervisor who tells
-- nothing apart but agencies and tracks), what is narrowed in those, and the stretches between them. ``counted`` is whose
-- the stretch from ``begins`` to ``ends`` is; NULL: the cells of ``kept``. All of one moment's snapshot.
CREATE FUNCTION referral.counted_in(begins timestamptz, ends timestamptz, whose text, apart text[])
RETURNS TABLE (counted text, since timestamptz, before timestamptz, kept date[]) LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    hers CONSTANT text := referral.counted_for(whose);
    months date[]; covered tstzmultirange; narrowed uuid[];
BEGIN
    IF whose = 'unit' AND referral.my_role() = 'SUPERVISOR' AND apart <@ ARRAY['agency_id', 'track'] THEN
        SELECT array_agg(m.month), range_agg(tstzrange(m.begins_at, m.ends_at)) INTO months, covered FROM referral.figure_unit_month m
            WHERE m.country = referral.my_country() AND m.unit_id = referral.my_unit() AND m.begins_at >= begins AND m.ends_at <= ends
                AND NOT EXISTS (SELECT FROM referral.figure_unit_mark k WHERE k.country = m.country AND k.unit_id = m.unit_id AND k.at >= m.begins_at AND k.at < m.ends_at);
    END IF;
    IF months IS NOT NULL THEN
        RETURN QUERY SELECT NULL::text, begins, ends, months;
        narrowed := ARRAY(SELECT DISTINCT p.case_id FROM referral.party p WHERE referral.is_mine(p) AND (p.sealed OR p.barred <> '{}' OR p.expires_at < 'infinity'));
        IF narrowed <> '{}' THEN
            RETURN QUERY SELECT format('%s AND h.case_id = ANY (%L::uuid[]) AND %L::tstzmultirange @> h.requested_at AND NOT %s', hers, narrowed, covered, referral.open_to_all_of(referral.my_unit())), begins, ends, NULL::date[];
        END IF;
    END IF;
    RETURN QUERY SELECT hers, lower(gap), upper(gap), NULL::date[] FROM unnest(tstzmultirange(tstzrange(begins, ends)) - coalesce(covered, '{}')) gap;
END $$;

CREATE FUNCTION referral.figure_cells(begins timestamptz, ends timestamptz, zone text, whose text, apart text[])
RETURNS TABLE (month date, agency_id uuid, jurisdiction text, track text, step text, version text, counts integer[], spans bytea, opened bytea)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET max_parallel_workers_per_gather = 0 AS $$  -- workers would begin when it ends
DECLARE part record;
BEGIN
    FOR part IN SELECT * FROM referral.counted_in(begins, ends, whose, apart) LOOP
        IF part.counted IS NULL THEN
            RETURN QUERY SELECT c.month, c.agency_id, NULL::text, CASE WHEN 'track' = ANY (apart) THEN c.track END, NULL::text, NULL::text, c.counts, c.spans, c.opened
                FROM referral.figure_unit_cell c WHERE c.country = referral.my_country() AND c.unit_id = referral.my_unit() AND c.cut = CASE WHEN 'agency_id' = ANY (apart) THEN 'agency' ELSE 'track' END AND c.month = ANY (part.kept);
        ELSE
            RETURN QUERY SELECT * FROM referral.cells_of(part.counted, part.since, part.before, zone, apart);
        END IF;
    END LOOP;
END $$;
CREATE FUNCTION referral.figure_limits(begins timestamptz, ends timestamptz, zone text, whose text, apart text[])
RETURNS TABLE (month date, agency_id uuid, jurisdiction text, track text, step text, version text, clock text, basis text, counts integer[], due bytea, overruns bytea)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET max_parallel_workers_per_gather = 0 AS $$  -- workers would begin when it ends
DECLARE part record;
BEGIN
    FOR part IN SELECT * FROM referral.counted_in(begins, ends, whose, apart) LOOP
        IF part.counted IS NULL THEN
            RETURN QUERY SELECT c.month, c.agency_id, NULL::text, CASE WHEN 'track' = ANY (apart) THEN c.track END, NULL::text, NULL::text, NULL::text, c.basis, c.counts, c.due, c.overruns
                FROM referral.figure_unit_limit c WHERE c.country = referral.my_country() AND c.unit_id = referral.my_unit() AND c.cut = CASE WHEN 'agency_id' = ANY (apart) THEN 'agency' ELSE 'track' END AND c.month = ANY (part.kept);
        ELSE
            RETURN QUERY SELECT * FROM referral.limits_of(part.counted, part.since, part.before, zone, apart);
        END IF;
    END LOOP;
END $$;

-- Whether a hand-off the caller may know of missed one of its limits: whose part is over still sees her own
-- hand-off, and no longer the clock itself.
CREATE FUNCTION referral.missed_a_limit(wanted uuid, at timestamptz) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (SELECT FROM referral.clock k WHERE k.hand_off_id = wanted AND referral.knows_of(k.case_id, wanted)
        AND CASE WHEN num_nonnulls(k.stopped_at) = 1 THEN k.stopped_at > k.due_at ELSE k.state <> 'paused' AND k.due_at <= at END);
$$;
