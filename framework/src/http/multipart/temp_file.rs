//! A file that is being uploaded, in `FILE_UPLOAD_TEMP_DIR`. It is removed when it is dropped.

use std::{
    fs::{self, File, OpenOptions},
    io,
    path::{Path, PathBuf},
};

use crate::crypto;

const ALPHABET: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";

/// A file with a random name that only this user can read.
#[derive(Debug)]
pub(super) struct TempFile {
    path: PathBuf,
}

impl TempFile {
    /// Creates a file; blocks.
    pub(super) fn create(folder: &Path) -> io::Result<(File, Self)> {
        let path = folder.join(format!("nuages-upload-{}", crypto::random_text(20, ALPHABET)));
        let file = private().open(&path)?;
        Ok((file, Self { path }))
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

/// Options that never open a file that is there, and give no rights to others.
fn private() -> OpenOptions {
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

impl Drop for TempFile {
    fn drop(&mut self) {
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                let path = self.path.display();
                tracing::error!(target: "nuages.request", %error, "cannot remove the uploaded file {path}");
            }
            _ => {}
        }
    }
}
