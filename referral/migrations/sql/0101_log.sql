-- The tree over the log (RFC 9162), who signs it, and who countersigns. Everything here can be made
-- again from the entries; what cannot be made again are the signatures, which others hold too. Sizes,
-- roots and signatures say nothing of anybody: there is no row here that somebody may not see, so
-- the schema is guarded by grants alone.

-- One life of the tree. The first begins with the installation; each later one with an entry that
-- names the last checkpoint of the one before (a new key, a restore that lost entries).
CREATE TABLE log.epoch (
    epoch     integer PRIMARY KEY,
    origin    text NOT NULL UNIQUE,                -- first line of its checkpoints (C2SP tlog-checkpoint)
    entry_id  uuid UNIQUE REFERENCES referral.audit_entry (id),  -- entry 0; the first epoch has none of the kind
    signer    text NOT NULL,                       -- verifier key of who signs (C2SP signed-note)
    opened_at timestamptz NOT NULL
);

CREATE TABLE log.position (                        -- an entry's place in the tree
    epoch    integer NOT NULL,
    position bigint NOT NULL,
    entry_id uuid NOT NULL UNIQUE REFERENCES referral.audit_entry (id),
    PRIMARY KEY (epoch, position)
);

-- 256 hashes of one level of the tree, or as many as there are (C2SP tlog-tiles): level 0 are leaves,
-- each next level the roots of full tiles. Only the last tile of a level grows.
CREATE TABLE log.tile (
    epoch  integer NOT NULL,
    level  smallint NOT NULL,
    number bigint NOT NULL,
    hashes bytea NOT NULL CHECK (octet_length(hashes) % 32 = 0 AND octet_length(hashes) BETWEEN 32 AND 8192),
    PRIMARY KEY (epoch, level, number)
);

CREATE TABLE log.checkpoint (
    epoch     integer NOT NULL REFERENCES log.epoch (epoch),
    size      bigint NOT NULL,
    root      bytea NOT NULL CHECK (octet_length(root) = 32),
    note      text NOT NULL,                       -- the signed note, without cosignatures
    signed_at timestamptz NOT NULL,                -- first signed
    seen_at   timestamptz NOT NULL,                -- last found to hold still
    PRIMARY KEY (epoch, size)
);

CREATE TABLE log.witness (
    name        text PRIMARY KEY,
    key         text NOT NULL UNIQUE,              -- verifier key, C2SP tlog-cosignature
    agency_id   uuid REFERENCES agencies.agency (id),
    independent boolean NOT NULL,                  -- false: it runs beside the log, as in a demo
    enrolled_at timestamptz NOT NULL,
    ended_at    timestamptz
);

CREATE TABLE log.cosignature (
    epoch    integer NOT NULL,
    size     bigint NOT NULL,
    witness  text NOT NULL REFERENCES log.witness (name),
    line     text NOT NULL,                        -- the signature line of the note
    signed_at timestamptz NOT NULL,                -- as the witness says
    kept_at  timestamptz NOT NULL,
    PRIMARY KEY (epoch, size, witness),
    FOREIGN KEY (epoch, size) REFERENCES log.checkpoint (epoch, size)
);

-- Something is wrong with the log itself: signing stopped, a fork was seen, witnesses are silent.
CREATE TABLE log.alarm (
    id        uuid PRIMARY KEY,
    kind      text NOT NULL,
    what      text NOT NULL,
    raised_at timestamptz NOT NULL,
    ended_at  timestamptz
);
CREATE UNIQUE INDEX alarm_stands ON log.alarm (kind) WHERE ended_at IS NULL;

-- A witness has signed: kept once, if that checkpoint is ours and she is enrolled. Whether the
-- signature is right only who holds the key's arithmetic can tell: the caller has looked.
CREATE FUNCTION log.keep_cosignature(of_epoch integer, of_size bigint, by_witness text, the_line text, signed timestamptz, at timestamptz) RETURNS boolean
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    INSERT INTO log.cosignature (epoch, size, witness, line, signed_at, kept_at)
        SELECT c.epoch, c.size, w.name, the_line, signed, at FROM log.checkpoint c, log.witness w
        WHERE c.epoch = of_epoch AND c.size = of_size AND w.name = by_witness AND w.ended_at IS NULL
        ON CONFLICT DO NOTHING
        RETURNING true;
$$;

-- Each writes what is its own and changes nothing that was signed.
GRANT USAGE ON SCHEMA log TO referral_app, referral_worker, referral_sequencer, referral_signer, referral_auditor_ro, referral_migrator, referral_effector;
GRANT SELECT ON ALL TABLES IN SCHEMA log TO referral_app, referral_worker, referral_sequencer, referral_signer, referral_auditor_ro, referral_migrator;
GRANT SELECT ON log.position TO referral_effector;
REVOKE EXECUTE ON FUNCTION log.keep_cosignature(integer, bigint, text, text, timestamptz, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION log.keep_cosignature(integer, bigint, text, text, timestamptz, timestamptz) TO referral_app;
GRANT INSERT ON log.position TO referral_sequencer;
GRANT INSERT, UPDATE (hashes) ON log.tile TO referral_sequencer;
GRANT INSERT, UPDATE (seen_at) ON log.checkpoint TO referral_signer;
GRANT INSERT, UPDATE (what, ended_at) ON log.alarm TO referral_signer, referral_worker;
GRANT INSERT ON log.epoch TO referral_migrator;
GRANT INSERT, UPDATE (ended_at) ON log.witness TO referral_migrator;
GRANT USAGE ON SCHEMA referral TO referral_sequencer, referral_signer, referral_migrator;
GRANT SELECT ON referral.audit_entry TO referral_sequencer, referral_signer;
CREATE POLICY place ON referral.audit_entry FOR SELECT TO referral_sequencer USING (true);
CREATE POLICY sign ON referral.audit_entry FOR SELECT TO referral_signer USING (true);

-- Guard rails, as on the entries: they must be taken off before anything signed or placed is changed.
DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['position', 'cosignature', 'epoch'] LOOP
        EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON log.%I FOR EACH ROW EXECUTE FUNCTION referral.refuse_change()', t);
    END LOOP;
    FOREACH t IN ARRAY ARRAY['position', 'cosignature', 'epoch', 'checkpoint', 'tile'] LOOP
        EXECUTE format('CREATE TRIGGER append_only_whole BEFORE TRUNCATE ON log.%I FOR EACH STATEMENT EXECUTE FUNCTION referral.refuse_change()', t);
    END LOOP;
    FOREACH t IN ARRAY ARRAY['checkpoint', 'tile'] LOOP
        EXECUTE format('CREATE TRIGGER never_deleted BEFORE DELETE ON log.%I FOR EACH ROW EXECUTE FUNCTION referral.refuse_change()', t);
    END LOOP;
END $$;
