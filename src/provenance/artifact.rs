//! Where a kept file belongs: to a run or to a logged model, below a path.
//!
//! A place is written `EXPERIMENT/RUN/artifacts/PATH` or `EXPERIMENT/models/LOGGED_MODEL/artifacts/PATH`. It is a name, never
//! a path of this machine: files lie under their digests. Whoever downloads them makes paths of it, so it is checked all the same.

use super::{Error, Result};

/// Longest path, in bytes.
const PATH_BYTES_MAX: usize = 1000;

/// The owner of files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ArtifactOwner {
    /// A run, by id.
    Run(String),
    /// A logged model, by id.
    LoggedModel(String),
}

impl ArtifactOwner {
    /// The owner's id.
    pub fn id(&self) -> &str {
        match self {
            Self::Run(id) | Self::LoggedModel(id) => id,
        }
    }
}

/// A file or folder of a run or a logged model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArtifactPlace {
    /// The owner's experiment.
    pub experiment_id: String,
    /// Whose it is.
    pub owner: ArtifactOwner,
    /// Path below the owner's folder; empty for all of it.
    pub path: String,
}

impl ArtifactPlace {
    /// The place that `text` names.
    ///
    /// # Errors
    ///
    /// [`Error::ArtifactPath`] for what is no such place, climbs out of its folder, or would be another file on another system.
    pub fn parse(text: &str) -> Result<Self> {
        let text = text.trim_matches('/');
        check_path(text)?;
        let mut parts = text.splitn(2, '/');
        let experiment_id = parts.next().unwrap_or_default().to_owned();
        let rest = parts.next().unwrap_or_default();
        let below = |rest: &str| {
            let (id, rest) = rest.split_once('/').unwrap_or((rest, ""));
            (id.to_owned(), rest.to_owned())
        };
        let (owner, rest) = if let Some(rest) = rest.strip_prefix("models/") {
            let (id, rest) = below(rest);
            (ArtifactOwner::LoggedModel(id), rest)
        } else {
            let (id, rest) = below(rest);
            (ArtifactOwner::Run(id), rest)
        };
        let path = match rest.strip_prefix("artifacts") {
            Some("") => "",
            Some(below) if below.starts_with('/') => &below[1..],
            _ => {
                let expected =
                    "EXPERIMENT/RUN/artifacts/PATH or EXPERIMENT/models/MODEL/artifacts/PATH";
                return Err(Error::ArtifactPath { found: text.to_owned(), expected });
            }
        };
        Ok(Self { experiment_id, owner, path: path.to_owned() })
    }

    /// The place written out, without a slash before or after.
    pub fn text(&self) -> String {
        let (experiment, id) = (&self.experiment_id, self.owner.id());
        let root = match self.owner {
            ArtifactOwner::Run(_) => format!("{experiment}/{id}/artifacts"),
            ArtifactOwner::LoggedModel(_) => format!("{experiment}/models/{id}/artifacts"),
        };
        if self.path.is_empty() { root } else { format!("{root}/{}", self.path) }
    }

    /// The address that MLflow clients know it by.
    pub fn uri(&self) -> String {
        format!("mlflow-artifacts:/{}", self.text())
    }
}

/// Checks that `path` names the same file below a folder on every system.
///
/// # Errors
///
/// [`Error::ArtifactPath`].
pub fn check_path(path: &str) -> Result<()> {
    let refused = |expected| Err(Error::ArtifactPath { found: path.to_owned(), expected });
    if path.len() > PATH_BYTES_MAX {
        return refused("at most 1000 bytes");
    }
    if path.chars().any(|c| c.is_control() || matches!(c, '\\' | '#')) {
        return refused("no control character, backslash or `#`");
    }
    let is_drive = |part: &str| {
        part.len() >= 2 && part.as_bytes()[1] == b':' && part.as_bytes()[0].is_ascii_alphabetic()
    };
    if path.split('/').any(|part| matches!(part, "" | "." | "..") || is_drive(part))
        && !path.is_empty()
    {
        return refused("names between single slashes, none of them `.`, `..` or a drive");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_reads_back_as_it_was_written() {
        for text in
            ["1/rn_1/artifacts", "1/rn_1/artifacts/a b/ü.txt", "0/models/m-1/artifacts/MLmodel"]
        {
            let place = ArtifactPlace::parse(text).unwrap();
            assert_eq!(place.text(), text);
            assert_eq!(ArtifactPlace::parse(&format!("/{text}/")).unwrap(), place);
        }
        let place = ArtifactPlace::parse("1/models/m-1/artifacts/data/model.pkl").unwrap();
        assert_eq!(place.owner, ArtifactOwner::LoggedModel("m-1".to_owned()));
        assert_eq!(
            (place.path.as_str(), place.uri().as_str()),
            ("data/model.pkl", "mlflow-artifacts:/1/models/m-1/artifacts/data/model.pkl")
        );
    }

    #[test]
    fn what_climbs_out_or_is_no_place_is_refused() {
        for text in [
            "",
            "1",
            "1/rn_1",
            "1/rn_1/secrets/x",
            "1/rn_1/artifactsx",
            "1/rn_1/artifacts/../../x",
            "1/rn_1/artifacts/./x",
            "1/rn_1/artifacts//x",
            "1/../artifacts/x",
            "1/rn_1/artifacts/a\\..\\b",
            "1/rn_1/artifacts/a#b",
            "1/rn_1/artifacts/a\0b",
            "1/rn_1/artifacts/C:/x",
            "file:///etc/passwd",
            "1/rn_1/artifacts/a\nb",
        ] {
            assert!(
                matches!(ArtifactPlace::parse(text), Err(Error::ArtifactPath { .. })),
                "{text}"
            );
        }
        assert!(ArtifactPlace::parse(&format!("1/rn_1/artifacts/{}", "x".repeat(1000))).is_err());
    }
}
