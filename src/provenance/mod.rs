//! What a model version is and where it came from: model, version, lineage, artifact.
