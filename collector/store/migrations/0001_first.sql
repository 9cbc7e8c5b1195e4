-- The first schema. Every table is led by the provider, then the client it belongs to, and so are keys and references:
-- a row of one client cannot hang on a case or a host of another, whatever the code says.
-- Portable: ids and documents are text, instants are milliseconds since 1970, booleans are 0 or 1.

CREATE TABLE provider (
    provider_id TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    audience TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE client (
    provider_id TEXT NOT NULL REFERENCES provider (provider_id),
    client_id TEXT NOT NULL,
    name TEXT NOT NULL,
    settings TEXT NOT NULL,
    PRIMARY KEY (provider_id, client_id),
    UNIQUE (provider_id, name)
);

CREATE TABLE site (
    provider_id TEXT NOT NULL,
    client_id TEXT NOT NULL,
    site_id TEXT NOT NULL,
    name TEXT NOT NULL,
    PRIMARY KEY (provider_id, client_id, site_id),
    UNIQUE (provider_id, client_id, name),
    FOREIGN KEY (provider_id, client_id) REFERENCES client (provider_id, client_id)
);

CREATE TABLE host (
    provider_id TEXT NOT NULL,
    client_id TEXT NOT NULL,
    host_id TEXT NOT NULL,
    site_id TEXT,
    name TEXT NOT NULL,
    machine TEXT NOT NULL,
    -- A key is one host's, of all clients: it is what a host is known by.
    public_key TEXT NOT NULL UNIQUE,
    agent_version TEXT NOT NULL,
    enrolled_at BIGINT NOT NULL,
    last_seen_at BIGINT,
    status TEXT,
    maintenance_until BIGINT,
    PRIMARY KEY (provider_id, client_id, host_id),
    UNIQUE (provider_id, client_id, name),
    FOREIGN KEY (provider_id, client_id) REFERENCES client (provider_id, client_id),
    FOREIGN KEY (provider_id, client_id, site_id) REFERENCES site (provider_id, client_id, site_id)
);
CREATE UNIQUE INDEX host_machine ON host (provider_id, client_id, machine) WHERE machine <> '';

CREATE TABLE person (
    provider_id TEXT NOT NULL REFERENCES provider (provider_id),
    person_id TEXT NOT NULL,
    name TEXT NOT NULL,
    email TEXT NOT NULL UNIQUE,
    password_hash TEXT,
    timezone TEXT NOT NULL,
    hours TEXT NOT NULL,
    provider_roles TEXT NOT NULL,
    PRIMARY KEY (provider_id, person_id)
);

CREATE TABLE membership (
    provider_id TEXT NOT NULL,
    client_id TEXT NOT NULL,
    person_id TEXT NOT NULL,
    roles TEXT NOT NULL,
    on_call BIGINT NOT NULL,
    deputy BIGINT NOT NULL,
    PRIMARY KEY (provider_id, client_id, person_id),
    FOREIGN KEY (provider_id, client_id) REFERENCES client (provider_id, client_id),
    FOREIGN KEY (provider_id, person_id) REFERENCES person (provider_id, person_id)
);
CREATE INDEX membership_person ON membership (provider_id, person_id);

CREATE TABLE session (
    provider_id TEXT NOT NULL,
    session_hash TEXT PRIMARY KEY,
    person_id TEXT NOT NULL,
    form_token TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    FOREIGN KEY (provider_id, person_id) REFERENCES person (provider_id, person_id)
);
CREATE INDEX session_age ON session (expires_at);

-- API and enrolment tokens; only their hash is kept.
CREATE TABLE token (
    provider_id TEXT NOT NULL,
    client_id TEXT NOT NULL,
    token_hash TEXT PRIMARY KEY,
    token_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    site_id TEXT,
    roles TEXT NOT NULL,
    uses_left BIGINT,
    expires_at BIGINT NOT NULL,
    FOREIGN KEY (provider_id, client_id) REFERENCES client (provider_id, client_id),
    FOREIGN KEY (provider_id, client_id, site_id) REFERENCES site (provider_id, client_id, site_id)
);

-- Nonces seen within the window in which a signature is accepted.
CREATE TABLE nonce (
    provider_id TEXT NOT NULL,
    client_id TEXT NOT NULL,
    host_id TEXT NOT NULL,
    nonce TEXT NOT NULL,
    seen_at BIGINT NOT NULL,
    PRIMARY KEY (provider_id, client_id, host_id, nonce),
    FOREIGN KEY (provider_id, client_id, host_id) REFERENCES host (provider_id, client_id, host_id)
);
CREATE INDEX nonce_age ON nonce (seen_at);

-- What proves a batch's origin to an auditor.
CREATE TABLE proof (
    provider_id TEXT NOT NULL,
    client_id TEXT NOT NULL,
    proof_id TEXT NOT NULL,
    host_id TEXT NOT NULL,
    base TEXT NOT NULL,
    signature TEXT NOT NULL,
    received_at BIGINT NOT NULL,
    PRIMARY KEY (provider_id, client_id, proof_id),
    FOREIGN KEY (provider_id, client_id, host_id) REFERENCES host (provider_id, client_id, host_id)
);

CREATE TABLE case_file (
    provider_id TEXT NOT NULL,
    client_id TEXT NOT NULL,
    case_id TEXT NOT NULL,
    number BIGINT NOT NULL,
    host_id TEXT NOT NULL,
    case_key TEXT NOT NULL,
    is_open BIGINT NOT NULL,
    workflow TEXT NOT NULL,
    category TEXT NOT NULL,
    received_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (provider_id, client_id, case_id),
    UNIQUE (provider_id, number),
    FOREIGN KEY (provider_id, client_id) REFERENCES client (provider_id, client_id)
);
-- One open case per key, by the database and not by a check in code.
CREATE UNIQUE INDEX case_one_open ON case_file (provider_id, client_id, case_key) WHERE is_open = 1;
CREATE INDEX case_key_recent ON case_file (provider_id, client_id, case_key, received_at);
CREATE INDEX case_host ON case_file (provider_id, client_id, host_id, is_open);

-- An event's id and a bundle's are of the host's making: they are taken per host and per client, so that no client can
-- take one away from another.
CREATE TABLE event (
    provider_id TEXT NOT NULL,
    client_id TEXT NOT NULL,
    event_id TEXT NOT NULL,
    host_id TEXT NOT NULL,
    proof_id TEXT NOT NULL,
    case_id TEXT,
    kind TEXT NOT NULL,
    observed_at BIGINT NOT NULL,
    received_at BIGINT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (provider_id, client_id, host_id, event_id),
    FOREIGN KEY (provider_id, client_id, host_id) REFERENCES host (provider_id, client_id, host_id),
    FOREIGN KEY (provider_id, client_id, proof_id) REFERENCES proof (provider_id, client_id, proof_id),
    FOREIGN KEY (provider_id, client_id, case_id) REFERENCES case_file (provider_id, client_id, case_id)
);
CREATE INDEX event_case ON event (provider_id, client_id, case_id, observed_at);

-- Links in messages that let one person act on one case; only their hash is kept.
CREATE TABLE link (
    provider_id TEXT NOT NULL,
    client_id TEXT NOT NULL,
    link_hash TEXT PRIMARY KEY,
    case_id TEXT NOT NULL,
    person_id TEXT NOT NULL,
    expires_at BIGINT NOT NULL,
    FOREIGN KEY (provider_id, client_id, case_id) REFERENCES case_file (provider_id, client_id, case_id),
    FOREIGN KEY (provider_id, person_id) REFERENCES person (provider_id, person_id)
);

CREATE TABLE entry (
    provider_id TEXT NOT NULL,
    client_id TEXT NOT NULL,
    case_id TEXT NOT NULL,
    sequence BIGINT NOT NULL,
    at BIGINT NOT NULL,
    actor TEXT NOT NULL,
    kind TEXT NOT NULL,
    commitment TEXT NOT NULL,
    previous TEXT NOT NULL,
    hash TEXT NOT NULL,
    PRIMARY KEY (provider_id, client_id, case_id, sequence),
    FOREIGN KEY (provider_id, client_id, case_id) REFERENCES case_file (provider_id, client_id, case_id)
);

-- Apart from the chain, so that erasing a text leaves a chain that still verifies.
CREATE TABLE entry_payload (
    provider_id TEXT NOT NULL,
    client_id TEXT NOT NULL,
    case_id TEXT NOT NULL,
    sequence BIGINT NOT NULL,
    salt TEXT NOT NULL,
    payload TEXT NOT NULL,
    PRIMARY KEY (provider_id, client_id, case_id, sequence),
    FOREIGN KEY (provider_id, client_id, case_id, sequence)
        REFERENCES entry (provider_id, client_id, case_id, sequence)
);

-- Projections of a case, written anew with it.
CREATE TABLE task (
    provider_id TEXT NOT NULL,
    client_id TEXT NOT NULL,
    case_id TEXT NOT NULL,
    task_id TEXT NOT NULL,
    role TEXT NOT NULL,
    person_id TEXT,
    title TEXT NOT NULL,
    due_at BIGINT NOT NULL,
    state TEXT NOT NULL,
    PRIMARY KEY (provider_id, client_id, case_id, task_id),
    FOREIGN KEY (provider_id, client_id, case_id) REFERENCES case_file (provider_id, client_id, case_id)
);
CREATE INDEX task_person ON task (provider_id, client_id, person_id, state);

CREATE TABLE timer (
    provider_id TEXT NOT NULL,
    client_id TEXT NOT NULL,
    case_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    due_at BIGINT NOT NULL,
    PRIMARY KEY (provider_id, client_id, case_id, kind),
    FOREIGN KEY (provider_id, client_id, case_id) REFERENCES case_file (provider_id, client_id, case_id)
);
CREATE INDEX timer_due ON timer (provider_id, due_at);

CREATE TABLE slot (
    provider_id TEXT NOT NULL,
    client_id TEXT NOT NULL,
    case_id TEXT NOT NULL,
    person_id TEXT NOT NULL,
    start_at BIGINT NOT NULL,
    end_at BIGINT NOT NULL,
    PRIMARY KEY (provider_id, client_id, case_id, person_id),
    FOREIGN KEY (provider_id, client_id, case_id) REFERENCES case_file (provider_id, client_id, case_id)
);
CREATE INDEX slot_end ON slot (provider_id, end_at);

-- Which case a bundle belongs to, from the event that named it on.
CREATE TABLE case_bundle (
    provider_id TEXT NOT NULL,
    client_id TEXT NOT NULL,
    host_id TEXT NOT NULL,
    bundle_id TEXT NOT NULL,
    case_id TEXT NOT NULL,
    PRIMARY KEY (provider_id, client_id, host_id, bundle_id),
    FOREIGN KEY (provider_id, client_id, case_id) REFERENCES case_file (provider_id, client_id, case_id)
);

CREATE TABLE outbox (
    provider_id TEXT NOT NULL,
    client_id TEXT NOT NULL,
    message_id TEXT NOT NULL,
    case_id TEXT NOT NULL,
    person_id TEXT,
    channel TEXT NOT NULL,
    -- Which receiver it waits for, so that one that hangs holds up no other: `email`, or `webhook NAME`.
    lane TEXT NOT NULL,
    kind TEXT NOT NULL,
    urgent BIGINT NOT NULL,
    dedup TEXT NOT NULL,
    body TEXT NOT NULL,
    state TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    detail TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    sent_at BIGINT,
    PRIMARY KEY (provider_id, client_id, message_id),
    UNIQUE (provider_id, client_id, dedup),
    FOREIGN KEY (provider_id, client_id, case_id) REFERENCES case_file (provider_id, client_id, case_id)
);
CREATE INDEX outbox_lane ON outbox (provider_id, state, lane, due_at);
CREATE INDEX outbox_case ON outbox (provider_id, client_id, case_id);

CREATE TABLE margin (
    provider_id TEXT NOT NULL,
    client_id TEXT NOT NULL,
    host_id TEXT NOT NULL,
    signal TEXT NOT NULL,
    subject TEXT NOT NULL,
    at BIGINT NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (provider_id, client_id, host_id, signal, subject),
    FOREIGN KEY (provider_id, client_id, host_id) REFERENCES host (provider_id, client_id, host_id)
);

CREATE TABLE curve (
    provider_id TEXT NOT NULL,
    client_id TEXT NOT NULL,
    case_id TEXT NOT NULL,
    minute BIGINT NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (provider_id, client_id, case_id, minute),
    FOREIGN KEY (provider_id, client_id, case_id) REFERENCES case_file (provider_id, client_id, case_id)
);

CREATE TABLE evidence (
    provider_id TEXT NOT NULL,
    client_id TEXT NOT NULL,
    bundle_id TEXT NOT NULL,
    host_id TEXT NOT NULL,
    case_id TEXT,
    sha256 TEXT NOT NULL,
    bytes BIGINT NOT NULL,
    signature_valid BIGINT NOT NULL,
    problems TEXT NOT NULL,
    stored_at BIGINT NOT NULL,
    PRIMARY KEY (provider_id, client_id, host_id, bundle_id),
    FOREIGN KEY (provider_id, client_id, host_id) REFERENCES host (provider_id, client_id, host_id),
    FOREIGN KEY (provider_id, client_id, case_id) REFERENCES case_file (provider_id, client_id, case_id)
);
CREATE INDEX evidence_bundle ON evidence (provider_id, client_id, bundle_id);

CREATE TABLE host_request (
    provider_id TEXT NOT NULL,
    client_id TEXT NOT NULL,
    request_id TEXT NOT NULL,
    host_id TEXT NOT NULL,
    case_id TEXT,
    kind TEXT NOT NULL,
    data TEXT NOT NULL,
    expires_at BIGINT NOT NULL,
    state TEXT NOT NULL,
    detail TEXT NOT NULL,
    PRIMARY KEY (provider_id, client_id, request_id),
    FOREIGN KEY (provider_id, client_id, host_id) REFERENCES host (provider_id, client_id, host_id),
    FOREIGN KEY (provider_id, client_id, case_id) REFERENCES case_file (provider_id, client_id, case_id)
);
CREATE INDEX host_request_open ON host_request (provider_id, client_id, host_id, state);

-- The cursor that live pages follow: hints, never the truth.
CREATE TABLE change (
    provider_id TEXT NOT NULL,
    client_id TEXT NOT NULL,
    change_id BIGINT PRIMARY KEY,
    what TEXT NOT NULL,
    reference TEXT NOT NULL,
    at BIGINT NOT NULL
);
CREATE INDEX change_client ON change (provider_id, client_id, change_id);
