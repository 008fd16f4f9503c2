//! A count or an index as SQLite stores it: SQLite knows signed integers only.

use rusqlite::ToSql;
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSqlOutput, ValueRef};

/// A whole number from 0 to 2^63 − 1 in an INTEGER column; anything else is an error in both directions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Count(pub(super) u64);

impl Count {
    /// A number from outside that a row is looked up by: beyond what SQLite stores, one that no row has.
    pub(super) fn sought(number: u64) -> Self {
        Self(number.min(i64::MAX as u64))
    }
}

impl ToSql for Count {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let stored = i64::try_from(self.0)
            .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
        Ok(stored.into())
    }
}

impl FromSql for Count {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let stored = value.as_i64()?;
        u64::try_from(stored).map(Self).map_err(|_negative| FromSqlError::OutOfRange(stored))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rusqlite::Connection;

    #[test]
    fn counts_pass_unchanged_and_what_is_none_is_refused() {
        let connection = Connection::open_in_memory().unwrap();
        let pass =
            |count| connection.query_row("SELECT ?", [Count(count)], |row| row.get::<_, Count>(0));
        for count in [0, 1, i64::MAX as u64] {
            assert_eq!(pass(count).unwrap(), Count(count));
        }
        assert!(pass(u64::MAX).is_err());
        assert_eq!(pass(Count::sought(u64::MAX).0).unwrap(), Count(i64::MAX as u64));
        assert!(connection.query_row("SELECT -1", [], |row| row.get::<_, Count>(0)).is_err());
        assert!(connection.query_row("SELECT 'x'", [], |row| row.get::<_, Count>(0)).is_err());
    }
}
