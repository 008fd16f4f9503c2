-- Samples of predictions that people review, their answers, and what a sample came to. Append-only.
CREATE TABLE review_sample (
  id TEXT NOT NULL PRIMARY KEY, entry INTEGER NOT NULL REFERENCES entry(idx) DEFERRABLE INITIALLY DEFERRED, at TEXT NOT NULL,
  version_id TEXT NOT NULL, account_id TEXT NOT NULL, cases INTEGER NOT NULL, sha256 TEXT NOT NULL, document TEXT NOT NULL
) STRICT;
CREATE INDEX review_sample_of_entry ON review_sample(entry);
CREATE INDEX review_sample_of_version ON review_sample(version_id, entry);
CREATE TRIGGER review_sample_no_update BEFORE UPDATE ON review_sample BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
CREATE TRIGGER review_sample_no_delete BEFORE DELETE ON review_sample BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;

CREATE TABLE review_answer (
  id TEXT NOT NULL PRIMARY KEY, entry INTEGER NOT NULL REFERENCES entry(idx) DEFERRABLE INITIALLY DEFERRED, at TEXT NOT NULL,
  sample_id TEXT NOT NULL, account_id TEXT NOT NULL, case_number INTEGER NOT NULL, corrects TEXT, sha256 TEXT NOT NULL,
  document TEXT NOT NULL
) STRICT;
CREATE INDEX review_answer_of_entry ON review_answer(entry);
CREATE INDEX review_answer_of_sample ON review_answer(sample_id, entry);
CREATE UNIQUE INDEX review_answer_first ON review_answer(sample_id, case_number) WHERE corrects IS NULL;
CREATE TRIGGER review_answer_no_update BEFORE UPDATE ON review_answer BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
CREATE TRIGGER review_answer_no_delete BEFORE DELETE ON review_answer BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;

CREATE TABLE review_result (
  id TEXT NOT NULL PRIMARY KEY, entry INTEGER NOT NULL REFERENCES entry(idx) DEFERRABLE INITIALLY DEFERRED, at TEXT NOT NULL,
  sample_id TEXT NOT NULL, version_id TEXT NOT NULL, account_id TEXT NOT NULL, policy_id TEXT NOT NULL, sha256 TEXT NOT NULL,
  document TEXT NOT NULL
) STRICT;
CREATE INDEX review_result_of_entry ON review_result(entry);
CREATE UNIQUE INDEX review_result_of_sample ON review_result(sample_id);
CREATE TRIGGER review_result_no_update BEFORE UPDATE ON review_result BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
CREATE TRIGGER review_result_no_delete BEFORE DELETE ON review_result BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;

-- Who was shown which case and when, until it is answered: no record.
CREATE TABLE shown_case (
  sample_id TEXT NOT NULL, case_number INTEGER NOT NULL, account_id TEXT NOT NULL, at TEXT NOT NULL,
  PRIMARY KEY (sample_id, case_number, account_id)
) STRICT;
