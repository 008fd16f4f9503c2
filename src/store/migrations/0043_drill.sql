-- Continuity drills. Append-only.
CREATE TABLE drill (
  id TEXT NOT NULL PRIMARY KEY, entry INTEGER NOT NULL REFERENCES entry(idx) DEFERRABLE INITIALLY DEFERRED, at TEXT NOT NULL,
  account_id TEXT NOT NULL, began_at TEXT NOT NULL, result TEXT NOT NULL, next_due TEXT NOT NULL,
  restore_test_id TEXT REFERENCES restore_test(id), sha256 TEXT NOT NULL, document TEXT NOT NULL
) STRICT;
CREATE INDEX drill_of_entry ON drill(entry);
CREATE TRIGGER drill_no_update BEFORE UPDATE ON drill BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
CREATE TRIGGER drill_no_delete BEFORE DELETE ON drill BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
