-- A bundle's id is of its host's making: it is taken per host, so that no host can take one away from another of its
-- client.

CREATE TABLE evidence_of_host (
    provider_id TEXT NOT NULL,
    client_id TEXT NOT NULL,
    host_id TEXT NOT NULL,
    bundle_id TEXT NOT NULL,
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
INSERT INTO evidence_of_host (provider_id, client_id, host_id, bundle_id, case_id, sha256, bytes, signature_valid,
    problems, stored_at)
SELECT provider_id, client_id, host_id, bundle_id, case_id, sha256, bytes, signature_valid, problems, stored_at
FROM evidence;
DROP TABLE evidence;
ALTER TABLE evidence_of_host RENAME TO evidence;
CREATE INDEX evidence_bundle ON evidence (provider_id, client_id, bundle_id);

CREATE TABLE case_bundle_of_host (
    provider_id TEXT NOT NULL,
    client_id TEXT NOT NULL,
    host_id TEXT NOT NULL,
    bundle_id TEXT NOT NULL,
    case_id TEXT NOT NULL,
    PRIMARY KEY (provider_id, client_id, host_id, bundle_id),
    FOREIGN KEY (provider_id, client_id, case_id) REFERENCES case_file (provider_id, client_id, case_id)
);
INSERT INTO case_bundle_of_host (provider_id, client_id, host_id, bundle_id, case_id)
SELECT case_bundle.provider_id, case_bundle.client_id, case_file.host_id, case_bundle.bundle_id, case_bundle.case_id
FROM case_bundle JOIN case_file ON case_file.provider_id = case_bundle.provider_id
    AND case_file.client_id = case_bundle.client_id AND case_file.case_id = case_bundle.case_id;
DROP TABLE case_bundle;
ALTER TABLE case_bundle_of_host RENAME TO case_bundle;
