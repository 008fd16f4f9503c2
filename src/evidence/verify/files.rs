//! Files: the archive hides nothing, and every file is the one the manifest lists.

use super::{Progress, Walk};
use crate::digest::{self, ContentDigest};
use crate::evidence::manifest::{EVIDENCE_FORMAT, MANIFEST, Manifest, PackedFile, SEAL};
use std::collections::BTreeMap;
use std::io::{Read, Seek};

/// The archive itself, where no file of it can be named.
const ARCHIVE: &str = "the archive";

impl<R: Read + Seek> Walk<'_, R> {
    /// Holds all files against the manifest and gives it.
    pub(super) fn files(&mut self) -> Option<Manifest> {
        if let Some(what) = self.pack.hidden() {
            self.find("archive_unsound", ARCHIVE, what);
        }
        let manifest = self.manifest();
        let listed: BTreeMap<&str, &PackedFile> = manifest
            .iter()
            .flat_map(|manifest| manifest.files.iter().map(|file| (file.name.as_str(), file)))
            .collect();
        let mut unlisted = Vec::new();
        let mut changed = Vec::new();
        let names = self.pack.names().clone();
        let total = names.len() as u64;
        for (done, name) in (1..).zip(&names) {
            (self.progress)(Progress { stage: "files", done, total });
            let content = match self.pack.read(name) {
                Ok(bytes) => ContentDigest::of(&bytes.unwrap_or_default()),
                // The manifest says so itself.
                Err(_unreadable) if name == MANIFEST => continue,
                Err(error) => {
                    self.find("file_unreadable", name, error.to_string());
                    continue;
                }
            };
            self.digests.insert(name.clone(), content.sha256.clone());
            // Neither can stand in the list that the other one is about.
            if [MANIFEST, SEAL].contains(&name.as_str()) {
                continue;
            }
            self.checked.files += 1;
            if !Self::has_meaning(name) {
                self.find("file_unknown", name, "no file of this name belongs in a pack");
            }
            match listed.get(name.as_str()) {
                None if manifest.is_some() => unlisted.push((name.clone(), content)),
                Some(file) if PackedFile::new(name, content.clone()) != **file => {
                    changed.push((name, content));
                }
                _ => {}
            }
        }
        for (name, content) in changed {
            let is_other =
                |file: &&&PackedFile| file.sha256 == content.sha256 && file.name != *name;
            if let Some(other) = listed.values().find(is_other) {
                let detail = format!("it holds what `{MANIFEST}` lists as `{}`", other.name);
                self.find("file_swapped", name, detail);
                continue;
            }
            if let Some(file) = listed.get(name.as_str()) {
                self.find("file_changed", name, other_content(&content, file));
            }
        }
        self.misplaced(&listed, unlisted);
        manifest
    }

    /// Files that are listed and not there, and files that are there and not listed.
    fn misplaced(
        &mut self,
        listed: &BTreeMap<&str, &PackedFile>,
        mut unlisted: Vec<(String, ContentDigest)>,
    ) {
        for (name, file) in listed {
            if self.pack.names().contains(*name) {
                continue;
            }
            let moved = unlisted.iter().position(|(_, content)| content.sha256 == file.sha256);
            match moved.map(|index| unlisted.remove(index)) {
                Some((now, _)) => {
                    self.find("file_renamed", name, format!("its content is here as `{now}`"));
                }
                None => self.find("file_missing", name, format!("`{MANIFEST}` lists it")),
            }
        }
        for (name, _) in unlisted {
            self.find("file_unlisted", &name, format!("`{MANIFEST}` does not list it"));
        }
    }

    fn manifest(&mut self) -> Option<Manifest> {
        let bytes = match self.pack.read(MANIFEST) {
            Ok(Some(bytes)) => bytes,
            Ok(None) => {
                self.find("file_missing", MANIFEST, "every pack has one");
                return None;
            }
            Err(error) => {
                self.find("file_unreadable", MANIFEST, error.to_string());
                return None;
            }
        };
        let manifest: Manifest = match serde_json::from_slice(&bytes) {
            Ok(manifest) => manifest,
            Err(error) => {
                self.find("manifest_invalid", MANIFEST, error.to_string());
                return None;
            }
        };
        if digest::canonical_json(&manifest).ok().as_ref() != Some(&bytes) {
            self.find("manifest_invalid", MANIFEST, "it is not canonical JSON (RFC 8785)");
        }
        if manifest.format != EVIDENCE_FORMAT {
            let detail =
                format!("its format is `{}`, expected `{EVIDENCE_FORMAT}`", manifest.format);
            self.find("manifest_invalid", MANIFEST, detail);
        }
        if !manifest.files.is_sorted_by(|a, b| a.name < b.name) {
            self.find(
                "manifest_invalid",
                MANIFEST,
                "its files are not in order of their names, each once",
            );
        }
        Some(manifest)
    }
}

/// Which digest of a file is another one than the manifest lists: where the SHA-256 is the same, the BLAKE3 or the length.
fn other_content(found: &ContentDigest, listed: &PackedFile) -> String {
    if found.sha256 != listed.sha256 {
        format!("it has SHA-256 {}, `{MANIFEST}` lists {}", found.sha256, listed.sha256)
    } else if found.blake3 != listed.blake3 {
        format!("it has BLAKE3 {}, `{MANIFEST}` lists {}", found.blake3, listed.blake3)
    } else {
        format!("it has {} bytes, `{MANIFEST}` lists {}", found.bytes, listed.bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_that_differs_is_named() {
        let found = ContentDigest::of(b"content");
        let mut listed = PackedFile::new("file", found.clone());
        listed.blake3 = "0".repeat(64);
        let expected =
            format!("it has BLAKE3 {}, `{MANIFEST}` lists {}", found.blake3, listed.blake3);
        assert_eq!(other_content(&found, &listed), expected);
        listed.sha256 = "1".repeat(64);
        assert!(other_content(&found, &listed).starts_with("it has SHA-256 "));
    }
}
