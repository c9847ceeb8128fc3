-- Who serves a mandate at a place on a day: one row per ask, in the order of the asks.
--
-- asks: [{"mandate": "POLICE_FED", "jurisdiction": "AR-N", "excluding": ["GNA"], "national": false}, …]
-- Order of the look-up: the place itself; outwards, at each step the groups that contain it, then
-- its parent; the declared fall-backs for that mandate, nearest first; the country's
-- NATIONAL_FALL_BACK, flagged no_agency. An excluded agency takes everything below it along, and is
-- no fall-back either. A place nobody has listed is answered as its country.
CREATE FUNCTION agencies.serving(asks jsonb, on_day date)
RETURNS TABLE (
    ask integer, via text, no_agency boolean, unit_id uuid, unit_name text, agency_id uuid,
    agency_key text, agency_name text, agency_type text, level text, confidential boolean,
    time_zone text, alternates jsonb
)
LANGUAGE sql STABLE SECURITY INVOKER ROWS 4 AS $$
WITH asked AS (
    SELECT given.n::integer AS n, given.ask ->> 'mandate' AS mandate,
           left(given.ask ->> 'jurisdiction', 2) AS country,
           CASE WHEN (given.ask ->> 'national')::boolean THEN NULL
                ELSE given.ask ->> 'jurisdiction' END AS place,
           given.ask -> 'excluding' AS excluding
      FROM jsonb_array_elements(asks) WITH ORDINALITY AS given (ask, n)
),
answered AS (
    SELECT asked.n, found.charged IS NULL AS no_agency,
           coalesce(found.charged, found.last_resort) AS refs
      FROM asked
     CROSS JOIN LATERAL (
        WITH RECURSIVE
        climb AS (
            SELECT coalesce((SELECT place.code FROM agencies.jurisdiction place
                              WHERE place.code = asked.place), asked.country) AS code,
                   0 AS steps
             UNION ALL
            SELECT here.parent, climb.steps + 1
              FROM climb JOIN agencies.jurisdiction here ON here.code = climb.code
             WHERE here.parent IS NOT NULL AND climb.steps < 9
        ),
        scope AS (
            SELECT climb.code, asked.mandate, 2 * climb.steps AS distance,
                   CASE climb.steps WHEN 0 THEN 'direct' ELSE 'ancestor' END AS via
              FROM climb
             UNION ALL
            SELECT wider.group_code, asked.mandate, 2 * climb.steps + 1, 'group'
              FROM climb JOIN agencies.grouping wider ON wider.member_code = climb.code
             UNION ALL
            SELECT asked.country, 'NATIONAL_FALL_BACK', 0, 'national_fall_back'
        ),
        candidate AS (
            SELECT DISTINCT ON (held.unit_id)      -- a unit stands in line once, at its best place
                   held.unit_id, held.agency_id, held.priority, scope.distance,
                   CASE WHEN scope.via = 'national_fall_back' THEN 2
                        ELSE held.fall_back::integer END AS tier,
                   CASE WHEN held.fall_back THEN 'declared_fall_back' ELSE scope.via END AS via
              FROM scope
             -- OFFSET 0: one index walk per place, whatever the planner believes of the numbers.
             CROSS JOIN LATERAL (
                 SELECT m.unit_id, m.agency_id, m.priority, m.fall_back
                   FROM agencies.mandate m
                  WHERE m.mandate = scope.mandate AND m.jurisdiction = scope.code
                    AND m.valid_from <= on_day AND (m.valid_until IS NULL OR on_day < m.valid_until)
                 OFFSET 0) AS held
             ORDER BY held.unit_id, tier, scope.distance, held.priority
        ),
        line AS (
            SELECT c.tier, c.distance, c.priority, a.key, jsonb_build_object(
                       'via', c.via, 'unit_id', u.id, 'unit_name', u.name, 'agency_id', a.id,
                       'agency_key', a.key, 'agency_name', a.name, 'agency_type', a.type,
                       'level', a.level, 'confidential', a.confidential,
                       'time_zone', u.time_zone) AS ref
              FROM candidate c
             CROSS JOIN LATERAL (
                 SELECT * FROM agencies.agency WHERE agency.id = c.agency_id OFFSET 0) AS a
             CROSS JOIN LATERAL (
                 SELECT * FROM agencies.unit WHERE unit.id = c.unit_id OFFSET 0) AS u
             WHERE a.valid_from <= on_day AND (a.valid_until IS NULL OR on_day < a.valid_until)
               AND (coalesce(asked.excluding, '[]') = '[]' OR NOT EXISTS (
                   WITH RECURSIVE above AS (
                       SELECT a.key, a.parent_id
                        UNION
                       SELECT upper.key, upper.parent_id
                         FROM above JOIN agencies.agency upper ON upper.id = above.parent_id
                   )
                   SELECT 1 FROM above WHERE asked.excluding ? above.key))
        )
        SELECT jsonb_agg(line.ref ORDER BY line.tier, line.distance, line.priority, line.key)
                   FILTER (WHERE line.tier < 2) AS charged,
               jsonb_agg(line.ref ORDER BY line.priority, line.key)
                   FILTER (WHERE line.tier = 2) AS last_resort
          FROM line
     ) AS found
)
SELECT n, coalesce(refs -> 0 ->> 'via', 'national_fall_back'), answered.no_agency,
       (refs -> 0 ->> 'unit_id')::uuid, refs -> 0 ->> 'unit_name',
       (refs -> 0 ->> 'agency_id')::uuid, refs -> 0 ->> 'agency_key', refs -> 0 ->> 'agency_name',
       refs -> 0 ->> 'agency_type', refs -> 0 ->> 'level', (refs -> 0 ->> 'confidential')::boolean,
       refs -> 0 ->> 'time_zone', coalesce(refs - 0, '[]')
  FROM answered
 ORDER BY n
