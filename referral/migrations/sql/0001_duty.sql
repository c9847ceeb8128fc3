-- Who is there and who stands in: absences with their deputies, duty rosters. Days are those of the
-- unit; every period is half-open, like everywhere in the directory.
CREATE TABLE agencies.absence (
    id            uuid PRIMARY KEY,
    membership_id uuid NOT NULL REFERENCES agencies.membership (id),
    deputy_id     uuid REFERENCES agencies.membership (id) CHECK (deputy_id <> membership_id),
    valid_from    date NOT NULL,
    valid_until   date NOT NULL CHECK (valid_until >= valid_from),      -- equal: noted and taken back on one day
    noted_by      uuid NOT NULL REFERENCES agencies.membership (id),
    noted_at      timestamptz NOT NULL,
    EXCLUDE USING gist (membership_id WITH =, daterange(valid_from, valid_until) WITH &&)
);
CREATE INDEX ON agencies.absence (deputy_id) WHERE deputy_id IS NOT NULL;

CREATE TABLE agencies.duty (
    id            uuid PRIMARY KEY,
    unit_id       uuid NOT NULL REFERENCES agencies.unit (id),
    membership_id uuid NOT NULL REFERENCES agencies.membership (id),
    valid_from    date NOT NULL,
    valid_until   date NOT NULL CHECK (valid_until >= valid_from),
    noted_by      uuid NOT NULL REFERENCES agencies.membership (id),
    noted_at      timestamptz NOT NULL,
    EXCLUDE USING gist (membership_id WITH =, daterange(valid_from, valid_until) WITH &&)
);
CREATE INDEX ON agencies.duty (unit_id);

-- Whether somebody can be reached in this seat: she may sign in, the role is in force, she is not away.
CREATE FUNCTION agencies.present(seat uuid, at timestamptz) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
SELECT agencies.in_standing(seat, at) AND NOT EXISTS (
    SELECT 1 FROM agencies.absence x JOIN agencies.actor a ON a.membership_id = x.membership_id
     WHERE x.membership_id = seat AND x.valid_from <= (at AT TIME ZONE a.time_zone)::date
       AND (at AT TIME ZONE a.time_zone)::date < x.valid_until)
$$;

-- Who answers for what `holder` has in hand, as `me` should be told: the holder herself while she can
-- be reached; else her deputy; else whoever is on duty in her unit; else (NULL) the whole unit. Nothing
-- that waits for somebody absent or disabled waits for her alone. A deputy who is away has no deputy.
CREATE FUNCTION agencies.acting_holder(holder uuid, me uuid, at timestamptz) RETURNS uuid
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    deputy uuid;
    on_duty uuid[];
BEGIN
    IF holder IS NULL OR me IS NULL OR at IS NULL OR holder = me OR agencies.present(holder, at) THEN
        RETURN holder;
    END IF;
    SELECT x.deputy_id INTO deputy
      FROM agencies.absence x JOIN agencies.actor a ON a.membership_id = x.membership_id
     WHERE x.membership_id = holder AND x.valid_from <= (at AT TIME ZONE a.time_zone)::date
       AND (at AT TIME ZONE a.time_zone)::date < x.valid_until;
    IF deputy IS NOT NULL AND agencies.present(deputy, at) THEN
        RETURN CASE WHEN me = deputy THEN me ELSE holder END;
    END IF;
    SELECT array_agg(d.membership_id) INTO on_duty
      FROM agencies.duty d JOIN agencies.unit u ON u.id = d.unit_id
      JOIN agencies.membership gone ON gone.unit_id = d.unit_id
     WHERE gone.id = holder AND d.valid_from <= (at AT TIME ZONE u.time_zone)::date
       AND (at AT TIME ZONE u.time_zone)::date < d.valid_until AND agencies.present(d.membership_id, at);
    IF on_duty IS NULL THEN
        RETURN NULL;
    END IF;
    RETURN CASE WHEN me = ANY (on_duty) THEN me ELSE holder END;
END $$;
REVOKE EXECUTE ON FUNCTION agencies.present(uuid, timestamptz), agencies.acting_holder(uuid, uuid, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION agencies.acting_holder(uuid, uuid, timestamptz) TO referral_app, referral_effector;
GRANT SELECT ON agencies.absence, agencies.duty TO referral_app;
