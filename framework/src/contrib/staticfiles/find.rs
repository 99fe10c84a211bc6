//! Finds the file of a URL. It never finds a file outside the folders, not even through a link.

use std::{
    io,
    path::{Path, PathBuf},
};

use percent_encoding::percent_decode_str;

use crate::http::OpenFile;

/// `ELOOP`, the error of a link that leads to itself: `ErrorKind` has no stable name for it.
const TOO_MANY_LINKS: i32 = if cfg!(target_os = "linux") { 40 } else { 62 };

/// The relative path that the rest of a URL's path names, decoded once, segment by segment.
///
/// `None` for a segment that is empty, hidden, `.` or `..`, or that contains a slash, a backslash or NUL
/// after decoding.
pub(super) fn relative(rest: &str) -> Option<PathBuf> {
    rest.split('/')
        .map(|segment| {
            let name = percent_decode_str(segment).decode_utf8().ok()?;
            let plain = !name.is_empty() && !is_hidden(&name) && !name.contains(['/', '\\', '\0']);
            plain.then(|| name.into_owned())
        })
        .collect()
}

/// Whether a name is that of a hidden file or folder, such as `.git` and `.env`, or leads to another folder.
/// `.well-known` is made for visitors (RFC 8615).
fn is_hidden(name: &str) -> bool {
    name.starts_with('.') && name != ".well-known"
}

/// Opens the first regular file with this path in the folders.
pub(super) fn find(folders: &[PathBuf], relative: &Path) -> io::Result<Option<OpenFile>> {
    for folder in folders {
        if let Some(found) = find_in(folder, relative)? {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

fn find_in(folder: &Path, relative: &Path) -> io::Result<Option<OpenFile>> {
    let (Some(folder), Some(path)) = (real(folder)?, real(&folder.join(relative))?) else { return Ok(None) };
    // A link may point to any file inside the folder that is not hidden, and to none outside.
    let Ok(inside) = path.strip_prefix(&folder) else { return Ok(None) };
    if inside.iter().any(|name| is_hidden(&name.to_string_lossy())) {
        return Ok(None);
    }
    // A link may have another ending than its file: the name in the URL decides.
    OpenFile::open_as(&path, relative)
}

/// The path without links; `None` if nothing is there.
fn real(path: &Path) -> io::Result<Option<PathBuf>> {
    use io::ErrorKind::{InvalidFilename, NotADirectory, NotFound};
    match path.canonicalize() {
        Ok(path) => Ok(Some(path)),
        Err(error) if matches!(error.kind(), NotFound | NotADirectory | InvalidFilename) => Ok(None),
        Err(error) if error.raw_os_error() == Some(TOO_MANY_LINKS) => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_cannot_climb() {
        for rest in [
            "",
            "..",
            "../x",
            "a/../x",
            "a/./b",
            "a//b",
            "/etc/passwd",
            "%2e%2e/x",
            "%2E%2E%2Fx",
            "a%2fb",
            "a%5cb",
            "..%5cx",
            "a\\b",
            "x%00",
            "%00",
            "a/",
            "%ff",
            ".%2e/x",
            ".env",
            ".git/config",
            "%2eenv",
            "a/.hidden/b",
        ] {
            assert_eq!(relative(rest), None, "{rest:?}");
        }
        // Decoded only once: the rest is the name of a file.
        assert_eq!(relative("%252e%252e%252fx"), Some(PathBuf::from("%2e%2e%2fx")));
        assert_eq!(relative(".well-known/x"), Some(PathBuf::from(".well-known/x")));
        assert_eq!(relative("css/site%20b.css"), Some(PathBuf::from("css/site b.css")));
    }
}
