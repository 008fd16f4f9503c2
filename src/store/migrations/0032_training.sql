-- Which roles need which training: the newest row is in force; without one, none does. Append-only.
CREATE TABLE training_policy (
  id TEXT NOT NULL PRIMARY KEY, entry INTEGER NOT NULL REFERENCES entry(idx) DEFERRABLE INITIALLY DEFERRED, at TEXT NOT NULL,
  set_by TEXT NOT NULL, document TEXT NOT NULL, reason TEXT NOT NULL
) STRICT;
CREATE INDEX training_policy_of_entry ON training_policy(entry);
CREATE TRIGGER training_policy_no_update BEFORE UPDATE ON training_policy BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
CREATE TRIGGER training_policy_no_delete BEFORE DELETE ON training_policy BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
-- Who was trained for which role; the newest row of account, role and course counts. Append-only.
CREATE TABLE training_record (
  id TEXT NOT NULL PRIMARY KEY, entry INTEGER NOT NULL REFERENCES entry(idx) DEFERRABLE INITIALLY DEFERRED, at TEXT NOT NULL,
  account_id TEXT NOT NULL REFERENCES account(id), recorded_by TEXT NOT NULL, role TEXT NOT NULL, course TEXT NOT NULL,
  completed_on TEXT NOT NULL, valid_until TEXT, evidence TEXT NOT NULL
) STRICT;
CREATE INDEX training_record_account ON training_record(account_id, entry);
CREATE INDEX training_record_of_entry ON training_record(entry);
CREATE TRIGGER training_record_no_update BEFORE UPDATE ON training_record BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
CREATE TRIGGER training_record_no_delete BEFORE DELETE ON training_record BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
