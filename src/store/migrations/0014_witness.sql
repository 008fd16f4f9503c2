-- What witnesses said about checkpoints: no record and no entry, for an entry would need the next cosignature. Their signatures vouch
-- for the lines.
CREATE TABLE cosignature (
  size INTEGER NOT NULL REFERENCES checkpoint(size), witness TEXT NOT NULL, line TEXT NOT NULL, PRIMARY KEY (size, witness)
) STRICT, WITHOUT ROWID;
CREATE INDEX cosignature_witness ON cosignature(witness, size);
