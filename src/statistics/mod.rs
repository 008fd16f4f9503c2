//! Pure mathematics over slices and counts. Knows nothing of models, files, HTTP or SQL.
