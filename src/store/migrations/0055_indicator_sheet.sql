-- Indicators of closed periods, as they were computed. Append-only.
CREATE TABLE indicator_sheet (
  id TEXT NOT NULL PRIMARY KEY, entry INTEGER NOT NULL REFERENCES entry(idx) DEFERRABLE INITIALLY DEFERRED, at TEXT NOT NULL,
  account_id TEXT NOT NULL REFERENCES account(id), period_from TEXT NOT NULL, period_to TEXT NOT NULL, warnings INTEGER NOT NULL,
  not_evaluated INTEGER NOT NULL, sha256 TEXT NOT NULL, document TEXT NOT NULL
) STRICT;
CREATE INDEX indicator_sheet_of_entry ON indicator_sheet(entry);
CREATE TRIGGER indicator_sheet_no_update BEFORE UPDATE ON indicator_sheet BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
CREATE TRIGGER indicator_sheet_no_delete BEFORE DELETE ON indicator_sheet BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
