-- Keys of the ledger and of the files it signs: another one took the place of one that gave way, or one is not to be believed any more.
-- Append-only.
CREATE TABLE key_change (
  id TEXT NOT NULL PRIMARY KEY, entry INTEGER NOT NULL REFERENCES entry(idx) DEFERRABLE INITIALLY DEFERRED, at TEXT NOT NULL,
  purpose TEXT NOT NULL, kind TEXT NOT NULL, old_key TEXT NOT NULL, new_key TEXT, trusted_entries INTEGER, since TEXT, reason TEXT NOT NULL
) STRICT;
CREATE INDEX key_change_of_entry ON key_change(entry);
CREATE TRIGGER key_change_no_update BEFORE UPDATE ON key_change BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
CREATE TRIGGER key_change_no_delete BEFORE DELETE ON key_change BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
