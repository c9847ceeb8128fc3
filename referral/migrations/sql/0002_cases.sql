-- Cases and what hangs on them. Field groups are separate tables because row security hides rows,
-- not columns (architecture, rule 11). Country stands on every table and in every policy.
-- G2-G5 are bytea: written through the vault, never readable here.

-- G0: the envelope ---------------------------------------------------------------------------
CREATE TABLE referral.case (
    id                 uuid PRIMARY KEY,
    country            text NOT NULL CHECK (country ~ '^[A-Z]{2}$'),
    reference          text NOT NULL UNIQUE,
    client_id          uuid NOT NULL,              -- the filing device's own id: its replay finds this case for ever
    place              text NOT NULL REFERENCES agencies.jurisdiction (code),
    urgency            text NOT NULL CHECK (urgency IN ('emergency', 'urgent', 'routine')),
    reported           text CHECK (reported IN ('CL', 'FL', 'HT')),
    filed_by_unit      uuid NOT NULL REFERENCES agencies.unit (id),
    filed_by_member    uuid NOT NULL REFERENCES agencies.membership (id),
    filed_at           timestamptz NOT NULL,
    occurred_at        timestamptz NOT NULL,
    occurred_precision text NOT NULL CHECK (occurred_precision IN ('minute', 'hour', 'day')),
    lead_referral      uuid,
    voice_contact_at   timestamptz,
    voice_attempts     smallint NOT NULL DEFAULT 0,
    imported           boolean NOT NULL DEFAULT false,
    sealed             boolean NOT NULL DEFAULT false,
    warnings           jsonb NOT NULL DEFAULT '[]',
    duplicate_of       uuid REFERENCES referral.case (id),  -- of a case filed twice: the older one
    legal_hold         boolean NOT NULL DEFAULT false,  -- nothing of it may be erased, struck out or merged
    erased_at          timestamptz,                -- what is left is this envelope, its hand-offs and the log
    version            bigint NOT NULL,            -- always the last sequence number of its audit stream
    UNIQUE (filed_by_unit, client_id)
);

CREATE TABLE referral.household (
    id      uuid PRIMARY KEY,
    case_id uuid NOT NULL REFERENCES referral.case (id),
    country text NOT NULL
);

CREATE TABLE referral.person (
    id           uuid PRIMARY KEY,
    case_id      uuid NOT NULL REFERENCES referral.case (id),
    country      text NOT NULL,
    number       smallint NOT NULL,                -- "person 2": how people speak of her without a name
    role         text NOT NULL CHECK (role IN ('concerned', 'accused', 'relative', 'reporter')),
    household_id uuid REFERENCES referral.household (id),
    identified   boolean NOT NULL,
    headcount    integer NOT NULL DEFAULT 1 CHECK (headcount BETWEEN 1 AND 1000),
    erased_at    timestamptz,
    UNIQUE (case_id, number)
);

-- G1: facts, workplace, screening ------------------------------------------------------------
CREATE TABLE referral.case_facts (
    id          uuid PRIMARY KEY,
    case_id     uuid NOT NULL REFERENCES referral.case (id),
    person_id   uuid REFERENCES referral.person (id),
    country     text NOT NULL,
    facts       jsonb NOT NULL,
    key_version integer,
    amended_at  timestamptz NOT NULL,
    UNIQUE NULLS NOT DISTINCT (case_id, person_id)
);

CREATE TABLE referral.workplace (
    id      uuid PRIMARY KEY,
    case_id uuid NOT NULL UNIQUE REFERENCES referral.case (id),
    country text NOT NULL,
    key_version integer NOT NULL,
    facts   bytea NOT NULL                         -- employer, sector, what kind of place: words, so under the case's key
);

CREATE TABLE referral.screening (
    id        uuid PRIMARY KEY,
    case_id   uuid NOT NULL REFERENCES referral.case (id),
    person_id uuid NOT NULL REFERENCES referral.person (id),
    country   text NOT NULL,
    at        timestamptz NOT NULL,
    by_member uuid NOT NULL,
    findings  jsonb NOT NULL                       -- kept for ever beside later ones, never overwritten
);

