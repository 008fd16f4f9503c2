-- What was noticed about the clock: a step, that it is not in step with its source, that somebody confirmed it. The newest row says
-- whether anybody may sign; without one, everybody may. Append-only.
CREATE TABLE clock_event (
  id TEXT NOT NULL PRIMARY KEY, entry INTEGER NOT NULL REFERENCES entry(idx) DEFERRABLE INITIALLY DEFERRED, at TEXT NOT NULL,
  kind TEXT NOT NULL, trusted INTEGER NOT NULL, expected TEXT NOT NULL, found TEXT NOT NULL, offset_ms INTEGER NOT NULL,
  detail TEXT NOT NULL, by_account_id TEXT REFERENCES account(id)
) STRICT;
CREATE INDEX clock_event_of_entry ON clock_event(entry);
CREATE TRIGGER clock_event_no_update BEFORE UPDATE ON clock_event BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
CREATE TRIGGER clock_event_no_delete BEFORE DELETE ON clock_event BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
