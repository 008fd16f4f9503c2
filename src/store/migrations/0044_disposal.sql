-- Legal holds, and the disposal of stored files by a record that two people sign. Append-only: what a disposal removes is a file among the
-- objects; its record stays with id, digests, length and reason. A hold without model is of the whole store.
CREATE TABLE legal_hold (
  id TEXT NOT NULL PRIMARY KEY, entry INTEGER NOT NULL REFERENCES entry(idx) DEFERRABLE INITIALLY DEFERRED, at TEXT NOT NULL,
  account_id TEXT NOT NULL REFERENCES account(id), model TEXT REFERENCES model(id), version_id TEXT REFERENCES model_version(id),
  batch_id TEXT REFERENCES batch(id), reason TEXT NOT NULL,
  CHECK (version_id IS NULL OR model IS NOT NULL), CHECK (batch_id IS NULL OR version_id IS NOT NULL)
) STRICT;
CREATE INDEX legal_hold_of_entry ON legal_hold(entry);
CREATE TRIGGER legal_hold_no_update BEFORE UPDATE ON legal_hold BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
CREATE TRIGGER legal_hold_no_delete BEFORE DELETE ON legal_hold BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;

CREATE TABLE hold_lift (
  id TEXT NOT NULL PRIMARY KEY, entry INTEGER NOT NULL REFERENCES entry(idx) DEFERRABLE INITIALLY DEFERRED, at TEXT NOT NULL,
  hold_id TEXT NOT NULL UNIQUE REFERENCES legal_hold(id), account_id TEXT NOT NULL REFERENCES account(id),
  reason TEXT NOT NULL, sha256 TEXT NOT NULL, document TEXT NOT NULL
) STRICT;
CREATE INDEX hold_lift_of_entry ON hold_lift(entry);
CREATE TRIGGER hold_lift_no_update BEFORE UPDATE ON hold_lift BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
CREATE TRIGGER hold_lift_no_delete BEFORE DELETE ON hold_lift BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;

CREATE TABLE disposal (
  id TEXT NOT NULL PRIMARY KEY, entry INTEGER NOT NULL REFERENCES entry(idx) DEFERRABLE INITIALLY DEFERRED, at TEXT NOT NULL,
  account_id TEXT NOT NULL REFERENCES account(id), files INTEGER NOT NULL, reason TEXT NOT NULL,
  sha256 TEXT NOT NULL, document TEXT NOT NULL
) STRICT;
CREATE INDEX disposal_of_entry ON disposal(entry);
CREATE TRIGGER disposal_no_update BEFORE UPDATE ON disposal BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
CREATE TRIGGER disposal_no_delete BEFORE DELETE ON disposal BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;

-- A file that a disposal removes: written with the second signature, in the same entry.
CREATE TABLE disposed_object (
  id TEXT NOT NULL PRIMARY KEY, entry INTEGER NOT NULL REFERENCES entry(idx) DEFERRABLE INITIALLY DEFERRED, at TEXT NOT NULL,
  disposal_id TEXT NOT NULL REFERENCES disposal(id), bytes INTEGER NOT NULL, blake3 TEXT NOT NULL, sha256 TEXT,
  UNIQUE (disposal_id, blake3)
) STRICT;
CREATE INDEX disposed_object_of_entry ON disposed_object(entry);
CREATE INDEX disposed_object_blake3 ON disposed_object(blake3, entry);
CREATE TRIGGER disposed_object_no_update BEFORE UPDATE ON disposed_object BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
CREATE TRIGGER disposed_object_no_delete BEFORE DELETE ON disposed_object BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;

-- Which records name a file.
CREATE INDEX batch_blake3 ON batch(blake3);
CREATE INDEX batch_row_ids ON batch(row_ids);
CREATE INDEX quarantine_blake3 ON quarantine(blake3);
CREATE INDEX labels_blake3 ON labels(blake3);
CREATE INDEX test_run_blake3 ON test_run(blake3);
CREATE INDEX artifact_blake3 ON artifact(blake3);
