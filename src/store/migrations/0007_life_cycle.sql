-- The life of a model version: what it is said to be, the steps it took, and who signed them. All append-only; its state is derived.
CREATE TABLE model_record (
  id TEXT NOT NULL PRIMARY KEY, entry INTEGER NOT NULL REFERENCES entry(idx) DEFERRABLE INITIALLY DEFERRED, at TEXT NOT NULL,
  version_id TEXT NOT NULL REFERENCES model_version(id), account_id TEXT NOT NULL REFERENCES account(id),
  revision INTEGER NOT NULL, sha256 TEXT NOT NULL, document TEXT NOT NULL,
  UNIQUE (version_id, revision)
) STRICT;
CREATE TABLE version_step (
  id TEXT NOT NULL PRIMARY KEY, entry INTEGER NOT NULL REFERENCES entry(idx) DEFERRABLE INITIALLY DEFERRED, at TEXT NOT NULL,
  version_id TEXT NOT NULL REFERENCES model_version(id), account_id TEXT NOT NULL REFERENCES account(id),
  step TEXT NOT NULL, sha256 TEXT NOT NULL, document TEXT NOT NULL,
  UNIQUE (version_id, entry)
) STRICT;
CREATE TABLE record_signature (
  id TEXT NOT NULL PRIMARY KEY, entry INTEGER NOT NULL REFERENCES entry(idx) DEFERRABLE INITIALLY DEFERRED, at TEXT NOT NULL,
  record_table TEXT NOT NULL, record_id TEXT NOT NULL, account_id TEXT NOT NULL REFERENCES account(id),
  sha256 TEXT NOT NULL, document TEXT NOT NULL
) STRICT;
CREATE INDEX record_signature_record ON record_signature (record_table, record_id);
-- Where the version stood when the batch was judged; NULL in reports of before.
ALTER TABLE report ADD COLUMN version_state TEXT;
CREATE TRIGGER model_record_no_update BEFORE UPDATE ON model_record BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
CREATE TRIGGER model_record_no_delete BEFORE DELETE ON model_record BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
CREATE TRIGGER version_step_no_update BEFORE UPDATE ON version_step BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
CREATE TRIGGER version_step_no_delete BEFORE DELETE ON version_step BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
CREATE TRIGGER record_signature_no_update BEFORE UPDATE ON record_signature BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
CREATE TRIGGER record_signature_no_delete BEFORE DELETE ON record_signature BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