$$;
REVOKE EXECUTE ON FUNCTION agencies.serving(jsonb, date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION agencies.serving(jsonb, date)
    TO referral_app, referral_worker, referral_effector;

-- The mandates a unit holds at a place: there, through a group, or from above. Being somebody's
-- declared fall-back is not holding the mandate, and nobody holds NATIONAL_FALL_BACK as a task.
CREATE FUNCTION agencies.held_mandates(unit uuid, place text, on_day date) RETURNS text[]
LANGUAGE sql STABLE SECURITY INVOKER AS $$
WITH RECURSIVE climb AS (
    SELECT here.code, here.parent FROM agencies.jurisdiction here WHERE here.code = place
     UNION ALL
    SELECT upper.code, upper.parent
      FROM climb JOIN agencies.jurisdiction upper ON upper.code = climb.parent
),
scope AS (
    SELECT climb.code FROM climb
     UNION
    SELECT wider.group_code FROM climb JOIN agencies.grouping wider ON wider.member_code = climb.code
)
SELECT coalesce(array_agg(DISTINCT held.mandate), '{}')
  FROM agencies.mandate held
 WHERE held.unit_id = unit AND held.jurisdiction IN (SELECT scope.code FROM scope)
   AND NOT held.fall_back AND held.mandate <> 'NATIONAL_FALL_BACK'
   AND held.valid_from <= on_day AND (held.valid_until IS NULL OR on_day < held.valid_until)
$$;
REVOKE EXECUTE ON FUNCTION agencies.held_mandates(uuid, text, date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION agencies.held_mandates(uuid, text, date)
    TO referral_app, referral_worker, referral_effector;

-- May this unit be asked for this mandate at this place at all: it is charged with it there, through a
-- group or from above, as a fall-back too, or it is the country's last resort. The second lock behind
-- `serving`: whatever the caller's code believes, nothing is sent past the directory. On any day it then
-- is somewhere (UTC-12 to UTC+14): which of them is the country's own, the first lock knows.
CREATE FUNCTION agencies.may_be_asked(unit uuid, wanted text, place text, at timestamptz) RETURNS boolean
LANGUAGE sql STABLE SECURITY INVOKER AS $$
WITH RECURSIVE climb AS (
    SELECT here.code, here.parent FROM agencies.jurisdiction here WHERE here.code = place
     UNION ALL
    SELECT upper.code, upper.parent
      FROM climb JOIN agencies.jurisdiction upper ON upper.code = climb.parent
)
SELECT EXISTS (
    SELECT FROM agencies.mandate held
     WHERE held.unit_id = unit AND held.mandate IN (wanted, 'NATIONAL_FALL_BACK')
       AND (held.jurisdiction IN (SELECT climb.code FROM climb) OR held.jurisdiction IN (
           SELECT wider.group_code FROM climb JOIN agencies.grouping wider ON wider.member_code = climb.code))
       AND held.valid_from <= (at AT TIME ZONE 'UTC' + interval '14 hours')::date
       AND (held.valid_until IS NULL OR (at AT TIME ZONE 'UTC' - interval '12 hours')::date < held.valid_until))
$$;
REVOKE EXECUTE ON FUNCTION agencies.may_be_asked(uuid, text, text, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION agencies.may_be_asked(uuid, text, text, timestamptz) TO referral_effector;
