-- Upgrades of this store: what every table held before and after its schema changed. Append-only.
CREATE TABLE store_upgrade (
  id TEXT NOT NULL PRIMARY KEY, entry INTEGER NOT NULL REFERENCES entry(idx) DEFERRABLE INITIALLY DEFERRED, at TEXT NOT NULL,
  from_schema INTEGER NOT NULL, to_schema INTEGER NOT NULL, program TEXT NOT NULL, entries INTEGER NOT NULL,
  record_rows INTEGER NOT NULL, duration_ms INTEGER NOT NULL, sha256 TEXT NOT NULL, document TEXT NOT NULL
) STRICT;
CREATE INDEX store_upgrade_of_entry ON store_upgrade(entry);
CREATE TRIGGER store_upgrade_no_update BEFORE UPDATE ON store_upgrade BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
CREATE TRIGGER store_upgrade_no_delete BEFORE DELETE ON store_upgrade BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
