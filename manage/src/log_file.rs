//! The file that `serve --log-file` writes its log to. It can be opened again, after logrotate has renamed it.

use std::{
    fs::{File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use crate::CommandError;

/// A file that lines are appended to.
#[derive(Debug)]
pub(crate) struct LogFile {
    path: PathBuf,
    file: Mutex<File>,
    /// Whether to open the file again before the next line.
    stale: AtomicBool,
}

impl LogFile {
    /// Opens the file, or creates it.
    pub(crate) fn open(path: &Path) -> Result<Self, CommandError> {
        let file = append_to(path).map_err(|error| {
            CommandError::because(format!("the log file {} cannot be opened", path.display()), error)
                .hint("its folder must exist, and this user must be able to write to it")
        })?;
        Ok(Self { path: path.to_owned(), file: Mutex::new(file), stale: AtomicBool::new(false) })
    }

    /// Opens the file again before the next line is written. Where that fails, the open one stays in use.
    pub(crate) fn reopen(&self) {
        self.stale.store(true, Ordering::Release);
    }

    fn with_file<T>(&self, write: impl FnOnce(&mut File) -> io::Result<T>) -> io::Result<T> {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        if self.stale.swap(false, Ordering::AcqRel) {
            match append_to(&self.path) {
                Ok(opened) => *file = opened,
                Err(error) => {
                    writeln!(file, "the log file {} cannot be opened again: {error}", self.path.display())?;
                }
            }
        }
        write(&mut file)
    }
}

fn append_to(path: &Path) -> io::Result<File> {
    OpenOptions::new().append(true).create(true).open(path)
}

/// The end of the log writer's thread that writes to the file.
#[derive(Debug)]
pub(crate) struct LogFileWriter(pub(crate) Arc<LogFile>);

impl Write for LogFileWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.with_file(|file| file.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.with_file(File::flush)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_a_rotation_lines_go_to_the_new_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let (path, old) = (folder.path().join("log"), folder.path().join("log.1"));
        let file = Arc::new(LogFile::open(&path).expect("opened"));
        let mut writer = LogFileWriter(Arc::clone(&file));
        writer.write_all(b"one\n").expect("written");
        std::fs::rename(&path, &old).expect("renamed");
        writer.write_all(b"two\n").expect("written");
        file.reopen();
        writer.write_all(b"three\n").expect("written");
        assert_eq!(std::fs::read_to_string(&old).expect("the old file"), "one\ntwo\n");
        assert_eq!(std::fs::read_to_string(&path).expect("the new file"), "three\n");
    }

    #[test]
    fn a_file_that_cannot_be_opened_is_named() {
        let error = LogFile::open(Path::new("/no/such/folder/log")).expect_err("no folder");
        assert!(
            error.with_causes().starts_with("the log file /no/such/folder/log cannot be opened: "),
            "{error}"
        );
    }
}
