//! What witnesses said about checkpoints. Kept beside the ledger: their own signatures vouch for it.

use super::count::Count;
use super::read::ReadTx;
use super::{Result, Store};
use rusqlite::{OptionalExtension as _, named_params};

impl Store {
    /// Keeps a witness's line under the checkpoint of `size` entries; a later line of the same witness takes its place.
    ///
    /// # Errors
    ///
    /// Those of the database: among them that there is no such checkpoint.
    pub fn keep_cosignature(&self, size: u64, witness: &str, line: &str) -> Result<()> {
        self.work(|connection| {
            connection.execute(
                "INSERT INTO cosignature (size, witness, line) VALUES (:size, :witness, :line) \
                 ON CONFLICT (size, witness) DO UPDATE SET line = excluded.line",
                named_params! { ":size": Count(size), ":witness": witness, ":line": line },
            )?;
            Ok(())
        })
    }
}

impl ReadTx<'_> {
    /// Entries under the newest checkpoint that `witness` (its key as text) cosigned.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn cosigned_size(&self, witness: &str) -> Result<Option<u64>> {
        let sql =
            "SELECT size FROM cosignature WHERE witness = :witness ORDER BY size DESC LIMIT 1";
        let mut statement = self.connection().prepare_cached(sql)?;
        let found = statement
            .query_row(named_params! { ":witness": witness }, |row| row.get::<_, Count>(0))
            .optional()?;
        Ok(found.map(|count| count.0))
    }

    /// The lines under the checkpoint of `size` entries, one after the other.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn cosignatures(&self, size: u64) -> Result<String> {
        let sql = "SELECT line FROM cosignature WHERE size = :size ORDER BY witness";
        let mut statement = self.connection().prepare_cached(sql)?;
        let lines =
            statement.query_map(named_params! { ":size": Count(size) }, |row| row.get(0))?;
        Ok(lines.collect::<rusqlite::Result<Vec<String>>>()?.concat())
    }

    /// For every number of witnesses, the newest checkpoint that so many have cosigned, with their lines: no quorum is met by a
    /// newer one that is not here. Oldest first, with its number of entries.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn witnessed_checkpoints(&self) -> Result<Vec<(u64, String)>> {
        let sql = "SELECT size, count(*) FROM cosignature GROUP BY size ORDER BY size DESC";
        let mut statement = self.connection().prepare_cached(sql)?;
        let mut rows = statement.query([])?;
        let (mut sizes, mut most) = (Vec::new(), 0);
        while let Some(row) = rows.next()? {
            let (size, count): (Count, Count) = (row.get(0)?, row.get(1)?);
            if count.0 > most {
                most = count.0;
                sizes.push(size.0);
            }
        }
        let mut found = Vec::new();
        for size in sizes.into_iter().rev() {
            let note = self.checkpoint(size)?.unwrap_or_default();
            found.push((size, note + &self.cosignatures(size)?));
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use crate::store::specimen::{KIND, actor, fresh};

    #[test]
    fn the_newest_of_every_number_is_found() {
        let (_folder, store) = fresh();
        for n in 0..4 {
            store
                .write(&actor(), KIND, |tx| tx.insert_specimen(&format!("sp_{n}"), "x", None))
                .unwrap();
        }
        for (size, witness) in
            [(2, "a"), (2, "b"), (2, "c"), (3, "a"), (3, "b"), (4, "b"), (5, "a"), (5, "b")]
        {
            store.keep_cosignature(size, witness, &format!("{witness}{size}\n")).unwrap();
        }
        store.keep_cosignature(5, "a", "again\n").unwrap();
        assert!(store.keep_cosignature(6, "a", "no such checkpoint\n").is_err());
        store
            .read(|tx| {
                let found = tx.witnessed_checkpoints()?;
                assert_eq!(found.iter().map(|(size, _)| *size).collect::<Vec<_>>(), [2, 5]);
                assert!(found[1].1.ends_with("\nagain\nb5\n"), "{}", found[1].1);
                assert_eq!(tx.cosigned_size("c")?, Some(2));
                assert_eq!(tx.cosigned_size("d")?, None);
                Ok::<_, crate::store::Error>(())
            })
            .unwrap();
    }
}