-- G2, G3, G4, G5: one table each, sealed by the vault -------------------------------------------
CREATE TABLE referral.person_identity (
    person_id   uuid PRIMARY KEY REFERENCES referral.person (id),
    case_id     uuid NOT NULL REFERENCES referral.case (id),
    country     text NOT NULL,
    key_version integer NOT NULL,
    content     bytea,
    facts       bytea                              -- facts of the closed list that belong to G2
);

CREATE TABLE referral.person_safety (
    person_id   uuid PRIMARY KEY REFERENCES referral.person (id),
    case_id     uuid NOT NULL REFERENCES referral.case (id),
    country     text NOT NULL,
    key_version integer NOT NULL,
    content     bytea,
    facts       bytea
);

CREATE TABLE referral.person_narrative (
    person_id   uuid PRIMARY KEY REFERENCES referral.person (id),
    case_id     uuid NOT NULL REFERENCES referral.case (id),
    country     text NOT NULL,
    key_version integer NOT NULL,
    content     bytea,
    facts       bytea                              -- facts that belong to G4 (pregnant, injured …)
);

CREATE TABLE referral.reporter (
    case_id     uuid PRIMARY KEY REFERENCES referral.case (id),
    person_id   uuid REFERENCES referral.person (id),
    country     text NOT NULL,
    agency_id   uuid NOT NULL,                     -- only the agency that took the report may ever read it
    key_version integer NOT NULL,
    content     bytea NOT NULL
);

-- Referrals, hand-offs, clocks ------------------------------------------------------------------
CREATE TABLE referral.referral (
    id               uuid PRIMARY KEY,
    case_id          uuid NOT NULL REFERENCES referral.case (id),
    person_id        uuid NOT NULL REFERENCES referral.person (id),
    country          text NOT NULL,
    track            text NOT NULL,
    protocol_version text NOT NULL,
    protocol_digest  text NOT NULL,
    state            text NOT NULL CHECK (state IN ('open', 'closed')),
    lead             boolean NOT NULL,
    triage           boolean NOT NULL,
    results          jsonb NOT NULL,
    holder_unit      uuid NOT NULL REFERENCES agencies.unit (id),
    holder_member    uuid REFERENCES agencies.membership (id),
    holder_since     timestamptz NOT NULL,
    custody          uuid,                         -- the hand-off by which the holder holds; NULL: the filer still does
    follows          uuid REFERENCES referral.referral (id),
    lawful_basis     text NOT NULL CHECK (lawful_basis IN ('CONSENT', 'LEGAL_OBLIGATION', 'VITAL_INTEREST', 'PUBLIC_TASK')),
    needed           jsonb NOT NULL DEFAULT '[]',
    withheld         jsonb NOT NULL DEFAULT '[]',
    opened_at        timestamptz NOT NULL,
    closed_at        timestamptz,
    outcome          text,
    version          integer NOT NULL DEFAULT 1
);
CREATE INDEX ON referral.referral (case_id);
CREATE INDEX ON referral.referral (person_id);
CREATE INDEX ON referral.referral (holder_unit) WHERE state = 'open';

