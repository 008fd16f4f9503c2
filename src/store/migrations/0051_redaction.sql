-- Redactions of personal data in record rows: proposed and signed by one person, signed by another of QA.
CREATE TABLE redaction (
  id TEXT NOT NULL PRIMARY KEY, entry INTEGER NOT NULL REFERENCES entry(idx) DEFERRABLE INITIALLY DEFERRED, at TEXT NOT NULL,
  account_id TEXT NOT NULL REFERENCES account(id), rows INTEGER NOT NULL, reason TEXT NOT NULL,
  sha256 TEXT NOT NULL, document TEXT NOT NULL
) STRICT;
CREATE INDEX redaction_of_entry ON redaction(entry);
CREATE TRIGGER redaction_no_update BEFORE UPDATE ON redaction BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
CREATE TRIGGER redaction_no_delete BEFORE DELETE ON redaction BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;

-- A row of which values went: written with the second signature, in the same entry. It is held against what was left of it.
CREATE TABLE redacted_row (
  id TEXT NOT NULL PRIMARY KEY, entry INTEGER NOT NULL REFERENCES entry(idx) DEFERRABLE INITIALLY DEFERRED, at TEXT NOT NULL,
  redaction_id TEXT NOT NULL REFERENCES redaction(id), record_table TEXT NOT NULL, record_id TEXT NOT NULL,
  listed_sha256 TEXT NOT NULL, found_sha256 TEXT NOT NULL, left_sha256 TEXT NOT NULL,
  UNIQUE (redaction_id, record_table, record_id)
) STRICT;
CREATE INDEX redacted_row_of_entry ON redacted_row(entry);
CREATE TRIGGER redacted_row_no_update BEFORE UPDATE ON redacted_row BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
CREATE TRIGGER redacted_row_no_delete BEFORE DELETE ON redacted_row BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
CREATE INDEX redacted_row_record ON redacted_row(record_table, record_id, entry);

-- A random text beside what may have to be redacted: once both are gone, the digest that the ledger lists confirms no guess.
ALTER TABLE account_lock ADD COLUMN blind TEXT;
ALTER TABLE account_state ADD COLUMN blind TEXT;
ALTER TABLE role_request ADD COLUMN blind TEXT;
ALTER TABLE role_answer ADD COLUMN blind TEXT;
ALTER TABLE second_factor ADD COLUMN blind TEXT;
ALTER TABLE provider_link ADD COLUMN blind TEXT;
ALTER TABLE passkey ADD COLUMN blind TEXT;
ALTER TABLE passkey_revocation ADD COLUMN blind TEXT;
ALTER TABLE training_record ADD COLUMN blind TEXT;
ALTER TABLE signing_hold ADD COLUMN blind TEXT;
ALTER TABLE misuse_event ADD COLUMN blind TEXT;
ALTER TABLE misuse_answer ADD COLUMN blind TEXT;
ALTER TABLE token_revocation ADD COLUMN blind TEXT;
ALTER TABLE model ADD COLUMN blind TEXT;
ALTER TABLE batch ADD COLUMN blind TEXT;
ALTER TABLE quarantine ADD COLUMN blind TEXT;
ALTER TABLE episode ADD COLUMN blind TEXT;
ALTER TABLE labels ADD COLUMN blind TEXT;
ALTER TABLE acknowledgement ADD COLUMN blind TEXT;
ALTER TABLE run ADD COLUMN blind TEXT;
ALTER TABLE description ADD COLUMN blind TEXT;
ALTER TABLE tag ADD COLUMN blind TEXT;
ALTER TABLE restore ADD COLUMN blind TEXT;
ALTER TABLE rollback ADD COLUMN blind TEXT;
ALTER TABLE restore_test ADD COLUMN blind TEXT;
ALTER TABLE version_retention ADD COLUMN blind TEXT;
