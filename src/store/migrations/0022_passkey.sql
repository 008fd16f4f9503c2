-- Passkeys: public keys that their owners hold the other half of, and when each ended. Append-only.
CREATE TABLE passkey (
  id TEXT NOT NULL PRIMARY KEY, entry INTEGER NOT NULL REFERENCES entry(idx) DEFERRABLE INITIALLY DEFERRED, at TEXT NOT NULL,
  account_id TEXT NOT NULL REFERENCES account(id), name TEXT NOT NULL, credential_id TEXT NOT NULL UNIQUE, public_key TEXT NOT NULL,
  rp_id TEXT NOT NULL, origin TEXT NOT NULL
) STRICT;
CREATE INDEX passkey_account ON passkey(account_id, entry);
CREATE INDEX passkey_of_entry ON passkey(entry);
CREATE TABLE passkey_revocation (
  id TEXT NOT NULL PRIMARY KEY, entry INTEGER NOT NULL REFERENCES entry(idx) DEFERRABLE INITIALLY DEFERRED, at TEXT NOT NULL,
  passkey_id TEXT NOT NULL UNIQUE REFERENCES passkey(id), by_account_id TEXT NOT NULL REFERENCES account(id), reason TEXT NOT NULL
) STRICT;
CREATE INDEX passkey_revocation_of_entry ON passkey_revocation(entry);
CREATE TRIGGER passkey_no_update BEFORE UPDATE ON passkey BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
CREATE TRIGGER passkey_no_delete BEFORE DELETE ON passkey BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
CREATE TRIGGER passkey_revocation_no_update BEFORE UPDATE ON passkey_revocation BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
CREATE TRIGGER passkey_revocation_no_delete BEFORE DELETE ON passkey_revocation BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
-- Working tables: a registration that was begun; what a passkey said about a record that is about to be signed.
CREATE TABLE passkey_offer (
  account_id TEXT NOT NULL PRIMARY KEY REFERENCES account(id), state TEXT NOT NULL, offered_at INTEGER NOT NULL
) STRICT;
CREATE TABLE passkey_proof (
  account_id TEXT NOT NULL PRIMARY KEY REFERENCES account(id), proof TEXT NOT NULL, proved_at INTEGER NOT NULL
) STRICT;
