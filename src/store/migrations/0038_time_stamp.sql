-- What time-stamp authorities stated about checkpoints, and what was noticed about them: a schedule began or ended, a stamp was kept, one
-- was not to be had, there is none in time. Append-only.
CREATE TABLE time_stamp (
  id TEXT NOT NULL PRIMARY KEY, entry INTEGER NOT NULL REFERENCES entry(idx) DEFERRABLE INITIALLY DEFERRED, at TEXT NOT NULL,
  kind TEXT NOT NULL, authority TEXT NOT NULL, detail TEXT NOT NULL, every_seconds INTEGER,
  entries INTEGER, checkpoint TEXT, response TEXT, stated_at TEXT, serial TEXT, policy TEXT, signer TEXT
) STRICT;
CREATE INDEX time_stamp_kind ON time_stamp(kind, entry);
CREATE INDEX time_stamp_of_entry ON time_stamp(entry);
CREATE TRIGGER time_stamp_no_update BEFORE UPDATE ON time_stamp BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
CREATE TRIGGER time_stamp_no_delete BEFORE DELETE ON time_stamp BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
