-- Qualification runs: every attempt stays, whatever came of it. Append-only.
CREATE TABLE qualification (
  id TEXT NOT NULL PRIMARY KEY, entry INTEGER NOT NULL REFERENCES entry(idx) DEFERRABLE INITIALLY DEFERRED, at TEXT NOT NULL,
  part TEXT NOT NULL, account_id TEXT NOT NULL, passed INTEGER NOT NULL, sha256 TEXT NOT NULL, document TEXT NOT NULL
) STRICT;
CREATE TRIGGER qualification_no_update BEFORE UPDATE ON qualification BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
CREATE TRIGGER qualification_no_delete BEFORE DELETE ON qualification BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
