-- A temporary code stands in for a lost second factor, once and until a time; its digest is in a working table and in no entry.
ALTER TABLE second_factor ADD COLUMN expires_at TEXT;
CREATE TABLE temporary_code (
  account_id TEXT NOT NULL PRIMARY KEY REFERENCES account(id), code_sha256 TEXT NOT NULL, expires_at TEXT NOT NULL
) STRICT;
