-- What is done about an alert beside acknowledging and deciding: investigation, remedial action, effectiveness, closing. Append-only;
-- `state` is where the episode stands after the step, as its sheet says. Steps of the program itself have no account.
CREATE TABLE episode_step (
  id TEXT NOT NULL PRIMARY KEY, entry INTEGER NOT NULL REFERENCES entry(idx) DEFERRABLE INITIALLY DEFERRED, at TEXT NOT NULL,
  episode_id TEXT NOT NULL REFERENCES episode(id), account_id TEXT REFERENCES account(id),
  step TEXT NOT NULL, state TEXT NOT NULL, sha256 TEXT NOT NULL, document TEXT NOT NULL,
  UNIQUE (episode_id, entry)
) STRICT;
CREATE INDEX decision_signature ON signature(decision_id, entry);
CREATE TRIGGER episode_step_no_update BEFORE UPDATE ON episode_step BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
CREATE TRIGGER episode_step_no_delete BEFORE DELETE ON episode_step BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
