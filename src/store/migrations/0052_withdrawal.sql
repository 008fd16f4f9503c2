-- A proposed disposal or redaction that its proposer, or QA, took back: it cannot be signed any more.
CREATE TABLE withdrawal (
  id TEXT NOT NULL PRIMARY KEY, entry INTEGER NOT NULL REFERENCES entry(idx) DEFERRABLE INITIALLY DEFERRED, at TEXT NOT NULL,
  record_table TEXT NOT NULL, record_id TEXT NOT NULL, account_id TEXT NOT NULL REFERENCES account(id), reason TEXT NOT NULL,
  blind TEXT, UNIQUE (record_table, record_id)
) STRICT;
CREATE INDEX withdrawal_of_entry ON withdrawal(entry);
CREATE TRIGGER withdrawal_no_update BEFORE UPDATE ON withdrawal BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
CREATE TRIGGER withdrawal_no_delete BEFORE DELETE ON withdrawal BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