CREATE TABLE referral.hand_off (
    id               uuid PRIMARY KEY,
    referral_id      uuid NOT NULL REFERENCES referral.referral (id),
    case_id          uuid NOT NULL REFERENCES referral.case (id),
    person_id        uuid NOT NULL REFERENCES referral.person (id),
    country          text NOT NULL,
    batch            uuid NOT NULL,
    rivals           uuid,
    track            text NOT NULL,
    step             text NOT NULL,
    kind             text NOT NULL CHECK (kind IN ('custody', 'task', 'notice')),
    mandate          text NOT NULL,
    jurisdiction     text NOT NULL,
    opening          smallint NOT NULL DEFAULT 1,
    state            text NOT NULL,
    urgency          text NOT NULL,
    sender_unit      uuid NOT NULL REFERENCES agencies.unit (id),
    sender_member    uuid REFERENCES agencies.membership (id),
    receiver_unit    uuid NOT NULL REFERENCES agencies.unit (id),
    receiver_agency  uuid NOT NULL REFERENCES agencies.agency (id),
    receiver_member  uuid REFERENCES agencies.membership (id),
    no_agency        boolean NOT NULL DEFAULT false,
    no_decline       boolean NOT NULL DEFAULT false,
    travels          text[] NOT NULL,
    reason           jsonb NOT NULL,
    requested_at     timestamptz NOT NULL,
    received_at      timestamptz,
    accepted_at      timestamptz,
    first_contact_at timestamptz,
    started_at       timestamptz,
    ended_at         timestamptz,
    occurred_at      timestamptz,                  -- of the last act, when told; `requested_at` for history
    review_at        timestamptz,
    due_at           timestamptz,                  -- the next limit of this hand-off, for lists
    immediate        boolean NOT NULL DEFAULT false,
    basis            text,
    overdue_since    timestamptz,
    rung             smallint NOT NULL DEFAULT 0,
    reason_code      text,
    outcome          text,
    cancellation_asked_at timestamptz,
    attested         boolean NOT NULL DEFAULT false,
    attestation_confirmed_at timestamptz,
    replaces         uuid,
    imported         boolean NOT NULL DEFAULT false,
    in_error         boolean,                      -- of a referral struck out: counts in no figure
    warnings         jsonb NOT NULL DEFAULT '[]',
    version          integer NOT NULL DEFAULT 1    -- one audit entry each: reconciliation counts them
);
CREATE INDEX hand_off_inbox ON referral.hand_off (receiver_unit, coalesce(due_at, 'infinity'), id)
    WHERE state IN ('requested', 'received', 'accepted', 'in-progress', 'on-hold') AND NOT imported;
CREATE INDEX hand_off_under_way ON referral.hand_off (sender_unit)
    WHERE state IN ('requested', 'received', 'accepted', 'in-progress', 'on-hold') AND NOT imported;
CREATE INDEX hand_off_history ON referral.hand_off (sender_unit, case_id, opening) WHERE imported;
CREATE INDEX hand_off_outbox ON referral.hand_off (sender_unit, requested_at DESC, id);
CREATE INDEX hand_off_received ON referral.hand_off (receiver_unit, requested_at DESC, id);
CREATE INDEX ON referral.hand_off (referral_id);
CREATE INDEX ON referral.hand_off (case_id);

CREATE TABLE referral.clock (
    id          uuid PRIMARY KEY,
    hand_off_id uuid REFERENCES referral.hand_off (id),
    referral_id uuid NOT NULL REFERENCES referral.referral (id),
    case_id     uuid NOT NULL REFERENCES referral.case (id),
    country     text NOT NULL,
    clock       text NOT NULL,
    step        text NOT NULL,
    starts_at   timestamptz NOT NULL,
    due_at      timestamptz NOT NULL,
    state       text NOT NULL CHECK (state IN ('running', 'paused', 'stopped', 'lapsed')),
    rung        smallint NOT NULL DEFAULT 0,
    rungs       jsonb NOT NULL,
    next_at     timestamptz,                       -- moment of the next rung
    immediate   boolean NOT NULL,
    basis       text NOT NULL CHECK (basis IN ('statutory', 'sop', 'assumption')),
    derivation  jsonb NOT NULL,
    calendar    text NOT NULL,
    sources     jsonb NOT NULL,
    extensions  smallint NOT NULL DEFAULT 0,
    stood       jsonb NOT NULL DEFAULT '[]',       -- from when until when it stood still, in order
    stopped_at  timestamptz,
    pushed_at   timestamptz                        -- when people were last told that it cannot be decided
);
CREATE INDEX clock_due ON referral.clock (next_at) WHERE state IN ('running', 'lapsed') AND next_at IS NOT NULL;
CREATE INDEX ON referral.clock (referral_id);
CREATE INDEX ON referral.clock (hand_off_id);

