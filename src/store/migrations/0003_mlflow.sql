-- What training code reports: experiments and runs. Append-only record tables; where a thing may change
-- (status, tags) the newest row holds.
CREATE TABLE experiment (
  id TEXT NOT NULL PRIMARY KEY, entry INTEGER NOT NULL REFERENCES entry(idx) DEFERRABLE INITIALLY DEFERRED, at TEXT NOT NULL,
  name TEXT NOT NULL UNIQUE
) STRICT;
CREATE TABLE run (
  id TEXT NOT NULL PRIMARY KEY, entry INTEGER NOT NULL REFERENCES entry(idx) DEFERRABLE INITIALLY DEFERRED, at TEXT NOT NULL,
  experiment_id TEXT NOT NULL REFERENCES experiment(id), account_id TEXT NOT NULL REFERENCES account(id),
  user_name TEXT NOT NULL, started_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX run_experiment ON run(experiment_id, entry);
CREATE TABLE run_state (
  id TEXT NOT NULL PRIMARY KEY, entry INTEGER NOT NULL REFERENCES entry(idx) DEFERRABLE INITIALLY DEFERRED, at TEXT NOT NULL,
  run_id TEXT NOT NULL REFERENCES run(id), name TEXT NOT NULL, status TEXT NOT NULL, ended_ms INTEGER,
  deleted INTEGER NOT NULL, content_sha256 TEXT
) STRICT;
CREATE INDEX run_state_run ON run_state(run_id, entry);
CREATE TABLE run_param (
  id TEXT NOT NULL PRIMARY KEY, entry INTEGER NOT NULL REFERENCES entry(idx) DEFERRABLE INITIALLY DEFERRED, at TEXT NOT NULL,
  owner_id TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL,
  UNIQUE (owner_id, name)
) STRICT;
CREATE TABLE run_metric (
  id TEXT NOT NULL PRIMARY KEY, entry INTEGER NOT NULL REFERENCES entry(idx) DEFERRABLE INITIALLY DEFERRED, at TEXT NOT NULL,
  run_id TEXT NOT NULL REFERENCES run(id), name TEXT NOT NULL, value TEXT NOT NULL, step INTEGER NOT NULL,
  timestamp_ms INTEGER NOT NULL, logged_model_id TEXT, dataset_name TEXT, dataset_digest TEXT
) STRICT;
CREATE INDEX run_metric_run ON run_metric(run_id, name, entry);
CREATE INDEX run_metric_model ON run_metric(logged_model_id, name, entry);
CREATE TABLE run_dataset (
  id TEXT NOT NULL PRIMARY KEY, entry INTEGER NOT NULL REFERENCES entry(idx) DEFERRABLE INITIALLY DEFERRED, at TEXT NOT NULL,
  run_id TEXT NOT NULL REFERENCES run(id), name TEXT NOT NULL, digest TEXT NOT NULL, source_type TEXT NOT NULL,
  source TEXT NOT NULL, schema TEXT, profile TEXT, tags TEXT NOT NULL
) STRICT;
CREATE INDEX run_dataset_run ON run_dataset(run_id, entry);
CREATE TABLE tag (
  id TEXT NOT NULL PRIMARY KEY, entry INTEGER NOT NULL REFERENCES entry(idx) DEFERRABLE INITIALLY DEFERRED, at TEXT NOT NULL,
  owner_id TEXT NOT NULL, name TEXT NOT NULL, value TEXT
) STRICT;
CREATE INDEX tag_owner ON tag(owner_id, entry);
CREATE TRIGGER experiment_no_update BEFORE UPDATE ON experiment BEGIN SELECT RAISE(ABORT, 'experiment is append-only'); END;
CREATE TRIGGER experiment_no_delete BEFORE DELETE ON experiment BEGIN SELECT RAISE(ABORT, 'experiment is append-only'); END;
CREATE TRIGGER run_no_update BEFORE UPDATE ON run BEGIN SELECT RAISE(ABORT, 'run is append-only'); END;
CREATE TRIGGER run_no_delete BEFORE DELETE ON run BEGIN SELECT RAISE(ABORT, 'run is append-only'); END;
CREATE TRIGGER run_state_no_update BEFORE UPDATE ON run_state BEGIN SELECT RAISE(ABORT, 'run_state is append-only'); END;
CREATE TRIGGER run_state_no_delete BEFORE DELETE ON run_state BEGIN SELECT RAISE(ABORT, 'run_state is append-only'); END;
CREATE TRIGGER run_param_no_update BEFORE UPDATE ON run_param BEGIN SELECT RAISE(ABORT, 'run_param is append-only'); END;
CREATE TRIGGER run_param_no_delete BEFORE DELETE ON run_param BEGIN SELECT RAISE(ABORT, 'run_param is append-only'); END;
CREATE TRIGGER run_metric_no_update BEFORE UPDATE ON run_metric BEGIN SELECT RAISE(ABORT, 'run_metric is append-only'); END;
CREATE TRIGGER run_metric_no_delete BEFORE DELETE ON run_metric BEGIN SELECT RAISE(ABORT, 'run_metric is append-only'); END;
CREATE TRIGGER run_dataset_no_update BEFORE UPDATE ON run_dataset BEGIN SELECT RAISE(ABORT, 'run_dataset is append-only'); END;
CREATE TRIGGER run_dataset_no_delete BEFORE DELETE ON run_dataset BEGIN SELECT RAISE(ABORT, 'run_dataset is append-only'); END;
CREATE TRIGGER tag_no_update BEFORE UPDATE ON tag BEGIN SELECT RAISE(ABORT, 'tag is append-only'); END;
CREATE TRIGGER tag_no_delete BEFORE DELETE ON tag BEGIN SELECT RAISE(ABORT, 'tag is append-only'); END;
