-- Periodic reviews of the audit trail, of access rights and of the system; signed in record_signature. Append-only.
CREATE TABLE periodic_review (
  id TEXT NOT NULL PRIMARY KEY, entry INTEGER NOT NULL REFERENCES entry(idx) DEFERRABLE INITIALLY DEFERRED, at TEXT NOT NULL,
  kind TEXT NOT NULL, account_id TEXT NOT NULL, from_entry INTEGER NOT NULL, until_entry INTEGER NOT NULL, next_due TEXT NOT NULL,
  sha256 TEXT NOT NULL, document TEXT NOT NULL
) STRICT;
CREATE INDEX periodic_review_of_entry ON periodic_review(entry);
CREATE TRIGGER periodic_review_no_update BEFORE UPDATE ON periodic_review BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
CREATE TRIGGER periodic_review_no_delete BEFORE DELETE ON periodic_review BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
