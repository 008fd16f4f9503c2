-- Performance from labels: one row an evaluation, one row a cohort it judged anew.
CREATE TABLE performance (
  id TEXT NOT NULL PRIMARY KEY, entry INTEGER NOT NULL REFERENCES entry(idx) DEFERRABLE INITIALLY DEFERRED, at TEXT NOT NULL,
  version_id TEXT NOT NULL REFERENCES model_version(id), policy_id TEXT NOT NULL REFERENCES policy(id),
  number INTEGER NOT NULL, sha256 TEXT NOT NULL, document TEXT NOT NULL,
  UNIQUE (version_id, number)
) STRICT;
CREATE TABLE cohort (
  id TEXT NOT NULL PRIMARY KEY, entry INTEGER NOT NULL REFERENCES entry(idx) DEFERRABLE INITIALLY DEFERRED, at TEXT NOT NULL,
  performance_id TEXT NOT NULL REFERENCES performance(id), version_id TEXT NOT NULL REFERENCES model_version(id),
  batch_id TEXT NOT NULL REFERENCES batch(id), report_id TEXT NOT NULL REFERENCES report(id),
  sha256 TEXT NOT NULL, document TEXT NOT NULL,
  UNIQUE (performance_id, batch_id)
) STRICT;
CREATE INDEX cohort_batch ON cohort(batch_id, entry);
CREATE TRIGGER performance_no_update BEFORE UPDATE ON performance BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
CREATE TRIGGER performance_no_delete BEFORE DELETE ON performance BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
CREATE TRIGGER cohort_no_update BEFORE UPDATE ON cohort BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
CREATE TRIGGER cohort_no_delete BEFORE DELETE ON cohort BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;

-- A delivery of labels may correct earlier labels, with its reason.
ALTER TABLE labels ADD COLUMN corrects TEXT;
