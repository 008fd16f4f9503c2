-- What may be misuse of an account or a signature, and what somebody found out about it. Append-only.
CREATE TABLE misuse_event (
  id TEXT NOT NULL PRIMARY KEY, entry INTEGER NOT NULL REFERENCES entry(idx) DEFERRABLE INITIALLY DEFERRED, at TEXT NOT NULL,
  account_id TEXT NOT NULL REFERENCES account(id), rule TEXT NOT NULL, detail TEXT NOT NULL
) STRICT;
CREATE INDEX misuse_event_of_entry ON misuse_event(entry);
CREATE TABLE misuse_answer (
  id TEXT NOT NULL PRIMARY KEY, entry INTEGER NOT NULL REFERENCES entry(idx) DEFERRABLE INITIALLY DEFERRED, at TEXT NOT NULL,
  misuse_id TEXT NOT NULL UNIQUE REFERENCES misuse_event(id), by_account_id TEXT NOT NULL REFERENCES account(id), found TEXT NOT NULL
) STRICT;
CREATE INDEX misuse_answer_of_entry ON misuse_answer(entry);
-- Whether an account may sign: the newest row counts; without one it may. Append-only.
CREATE TABLE signing_hold (
  id TEXT NOT NULL PRIMARY KEY, entry INTEGER NOT NULL REFERENCES entry(idx) DEFERRABLE INITIALLY DEFERRED, at TEXT NOT NULL,
  account_id TEXT NOT NULL REFERENCES account(id), by_account_id TEXT NOT NULL REFERENCES account(id), held INTEGER NOT NULL,
  reason TEXT NOT NULL
) STRICT;
CREATE INDEX signing_hold_account ON signing_hold(account_id, entry);
CREATE INDEX signing_hold_of_entry ON signing_hold(entry);
CREATE TRIGGER misuse_event_no_update BEFORE UPDATE ON misuse_event BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
CREATE TRIGGER misuse_event_no_delete BEFORE DELETE ON misuse_event BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
CREATE TRIGGER misuse_answer_no_update BEFORE UPDATE ON misuse_answer BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
CREATE TRIGGER misuse_answer_no_delete BEFORE DELETE ON misuse_answer BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
CREATE TRIGGER signing_hold_no_update BEFORE UPDATE ON signing_hold BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
CREATE TRIGGER signing_hold_no_delete BEFORE DELETE ON signing_hold BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
-- Working table: wrong secrets in a row on signing sheets.
CREATE TABLE wrong_to_sign (
  account_id TEXT NOT NULL PRIMARY KEY REFERENCES account(id), attempts INTEGER NOT NULL
) STRICT;
