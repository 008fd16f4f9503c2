-- A batch may correct one that is invalid: it may then have the same name or the same content. A table's constraint is changed by making the
-- table again; its rows, and with them their digests, stay as they are: columns that are NULL are left out of them.
PRAGMA defer_foreign_keys = ON;
CREATE TABLE batch_kept AS SELECT * FROM batch ORDER BY rowid;
DROP TABLE batch;
CREATE TABLE batch (
  id TEXT NOT NULL PRIMARY KEY, entry INTEGER NOT NULL REFERENCES entry(idx) DEFERRABLE INITIALLY DEFERRED, at TEXT NOT NULL,
  version_id TEXT NOT NULL REFERENCES model_version(id), name TEXT NOT NULL,
  period_start TEXT, period_end TEXT, format TEXT NOT NULL, rows INTEGER NOT NULL,
  bytes INTEGER NOT NULL, blake3 TEXT NOT NULL, sha256 TEXT NOT NULL, row_ids TEXT, configuration TEXT,
  corrects TEXT UNIQUE REFERENCES batch(id), correction_reason TEXT
) STRICT;
INSERT INTO batch (id, entry, at, version_id, name, period_start, period_end, format, rows, bytes, blake3, sha256, row_ids, configuration)
  SELECT id, entry, at, version_id, name, period_start, period_end, format, rows, bytes, blake3, sha256, row_ids, configuration
  FROM batch_kept ORDER BY rowid;
DROP TABLE batch_kept;
CREATE INDEX batch_of_entry ON batch(entry);
CREATE INDEX batch_version ON batch(version_id, entry);
CREATE UNIQUE INDEX batch_name ON batch(version_id, name, coalesce(corrects, ''));
CREATE UNIQUE INDEX batch_content ON batch(version_id, sha256, coalesce(corrects, ''));
CREATE TRIGGER batch_no_update BEFORE UPDATE ON batch BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
CREATE TRIGGER batch_no_delete BEFORE DELETE ON batch BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