CREATE TABLE referral.event (
    id          uuid PRIMARY KEY,
    case_id     uuid NOT NULL REFERENCES referral.case (id),
    referral_id uuid REFERENCES referral.referral (id),
    country     text NOT NULL,
    event       text NOT NULL,
    occurred_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    by_unit     uuid NOT NULL,
    by_member   uuid
);
CREATE INDEX ON referral.event (case_id);

-- G4: what people write. The note of a decline or a feedback belongs to that hand-off's two parties.
CREATE TABLE referral.note (
    id          uuid PRIMARY KEY,
    case_id     uuid NOT NULL REFERENCES referral.case (id),
    person_id   uuid REFERENCES referral.person (id),
    hand_off_id uuid REFERENCES referral.hand_off (id),
    country     text NOT NULL,
    kind        text NOT NULL CHECK (kind IN ('note', 'narrative', 'decline', 'feedback', 'reason', 'attestation')),
    written_at  timestamptz NOT NULL,
    by_unit     uuid NOT NULL,
    by_member   uuid,
    key_version integer NOT NULL,
    content     bytea NOT NULL
);
CREATE INDEX ON referral.note (case_id);

CREATE TABLE referral.docket (
    id          uuid PRIMARY KEY,
    case_id     uuid NOT NULL REFERENCES referral.case (id),
    hand_off_id uuid NOT NULL REFERENCES referral.hand_off (id),
    country     text NOT NULL,
    agency_id   uuid NOT NULL REFERENCES agencies.agency (id),
    key_version integer NOT NULL,
    number      bytea NOT NULL,                    -- it leads to an agency's own file of her: under the case's key
    UNIQUE (hand_off_id, agency_id)
);

-- Who is related to what: the only thing policies look at besides the actor's context.
CREATE TABLE referral.party (
    id           uuid PRIMARY KEY,
    case_id      uuid NOT NULL REFERENCES referral.case (id),
    referral_id  uuid NOT NULL REFERENCES referral.referral (id),
    hand_off_id  uuid REFERENCES referral.hand_off (id),
    country      text NOT NULL,
    unit_id      uuid NOT NULL REFERENCES agencies.unit (id),
    relationship text NOT NULL CHECK (relationship IN ('holder', 'past_holder', 'sender', 'pending', 'participant', 'past_recipient', 'break_glass')),
    groups       text[] NOT NULL,
    since        timestamptz NOT NULL,
    until        timestamptz,
    -- What narrows need-to-know further; one place, so that every policy and every act asks the same.
    barred       uuid[] NOT NULL DEFAULT '{}',     -- persons and agencies under a named exclusion: beats all else
    sealed       boolean NOT NULL DEFAULT false,
    named        uuid[] NOT NULL DEFAULT '{}',     -- persons named on the seal
    expires_at   timestamptz NOT NULL DEFAULT 'infinity',
    consent_id   uuid                              -- the consent that gave it, and ends it
);
CREATE INDEX party_of_unit ON referral.party (unit_id, case_id)
    INCLUDE (relationship, groups, referral_id, hand_off_id, barred, sealed, named, expires_at) WHERE until IS NULL;
CREATE INDEX ON referral.party (case_id) WHERE until IS NULL;
CREATE INDEX ON referral.party (hand_off_id);

-- Who is kept out of a case by name, and who is on its seal. Said here once, and copied into every part
-- of the case (party), those that come later included.
CREATE TABLE referral.exclusion (
    id          uuid PRIMARY KEY,
    case_id     uuid NOT NULL REFERENCES referral.case (id),
    country     text NOT NULL,
    kind        text NOT NULL CHECK (kind IN ('person', 'agency')),
    excluded    uuid NOT NULL,                     -- a member, or an agency
    at          timestamptz NOT NULL,
    by_unit     uuid NOT NULL,
    by_member   uuid NOT NULL,
    key_version integer NOT NULL,
    reason      bytea NOT NULL,                    -- G4, under the case's key
    lifted_at   timestamptz
);
CREATE UNIQUE INDEX exclusion_stands ON referral.exclusion (case_id, excluded) WHERE lifted_at IS NULL;

