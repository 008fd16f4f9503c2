-- What training code reports: experiments, runs, logged models, artifacts, draft versions. Append-only record tables; where
-- a thing may change (status, tags, aliases, artifacts) the newest row holds.
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
CREATE TABLE run_model (
  id TEXT NOT NULL PRIMARY KEY, entry INTEGER NOT NULL REFERENCES entry(idx) DEFERRABLE INITIALLY DEFERRED, at TEXT NOT NULL,
  run_id TEXT NOT NULL REFERENCES run(id), logged_model_id TEXT NOT NULL, direction TEXT NOT NULL, step INTEGER NOT NULL
) STRICT;
CREATE INDEX run_model_run ON run_model(run_id, entry);
CREATE TABLE logged_model (
  id TEXT NOT NULL PRIMARY KEY, entry INTEGER NOT NULL REFERENCES entry(idx) DEFERRABLE INITIALLY DEFERRED, at TEXT NOT NULL,
  experiment_id TEXT NOT NULL REFERENCES experiment(id), run_id TEXT REFERENCES run(id), name TEXT NOT NULL, kind TEXT NOT NULL
) STRICT;
CREATE INDEX logged_model_experiment ON logged_model(experiment_id, entry);
CREATE TABLE logged_model_state (
  id TEXT NOT NULL PRIMARY KEY, entry INTEGER NOT NULL REFERENCES entry(idx) DEFERRABLE INITIALLY DEFERRED, at TEXT NOT NULL,
  logged_model_id TEXT NOT NULL REFERENCES logged_model(id), status TEXT NOT NULL
) STRICT;
CREATE INDEX logged_model_state_model ON logged_model_state(logged_model_id, entry);
CREATE TABLE tag (
  id TEXT NOT NULL PRIMARY KEY, entry INTEGER NOT NULL REFERENCES entry(idx) DEFERRABLE INITIALLY DEFERRED, at TEXT NOT NULL,
  owner_id TEXT NOT NULL, name TEXT NOT NULL, value TEXT
) STRICT;
CREATE INDEX tag_owner ON tag(owner_id, entry);
CREATE TABLE artifact (
  id TEXT NOT NULL PRIMARY KEY, entry INTEGER NOT NULL REFERENCES entry(idx) DEFERRABLE INITIALLY DEFERRED, at TEXT NOT NULL,
  path TEXT NOT NULL, bytes INTEGER NOT NULL, blake3 TEXT NOT NULL, sha256 TEXT NOT NULL
) STRICT;
CREATE INDEX artifact_path ON artifact(path, entry);
CREATE TABLE draft_version (
  id TEXT NOT NULL PRIMARY KEY, entry INTEGER NOT NULL REFERENCES entry(idx) DEFERRABLE INITIALLY DEFERRED, at TEXT NOT NULL,
  model TEXT NOT NULL REFERENCES model(id), version TEXT NOT NULL, registered_by TEXT NOT NULL REFERENCES account(id),
  source TEXT NOT NULL, folder TEXT NOT NULL, run_id TEXT REFERENCES run(id), logged_model_id TEXT REFERENCES logged_model(id),
  run_sha256 TEXT, manifest_sha256 TEXT NOT NULL, manifest TEXT NOT NULL, description TEXT NOT NULL,
  UNIQUE (model, version)
) STRICT;
CREATE INDEX draft_version_folder ON draft_version(folder);
CREATE TABLE alias (
  id TEXT NOT NULL PRIMARY KEY, entry INTEGER NOT NULL REFERENCES entry(idx) DEFERRABLE INITIALLY DEFERRED, at TEXT NOT NULL,
  model TEXT NOT NULL REFERENCES model(id), name TEXT NOT NULL, version TEXT
) STRICT;
CREATE INDEX alias_model ON alias(model, entry);
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
CREATE TRIGGER run_model_no_update BEFORE UPDATE ON run_model BEGIN SELECT RAISE(ABORT, 'run_model is append-only'); END;
CREATE TRIGGER run_model_no_delete BEFORE DELETE ON run_model BEGIN SELECT RAISE(ABORT, 'run_model is append-only'); END;
CREATE TRIGGER logged_model_no_update BEFORE UPDATE ON logged_model BEGIN SELECT RAISE(ABORT, 'logged_model is append-only'); END;
CREATE TRIGGER logged_model_no_delete BEFORE DELETE ON logged_model BEGIN SELECT RAISE(ABORT, 'logged_model is append-only'); END;
CREATE TRIGGER logged_model_state_no_update BEFORE UPDATE ON logged_model_state BEGIN SELECT RAISE(ABORT, 'logged_model_state is append-only'); END;
CREATE TRIGGER logged_model_state_no_delete BEFORE DELETE ON logged_model_state BEGIN SELECT RAISE(ABORT, 'logged_model_state is append-only'); END;
CREATE TRIGGER tag_no_update BEFORE UPDATE ON tag BEGIN SELECT RAISE(ABORT, 'tag is append-only'); END;
CREATE TRIGGER tag_no_delete BEFORE DELETE ON tag BEGIN SELECT RAISE(ABORT, 'tag is append-only'); END;
CREATE TRIGGER artifact_no_update BEFORE UPDATE ON artifact BEGIN SELECT RAISE(ABORT, 'artifact is append-only'); END;
CREATE TRIGGER artifact_no_delete BEFORE DELETE ON artifact BEGIN SELECT RAISE(ABORT, 'artifact is append-only'); END;
CREATE TRIGGER draft_version_no_update BEFORE UPDATE ON draft_version BEGIN SELECT RAISE(ABORT, 'draft_version is append-only'); END;
CREATE TRIGGER draft_version_no_delete BEFORE DELETE ON draft_version BEGIN SELECT RAISE(ABORT, 'draft_version is append-only'); END;
CREATE TRIGGER alias_no_update BEFORE UPDATE ON alias BEGIN SELECT RAISE(ABORT, 'alias is append-only'); END;
CREATE TRIGGER alias_no_delete BEFORE DELETE ON alias BEGIN SELECT RAISE(ABORT, 'alias is append-only'); END;
