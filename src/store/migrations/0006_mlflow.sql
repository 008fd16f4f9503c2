-- What training code reports: experiments, runs, the files and models that come out of them, and the draft versions it
-- registers. Append-only record tables; where a thing may change (state, tags, aliases, files of a path) the newest row holds,
-- and a row without a value (tag, alias, digests of a file) says that it was removed.
CREATE TABLE experiment (
  id TEXT NOT NULL PRIMARY KEY, entry INTEGER NOT NULL REFERENCES entry(idx) DEFERRABLE INITIALLY DEFERRED, at TEXT NOT NULL,
  name TEXT NOT NULL UNIQUE
) STRICT;
CREATE TABLE experiment_state (
  id TEXT NOT NULL PRIMARY KEY, entry INTEGER NOT NULL REFERENCES entry(idx) DEFERRABLE INITIALLY DEFERRED, at TEXT NOT NULL,
  experiment_id TEXT NOT NULL REFERENCES experiment(id), name TEXT NOT NULL, deleted INTEGER NOT NULL
) STRICT;
CREATE INDEX experiment_state_experiment ON experiment_state(experiment_id, entry);
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
CREATE INDEX run_metric_run ON run_metric(run_id, name, step, timestamp_ms);
CREATE INDEX run_metric_model ON run_metric(logged_model_id, name, step, timestamp_ms);
CREATE TABLE run_dataset (
  id TEXT NOT NULL PRIMARY KEY, entry INTEGER NOT NULL REFERENCES entry(idx) DEFERRABLE INITIALLY DEFERRED, at TEXT NOT NULL,
  run_id TEXT NOT NULL REFERENCES run(id), name TEXT NOT NULL, digest TEXT NOT NULL, source_type TEXT NOT NULL,
  source TEXT NOT NULL, schema TEXT, profile TEXT, tags TEXT NOT NULL
) STRICT;
CREATE INDEX run_dataset_run ON run_dataset(run_id, entry);
CREATE TABLE logged_model (
  id TEXT NOT NULL PRIMARY KEY, entry INTEGER NOT NULL REFERENCES entry(idx) DEFERRABLE INITIALLY DEFERRED, at TEXT NOT NULL,
  experiment_id TEXT NOT NULL REFERENCES experiment(id), run_id TEXT REFERENCES run(id), name TEXT NOT NULL, kind TEXT NOT NULL
) STRICT;
CREATE INDEX logged_model_experiment ON logged_model(experiment_id, entry);
CREATE TABLE logged_model_state (
  id TEXT NOT NULL PRIMARY KEY, entry INTEGER NOT NULL REFERENCES entry(idx) DEFERRABLE INITIALLY DEFERRED, at TEXT NOT NULL,
  logged_model_id TEXT NOT NULL REFERENCES logged_model(id), status TEXT NOT NULL, deleted INTEGER NOT NULL
) STRICT;
CREATE INDEX logged_model_state_model ON logged_model_state(logged_model_id, entry);
CREATE TABLE run_model (
  id TEXT NOT NULL PRIMARY KEY, entry INTEGER NOT NULL REFERENCES entry(idx) DEFERRABLE INITIALLY DEFERRED, at TEXT NOT NULL,
  run_id TEXT NOT NULL REFERENCES run(id), logged_model_id TEXT NOT NULL REFERENCES logged_model(id),
  direction TEXT NOT NULL, step INTEGER NOT NULL
) STRICT;
CREATE INDEX run_model_run ON run_model(run_id, entry);
CREATE TABLE artifact (
  id TEXT NOT NULL PRIMARY KEY, entry INTEGER NOT NULL REFERENCES entry(idx) DEFERRABLE INITIALLY DEFERRED, at TEXT NOT NULL,
  owner_id TEXT NOT NULL, path TEXT NOT NULL, bytes INTEGER, blake3 TEXT, sha256 TEXT
) STRICT;
CREATE INDEX artifact_path ON artifact(owner_id, path);
CREATE TABLE draft_version (
  id TEXT NOT NULL PRIMARY KEY, entry INTEGER NOT NULL REFERENCES entry(idx) DEFERRABLE INITIALLY DEFERRED, at TEXT NOT NULL,
  model TEXT NOT NULL REFERENCES model(id), number INTEGER NOT NULL, account_id TEXT NOT NULL REFERENCES account(id),
  source TEXT NOT NULL, owner_id TEXT NOT NULL, folder TEXT NOT NULL, run_id TEXT REFERENCES run(id),
  logged_model_id TEXT REFERENCES logged_model(id), run_sha256 TEXT, manifest_sha256 TEXT NOT NULL, manifest TEXT NOT NULL,
  UNIQUE (model, number)
) STRICT;
CREATE INDEX draft_version_owner ON draft_version(owner_id, folder);
CREATE TABLE draft_state (
  id TEXT NOT NULL PRIMARY KEY, entry INTEGER NOT NULL REFERENCES entry(idx) DEFERRABLE INITIALLY DEFERRED, at TEXT NOT NULL,
  draft_id TEXT NOT NULL REFERENCES draft_version(id), stage TEXT NOT NULL, deleted INTEGER NOT NULL
) STRICT;
CREATE INDEX draft_state_draft ON draft_state(draft_id, entry);
CREATE TABLE alias (
  id TEXT NOT NULL PRIMARY KEY, entry INTEGER NOT NULL REFERENCES entry(idx) DEFERRABLE INITIALLY DEFERRED, at TEXT NOT NULL,
  model TEXT NOT NULL REFERENCES model(id), name TEXT NOT NULL, number INTEGER
) STRICT;
CREATE INDEX alias_model ON alias(model, name);
CREATE TABLE description (
  id TEXT NOT NULL PRIMARY KEY, entry INTEGER NOT NULL REFERENCES entry(idx) DEFERRABLE INITIALLY DEFERRED, at TEXT NOT NULL,
  owner_id TEXT NOT NULL, text TEXT NOT NULL
) STRICT;
CREATE INDEX description_owner ON description(owner_id, entry);
CREATE TABLE tag (
  id TEXT NOT NULL PRIMARY KEY, entry INTEGER NOT NULL REFERENCES entry(idx) DEFERRABLE INITIALLY DEFERRED, at TEXT NOT NULL,
  owner_id TEXT NOT NULL, name TEXT NOT NULL, value TEXT
) STRICT;
CREATE INDEX tag_owner ON tag(owner_id, name);
-- The draft that a version took its files from.
ALTER TABLE model_version ADD COLUMN draft_id TEXT REFERENCES draft_version(id);
CREATE UNIQUE INDEX model_version_draft ON model_version(draft_id);
CREATE TRIGGER experiment_no_update BEFORE UPDATE ON experiment BEGIN SELECT RAISE(ABORT, 'experiment is append-only'); END;
CREATE TRIGGER experiment_no_delete BEFORE DELETE ON experiment BEGIN SELECT RAISE(ABORT, 'experiment is append-only'); END;
CREATE TRIGGER experiment_state_no_update BEFORE UPDATE ON experiment_state BEGIN SELECT RAISE(ABORT, 'experiment_state is append-only'); END;
CREATE TRIGGER experiment_state_no_delete BEFORE DELETE ON experiment_state BEGIN SELECT RAISE(ABORT, 'experiment_state is append-only'); END;
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
CREATE TRIGGER logged_model_no_update BEFORE UPDATE ON logged_model BEGIN SELECT RAISE(ABORT, 'logged_model is append-only'); END;
CREATE TRIGGER logged_model_no_delete BEFORE DELETE ON logged_model BEGIN SELECT RAISE(ABORT, 'logged_model is append-only'); END;
CREATE TRIGGER logged_model_state_no_update BEFORE UPDATE ON logged_model_state BEGIN SELECT RAISE(ABORT, 'logged_model_state is append-only'); END;
CREATE TRIGGER logged_model_state_no_delete BEFORE DELETE ON logged_model_state BEGIN SELECT RAISE(ABORT, 'logged_model_state is append-only'); END;
CREATE TRIGGER run_model_no_update BEFORE UPDATE ON run_model BEGIN SELECT RAISE(ABORT, 'run_model is append-only'); END;
CREATE TRIGGER run_model_no_delete BEFORE DELETE ON run_model BEGIN SELECT RAISE(ABORT, 'run_model is append-only'); END;
CREATE TRIGGER artifact_no_update BEFORE UPDATE ON artifact BEGIN SELECT RAISE(ABORT, 'artifact is append-only'); END;
CREATE TRIGGER artifact_no_delete BEFORE DELETE ON artifact BEGIN SELECT RAISE(ABORT, 'artifact is append-only'); END;
CREATE TRIGGER draft_version_no_update BEFORE UPDATE ON draft_version BEGIN SELECT RAISE(ABORT, 'draft_version is append-only'); END;
CREATE TRIGGER draft_version_no_delete BEFORE DELETE ON draft_version BEGIN SELECT RAISE(ABORT, 'draft_version is append-only'); END;
CREATE TRIGGER draft_state_no_update BEFORE UPDATE ON draft_state BEGIN SELECT RAISE(ABORT, 'draft_state is append-only'); END;
CREATE TRIGGER draft_state_no_delete BEFORE DELETE ON draft_state BEGIN SELECT RAISE(ABORT, 'draft_state is append-only'); END;
CREATE TRIGGER alias_no_update BEFORE UPDATE ON alias BEGIN SELECT RAISE(ABORT, 'alias is append-only'); END;
CREATE TRIGGER alias_no_delete BEFORE DELETE ON alias BEGIN SELECT RAISE(ABORT, 'alias is append-only'); END;
CREATE TRIGGER description_no_update BEFORE UPDATE ON description BEGIN SELECT RAISE(ABORT, 'description is append-only'); END;
CREATE TRIGGER description_no_delete BEFORE DELETE ON description BEGIN SELECT RAISE(ABORT, 'description is append-only'); END;
CREATE TRIGGER tag_no_update BEFORE UPDATE ON tag BEGIN SELECT RAISE(ABORT, 'tag is append-only'); END;
CREATE TRIGGER tag_no_delete BEFORE DELETE ON tag BEGIN SELECT RAISE(ABORT, 'tag is append-only'); END;
