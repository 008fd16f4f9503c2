-- Who is told outside. The newest row of a name counts; the secret that signs webhooks is kept apart and in no entry. Append-only.
CREATE TABLE notice_target (
  id TEXT NOT NULL PRIMARY KEY, entry INTEGER NOT NULL REFERENCES entry(idx) DEFERRABLE INITIALLY DEFERRED, at TEXT NOT NULL,
  name TEXT NOT NULL, document TEXT NOT NULL, reason TEXT NOT NULL
) STRICT;
CREATE INDEX notice_target_name ON notice_target(name, entry);
CREATE TRIGGER notice_target_no_update BEFORE UPDATE ON notice_target BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
CREATE TRIGGER notice_target_no_delete BEFORE DELETE ON notice_target BEGIN SELECT RAISE(ABORT, 'record tables are append-only'); END;
-- Working tables.
CREATE TABLE target_secret (
  name TEXT NOT NULL PRIMARY KEY, secret TEXT NOT NULL
) STRICT;
CREATE TABLE outbox (
  id INTEGER PRIMARY KEY AUTOINCREMENT, target TEXT NOT NULL, notice TEXT NOT NULL,
  state TEXT NOT NULL, attempts INTEGER NOT NULL, next_at INTEGER NOT NULL, said TEXT NOT NULL
) STRICT;
CREATE INDEX outbox_due ON outbox(state, next_at);
