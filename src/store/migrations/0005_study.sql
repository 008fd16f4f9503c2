-- Phase I studies attached to a version as validation evidence: append-only.
CREATE TABLE study (
  id TEXT NOT NULL PRIMARY KEY, entry INTEGER NOT NULL REFERENCES entry(idx) DEFERRABLE INITIALLY DEFERRED, at TEXT NOT NULL,
  version_id TEXT NOT NULL REFERENCES model_version(id), account_id TEXT NOT NULL REFERENCES account(id),
  sha256 TEXT NOT NULL, document TEXT NOT NULL,
  UNIQUE (version_id, sha256)
) STRICT;
CREATE TABLE study_signature (
  id TEXT NOT NULL PRIMARY KEY, entry INTEGER NOT NULL REFERENCES entry(idx) DEFERRABLE INITIALLY DEFERRED, at TEXT NOT NULL,
  study_id TEXT NOT NULL UNIQUE REFERENCES study(id), account_id TEXT NOT NULL REFERENCES account(id),
  sha256 TEXT NOT NULL, document TEXT NOT NULL
) STRICT;
CREATE TRIGGER study_no_update BEFORE UPDATE ON study BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
CREATE TRIGGER study_no_delete BEFORE DELETE ON study BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
CREATE TRIGGER study_signature_no_update BEFORE UPDATE ON study_signature BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
CREATE TRIGGER study_signature_no_delete BEFORE DELETE ON study_signature BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
