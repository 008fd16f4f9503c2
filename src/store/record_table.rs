//! The printed list: every table is a record table, a working table, or one of the ledger's own.

/// Append-only tables: every row is listed in the body of exactly one ledger entry. Each has `id TEXT NOT NULL PRIMARY
/// KEY`, `entry INTEGER NOT NULL` and `at TEXT NOT NULL`, a row id, and triggers that abort UPDATE and DELETE.
pub const RECORD_TABLES: &[&str] = &[
    "ledger",
    "account",
    "credential",
    "account_lock",
    "account_state",
    "role_request",
    "role_answer",
    "password_policy",
    "second_factor",
    "provider_link",
    "passkey",
    "passkey_revocation",
    "accountability_statement",
    "accountability_acceptance",
    "identity_check",
    "training_policy",
    "training_record",
    "signing_hold",
    "misuse_event",
    "misuse_answer",
    "clock_event",
    "notice_target",
    "token",
    "token_revocation",
    "model",
    "model_version",
    "reference",
    "policy",
    "monitor",
    "reference_proposal",
    "batch",
    "batch_invalidation",
    "quarantine",
    "labels",
    "report",
    "episode",
    "episode_batch",
    "acknowledgement",
    "decision",
    "signature",
    "episode_step",
    "performance",
    "cohort",
    "study",
    "study_signature",
    "model_record",
    "version_step",
    "record_signature",
    "change_record",
    "acceptance_plan",
    "test_run",
    "test_run_invalidation",
    "experiment",
    "experiment_state",
    "run",
    "run_state",
    "run_param",
    "run_metric",
    "run_dataset",
    "logged_model",
    "logged_model_state",
    "run_model",
    "artifact",
    "draft_version",
    "draft_state",
    "alias",
    "description",
    "tag",
    "restore",
    "rollback",
    "store_upgrade",
    "backup_event",
    "restore_test",
    "time_stamp",
    "key_change",
    "qualification",
    "periodic_review",
    "incident",
    "drill",
    "indicator_sheet",
    "review_sample",
    "review_answer",
    "review_result",
    "evidence_export",
    "lineage_event",
    "lineage_dataset",
    "legal_hold",
    "hold_lift",
    "disposal",
    "disposed_object",
    "redaction",
    "redacted_row",
    "withdrawal",
    "retention_policy",
    "version_retention",
    #[cfg(test)]
    "specimen",
];

/// Tables that may change freely: sessions, spool, queues; the access log only grows, and the index
/// of the audit trail follows from the ledger. No entry vouches for them.
pub const WORKING_TABLES: &[&str] = &[
    "session",
    "cosignature",
    "wrong_password",
    "setting",
    "access_event",
    "entry_term",
    "target_secret",
    "outbox",
    "factor_secret",
    "factor_offer",
    "temporary_code",
    "signing_series",
    "provider_login",
    "fresh_login",
    "passkey_offer",
    "passkey_proof",
    "wrong_to_sign",
    "shown_case",
    #[cfg(test)]
    "specimen_note",
];

/// Tables that the Merkle tree itself proves; append-only.
pub const LEDGER_TABLES: &[&str] = &["entry", "tree_node", "checkpoint"];

