//! Which files a path means: one file, every file below a folder, or every file that fits a pattern; and by which names.
//!
//! Names follow the rules of the OpenSSF model signing specification: relative to the folder, `/` between folders, the bytes
//! as stored, UTF-8 only, no symbolic links, sorted by code point. So the same folder has the same list on every machine.

use super::error::{Error, Result};
use std::path::{Path, PathBuf};

/// Most files of one folder or pattern.
pub const FILES_MAX: usize = 100_000;

/// One file, and its name below the folder or pattern it was found by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundFile {
    /// Name: relative, `/` between folders.
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
}

/// Whether `path` is to be read as a pattern: nothing of that very name exists and it holds `*` or `?`.
pub fn is_pattern(path: &Path) -> bool {
    !path.exists() && path.to_str().is_some_and(|text| text.contains(['*', '?']))
}

/// The files that `path` means, sorted by name: the file itself, every file below the folder, or every file that fits the
/// pattern (`*` any text and `?` any character within a name, `**` any number of folders).
///
/// # Errors
///
/// [`Error::Open`]; [`Error::FileName`] for a symbolic link or a name that is not UTF-8; [`Error::NoFiles`];
/// [`Error::TooManyFiles`].
pub fn find_files(path: &Path) -> Result<Vec<FoundFile>> {
    let mut found = Vec::new();
    if is_pattern(path) {
        let (root, pattern) = split_pattern(path);
        walk(&root, "", &mut found)?;
        found.retain(|file| fits(&pattern, &file.name));
    } else if path.is_dir() {
        walk(path, "", &mut found)?;
    } else {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
        return Ok(vec![FoundFile { name: name.unwrap_or_default(), path: path.to_path_buf() }]);
    }
    if found.is_empty() {
        return Err(Error::NoFiles { path: path.display().to_string() });
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(found)
}

/// The files of [`find_files`] that belong to a table: all but those that writers hide (`_SUCCESS`, `.part-0.crc`, …).
///
/// # Errors
///
/// Those of [`find_files`].
pub fn find_table_files(path: &Path) -> Result<Vec<FoundFile>> {
    let mut found = find_files(path)?;
    found.retain(|file| !file.name.split('/').any(|part| part.starts_with(['_', '.'])));
    if found.is_empty() {
        return Err(Error::NoFiles { path: path.display().to_string() });
    }
    Ok(found)
}

fn walk(folder: &Path, below: &str, found: &mut Vec<FoundFile>) -> Result<()> {
    let open = |source| Error::Open { path: folder.display().to_string(), source };
    for entry in std::fs::read_dir(folder).map_err(open)? {
        let entry = entry.map_err(open)?;
        let path = entry.path();
        let refuse = |why| Error::FileName { path: path.display().to_string(), why };
        let name = entry.file_name().into_string().map_err(|_bytes| refuse("is not UTF-8"))?;
        let name = if below.is_empty() { name } else { format!("{below}/{name}") };
        let about = entry.file_type().map_err(open)?;
        if about.is_symlink() {
            return Err(refuse("is a symbolic link"));
        }
        if about.is_dir() {
            walk(&path, &name, found)?;
        } else if about.is_file() {
            found.push(FoundFile { name, path });
        } else {
            return Err(refuse("is neither a file nor a folder"));
        }
        if found.len() > FILES_MAX {
            let path = folder.display().to_string();
            return Err(Error::TooManyFiles { path, most: FILES_MAX });
        }
    }
    Ok(())
}

/// The folder before the first part that is a pattern, and the pattern below it.
fn split_pattern(path: &Path) -> (PathBuf, String) {
    let (mut root, mut pattern) = (PathBuf::new(), Vec::new());
    for part in path.components() {
        let text = part.as_os_str().to_string_lossy();
        if pattern.is_empty() && !text.contains(['*', '?']) {
            root.push(part);
        } else {
            pattern.push(text.into_owned());
        }
    }
    if root.as_os_str().is_empty() {
        root.push(".");
    }
    (root, pattern.join("/"))
}

fn fits(pattern: &str, name: &str) -> bool {
    let pattern: Vec<&str> = pattern.split('/').collect();
    let name: Vec<&str> = name.split('/').collect();
    fits_folders(&pattern, &name)
}

fn fits_folders(pattern: &[&str], name: &[&str]) -> bool {
    match (pattern.split_first(), name.split_first()) {
        (None, None) => true,
        (Some((&"**", rest)), _) => {
            fits_folders(rest, name) || (!name.is_empty() && fits_folders(pattern, &name[1..]))
        }
        (Some((first, rest)), Some((part, below))) => {
            let first: Vec<char> = first.chars().collect();
            let part: Vec<char> = part.chars().collect();
            fits_name(&first, &part) && fits_folders(rest, below)
        }
        _ => false,
    }
}

/// Wildcards within one name: on a mismatch the last `*` takes one character more.
fn fits_name(pattern: &[char], name: &[char]) -> bool {
    let (mut p, mut n, mut star) = (0, 0, None);
    while n < name.len() {
        if p < pattern.len() && pattern[p] == '*' {
            star = Some((p, n));
            p += 1;
        } else if p < pattern.len() && (pattern[p] == '?' || pattern[p] == name[n]) {
            (p, n) = (p + 1, n + 1);
        } else if let Some((at, taken)) = star {
            star = Some((at, taken + 1));
            (p, n) = (at + 1, taken + 1);
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|&c| c == '*')
}

/// Columns that the folders of a file's name state, `key=value` as Hive writes them; `None` is a missing value.
pub fn partition_of(name: &str) -> Vec<(String, Option<String>)> {
    let folders = name.rsplit_once('/').map_or("", |(folders, _file)| folders);
    folders
        .split('/')
        .filter_map(|folder| folder.split_once('='))
        .map(|(key, value)| {
            let value = (value != "__HIVE_DEFAULT_PARTITION__").then(|| unescape(value));
            (unescape(key), value)
        })
        .collect()
}

/// `%2F` and its like back into characters; what is no escape stays.
fn unescape(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let escaped = (bytes[at] == b'%').then(|| text.get(at + 1..at + 3)).flatten();
        if let Some(byte) = escaped.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            out.push(byte);
            at += 3;
        } else {
            out.push(bytes[at]);
            at += 1;
        }
    }
    String::from_utf8(out).unwrap_or_else(|_not_text| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_stay_within_a_name_unless_they_say_otherwise() {
        for (pattern, name, expected) in [
            ("*.parquet", "a.parquet", true),
            ("*.parquet", "a/b.parquet", false),
            ("**/*.parquet", "b.parquet", true),
            ("**/*.parquet", "a/c/b.parquet", true),
            ("year=*/*.csv", "year=2024/x.csv", true),
            ("year=*/*.csv", "month=1/x.csv", false),
            ("a?c*", "abcde", true),
            ("a?c", "ac", false),
            ("*a*b*", "xxaxxb", true),
            ("**", "a/b/c", true),
            ("*", "", true),
        ] {
            assert_eq!(fits(pattern, name), expected, "{pattern} {name}");
        }
    }

    #[test]
    fn names_are_relative_sorted_by_code_point_and_links_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["a/b.csv", "a-b.csv", "a.csv", "ä.csv", "_SUCCESS", ".hidden/x.csv"] {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "x\n").unwrap();
        }
        let names = |found: Vec<FoundFile>| found.into_iter().map(|f| f.name).collect::<Vec<_>>();
        let all = names(find_files(folder.path()).unwrap());
        assert_eq!(all, [".hidden/x.csv", "_SUCCESS", "a-b.csv", "a.csv", "a/b.csv", "ä.csv"]);
        let table = names(find_table_files(folder.path()).unwrap());
        assert_eq!(table, ["a-b.csv", "a.csv", "a/b.csv", "ä.csv"]);
        let fitting = names(find_files(&folder.path().join("*/*.csv")).unwrap());
        assert_eq!(fitting, [".hidden/x.csv", "a/b.csv"]);
        let none = find_files(&folder.path().join("*.parquet")).unwrap_err().to_string();
        assert!(none.contains("no file"), "{none}");
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink("a.csv", folder.path().join("link.csv")).unwrap();
            let refused = find_files(folder.path()).unwrap_err().to_string();
            assert!(refused.contains("link.csv") && refused.contains("symbolic link"), "{refused}");
        }
    }

    #[test]
    fn folders_state_columns() {
        assert_eq!(
            partition_of(
                "year=2024/site=B%C3%A2le%2F1/lot=__HIVE_DEFAULT_PARTITION__/part.parquet"
            ),
            [
                ("year".to_owned(), Some("2024".to_owned())),
                ("site".to_owned(), Some("Bâle/1".to_owned())),
                ("lot".to_owned(), None)
            ]
        );
        assert!(partition_of("a/b=c.parquet").is_empty());
    }
}
