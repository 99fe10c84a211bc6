//! The session folder: one file a session, read and replaced in one step each. All of it blocks.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read as _},
    path::PathBuf,
    time::{Duration, SystemTime},
};

use super::private::{Lock, PrivateFolder, only_for_us, others_may, owner, unless_gone};
use crate::sessions::{SessionKey, store::Swap};

/// A stored session larger than this is not one of ours.
const MAX_FILE_BYTES: u64 = 32 * 1024 * 1024;
/// The longest name of a file, and the longest key in it.
const MAX_NAME: usize = 255;
const MAX_KEY: usize = 40;

/// Reads from a session's text when it ends; `None` where the text cannot be decoded.
pub(crate) type EndReader = Box<dyn Fn(&str) -> Option<SystemTime> + Send + Sync>;

/// Why the settings of the session folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FolderError {
    /// The files of the sessions could not be made.
    #[error(
        "the file engine names its files after the cookie, and the name is too long (at most {most} bytes)"
    )]
    NameTooLong {
        /// The length of the longest name.
        most: usize,
    },
    /// Other users could delete and replace the files of this one.
    #[error("every user can delete and replace the files in {}", path.display())]
    WritableByAll {
        /// The session folder.
        path: PathBuf,
    },
}

/// The folder `SESSION_FILE_PATH`.
pub(super) struct Folder {
    pub(super) path: PathBuf,
    /// `SESSION_COOKIE_NAME`: the beginning of the name of every session file.
    prefix: String,
    /// `SESSION_COOKIE_AGE`: how long after its file's last change a session lasts that cannot be decoded.
    cookie_age: Duration,
    end_of: EndReader,
    private: PrivateFolder,
}

/// The contents of a key's file.
pub(super) enum SessionFile {
    Session {
        text: String,
        modified: SystemTime,
    },
    Nothing,
    /// No session of ours: another user's file, a link, a folder, a FIFO. Says why it cannot be read.
    Foreign(io::Error),
}

impl Folder {
    pub(super) fn new(
        path: PathBuf,
        prefix: String,
        cookie_age: Duration,
        end_of: EndReader,
    ) -> Result<Self, FolderError> {
        if prefix.len() > MAX_NAME - MAX_KEY {
            return Err(FolderError::NameTooLong { most: MAX_NAME - MAX_KEY });
        }
        // A folder that is not there is another check's concern. With the sticky bit, as the system's temporary
        // folder has it, others can only add files.
        let (writable, sticky) = (0o002, 0o1000);
        if fs::metadata(&path).is_ok_and(|found| others_may(&found, writable) && !others_may(&found, sticky))
        {
            return Err(FolderError::WritableByAll { path });
        }
        let private = PrivateFolder::new(path.clone());
        Ok(Self { path, prefix, cookie_age, end_of, private })
    }

    fn file(&self, key: &str) -> PathBuf {
        self.path.join(format!("{}{key}", self.prefix))
    }

    /// The key in a file's name, if it is a session's.
    pub(super) fn key_of<'a>(&self, name: &'a str) -> Option<&'a str> {
        let key = name.strip_prefix(&self.prefix)?;
        SessionKey::parse(key).map(|_| key)
    }

    /// Whether there is anything under the key's name.
    pub(super) fn exists(&self, key: &str) -> io::Result<bool> {
        Ok(unless_gone(fs::symlink_metadata(self.file(key)))?.is_some())
    }

    /// Waits for the lock of a key.
    pub(super) fn lock(&self, key: &str) -> io::Result<Lock> {
        let found = unless_gone(fs::symlink_metadata(self.file(key)))?;
        self.private.lock(key, found.as_ref().map(owner))
    }

    pub(super) fn read(&self, key: &str) -> io::Result<SessionFile> {
        let path = self.file(key);
        // Fails where the folder cannot be used; all that fails from here on is the file's own fault.
        let Some(_) = unless_gone(fs::symlink_metadata(&path))? else { return Ok(SessionFile::Nothing) };
        let file = match unless_gone(only_for_us(OpenOptions::new().read(true)).open(path)) {
            Ok(Some(file)) => file,
            Ok(None) => return Ok(SessionFile::Nothing),
            Err(error) if is_foreign(&error) => return Ok(SessionFile::Foreign(error)),
            Err(error) => return Err(error),
        };
        let found = file.metadata()?;
        if !found.is_file() {
            let error = io::Error::new(io::ErrorKind::InvalidData, "not a regular file");
            return Ok(SessionFile::Foreign(error));
        }
        Ok(SessionFile::Session { text: text(file)?, modified: found.modified()? })
    }

    /// Makes the file of `key`; the caller holds the lock.
    pub(super) fn create(&self, lock: &Lock, key: &str, data: &str) -> io::Result<()> {
        self.private.write(lock, data)?.put(&self.file(key))
    }

    /// Puts `data` in the place of `expected`, under `new_key`; the caller holds the lock of `key`.
    pub(super) fn swap(
        &self,
        lock: &Lock,
        (key, expected): (&str, &str),
        (new_key, data): (&str, &str),
    ) -> io::Result<Swap> {
        match self.read(key)? {
            SessionFile::Nothing | SessionFile::Foreign(_) => return Ok(Swap::Gone),
            SessionFile::Session { text, .. } if text != expected => return Ok(Swap::Changed),
            SessionFile::Session { .. } => {}
        }
        // Written before anything moves: where the disk is full, the old key still works.
        let written = self.private.write(lock, data)?;
        if new_key != key {
            // The move is one step: at no moment can both keys be loaded, or neither.
            fs::rename(self.file(key), self.file(new_key))?;
        }
        written.put(&self.file(new_key))?;
        Ok(Swap::Done)
    }

    pub(super) fn remove(&self, key: &str) -> io::Result<bool> {
        Ok(unless_gone(fs::remove_file(self.file(key)))?.is_some())
    }

    /// When a session ends; one that cannot be decoded ends by its file's age.
    pub(super) fn ends(&self, text: &str, modified: SystemTime) -> SystemTime {
        (self.end_of)(text).unwrap_or_else(|| modified + self.cookie_age)
    }
}

fn text(file: File) -> io::Result<String> {
    let mut bytes = Vec::new();
    file.take(MAX_FILE_BYTES).read_to_end(&mut bytes)?;
    // Bytes that are not text have no good signature either: decoding says so.
    Ok(String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into()))
}

/// Whether a file in a folder that can be used cannot be opened because of what it is.
fn is_foreign(error: &io::Error) -> bool {
    #[cfg(unix)]
    if matches!(error.raw_os_error(), Some(libc::ELOOP | libc::ENXIO)) {
        return true;
    }
    error.kind() == io::ErrorKind::PermissionDenied
}