/// Columns of record tables that hold the BLAKE3 digest of a stored object, or NULL: (table, column).
pub const OBJECT_COLUMNS: &[(&str, &str)] = &[
    ("batch", "blake3"),
    ("batch", "row_ids"),
    ("quarantine", "blake3"),
    ("labels", "blake3"),
    ("test_run", "blake3"),
    ("artifact", "blake3"),
    #[cfg(test)]
    ("specimen", "object"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::schema;
    use rusqlite::Connection;
    use std::collections::BTreeSet;

    fn latest() -> Connection {
        let mut connection = Connection::open_in_memory().unwrap();
        schema::make(&mut connection).unwrap();
        connection
    }

    fn names(connection: &Connection, sql: &str) -> Vec<String> {
        let mut statement = connection.prepare(sql).unwrap();
        let rows = statement.query_map([], |row| row.get(0)).unwrap();
        rows.map(|name| name.unwrap()).collect()
    }

    #[test]
    fn every_table_is_in_exactly_one_list() {
        let listed = [RECORD_TABLES, WORKING_TABLES, LEDGER_TABLES].concat();
        let once: BTreeSet<_> = listed.iter().map(|&name| name.to_owned()).collect();
        assert_eq!(once.len(), listed.len());
        let sql = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name";
        let stored: BTreeSet<_> = names(&latest(), sql).into_iter().collect();
        assert_eq!(stored, once);
    }

    #[test]
    fn every_append_only_table_aborts_update_and_delete() {
        let connection = latest();
        for table in [RECORD_TABLES, LEDGER_TABLES].concat() {
            for act in ["update", "delete"] {
                let sql = format!(
                    "SELECT sql FROM sqlite_schema WHERE type = 'trigger' AND name = '{table}_no_{act}'"
                );
                let found = names(&connection, &sql).pop().unwrap_or_default();
                let expected = format!("BEFORE {} ON {table} BEGIN", act.to_uppercase());
                assert!(found.contains(&expected), "{table}: {found}");
                assert!(found.contains("RAISE(ABORT"), "{table}: {found}");
                assert!(!found.contains("WHEN"), "{table}: {found}");
            }
        }
    }

    /// SQLite looks for the rows of an entry when it is inserted; without an index it reads whole tables, and writes slow down.
    #[test]
    fn every_record_table_has_an_index_by_entry() {
        let connection = latest();
        for table in RECORD_TABLES {
            let sql = format!(
                "SELECT i.name FROM pragma_index_list('{table}') l, pragma_index_info(l.name) i WHERE i.seqno = 0"
            );
            assert!(names(&connection, &sql).contains(&"entry".to_owned()), "{table}");
        }
    }

    #[test]
    fn every_record_table_has_the_columns_and_the_row_id_it_needs() {
        let connection = latest();
        for table in RECORD_TABLES {
            let columns = format!(
                "SELECT name || ' ' || type || ' ' || \"notnull\" || ' ' || pk FROM pragma_table_info('{table}') \
                 WHERE name IN ('id', 'entry', 'at') ORDER BY name"
            );
            let expected = ["at TEXT 1 0", "entry INTEGER 1 0", "id TEXT 1 1"];
            assert_eq!(names(&connection, &columns), expected, "{table}");
            let kind =
                format!("SELECT wr || ' ' || strict FROM pragma_table_list WHERE name = '{table}'");
            assert_eq!(names(&connection, &kind), ["0 1"], "{table} has a row id and is strict");
        }
    }

    #[test]
    fn every_table_is_strict() {
        let sql = "SELECT name FROM pragma_table_list \
                   WHERE strict = 0 AND type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name";
        assert_eq!(names(&latest(), sql), [""; 0]);
    }

    #[test]
    fn the_columns_that_tell_the_revisions_of_a_record_are_there() {
        let connection = latest();
        for (table, columns) in crate::evidence::record_copy::SERIES {
            assert!(RECORD_TABLES.contains(&table), "{table}");
            let held =
                names(&connection, &format!("SELECT name FROM pragma_table_info('{table}')"));
            assert!(columns.iter().all(|column| held.contains(&(*column).to_owned())), "{table}");
        }
    }

    /// Packs carry every row as a table with a data dictionary.
    #[test]
    fn every_column_of_a_record_table_is_in_the_data_dictionary() {
        use crate::evidence::manifest::WITHHELD;
        use crate::evidence::tables::meaning;
        let connection = latest();
        let packed = RECORD_TABLES.iter().filter(|t| !WITHHELD.contains(t) && **t != "specimen");
        let mut missing = Vec::new();
        for table in packed {
            let columns =
                names(&connection, &format!("SELECT name FROM pragma_table_info('{table}')"));
            missing.extend(
                columns
                    .into_iter()
                    .filter(|column| meaning(table, column).is_none() && column != "registration")
                    .map(|c| format!("{table},{c}")),
            );
        }
        assert_eq!(missing, [""; 0], "say in src/evidence/dictionary.csv what these mean");
    }
}
