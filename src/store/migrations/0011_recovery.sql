-- Recovery: what was lost, since when, and who accepted it. Restores from a backup: append-only.
CREATE TABLE restore (
  id TEXT NOT NULL PRIMARY KEY, entry INTEGER NOT NULL REFERENCES entry(idx) DEFERRABLE INITIALLY DEFERRED, at TEXT NOT NULL,
  entries INTEGER NOT NULL, checkpoint TEXT NOT NULL, backed_up_at TEXT NOT NULL, newest_entry_at TEXT NOT NULL, reason TEXT NOT NULL
) STRICT;
CREATE TRIGGER restore_no_update BEFORE UPDATE ON restore BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
CREATE TRIGGER restore_no_delete BEFORE DELETE ON restore BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
-- Starts from an earlier state than one that was seen here before: append-only.
CREATE TABLE rollback (
  id TEXT NOT NULL PRIMARY KEY, entry INTEGER NOT NULL REFERENCES entry(idx) DEFERRABLE INITIALLY DEFERRED, at TEXT NOT NULL,
  entries INTEGER NOT NULL, entries_seen INTEGER NOT NULL, checkpoint_seen TEXT NOT NULL, reason TEXT NOT NULL
) STRICT;
CREATE TRIGGER rollback_no_update BEFORE UPDATE ON rollback BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
CREATE TRIGGER rollback_no_delete BEFORE DELETE ON rollback BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