CREATE TABLE referral.seal (
    case_id   uuid PRIMARY KEY REFERENCES referral.case (id),
    country   text NOT NULL,
    named     uuid[] NOT NULL CHECK (cardinality(named) > 0),  -- members
    at        timestamptz NOT NULL,
    lifted_at timestamptz
);

-- The log ----------------------------------------------------------------------------------------
CREATE TABLE referral.stream_head (
    stream_id uuid PRIMARY KEY,
    kind      text NOT NULL CHECK (kind IN ('case', 'member', 'system')),
    subject   uuid NOT NULL UNIQUE,
    country   text NOT NULL,
    seq       bigint NOT NULL,
    hash      bytea NOT NULL,
    at        timestamptz                          -- of the last entry: time never runs backwards in a stream
);

CREATE TABLE referral.audit_entry (
    id          uuid PRIMARY KEY,
    stream_id   uuid NOT NULL REFERENCES referral.stream_head (stream_id),
    seq         bigint NOT NULL,
    country     text NOT NULL,
    header      text NOT NULL,                     -- canonical JSON (RFC 8785); the bytes that are hashed
    hash        bytea NOT NULL,
    at          timestamptz NOT NULL,              -- the rest repeats the header, for browsing
    act         text NOT NULL,
    actor       text NOT NULL,
    agency_id   uuid,
    object_type text NOT NULL,
    object_id   uuid,
    xid         xid8 NOT NULL DEFAULT pg_current_xact_id(),
    UNIQUE (stream_id, seq)
);
CREATE INDEX ON referral.audit_entry (xid, id);
CREATE INDEX ON referral.audit_entry (object_id);

CREATE TABLE referral.audit_body (
    entry_id    uuid PRIMARY KEY REFERENCES referral.audit_entry (id),
    subject     uuid NOT NULL,                     -- whose key opens it
    country     text NOT NULL,
    key_version integer NOT NULL,
    content     bytea NOT NULL
);

-- Told afterwards, and told once --------------------------------------------------------------
CREATE TABLE referral.outbox (
    id          uuid PRIMARY KEY,
    country     text NOT NULL,
    kind        text NOT NULL,
    case_id     uuid,                              -- of some notices none: about a member
    hand_off_id uuid,
    to_unit     uuid NOT NULL,
    to_role     text,
    to_member   uuid,                              -- a membership of that unit; NULL: whoever is there
    occurred_at timestamptz NOT NULL,
    xid         xid8 NOT NULL DEFAULT pg_current_xact_id(),
    told_at     timestamptz
);
CREATE INDEX ON referral.outbox (xid, id) WHERE told_at IS NULL;
CREATE INDEX ON referral.outbox (to_unit, occurred_at DESC);

CREATE TABLE referral.idempotency (
    membership_id uuid NOT NULL,
    key_hash      bytea NOT NULL,
    request_hash  bytea NOT NULL,
    country       text NOT NULL,
    status        smallint NOT NULL,
    answer        jsonb NOT NULL,                  -- ids only: a stored body would outlive an erasure
    created_at    timestamptz NOT NULL,
    PRIMARY KEY (membership_id, key_hash)
);
CREATE INDEX ON referral.idempotency (created_at);

CREATE TABLE vault.data_key (
    subject    uuid PRIMARY KEY,                   -- a case, a person, a member's stream
    kind       text NOT NULL CHECK (kind IN ('case', 'person', 'member', 'system', 'meeting', 'operation', 'glass', 'country', 'factor', 'proposal', 'webhook', 'hold')),
    case_id    uuid,
    country    text NOT NULL,
    version    integer NOT NULL,                   -- of the data key itself: part of every seal made with it
    wrapped    bytea NOT NULL,                     -- number of the root key (4 bytes); data key and audit key under it
    created_at timestamptz NOT NULL
);
CREATE INDEX ON vault.data_key (case_id);
