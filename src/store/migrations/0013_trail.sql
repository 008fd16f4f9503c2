-- What the audit trail can be asked for: the terms of each entry (its type, its actor, both, the things it is about; `backwards` where
-- the clock had been set back). Derived from the leaves, and held against them by `check`.
CREATE TABLE entry_term (
  term TEXT NOT NULL, idx INTEGER NOT NULL REFERENCES entry(idx), PRIMARY KEY (term, idx)
) STRICT, WITHOUT ROWID;
