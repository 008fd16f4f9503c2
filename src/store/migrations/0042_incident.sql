-- Revisions of incidents; the one that closes an incident is signed in record_signature. Append-only. Where the program opened one, no
-- account did.
CREATE TABLE incident (
  id TEXT NOT NULL PRIMARY KEY, entry INTEGER NOT NULL REFERENCES entry(idx) DEFERRABLE INITIALLY DEFERRED, at TEXT NOT NULL,
  incident_id TEXT NOT NULL, revision INTEGER NOT NULL, supersedes TEXT REFERENCES incident(id), step TEXT NOT NULL, state TEXT NOT NULL,
  noticed_by TEXT NOT NULL, severity TEXT NOT NULL, account_id TEXT, sha256 TEXT NOT NULL, document TEXT NOT NULL
) STRICT;
CREATE INDEX incident_of_entry ON incident(entry);
CREATE UNIQUE INDEX incident_revision ON incident(incident_id, revision);
CREATE TRIGGER incident_no_update BEFORE UPDATE ON incident BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
CREATE TRIGGER incident_no_delete BEFORE DELETE ON incident BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
