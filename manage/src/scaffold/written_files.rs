//! Writes files, all or none: a failure removes those that were written before it. No file is overwritten.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use crate::CommandError;

/// The files and folders that were written so far. Dropped before `keep`, it removes them.
#[derive(Default)]
pub(super) struct WrittenFiles {
    files: Vec<PathBuf>,
    folders: Vec<PathBuf>,
}

impl WrittenFiles {
    /// Writes these files below `folder`, all or none.
    pub(super) fn write_all(folder: &Path, files: &[(PathBuf, String)]) -> Result<(), CommandError> {
        let mut written = Self::default();
        for (path, text) in files {
            let path = folder.join(path);
            written.file(&path, text).map_err(|error| {
                CommandError::because(format!("{} cannot be written", path.display()), error)
                    .hint("the files that had been written are removed again")
            })?;
        }
        written.keep();
        Ok(())
    }

    fn file(&mut self, path: &Path, text: &str) -> io::Result<()> {
        if let Some(folder) = path.parent() {
            self.folder(folder)?;
        }
        let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
        self.files.push(path.to_owned());
        file.write_all(text.as_bytes())
    }

    fn folder(&mut self, folder: &Path) -> io::Result<()> {
        if folder.as_os_str().is_empty() || folder.is_dir() {
            return Ok(());
        }
        if let Some(above) = folder.parent() {
            self.folder(above)?;
        }
        fs::create_dir(folder)?;
        self.folders.push(folder.to_owned());
        Ok(())
    }

    fn keep(mut self) {
        self.files.clear();
        self.folders.clear();
    }
}

impl Drop for WrittenFiles {
    fn drop(&mut self) {
        // The caller reports the error that led here. A file that cannot be removed stays.
        for file in &self.files {
            let _ = fs::remove_file(file);
        }
        for folder in self.folders.iter().rev() {
            let _ = fs::remove_dir(folder);
        }
    }
}
