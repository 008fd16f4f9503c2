-- Test runs that count for nothing any more, by a signed decision (record_signature). Append-only: run and file stay.
CREATE TABLE test_run_invalidation (
  id TEXT NOT NULL PRIMARY KEY, entry INTEGER NOT NULL REFERENCES entry(idx) DEFERRABLE INITIALLY DEFERRED, at TEXT NOT NULL,
  version_id TEXT NOT NULL REFERENCES model_version(id), test_run_id TEXT NOT NULL UNIQUE REFERENCES test_run(id),
  account_id TEXT NOT NULL REFERENCES account(id), reason TEXT NOT NULL, sha256 TEXT NOT NULL, document TEXT NOT NULL
) STRICT;
CREATE INDEX test_run_invalidation_of_entry ON test_run_invalidation(entry);
CREATE TRIGGER test_run_invalidation_no_update BEFORE UPDATE ON test_run_invalidation BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
CREATE TRIGGER test_run_invalidation_no_delete BEFORE DELETE ON test_run_invalidation BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
