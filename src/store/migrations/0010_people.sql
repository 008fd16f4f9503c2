-- The rules for passwords: the newest row is in force from its entry on. Append-only.
CREATE TABLE password_policy (
  id TEXT NOT NULL PRIMARY KEY, entry INTEGER NOT NULL REFERENCES entry(idx) DEFERRABLE INITIALLY DEFERRED, at TEXT NOT NULL,
  document TEXT NOT NULL, reason TEXT NOT NULL
) STRICT;
CREATE TRIGGER password_policy_no_update BEFORE UPDATE ON password_policy BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
CREATE TRIGGER password_policy_no_delete BEFORE DELETE ON password_policy BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
