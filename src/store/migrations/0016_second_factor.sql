-- That somebody has a second factor, that its removal was asked for, that it was removed: the newest row counts. The secret itself is in
-- a working table and in no entry. Append-only.
CREATE TABLE second_factor (
  id TEXT NOT NULL PRIMARY KEY, entry INTEGER NOT NULL REFERENCES entry(idx) DEFERRABLE INITIALLY DEFERRED, at TEXT NOT NULL,
  account_id TEXT NOT NULL REFERENCES account(id), by_account_id TEXT NOT NULL REFERENCES account(id),
  state TEXT NOT NULL, reason TEXT NOT NULL
) STRICT;
CREATE INDEX second_factor_account ON second_factor(account_id, entry);
CREATE TRIGGER second_factor_no_update BEFORE UPDATE ON second_factor BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
CREATE TRIGGER second_factor_no_delete BEFORE DELETE ON second_factor BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
-- Working tables: a secret that is in use, or only offered; the newest step whose code was used; the running series of signatures.
CREATE TABLE factor_secret (
  account_id TEXT NOT NULL PRIMARY KEY REFERENCES account(id), secret TEXT NOT NULL, used_step INTEGER NOT NULL
) STRICT;
CREATE TABLE factor_offer (
  account_id TEXT NOT NULL PRIMARY KEY REFERENCES account(id), secret TEXT NOT NULL, offered_at INTEGER NOT NULL
) STRICT;
CREATE TABLE signing_series (
  account_id TEXT NOT NULL PRIMARY KEY REFERENCES account(id), started_at INTEGER NOT NULL, used_at INTEGER NOT NULL,
  signatures INTEGER NOT NULL
) STRICT;
