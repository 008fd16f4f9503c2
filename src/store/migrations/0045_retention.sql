-- How long stored files are kept: named classes with their years, the class of each kind of file, and the class of a version's files where it
-- is another one. The newest row is in force; without one, everything is kept for ever.
CREATE TABLE retention_policy (
  id TEXT NOT NULL PRIMARY KEY, entry INTEGER NOT NULL REFERENCES entry(idx) DEFERRABLE INITIALLY DEFERRED, at TEXT NOT NULL,
  account_id TEXT NOT NULL REFERENCES account(id), reason TEXT NOT NULL, sha256 TEXT NOT NULL, document TEXT NOT NULL
) STRICT;
CREATE INDEX retention_policy_of_entry ON retention_policy(entry);
CREATE TRIGGER retention_policy_no_update BEFORE UPDATE ON retention_policy BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
CREATE TRIGGER retention_policy_no_delete BEFORE DELETE ON retention_policy BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;

CREATE TABLE version_retention (
  id TEXT NOT NULL PRIMARY KEY, entry INTEGER NOT NULL REFERENCES entry(idx) DEFERRABLE INITIALLY DEFERRED, at TEXT NOT NULL,
  version_id TEXT NOT NULL REFERENCES model_version(id), account_id TEXT NOT NULL REFERENCES account(id),
  class TEXT, reason TEXT NOT NULL
) STRICT;
CREATE INDEX version_retention_of_entry ON version_retention(entry);
CREATE INDEX version_retention_of_version ON version_retention(version_id, entry);
CREATE TRIGGER version_retention_no_update BEFORE UPDATE ON version_retention BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
CREATE TRIGGER version_retention_no_delete BEFORE DELETE ON version_retention BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
