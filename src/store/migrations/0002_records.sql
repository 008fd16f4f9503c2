-- Record tables: append-only; every row is witnessed by exactly one ledger entry (column `entry`).
CREATE TABLE account (
  id TEXT NOT NULL PRIMARY KEY, entry INTEGER NOT NULL REFERENCES entry(idx) DEFERRABLE INITIALLY DEFERRED, at TEXT NOT NULL,
  user_name TEXT NOT NULL UNIQUE, printed_name TEXT NOT NULL, role TEXT NOT NULL
) STRICT;
CREATE TABLE credential (
  id TEXT NOT NULL PRIMARY KEY, entry INTEGER NOT NULL REFERENCES entry(idx) DEFERRABLE INITIALLY DEFERRED, at TEXT NOT NULL,
  account_id TEXT NOT NULL REFERENCES account(id), phc TEXT NOT NULL, one_time INTEGER NOT NULL
) STRICT;
CREATE INDEX credential_account ON credential(account_id, entry);
CREATE TABLE account_lock (
  id TEXT NOT NULL PRIMARY KEY, entry INTEGER NOT NULL REFERENCES entry(idx) DEFERRABLE INITIALLY DEFERRED, at TEXT NOT NULL,
  account_id TEXT NOT NULL REFERENCES account(id), locked INTEGER NOT NULL, reason TEXT NOT NULL
) STRICT;
CREATE INDEX account_lock_account ON account_lock(account_id, entry);
CREATE TABLE token (
  id TEXT NOT NULL PRIMARY KEY, entry INTEGER NOT NULL REFERENCES entry(idx) DEFERRABLE INITIALLY DEFERRED, at TEXT NOT NULL,
  account_id TEXT NOT NULL REFERENCES account(id), name TEXT NOT NULL, scope TEXT NOT NULL,
  secret_sha256 TEXT NOT NULL UNIQUE, expires_at TEXT
) STRICT;
CREATE TABLE token_revocation (
  id TEXT NOT NULL PRIMARY KEY, entry INTEGER NOT NULL REFERENCES entry(idx) DEFERRABLE INITIALLY DEFERRED, at TEXT NOT NULL,
  token_id TEXT NOT NULL UNIQUE REFERENCES token(id), reason TEXT NOT NULL
) STRICT;
CREATE TABLE model (
  id TEXT NOT NULL PRIMARY KEY, entry INTEGER NOT NULL REFERENCES entry(idx) DEFERRABLE INITIALLY DEFERRED, at TEXT NOT NULL,
  description TEXT NOT NULL
) STRICT;
CREATE TABLE model_version (
  id TEXT NOT NULL PRIMARY KEY, entry INTEGER NOT NULL REFERENCES entry(idx) DEFERRABLE INITIALLY DEFERRED, at TEXT NOT NULL,
  model TEXT NOT NULL REFERENCES model(id), version TEXT NOT NULL,
  registered_by TEXT NOT NULL REFERENCES account(id),
  content_sha256 TEXT NOT NULL, registration TEXT NOT NULL,
  UNIQUE (model, version)
) STRICT;
CREATE TABLE reference (
  id TEXT NOT NULL PRIMARY KEY, entry INTEGER NOT NULL REFERENCES entry(idx) DEFERRABLE INITIALLY DEFERRED, at TEXT NOT NULL,
  version_id TEXT NOT NULL REFERENCES model_version(id), sha256 TEXT NOT NULL, document TEXT NOT NULL
) STRICT;
CREATE INDEX reference_version ON reference(version_id, entry);
CREATE TABLE policy (
  id TEXT NOT NULL PRIMARY KEY, entry INTEGER NOT NULL REFERENCES entry(idx) DEFERRABLE INITIALLY DEFERRED, at TEXT NOT NULL,
  version_id TEXT NOT NULL REFERENCES model_version(id), sha256 TEXT NOT NULL, document TEXT NOT NULL
) STRICT;
CREATE INDEX policy_version ON policy(version_id, entry);
CREATE TABLE monitor (
  id TEXT NOT NULL PRIMARY KEY, entry INTEGER NOT NULL REFERENCES entry(idx) DEFERRABLE INITIALLY DEFERRED, at TEXT NOT NULL,
  version_id TEXT NOT NULL REFERENCES model_version(id),
  reference_id TEXT NOT NULL REFERENCES reference(id), policy_id TEXT NOT NULL REFERENCES policy(id),
  sha256 TEXT NOT NULL, document TEXT NOT NULL
) STRICT;
CREATE INDEX monitor_version ON monitor(version_id, entry);
CREATE TABLE batch (
  id TEXT NOT NULL PRIMARY KEY, entry INTEGER NOT NULL REFERENCES entry(idx) DEFERRABLE INITIALLY DEFERRED, at TEXT NOT NULL,
  version_id TEXT NOT NULL REFERENCES model_version(id), name TEXT NOT NULL,
  period_start TEXT, period_end TEXT, format TEXT NOT NULL, rows INTEGER NOT NULL,
  bytes INTEGER NOT NULL, blake3 TEXT NOT NULL, sha256 TEXT NOT NULL,
  UNIQUE (version_id, name), UNIQUE (version_id, sha256)
) STRICT;
CREATE TABLE quarantine (
  id TEXT NOT NULL PRIMARY KEY, entry INTEGER NOT NULL REFERENCES entry(idx) DEFERRABLE INITIALLY DEFERRED, at TEXT NOT NULL,
  version_id TEXT NOT NULL REFERENCES model_version(id), name TEXT NOT NULL, format TEXT NOT NULL,
  bytes INTEGER NOT NULL, blake3 TEXT NOT NULL, sha256 TEXT NOT NULL, reasons TEXT NOT NULL
) STRICT;
CREATE INDEX quarantine_version ON quarantine(version_id, entry);
CREATE TABLE labels (
  id TEXT NOT NULL PRIMARY KEY, entry INTEGER NOT NULL REFERENCES entry(idx) DEFERRABLE INITIALLY DEFERRED, at TEXT NOT NULL,
  version_id TEXT NOT NULL REFERENCES model_version(id), format TEXT NOT NULL, rows INTEGER NOT NULL,
  bytes INTEGER NOT NULL, blake3 TEXT NOT NULL, sha256 TEXT NOT NULL,
  UNIQUE (version_id, sha256)
) STRICT;
CREATE TABLE report (
  id TEXT NOT NULL PRIMARY KEY, entry INTEGER NOT NULL REFERENCES entry(idx) DEFERRABLE INITIALLY DEFERRED, at TEXT NOT NULL,
  version_id TEXT NOT NULL REFERENCES model_version(id), batch_id TEXT NOT NULL REFERENCES batch(id),
  monitor_id TEXT NOT NULL REFERENCES monitor(id),
  number INTEGER NOT NULL, verdict TEXT NOT NULL, state TEXT NOT NULL, meter REAL NOT NULL,
  sha256 TEXT NOT NULL, document TEXT NOT NULL,
  UNIQUE (version_id, number)
) STRICT;
CREATE INDEX report_batch ON report(batch_id, entry);
CREATE TABLE episode (
  id TEXT NOT NULL PRIMARY KEY, entry INTEGER NOT NULL REFERENCES entry(idx) DEFERRABLE INITIALLY DEFERRED, at TEXT NOT NULL,
  version_id TEXT NOT NULL REFERENCES model_version(id), kind TEXT NOT NULL,
  report_id TEXT REFERENCES report(id), opening TEXT NOT NULL
) STRICT;
CREATE INDEX episode_version ON episode(version_id, entry);
CREATE TABLE episode_batch (
  id TEXT NOT NULL PRIMARY KEY, entry INTEGER NOT NULL REFERENCES entry(idx) DEFERRABLE INITIALLY DEFERRED, at TEXT NOT NULL,
  episode_id TEXT NOT NULL REFERENCES episode(id), report_id TEXT NOT NULL REFERENCES report(id),
  UNIQUE (episode_id, report_id)
) STRICT;
CREATE TABLE acknowledgement (
  id TEXT NOT NULL PRIMARY KEY, entry INTEGER NOT NULL REFERENCES entry(idx) DEFERRABLE INITIALLY DEFERRED, at TEXT NOT NULL,
  episode_id TEXT NOT NULL UNIQUE REFERENCES episode(id), account_id TEXT NOT NULL REFERENCES account(id),
  severity TEXT NOT NULL, comment TEXT NOT NULL
) STRICT;
CREATE TABLE decision (
  id TEXT NOT NULL PRIMARY KEY, entry INTEGER NOT NULL REFERENCES entry(idx) DEFERRABLE INITIALLY DEFERRED, at TEXT NOT NULL,
  episode_id TEXT NOT NULL REFERENCES episode(id), account_id TEXT NOT NULL REFERENCES account(id),
  sha256 TEXT NOT NULL, document TEXT NOT NULL
) STRICT;
CREATE INDEX decision_episode ON decision(episode_id, entry);
CREATE TABLE signature (
  id TEXT NOT NULL PRIMARY KEY, entry INTEGER NOT NULL REFERENCES entry(idx) DEFERRABLE INITIALLY DEFERRED, at TEXT NOT NULL,
  decision_id TEXT NOT NULL UNIQUE REFERENCES decision(id), account_id TEXT NOT NULL REFERENCES account(id),
  sha256 TEXT NOT NULL, document TEXT NOT NULL
) STRICT;

