-- The first schema. Every table is led by the provider, then the client it belongs to.
-- Portable: ids and documents are text, instants are milliseconds since 1970, booleans are 0 or 1.

CREATE TABLE provider (
    provider_id TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    audience TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE client (
    provider_id TEXT NOT NULL REFERENCES provider (provider_id),
    client_id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    settings TEXT NOT NULL,
    UNIQUE (provider_id, name)
);

CREATE TABLE site (
    provider_id TEXT NOT NULL,
    client_id TEXT NOT NULL REFERENCES client (client_id),
    site_id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    UNIQUE (client_id, name)
);

CREATE TABLE host (
    provider_id TEXT NOT NULL,
    client_id TEXT NOT NULL REFERENCES client (client_id),
    host_id TEXT PRIMARY KEY,
    site_id TEXT,
    name TEXT NOT NULL,
    machine TEXT NOT NULL,
    public_key TEXT NOT NULL UNIQUE,
    agent_version TEXT NOT NULL,
    enrolled_at BIGINT NOT NULL,
    last_seen_at BIGINT,
    status TEXT,
    maintenance_until BIGINT
);

CREATE TABLE person (
    provider_id TEXT NOT NULL REFERENCES provider (provider_id),
    person_id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    email TEXT NOT NULL UNIQUE,
    password_hash TEXT,
    timezone TEXT NOT NULL,
    hours TEXT NOT NULL,
    provider_roles TEXT NOT NULL
);

CREATE TABLE membership (
    provider_id TEXT NOT NULL,
    client_id TEXT NOT NULL REFERENCES client (client_id),
    person_id TEXT NOT NULL REFERENCES person (person_id),
    roles TEXT NOT NULL,
    on_call BIGINT NOT NULL,
    deputy BIGINT NOT NULL,
    PRIMARY KEY (client_id, person_id)
);

CREATE TABLE session (
    provider_id TEXT NOT NULL,
    session_hash TEXT PRIMARY KEY,
    person_id TEXT NOT NULL REFERENCES person (person_id),
    form_token TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);

-- API and enrolment tokens; only their hash is kept.
CREATE TABLE token (
    provider_id TEXT NOT NULL,
    client_id TEXT NOT NULL REFERENCES client (client_id),
    token_hash TEXT PRIMARY KEY,
    token_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    site_id TEXT,
    roles TEXT NOT NULL,
    uses_left BIGINT,
    expires_at BIGINT NOT NULL
);

-- Links in messages that let one person act on one case.
CREATE TABLE link (
    provider_id TEXT NOT NULL,
    client_id TEXT NOT NULL,
    link_hash TEXT PRIMARY KEY,
    case_id TEXT NOT NULL,
    person_id TEXT NOT NULL,
    expires_at BIGINT NOT NULL
);

-- Nonces seen within the window in which a signature is accepted.
CREATE TABLE nonce (
    provider_id TEXT NOT NULL,
    client_id TEXT NOT NULL,
    host_id TEXT NOT NULL,
    nonce TEXT NOT NULL,
    seen_at BIGINT NOT NULL,
    PRIMARY KEY (host_id, nonce)
);
CREATE INDEX nonce_age ON nonce (seen_at);

-- What proves a batch's origin to an auditor.
CREATE TABLE proof (
    provider_id TEXT NOT NULL,
    client_id TEXT NOT NULL,
    proof_id TEXT PRIMARY KEY,
    host_id TEXT NOT NULL,
    base TEXT NOT NULL,
    signature TEXT NOT NULL,
    received_at BIGINT NOT NULL
);

CREATE TABLE event (
    provider_id TEXT NOT NULL,
    client_id TEXT NOT NULL,
    event_id TEXT PRIMARY KEY,
    host_id TEXT NOT NULL,
    proof_id TEXT NOT NULL,
    case_id TEXT,
    kind TEXT NOT NULL,
    observed_at BIGINT NOT NULL,
    received_at BIGINT NOT NULL,
    body TEXT NOT NULL
);
CREATE INDEX event_case ON event (case_id, observed_at);

CREATE TABLE case_file (
    provider_id TEXT NOT NULL,
    client_id TEXT NOT NULL REFERENCES client (client_id),
    case_id TEXT PRIMARY KEY,
    number BIGINT NOT NULL,
    host_id TEXT NOT NULL,
    case_key TEXT NOT NULL,
    is_open BIGINT NOT NULL,
    workflow TEXT NOT NULL,
    category TEXT NOT NULL,
    received_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    document TEXT NOT NULL,
    UNIQUE (provider_id, number)
);
-- One open case per key, by the database and not by a check in code.
CREATE UNIQUE INDEX case_one_open ON case_file (provider_id, case_key) WHERE is_open = 1;
CREATE INDEX case_client ON case_file (client_id, is_open, received_at);
CREATE INDEX case_host ON case_file (host_id, is_open);
CREATE INDEX case_key_recent ON case_file (provider_id, case_key, received_at);

CREATE TABLE entry (
    provider_id TEXT NOT NULL,
    client_id TEXT NOT NULL,
    case_id TEXT NOT NULL REFERENCES case_file (case_id),
    sequence BIGINT NOT NULL,
    at BIGINT NOT NULL,
    actor TEXT NOT NULL,
    kind TEXT NOT NULL,
    commitment TEXT NOT NULL,
    previous TEXT NOT NULL,
    hash TEXT NOT NULL,
    PRIMARY KEY (case_id, sequence)
);

-- Apart from the chain, so that erasing a text leaves a chain that still verifies.
CREATE TABLE entry_payload (
    provider_id TEXT NOT NULL,
    client_id TEXT NOT NULL,
    case_id TEXT NOT NULL,
    sequence BIGINT NOT NULL,
    salt TEXT NOT NULL,
    payload TEXT NOT NULL,
    PRIMARY KEY (case_id, sequence)
);

-- Projections of a case, written anew with it.
CREATE TABLE task (
    provider_id TEXT NOT NULL,
    client_id TEXT NOT NULL,
    case_id TEXT NOT NULL REFERENCES case_file (case_id),
    task_id TEXT PRIMARY KEY,
    role TEXT NOT NULL,
    person_id TEXT,
    title TEXT NOT NULL,
    due_at BIGINT NOT NULL,
    state TEXT NOT NULL
);
CREATE INDEX task_person ON task (person_id, state, due_at);
CREATE INDEX task_case ON task (case_id);

CREATE TABLE timer (
    provider_id TEXT NOT NULL,
    client_id TEXT NOT NULL,
    case_id TEXT NOT NULL REFERENCES case_file (case_id),
    kind TEXT NOT NULL,
    due_at BIGINT NOT NULL,
    PRIMARY KEY (case_id, kind)
);
CREATE INDEX timer_due ON timer (due_at);

CREATE TABLE slot (
    provider_id TEXT NOT NULL,
    client_id TEXT NOT NULL,
    case_id TEXT NOT NULL REFERENCES case_file (case_id),
    person_id TEXT NOT NULL,
    start_at BIGINT NOT NULL,
    end_at BIGINT NOT NULL,
    PRIMARY KEY (case_id, person_id)
);

-- Which case a bundle belongs to, from the event that named it on.
CREATE TABLE case_bundle (
    provider_id TEXT NOT NULL,
    client_id TEXT NOT NULL,
    bundle_id TEXT PRIMARY KEY,
    case_id TEXT NOT NULL REFERENCES case_file (case_id)
);

CREATE TABLE outbox (
    provider_id TEXT NOT NULL,
    client_id TEXT NOT NULL,
    message_id TEXT PRIMARY KEY,
    case_id TEXT NOT NULL,
    person_id TEXT,
    channel TEXT NOT NULL,
    kind TEXT NOT NULL,
    urgent BIGINT NOT NULL,
    dedup TEXT NOT NULL UNIQUE,
    body TEXT NOT NULL,
    state TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    detail TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    sent_at BIGINT
);
CREATE INDEX outbox_due ON outbox (state, due_at);

CREATE TABLE margin (
    provider_id TEXT NOT NULL,
    client_id TEXT NOT NULL,
    host_id TEXT NOT NULL REFERENCES host (host_id),
    signal TEXT NOT NULL,
    subject TEXT NOT NULL,
    at BIGINT NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (host_id, signal, subject)
);
CREATE INDEX margin_client ON margin (client_id);

CREATE TABLE curve (
    provider_id TEXT NOT NULL,
    client_id TEXT NOT NULL,
    case_id TEXT NOT NULL,
    minute BIGINT NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (case_id, minute)
);

CREATE TABLE evidence (
    provider_id TEXT NOT NULL,
    client_id TEXT NOT NULL,
    bundle_id TEXT PRIMARY KEY,
    host_id TEXT NOT NULL,
    case_id TEXT,
    sha256 TEXT NOT NULL,
    bytes BIGINT NOT NULL,
    signature_valid BIGINT NOT NULL,
    problems TEXT NOT NULL,
    stored_at BIGINT NOT NULL
);

CREATE TABLE host_request (
    provider_id TEXT NOT NULL,
    client_id TEXT NOT NULL,
    request_id TEXT PRIMARY KEY,
    host_id TEXT NOT NULL REFERENCES host (host_id),
    case_id TEXT,
    kind TEXT NOT NULL,
    data TEXT NOT NULL,
    expires_at BIGINT NOT NULL,
    state TEXT NOT NULL,
    detail TEXT NOT NULL
);
CREATE INDEX host_request_open ON host_request (host_id, state);

-- The cursor that live pages follow: hints, never the truth.
CREATE TABLE change (
    provider_id TEXT NOT NULL,
    client_id TEXT NOT NULL,
    change_id BIGINT PRIMARY KEY,
    what TEXT NOT NULL,
    reference TEXT NOT NULL,
    at BIGINT NOT NULL
);
