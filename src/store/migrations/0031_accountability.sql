-- The statement of accountability: the newest row is in force, and is accepted by everybody before the first signature. Append-only.
CREATE TABLE accountability_statement (
  id TEXT NOT NULL PRIMARY KEY, entry INTEGER NOT NULL REFERENCES entry(idx) DEFERRABLE INITIALLY DEFERRED, at TEXT NOT NULL,
  set_by TEXT NOT NULL, sha256 TEXT NOT NULL, text TEXT NOT NULL, reason TEXT NOT NULL
) STRICT;
CREATE INDEX accountability_statement_of_entry ON accountability_statement(entry);
CREATE TRIGGER accountability_statement_no_update BEFORE UPDATE ON accountability_statement BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
CREATE TRIGGER accountability_statement_no_delete BEFORE DELETE ON accountability_statement BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
-- Who accepted which statement; each is signed. Append-only.
CREATE TABLE accountability_acceptance (
  id TEXT NOT NULL PRIMARY KEY, entry INTEGER NOT NULL REFERENCES entry(idx) DEFERRABLE INITIALLY DEFERRED, at TEXT NOT NULL,
  account_id TEXT NOT NULL REFERENCES account(id), statement_id TEXT NOT NULL REFERENCES accountability_statement(id),
  sha256 TEXT NOT NULL, document TEXT NOT NULL
) STRICT;
CREATE INDEX accountability_acceptance_account ON accountability_acceptance(account_id, entry);
CREATE INDEX accountability_acceptance_of_entry ON accountability_acceptance(entry);
CREATE TRIGGER accountability_acceptance_no_update BEFORE UPDATE ON accountability_acceptance BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
CREATE TRIGGER accountability_acceptance_no_delete BEFORE DELETE ON accountability_acceptance BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
-- How it was checked whose account it is: what was seen, by whom, when. No copies and no numbers of documents. Append-only.
CREATE TABLE identity_check (
  id TEXT NOT NULL PRIMARY KEY, entry INTEGER NOT NULL REFERENCES entry(idx) DEFERRABLE INITIALLY DEFERRED, at TEXT NOT NULL,
  account_id TEXT NOT NULL REFERENCES account(id), checked_by TEXT NOT NULL, method TEXT NOT NULL, seen TEXT NOT NULL,
  checked_on TEXT NOT NULL
) STRICT;
CREATE INDEX identity_check_account ON identity_check(account_id, entry);
CREATE INDEX identity_check_of_entry ON identity_check(entry);
CREATE TRIGGER identity_check_no_update BEFORE UPDATE ON identity_check BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
CREATE TRIGGER identity_check_no_delete BEFORE DELETE ON identity_check BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
