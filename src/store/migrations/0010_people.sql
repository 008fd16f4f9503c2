-- Whether an account may be used: the newest row counts; without one it may. Accounts are never deleted. Append-only.
CREATE TABLE account_state (
  id TEXT NOT NULL PRIMARY KEY, entry INTEGER NOT NULL REFERENCES entry(idx) DEFERRABLE INITIALLY DEFERRED, at TEXT NOT NULL,
  account_id TEXT NOT NULL REFERENCES account(id), enabled INTEGER NOT NULL, reason TEXT NOT NULL
) STRICT;
CREATE INDEX account_state_account ON account_state(account_id, entry);
CREATE TRIGGER account_state_no_update BEFORE UPDATE ON account_state BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
CREATE TRIGGER account_state_no_delete BEFORE DELETE ON account_state BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
-- Roles by two people: one asks, another answers. The newest grant in force is the account's role; an account that was created
-- together with a request has none before. Append-only.
CREATE TABLE role_request (
  id TEXT NOT NULL PRIMARY KEY, entry INTEGER NOT NULL REFERENCES entry(idx) DEFERRABLE INITIALLY DEFERRED, at TEXT NOT NULL,
  account_id TEXT NOT NULL REFERENCES account(id), role TEXT NOT NULL, valid_from TEXT NOT NULL, valid_until TEXT,
  reason TEXT NOT NULL, requested_by TEXT NOT NULL REFERENCES account(id), creates INTEGER NOT NULL
) STRICT;
CREATE INDEX role_request_account ON role_request(account_id, entry);
CREATE TABLE role_answer (
  id TEXT NOT NULL PRIMARY KEY, entry INTEGER NOT NULL REFERENCES entry(idx) DEFERRABLE INITIALLY DEFERRED, at TEXT NOT NULL,
  request_id TEXT NOT NULL UNIQUE REFERENCES role_request(id), granted INTEGER NOT NULL, reason TEXT NOT NULL,
  answered_by TEXT NOT NULL REFERENCES account(id)
) STRICT;
CREATE TRIGGER role_request_no_update BEFORE UPDATE ON role_request BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
CREATE TRIGGER role_request_no_delete BEFORE DELETE ON role_request BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
CREATE TRIGGER role_answer_no_update BEFORE UPDATE ON role_answer BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
CREATE TRIGGER role_answer_no_delete BEFORE DELETE ON role_answer BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
-- The rules for passwords: the newest row is in force from its entry on. Append-only.
CREATE TABLE password_policy (
  id TEXT NOT NULL PRIMARY KEY, entry INTEGER NOT NULL REFERENCES entry(idx) DEFERRABLE INITIALLY DEFERRED, at TEXT NOT NULL,
  document TEXT NOT NULL, reason TEXT NOT NULL
) STRICT;
CREATE TRIGGER password_policy_no_update BEFORE UPDATE ON password_policy BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
CREATE TRIGGER password_policy_no_delete BEFORE DELETE ON password_policy BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
-- Who came in, who did not, who was refused what. No record and no ledger entry, but append-only like one.
CREATE TABLE access_event (
  id INTEGER PRIMARY KEY, at TEXT NOT NULL, user_name TEXT NOT NULL, role TEXT NOT NULL, kind TEXT NOT NULL, code TEXT NOT NULL,
  asked TEXT NOT NULL, address TEXT NOT NULL
) STRICT;
CREATE INDEX access_event_user ON access_event(user_name, id);
CREATE TRIGGER access_event_no_update BEFORE UPDATE ON access_event BEGIN SELECT RAISE(ABORT, 'access_event is append-only'); END;
CREATE TRIGGER access_event_no_delete BEFORE DELETE ON access_event BEGIN SELECT RAISE(ABORT, 'access_event is append-only'); END;
