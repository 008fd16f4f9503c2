-- Acceptance: criteria fixed before the test, and test runs against them: append-only.
CREATE TABLE acceptance_plan (
  id TEXT NOT NULL PRIMARY KEY, entry INTEGER NOT NULL REFERENCES entry(idx) DEFERRABLE INITIALLY DEFERRED, at TEXT NOT NULL,
  version_id TEXT NOT NULL REFERENCES model_version(id), account_id TEXT NOT NULL REFERENCES account(id),
  supersedes TEXT UNIQUE REFERENCES acceptance_plan(id),
  sha256 TEXT NOT NULL, document TEXT NOT NULL
) STRICT;
CREATE INDEX acceptance_plan_version ON acceptance_plan(version_id, entry);
CREATE TABLE test_run (
  id TEXT NOT NULL PRIMARY KEY, entry INTEGER NOT NULL REFERENCES entry(idx) DEFERRABLE INITIALLY DEFERRED, at TEXT NOT NULL,
  version_id TEXT NOT NULL REFERENCES model_version(id), plan_id TEXT NOT NULL REFERENCES acceptance_plan(id),
  account_id TEXT NOT NULL REFERENCES account(id),
  format TEXT NOT NULL, rows INTEGER NOT NULL, bytes INTEGER NOT NULL, blake3 TEXT NOT NULL, file_sha256 TEXT NOT NULL,
  rows_sha256 TEXT NOT NULL, meets INTEGER NOT NULL CHECK (meets IN (0, 1)),
  sha256 TEXT NOT NULL, document TEXT NOT NULL,
  UNIQUE (plan_id, file_sha256)
) STRICT;
CREATE INDEX test_run_version ON test_run(version_id, entry);
CREATE TRIGGER acceptance_plan_no_update BEFORE UPDATE ON acceptance_plan BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
CREATE TRIGGER acceptance_plan_no_delete BEFORE DELETE ON acceptance_plan BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
CREATE TRIGGER test_run_no_update BEFORE UPDATE ON test_run BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
CREATE TRIGGER test_run_no_delete BEFORE DELETE ON test_run BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
