-- What was noticed about backups: a schedule began or ended, one was made or failed, one is late. Append-only.
CREATE TABLE backup_event (
  id TEXT NOT NULL PRIMARY KEY, entry INTEGER NOT NULL REFERENCES entry(idx) DEFERRABLE INITIALLY DEFERRED, at TEXT NOT NULL,
  kind TEXT NOT NULL, place TEXT NOT NULL, detail TEXT NOT NULL, every_seconds INTEGER, keep INTEGER,
  entries INTEGER, checkpoint TEXT, newest_entry_at TEXT, database_sha256 TEXT, objects INTEGER, new_objects INTEGER,
  new_bytes INTEGER, duration_ms INTEGER
) STRICT;
CREATE INDEX backup_event_kind ON backup_event(kind, entry);
CREATE INDEX backup_event_of_entry ON backup_event(entry);
CREATE TRIGGER backup_event_no_update BEFORE UPDATE ON backup_event BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
CREATE TRIGGER backup_event_no_delete BEFORE DELETE ON backup_event BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
