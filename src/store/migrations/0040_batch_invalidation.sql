-- Batches that count for nothing any more, by a signed decision (record_signature). Append-only: batch, file and reports stay.
CREATE TABLE batch_invalidation (
  id TEXT NOT NULL PRIMARY KEY, entry INTEGER NOT NULL REFERENCES entry(idx) DEFERRABLE INITIALLY DEFERRED, at TEXT NOT NULL,
  version_id TEXT NOT NULL REFERENCES model_version(id), batch_id TEXT NOT NULL UNIQUE REFERENCES batch(id),
  account_id TEXT NOT NULL REFERENCES account(id), reason TEXT NOT NULL, sha256 TEXT NOT NULL, document TEXT NOT NULL
) STRICT;
CREATE INDEX batch_invalidation_of_entry ON batch_invalidation(entry);
CREATE INDEX batch_invalidation_of_version ON batch_invalidation(version_id, entry);
CREATE TRIGGER batch_invalidation_no_update BEFORE UPDATE ON batch_invalidation BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
CREATE TRIGGER batch_invalidation_no_delete BEFORE DELETE ON batch_invalidation BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;

-- A report that was computed again because an earlier batch became invalid names the invalidation. `number` counts all reports of a
-- version; `position` is the number of the batch among the valid ones, where it is another.
ALTER TABLE report ADD COLUMN invalidation_id TEXT REFERENCES batch_invalidation(id);
ALTER TABLE report ADD COLUMN position INTEGER;
