-- Restores that were practised: whether the backup could be restored, how long that took, and what would have been lost. Append-only.
CREATE TABLE restore_test (
  id TEXT NOT NULL PRIMARY KEY, entry INTEGER NOT NULL REFERENCES entry(idx) DEFERRABLE INITIALLY DEFERRED, at TEXT NOT NULL,
  place TEXT NOT NULL, passed INTEGER NOT NULL, detail TEXT NOT NULL, reason TEXT NOT NULL, duration_ms INTEGER NOT NULL,
  entries INTEGER, checkpoint TEXT, backed_up_at TEXT, newest_entry_at TEXT, live_entries INTEGER, live_newest_entry_at TEXT,
  lost_ms INTEGER
) STRICT;
CREATE INDEX restore_test_of_entry ON restore_test(entry);
CREATE TRIGGER restore_test_no_update BEFORE UPDATE ON restore_test BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
CREATE TRIGGER restore_test_no_delete BEFORE DELETE ON restore_test BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
