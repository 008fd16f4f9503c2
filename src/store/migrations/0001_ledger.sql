-- The ledger: entries with their bodies, the hashes of perfect subtrees above them, one signed checkpoint per entry.
-- Level 0 of the tree is entry.leaf_hash. A later migration may add a column to a record table only if it is NULL in every
-- row that is there: a row's digest covers all its columns that hold a value.

CREATE TABLE entry (
    idx INTEGER PRIMARY KEY CHECK (idx >= 0),
    leaf BLOB NOT NULL,
    leaf_hash BLOB NOT NULL CHECK (length(leaf_hash) = 32),
    body BLOB NOT NULL
) STRICT;

CREATE TABLE tree_node (
    level INTEGER NOT NULL CHECK (level BETWEEN 1 AND 62),
    idx INTEGER NOT NULL CHECK (idx >= 0),
    hash BLOB NOT NULL CHECK (length(hash) = 32),
    PRIMARY KEY (level, idx)
) STRICT, WITHOUT ROWID;

CREATE TABLE checkpoint (
    size INTEGER PRIMARY KEY CHECK (size > 0),
    note TEXT NOT NULL
) STRICT;

CREATE TRIGGER entry_no_update BEFORE UPDATE ON entry BEGIN SELECT RAISE(ABORT, 'entry is append-only'); END;
CREATE TRIGGER entry_no_delete BEFORE DELETE ON entry BEGIN SELECT RAISE(ABORT, 'entry is append-only'); END;
CREATE TRIGGER tree_node_no_update BEFORE UPDATE ON tree_node BEGIN SELECT RAISE(ABORT, 'tree_node is append-only'); END;
CREATE TRIGGER tree_node_no_delete BEFORE DELETE ON tree_node BEGIN SELECT RAISE(ABORT, 'tree_node is append-only'); END;
CREATE TRIGGER checkpoint_no_update BEFORE UPDATE ON checkpoint BEGIN SELECT RAISE(ABORT, 'checkpoint is append-only'); END;
CREATE TRIGGER checkpoint_no_delete BEFORE DELETE ON checkpoint BEGIN SELECT RAISE(ABORT, 'checkpoint is append-only'); END;

-- The ledger's own record, written by entry 0: its origin and the public key of its checkpoints.
CREATE TABLE ledger (
    id TEXT NOT NULL PRIMARY KEY,
    entry INTEGER NOT NULL REFERENCES entry (idx) DEFERRABLE INITIALLY DEFERRED,
    at TEXT NOT NULL,
    verifier_key TEXT NOT NULL
) STRICT;

CREATE TRIGGER ledger_no_update BEFORE UPDATE ON ledger BEGIN SELECT RAISE(ABORT, 'ledger is append-only'); END;
CREATE TRIGGER ledger_no_delete BEFORE DELETE ON ledger BEGIN SELECT RAISE(ABORT, 'ledger is append-only'); END;
