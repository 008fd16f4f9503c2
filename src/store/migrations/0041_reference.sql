-- Proposals of another reference or policy for a registered version. In force from the entry of QA's signature on, which also holds
-- the new monitor; a monitor that was registered with its version names no proposal.
CREATE TABLE reference_proposal (
  id TEXT NOT NULL PRIMARY KEY, entry INTEGER NOT NULL REFERENCES entry(idx) DEFERRABLE INITIALLY DEFERRED, at TEXT NOT NULL,
  version_id TEXT NOT NULL REFERENCES model_version(id), account_id TEXT NOT NULL REFERENCES account(id),
  revision INTEGER NOT NULL, sha256 TEXT NOT NULL, document TEXT NOT NULL
) STRICT;
CREATE INDEX reference_proposal_of_entry ON reference_proposal(entry);
CREATE INDEX reference_proposal_of_version ON reference_proposal(version_id, entry);
CREATE TRIGGER reference_proposal_no_update BEFORE UPDATE ON reference_proposal BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
CREATE TRIGGER reference_proposal_no_delete BEFORE DELETE ON reference_proposal BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
ALTER TABLE monitor ADD COLUMN proposal_id TEXT REFERENCES reference_proposal(id);
