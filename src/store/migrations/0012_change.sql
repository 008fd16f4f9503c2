-- The change record between two versions, and the configuration that a batch was produced with.
CREATE TABLE change_record (
  id TEXT NOT NULL PRIMARY KEY, entry INTEGER NOT NULL REFERENCES entry(idx) DEFERRABLE INITIALLY DEFERRED, at TEXT NOT NULL,
  version_id TEXT NOT NULL REFERENCES model_version(id), account_id TEXT NOT NULL REFERENCES account(id),
  follows_id TEXT NOT NULL REFERENCES model_version(id),
  revision INTEGER NOT NULL, sha256 TEXT NOT NULL, document TEXT NOT NULL,
  UNIQUE (version_id, revision)
) STRICT;
CREATE TRIGGER change_record_no_update BEFORE UPDATE ON change_record BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
CREATE TRIGGER change_record_no_delete BEFORE DELETE ON change_record BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
-- SHA-256 of the configuration that produced the batch, as its sender stated it; NULL where nothing was stated.
ALTER TABLE batch ADD COLUMN configuration TEXT;