-- Nothing recorded is ever changed or removed.
CREATE TRIGGER account_no_update BEFORE UPDATE ON account BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
CREATE TRIGGER account_no_delete BEFORE DELETE ON account BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
CREATE TRIGGER credential_no_update BEFORE UPDATE ON credential BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
CREATE TRIGGER credential_no_delete BEFORE DELETE ON credential BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
CREATE TRIGGER account_lock_no_update BEFORE UPDATE ON account_lock BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
CREATE TRIGGER account_lock_no_delete BEFORE DELETE ON account_lock BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
CREATE TRIGGER token_no_update BEFORE UPDATE ON token BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
CREATE TRIGGER token_no_delete BEFORE DELETE ON token BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
CREATE TRIGGER token_revocation_no_update BEFORE UPDATE ON token_revocation BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
CREATE TRIGGER token_revocation_no_delete BEFORE DELETE ON token_revocation BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
CREATE TRIGGER model_no_update BEFORE UPDATE ON model BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
CREATE TRIGGER model_no_delete BEFORE DELETE ON model BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
CREATE TRIGGER model_version_no_update BEFORE UPDATE ON model_version BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
CREATE TRIGGER model_version_no_delete BEFORE DELETE ON model_version BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
CREATE TRIGGER reference_no_update BEFORE UPDATE ON reference BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
CREATE TRIGGER reference_no_delete BEFORE DELETE ON reference BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
CREATE TRIGGER policy_no_update BEFORE UPDATE ON policy BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
CREATE TRIGGER policy_no_delete BEFORE DELETE ON policy BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
CREATE TRIGGER monitor_no_update BEFORE UPDATE ON monitor BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
CREATE TRIGGER monitor_no_delete BEFORE DELETE ON monitor BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
CREATE TRIGGER batch_no_update BEFORE UPDATE ON batch BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
CREATE TRIGGER batch_no_delete BEFORE DELETE ON batch BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
CREATE TRIGGER quarantine_no_update BEFORE UPDATE ON quarantine BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
CREATE TRIGGER quarantine_no_delete BEFORE DELETE ON quarantine BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
CREATE TRIGGER labels_no_update BEFORE UPDATE ON labels BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
CREATE TRIGGER labels_no_delete BEFORE DELETE ON labels BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
CREATE TRIGGER report_no_update BEFORE UPDATE ON report BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
CREATE TRIGGER report_no_delete BEFORE DELETE ON report BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
CREATE TRIGGER episode_no_update BEFORE UPDATE ON episode BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
CREATE TRIGGER episode_no_delete BEFORE DELETE ON episode BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
CREATE TRIGGER episode_batch_no_update BEFORE UPDATE ON episode_batch BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
CREATE TRIGGER episode_batch_no_delete BEFORE DELETE ON episode_batch BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
CREATE TRIGGER acknowledgement_no_update BEFORE UPDATE ON acknowledgement BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
CREATE TRIGGER acknowledgement_no_delete BEFORE DELETE ON acknowledgement BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
CREATE TRIGGER decision_no_update BEFORE UPDATE ON decision BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
CREATE TRIGGER decision_no_delete BEFORE DELETE ON decision BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
CREATE TRIGGER signature_no_update BEFORE UPDATE ON signature BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
CREATE TRIGGER signature_no_delete BEFORE DELETE ON signature BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;

-- Working tables: may be lost or cleared without losing a record.
CREATE TABLE session (
  secret_sha256 TEXT PRIMARY KEY, account_id TEXT NOT NULL REFERENCES account(id),
  form_token TEXT NOT NULL, started_at INTEGER NOT NULL, used_at INTEGER NOT NULL
) STRICT;
CREATE TABLE wrong_password (
  account_id TEXT NOT NULL PRIMARY KEY REFERENCES account(id), attempts INTEGER NOT NULL
) STRICT;
CREATE TABLE setting (
  name TEXT PRIMARY KEY, value TEXT NOT NULL
) STRICT;
