-- The second lock, written by hand from security.md 3.2 and independent of the Python matrix.
-- Policies look at two things only: the actor's context (set by begin_actor, transaction-local)
-- and the party table. No context, no rows. Nothing here reads "IS NULL OR".

CREATE FUNCTION referral.my_country() RETURNS text LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT nullif(current_setting('referral.country', true), '') $$;
CREATE FUNCTION referral.my_unit() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT nullif(current_setting('referral.unit', true), '')::uuid $$;
CREATE FUNCTION referral.my_agency() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT nullif(current_setting('referral.agency', true), '')::uuid $$;
CREATE FUNCTION referral.my_membership() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT nullif(current_setting('referral.membership', true), '')::uuid $$;
CREATE FUNCTION referral.my_role() RETURNS text LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT nullif(current_setting('referral.role', true), '') $$;
CREATE FUNCTION referral.my_member() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT nullif(current_setting('referral.member', true), '')::uuid $$;
CREATE FUNCTION referral.my_proof() RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT nullif(current_setting('referral.proven', true), '')::timestamptz $$;
CREATE FUNCTION referral.my_moment() RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT nullif(current_setting('referral.at', true), '')::timestamptz $$;

-- Is this part in a case the caller's, now: her unit's, not over, not run out, and neither a named
-- exclusion nor a seal keeps her from it. Whatever acts past the policies (all that is the effector's)
-- asks this and nothing shorter; the policy of party says the same once more. It is inlined.
CREATE FUNCTION referral.is_mine(p referral.party) RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT p.unit_id = referral.my_unit() AND p.until IS NULL AND p.expires_at > referral.my_moment()
        AND referral.my_role() IN ('OFFICER', 'SUPERVISOR')
        AND NOT (referral.my_member() = ANY (p.barred)) AND NOT (referral.my_agency() = ANY (p.barred))
        AND (NOT p.sealed OR referral.my_member() = ANY (p.named))
$$;

GRANT USAGE ON SCHEMA referral TO referral_app, referral_effector, referral_worker, referral_auditor_ro;
GRANT USAGE ON SCHEMA vault TO referral_effector;
GRANT USAGE ON SCHEMA agencies TO referral_effector, referral_worker;
GRANT SELECT ON agencies.mandate, agencies.unit, agencies.agency, agencies.membership TO referral_effector;

-- Enabled and forced everywhere: an owner without FORCE would walk past every policy.
DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['case','household','person','case_facts','workplace','screening','person_identity',
        'person_safety','person_narrative','reporter','referral','hand_off','clock','event','note','docket','party','exclusion','seal','stream_head',
        'audit_entry','audit_body','outbox','idempotency'] LOOP
        EXECUTE format('ALTER TABLE referral.%I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE referral.%I FORCE ROW LEVEL SECURITY', t);
    END LOOP;
END $$;
ALTER TABLE vault.data_key ENABLE ROW LEVEL SECURITY;
ALTER TABLE vault.data_key FORCE ROW LEVEL SECURITY;

-- Who may look at all: people who work on cases. Administrators, auditors and statisticians never do.
GRANT SELECT ON referral.party TO referral_app;
CREATE POLICY read ON referral.party FOR SELECT TO referral_app USING (
    unit_id = (SELECT referral.my_unit()) AND until IS NULL AND expires_at > (SELECT referral.my_moment())
    AND (SELECT referral.my_role()) IN ('OFFICER', 'SUPERVISOR')
    AND NOT ((SELECT referral.my_member()) = ANY (barred)) AND NOT ((SELECT referral.my_agency()) = ANY (barred))
    AND (NOT sealed OR (SELECT referral.my_member()) = ANY (named)));

-- G0. OWN: whose part in the case is over sees her own hand-off and its envelope, nothing that
-- came after (a force that declined for a conflict of interest must not learn who has the child now).
GRANT SELECT ON referral.case, referral.person, referral.household, referral.referral, referral.hand_off,
    referral.clock, referral.event TO referral_app;
CREATE POLICY read ON referral.case FOR SELECT TO referral_app USING (
    country = (SELECT referral.my_country())
    AND EXISTS (SELECT FROM referral.party p WHERE p.case_id = "case".id AND p.unit_id = (SELECT referral.my_unit()) AND p.until IS NULL AND ('G0' = ANY (p.groups) OR 'OWN' = ANY (p.groups))));
CREATE POLICY read ON referral.person FOR SELECT TO referral_app USING (
    country = (SELECT referral.my_country())
    AND EXISTS (SELECT FROM referral.party p WHERE p.case_id = person.case_id AND p.unit_id = (SELECT referral.my_unit()) AND p.until IS NULL AND ('G0' = ANY (p.groups) OR 'OWN' = ANY (p.groups))));
CREATE POLICY read ON referral.household FOR SELECT TO referral_app USING (
    country = (SELECT referral.my_country())
    AND EXISTS (SELECT FROM referral.party p WHERE p.case_id = household.case_id AND p.unit_id = (SELECT referral.my_unit()) AND p.until IS NULL AND 'G1' = ANY (p.groups)));
CREATE POLICY read ON referral.referral FOR SELECT TO referral_app USING (
    country = (SELECT referral.my_country())
    AND EXISTS (SELECT FROM referral.party p WHERE p.case_id = referral.case_id AND p.unit_id = (SELECT referral.my_unit()) AND p.until IS NULL AND 'G0' = ANY (p.groups)));
CREATE POLICY read ON referral.hand_off FOR SELECT TO referral_app USING (
    country = (SELECT referral.my_country())
    AND EXISTS (SELECT FROM referral.party p WHERE p.case_id = hand_off.case_id AND p.unit_id = (SELECT referral.my_unit()) AND p.until IS NULL AND ('G0' = ANY (p.groups) OR ('OWN' = ANY (p.groups) AND p.hand_off_id = hand_off.id))));
CREATE POLICY read ON referral.clock FOR SELECT TO referral_app USING (
    country = (SELECT referral.my_country())
    AND EXISTS (SELECT FROM referral.party p WHERE p.case_id = clock.case_id AND p.unit_id = (SELECT referral.my_unit()) AND p.until IS NULL AND 'G0' = ANY (p.groups)));
CREATE POLICY read ON referral.event FOR SELECT TO referral_app USING (
    country = (SELECT referral.my_country())
    AND EXISTS (SELECT FROM referral.party p WHERE p.case_id = event.case_id AND p.unit_id = (SELECT referral.my_unit()) AND p.until IS NULL AND 'G0' = ANY (p.groups)));

-- G1
GRANT SELECT ON referral.case_facts, referral.workplace, referral.screening TO referral_app;
CREATE POLICY read ON referral.case_facts FOR SELECT TO referral_app USING (
    country = (SELECT referral.my_country())
    AND EXISTS (SELECT FROM referral.party p WHERE p.case_id = case_facts.case_id AND p.unit_id = (SELECT referral.my_unit()) AND p.until IS NULL AND 'G1' = ANY (p.groups)));
-- A workplace is names and places: not before the unit has a part in the work.
CREATE POLICY read ON referral.workplace FOR SELECT TO referral_app USING (
    country = (SELECT referral.my_country())
    AND EXISTS (SELECT FROM referral.party p WHERE p.case_id = workplace.case_id AND p.unit_id = (SELECT referral.my_unit()) AND p.until IS NULL
        AND 'G1' = ANY (p.groups) AND p.relationship <> 'pending'));
CREATE POLICY read ON referral.screening FOR SELECT TO referral_app USING (
    country = (SELECT referral.my_country())
    AND EXISTS (SELECT FROM referral.party p WHERE p.case_id = screening.case_id AND p.unit_id = (SELECT referral.my_unit()) AND p.until IS NULL AND 'G1' = ANY (p.groups)));

-- Where she is now, and who reported it, are not for everybody at the desk that holds the person: for who
-- is in charge there (or stands in), and the supervisor. In a unit that does not hold, for the unit.
CREATE FUNCTION referral.in_charge(holder_unit uuid, holder_member uuid) RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT holder_unit <> referral.my_unit() OR referral.my_role() = 'SUPERVISOR' OR coalesce(
        agencies.acting_holder(holder_member, referral.my_membership(), referral.my_moment()), referral.my_membership()) = referral.my_membership()
$$;

-- G2, G3 and the facts of G4 belong to one person: only parties to a referral of *that* person.
GRANT SELECT ON referral.person_identity, referral.person_safety, referral.person_narrative TO referral_app;
CREATE POLICY read ON referral.person_narrative FOR SELECT TO referral_app USING (
    country = (SELECT referral.my_country())
    AND EXISTS (SELECT FROM referral.party p JOIN referral.referral r ON r.id = p.referral_id
        WHERE p.case_id = person_narrative.case_id AND r.person_id = person_narrative.person_id
        AND p.unit_id = (SELECT referral.my_unit()) AND p.until IS NULL AND 'G4' = ANY (p.groups)));
CREATE POLICY read ON referral.person_identity FOR SELECT TO referral_app USING (
    country = (SELECT referral.my_country())
    AND EXISTS (SELECT FROM referral.party p JOIN referral.referral r ON r.id = p.referral_id
        WHERE p.case_id = person_identity.case_id AND r.person_id = person_identity.person_id
        AND p.unit_id = (SELECT referral.my_unit()) AND p.until IS NULL AND 'G2' = ANY (p.groups)));
CREATE POLICY read ON referral.person_safety FOR SELECT TO referral_app USING (
    country = (SELECT referral.my_country())
    AND EXISTS (SELECT FROM referral.party p JOIN referral.referral r ON r.id = p.referral_id
        WHERE p.case_id = person_safety.case_id AND r.person_id = person_safety.person_id
        AND p.unit_id = (SELECT referral.my_unit()) AND p.until IS NULL AND 'G3' = ANY (p.groups)
        AND (p.relationship = 'break_glass' OR referral.in_charge(r.holder_unit, r.holder_member))));

-- G4: the case's narrative to those it travelled to; a hand-off's note to its two parties only.
GRANT SELECT ON referral.note TO referral_app;
CREATE POLICY read_case_note ON referral.note FOR SELECT TO referral_app USING (
    country = (SELECT referral.my_country()) AND kind IN ('note', 'narrative', 'attestation', 'reason')
    AND EXISTS (SELECT FROM referral.party p WHERE p.case_id = note.case_id AND p.unit_id = (SELECT referral.my_unit()) AND p.until IS NULL AND 'G4' = ANY (p.groups)));
CREATE POLICY read_answer ON referral.note FOR SELECT TO referral_app USING (
    country = (SELECT referral.my_country()) AND kind IN ('decline', 'feedback')
    AND EXISTS (SELECT FROM referral.hand_off h WHERE h.id = note.hand_off_id
        AND (h.sender_unit = (SELECT referral.my_unit()) OR h.receiver_unit = (SELECT referral.my_unit()))));

-- G5: the agency that took the report, and nobody else (ILO Convention 81, article 15 (c)).
GRANT SELECT ON referral.reporter TO referral_app;
CREATE POLICY read ON referral.reporter FOR SELECT TO referral_app USING (
    country = (SELECT referral.my_country()) AND agency_id = (SELECT referral.my_agency())
    AND EXISTS (SELECT FROM referral.party p JOIN referral.referral r ON r.id = p.referral_id
        WHERE p.case_id = reporter.case_id AND p.unit_id = (SELECT referral.my_unit()) AND p.until IS NULL AND 'G5' = ANY (p.groups)
        AND p.relationship <> 'break_glass' AND referral.in_charge(r.holder_unit, r.holder_member)));

-- Docket numbers are found by their own agency: by its people with a part in the case, not by whoever
-- administers its accounts (a number beside a case's id says which file is about which child).
GRANT SELECT ON referral.docket TO referral_app;
CREATE POLICY read ON referral.docket FOR SELECT TO referral_app USING (
    country = (SELECT referral.my_country()) AND agency_id = (SELECT referral.my_agency())
    AND (SELECT referral.my_role()) IN ('OFFICER', 'SUPERVISOR')
    AND EXISTS (SELECT FROM referral.party p WHERE p.case_id = docket.case_id AND p.unit_id = (SELECT referral.my_unit()) AND p.until IS NULL));

-- Who is kept out, and who is on the seal, the holder's unit knows: it decides about it.
GRANT SELECT ON referral.exclusion, referral.seal TO referral_app;
CREATE POLICY read ON referral.exclusion FOR SELECT TO referral_app USING (
    country = (SELECT referral.my_country())
    AND EXISTS (SELECT FROM referral.party p WHERE p.case_id = exclusion.case_id AND p.unit_id = (SELECT referral.my_unit()) AND p.until IS NULL AND p.relationship = 'holder'));
CREATE POLICY read ON referral.seal FOR SELECT TO referral_app USING (
    country = (SELECT referral.my_country())
    AND EXISTS (SELECT FROM referral.party p WHERE p.case_id = seal.case_id AND p.unit_id = (SELECT referral.my_unit()) AND p.until IS NULL AND p.relationship = 'holder'));

-- Every part of a case is narrowed as the case is. Who is only asked reads no name and no place, so the
-- seal waits until she accepts, and then she is on it: a child must not be stranded by it.
CREATE FUNCTION referral.narrow_party() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE on_seal uuid[];
BEGIN
    NEW.barred := ARRAY(SELECT x.excluded FROM referral.exclusion x WHERE x.case_id = NEW.case_id AND x.lifted_at IS NULL ORDER BY x.excluded);
    SELECT s.named INTO on_seal FROM referral.seal s WHERE s.case_id = NEW.case_id AND s.lifted_at IS NULL;
    IF NEW.relationship = 'pending' OR on_seal IS NULL THEN
        RETURN NEW;
    END IF;
    IF NEW.relationship = 'break_glass' THEN
        NEW.named := ARRAY(SELECT n FROM unnest(NEW.named) n WHERE n = ANY (on_seal));
    ELSE
        IF NEW.relationship IN ('holder', 'participant') AND NEW.unit_id = referral.my_unit() AND referral.my_member() <> ALL (on_seal) THEN
            on_seal := on_seal || referral.my_member();
            UPDATE referral.seal s SET named = on_seal WHERE s.case_id = NEW.case_id;
        END IF;
        NEW.named := on_seal;
    END IF;
    NEW.sealed := true;
    RETURN NEW;
END $$;
CREATE TRIGGER narrow BEFORE INSERT OR UPDATE OF relationship ON referral.party FOR EACH ROW EXECUTE FUNCTION referral.narrow_party();

-- Notices to one's own unit (a coordinator is told too), and one's own stored answers.
-- Not of a case she or her agency is kept out of: a notice would say that it goes on.
CREATE FUNCTION referral.kept_out(the_case uuid) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (SELECT FROM referral.exclusion x WHERE x.case_id = the_case AND x.lifted_at IS NULL AND x.excluded IN (referral.my_member(), referral.my_agency()));
$$;
GRANT SELECT ON referral.outbox TO referral_app;
CREATE POLICY read ON referral.outbox FOR SELECT TO referral_app USING (
    country = (SELECT referral.my_country()) AND to_unit = (SELECT referral.my_unit())
    AND coalesce(to_member, (SELECT referral.my_membership())) = (SELECT referral.my_membership())
    AND (SELECT referral.my_role()) IN ('OFFICER', 'SUPERVISOR', 'COORDINATOR', 'DATA_PROTECTION_OFFICER')
    AND NOT referral.kept_out(case_id));
GRANT SELECT ON referral.idempotency TO referral_app;
CREATE POLICY read ON referral.idempotency FOR SELECT TO referral_app USING (
    membership_id = (SELECT referral.my_membership()));

-- The log: headers to auditors and data-protection officers of the country, to parties for their
-- case's stream, to everybody for her own stream. Bodies to nobody but through the rooms.
GRANT SELECT ON referral.audit_entry, referral.stream_head TO referral_app;
CREATE POLICY read_own_country ON referral.audit_entry FOR SELECT TO referral_app USING (
    country = (SELECT referral.my_country()) AND (SELECT referral.my_role()) IN ('AUDITOR', 'DATA_PROTECTION_OFFICER'));
CREATE POLICY read_stream ON referral.audit_entry FOR SELECT TO referral_app USING (
    EXISTS (SELECT FROM referral.stream_head s WHERE s.stream_id = audit_entry.stream_id));
CREATE POLICY read_own_country ON referral.stream_head FOR SELECT TO referral_app USING (
    country = (SELECT referral.my_country()) AND (SELECT referral.my_role()) IN ('AUDITOR', 'DATA_PROTECTION_OFFICER'));
CREATE POLICY read_case ON referral.stream_head FOR SELECT TO referral_app USING (
    kind = 'case' AND country = (SELECT referral.my_country())
    AND EXISTS (SELECT FROM referral.party p WHERE p.case_id = stream_head.subject AND p.unit_id = (SELECT referral.my_unit()) AND p.until IS NULL AND 'G0' = ANY (p.groups)));
CREATE POLICY read_member ON referral.stream_head FOR SELECT TO referral_app USING (
    kind = 'member' AND subject = (SELECT referral.my_membership()));

-- The verifier reads headers and of the effects only what it compares, of all countries, and no
-- G1-G5: column by column, because screening results, reasons, places and outcomes are none of its
-- business. Parties too: a row put there by hand would open a case to somebody.
GRANT SELECT ON referral.audit_entry, referral.stream_head TO referral_auditor_ro;
GRANT SELECT (id, country, version, filed_by_unit, duplicate_of, erased_at) ON referral.case TO referral_auditor_ro;
GRANT SELECT (id, case_id, country, erased_at) ON referral.person TO referral_auditor_ro;
CREATE POLICY verify ON referral.person FOR SELECT TO referral_auditor_ro USING (true);
GRANT SELECT (id, case_id, person_id, country, state, version, holder_unit, custody) ON referral.referral TO referral_auditor_ro;
GRANT SELECT (id, case_id, referral_id, country, kind, state, version, imported, no_agency, sender_unit, receiver_unit, travels) ON referral.hand_off TO referral_auditor_ro;
GRANT SELECT (id, case_id, country) ON referral.event TO referral_auditor_ro;
GRANT SELECT (id, case_id, country, kind) ON referral.note TO referral_auditor_ro;
GRANT SELECT ON referral.party TO referral_auditor_ro;
GRANT SELECT (id, case_id, country, excluded, lifted_at) ON referral.exclusion TO referral_auditor_ro;
CREATE POLICY verify ON referral.exclusion FOR SELECT TO referral_auditor_ro USING (true);
CREATE POLICY verify ON referral.note FOR SELECT TO referral_auditor_ro USING (true);
CREATE POLICY verify ON referral.party FOR SELECT TO referral_auditor_ro USING (true);
CREATE POLICY verify ON referral.audit_entry FOR SELECT TO referral_auditor_ro USING (true);
CREATE POLICY verify ON referral.stream_head FOR SELECT TO referral_auditor_ro USING (true);
CREATE POLICY verify ON referral.case FOR SELECT TO referral_auditor_ro USING (true);
CREATE POLICY verify ON referral.referral FOR SELECT TO referral_auditor_ro USING (true);
CREATE POLICY verify ON referral.event FOR SELECT TO referral_auditor_ro USING (true);
CREATE POLICY verify ON referral.hand_off FOR SELECT TO referral_auditor_ro USING (true);
GRANT SELECT ON referral.audit_body TO referral_auditor_ro;  -- ciphertext; it holds no key
CREATE POLICY verify ON referral.audit_body FOR SELECT TO referral_auditor_ro USING (true);

-- The worker sees which clocks are due, in whichever country, and nothing else of a case.
GRANT SELECT ON referral.clock TO referral_worker;
CREATE POLICY due ON referral.clock FOR SELECT TO referral_worker USING (true);

-- The effector carries decisions out, one country at a time. It may extend the log, never change it.
DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['case','person','case_facts','workplace','screening','person_identity',
        'person_safety','person_narrative','reporter','referral','hand_off','clock','party','exclusion','seal','stream_head'] LOOP
        EXECUTE format('GRANT SELECT, INSERT, UPDATE ON referral.%I TO referral_effector', t);
    END LOOP;
    FOREACH t IN ARRAY ARRAY['household','event','note','docket','audit_entry','audit_body','outbox','idempotency'] LOOP
        EXECUTE format('GRANT SELECT, INSERT ON referral.%I TO referral_effector', t);
    END LOOP;
    FOREACH t IN ARRAY ARRAY['case','household','person','case_facts','workplace','screening','person_identity',
        'person_safety','person_narrative','reporter','referral','hand_off','clock','event','note','docket','party','exclusion','seal','stream_head',
        'audit_entry','audit_body','outbox','idempotency'] LOOP
        EXECUTE format('CREATE POLICY carry_out ON referral.%I TO referral_effector USING (country = (SELECT referral.my_country())) WITH CHECK (country = (SELECT referral.my_country()))', t);
    END LOOP;
END $$;
GRANT UPDATE ON referral.docket TO referral_effector;
GRANT SELECT, INSERT ON vault.data_key TO referral_effector;
-- Who deploys wraps data keys anew under the next root key, of all countries; nothing else of a row changes.
GRANT USAGE ON SCHEMA vault TO referral_migrator;
GRANT SELECT (subject, kind, version, wrapped), UPDATE (wrapped) ON vault.data_key TO referral_migrator;
CREATE POLICY rewrap_read ON vault.data_key FOR SELECT TO referral_migrator USING (true);
CREATE POLICY rewrap ON vault.data_key FOR UPDATE TO referral_migrator USING (true) WITH CHECK (true);
CREATE POLICY carry_out ON vault.data_key TO referral_effector
    USING (country = (SELECT referral.my_country())) WITH CHECK (country = (SELECT referral.my_country()));

-- Guard rails: the log cannot be changed even by its owner without first taking these off.
CREATE FUNCTION referral.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit log is append-only: % on % refused', TG_OP, TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON referral.audit_entry FOR EACH ROW EXECUTE FUNCTION referral.refuse_change();
CREATE TRIGGER append_only_whole BEFORE TRUNCATE ON referral.audit_entry FOR EACH STATEMENT EXECUTE FUNCTION referral.refuse_change();
CREATE TRIGGER append_only_whole BEFORE TRUNCATE ON referral.audit_body FOR EACH STATEMENT EXECUTE FUNCTION referral.refuse_change();
