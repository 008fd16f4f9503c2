-- Who took which evidence away (the entry says who and when). Append-only.
CREATE TABLE evidence_export (
  id TEXT NOT NULL PRIMARY KEY, entry INTEGER NOT NULL REFERENCES entry(idx) DEFERRABLE INITIALLY DEFERRED, at TEXT NOT NULL,
  scope TEXT NOT NULL, size INTEGER NOT NULL, files INTEGER NOT NULL, bytes INTEGER NOT NULL, sha256 TEXT NOT NULL,
  requested_at TEXT NOT NULL, duration_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX evidence_export_of_entry ON evidence_export(entry);
CREATE TRIGGER evidence_export_no_update BEFORE UPDATE ON evidence_export BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
CREATE TRIGGER evidence_export_no_delete BEFORE DELETE ON evidence_export BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
