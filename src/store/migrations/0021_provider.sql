-- Which identity at which identity provider an account signs in with: the newest row of an account counts. Append-only.
CREATE TABLE provider_link (
  id TEXT NOT NULL PRIMARY KEY, entry INTEGER NOT NULL REFERENCES entry(idx) DEFERRABLE INITIALLY DEFERRED, at TEXT NOT NULL,
  account_id TEXT NOT NULL REFERENCES account(id), by_account_id TEXT NOT NULL REFERENCES account(id),
  issuer TEXT NOT NULL, subject TEXT NOT NULL, state TEXT NOT NULL, reason TEXT NOT NULL
) STRICT;
CREATE INDEX provider_link_account ON provider_link(account_id, entry);
CREATE INDEX provider_link_identity ON provider_link(issuer, subject);
CREATE INDEX provider_link_of_entry ON provider_link(entry);
CREATE TRIGGER provider_link_no_update BEFORE UPDATE ON provider_link BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
CREATE TRIGGER provider_link_no_delete BEFORE DELETE ON provider_link BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
-- Working tables: logins that were begun; logins anew that are good for one signature; how a session began.
CREATE TABLE provider_login (
  state_sha256 TEXT NOT NULL PRIMARY KEY, browser_sha256 TEXT NOT NULL, nonce TEXT NOT NULL, verifier TEXT NOT NULL,
  session_sha256 TEXT, next TEXT NOT NULL, started_at INTEGER NOT NULL
) STRICT;
CREATE TABLE fresh_login (
  account_id TEXT NOT NULL PRIMARY KEY REFERENCES account(id), identity TEXT NOT NULL, proved_at INTEGER NOT NULL
) STRICT;
ALTER TABLE session ADD COLUMN by_provider INTEGER NOT NULL DEFAULT 0;
