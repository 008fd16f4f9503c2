-- Lineage that other tools report (OpenLineage events), as it was sent, with the datasets each event names. Append-only.
CREATE TABLE lineage_event (
  id TEXT NOT NULL PRIMARY KEY, entry INTEGER NOT NULL REFERENCES entry(idx) DEFERRABLE INITIALLY DEFERRED, at TEXT NOT NULL,
  account_id TEXT NOT NULL REFERENCES account(id), kind TEXT NOT NULL, state TEXT, event_time TEXT NOT NULL,
  process_id TEXT, job_namespace TEXT, job_name TEXT, sha256 TEXT NOT NULL UNIQUE, document TEXT NOT NULL
) STRICT;
CREATE INDEX lineage_event_process ON lineage_event(process_id, entry);
CREATE TABLE lineage_dataset (
  id TEXT NOT NULL PRIMARY KEY, entry INTEGER NOT NULL REFERENCES entry(idx) DEFERRABLE INITIALLY DEFERRED, at TEXT NOT NULL,
  event_id TEXT NOT NULL REFERENCES lineage_event(id), process_id TEXT, direction TEXT NOT NULL,
  namespace TEXT NOT NULL, name TEXT NOT NULL, version TEXT, tdh1 TEXT, sha256 TEXT, blake3 TEXT
) STRICT;
CREATE INDEX lineage_dataset_name ON lineage_dataset(namespace, name, process_id, direction);
CREATE INDEX lineage_dataset_process ON lineage_dataset(process_id, direction, namespace, name);
CREATE INDEX lineage_dataset_tdh1 ON lineage_dataset(tdh1, namespace, name);
CREATE INDEX lineage_dataset_sha256 ON lineage_dataset(sha256, namespace, name);
CREATE INDEX lineage_dataset_blake3 ON lineage_dataset(blake3, namespace, name);
CREATE TRIGGER lineage_event_no_update BEFORE UPDATE ON lineage_event BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
CREATE TRIGGER lineage_event_no_delete BEFORE DELETE ON lineage_event BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
CREATE TRIGGER lineage_dataset_no_update BEFORE UPDATE ON lineage_dataset BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
CREATE TRIGGER lineage_dataset_no_delete BEFORE DELETE ON lineage_dataset BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
